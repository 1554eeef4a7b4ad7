//! Characters to tokens.

use std::ops::Range;

use jiff::civil;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{lookalike::odd_letter, origin::Findings, parse_period};
use crate::{
    money::{Currency, Money},
    spec::{diagnostic::Code, value::Value},
};

/// A reserved word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Or,
    And,
    Not,
    In,
    Contains,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Literal(Value),
    /// In NFC; `mixed` = with letters of two alphabets, already reported.
    Name {
        text: String,
        mixed: bool,
    },
    Word(Word),
    Sign(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lexed {
    pub(super) token: Token,
    pub(super) bytes: Range<usize>,
}

/// A mistake that was reported and after which nothing can be read.
#[derive(Debug)]
pub(super) struct Stop;

const SIGNS: [&str; 15] = ["==", "!=", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "(", ")", ",", "."];
/// What people write from other languages, and what it is here.
const FOREIGN: [(&str, &str); 5] = [("&&", "and"), ("||", "or"), ("!", "not"), ("\"", "«…»"), ("%", "/")];

/// Splits `source` into tokens.
pub(super) fn lex(source: &str, currency: Currency, findings: &mut Findings) -> Result<Vec<Lexed>, Stop> {
    let mut lexer = Lexer { source, at: 0, currency, findings };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks();
        let Some(letter) = lexer.peek() else { return Ok(tokens) };
        let start = lexer.at;
        let token = lexer.token(letter)?;
        tokens.push(Lexed { token, bytes: start..lexer.at });
    }
}

struct Lexer<'a, 'f, 'p> {
    source: &'a str,
    at: usize,
    currency: Currency,
    findings: &'f mut Findings<'p>,
}

