//! Links by which we hear who follows them.

use voronka_core::{
    lead::Temperature,
    message::{ConversationKey, Event, Press},
    ports::{Completion, Links},
    spec::partner::PartnerFiles,
};
use voronka_testkit::Rehearsal;

use crate::{partners::playbook, shop::fact};

const CONFIG: &str = "name: К\naccounts: {web: {}}\nlinks: {shop: https://shop.example/, chat: https://t.me/korica, privacy: https://shop.example/pd, plain: http://old.example/}\n";
const FLOW: &str = "start: {words: [каталог]}\nsteps:\n  - say: \"Каталог: {link.shop} {link.chat} {link.privacy} {link.plain}\"\n    buttons: {Каталог: link shop, Чат: link chat}\n  - end: готово\n";
const SCORING: &str = "warm: {from: 30, until: 25}\nhot: {from: 70, until: 60}\nrules:\n  - {id: ссылка, fact: link.clicked, points: 20, times: 2, why: открыл(а) каталог}\n";

#[derive(Debug)]
struct Ears;

impl Links for Ears {
    fn heard(&self, link: &str, by: &ConversationKey) -> Option<String> {
        Some(format!("https://ears.example/r/{link}/{}", by.partner))
    }

    fn page(&self, _of: &ConversationKey) -> Option<String> {
        None
    }
}

fn talk() -> Rehearsal {
    let mut files = PartnerFiles::new();
    for (path, text) in [("config.yaml", CONFIG), ("flows/a.yaml", FLOW), ("scoring.yaml", SCORING)] {
        files.insert(path.into(), text.into());
    }
    Rehearsal::new(playbook("korica", &files), "web", "2026-12-01T12:00:00+03:00")
}

fn addresses(talk: &Rehearsal) -> Vec<String> {
    let buttons = talk.said.iter().flat_map(|bubble| bubble.rows.iter().flatten());
    let url = |press: &Press| if let Press::Url { url } = press { Some(url.clone()) } else { None };
    buttons.filter_map(|button| url(&button.press)).collect()
}

#[test]
fn links_are_heard_in_texts_and_buttons_but_for_messengers_and_what_the_law_wants_read() {
    let mut talk = talk().links(Ears);
    talk.me("каталог");
    assert_eq!(addresses(&talk), ["https://ears.example/r/shop/korica", "https://t.me/korica"]);
    let said = talk.words();
    assert!(
        said.contains(
            "https://ears.example/r/shop/korica https://t.me/korica https://shop.example/pd http://old.example/"
        ),
        "{said}"
    );
}

#[test]
fn where_nobody_can_come_to_us_links_are_given_as_they_are() {
    let mut talk = talk();
    talk.me("каталог");
    assert_eq!(addresses(&talk), ["https://shop.example/", "https://t.me/korica"]);
}

#[test]
fn who_was_forgotten_or_wants_nothing_of_us_is_not_watched_by_old_links() {
    for words in ["/forget_me", "/stop"] {
        let mut talk = talk().links(Ears);
        talk.me("каталог");
        talk.me(words);
        talk.play(vec![Event::Click { link: "shop".into() }]);
        assert!(!fact(&talk, "link.clicked"), "{words}");
    }
}

#[test]
fn a_model_gets_the_links_themselves() {
    let prompts = std::rc::Rc::new(std::cell::RefCell::new(String::new()));
    let told = std::rc::Rc::clone(&prompts);
    let mut talk = talk().links(Ears).model(move |prompt| {
        told.borrow_mut().extend([format!("{prompt:?}")]);
        Ok(Completion { text: "Хорошо.".into(), ..Completion::default() })
    });
    talk.me("каталог");
    talk.me("а вы где находитесь и как до вас добраться?");
    assert!(prompts.borrow().contains("https://shop.example/") && !prompts.borrow().contains("ears.example"));
}

#[test]
fn a_click_is_a_fact_that_scores_as_often_as_the_rule_says_and_says_nothing() {
    let mut talk = talk().links(Ears);
    talk.me("каталог");
    for _ in 0..10 {
        talk.play(vec![Event::Click { link: "shop".into() }]);
        assert!(talk.said.is_empty());
    }
    assert!(fact(&talk, "link.clicked"));
    let lead = talk.snapshot().lead;
    assert_eq!((lead.score, lead.temperature), (40, Temperature::Warm));
}
