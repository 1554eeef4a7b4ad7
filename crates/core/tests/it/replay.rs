//! Laws of the turn: the same inputs give the same outcome, and nothing that comes in breaks a conversation.

use proptest::prelude::*;
use voronka_core::{
    message::{ContactOf, Content, Event, MediaKind, TeamAction, Timer},
    rows::Author,
};

use crate::{
    partners::korica,
    shop::{ORDER, act, shop, text},
};

const WORDS: &[&str] = &[
    "привет",
    "юбилей",
    "12 человек",
    "нет, на 60 человек",
    "ягоды",
    "не важно",
    "отмена",
    "позовите человека",
    "а доставка есть?",
    "сколько стоит малина",
    "да",
    "нет",
    "2",
    "+7 999 123-45-67",
    "не пишите мне",
    "спасибо",
    "/zakaz",
    "/start zakaz",
    "не то",
    "торт малина",
    "👩‍👩‍👧‍👦\u{200d}",
    "",
    "хочу заказать торт",
    "ghbdtn",
    "anna@example.ru",
    "вы бот?",
    "ой, 11",
    "{customer.phone}",
    "*жирно* [x](http://a.b)",
    "не 10, а 12",
];

fn event() -> impl Strategy<Value = Event> {
    let words = prop_oneof![
        4 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => "\\PC{0,40}",
    ];
    prop_oneof![
        8 => words.prop_map(|words| text(&words)),
        4 => (0..12u32, 0..3u32).prop_map(|(n, what)| act(Content::Button { token: format!("press {n} {what}"), label: None })),
        1 => Just(act(Content::Contact { phone: "+79991234567".into(), name: None, whose: ContactOf::Sender })),
        1 => Just(act(Content::Contact { phone: "не номер".into(), name: None, whose: ContactOf::SomebodyElse })),
        1 => Just(act(Content::Media { kind: MediaKind::Photo, file: "f".into(), caption: None, name: None, seconds: None, to: None })),
        1 => Just(act(Content::Location { latitude: 55.7, longitude: f64::MAX })),
        1 => Just(act(Content::Opened)),
        1 => Just(act(Content::Blocked)),
        1 => Just(act(Content::Other { kind: "dice".into() })),
        1 => (0..3u16).prop_map(|entry| Event::Timer { timer: Timer::Silence { entry } }),
        1 => Just(Event::Timer { timer: Timer::Wait }),
        1 => Just(Event::Timer { timer: Timer::Handoff }),
        1 => Just(Event::Timer { timer: Timer::Score }),
        1 => prop_oneof![
            Just(TeamAction::TakeOver),
            Just(TeamAction::GiveBack),
            Just(TeamAction::Handled),
            Just(TeamAction::Reply { text: "Здравствуйте".into() }),
        ].prop_map(|action| Event::Team { who: "мастер".into(), action }),
    ]
}

/// Plays turns; a button event presses one of what was shown last, or makes a token up.
fn play(turns: &[Vec<Event>], demo: bool) -> Vec<String> {
    let mut talk = if demo { korica() } else { shop(&[("zakaz", ORDER)]) };
    let mut commits = Vec::new();
    let (mut shown, mut seq): (Vec<String>, i64) = (Vec::new(), 0);
    for turn in turns {
        let events = turn.iter().cloned().map(|event| pressed(event, &shown)).collect();
        talk.play(events);
        let commit = talk.last.clone().expect("a commit");
        for row in &commit.messages {
            seq += 1;
            assert_eq!(row.seq, seq, "positions have no gaps");
            assert!(row.author == Author::Customer || row.bubble.is_some());
        }
        for row in &commit.outbox {
            assert!(row.bubble.text.text.encode_utf16().count() <= 4096 && !row.bubble.text.text.contains("{customer"));
            let buttons = row.bubble.rows.iter().flatten();
            shown.extend(buttons.filter_map(|button| match &button.press {
                voronka_core::message::Press::Token { token } => Some(token.clone()),
                _ => None,
            }));
        }
        assert!(shown.iter().all(|token| token.len() <= 64));
        let state = talk.state();
        assert!(state.stack.len() <= 9 && state.list.len() <= 64);
        commits.push(format!("{commit:?}"));
    }
    commits
}

fn pressed(event: Event, shown: &[String]) -> Event {
    let Event::Customer { content: Content::Button { token, .. }, profile } = event else { return event };
    let mut parts = token.split(' ').skip(1).map(|part| part.parse::<usize>().unwrap_or(0));
    let (nth, what) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let token = match shown.len().checked_sub(1 + nth) {
        Some(at) if what < 2 => shown[at].clone(),
        _ => ["o.1.2.3", "x.c", "x.g", "p.1", "f.1", "мусор", ""][nth % 7].to_owned(),
    };
    Event::Customer { content: Content::Button { token, label: None }, profile }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_events_keep_the_laws_and_the_same_events_give_the_same_outcome(
        turns in prop::collection::vec(prop::collection::vec(event(), 1..4), 1..14),
        demo in any::<bool>(),
    ) {
        prop_assert_eq!(play(&turns, demo), play(&turns, demo));
    }
}
