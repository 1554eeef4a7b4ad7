//! Food supplements: wherever one is named, it is said that it is no medicine.

use voronka_core::{message::Bubble, ports::Completion, spec::partner::PartnerFiles};
use voronka_testkit::Rehearsal;

use crate::partners::playbook;

const WORDS: &str = "Не является лекарственным средством";

fn files() -> PartnerFiles {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), "name: К\naccounts: {web: {}}\n".into());
    let catalogue = "id;name;category;kind;price;tags;sgr;about\nk;Клетчатка «Лёгкий день»;Питание;supplement;790;питание;RU.77.99.11.003.R.000001.01.26;Псиллиум\nm;Магний В6;Витамины;БАД;590;витамины;RU.77.99.11.003.R.000002.01.26;Магний\nс;Крем «Роса»;Уход;;900;уход;;Масло ши\n";
    files.insert("catalogue.csv".into(), catalogue.into());
    let flow = "start: {commands: [/a]}\nsteps:\n  - ask: Что ищем?\n    as: что\n    choice: {да: Питание, нет: Уход}\n  - say: Советую «Лёгкий день».\n    products: [k]\n  - say: Крем «Роса» тоже хорош.\n    products: [с]\n";
    files.insert("flows/a.yaml".into(), flow.into());
    files
}

fn talk() -> Rehearsal {
    Rehearsal::new(playbook("k", &files()), "web", "2026-12-01T12:00:00+03:00")
}

fn disclaimed(said: &[Bubble]) -> Vec<bool> {
    let text = |bubble: &Bubble| {
        let cards = bubble.cards.iter().map(|card| card.text.as_str());
        std::iter::once(bubble.text.text.as_str()).chain(cards).any(|text| text.contains(WORDS))
    };
    said.iter().map(text).collect()
}

#[test]
fn cards_of_a_flow_and_its_words_say_that_it_is_no_medicine_and_those_of_other_goods_do_not() {
    let mut talk = talk();
    talk.me("/a");
    let said = talk.press("Питание").to_vec();
    assert!(disclaimed(&said).contains(&true), "{said:?}");
    let cream: Vec<_> = said.iter().filter(|bubble| bubble.text.text.contains("Роса")).cloned().collect();
    assert!(!cream.is_empty(), "{said:?}");
    assert!(
        cream.iter().all(|bubble| bubble.text.text.contains("Лёгкий") || !disclaimed(std::slice::from_ref(bubble))[0])
    );
}

#[test]
fn a_list_in_the_middle_of_a_flow_says_so_though_it_drops_what_is_said_about_its_goods() {
    let mut talk = talk();
    talk.me("/a");
    let said = talk.me("а что есть из витаминов?").to_vec();
    let words = talk.words();
    assert!(words.contains("Магний") && words.contains(WORDS), "{words}");
    assert!(said.iter().zip(disclaimed(&said)).all(|(bubble, is)| is || !bubble.text.text.contains("Магний")));
}

#[test]
fn a_models_words_that_name_one_say_so_however_it_is_inflected() {
    let answers = ["Попробуйте магний В6.", "Возьмите Клетчатку «Лёгкий день»."];
    for answer in answers {
        let mut talk = talk().model(move |_| Ok(Completion { text: answer.into(), ..Completion::default() }));
        talk.me("что посоветуете для бодрости утром?");
        assert!(talk.words().contains(WORDS), "{}", talk.words());
    }
    let mut talk = talk()
        .model(|_| Ok(Completion { text: "Для рук подойдёт крем.".into(), ..Completion::default() }));
    talk.me("что посоветуете для рук зимой?");
    assert!(!talk.words().contains(WORDS), "{}", talk.words());
}

