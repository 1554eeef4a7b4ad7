//! Who takes part: two partners whose accounts and customers bear the same names, so that whatever is mixed up is seen.

use std::sync::{Arc, LazyLock};

use voronka_core::{
    capabilities::{Capabilities, Has},
    ids::{AccountId, PartnerId},
    message::{ConversationKey, Peer},
    spec::partner::{PartnerFiles, PartnerSpec},
};

use crate::channel::roomy;

/// How long an answer may take, as the partners' files say.
pub(super) const DEADLINE_S: i64 = 8;

const CONFIG: &str = "\
name: Полдень
zone: Europe/Berlin
quiet_hours: 22:00-8:00
accounts: {telegram: {deadline: 8s}, vk: {group: 1, deadline: 8s}}
answer: {deadline: 8s}
team: {хозяйка: {telegram: 111, role: owner}}
notify: [{to: хозяйка, about: [handoff, message]}, {to: хозяйка, about: [lead.hot], remind: 3m}]
";
/// The other partner gathers bursts.
const GATHERING: &str = "\
name: Закат
zone: Europe/Berlin
accounts: {telegram: {deadline: 8s}, vk: {group: 1, deadline: 8s}}
answer: {deadline: 8s, buffer: 1s}
team: {хозяйка: {telegram: 111, role: owner}}
notify: [{to: хозяйка, about: [handoff]}]
";
/// Whoever writes twice is hot.
const SCORING: &str = "\
range: 0..100
warm: {from: 10, until: 5}
hot: {from: 20, until: 15}
rules: [{id: пишет, fact: message, points: 10, times: 9, why: пишет}]
";
const FLOW: &str = "\
title: Заказ
about: клиент хочет торт
start: {commands: [/zakaz]}
silence: [{after: 2m, say: Вы тут?}, {after: 30m, say: Напомню о себе.}, {after: 20h, end: бросил}]
steps:
  - ask: Какая начинка?
    as: начинка
    choice: {ягоды: Ягоды, шоколад: Шоколад}
  - say: Считаю.
  - wait: 5m
  - say: Посчитала.
";

/// What is said unasked in the runs in which the team sets things: on each account something else, until the person wants to talk.
const NEWS: [(&str, &str); 2] = [("telegram", "У нас новинка."), ("vk", "Ещё одна новинка.")];

fn news(account: &str, says: &str) -> String {
    format!(
        "enter: {{fact: message, when: channel = {account}}}\ngoal: handoff.asked\non_reply: continue\n\
         steps: [{{id: раз, after: 1m, say: {says}}}, {{id: два, after: 30m, say: И ещё одна.}}]\n"
    )
}

/// What the team sends to many.
pub(super) const BROADCAST: &str = "vsem";
const TO_ALL: &str = "\
enter: {fact: broadcast}
steps: [{id: раз, after: 0m, say: Всем привет.}]
";

/// What carries each partner's bubbles.
pub(super) const ACCOUNTS: [&str; 2] = ["telegram", "vk"];
pub(super) const PEERS: [&str; 2] = ["anna", "boris"];
/// Where each partner's team reads notices.
pub(super) const TEAM: &str = "111";
pub(super) const PARTNERS: [&str; 2] = ["korica", "lavka"];

/// Whether persons of the team set things from their chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Team {
    LeavesAll,
    Sets,
}

type Specs = LazyLock<Vec<Arc<PartnerSpec>>>;

static SPECS: Specs = LazyLock::new(|| parsed(&[]));
static WARMING: Specs = LazyLock::new(|| {
    let news = NEWS.map(|(account, says)| (format!("sequences/{account}.yaml"), news(account, says)));
    parsed(&[news.to_vec(), vec![(format!("sequences/{BROADCAST}.yaml"), TO_ALL.to_owned())]].concat())
});

fn parsed(more: &[(String, String)]) -> Vec<Arc<PartnerSpec>> {
    let parsed = PARTNERS.iter().zip([CONFIG, GATHERING]).map(|(id, config)| {
        let files = [("config.yaml", config), ("flows/zakaz.yaml", FLOW), ("scoring.yaml", SCORING)];
        let more = more.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let files = files.into_iter().chain(more).map(|(path, text)| (path.into(), text.into()));
        let files: PartnerFiles = files.collect();
        let loaded = PartnerSpec::parse(partner(id), &files);
        let spec = loaded.spec.unwrap_or_else(|| panic!("the simulation's own files: {:#?}", loaded.diagnostics));
        Arc::new(spec)
    });
    parsed.collect()
}

/// The partners' files.
pub(super) fn specs(team: Team) -> &'static [Arc<PartnerSpec>] {
    match team {
        Team::LeavesAll => &SPECS,
        Team::Sets => &WARMING,
    }
}

