//! A person of the team answers, and the answer does not arrive: whoever wrote it hears so where they wrote it, and once.

use voronka_core::{
    capabilities::{Capabilities, Has},
    fact::Fact,
    ids::BubbleId,
    message::{Bubble, DeliveryFate, Done, Event, Peer, TeamAction},
    rows::{Author, Lane},
    turn::TeamAddress,
};
use voronka_testkit::{Rehearsal, rehearsal::roomy};

use crate::desk::{Shop, Who, asked_for_person, minutes, token, words};

fn refused() -> DeliveryFate {
    DeliveryFate::Refused { cause: "chat not found".into() }
}

fn every_fate() -> [DeliveryFate; 5] {
    [DeliveryFate::Blocked, DeliveryFate::Gone, refused(), DeliveryFate::Expired, DeliveryFate::Untried]
}

/// A shop where the master has written to Anna: what it was sent as.
fn answered(text: &str) -> (Shop, Vec<BubbleId>) {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    shop.presses(Who::Master, &token(&card, "Написать"));
    shop.writes(Who::Master, text);
    let bubbles = answer(&shop.anna);
    (shop, bubbles)
}

/// What the person's answer of the last turn is sent as.
fn answer(talk: &Rehearsal) -> Vec<BubbleId> {
    let commit = talk.last.as_ref().expect("a turn");
    let own = commit.messages.iter().filter(|row| row.author == Author::Person);
    own.filter_map(|row| row.bubble).collect()
}

/// The messenger's word comes to Anna's conversation; what the master hears of it.
fn comes_back(shop: &mut Shop, bubble: BubbleId, fate: &DeliveryFate) -> String {
    shop.anna.pass(minutes(1));
    shop.anna.play(vec![Event::Delivery { bubble, fate: fate.clone() }]);
    let posts = shop.anna.last.clone().expect("a turn").posts;
    let told: Vec<Event> = posts
        .into_iter()
        .filter(|post| matches!(post.event, Event::Done { done: Done::NotArrived { .. }, .. }))
        .inspect(|post| assert_eq!(post.peer, Peer::new("2"), "whoever wrote it"))
        .map(|post| post.event)
        .collect();
    if told.is_empty() { String::new() } else { words(shop.master.play(told)) }
}

fn lost(talk: &Rehearsal) -> Vec<Fact> {
    let rows = talk.last.iter().flat_map(|commit| &commit.facts).filter(|row| row.name == "answer.lost");
    rows.map(|row| serde_json::from_str(&row.data).expect("a fact")).collect()
}

fn notices(talk: &Rehearsal) -> String {
    let notices = talk.last.iter().flat_map(|commit| &commit.notices);
    notices.map(|notice| notice.text.clone()).collect::<Vec<_>>().join("\n")
}

#[test]
fn whoever_wrote_an_answer_that_did_not_arrive_hears_so_in_their_chat_with_the_reason() {
    let reasons = ["заблокировал бота", "удалён", "chat not found", "вовремя", "вовремя"];
    for (fate, reason) in every_fate().into_iter().zip(reasons) {
        let (mut shop, bubbles) = answered("Успеем к десяти");
        let told = comes_back(&mut shop, bubbles[0], &fate);
        for part in ["не дошёл: Анна", reason, "«Успеем к десяти»"] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert_eq!(lost(&shop.anna), [Fact::AnswerLost { bubble: bubbles[0], why: fate.clone() }]);
        let page = notices(&shop.anna);
        assert!(page.contains("Не доставлено") && page.contains("(мастер)") && page.contains(reason), "{page}");
        assert!(shop.anna.said.is_empty(), "the customer hears nothing of it");
    }
}

#[test]
fn an_answer_of_several_messages_that_did_not_arrive_is_told_of_once_and_each_of_them_is_marked() {
    let mut shop = Shop::open();
    let short = Capabilities { text_max: 40, ..roomy() };
    shop.anna = shop.anna.capabilities(short);
    let card = asked_for_person(&mut shop);
    shop.presses(Who::Master, &token(&card, "Написать"));
    shop.writes(Who::Master, "Первое предложение ответа. Второе предложение ответа. Третье предложение.");
    let bubbles = answer(&shop.anna);
    assert!(bubbles.len() > 1, "{bubbles:?}");
    let told: Vec<String> = bubbles.iter().map(|one| comes_back(&mut shop, *one, &refused())).collect();
    assert!(told[0].contains("Первое"), "{told:?}");
    assert!(told[1..].iter().all(String::is_empty), "{told:?}");
    let marked = shop.anna.commits.iter().flat_map(|commit| &commit.facts).filter(|row| row.name == "answer.lost");
    assert_eq!(marked.count(), bubbles.len());
    let rows = shop.anna.commits.iter().flat_map(|commit| &commit.notices);
    assert_eq!(rows.filter(|row| row.text.contains("не дошёл")).count(), 1, "on the owner's page as well");
}

