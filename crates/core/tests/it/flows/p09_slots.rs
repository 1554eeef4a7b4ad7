//! 9. Slots and calls.

use jiff::SignedDuration;
use voronka_core::message::{Content, TeamAction};

use super::{hides, says};
use crate::shop::{fact, shop};

#[test]
fn a_called_flow_has_own_slots_takes_values_in_and_gives_them_back() {
    let main = "title: Главный
start: {commands: [/a]}
steps:
  - ask: Имя?
    as: имя
    text: {max: 50}
    keep: name
  - call: adres
    with: {кто: имя}
    take: {куда: улица}
  - say: 'Везём: {куда | ?}.'
";
    let sub = "title: Адрес
steps:
  - ask: '{кто | Друг}, какая улица?'
    as: улица
    text: {max: 50}
";
    let mut talk = shop(&[("a", main), ("adres", sub)]);
    talk.me("/a");
    talk.me("Анна");
    says(&talk, &["Анна, какая улица?"]);
    talk.me("Тверская");
    says(&talk, &["Везём: Тверская."]);
    let customer = talk.snapshot().customer;
    assert_eq!(customer.name.as_deref(), Some("Анна"));
    assert!(customer.more.answers.contains_key("улица"));
    assert!(talk.state().run.is_none() && talk.state().stack.is_empty());
}

#[test]
fn a_wait_goes_on_by_itself_but_not_into_a_persons_conversation() {
    let flow = "title: Пауза\nstart: {commands: [/a]}\nsteps:\n  - say: Минутку.\n  - wait: 10m\n  - say: Готово.\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    talk.wait(SignedDuration::from_mins(11));
    says(&talk, &["Готово."]);
    talk.me("/a");
    talk.team(TeamAction::TakeOver);
    assert!(talk.wait(SignedDuration::from_mins(11)).is_empty());
    talk.team(TeamAction::GiveBack);
    says(&talk, &["Готово."]);
}

#[test]
fn what_follows_a_handoff_waits_until_the_conversation_comes_back() {
    let flow = "title: Мастер\nstart: {commands: [/a]}\nsteps:\n  - handoff: Зову.\n  - stage: подбор\n  - say: Мы снова вместе.\n  - end: вместе\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    hides(&talk, &["снова вместе"]);
    assert!(fact(&talk, "stage.подбор"));
    talk.team(TeamAction::GiveBack);
    says(&talk, &["Мы снова вместе."]);
    assert!(fact(&talk, "flow.a.вместе"));
}

#[test]
fn a_talk_ends_after_so_many_answers() {
    let flow = "title: Беседа\nstart: {commands: [/a]}\nsteps:\n  - say: Спрашивайте.\n  - talk: доставка\n    max: 2\n  - say: Достаточно.\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    talk.me("доставка есть?");
    hides(&talk, &["Достаточно"]);
    talk.me("а сколько доставка?");
    says(&talk, &["500 ₽", "Достаточно."]);
}

#[test]
fn a_note_to_the_team_from_a_flow_reaches_it() {
    let flow = "title: Весть\nstart: {commands: [/a]}\nsteps:\n  - notify: Клиент ждёт образец\n  - say: Хорошо.\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    assert!(talk.notices.iter().any(|notice| notice.text.contains("Клиент ждёт образец")));
}

#[test]
fn answers_outlive_their_run_and_keep_copies_to_the_customer() {
    let keeps = "title: К\nstart: {commands: [/k]}\nsteps:\n  - ask: Какой город?\n    as: город\n    keep: city\n  - say: Ясно.\n";
    let reads = "title: Ч\nstart: {commands: [/c]}\nsteps:\n  - say: 'Город {answers.город | ?}, точнее {customer.city | ?}.'\n";
    let mut talk = shop(&[("k", keeps), ("c", reads)]);
    talk.did(Content::Command { name: "k".into(), args: String::new() });
    talk.me("Тверь");
    talk.did(Content::Command { name: "c".into(), args: String::new() });
    says(&talk, &["Город Тверь, точнее Тверь."]);
}

#[test]
fn slots_are_empty_again_in_the_next_run() {
    let flow = "title: К\nstart: {commands: [/k]}\nsteps:\n  - ask: Какой город?\n    as: город\n  - say: Ясно.\n";
    let mut talk = shop(&[("k", flow)]);
    talk.did(Content::Command { name: "k".into(), args: String::new() });
    talk.me("Тверь");
    talk.did(Content::Command { name: "k".into(), args: String::new() });
    says(&talk, &["Какой город?"]);
}

#[test]
fn calls_go_five_flows_deep() {
    let link = |n: usize| {
        let next = if n < 7 { format!("  - call: f{}\n", n + 1) } else { String::new() };
        format!("title: Ф\nstart: {{commands: [/f{n}]}}\nsteps:\n  - say: Уровень {n}.\n{next}")
    };
    let flows: Vec<(String, String)> = (1..=7).map(|n| (format!("f{n}"), link(n))).collect();
    let flows: Vec<(&str, &str)> = flows.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let mut talk = shop(&flows);
    talk.did(Content::Command { name: "f1".into(), args: String::new() });
    says(&talk, &["Уровень 1", "Уровень 6"]);
    hides(&talk, &["Уровень 7"]);
}
