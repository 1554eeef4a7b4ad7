//! Tokens to a tree, by the grammar of FORMATS §3.

use std::ops::Range;

use super::{
    lex::{Lexed, Stop, Token, Word, lex},
    origin::Findings,
};
use crate::{
    money::Currency,
    spec::{diagnostic::Code, value::Value},
};

/// Longest expression, in characters.
const CHARS_MAX: usize = 500;
/// Most nodes of an expression's tree.
const NODES_MAX: usize = 64;
/// Deepest parentheses.
const DEPTH_MAX: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug)]
pub(super) struct Raw {
    pub(super) kind: Kind,
    pub(super) bytes: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Literal(Value),
    Name(String),
    Not(Box<Raw>),
    Negate(Box<Raw>),
    All(Vec<Raw>),
    Any(Vec<Raw>),
    Compare(Relation, Box<Raw>, Box<Raw>),
    In(Box<Raw>, Vec<Raw>),
    Contains(Box<Raw>, Box<Raw>),
    Arithmetic(Arithmetic, Box<Raw>, Box<Raw>),
    /// The name and the bytes it takes, and the arguments.
    Call(String, Range<usize>, Vec<Raw>),
    /// Something whose mistake is already reported.
    Broken,
}

/// Reads the whole of `source`; what is wrong goes to `findings`.
pub(super) fn parse(source: &str, currency: Currency, findings: &mut Findings) -> Result<Raw, Stop> {
    let chars = source.chars().count();
    if chars > CHARS_MAX {
        let args = vec![
            ("token", format!("{}…", source.chars().take(20).collect::<String>())),
            ("want", format!("≤ {CHARS_MAX}")),
        ];
        findings.add(Code::X311, &(0..source.len()), args);
        return Err(Stop);
    }
    let tokens = lex(source, currency, findings)?;
    let mut parser = Parser { source, tokens, at: 0, nodes: 0, depth: 0, findings };
    let raw = parser.any()?;
    if parser.at < parser.tokens.len() {
        return Err(parser.unexpected("operator"));
    }
    Ok(raw)
}

struct Parser<'a, 'f, 'p> {
    source: &'a str,
    tokens: Vec<Lexed>,
    at: usize,
    nodes: usize,
    depth: usize,
    findings: &'f mut Findings<'p>,
}

type Parsed = Result<Raw, Stop>;