#[test]
fn who_answers_on_the_owners_page_hears_once_in_their_own_chat_that_it_did_not_arrive() {
    for (fate, who) in every_fate().into_iter().zip(["мастер", "Мастер", "мастер", "мастер", "мастер"])
    {
        let mut shop = Shop::open();
        let short = Capabilities { text_max: 40, ..roomy() };
        shop.anna = shop.anna.capabilities(short);
        shop.anna.named("Анна", "здравствуйте");
        let text = "Первое предложение ответа. Второе предложение ответа.".into();
        shop.anna.play(vec![Event::Team { who: who.into(), action: TeamAction::Reply { text } }]);
        let bubbles = answer(&shop.anna);
        let told = comes_back(&mut shop, bubbles[0], &fate);
        assert!(told.contains("не дошёл: Анна") && told.contains("Первое"), "{told}");
        assert!(bubbles.len() > 1 && comes_back(&mut shop, bubbles[1], &fate).is_empty(), "once");
    }
}

#[test]
fn who_is_told_by_letters_alone_hears_in_no_chat_of_an_answer_from_the_owners_page() {
    let mut shop = Shop::open();
    shop.anna.setting.team = shop.anna.setting.team.iter().cloned().map(by_letter).collect();
    shop.anna.named("Анна", "здравствуйте");
    let action = TeamAction::Reply { text: "Добрый день".into() };
    shop.anna.play(vec![Event::Team { who: "мастер".into(), action }]);
    let bubbles = answer(&shop.anna);
    assert_eq!(comes_back(&mut shop, bubbles[0], &refused()), "");
    assert!(notices(&shop.anna).contains("не дошёл"));
}

/// An address that hears nothing.
fn by_letter(to: TeamAddress) -> TeamAddress {
    let capabilities = Capabilities { hears: Has::No, ..Capabilities::clone(&to.capabilities) };
    TeamAddress { capabilities: capabilities.into(), ..to }
}

#[test]
fn an_answer_from_the_owners_page_of_somebody_the_file_does_not_know_is_marked_there_and_told_of_to_nobodys_chat() {
    for fate in every_fate() {
        let mut shop = Shop::open();
        shop.anna.named("Анна", "здравствуйте");
        let action = TeamAction::Reply { text: "Добрый день".into() };
        shop.anna.play(vec![Event::Team { who: "Ирина".into(), action }]);
        let bubbles = answer(&shop.anna);
        assert_eq!(comes_back(&mut shop, bubbles[0], &fate), "");
        assert_eq!(lost(&shop.anna), [Fact::AnswerLost { bubble: bubbles[0], why: fate.clone() }]);
        assert!(notices(&shop.anna).contains("не дошёл"), "{fate:?}");
    }
}

#[test]
fn an_answer_to_a_customer_who_cannot_be_reached_is_kept_and_marked_and_not_sent() {
    let mut shop = Shop::open();
    shop.anna.named("Анна", "здравствуйте");
    shop.anna.did(voronka_core::message::Content::Blocked);
    shop.anna.team(TeamAction::Reply { text: "Вы здесь?".into() });
    let commit = shop.anna.last.clone().expect("a turn");
    assert!(commit.outbox.iter().all(|row| row.lane == Lane::Notice), "{:?}", commit.outbox);
    let row = commit.messages.iter().find(|row| row.author == Author::Person).expect("the words are kept");
    assert_eq!(row.text, "Вы здесь?");
    let bubble = row.bubble.expect("a bubble");
    assert_eq!(lost(&shop.anna), [Fact::AnswerLost { bubble, why: DeliveryFate::Blocked }]);
}

#[test]
fn what_the_bot_said_and_did_not_arrive_is_no_answer_of_a_person() {
    let (mut shop, _) = answered("Успеем");
    shop.anna.team(TeamAction::GiveBack);
    let said: Vec<Bubble> = shop.anna.me("сколько стоит торт?").to_vec();
    assert!(!said.is_empty());
    let of_bot = shop.anna.last.as_ref().expect("a turn").outbox[0].id;
    assert_eq!(comes_back(&mut shop, of_bot, &refused()), "");
    assert_eq!(lost(&shop.anna), []);
}