pub(super) fn partner(id: &str) -> PartnerId {
    PartnerId::parse(id).expect("the simulation's own ids are well formed")
}

pub(super) fn account(id: &str) -> AccountId {
    AccountId::parse(id).expect("the simulation's own ids are well formed")
}

/// Telegram takes no idempotency key, VK does.
pub(super) fn capabilities(account: &str) -> Capabilities {
    Capabilities { idempotent: if account == "vk" { Has::Yes } else { Has::No }, ..roomy() }
}

/// One customer on one account, or a person of the team.
#[derive(Debug, Clone)]
pub(super) struct Chat {
    pub(super) partner: PartnerId,
    pub(super) account: AccountId,
    pub(super) peer: Peer,
    pub(super) key: ConversationKey,
}

/// All chats of customers there are; their order is their number.
pub(super) fn chats() -> &'static [Chat] {
    static CHATS: LazyLock<Vec<Chat>> = LazyLock::new(|| {
        let accounts = PARTNERS.iter().flat_map(|partner| ACCOUNTS.iter().map(move |account| (partner, account)));
        accounts.flat_map(|(partner, account)| PEERS.iter().map(|name| chat(partner, account, name))).collect()
    });
    &CHATS
}

/// The chat of each partner's team; they are numbered behind those of customers.
pub(super) fn desks() -> &'static [Chat] {
    static DESKS: LazyLock<Vec<Chat>> =
        LazyLock::new(|| PARTNERS.iter().map(|partner| chat(partner, "telegram", TEAM)).collect());
    &DESKS
}

/// The number of a partner's desk.
pub(super) fn desk(partner: usize) -> usize {
    chats().len() + partner
}

/// A chat by its number.
pub(super) fn home(chat: usize) -> &'static Chat {
    chats().get(chat).unwrap_or_else(|| &desks()[chat - chats().len()])
}

fn chat(partner_id: &str, account_id: &str, name: &str) -> Chat {
    let (partner, account, peer) = (partner(partner_id), account(account_id), Peer::new(name));
    let key = ConversationKey::of(&partner, &account, &peer);
    Chat { partner, account, peer, key }
}

/// The chat of the customer of the same name on the partner's other account.
pub(super) fn elsewhere(chat: usize) -> usize {
    chat ^ PEERS.len()
}

/// The number of a conversation's chat.
pub(super) fn chat_of(key: &ConversationKey) -> Option<usize> {
    chats().iter().position(|chat| chat.key == *key)
}

/// The number of a conversation's desk: the chat of a partner's team, which hears what became of its cards.
pub(super) fn desk_of(key: &ConversationKey) -> Option<usize> {
    desks().iter().position(|chat| chat.key == *key).map(desk)
}

/// Whether a conversation is a chat of a partner's team.
pub(super) fn is_teams(key: &ConversationKey) -> bool {
    desk_of(key).is_some()
}

/// Whether two chats come through one account.
pub(super) fn same_account(one: usize, other: usize) -> bool {
    let (one, other) = (&chats()[one], &chats()[other]);
    one.partner == other.partner && one.account == other.account
}

const LETTERS: [char; 14] = ['б', 'в', 'г', 'д', 'ж', 'з', 'к', 'л', 'м', 'н', 'п', 'р', 'с', 'т'];

/// A word that only this message of this chat has. No figures: an answer may not invent them.
pub(super) fn word(chat: usize, n: usize) -> String {
    format!("слово{}{}{}", LETTERS[chat], LETTERS[n / 14 % 14], LETTERS[n % 14])
}

/// A word that only this answer of a model has.
pub(super) fn answer_word(n: usize) -> String {
    format!("ответ{}{}{}", LETTERS[n / 196 % 14], LETTERS[n / 14 % 14], LETTERS[n % 14])
}

/// The messages that a text speaks of: (chat, number).
pub(super) fn words_in(text: &str) -> Vec<(usize, usize)> {
    coded("слово", text).into_iter().map(|[chat, high, low]| (chat, high * 14 + low)).collect()
}

/// The models' answers that a text is made of.
pub(super) fn answers_in(text: &str) -> Vec<usize> {
    coded("ответ", text).into_iter().map(|[a, b, c]| a * 196 + b * 14 + c).collect()
}

fn coded(stem: &str, text: &str) -> Vec<[usize; 3]> {
    let lower = text.to_lowercase();
    let mut found = Vec::new();
    for part in lower.split(stem).skip(1) {
        let mut letters = part.chars().map_while(|letter| LETTERS.iter().position(|known| *known == letter));
        if let (Some(a), Some(b), Some(c)) = (letters.next(), letters.next(), letters.next()) {
            found.push([a, b, c]);
        }
    }
    found
}