impl Parser<'_, '_, '_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|lexed| &lexed.token)
    }

    fn here(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.source.len()..self.source.len(), |lexed| lexed.bytes.clone())
    }

    fn eat_word(&mut self, word: Word) -> bool {
        self.eat(&Token::Word(word))
    }

    fn eat_sign(&mut self, sign: &'static str) -> bool {
        self.eat(&Token::Sign(sign))
    }

    fn eat(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), Stop> {
        if self.eat_sign(sign) { Ok(()) } else { Err(self.unexpected(sign)) }
    }

    /// Reports the token at hand; at the end, the last one, since carets must point at something.
    fn unexpected(&mut self, want: &str) -> Stop {
        let bytes = match (self.tokens.get(self.at), self.tokens.last()) {
            (Some(lexed), _) | (None, Some(lexed)) => lexed.bytes.clone(),
            (None, None) => 0..self.source.len(),
        };
        let token = self.source[bytes.clone()].trim().to_owned();
        self.findings.add(Code::X311, &bytes, vec![("token", token), ("want", want.to_owned())]);
        Stop
    }

    fn node(&mut self, kind: Kind, bytes: Range<usize>) -> Parsed {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let args = vec![("token", self.source[bytes.clone()].to_owned()), ("want", format!("≤ {NODES_MAX}"))];
            self.findings.add(Code::X311, &bytes, args);
            return Err(Stop);
        }
        Ok(Raw { kind, bytes })
    }

    fn any(&mut self) -> Parsed {
        let (first, mut first_and) = self.all()?;
        let mut first_or = None;
        let mut items = vec![first];
        loop {
            let word = self.here();
            if !self.eat_word(Word::Or) {
                break;
            }
            first_or = first_or.or(Some(word));
            let (item, and) = self.all()?;
            first_and = first_and.or(and);
            items.push(item);
        }
        if let (Some(or), Some(and)) = (first_or, first_and) {
            let second = if or.start > and.start { or } else { and };
            self.findings.add(Code::X304, &second, Vec::new());
        }
        self.joined(items, Kind::Any)
    }

    /// Operands of `and`, and where the first `and` between them is.
    fn all(&mut self) -> Result<(Raw, Option<Range<usize>>), Stop> {
        let mut items = vec![self.not()?];
        let mut first = None;
        loop {
            let word = self.here();
            if !self.eat_word(Word::And) {
                break;
            }
            first = first.or(Some(word));
            items.push(self.not()?);
        }
        Ok((self.joined(items, Kind::All)?, first))
    }

    fn joined(&mut self, mut items: Vec<Raw>, kind: fn(Vec<Raw>) -> Kind) -> Parsed {
        match (items.len(), items.first(), items.last()) {
            (2.., Some(first), Some(last)) => {
                let bytes = first.bytes.start..last.bytes.end;
                self.node(kind(items), bytes)
            }
            _ => items.pop().ok_or(Stop),
        }
    }

    fn not(&mut self) -> Parsed {
        let start = self.here().start;
        if !self.eat_word(Word::Not) {
            return self.comparison();
        }
        let inner = self.comparison()?;
        let bytes = start..inner.bytes.end;
        self.node(Kind::Not(Box::new(inner)), bytes)
    }

    fn relation(&mut self) -> Option<Relation> {
        let Some(Token::Sign(sign)) = self.peek() else { return None };
        let relation = match *sign {
            "=" | "==" => Relation::Equal,
            "!=" => Relation::NotEqual,
            "<" => Relation::Less,
            "<=" => Relation::AtMost,
            ">" => Relation::More,
            ">=" => Relation::AtLeast,
            _ => return None,
        };
        self.at += 1;
        Some(relation)
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        if let Some(relation) = self.relation() {
            let right = self.sum()?;
            let bytes = left.bytes.start..right.bytes.end;
            if self.relation().is_some() {
                return self.chain(&left);
            }
            return self.node(Kind::Compare(relation, Box::new(left), Box::new(right)), bytes);
        }
        if self.eat_word(Word::In) {
            self.expect("(")?;
            let items = self.list(Self::sum)?;
            let bytes = left.bytes.start..self.end();
            return self.node(Kind::In(Box::new(left), items), bytes);
        }
        if self.eat_word(Word::Contains) {
            let right = self.sum()?;
            let bytes = left.bytes.start..right.bytes.end;
            return self.node(Kind::Contains(Box::new(left), Box::new(right)), bytes);
        }
        Ok(left)
    }

    /// `a < x < b`: reported once, then the rest is read on.
    fn chain(&mut self, left: &Raw) -> Parsed {
        let third = self.sum()?;
        let mut end = third.bytes.end;
        while self.relation().is_some() {
            end = self.sum()?.bytes.end;
        }
        let bytes = left.bytes.start..end;
        let text = |bytes: &Range<usize>| self.source[bytes.clone()].to_owned();
        let args = vec![("a", text(&left.bytes)), ("b", text(&third.bytes))];
        self.findings.add(Code::X305, &bytes, args);
        self.node(Kind::Broken, bytes)
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let operation = match self.peek() {
                Some(Token::Sign("+")) => Arithmetic::Add,
                Some(Token::Sign("-")) => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.product()?;
            left = self.arithmetic(operation, left, right)?;
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.unary()?;
        loop {
            let operation = match self.peek() {
                Some(Token::Sign("*")) => Arithmetic::Multiply,
                Some(Token::Sign("/")) => Arithmetic::Divide,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.unary()?;
            left = self.arithmetic(operation, left, right)?;
        }
    }

    fn arithmetic(&mut self, operation: Arithmetic, left: Raw, right: Raw) -> Parsed {
        let bytes = left.bytes.start..right.bytes.end;
        self.node(Kind::Arithmetic(operation, Box::new(left), Box::new(right)), bytes)
    }

    fn unary(&mut self) -> Parsed {
        let start = self.here().start;
        if !self.eat_sign("-") {
            return self.atom();
        }
        let inner = self.atom()?;
        let bytes = start..inner.bytes.end;
        self.node(Kind::Negate(Box::new(inner)), bytes)
    }

    fn atom(&mut self) -> Parsed {
        let bytes = self.here();
        match self.peek().cloned() {
            Some(Token::Literal(value)) => {
                self.at += 1;
                self.node(Kind::Literal(value), bytes)
            }
            Some(Token::Name { text, mixed }) => {
                self.at += 1;
                self.name_or_call(text, mixed, bytes.start)
            }
            Some(Token::Sign("(")) => {
                self.at += 1;
                let inner = self.deeper(Self::any)?;
                self.expect(")")?;
                Ok(Raw { bytes: bytes.start..self.end(), ..inner })
            }
            _ => Err(self.unexpected("value")),
        }
    }

    fn name_or_call(&mut self, mut name: String, mut broken: bool, start: usize) -> Parsed {
        let first = start..self.end();
        if self.eat_sign("(") {
            let arguments = if self.eat_sign(")") { Vec::new() } else { self.list(Self::any)? };
            let bytes = start..self.end();
            return self.node(Kind::Call(name, first, arguments), bytes);
        }
        while self.eat_sign(".") {
            let part = self.here();
            match self.peek() {
                Some(Token::Name { text, mixed }) => {
                    name = format!("{name}.{text}");
                    broken |= *mixed;
                }
                // A reserved word is a name where only a name can stand.
                Some(Token::Word(_)) => name = format!("{name}.{}", &self.source[part]),
                _ => return Err(self.unexpected("name")),
            }
            self.at += 1;
        }
        let kind = if broken { Kind::Broken } else { Kind::Name(name) };
        let bytes = start..self.end();
        self.node(kind, bytes)
    }

    /// Items up to `)`.
    fn list(&mut self, item: fn(&mut Self) -> Parsed) -> Result<Vec<Raw>, Stop> {
        let mut items = vec![self.deeper(item)?];
        while self.eat_sign(",") {
            items.push(self.deeper(item)?);
        }
        self.expect(")")?;
        Ok(items)
    }

    /// One level of parentheses deeper: the parser's own stack is bounded.
    fn deeper(&mut self, inner: fn(&mut Self) -> Parsed) -> Parsed {
        if self.depth >= DEPTH_MAX {
            return Err(self.unexpected(&format!("≤ {DEPTH_MAX} (")));
        }
        self.depth += 1;
        let parsed = inner(self);
        self.depth -= 1;
        parsed
    }

    /// Where the last token taken ends.
    fn end(&self) -> usize {
        self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |lexed| lexed.bytes.end)
    }
}
