//! The team works from its own chats: who writes there is no lead, cards have buttons, and what they do comes to the customer's
//! conversation by mail and back.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use jiff::SignedDuration;
use voronka_core::{
    ids::{AccountId, ConversationId, CustomerId},
    message::{Bubble, Content, ConversationKey, Event, Inbound, Peer, Press, Profile, TeamAction},
    ports::{LeadCard, Links},
    rows::{Lane, LeadRow, UNHEARD},
    spec::{partner::PartnerFiles, rich::Style},
    turn::{DeskPlace, Look, Owner, Seen, TeamAddress},
};
use voronka_testkit::{Rehearsal, rehearsal::roomy};

use crate::{
    partners::playbook,
    shop::{NOON, ORDER, files},
};

const TEAM: &str = "team: {хозяйка: {telegram: 1, role: owner}, мастер: {telegram: 2}}
notify:
  - {to: хозяйка, about: [contact.left, order.placed, complaint, price.asked]}
  - {to: мастер, about: [handoff], remind: 10m}
handoff: {back: 1h}
";

/// A customer, and two members of the team in their own chats.
pub(crate) struct Shop {
    pub(crate) anna: Rehearsal,
    pub(crate) boss: Rehearsal,
    pub(crate) master: Rehearsal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Boss,
    Master,
}

impl Shop {
    pub(crate) fn open() -> Self {
        Self::at(NOON)
    }

    /// Its file names a link.
    pub(crate) fn with_a_link() -> Self {
        Self::made(NOON, &format!("links: {{каталог: \"https://shop.example/\"}}\n{TEAM}"))
    }

    /// With one more rule of what the team is told.
    pub(crate) fn of_team(rule: &str) -> Self {
        let also = format!("notify:\n  - {rule}\n");
        Self::made(NOON, &TEAM.replace("notify:\n", &also))
    }

    /// Nobody has asked to be told when a person is needed.
    pub(crate) fn without_handoff() -> Self {
        Self::made(NOON, &TEAM.replace("  - {to: мастер, about: [handoff], remind: 10m}\n", ""))
    }

    /// The file says of nobody that they own the place.
    pub(crate) fn without_owner() -> Self {
        Self::made(NOON, &TEAM.replace(", role: owner", ""))
    }

    fn at(now: &str) -> Self {
        Self::made(now, TEAM)
    }

    /// With more rules on who is told what.
    pub(crate) fn with(now: &str, rules: &str) -> Self {
        Self::made(now, &TEAM.replace("handoff: {back", &format!("{rules}handoff: {{back")))
    }

    /// With one more flow.
    pub(crate) fn with_flow(now: &str, rules: &str, flow: (&str, &str)) -> Self {
        let team = TEAM.replace("handoff: {back", &format!("{rules}handoff: {{back"));
        Self::of_files(now, &team, files(&[("zakaz", ORDER), flow]))
    }

    fn made(now: &str, team: &str) -> Self {
        Self::of_files(now, team, files(&[("zakaz", ORDER)]))
    }

    fn of_files(now: &str, team: &str, mut files: PartnerFiles) -> Self {
        let config = String::from_utf8(files["config.yaml"].clone()).expect("the settings are UTF-8");
        let config = config.split("team:").next().expect("settings").to_owned() + team;
        files.insert("config.yaml".into(), config.into_bytes());
        let talk = || {
            let mut talk = Rehearsal::new(playbook("lavka", &files), "telegram", now);
            talk.setting.team = [("хозяйка", "1"), ("мастер", "2")].map(|(member, peer)| address(member, peer)).into();
            talk
        };
        let (anna, mut boss, mut master) = (talk(), talk(), talk());
        boss.seat("хозяйка", "1");
        master.seat("мастер", "2");
        Self { anna, boss, master }
    }

    fn member(&mut self, who: Who) -> &mut Rehearsal {
        match who {
            Who::Boss => &mut self.boss,
            Who::Master => &mut self.master,
        }
    }

