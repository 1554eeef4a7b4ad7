//! Questions without an answer, as the team reads them: the same one stands once, however it was put.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use crate::{
    lang::{
        Lang, filler,
        normal::{Kind, Words},
        print,
    },
    ports::{QuestionCard, SEARCHED_MAX},
};

/// Questions that are read, the latest of a span.
pub(super) const READ_MAX: usize = SEARCHED_MAX;
/// Of each question, in characters.
const CHARS_MAX: usize = 120;
/// What a question may have or not have and still be the same.
const PARTICLES: [&str; 3] = ["ли", "или", "do"];

/// A question, and how often it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// As it was put last.
    words: String,
    times: usize,
    pub(super) last: Timestamp,
}

impl Asked {
    /// `Есть парковка? — 5 раз, последний 30 ноября`.
    pub(super) fn told(&self, last: Date, today: Date, lang: Lang) -> String {
        let (words, last) = (&self.words, print::date(last, lang, today));
        let times = Decimal::from(self.times);
        match (lang, self.times) {
            (_, 1) => format!("{words} — {last}"),
            (Lang::Ru, _) => {
                format!("{words} — {}, последний {last}", print::counted(times, &["раз", "раза", "раз"], lang))
            }
            (Lang::En, _) => format!("{words} — {}, last on {last}", print::counted(times, &["time", "times"], lang)),
        }
    }
}

/// The questions of cards that stand the latest first: what was asked most often comes first. Those that were forgotten are none.
pub(super) fn most(cards: &[QuestionCard]) -> Vec<Asked> {
    let mut all = BTreeMap::<BTreeSet<String>, Asked>::new();
    for card in cards {
        let question = card.question();
        let topic = topic(&question);
        if topic.is_empty() {
            continue;
        }
        let new = || Asked { words: in_a_line(&question), times: 0, last: card.fact.at };
        all.entry(topic).or_insert_with(new).times += 1;
    }
    let mut all: Vec<Asked> = all.into_values().collect();
    all.sort_by_key(|asked| (Reverse(asked.times), Reverse(asked.last)));
    all
}

/// What is asked, whatever the order, the forms and the politeness of its words.
fn topic(question: &str) -> BTreeSet<String> {
    let words = Words::of(question);
    let all = || words.said().map(|(_, word)| word);
    // A letter alone is a preposition.
    let means = |kind: Kind, form: &str| {
        kind != Kind::Word || !(filler(form) || PARTICLES.contains(&form) || form.chars().nth(1).is_none())
    };
    let topic: BTreeSet<String> =
        all().filter(|word| means(word.kind, word.form)).map(|word| word.stem.to_owned()).collect();
    if topic.is_empty() { all().map(|word| word.stem.to_owned()).collect() } else { topic }
}

fn in_a_line(question: &str) -> String {
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fact::Fact,
        ids::{AccountId, ConversationId, CustomerId},
        rows::FactRow,
    };

    fn card(second: i64, question: &str) -> QuestionCard {
        let fact = Fact::Unanswered { question: question.into() };
        QuestionCard {
            id: second,
            fact: FactRow {
                customer: CustomerId::of(&["1"]),
                name: fact.name(),
                data: serde_json::to_string(&fact).unwrap(),
                at: Timestamp::from_second(second).unwrap(),
            },
            name: None,
            conversation: ConversationId::of(&["1"]),
            account: AccountId::parse("telegram").unwrap(),
            words: String::new(),
        }
    }

    fn told(questions: &[&str]) -> Vec<(String, usize, i64)> {
        let cards: Vec<_> = (1..).zip(questions.iter().rev()).map(|(at, question)| card(at, question)).collect();
        let latest_first: Vec<_> = cards.into_iter().rev().collect();
        most(&latest_first).into_iter().map(|asked| (asked.words, asked.times, asked.last.as_second())).collect()
    }

    #[test]
    fn the_same_question_stands_once_however_it_was_put_and_the_most_asked_comes_first() {
        let questions = [
            "А есть ли у вас парковка?",
            "Можно с собакой?",
            "ПАРКОВКА ЕСТЬ",
            "Есть  парковка??",
            "Ещё вопрос — доставите в Тутаев?",
            "есть у вас парковка, пожалуйста",
            "Еще вопрос: доставите в Тутаев",
        ];
        assert_eq!(
            told(&questions),
            [
                ("А есть ли у вас парковка?".to_owned(), 4, 7),
                ("Ещё вопрос — доставите в Тутаев?".to_owned(), 2, 3),
                ("Можно с собакой?".to_owned(), 1, 6),
            ]
        );
    }

    #[test]
    fn what_differs_in_a_word_or_a_number_is_another_question() {
        let questions = ["Торт на 2 кг есть?", "Торт на 3 кг есть?", "Нет парковки?", "Парковка", "А?", "Вы?"];
        assert_eq!(told(&questions).len(), questions.len());
        assert_eq!(told(&["", " \n", "?!"]), [], "what was forgotten, or said nothing");
    }

    #[test]
    fn a_question_is_told_with_how_often_and_when_it_was_asked_last() {
        let day = |day| jiff::civil::date(2026, 11, day);
        let asked = |times| Asked { words: "Есть парковка?".into(), times, last: Timestamp::UNIX_EPOCH };
        let told = |times, lang| asked(times).told(day(30), day(30), lang).replace('\u{a0}', " ");
        assert_eq!(told(1, Lang::Ru), "Есть парковка? — 30 ноября");
        assert_eq!(told(3, Lang::Ru), "Есть парковка? — 3 раза, последний 30 ноября");
        assert_eq!(told(3, Lang::En), "Есть парковка? — 3 times, last on 30 November");
        assert_eq!(in_a_line(&"ж".repeat(500)).chars().count(), CHARS_MAX + 1);
    }
}
