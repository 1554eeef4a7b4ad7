//! Members of the team who are reached by e-mail: they are told like everybody, and nothing can be done from a letter.

use std::sync::Arc;

use voronka_core::{
    capabilities::{Capabilities, Has},
    ids::{AccountId, BubbleId},
    message::{Bubble, Content, ConversationKey, Deed, DeliveryFate, Event, Peer, TeamAction},
    ports::Links,
    rows::Lane,
    turn::{Look, Owner, Seen, TeamAddress},
};
use voronka_testkit::{Rehearsal, rehearsal::roomy};

use crate::{
    desk::{Pages, Shop, Who, asked_for_person, leads, links, minutes, words},
    partners::playbook,
    shop::{NOON, files},
};

const BOX: &str = "master@lavka.ru";

fn letters() -> Capabilities {
    Capabilities { buttons: None, url_buttons: Has::No, photos: Has::No, hears: Has::No, ..roomy() }
}

fn by_mail(member: &str, address: &str) -> TeamAddress {
    TeamAddress {
        member: member.into(),
        account: AccountId::parse("email").expect("an account"),
        peer: Peer::new(address),
        capabilities: Arc::new(letters()),
    }
}

/// The shop, whose master has a mailbox besides the chat, or instead of it.
fn shop(master: &[&str]) -> Shop {
    let mut shop = Shop::open();
    let chats = shop.anna.setting.team.iter().filter(|to| &*to.member != "мастер" || master.contains(&"chat"));
    let mailbox = by_mail("мастер", BOX);
    shop.anna.setting.team = chats.cloned().chain([mailbox]).collect::<Vec<_>>().into();
    shop.anna.setting.links = Some(Arc::new(Pages));
    shop
}

/// What the last turn of a conversation says to the mailbox.
fn mail(talk: &Rehearsal) -> Vec<Bubble> {
    let rows = talk.last.iter().flat_map(|commit| &commit.outbox);
    let rows = rows.filter(|row| row.account.as_str() == "email");
    let rows = rows.inspect(|row| assert_eq!((row.peer.as_str(), row.lane), (BOX, Lane::Notice)));
    rows.map(|row| row.bubble.clone()).collect()
}

fn page(shop: &Shop) -> String {
    let key: ConversationKey = shop.anna.snapshot().key.clone();
    Pages.page(&key).expect("a page")
}

#[test]
fn a_card_by_mail_has_no_buttons_and_leads_to_the_dialogue_on_the_owners_page() {
    let mut shop = shop(&["chat"]);
    let chat = asked_for_person(&mut shop);
    assert!(!chat[0].rows.is_empty(), "the chat has buttons");
    let mail = mail(&shop.anna);
    assert_eq!(mail.len(), 1);
    assert!(words(&mail).contains("Просит человека"), "{mail:?}");
    assert!(mail[0].rows.is_empty() && !words(&mail).contains("Обработано"), "{mail:?}");
    assert_eq!(links(&mail).iter().filter(|(_, url)| *url == page(&shop)).count(), 1, "once: {mail:?}");
}

#[test]
fn where_the_messenger_has_its_own_chat_the_page_stands_in_the_letter_as_well() {
    let mut shop = shop(&[]);
    let profile = voronka_core::message::Profile {
        page: Some("tg://user?id=7".into()),
        ..voronka_core::message::Profile::default()
    };
    let content = Content::Text { text: "позовите человека".into() };
    shop.anna.play(vec![Event::Customer { content, profile }]);
    let (page, mail) = (page(&shop), mail(&shop.anna));
    assert_eq!(links(&mail), [("Открыть чат", "tg://user?id=7"), ("Ответить", page.as_str())]);
}