    /// A member does something; mail goes to and fro until there is none. What the customer and the member heard of it.
    pub(crate) fn does(&mut self, who: Who, content: Content) -> (Vec<Bubble>, Vec<Bubble>) {
        self.plays(who, Event::Customer { content, profile: Profile::default() })
    }

    /// The same for anything that happens in a member's chat.
    pub(crate) fn plays(&mut self, who: Who, event: Event) -> (Vec<Bubble>, Vec<Bubble>) {
        let loaded = self.anna.loaded().clone();
        let member = self.member(who);
        member.look_by(Box::new(move |look| match look {
            Look::Conversation(_) => {
                Some(Seen::Conversation(loaded.conversation.is_some().then(|| Box::new(loaded.clone()))))
            }
            Look::Leads(..)
            | Look::People(_)
            | Look::Links { .. }
            | Look::Report { .. }
            | Look::Unanswered { .. }
            | Look::Adjust(..) => None,
        }));
        let mut told = member.play(vec![event]).to_vec();
        let mut said = Vec::new();
        for post in posts(member) {
            said.extend(self.anna.play(vec![post.event]).to_vec());
            // What the customer's other conversations are told is theirs.
            let to_members = posts(&self.anna).into_iter().filter(|post| matches!(post.event, Event::Done { .. }));
            for post in to_members {
                assert_eq!(
                    post.peer,
                    Peer::new(if who == Who::Boss { "1" } else { "2" }),
                    "whoever did it hears of it"
                );
                told.extend(self.member(who).play(vec![post.event]).to_vec());
            }
        }
        (said, told)
    }

    pub(crate) fn presses(&mut self, who: Who, token: &str) -> String {
        let (_, told) = self.does(who, Content::Button { token: token.to_owned(), label: None });
        words(&told)
    }

    pub(crate) fn writes(&mut self, who: Who, text: &str) -> (String, String) {
        let (said, told) = self.does(who, Content::Text { text: text.to_owned() });
        (words(&said), words(&told))
    }

    /// Cards of the last turn of the customer's conversation to a member.
    pub(crate) fn cards(&self, who: Who) -> Vec<Bubble> {
        cards(&self.anna, if who == Who::Boss { "1" } else { "2" })
    }
}

fn address(member: &str, peer: &str) -> TeamAddress {
    TeamAddress {
        member: member.into(),
        account: AccountId::parse("telegram").expect("an account"),
        peer: Peer::new(peer),
        capabilities: Arc::new(roomy()),
    }
}

fn cards(talk: &Rehearsal, peer: &str) -> Vec<Bubble> {
    let rows = talk.last.iter().flat_map(|commit| &commit.outbox);
    rows.filter(|row| row.lane == Lane::Notice && row.peer == Peer::new(peer)).map(|row| row.bubble.clone()).collect()
}

fn posts(talk: &Rehearsal) -> Vec<Inbound> {
    talk.last.as_ref().expect("a turn").posts.clone()
}

pub(crate) fn words(bubbles: &[Bubble]) -> String {
    bubbles.iter().map(|bubble| bubble.text.text.clone()).collect::<Vec<_>>().join("\n")
}

#[track_caller]
pub(crate) fn token(bubbles: &[Bubble], label: &str) -> String {
    let mut buttons = bubbles.iter().flat_map(|bubble| bubble.rows.iter().flatten());
    match buttons.find(|button| button.label == label).map(|button| &button.press) {
        Some(Press::Token { token }) => token.clone(),
        _ => panic!("no button «{label}» in {bubbles:#?}"),
    }
}

pub(crate) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// Anna asks for a person: the master's card.
pub(crate) fn asked_for_person(shop: &mut Shop) -> Vec<Bubble> {
    shop.anna.named("Анна", "позовите человека");
    shop.cards(Who::Master)
}

