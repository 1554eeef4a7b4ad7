//! One person on two accounts: found, told, obeyed on both, and parted again.

use jiff::SignedDuration;
use voronka_core::{
    ids::{AccountId, CustomerId},
    message::{
        Bubble, ContactOf, Content, Deed, Done, Event, Identity, Inbound, KinWord, Peer, Profile, Seat, TeamAction,
        TeamHears,
    },
    person::Kinship,
    ports::KnownBy,
    rows::{CustomerRow, IdentityRow, Lane, Past, Withdraw},
    turn::{Look, Seen},
};
use voronka_testkit::Rehearsal;

use crate::{
    desk::{Pages, Shop, Who, links, token, words},
    handoff::{contact_left, told_again},
    shop::{NOON, ORDER, at_filling, fact, shop},
};

const PHONE: &str = "8 (999) 123-45-67";
const OPTED_OUT: &str = r#"{"v":"1","opted_out":true}"#;

fn kept(talk: &Rehearsal) -> Vec<Inbound> {
    talk.last.as_ref().expect("a turn").posts.clone()
}

fn kin_words(talk: &Rehearsal) -> Vec<(String, KinWord)> {
    let of = kept(talk).into_iter().filter_map(|post| match post.event {
        Event::Kin { word } => Some((post.peer.as_str().to_owned(), word)),
        _ => None,
    });
    of.collect()
}

fn other() -> CustomerId {
    CustomerId::of(&["elsewhere"])
}

/// Somebody with the same phone on another account.
fn namesake(data: &str) -> IdentityRow {
    IdentityRow {
        customer: other(),
        version: 1,
        account: AccountId::parse("vk").expect("an account"),
        peer: Peer::new("77"),
        name: Some("Анна".into()),
        phone: Some("+79991234567".into()),
        email: None,
        merged_into: None,
        data: data.to_owned(),
        page: None,
    }
}

/// How a phone came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    /// In words.
    Typed,
    /// In a field that is for the customer's own.
    TypedAsOwn,
    /// By the messenger's button.
    Shared,
}

/// A customer who has left a phone.
fn leaves_phone(given: Given) -> Rehearsal {
    let mut talk = at_filling();
    talk.press("Ягоды");
    let shared = |whose| Content::Contact { phone: PHONE.into(), name: None, whose };
    talk.did(match given {
        Given::Typed => Content::Text { text: PHONE.into() },
        Given::TypedAsOwn => shared(ContactOf::Sender),
        Given::Shared => shared(ContactOf::Vouched),
    });
    assert_eq!(talk.snapshot().customer.more.vouched, given == Given::Shared, "{given:?}");
    let own = own_peer(&talk);
    assert_eq!(kin_words(&talk), [(own, KinWord::Seek)], "it is looked for behind this turn, once");
    talk
}

fn own_peer(talk: &Rehearsal) -> String {
    talk.last.as_ref().expect("a turn").conversation.peer.as_str().to_owned()
}

fn own_id(talk: &Rehearsal) -> CustomerId {
    talk.last.as_ref().expect("a turn").conversation.customer
}

/// Others are looked for by the phone, and these are found.
fn seek(talk: &mut Rehearsal, found: Vec<IdentityRow>) {
    talk.look_by(Box::new(move |look| match look {
        Look::People(known) if known.contains(&KnownBy::Phone("+79991234567".into())) => {
            Some(Seen::People(found.clone()))
        }
        _ => None,
    }));
    talk.play(vec![Event::Kin { word: KinWord::Seek }]);
}

fn seeks(given: Given, theirs: &str) -> Rehearsal {
    let mut talk = leaves_phone(given);
    seek(&mut talk, vec![namesake(theirs)]);
    talk
}

fn kinship(talk: &Rehearsal) -> Option<Kinship> {
    talk.last.as_ref().expect("a turn").kinship
}

const VOUCHED: &str = r#"{"v":"1","vouched":true}"#;

