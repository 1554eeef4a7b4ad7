//! What of a message asks, and what it says besides: «ягоды, а сколько стоит доставка и до скольки вы работаете?» answers the
//! open question and asks two more.

use std::ops::Range;

use crate::{
    lang::{
        intent::{self, Intent, Intents},
        normal::Words,
    },
    turn::assortment::names_nothing,
};

/// Fewest words of a question that may be parted from the one before.
const QUESTION_WORDS_MIN: usize = 2;
/// Most pieces that a question is looked at by.
const PIECES_MAX: usize = 4;

/// A message, parted.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// What is said: the text without its questions.
    pub(super) said: String,
    /// What is asked outright, question by question.
    pub(super) asked: Vec<String>,
}

impl Parts {
    /// Parts a message that asks something.
    pub(super) fn of(text: &str, words: &Words) -> Self {
        let mut parts = Self::default();
        let mut at = 0;
        for question in questions(text, words) {
            parts.said.push_str(&text[at..question.start]);
            at = question.end;
            parts.ask(&text[question.clone()], &words.part(question));
        }
        parts.said.push_str(&text[at..]);
        parts
    }

    /// What it says besides its questions, read; `None` if that is nothing but politeness.
    pub(super) fn said_besides(&self) -> Option<(Words, Intents)> {
        let words = Words::of(&self.said);
        let intents = Intents::of(&words);
        let something = words.said().any(|(_, word)| {
            !matches!(word.form, "а" | "и" | "но" | "ну" | "еще" | "да" | "пожалуйста" | "подскажите" | "скажите")
        });
        (something && !intents.is_small_talk()).then_some((words, intents))
    }

    /// Keeps a question; «сколько стоит доставка и до скольки вы работаете» are two.
    fn ask(&mut self, question: &str, words: &Words) {
        let mut from = 0;
        for at in 0..words.len() {
            let joins = matches!(words.form(at), "и" | "а" | "или" | "плюс" | "and" | ",");
            let next = at + 1 + usize::from(matches!(words.form(at + 1), "еще" | "также" | "и" | "а"));
            if joins && intent::question_follows(words, next) {
                let end = words.source(at..at + 1).start;
                let own = words.part(from..end);
                if own.said().count() >= QUESTION_WORDS_MIN {
                    self.keep(&question[from..end]);
                    from = words.source(next..next + 1).start;
                }
            }
        }
        self.keep(&question[from..]);
    }

    fn keep(&mut self, question: &str) {
        let mut question = question.trim().trim_start_matches([',', ';', '-', '—']).trim();
        // «И до скольки вы работаете»: a question of its own.
        for joint in ["и ещё ", "и еще ", "а ещё ", "а еще ", "а также ", "и "] {
            question = question.strip_prefix(joint).unwrap_or(question);
        }
        if !question.is_empty() {
            self.asked.push(question.to_owned());
        }
    }
}

/// The clauses of a text that ask outright, as bytes: a day, a number or a product in them is what the question is about, and
/// answers no other.
fn questions(text: &str, words: &Words) -> Vec<Range<usize>> {
    let clauses = clauses(text);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    for (at, clause) in clauses.iter().enumerate() {
        let own = words.part(clause.clone());
        let ended = |clause: &Range<usize>| !text[clause.clone()].trim_end().ends_with(',');
        let last = clauses[at..].iter().find(|clause| ended(clause)).unwrap_or(clause);
        let marked = text[last.clone()].trim_end().ends_with('?');
        match found.last_mut() {
            _ if intent::asks_outright(&own) => {
                found.push(clause.clone());
                open = true;
            }
            // What follows within the same sentence belongs to its question: «сколько стоит, если на 12 человек?».
            Some(question) if open && (marked || depends(&own)) => question.end = clause.end,
            // What is quoted after it, too: «можно надпись? "С юбилеем, Саша"».
            Some(question) if question.end == clause.start && is_quoted(text, clause) => question.end = clause.end,
            _ => open = false,
        }
        open = open && !ended(clause);
    }
    found
}

/// Whether a clause stands in quotation marks, or begins or ends there.
fn is_quoted(text: &str, clause: &Range<usize>) -> bool {
    quotes(text).iter().any(|quote| quote.start < clause.end && clause.start < quote.end)
}

/// What stands in quotation marks, the marks included, as bytes: words to be written and not said.
pub(super) fn quotes(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut opened: Option<usize> = None;
    for (at, mark) in text.char_indices().filter(|(_, c)| matches!(c, '"' | '«' | '»' | '“' | '”' | '„')) {
        match opened {
            Some(from) if !matches!(mark, '«' | '„') => {
                found.push(from..at + mark.len_utf8());
                opened = None;
            }
            None if mark != '»' => opened = Some(at),
            _ => {}
        }
    }
    found
}

/// Whether a clause hangs on the one before.
fn depends(words: &Words) -> bool {
    matches!(
        words.form(0),
        "если"
            | "чтобы"
            | "чтоб"
            | "который"
            | "которая"
            | "которые"
            | "когда"
            | "where"
            | "if"
            | "that"
    )
}

/// The pieces of a question that lists what it asks: «берёте карты, делаете без глютена и можно ли с собакой?». Empty: it is
/// one piece, or more than anybody asks at once.
pub(in crate::turn) fn pieces(question: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    for clause in clauses(question) {
        let text = &question[clause];
        let words = Words::of(text);
        let joint = |at: &usize| matches!(words.form(*at), "и" | "а" | "или" | "плюс" | "and" | "or" | "plus");
        let mut from = 0;
        for at in (0..words.len()).filter(joint) {
            let place = words.source(at..at + 1);
            pieces.push(&text[from..place.start]);
            from = place.end;
        }
        pieces.push(&text[from..]);
    }
    let named = |piece: &&str| !names_nothing(&Words::of(piece));
    let pieces: Vec<String> = pieces.into_iter().filter(named).map(|piece| piece.trim().to_owned()).collect();
    if (2..=PIECES_MAX).contains(&pieces.len()) { pieces } else { Vec::new() }
}

/// The clauses that ask in any way.
pub(super) fn asking(text: &str, words: &Words) -> Vec<Range<usize>> {
    let asks = |clause: &Range<usize>| Intents::of(&words.part(clause.clone())).has(Intent::Question);
    clauses(text).into_iter().filter(asks).collect()
}

/// Clauses of a text as byte ranges, their marks included.
pub(super) fn clauses(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut ends = text.char_indices().peekable();
    while let Some((at, c)) = ends.next() {
        let end = at + c.len_utf8();
        let stop = match c {
            '\n' | '!' | '?' | ';' | ',' => true,
            '.' => ends.peek().is_none_or(|(_, next)| next.is_whitespace()),
            _ => false,
        };
        if stop {
            if !text[start..end].trim().is_empty() {
                found.push(start..end);
            }
            start = end;
        }
    }
    if !text[start..].trim().is_empty() {
        found.push(start..text.len());
    }
    found
}