#[test]
fn a_member_who_writes_is_no_lead_and_is_told_what_the_chat_is_for() {
    let mut shop = Shop::open();
    for content in [
        Content::Command { name: "start".into(), args: "vesna".into() },
        Content::Text {
            text: "Сколько стоит торт? Хочу заказать, мой телефон +7 912 345-67-89".into()
        },
    ] {
        let (_, told) = shop.does(Who::Boss, content);
        assert!(words(&told).contains("рабочий чат"), "{told:?}");
        let commit = shop.boss.last.clone().unwrap();
        assert_eq!(commit.conversation.at, UNHEARD, "no list has it");
        assert!(commit.lead.is_none_or(|lead| lead.at == UNHEARD && lead.score == 0 && lead.source.is_none()));
        assert!(commit.customer.is_none_or(|customer| customer.phone.is_none()));
        assert_eq!((commit.timers, commit.notices, commit.messages, commit.tallies), (vec![], vec![], vec![], vec![]));
    }
    assert_eq!(shop.boss.facts, ["team.seated"]);
    assert!(shop.boss.wait(SignedDuration::from_hours(72)).is_empty(), "nobody warms them up");
}

#[test]
fn whoever_was_a_lead_before_they_joined_the_team_is_one_no_more() {
    let mut shop = Shop::open();
    shop.anna.me("привет");
    assert!(!shop.anna.state().timers.is_empty());
    shop.anna.seat("мастер", "42");
    shop.anna.me("и что тут?");
    let commit = shop.anna.last.clone().unwrap();
    assert_eq!((commit.conversation.at, commit.lead.map(|lead| lead.at)), (UNHEARD, Some(UNHEARD)));
    assert!(shop.anna.state().timers.is_empty() && shop.anna.state().run.is_none());
}

#[test]
fn a_customer_who_types_a_command_of_the_team_gets_what_any_unknown_command_gets() {
    let said = |name: &str| {
        let mut shop = Shop::open();
        let words = |talk: &mut Rehearsal| {
            talk.me("привет");
            talk.did(Content::Command { name: name.into(), args: String::new() });
            talk.words()
        };
        words(&mut shop.anna)
    };
    let unknown = said("nothing_of_ours");
    for command in
        ["my_leads", "hot_leads", "my_stats", "analytics", "top", "my_settings", "my_link", "training", "done"]
    {
        assert_eq!(said(command), unknown, "/{command}");
    }
}