#[test]
fn a_contact_that_messengers_vouch_for_on_both_accounts_makes_them_one_person() {
    let mut talk = seeks(Given::Shared, VOUCHED);
    assert_eq!(kinship(&talk), Some(Kinship::Joins(other())));
    assert_eq!(kin_words(&talk), [(own_peer(&talk), KinWord::Joined)]);
    assert!(fact(&talk, "person.merged") && talk.snapshot().state.same_as.is_empty());
    // Behind that turn the store has them as one person, and the other hears of it.
    talk.loaded_mut().kin = vec![IdentityRow { merged_into: Some(other()), ..namesake(VOUCHED) }];
    talk.play(vec![Event::Kin { word: KinWord::Joined }]);
    assert_eq!(kin_words(&talk), [("77".to_owned(), KinWord::Changed)]);
}

/// A number has one account of a messenger at a time: the second has it from the first.
#[test]
fn a_number_that_one_messenger_vouches_for_twice_is_a_suggestion_and_never_a_merge() {
    let of_same_messenger = |talk: &Rehearsal, peer: &str| IdentityRow {
        account: talk.snapshot().account,
        peer: Peer::new(peer),
        ..namesake(VOUCHED)
    };
    let mut talk = leaves_phone(Given::Shared);
    let another = of_same_messenger(&talk, "78");
    seek(&mut talk, vec![another]);
    assert_eq!(kinship(&talk), None);
    assert_eq!(talk.snapshot().state.same_as, [other()]);
    // The same account of theirs, with another bot.
    let mut talk = leaves_phone(Given::Shared);
    let same = IdentityRow { peer: Peer::new(&own_peer(&talk)), ..namesake(VOUCHED) };
    seek(&mut talk, vec![same]);
    assert_eq!(kinship(&talk), Some(Kinship::Joins(other())));
}

#[test]
fn a_phone_that_no_messenger_vouches_for_is_a_suggestion_to_the_team_and_never_a_merge() {
    let plain = r#"{"v":"1"}"#;
    for (given, theirs) in
        [(Given::Typed, VOUCHED), (Given::TypedAsOwn, VOUCHED), (Given::Shared, plain), (Given::TypedAsOwn, plain)]
    {
        let mut talk = seeks(given, theirs);
        let commit = talk.last.clone().expect("a turn");
        assert_eq!((commit.kinship, commit.posts.len()), (None, 0), "{given:?}");
        assert_eq!(talk.snapshot().state.same_as, [other()]);
        assert!(!commit.conversation.state.contains("\"77\""), "no address of theirs: {}", commit.conversation.state);
        assert!(commit.outbox.iter().all(|row| row.lane == Lane::Notice), "to the team alone: {:?}", commit.outbox);
        assert!(commit.notices.iter().any(|notice| notice.about.contains("person.same")), "{:?}", commit.notices);
        talk.play(vec![Event::Kin { word: KinWord::Seek }]);
        assert_eq!(talk.snapshot().state.same_as.len(), 1, "once is enough");
        assert!(talk.last.as_ref().expect("a turn").notices.is_empty());
    }
}

#[test]
fn a_phone_that_a_messenger_vouched_for_is_vouched_for_no_more_once_another_is_typed() {
    let mut talk = seeks(Given::Shared, VOUCHED);
    assert!(talk.snapshot().customer.more.vouched);
    talk.me("мой телефон 8 (999) 765-43-21");
    let customer = talk.snapshot().customer;
    assert_eq!(customer.phone.map(|phone| phone.as_str().to_owned()).as_deref(), Some("+79997654321"));
    assert!(!customer.more.vouched);
}

