//! Files go between a customer and whoever of the team has the conversation, as they came; where a messenger cannot be given one, a
//! word stands for it.

use std::sync::Arc;

use voronka_core::{
    capabilities::{Capabilities, Has},
    drawing::Photo,
    ids::AccountId,
    message::{Bubble, Content, Event, KeptFile, MediaKind, Profile},
};
use voronka_testkit::rehearsal::roomy;

use crate::desk::{Shop, Who, asked_for_person, minutes, token, words};

fn sent(kind: MediaKind, file: &str, caption: Option<&str>, to: Option<String>) -> Content {
    let caption = caption.map(str::to_owned);
    Content::Media { kind, file: file.to_owned(), caption, name: None, seconds: None, to }
}

fn photo(file: &str) -> Content {
    sent(MediaKind::Photo, file, None, None)
}

/// A shop where the master has Anna's conversation; with the card's first button.
fn taken() -> (Shop, String) {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    let write = token(&card, "Написать");
    shop.presses(Who::Master, &write);
    (shop, write)
}

/// The handles of the files that bubbles show.
fn files(bubbles: &[Bubble]) -> Vec<&str> {
    bubbles
        .iter()
        .filter_map(|bubble| match &bubble.photo {
            Some(Photo::Kept(kept)) => Some(kept.file.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn what_a_customer_sends_comes_to_whoever_has_the_conversation_as_it_was_sent() {
    let (mut shop, _) = taken();
    shop.anna.did(sent(MediaKind::Photo, "torte", Some("Такой же можно?"), None));
    let relayed = shop.cards(Who::Master);
    assert_eq!((files(&relayed), words(&relayed).as_str()), (vec!["torte"], "Анна: [фото] Такой же можно?"));
    shop.anna.did(sent(MediaKind::Voice, "golos", None, None));
    let relayed = shop.cards(Who::Master);
    assert_eq!(words(&relayed), "Анна: [голосовое]");
    let kept =
        KeptFile { account: AccountId::parse("telegram").unwrap(), kind: MediaKind::Voice, file: "golos".to_owned() };
    assert_eq!(relayed[0].photo, Some(Photo::Kept(Box::new(kept))));
    // It is answered as words are.
    let (said, _) =
        shop.does(Who::Master, Content::Reply { text: "Успеем".to_owned(), to: token(&relayed, "Написать") });
    assert_eq!(words(&said), "Успеем");
}

#[test]
fn words_stay_together_and_each_file_stands_where_it_was_sent() {
    let (mut shop, _) = taken();
    let text = |text: &str| Content::Text { text: text.to_owned() };
    let events = [text("Вот"), text("смотрите"), photo("raz"), text("и ещё"), photo("dva")];
    shop.anna.play(events.map(|content| Event::Customer { content, profile: Profile::default() }).to_vec());
    let relayed = shop.cards(Who::Master);
    assert_eq!(words(&relayed), "Анна: Вот\nсмотрите\nАнна: [фото]\nАнна: и ещё\nАнна: [фото]");
    assert_eq!(files(&relayed), ["raz", "dva"]);
}

#[test]
fn what_a_member_sends_goes_to_the_customer_as_it_was_sent() {
    let (mut shop, write) = taken();
    let (said, told) = shop.does(Who::Master, sent(MediaKind::Photo, "vitrina", Some("Вот такие есть"), None));
    assert_eq!((files(&said), words(&said).as_str()), (vec!["vitrina"], "Вот такие есть"));
    assert_eq!(words(&told), "Отправлено: Анна");
    let row = shop.anna.last.as_ref().unwrap().messages.last().unwrap().clone();
    assert_eq!(row.text, "[фото] Вот такие есть", "the record says that there was a file");
    assert!(row.body.contains(r#""by":"мастер""#), "the customer sees whose it is: {}", row.body);
    // As an answer to a card it goes to that customer, words or not.
    let (said, told) = shop.does(Who::Master, sent(MediaKind::Document, "dogovor", None, Some(write)));
    assert_eq!((files(&said), words(&told).as_str()), (vec!["dogovor"], "Отправлено: Анна"));
}

#[test]
fn a_file_that_no_customer_is_meant_by_goes_to_nobody() {
    let mut shop = Shop::open();
    asked_for_person(&mut shop);
    let (said, told) = shop.does(Who::Master, photo("kotik"));
    assert!(said.is_empty() && words(&told).contains("рабочий чат"), "{told:?}");
    let (said, told) = shop.does(Who::Master, sent(MediaKind::Photo, "kotik", None, Some("d.w.forged".to_owned())));
    assert!(said.is_empty() && !told.is_empty(), "a button that was never shown opens nobody's conversation: {told:?}");
}

#[test]
fn a_file_follows_the_card_that_it_came_before_and_no_later_one() {
    let mut shop = Shop::open();
    shop.anna.did(photo("obrazec"));
    assert_eq!(files(&shop.cards(Who::Master)), ["obrazec"], "who is told of it sees it");
    assert!(shop.cards(Who::Boss).is_empty(), "the others are not told of files");
    shop.anna.pass(minutes(30));
    let mut asks_price = || {
        shop.anna.named("Анна", "сколько стоит торт?");
        let cards = shop.cards(Who::Boss);
        shop.anna.pass(minutes(30));
        cards
    };
    let card = asks_price();
    assert!(card[0].photo.is_none() && words(&card[..1]).contains("Спросил(а) цену"), "the card comes first: {card:?}");
    assert_eq!(files(&card), ["obrazec"]);
    let again = asks_price();
    assert!(!again.is_empty() && files(&again).is_empty(), "{again:?}");
}

#[test]
fn a_card_is_followed_by_few_files_however_many_there_are() {
    let mut shop = Shop::open();
    for n in 0..12 {
        shop.anna.did(photo(&n.to_string()));
        shop.anna.pass(minutes(1));
    }
    shop.anna.me("сколько стоит торт?");
    assert_eq!(files(&shop.cards(Who::Boss)), ["7", "8", "9", "10", "11"]);
}

#[test]
fn a_history_shows_the_files_that_were_sent_in_it() {
    let (mut shop, _) = taken();
    shop.anna.did(photo("torte"));
    let history = token(&shop.cards(Who::Master), "Переписка");
    let (_, told) = shop.does(Who::Master, Content::Button { token: history, label: None });
    assert!(words(&told).contains("Анна: [фото]"), "{told:?}");
    assert_eq!(files(&told), ["torte"]);
}

#[test]
fn a_member_on_another_account_reads_that_there_was_a_file() {
    let (mut shop, _) = taken();
    let mut team = shop.anna.setting.team.to_vec();
    team[1].account = AccountId::parse("other").unwrap();
    shop.anna.setting.team = team.into();
    shop.anna.did(sent(MediaKind::Photo, "torte", Some("Такой?"), None));
    let relayed = shop.cards(Who::Master);
    assert_eq!((files(&relayed), words(&relayed).as_str()), (vec![], "Анна: [фото] Такой?"));
}

#[test]
fn a_member_whose_file_cannot_be_passed_on_is_told_so_and_nothing_is_sent() {
    let (mut shop, _) = taken();
    shop.master.setting.capabilities = Arc::new(Capabilities { kept_files: Has::No, ..roomy() });
    let (said, told) = shop.does(Who::Master, sent(MediaKind::Photo, "vitrina", Some("Вот"), None));
    assert!(said.is_empty(), "{said:?}");
    assert!(words(&told).contains("Не отправлено"), "{told:?}");
}

#[test]
fn a_place_is_told_to_people_by_its_degrees_and_kept_from_the_record_that_a_model_reads() {
    let (mut shop, _) = taken();
    shop.anna.did(Content::Location { latitude: 55.75123, longitude: 37.61234 });
    assert_eq!(words(&shop.cards(Who::Master)), "Анна: [место на карте] 55.75123, 37.61234");
    assert_eq!(shop.anna.last.as_ref().unwrap().messages[0].text, "[место на карте]");
}