#[test]
fn a_card_tells_who_it_is_and_what_to_do_and_its_button_opens_a_talk_that_goes_through_the_bot() {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    let text = words(&card);
    for part in ["Анна", "telegram", "Просит человека", "— позовите человека", "→ Ответьте"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let told = shop.presses(Who::Master, &token(&card, "Написать"));
    assert!(told.contains("Диалог ведёте вы, бот молчит: Анна"), "{told}");
    assert_eq!((shop.anna.state().owner, shop.anna.state().holder.as_deref()), (Owner::Person, Some("мастер")));
    let (said, told) = shop.writes(Who::Master, "Здравствуйте, это мастер. Чем помочь?");
    assert_eq!((said.as_str(), told.as_str()), ("Здравствуйте, это мастер. Чем помочь?", "Отправлено: Анна"));
    let body = &shop.anna.last.as_ref().unwrap().messages[0].body;
    assert!(body.contains(r#""by":"мастер""#), "the customer sees who answers: {body}");
    // What the customer answers comes to whoever has the talk, at once and as it is.
    shop.anna.me("Торт на завтра успеете?");
    let relayed = shop.cards(Who::Master);
    assert_eq!(words(&relayed), "Анна: Торт на завтра успеете?");
    assert!(shop.anna.said.is_empty(), "the bot is silent");
    let told = shop.presses(Who::Master, &token(&relayed, "Вернуть боту"));
    assert_eq!((shop.anna.state().owner, told.as_str()), (Owner::Bot, "Диалог снова ведёт бот: Анна."));
    let (said, told) = shop.writes(Who::Master, "и ещё");
    assert!(said.is_empty() && told.contains("рабочий чат"), "{said} {told}");
}

#[derive(Debug)]
pub(crate) struct Pages;

impl Links for Pages {
    fn heard(&self, _link: &str, _by: &ConversationKey) -> Option<String> {
        None
    }

    fn page(&self, of: &ConversationKey) -> Option<String> {
        Some(format!("https://admin.example/{}/chats/{}", of.partner, of.conversation))
    }
}

/// Where the links of bubbles lead, by their words.
pub(crate) fn links(bubbles: &[Bubble]) -> Vec<(&str, &str)> {
    let spans = bubbles.iter().flat_map(|bubble| bubble.text.spans.iter().map(move |span| (bubble, span)));
    spans
        .filter_map(|(bubble, span)| match &span.style {
            Style::Link(url) => Some((&bubble.text.text[span.bytes.clone()], url.as_str())),
            Style::Bold | Style::Italic => None,
        })
        .collect()
}

#[test]
fn a_card_leads_to_the_customers_chat_and_where_the_messenger_has_no_address_to_the_owners_page() {
    let asks = |shop: &mut Shop, page: Option<&str>| {
        let profile = Profile {
            name: Some("<b>Анна</b> [x](http://evil.example)".into()),
            page: page.map(Into::into),
            ..Profile::default()
        };
        let content = Content::Text { text: "позовите человека".into() };
        shop.anna.play(vec![Event::Customer { content, profile }]);
        shop.cards(Who::Master)
    };
    for page in ["https://t.me/anna", "tg://user?id=42"] {
        let mut shop = Shop::open();
        shop.anna = shop.anna.links(Pages);
        let card = asks(&mut shop, Some(page));
        assert_eq!(links(&card), [("Открыть чат", page)], "and a name is no link");
        assert!(words(&card).contains("<b>Анна</b> [x](http://evil.example)"), "{card:?}");
        let notice = &shop.anna.last.as_ref().unwrap().notices[0].text;
        assert!(!notice.contains(page), "the owner's page is there already: {notice}");
    }
    for unknown in [None, Some("javascript:alert(1)"), Some("t.me/anna"), Some("https://t.me/a b")] {
        let mut shop = Shop::open();
        assert_eq!(links(&asks(&mut shop, unknown)), [], "nobody knows an address: {unknown:?}");
        let mut shop = Shop::open();
        shop.anna = shop.anna.links(Pages);
        let card = asks(&mut shop, unknown);
        let [("Открыть чат", address)] = links(&card)[..] else { panic!("{card:?}") };
        let own = shop.anna.last.as_ref().unwrap().key.conversation.to_string();
        assert!(address.starts_with("https://admin.example/") && address.ends_with(&own), "{address}");
    }
}

#[test]
fn a_customer_who_was_forgotten_has_no_chat_to_be_opened() {
    let mut shop = Shop::open();
    let profile = Profile { page: Some("https://t.me/anna".into()), ..Profile::default() };
    let content = Content::Text { text: "удалите мои данные".into() };
    shop.anna.play(vec![Event::Customer { content, profile }]);
    assert_eq!(shop.anna.state().page, None);
    let outbox = &shop.anna.last.as_ref().unwrap().outbox;
    assert!(!format!("{outbox:?}").contains("t.me/anna"));
}

#[test]
fn a_talk_is_left_by_a_button_or_by_time_and_then_nothing_reaches_the_customer() {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    let (_, told) = shop.does(Who::Master, Content::Button { token: token(&card, "Написать"), label: None });
    assert!(shop.presses(Who::Master, &token(&told, "Закончить")).contains("Переписка закрыта"));
    assert_eq!(shop.writes(Who::Master, "не вам").0, "");
    shop.presses(Who::Master, &token(&card, "Написать"));
    shop.master.pass(minutes(9));
    assert_eq!(shop.writes(Who::Master, "ещё здесь").0, "ещё здесь");
    shop.master.pass(minutes(11));
    let (said, told) = shop.writes(Who::Master, "поздно");
    assert!(said.is_empty() && told.contains("Не отправлено: время переписки вышло"), "{told}");
}

#[test]
fn what_a_member_is_about_names_no_customer_who_may_be_forgotten() {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    assert!(shop.presses(Who::Master, &token(&card, "Написать")).contains("Анна"));
    let kept = |shop: &Shop| shop.master.last.as_ref().expect("a turn").conversation.state.clone();
    assert!(kept(&shop).contains("writing") && !kept(&shop).contains("Анна"), "{}", kept(&shop));
    shop.anna.me("/forget_me");
    let told = shop.does(Who::Master, Content::Command { name: "done".into(), args: String::new() }).1;
    let told = words(&told);
    assert!(told.contains("Переписка закрыта") && !told.contains("Анна"), "{told}");
}

#[test]
fn a_reply_to_a_card_goes_to_its_customer() {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    let to = token(&card, "Написать");
    let (said, told) = shop.does(Who::Master, Content::Reply { text: "Слушаю вас".into(), to });
    assert_eq!((words(&said).as_str(), words(&told).as_str()), ("Слушаю вас", "Отправлено: Анна"));
    assert_eq!(shop.anna.state().holder.as_deref(), Some("мастер"));
}

#[test]
fn of_two_members_who_press_at_once_the_second_is_told_who_has_it_and_sends_nothing() {
    let mut shop = Shop::open();
    shop.anna.named("Анна", "сколько стоит торт?");
    let theirs = shop.cards(Who::Boss);
    let card = asked_for_person(&mut shop);
    shop.presses(Who::Master, &token(&card, "Написать"));
    let write = token(&theirs, "Написать");
    assert!(shop.presses(Who::Boss, &write).contains("уже ведёт мастер: Анна"));
    let (said, told) = shop.does(Who::Boss, Content::Reply { text: "Это я".into(), to: write });
    assert!(said.is_empty() && words(&told).contains("уже ведёт мастер"), "{told:?}");
    assert_eq!(shop.anna.state().holder.as_deref(), Some("мастер"));
    // To take it over takes a word.
    let (_, choice) = shop.does(Who::Boss, Content::Button { token: token(&told, "Передать"), label: None });
    assert!(shop.presses(Who::Boss, &token(&choice, "хозяйка")).contains("Диалог ведёт хозяйка"));
    assert_eq!(shop.anna.state().holder.as_deref(), Some("хозяйка"));
}

#[test]
fn a_button_means_nothing_in_another_chat_than_its_own() {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    let told = shop.presses(Who::Boss, &token(&card, "Вернуть боту"));
    assert_eq!(told, "Эта кнопка уже не действует.");
    let (said, _) = shop.does(Who::Boss, Content::Reply { text: "чужая".into(), to: token(&card, "Написать") });
    assert!(said.is_empty());
    assert_eq!(shop.anna.state().owner, Owner::Nobody);
    // A customer who got hold of it presses nothing either.
    shop.anna.did(Content::Button { token: token(&card, "Написать"), label: None });
    assert_eq!(shop.anna.state().owner, Owner::Nobody);
}

#[test]
fn handled_snoozed_assigned_and_stopped_are_what_they_say() {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    assert!(shop.presses(Who::Master, &token(&card, "Через час")).contains("Напомним"));
    let set: Vec<String> = shop.anna.state().timers.keys().cloned().collect();
    assert!(set.contains(&"card".to_owned()) && !set.contains(&"handoff".to_owned()), "{set:?}");
    shop.anna.wait(minutes(61));
    let again = shop.cards(Who::Master);
    assert!(words(&again).contains("Вы просили напомнить"), "{again:?}");
    assert_eq!(shop.presses(Who::Master, &token(&again, "Обработано")), "Обработано: Анна.");
    assert!(!shop.anna.state().timers.contains_key("card"));
    let (_, choice) = shop.does(Who::Master, Content::Button { token: token(&again, "Передать"), label: None });
    shop.presses(Who::Master, &token(&choice, "хозяйка"));
    assert!(words(&shop.cards(Who::Boss)).contains("Клиент передан вам"));
    // The bot is stopped where it leads, without a word to the customer.
    let mut shop = Shop::open();
    shop.anna.named("Анна", "сколько стоит торт?");
    let card = shop.cards(Who::Boss);
    let (said, told) = shop.does(Who::Boss, Content::Button { token: token(&card, "Остановить бота"), label: None });
    assert!(said.is_empty() && words(&told).contains("Бот остановлен: Анна"), "{told:?}");
    assert!(shop.anna.me("ау").is_empty());
}

#[test]
fn what_follows_a_card_shortly_comes_in_one_more_and_what_presses_at_once() {
    let mut shop = Shop::open();
    shop.anna.named("Анна", "сколько стоит торт?");
    assert_eq!(shop.cards(Who::Boss).len(), 1);
    let mut quick = 0;
    for question in ["а бенто сколько стоит?", "какая цена у малины?", "сколько стоит доставка?"]
    {
        shop.anna.pass(SignedDuration::from_secs(30));
        shop.anna.me(question);
        quick += shop.cards(Who::Boss).len();
    }
    assert_eq!(quick, 0, "a burst is one card");
    shop.anna.me("Я недоволен, это обман, верните деньги!");
    let card = words(&shop.cards(Who::Boss));
    assert!(card.contains("Жалоба"), "that waits for nothing");
    assert!(card.contains("→ Ответьте сами"), "no bot makes good what somebody complains of: {card}");
    let folded = shop.anna.commits.len();
    shop.anna.pass(minutes(1));
    shop.anna.me("какая цена у малины?");
    shop.anna.wait(minutes(6));
    let later: Vec<_> = shop.anna.commits[folded..].iter().flat_map(|commit| &commit.outbox).collect();
    assert_eq!(later.iter().filter(|row| row.lane == Lane::Notice && row.peer == Peer::new("1")).count(), 1);
    shop.anna.wait(SignedDuration::from_hours(5));
    assert!(shop.cards(Who::Boss).is_empty(), "and is not repeated");
}

#[test]
fn at_night_the_team_hears_what_presses_and_the_rest_in_the_morning() {
    let mut shop = Shop::at("2026-12-01T23:00:00+03:00");
    shop.anna.named("Анна", "сколько стоит торт?");
    assert!(shop.cards(Who::Boss).is_empty(), "it can wait");
    let due = shop.anna.state().timers["card"];
    assert_eq!(due, "2026-12-02T09:00:00+03:00".parse().unwrap());
    shop.anna.me("позовите человека");
    assert_eq!(shop.cards(Who::Master).len(), 1, "whoever asks for a person does not");
    shop.anna.wait_until(due).unwrap();
    let mut shop = Shop::at("2026-12-01T23:00:00+03:00");
    shop.anna.me("сколько стоит торт?");
    shop.anna.wait(SignedDuration::from_hours(10));
    assert_eq!(shop.cards(Who::Boss).len(), 1, "in the morning");
}

#[test]
fn an_unsent_follow_up_dies_when_a_member_takes_the_conversation() {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    shop.presses(Who::Master, &token(&card, "Написать"));
    let commits = &shop.anna.commits;
    assert!(commits.iter().any(|commit| commit.withdrawal().is_some()));
    assert!(shop.anna.state().timers.keys().all(|timer| timer != "silence" && timer != "handoff"));
}

#[test]
fn a_person_who_answers_on_the_owners_pages_is_known_in_the_messenger_too() {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    shop.anna.play(vec![Event::Team { who: "хозяйка".into(), action: TeamAction::TakeOver }]);
    assert!(shop.presses(Who::Master, &token(&card, "Написать")).contains("уже ведёт хозяйка"));
    shop.anna.me("вы тут?");
    assert_eq!(words(&shop.cards(Who::Boss)), "Анна: вы тут?");
}

/// The hottest leads of a directory, hottest first.
pub(crate) fn leads(heat: &'static str, n: usize) -> Vec<LeadCard> {
    let lead = |n: usize| {
        let id = n.to_string();
        let row = LeadRow {
            customer: CustomerId::of(&[&id]),
            version: 1,
            score: 90 - i32::try_from(n).expect("a few leads"),
            temperature: heat,
            stage: "подбор".into(),
            why: "спросил цену".into(),
            source: Some("vesna".into()),
            data: String::new(),
            at: NOON.parse().expect("a moment"),
        };
        let account = AccountId::parse("telegram").expect("an account");
        let conversation = ConversationId::of(&[&id]);
        let preview = "сколько стоит?".into();
        LeadCard { lead: row, name: Some(format!("Лид {n}")), phone: None, conversation, account, preview }
    };
    (1..=n).map(lead).collect()
}

#[test]
fn leads_are_listed_a_page_at_a_time_by_what_is_asked_for_and_each_has_its_card() {
    let mut boss = Shop::open().boss;
    let asked: Rc<RefCell<Vec<Look>>> = Rc::default();
    let seen = Rc::clone(&asked);
    boss.look_by(Box::new(move |look| {
        seen.borrow_mut().push(look.clone());
        match look {
            Look::Leads(_, page) => Some(Seen::Leads(leads("hot", 8).into_iter().take(page.limit).collect())),
            _ => None,
        }
    }));
    let command = |name: &str, args: &str| Content::Command { name: name.into(), args: args.into() };
    boss.did(command("hot_leads", ""));
    let text = boss.words();
    for part in ["Горячие лиды", "Лид 1 · ● горячий, 89 · подбор", "спросил цену", "сколько стоит?"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(text.contains("Лид 5") && !text.contains("Лид 6"), "a page: {text}");
    let (card, more) = (boss.token("Лид 1, 89"), boss.token("Ещё"));
    assert!(card.contains(&ConversationId::of(&["1"]).to_string()));
    boss.did(Content::Button { token: more.clone(), label: None });
    let Some(Look::Leads(filter, page)) = asked.borrow().last().cloned() else { panic!("a look at leads") };
    assert_eq!(
        (filter.temperature.as_deref(), page.after),
        (Some("hot"), leads("hot", 5).last().map(LeadCard::cursor))
    );
    boss.did(Content::Button { token: more, label: None });
    assert_eq!(boss.words(), "Эта кнопка уже не действует.", "of an older list");
    for (args, is) in [("тёплые", "warm"), ("холодные", "cold")] {
        boss.did(command("my_leads", args));
        let Some(Look::Leads(filter, _)) = asked.borrow().last().cloned() else { panic!("a look at leads") };
        assert_eq!(filter.temperature.as_deref(), Some(is));
    }
    boss.did(command("my_leads", "7"));
    boss.did(command("my_leads", "Заказ"));
    let asked = asked.borrow();
    let [.., Look::Leads(idle, _), Look::Leads(stage, _)] = &asked[..] else { panic!("looks at leads") };
    assert_eq!(idle.idle_since, Some("2026-11-24T12:00:00+03:00".parse().unwrap()));
    assert_eq!(stage.stage.as_deref(), Some("заказ"));
}

#[test]
fn a_card_for_somebody_who_has_left_the_team_rings_no_more() {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    shop.presses(Who::Master, &token(&card, "Через час"));
    assert!(shop.anna.state().told.contains_key("мастер"));
    shop.anna.setting.team = [address("хозяйка", "1")].into();
    let before = shop.anna.commits.len();
    shop.anna.wait(SignedDuration::from_hours(3));
    assert!(shop.anna.commits.len() < before + 10, "{}", shop.anna.commits.len());
    assert!(!shop.anna.state().told.contains_key("мастер"));
}

#[test]
fn a_reply_that_means_no_one_customer_is_sent_to_nobody() {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    let (_, taken) = shop.does(Who::Master, Content::Button { token: token(&card, "Написать"), label: None });
    // To the message that says whom they write to.
    let first = |bubbles: &[Bubble]| bubbles[0].rows[0][0].clone();
    let Press::Token { token: to } = first(&taken).press else { panic!("{taken:?}") };
    let (said, _) = shop.does(Who::Master, Content::Reply { text: "Слушаю вас".into(), to });
    assert_eq!(words(&said), "Слушаю вас");
    // To something that is no customer's, or no more: not to whom the chat writes to just now.
    for to in ["", "d:leave", "nothing"] {
        let reply = Content::Reply { text: "опять он".into(), to: to.into() };
        let (said, told) = shop.does(Who::Master, reply);
        assert!(said.is_empty() && words(&told).contains("Никому не отправлено"), "{told:?}");
    }
}

#[test]
fn where_the_team_talks_a_reply_to_a_card_goes_to_the_customer_from_who_writes_to_them_alone() {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    let to = token(&card, "Написать");
    if let Some(writer) = &mut shop.master.setting.writer {
        writer.desk = DeskPlace::Shared;
    }
    let reply = |text: &str| Content::Reply { text: text.into(), to: to.clone() };
    let (said, told) = shop.does(Who::Master, reply("опять он, не бери"));
    assert!(said.is_empty() && words(&told).contains("Никому не отправлено"), "{told:?}");
    shop.presses(Who::Master, &to);
    assert_eq!(words(&shop.does(Who::Master, reply("Слушаю вас")).0), "Слушаю вас");
}

#[test]
fn what_one_member_does_leaves_the_others_what_they_asked_to_be_reminded_of() {
    let mut shop = Shop::open();
    shop.anna.named("Анна", "сколько стоит торт?");
    let theirs = shop.cards(Who::Boss);
    shop.presses(Who::Boss, &token(&theirs, "Через час"));
    let card = asked_for_person(&mut shop);
    shop.presses(Who::Master, &token(&card, "Обработано"));
    shop.anna.wait(SignedDuration::from_mins(61));
    let told = shop.anna.commits.iter().flat_map(|commit| &commit.outbox);
    let reminded = told.filter(|row| row.peer == Peer::new("1") && row.bubble.text.text.contains("напомнить")).count();
    assert_eq!(reminded, 1);
}

#[test]
fn conditions_of_a_list_of_leads_hold_together_and_none_is_dropped() {
    let command = |args: &str| Content::Command { name: "my_leads".into(), args: args.into() };
    let mut boss = Shop::open().boss;
    let asked = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&asked);
    boss.look_by(Box::new(move |look| match look {
        Look::Leads(filter, _) => {
            let is_idle = filter.idle_since.is_some();
            heard.borrow_mut().push((filter.temperature.clone(), filter.stage.clone(), filter.source.clone(), is_idle));
            Some(Seen::Leads(Vec::new()))
        }
        _ => None,
    }));
    boss.did(command("горячие источник vesna 7"));
    boss.did(command("Заказ  тёплые"));
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(*asked.borrow(), [(some("hot"), None, some("vesna"), true), (some("warm"), some("заказ"), None, false)]);
    for unread in ["горячие вчера", "источник", "7 дней назад", "сегмент"] {
        boss.did(command(unread));
        assert_eq!(asked.borrow().len(), 2, "{unread}: {}", boss.words());
    }
}

#[test]
fn leads_are_looked_for_by_a_source_as_links_have_it() {
    let mut boss = Shop::open().boss;
    let asked = Rc::new(RefCell::new(None));
    let heard = Rc::clone(&asked);
    boss.look_by(Box::new(move |look| match look {
        Look::Leads(filter, _) => {
            *heard.borrow_mut() = filter.source.clone();
            Some(Seen::Leads(Vec::new()))
        }
        _ => None,
    }));
    boss.did(Content::Command { name: "my_leads".into(), args: "источник VK_Reels".into() });
    assert_eq!(asked.borrow().as_deref(), Some("VK_Reels"));
}