#[test]
fn who_was_said_not_to_be_the_same_is_neither_suggested_nor_merged_whichever_side_said_it() {
    let by_them = |own: CustomerId| format!(r#"{{"v":"1","vouched":true,"not_same":["{own}"]}}"#);
    // Said on the other side.
    let mut talk = leaves_phone(Given::Shared);
    let theirs = by_them(own_id(&talk));
    seek(&mut talk, vec![namesake(&theirs)]);
    assert_eq!((kinship(&talk), talk.snapshot().state.same_as), (None, vec![]));
    // Said on this side.
    let mut talk = leaves_phone(Given::Shared);
    talk.play(vec![Event::Kin { word: KinWord::Parted { from: other() } }]);
    seek(&mut talk, vec![namesake(VOUCHED)]);
    assert_eq!((kinship(&talk), talk.snapshot().state.same_as), (None, vec![]));
    // Said of somebody who is one person with whom is found: a third does not bring the two together.
    let third = CustomerId::of(&["a third"]);
    let mut talk = leaves_phone(Given::Shared);
    let theirs = by_them(own_id(&talk));
    let of_person = |row: IdentityRow| IdentityRow { merged_into: Some(other()), ..row };
    let joined = IdentityRow { customer: third, peer: Peer::new("78"), ..namesake(VOUCHED) };
    seek(&mut talk, vec![of_person(joined), of_person(IdentityRow { phone: None, ..namesake(&theirs) })]);
    assert_eq!((kinship(&talk), talk.snapshot().state.same_as), (None, vec![]));
}

#[test]
fn of_several_who_are_one_person_one_is_suggested_and_whoever_shares_no_contact_is_not() {
    let mut talk = leaves_phone(Given::Typed);
    let of_person = |row: IdentityRow| IdentityRow { merged_into: Some(other()), ..row };
    let joined = IdentityRow { customer: CustomerId::of(&["a third"]), phone: None, ..namesake(VOUCHED) };
    let stranger = IdentityRow { customer: CustomerId::of(&["a stranger"]), phone: None, ..namesake(VOUCHED) };
    seek(&mut talk, vec![of_person(joined), of_person(namesake(VOUCHED)), stranger]);
    assert_eq!(talk.snapshot().state.same_as, [other()]);
}

#[test]
fn whoever_turns_out_to_be_somebody_else_is_suggested_on_neither_side() {
    let mut talk = seeks(Given::Typed, VOUCHED);
    assert_eq!(talk.snapshot().state.same_as, [other()]);
    talk.play(vec![Event::Kin { word: KinWord::Parted { from: other() } }]);
    assert_eq!(talk.snapshot().state.same_as, []);
    assert_eq!(talk.snapshot().customer.more.not_same, [other()]);
}

#[test]
fn a_member_merges_whom_the_card_suggests_or_keeps_them_apart_for_good() {
    for (label, verb) in [("Один человек", true), ("Разные люди", false)] {
        let mut shop = Shop::open();
        shop.anna.named("Анна", "позовите человека");
        shop.anna.look_by(Box::new(|look| match look {
            Look::People(known) if *known == [KnownBy::Id(other())] => Some(Seen::People(vec![namesake("{}")])),
            _ => None,
        }));
        let card = shop.cards(Who::Master);
        let row = shop.anna.loaded_mut().conversation.as_mut().expect("a conversation");
        let mut state: serde_json::Value = serde_json::from_str(&row.state).expect("JSON");
        state["same_as"] = serde_json::json!([other()]);
        row.state = state.to_string();
        // The same card as the team's, opened anew.
        let open = token(&card, "Обработано").replacen("d.h.", "d.c.", 1);
        let (_, told) = shop.does(Who::Master, Content::Button { token: open, label: None });
        let token = token(&told, label);
        let told = shop.presses(Who::Master, &token);
        let commit = shop.anna.last.clone().expect("a turn");
        assert_eq!(commit.kinship, verb.then_some(Kinship::Joins(other())), "{told}");
        let snapshot = shop.anna.snapshot();
        assert!(snapshot.state.same_as.is_empty());
        assert_eq!(snapshot.customer.more.not_same.contains(&other()), !verb);
        let told = if verb {
            (own_peer(&shop.anna), KinWord::Joined)
        } else {
            ("77".to_owned(), KinWord::Parted { from: own_id(&shop.anna) })
        };
        assert_eq!(kin_words(&shop.anna), [told]);
        let again = shop.presses(Who::Master, &token);
        assert!(again.contains("не действует"), "{again}");
    }
}

/// Anna, of whom cards suggest two others, and who asks for a person; the card of the master's.
fn two_are_suggested(found: Vec<IdentityRow>) -> (Shop, Vec<Bubble>) {
    let mut shop = Shop::open();
    shop.anna = shop.anna.links(Pages);
    shop.anna.me("привет");
    let suggested: Vec<CustomerId> = found.iter().map(|row| row.customer).collect();
    shop.anna.look_by(Box::new(move |look| match look {
        Look::People(_) => Some(Seen::People(found.clone())),
        _ => None,
    }));
    let row = shop.anna.loaded_mut().conversation.as_mut().expect("a conversation");
    let mut state: serde_json::Value = serde_json::from_str(&row.state).expect("JSON");
    state["same_as"] = serde_json::json!(suggested);
    row.state = state.to_string();
    shop.anna.named("Анна", "позовите человека");
    let card = shop.cards(Who::Master);
    (shop, card)
}

fn third() -> CustomerId {
    CustomerId::of(&["a third"])
}

/// On two accounts: one whose messenger has an address for their chat, one without.
fn two_others() -> Vec<IdentityRow> {
    let site = AccountId::parse("web").expect("an account");
    vec![
        IdentityRow { page: Some("https://t.me/anna".into()), ..namesake("{}") },
        IdentityRow { customer: third(), account: site, peer: Peer::new("78"), ..namesake("{}") },
    ]
}

#[test]
fn a_card_numbers_those_who_may_be_the_same_person_as_its_buttons_do_and_leads_to_their_chats() {
    let (mut shop, card) = two_are_suggested(two_others());
    let shown = links(&card);
    let [("1. Тот же контакт: vk", chat), ("2. Тот же контакт: web", page), ("Открыть чат", _)] = shown[..]
    else {
        panic!("{card:#?}")
    };
    let theirs = Identity::of(&two_others()[1]).key(&shop.anna.snapshot().key.partner);
    assert_eq!(chat, "https://t.me/anna");
    assert!(page.starts_with("https://admin.example/") && page.ends_with(&theirs.conversation.to_string()), "{page}");
    // The second button is about the second line.
    let told = shop.presses(Who::Master, &token(&card, "№\u{a0}2 · Один человек"));
    assert!(told.contains("карточка одна"), "{told}");
    assert_eq!(kinship(&shop.anna), Some(Kinship::Joins(third())));
    assert_eq!(shop.anna.snapshot().state.same_as, [other()]);
}

#[test]
fn the_only_one_who_may_be_the_same_person_needs_no_number_and_no_address_to_be_told_of() {
    let (_, card) = two_are_suggested(two_others()[..1].to_vec());
    token(&card, "Разные люди");
    assert!(links(&card).contains(&("Тот же контакт: vk", "https://t.me/anna")), "{card:?}");
    let (mut shop, card) = two_are_suggested(two_others());
    // The store does not tell who they are: of the one that is opened anew as well.
    let open = token(&card, "Обработано").replacen("d.h.", "d.c.", 1);
    let (_, told) = shop.does(Who::Master, Content::Button { token: open, label: None });
    assert!(words(&told).contains("2. Тот же контакт в другом диалоге"), "{told:?}");
    token(&told, "№\u{a0}2 · Разные люди");
}

/// What a press of the master's tells the customer's conversation.
fn deed(card: &[Bubble], label: &str) -> Event {
    let token = token(card, label);
    let of = token.rsplit('.').next().and_then(|of| u32::from_str_radix(of, 16).ok()).expect("who is meant");
    let account = AccountId::parse("telegram").expect("an account");
    let by = Seat { member: "мастер".into(), account, peer: Peer::new("2") };
    Event::Deed {
        by, deed: if label.ends_with("Один человек") { Deed::Same { of } } else { Deed::NotSame { of } }
    }
}

fn answers(talk: &Rehearsal) -> Vec<Done> {
    let done = |post: Inbound| match post.event {
        Event::Done { done, .. } => Some(done),
        _ => None,
    };
    kept(talk).into_iter().filter_map(done).collect()
}

fn to_self(talk: &Rehearsal) -> Vec<Event> {
    let own = Peer::new(&own_peer(talk));
    kept(talk).into_iter().filter(|post| post.peer == own).map(|post| post.event).collect()
}

fn merges(talk: &Rehearsal) -> usize {
    talk.facts.iter().filter(|fact| *fact == "person.merged").count()
}

/// Two members, or one who is quick, press while the conversation is busy: all of it is one turn.
#[test]
fn whatever_is_pressed_of_several_while_a_conversation_is_busy_is_done_once_each_and_nothing_is_lost() {
    let (Shop { mut anna, .. }, card) = two_are_suggested(two_others());
    let pressed =
        ["№\u{a0}1 · Один человек", "№\u{a0}2 · Один человек", "№\u{a0}1 · Один человек", "№\u{a0}2 · Один человек"];
    anna.play(pressed.iter().map(|label| deed(&card, label)).collect());
    assert_eq!(kinship(&anna), Some(Kinship::Joins(other())));
    assert_eq!(answers(&anna), [Done::Merged, Done::Merged, Done::NotSuggested, Done::NotSuggested]);
    let later = Event::Kin { word: KinWord::Merge { with: third(), by: "мастер".into() } };
    assert_eq!(to_self(&anna), [Event::Kin { word: KinWord::Joined }, later.clone()]);
    assert_eq!(merges(&anna), 1);
    let of_person = |row: &IdentityRow| IdentityRow { merged_into: Some(other()), ..row.clone() };
    let others: Vec<IdentityRow> = two_others().iter().map(of_person).collect();
    anna.loaded_mut().kin = others[..1].to_vec();
    let waits = to_self(&anna);
    anna.play(waits);
    assert_eq!((kinship(&anna), merges(&anna)), (Some(Kinship::Joins(third())), 2));
    anna.loaded_mut().kin = others;
    let mut waits = to_self(&anna);
    waits.push(later);
    anna.play(waits);
    assert_eq!((kinship(&anna), merges(&anna), to_self(&anna)), (None, 2, vec![]), "who is known is not joined again");
}

#[test]
fn who_is_kept_apart_while_another_is_joined_is_kept_apart_in_the_same_turn() {
    let (Shop { mut anna, .. }, card) = two_are_suggested(two_others());
    anna.play(vec![deed(&card, "№\u{a0}1 · Один человек"), deed(&card, "№\u{a0}2 · Разные люди")]);
    assert_eq!((kinship(&anna), answers(&anna)), (Some(Kinship::Joins(other())), vec![Done::Merged, Done::KeptApart]));
    assert_eq!(anna.snapshot().customer.more.not_same, [third()]);
    let parted = ("78".to_owned(), KinWord::Parted { from: own_id(&anna) });
    assert!(kin_words(&anna).contains(&parted), "the other keeps it as well: {:?}", kin_words(&anna));
}

#[test]
fn a_split_that_comes_with_a_merge_follows_it_in_the_next_turn() {
    let mut talk = with_kin(r#"{"v":"1"}"#);
    let merge = KinWord::Merge { with: third(), by: "operator".into() };
    let split = KinWord::Split { by: "operator".into() };
    talk.play([&merge, &split].map(|word| Event::Kin { word: word.clone() }).into());
    assert_eq!(kinship(&talk), Some(Kinship::Joins(third())));
    assert_eq!(to_self(&talk), [KinWord::Joined, split.clone()].map(|word| Event::Kin { word }));
    let waits = to_self(&talk);
    talk.play(waits);
    assert_eq!((kinship(&talk), fact(&talk, "person.split")), (Some(Kinship::Leaves), true));
    // The other way round.
    let mut talk = with_kin(r#"{"v":"1"}"#);
    talk.play([&split, &merge].map(|word| Event::Kin { word: word.clone() }).into());
    assert_eq!((kinship(&talk), to_self(&talk)), (Some(Kinship::Leaves), vec![Event::Kin { word: merge }]));
}

/// A customer whose person has another conversation, of which this is read.
fn with_kin(data: &str) -> Rehearsal {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("/start");
    talk.loaded_mut().kin = vec![IdentityRow { merged_into: Some(other()), ..namesake(data) }];
    talk
}

#[test]
fn whoever_opts_out_on_one_account_tells_the_others_and_they_obey() {
    let mut talk = with_kin(r#"{"v":"1"}"#);
    talk.me("/stop");
    assert_eq!(kin_words(&talk), [("77".to_owned(), KinWord::Changed)]);
    let mut there = with_kin(OPTED_OUT);
    there.play(vec![Event::Kin { word: KinWord::Changed }]);
    assert_eq!(there.last.as_ref().expect("a turn").withdraw, Withdraw::Campaigns);
    assert!(!there.snapshot().customer.more.opted_out, "the wish stays with who gave it");
    there.loaded_mut().kin.clear();
    there.play(vec![Event::Kin { word: KinWord::Changed }]);
    assert_eq!(
        there.last.as_ref().expect("a turn").withdraw,
        Withdraw::Nothing,
        "split again, each has their own wish"
    );
}

/// A conversation with a question whether letters may be sent, and a letter for whoever agrees.
fn asked_for_letters() -> Rehearsal {
    asked_for("{id: раз, after: 3h, say: Раз}")
}

fn asked_for(step: &str) -> Rehearsal {
    let flow = "start: {commands: [/letters]}\nsteps:\n  - ask: Присылать письма? Это реклама.\n    as: письма\n    choice: {да: 'Да, присылайте', нет: Нет}\n    ads: да\n  - end: готово\n";
    let mut files = crate::shop::files(&[("letters", flow)]);
    files.insert("config.yaml".into(), "name: Лавка\naccounts: {web: {}}\n".into());
    let letter = format!("enter: {{fact: flow.letters.готово}}\nad: true\nsteps:\n  - {step}\n");
    files.insert("sequences/s.yaml".into(), letter.into());
    let mut talk = Rehearsal::new(crate::partners::playbook("lavka", &files), "web", NOON);
    talk.me("/letters");
    talk
}

fn kin_says(talk: &mut Rehearsal, data: &str) {
    talk.loaded_mut().kin =
        vec![IdentityRow { merged_into: Some(other()), ..namesake(&format!(r#"{{"v":"1",{data}}}"#)) }];
}

#[test]
fn whoever_agrees_to_letters_on_one_account_has_changed_their_mind_on_all_until_they_say_stop_on_any() {
    let no = |at: &str| format!(r#""opted_out":true,"opted_out_at":"2026-12-01T{at}:00Z""#);
    let yes = |at: &str| format!(r#","opted_in_at":"2026-12-01T{at}:00Z""#);
    for (said_there_since, letters) in [
        (r#""opted_out":true"#.to_owned(), 1),
        (no("08:00"), 1),
        (no("10:00"), 0),
        // They agreed there after that: here nothing that they have taken back holds again.
        (no("10:00") + &yes("11:00"), 0),
    ] {
        let mut talk = asked_for_letters();
        kin_says(&mut talk, r#""opted_out":true"#);
        talk.press("Да, присылайте");
        assert!(fact(&talk, "opt_in"));
        assert_eq!(kin_words(&talk), [("77".to_owned(), KinWord::Changed)]);
        kin_says(&mut talk, &said_there_since);
        talk.play(vec![Event::Kin { word: KinWord::Changed }]);
        assert_eq!(talk.wait(SignedDuration::from_hours(3)).len(), letters, "{said_there_since}");
    }
}

/// Three hours from noon in Moscow it is ten in the evening in Vladivostok, and nine in the morning eleven hours later.
#[test]
fn a_letter_keeps_to_the_night_of_the_person_whose_clock_another_account_knows() {
    let east = r#""zone":"Asia/Vladivostok""#;
    let told = format!(r#""told_zone":"Europe/Moscow",{east}"#);
    for (known_there, known_here, at_once) in [
        (r#""vouched":true"#, None, 1),
        (east, None, 0),
        (&told, None, 1),
        (east, Some("Europe/Moscow"), 1),
        (r#""zone":"Europe/Moscow""#, Some("Asia/Vladivostok"), 0),
    ] {
        let mut talk = asked_for_letters();
        kin_says(&mut talk, known_there);
        if let Some(zone) = known_here {
            let row = talk.loaded_mut().customer.as_mut().expect("a customer");
            let mut data: serde_json::Value = serde_json::from_str(&row.data).expect("JSON");
            data["zone"] = zone.into();
            row.data = data.to_string();
        }
        talk.press("Да, присылайте");
        assert_eq!(talk.wait(SignedDuration::from_hours(3)).len(), at_once, "{known_there}, {known_here:?}");
        assert_eq!(talk.wait(SignedDuration::from_hours(11)).len(), 1 - at_once, "{known_there}, {known_here:?}");
    }
}

#[test]
fn a_step_at_an_hour_by_the_clock_of_another_account_stays_at_its_day_from_turn_to_turn() {
    let mut talk = asked_for("{id: раз, after: 1d, at: 18:00, say: Раз}");
    kin_says(&mut talk, r#""zone":"America/New_York""#);
    talk.press("Да, присылайте");
    let due = |talk: &Rehearsal| talk.state().sequences["s"].due;
    let planned = due(&talk);
    assert_eq!(planned.to_string(), "2026-12-02T23:00:00Z");
    for _ in 0..3 {
        talk.play(vec![Event::Kin { word: KinWord::Changed }]);
        assert_eq!(due(&talk), planned);
    }
}

#[test]
fn who_is_joined_tells_all_others_of_the_person() {
    let mut talk = with_kin(r#"{"v":"1"}"#);
    talk.play(vec![Event::Kin { word: KinWord::Joined }]);
    assert_eq!(kin_words(&talk), [("77".to_owned(), KinWord::Changed)]);
}

#[test]
fn who_is_split_off_is_not_suggested_again() {
    let mut talk = with_kin(r#"{"v":"1","vouched":true}"#);
    talk.play(vec![Event::Kin { word: KinWord::Split { by: "хозяйка".into() } }]);
    let commit = talk.last.clone().expect("a turn");
    assert_eq!(commit.kinship, Some(Kinship::Leaves));
    assert_eq!(kin_words(&talk), [("77".to_owned(), KinWord::Parted { from: own_id(&talk) })]);
    assert_eq!(talk.snapshot().customer.more.not_same, [other()]);
    assert!(fact(&talk, "person.split"));
}

#[test]
fn whose_wishes_cannot_be_read_wants_nothing_and_the_conversation_goes_on() {
    let mut talk = with_kin(r#"{"v":"9"}"#);
    talk.play(vec![Event::Kin { word: KinWord::Changed }]);
    assert_eq!(talk.last.as_ref().expect("a turn").withdraw, Withdraw::Campaigns);
    talk.me("привет");
    assert!(!talk.words().is_empty());
}

#[test]
fn a_wish_to_be_forgotten_goes_to_all_conversations_of_the_person() {
    let mut talk = with_kin(r#"{"v":"1"}"#);
    talk.me("/forget_me");
    let posts = kept(&talk);
    let elsewhere = Event::Forget { team: TeamHears::Elsewhere };
    assert!(posts.iter().any(|post| post.event == elsewhere && post.peer == Peer::new("77")), "{posts:?}");
    let notices = |talk: &Rehearsal| talk.last.as_ref().expect("a turn").notices.len();
    assert_eq!(notices(&talk), 1, "the team hears of it");
    for (event, told) in [(elsewhere, 0), (Event::Forget { team: TeamHears::Here }, 1)] {
        let mut there = with_kin(r#"{"v":"1"}"#);
        there.contact(PHONE);
        there.play(vec![event]);
        let customer: CustomerRow = there.loaded().customer.clone().expect("a customer");
        assert!(customer.data.contains("\"opted_out\":true") && customer.phone.is_none());
        let commit = there.last.clone().expect("a turn");
        assert_eq!(commit.past, Past::Erased);
        assert!(fact(&there, "opt_out"));
        assert!(
            commit.outbox.iter().all(|row| row.lane == Lane::Notice),
            "nothing is said at night: {:?}",
            commit.outbox
        );
        assert_eq!(notices(&there), told, "and the team is not told twice");
        assert_eq!(kept(&there), [], "it goes round once");
    }
}

#[test]
fn a_card_about_who_wants_nothing_more_is_sent_from_one_conversation_of_the_person() {
    for (team, cards) in [(TeamHears::Here, 1), (TeamHears::Elsewhere, 0)] {
        let mut shop = Shop::of_team("{to: хозяйка, about: [opt_out]}");
        shop.anna.me("привет");
        shop.anna.play(vec![Event::Forget { team }]);
        assert!(fact(&shop.anna, "opt_out"));
        assert_eq!(shop.cards(Who::Boss).len(), cards, "{team:?}");
    }
}

/// Of a merge from before they sat down there may be kin still: what is said of it is nothing to the desk.
#[test]
fn a_member_of_the_team_is_nobodys_kin() {
    let parted = KinWord::Parted { from: other() };
    let merge = KinWord::Merge { with: third(), by: "operator".into() };
    for word in
        [KinWord::Seek, merge, KinWord::Split { by: "operator".into() }, KinWord::Joined, KinWord::Changed, parted]
    {
        let mut shop = Shop::open();
        shop.does(Who::Boss, Content::Opened);
        shop.boss.loaded_mut().kin = vec![IdentityRow { merged_into: Some(other()), ..namesake(OPTED_OUT) }];
        shop.plays(Who::Boss, Event::Kin { word: word.clone() });
        let commit = shop.boss.last.clone().expect("a turn");
        assert_eq!((commit.kinship, commit.withdraw, commit.posts), (None, Withdraw::Nothing, vec![]), "{word:?}");
        assert!(commit.facts.is_empty() && commit.outbox.is_empty() && commit.customer.is_none(), "{word:?}");
    }
}

#[test]
fn whoever_sits_on_the_team_and_is_forgotten_elsewhere_keeps_their_desk_and_nothing_of_the_customer() {
    let mut talk = leaves_phone(Given::Shared);
    let peer = own_peer(&talk);
    talk.seat("мастер", &peer);
    talk.did(Content::Opened);
    assert!(talk.snapshot().customer.phone.is_some(), "they were a customer");
    let asks =
        Event::Customer { content: Content::Text { text: "что тут?".into() }, profile: Profile::default() };
    talk.play(vec![asks, Event::Forget { team: TeamHears::Elsewhere }]);
    let commit = talk.last.clone().expect("a turn");
    let customer = talk.snapshot().customer;
    assert_eq!((commit.past, customer.phone, customer.name), (Past::Erased, None, None));
    assert!(customer.more.opted_out && customer.more.answers.is_empty());
    assert!(talk.words().contains("рабочий чат"), "what a member asks is answered all the same: {}", talk.words());
    assert!(talk.state().desk.is_some());
}

#[test]
fn whoever_looks_after_a_person_on_one_account_settles_the_reminders_of_the_others() {
    let heeded = [("77".to_owned(), KinWord::Heeded)];
    for action in [TeamAction::Handled, TeamAction::TakeOver, TeamAction::Reply { text: "Здравствуйте".into() }]
    {
        let mut talk = with_kin(r#"{"v":"1"}"#);
        talk.play([1, 2].map(|_| Event::Team { who: "мастер".into(), action: action.clone() }).into());
        assert_eq!(kin_words(&talk), heeded, "{action:?}, once a turn");
    }
    // Who goes on writing has told it already.
    let mut talk = with_kin(r#"{"v":"1"}"#);
    talk.team(TeamAction::TakeOver);
    talk.team(TeamAction::Reply { text: "Здравствуйте".into() });
    assert_eq!(kin_words(&talk), []);
    // On the other account nobody is told again, and it goes round once.
    let mut there = contact_left(NOON, "remind: 30m");
    there.anna.loaded_mut().kin = vec![IdentityRow { merged_into: Some(other()), ..namesake("{}") }];
    there.anna.play(vec![Event::Kin { word: KinWord::Heeded }]);
    assert_eq!(kept(&there.anna), []);
    there.anna.wait(SignedDuration::from_hours(72));
    assert_eq!(told_again(&there), [""; 0]);
}

/// Whoever wants no more messages on one account is brought up again on none.
#[test]
fn an_opt_out_on_one_account_settles_the_reminders_of_the_others() {
    let mut there = contact_left(NOON, "remind: 30m");
    there.anna.loaded_mut().kin = vec![IdentityRow { merged_into: Some(other()), ..namesake(OPTED_OUT) }];
    there.anna.play(vec![Event::Kin { word: KinWord::Changed }]);
    there.anna.wait(SignedDuration::from_hours(72));
    assert_eq!(told_again(&there), [""; 0]);
}