impl<'a> Lexer<'a, '_, '_> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_blanks(&mut self) {
        self.at = self.source.len() - self.rest().trim_start().len();
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !wanted(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    fn unexpected(&mut self, bytes: &Range<usize>, want: &str) -> Stop {
        let token = self.source[bytes.clone()].to_owned();
        self.findings.add(Code::X311, bytes, vec![("token", token), ("want", want.to_owned())]);
        Stop
    }

    fn token(&mut self, letter: char) -> Result<Token, Stop> {
        match letter {
            '{' | '}' => {
                self.findings.add(Code::X307, &(self.at..self.at + 1), Vec::new());
                Err(Stop)
            }
            '«' => self.text('»'),
            '\'' => self.text('\''),
            '0'..='9' => self.number(),
            _ if letter.is_alphabetic() || letter == '_' => Ok(self.name()),
            _ => self.sign(letter),
        }
    }

    fn sign(&mut self, letter: char) -> Result<Token, Stop> {
        if let Some(sign) = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign)) {
            self.at += sign.len();
            return Ok(Token::Sign(sign));
        }
        let foreign = FOREIGN.into_iter().find(|(sign, _)| self.rest().starts_with(sign));
        let (len, want) = foreign.map_or((letter.len_utf8(), "operator"), |(sign, ours)| (sign.len(), ours));
        Err(self.unexpected(&(self.at..self.at + len), want))
    }

    fn text(&mut self, close: char) -> Result<Token, Stop> {
        let start = self.at;
        self.at += self.peek().map_or(0, char::len_utf8);
        let Some(len) = self.rest().find(close) else {
            let want = close.to_string();
            return Err(self.unexpected(&(start..self.source.trim_end().len()), &want));
        };
        let text = self.rest()[..len].nfc().collect();
        self.at += len + close.len_utf8();
        Ok(Token::Literal(Value::Text(text)))
    }

    fn name(&mut self) -> Token {
        let start = self.at;
        let text: String = self.take_while(is_name_letter).nfc().collect();
        match text.as_str() {
            "or" | "или" => Token::Word(Word::Or),
            "and" | "и" => Token::Word(Word::And),
            "not" | "не" => Token::Word(Word::Not),
            "in" | "в" => Token::Word(Word::In),
            "contains" => Token::Word(Word::Contains),
            "true" => Token::Literal(Value::Bool(true)),
            "false" => Token::Literal(Value::Bool(false)),
            _ => {
                let odd = odd_letter(&text);
                if let Some(letter) = odd {
                    let args = vec![("name", text.clone()), ("letter", letter.to_string())];
                    self.findings.add(Code::X306, &(start..self.at), args);
                }
                Token::Name { text, mixed: odd.is_some() }
            }
        }
    }

    /// A date, a time, a number, money or a length of time.
    fn number(&mut self) -> Result<Token, Stop> {
        let start = self.at;
        if let Some(len) = shape(self.rest(), "dddd-dd-dd") {
            self.at += len;
            let date: Result<civil::Date, _> = self.source[start..self.at].parse();
            return date
                .map(|date| Token::Literal(Value::Date(date)))
                .map_err(|_| self.unexpected(&(start..self.at), "2026-12-31"));
        }
        if let Some(len) = shape(self.rest(), "dd:dd").or_else(|| shape(self.rest(), "d:dd")) {
            self.at += len;
            let (hour, minute) = self.source[start..self.at].split_once(':').unwrap_or_default();
            let time = hour.parse().ok().zip(minute.parse().ok()).and_then(|(h, m)| civil::Time::new(h, m, 0, 0).ok());
            return match time {
                Some(time) => Ok(Token::Literal(Value::Time(time))),
                None => Err(self.unexpected(&(start..self.at), "23:59")),
            };
        }
        self.take_while(|c| c.is_ascii_digit());
        let fraction = self.rest().strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if fraction {
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        let Ok(number) = self.source[start..self.at].parse::<Decimal>() else {
            return Err(self.unexpected(&(start..self.at), "value"));
        };
        if self.peek().is_some_and(is_name_letter) {
            self.take_while(is_name_letter);
            let period = parse_period(&self.source[start..self.at]);
            return match period {
                Some(period) => Ok(Token::Literal(Value::Period(period))),
                None => Err(self.unexpected(&(start..self.at), "30m 2h 3d 2w")),
            };
        }
        self.money(start, number)
    }

    fn money(&mut self, start: usize, number: Decimal) -> Result<Token, Stop> {
        let after = self.rest().trim_start();
        let Some(sign) = ["₽", "$", "€", "₸", "£"].into_iter().find(|sign| after.starts_with(sign)) else {
            return Ok(Token::Literal(Value::Number(number)));
        };
        let sign_at = self.source.len() - after.len();
        self.at = sign_at + sign.len();
        if sign != self.currency.sign() {
            let ours = self.currency.sign().to_owned();
            return Err(self.unexpected(&(sign_at..self.at), &ours));
        }
        match minor(number) {
            Some(minor) => Ok(Token::Literal(Value::Money(Money::minor(minor, self.currency)))),
            None => Err(self.unexpected(&(start..self.at), "value")),
        }
    }
}

/// Whole units to hundredths, rounded as people round.
pub(in crate::spec) fn minor(units: Decimal) -> Option<i64> {
    let exact = units.checked_mul(Decimal::ONE_HUNDRED)?;
    exact.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero).to_i64()
}

/// Whether `text` is read as one name.
pub(super) fn is_name(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let composed: String = text.nfc().collect();
    first
        && text.chars().all(is_name_letter)
        && !RESERVED.contains(&composed.as_str())
        && odd_letter(&composed).is_none()
}

const RESERVED: [&str; 11] = ["or", "или", "and", "и", "not", "не", "in", "в", "contains", "true", "false"];

fn is_name_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || is_combining_mark(letter)
}

/// How many bytes at the start of `text` have the shape (`d` = a digit), when no digit or letter follows.
fn shape(text: &str, shape: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let fits = |(at, want): (usize, u8)| match (bytes.get(at), want) {
        (Some(found), b'd') => found.is_ascii_digit(),
        (found, want) => found == Some(&want),
    };
    let len = shape.len();
    let ends = || !text[len..].starts_with(char::is_alphanumeric);
    (shape.bytes().enumerate().all(fits) && ends()).then_some(len)
}