#[test]
fn a_short_name_a_name_with_a_tail_and_a_button_say_so_and_other_goods_and_departments_do_not() {
    let catalogue = "id;name;category;kind;price;sgr\n\
                     м;Магний B6 хелат, 60 капсул;Витамины;БАД;590;RU.77.99.11.003.R.000001.01.26\n\
                     к;Клетчатка «Лёгкий день», 300 г;Питание;БАД;790;RU.77.99.11.003.R.000002.01.26\n\
                     в;Витамины «Утро»;Витамины;БАД;490;RU.77.99.11.003.R.000003.01.26\n\
                     с;Крем «Роса»;Уход;;900;\n";
    let model = |answer: &'static str| {
        let mut files = files();
        files.remove("flows/a.yaml");
        files.insert("catalogue.csv".into(), catalogue.into());
        let mut talk = Rehearsal::new(playbook("k", &files), "web", "2026-12-01T12:00:00+03:00")
            .model(move |_| Ok(Completion { text: answer.into(), ..Completion::default() }));
        talk.me("что посоветуете для бодрости утром?");
        let words = talk.words();
        assert!(words.contains(answer), "the answer is not replaced: {words}");
        words.contains(WORDS)
    };
    for named in
        ["Попробуйте магний.", "Подойдёт «Лёгкий день».", "С магнием проще.", "Возьмите клетчатку.", "«Утро» бодрит."]
    {
        assert!(model(named), "{named}");
    }
    for other in ["Для рук подойдёт крем.", "Витамины бывают разные.", "Доброе слово бодрит."]
    {
        assert!(!model(other), "{other}");
    }

    let mut files = files();
    let flow =
        "start: {commands: [/a]}\nsteps:\n  - ask: Что выбираем?\n    as: что\n    choice: {м: Магний В6, к: Крем}\n";
    files.insert("flows/a.yaml".into(), flow.into());
    let mut talk = Rehearsal::new(playbook("k", &files), "web", "2026-12-01T12:00:00+03:00");
    let said = talk.me("/a").to_vec();
    assert_eq!(disclaimed(&said), [true], "{said:?}");
}

/// A shop whose goods and groups share words with its supplements, as shops do.
fn shared() -> PartnerFiles {
    let mut files = files();
    let catalogue = "id;name;category;kind;price;sgr;about\n\
                     г;Коллаген и витамин C;Витамины и минералы;bad;1990;RU.77.99.11.003.R.000001.01.26;\n\
                     м;Магний и B6;Витамины и минералы;bad;790;RU.77.99.11.003.R.000002.01.26;\n\
                     к;Клетчатка «Лёгкий день»;Питание;bad;790;RU.77.99.11.003.R.000003.01.26;Псиллиум\n\
                     л;L-карнитин;Питание;bad;1150;RU.77.99.11.003.R.000004.01.26;\n\
                     р;Морской коллаген;Питание;bad;1150;RU.77.99.11.003.R.000005.01.26;\n\
                     х;Хлебцы «Поле»;Питание;food;190;;Хлебцы из ржи. Клетчатка и белок в каждой пачке\n\
                     с;Сыворотка с коллагеном;Уход за лицом;cosmetics;1350;;\n\
                     н;Крем «Роса»;Уход за лицом;cosmetics;900;;\n";
    files.insert("catalogue.csv".into(), catalogue.into());
    let flow = "start: {commands: [/a]}\nsteps:\n  - ask: Что ищем?\n    as: что\n    choice: {уход: Уход за лицом, внутрь: Витамины и коллаген}\n  - ask: Ещё?\n    as: ещё\n";
    files.insert("flows/a.yaml".into(), flow.into());
    files
}

#[track_caller]
fn answers(answer: &'static str, opening: &str) -> bool {
    let mut talk = Rehearsal::new(playbook("k", &shared()), "web", "2026-12-01T12:00:00+03:00")
        .model(move |_| Ok(Completion { text: answer.into(), ..Completion::default() }));
    if !opening.is_empty() {
        talk.me(opening);
    }
    talk.me("что посоветуете для бодрости утром?");
    let words = talk.words();
    assert!(words.contains(answer), "the answer is not replaced: {words}");
    words.contains(WORDS)
}

#[test]
fn what_speaks_of_a_supplement_says_so_though_other_goods_and_groups_hold_its_word() {
    for answer in [
        "Попробуйте коллаген.",
        "К крему «Роса» возьмите магний.",
        "Подойдёт карнитин.",
        "Морской коллаген пьют утром.",
        "Сыворотка с коллагеном для лица, а внутрь — коллаген.",
        "Хлебцы «Поле» едят с сыром. Клетчатку пьют с водой.",
        "Клетчатка помогает.",
        "Крем «Роса», а внутрь с магнием лучше.",
    ] {
        assert!(answers(answer, ""), "{answer}");
        assert!(answers(answer, "/a"), "{answer}");
    }
}

#[test]
fn what_speaks_of_creams_food_and_groups_of_goods_does_not_say_so() {
    for answer in [
        "Для рук подойдёт крем «Роса».",
        "Сыворотка с коллагеном увлажняет.",
        "Крем «Роса» с коллагеном мягкий.",
        "В хлебцах «Поле» много клетчатки.",
        "Хлебцы «Поле» содержат клетчатку.",
        "Клетчатка и белок в каждой пачке.",
        "Есть уход за лицом, витамины и коллаген.",
    ] {
        assert!(!answers(answer, ""), "{answer}");
        assert!(!answers(answer, "/a"), "the question that comes back offers a group: {answer}");
    }
}
