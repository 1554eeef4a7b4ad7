//! What people send without meaning harm, and what breaks careless bots.

use jiff::SignedDuration;
use voronka_core::message::{Content, TEXT_CHARS_MAX};

use crate::shop::{at_filling, shop, slot};

#[test]
fn a_message_of_a_megabyte_is_answered_and_kept_within_its_bound() {
    for megabyte in ["торт ".repeat(110_000), "ж".repeat(500_000), "🎂".repeat(250_000), "\u{301}".repeat(500_000)]
    {
        let mut talk = at_filling();
        assert!(!talk.me(&megabyte).is_empty(), "somebody is there");
        let snapshot = talk.snapshot();
        assert!(snapshot.history.iter().all(|row| row.text.chars().count() <= TEXT_CHARS_MAX));
        assert_eq!(slot(&talk, "гости").as_deref(), Some("10"), "the flow stands where it stood");
        talk.me("ягоды");
        assert_eq!(slot(&talk, "начинка").as_deref(), Some("ягоды"));
    }
}

#[test]
fn emoji_alone_and_words_from_right_to_left_are_answered_and_fill_nothing() {
    for text in [
        "🎂🎉",
        "👍🏽👍🏽👍🏽",
        "👩‍👩‍👧‍👦",
        "❤️",
        "🇷🇺",
        "שלום, אפשר עוגה?",
        "مرحبا، هل لديكم كعكة؟",
        "\u{202e}торт\u{202c}",
        "…",
        "\u{200b}",
    ] {
        let mut talk = at_filling();
        talk.me(text);
        assert_eq!(slot(&talk, "начинка"), None, "{text}");
        talk.me("шоколад");
        assert_eq!(slot(&talk, "начинка").as_deref(), Some("шоколад"), "{text}");
        let mut free = shop(&[]);
        assert!(!free.me(text).is_empty(), "{text}");
    }
}

#[test]
fn a_button_a_week_old_changes_nothing_and_is_told_to_be_past() {
    let mut talk = at_filling();
    let week_old = talk.token("Ягоды");
    talk.press("Шоколад");
    talk.me("отмена");
    talk.wait(SignedDuration::from_hours(7 * 24));
    let before = talk.state();
    talk.did(Content::Button { token: week_old, label: None });
    assert!(talk.words().contains("Этот выбор уже в прошлом"), "{}", talk.words());
    let after = talk.state();
    assert_eq!((after.run.is_none(), after.cart), (before.run.is_none(), before.cart));
    assert!(talk.order().is_none());
}