#[test]
fn who_answers_on_the_page_and_has_a_mailbox_alone_is_told_in_folded_cards_what_the_customer_says() {
    let mut shop = shop(&[]);
    shop.anna.named("Анна", "позовите человека");
    shop.anna.play(vec![Event::Team { who: "мастер".into(), action: TeamAction::TakeOver }]);
    assert_eq!(shop.anna.state().owner, Owner::Person);
    shop.anna.wait(minutes(10));
    shop.anna.me("Вы тут?");
    let first = mail(&shop.anna);
    assert_eq!(first.len(), 1);
    assert!(
        words(&first).contains("— Вы тут?") && links(&first).iter().any(|(_, url)| *url == page(&shop)),
        "{first:?}"
    );
    shop.anna.me("Мне срочно");
    shop.anna.me("Очень");
    assert!(mail(&shop.anna).is_empty(), "what follows shortly waits for the next card");
    let before = shop.anna.commits.len();
    shop.anna.wait(minutes(6));
    let rows = shop.anna.commits[before..].iter().flat_map(|commit| &commit.outbox);
    let folded: Vec<&str> = rows.map(|row| row.bubble.text.text.as_str()).collect();
    assert_eq!(folded.len(), 1, "{folded:?}");
    assert!(folded[0].contains("— Очень"), "{folded:?}");
}

#[test]
fn who_has_a_chat_as_well_gets_the_customers_words_there_and_no_letter() {
    let mut shop = shop(&["chat"]);
    shop.anna.named("Анна", "позовите человека");
    shop.anna.play(vec![Event::Team { who: "мастер".into(), action: TeamAction::TakeOver }]);
    shop.anna.wait(minutes(10));
    shop.anna.me("Вы тут?");
    assert_eq!(words(&shop.cards(Who::Master)), "Анна: Вы тут?");
    assert!(mail(&shop.anna).is_empty());
}

/// The mailbox as a place of the team's.
fn mailbox(more: &str) -> Rehearsal {
    let mut files = files(&[]);
    let config = String::from_utf8(files["config.yaml"].clone()).expect("the settings are UTF-8");
    let config = config.split("team:").next().expect("settings").to_owned();
    let team = format!("team: {{мастер: {{email: {BOX}}}}}\n{more}");
    files.insert("config.yaml".into(), (config + &team).into_bytes());
    let mut talk = Rehearsal::new(playbook("lavka", &files), "email", NOON).capabilities(letters());
    talk.setting.team = [by_mail("мастер", BOX)].into();
    talk.seat("мастер", BOX);
    talk
}

#[test]
fn a_letter_that_is_refused_is_told_to_the_conversation_and_the_next_of_the_team_gets_the_card() {
    let mut shop = shop(&[]);
    shop.anna.named("Анна", "позовите человека");
    let (about, loaded) = (shop.anna.snapshot().key.conversation, shop.anna.loaded().clone());
    let mut mailbox = mailbox("");
    mailbox.look_by(Box::new(move |look| {
        matches!(look, Look::Conversation(_)).then(|| Seen::Conversation(Some(Box::new(loaded.clone()))))
    }));
    let fate = DeliveryFate::Refused { cause: "the mail server refuses: 550 5.1.1".into() };
    mailbox.play(vec![Event::CardLost { bubble: BubbleId::of(&["card"]), about, fate }]);
    assert!(mailbox.said.is_empty() && !mailbox.state().blocked, "the next letter is sent");
    let post = mailbox.last.clone().expect("a turn").posts.remove(0);
    assert!(matches!(&post.event, Event::Deed { by, deed: Deed::Unreached } if by.member == "мастер"), "{post:?}");
    shop.anna.play(vec![post.event]);
    assert!(words(&shop.cards(Who::Boss)).contains("мастер не получает карточки"));
    assert!(mail(&shop.anna).is_empty());
}

#[test]
fn the_digest_comes_by_mail_without_anything_to_press() {
    let mut mailbox = mailbox("digest: {to: мастер}\n");
    mailbox.setting.links = Some(Arc::new(Pages));
    mailbox.look_by(Box::new(|look| matches!(look, Look::Leads(..)).then(|| Seen::Leads(leads("hot", 2)))));
    let said = mailbox.play(vec![Event::Digest]).to_vec();
    assert_eq!(said.len(), 1);
    assert!(said[0].rows.is_empty() && !words(&said).contains("1."), "{said:?}");
    assert!(words(&said).starts_with("Горячие лиды на сегодня"), "{said:?}");
    let pages: Vec<&str> = links(&said).into_iter().map(|(_, page)| page).collect();
    assert_eq!(pages.len(), 2, "each lead is at hand: {said:?}");
    assert!(pages.iter().all(|page| page.starts_with("https://admin.example/lavka/chats/")));
}
