//! A small shop for tests of single rules.

use std::sync::Arc;

use voronka_core::{
    message::{Content, Event, Profile},
    ports::Passage,
    spec::partner::PartnerFiles,
};
use voronka_testkit::Rehearsal;

use crate::partners::playbook;

/// The moment at which conversations with the shop begin: a Tuesday noon in Moscow.
pub(crate) const NOON: &str = "2026-12-01T12:00:00+03:00";

const CONFIG: &str = "name: Лавка
zone: Europe/Moscow
country: RU
hours: {mon-sun: 9:00-20:00}
quiet_hours: 21:00-9:00
accounts: {telegram: {}}
contact: {consent: texts/consent.md, version: '1', need: [phone]}
stages: [новый, подбор, заказ]
team: {хозяйка: {telegram: 1, role: owner}}
notify: [{to: хозяйка, about: [order.placed, handoff]}]
";

const CATALOGUE: &str = "id;name;category;price;stock;servings;tags
malina;Торт «Малина»;Торты;4200;5;14;ягоды
shoko;Торт «Три шоколада»;Торты;4800;;16;шоколад
bento;Бенто «Вишня»;Бенто;1500;1;2;ягоды
";

/// From the first message to an order, with a side branch for big orders.
pub(crate) const ORDER: &str = "title: Заказ
about: клиент хочет торт
start: {first_message: true, words: [заказать торт], commands: [/zakaz], links: [zakaz]}
silence: [{after: 1h, say: Вы тут?}, {after: 20h, end: бросил}]
steps:
  - say: Здравствуйте!
  - ask: Что празднуем?
    as: повод
    choice: {свадьба: Свадьба, юбилей: {label: Юбилей, also: [день рождения]}}
  - ask: Сколько гостей?
    as: гости
    number: {min: 2, max: 100, unit: [человек, гостей]}
    buttons: [6, 10]
    error: Нужно число от 2 до 100.
    otherwise: помощь
  - goto: много
    when: гости > 40
  - ask: Какая начинка?
    as: начинка
    choice: {ягоды: Ягоды, шоколад: Шоколад}
    skip: Не важно
    again: Так какая начинка?
  - contact: Оставьте телефон.
    need: [phone]
    refused: выбор
  - offer: Вот что есть.
    id: выбор
    as: торт
    where: product.servings >= гости and (not has(начинка) or product.tags contains начинка)
    nothing: пусто
  - order: Всё верно?
    items: [{product: торт}]
    note: 'Гостей: {гости}'
  - say: Заказ {order.number} принят.
  - stage: заказ
parts:
  много:
    - say: Это много.
    - ask: Какой зал?
      as: зал
      text: {max: 100}
    - id: помощь
      handoff: Зову мастера.
  пусто:
    - say: Такого нет.
    - goto: начинка
";

/// Files of the shop with these flows.
pub(crate) fn files(flows: &[(&str, &str)]) -> PartnerFiles {
    let mut files = PartnerFiles::new();
    let mut add = |name: &str, text: &str| {
        files.insert(Arc::from(name), text.as_bytes().to_vec());
    };
    add("config.yaml", CONFIG);
    add("catalogue.csv", CATALOGUE);
    add("texts/consent.md", "Я согласен на обработку моих персональных данных Лавкой.");
    for (id, text) in flows {
        add(&format!("flows/{id}.yaml"), text);
    }
    files
}

/// A conversation with the shop.
#[track_caller]
pub(crate) fn shop(flows: &[(&str, &str)]) -> Rehearsal {
    Rehearsal::new(playbook("lavka", &files(flows)), "telegram", NOON).search(pages)
}

/// A conversation in which the order flow runs, up to the question about the filling.
#[track_caller]
pub(crate) fn at_filling() -> Rehearsal {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    talk.press("Юбилей");
    talk.press("10");
    talk
}

/// Up to the order card.
#[track_caller]
pub(crate) fn at_order() -> Rehearsal {
    let mut talk = at_filling();
    talk.press("Ягоды");
    talk.contact("+7 999 123-45-67");
    talk.press("Торт «Малина»");
    talk
}

pub(crate) fn pages(question: &str) -> Vec<Passage> {
    let known = [
        ("достав", "Доставка", "Привозим по Москве каждый день, доставка стоит 500 ₽."),
        ("глютен", "Состав", "«Малина» на миндальной муке, глютена в ней нет."),
    ];
    let asked = question.to_lowercase();
    let found = known.iter().filter(|(word, ..)| asked.contains(word));
    found
        .map(|(_, title, text)| Passage {
            page: "page.md".into(),
            title: (*title).into(),
            heading: String::new(),
            text: (*text).into(),
            score: 0.97,
            part: None,
        })
        .collect()
}

/// A customer's act.
pub(crate) fn act(content: Content) -> Event {
    Event::Customer { content, profile: Profile::default() }
}

/// The customer's words.
pub(crate) fn text(words: &str) -> Event {
    act(Content::Text { text: words.into() })
}

/// A slot's value, printed for comparison.
pub(crate) fn slot(talk: &Rehearsal, name: &str) -> Option<String> {
    let value = talk.state().run?.slots.get(name)?.clone();
    Some(serde_json::to_value(value).expect("values serialise")["v"].to_string().trim_matches('"').to_owned())
}

/// Whether a fact of this name happened.
pub(crate) fn fact(talk: &Rehearsal, name: &str) -> bool {
    talk.facts.iter().any(|fact| fact == name)
}

#[track_caller]
pub(crate) fn says(talk: &Rehearsal, parts: &[&str]) {
    let words = talk.words().replace('\u{a0}', " ");
    for part in parts {
        assert!(words.contains(part), "no «{part}» in:\n{words}");
    }
}

#[track_caller]
pub(crate) fn hides(talk: &Rehearsal, parts: &[&str]) {
    let words = talk.words().replace('\u{a0}', " ");
    for part in parts {
        assert!(!words.contains(part), "«{part}» in:\n{words}");
    }
}
