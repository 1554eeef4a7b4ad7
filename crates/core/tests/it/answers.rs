//! Answers that are right: buttons in words, questions to the catalogue, questions beside an answer, several at once, and those
//! that need the one before.

use voronka_core::{
    message::TeamAction,
    order::OrderState,
    ports::{Completion, Passage, ToolCall},
    turn::Owner,
};
use voronka_testkit::Rehearsal;

use crate::{
    partners::{files, korica, playbook},
    shop::{self, ORDER, at_filling, at_order, fact, hides, says, shop, slot},
};

/// The demo shop outside any flow.
fn free() -> Rehearsal {
    let mut files = files("../../partners/korica");
    files.retain(|name, _| !["flows/", "tests/", "sequences/", "scoring"].iter().any(|start| name.starts_with(start)));
    Rehearsal::new(playbook("korica", &files), "telegram", shop::NOON)
}

// Buttons in words.

#[test]
fn consent_in_words_is_understood() {
    for yes in ["согласна", "да, согласен", "Соглашаюсь", "соглашаюсь!", "сагласна", "да", "хорошо", "cjukfcyf"]
    {
        let mut talk = at_filling();
        talk.press("Ягоды");
        talk.me(yes);
        assert!(fact(&talk, "consent.given"), "{yes}: {}", talk.words());
        talk.me("8 999 123-45-67");
        says(&talk, &["Вот что есть"]);
        assert!(talk.snapshot().customer.phone.is_some(), "{yes}");
    }
}

#[test]
fn a_consent_that_was_asked_for_outside_a_flow_is_given_in_words() {
    for yes in ["согласна", "да, согласен", "соглашаюсь", "Да, соглашаюсь", "согласны", "даю согласие"]
    {
        let mut talk = shop(&[]);
        talk.me("мой номер 8 999 123-45-67");
        talk.me(yes);
        assert!(talk.snapshot().customer.phone.is_some(), "{yes}: {}", talk.words());
    }
    for no in ["не согласна", "Не соглашаюсь", "нет", "не даю согласия"] {
        let mut talk = shop(&[]);
        talk.me("мой номер 8 999 123-45-67");
        talk.me(no);
        assert!(talk.snapshot().customer.phone.is_none() && fact(&talk, "consent.refused"), "{no}: {}", talk.words());
    }
}

#[test]
fn a_question_about_the_consent_is_no_consent() {
    let mut talk = at_filling();
    talk.press("Ягоды");
    talk.me("а зачем вам мой телефон?");
    assert!(!fact(&talk, "consent.given") && !fact(&talk, "consent.refused"));
    says(&talk, &["Оставьте телефон"]);
}

#[test]
fn an_order_is_confirmed_in_words() {
    for yes in [
        "да",
        "подтверждаю",
        "верно",
        "всё верно",
        "Подтвердить",
        "подтвердить!",
        "падтвердить",
        "да, всё верно",
        "lf",
        "ок",
        "первое",
    ] {
        let mut talk = at_order();
        talk.me(yes);
        assert_eq!(talk.order(), Some((OrderState::Placed, 4200)), "{yes}: {}", talk.words());
    }
    for no in ["нет", "нет, не то", "изменить", "не подтверждаю", "Изменить.", "второе"]
    {
        let mut talk = at_order();
        talk.me(no);
        assert_eq!(talk.order(), None, "{no}");
        says(&talk, &["Что изменить?"]);
    }
}

#[test]
fn an_order_of_the_cart_is_confirmed_in_words() {
    for (answer, placed) in
        [("да", true), ("подтверждаю", true), ("верно", true), ("нет, не то", false), ("изменить", false)]
    {
        let mut talk = shop(&[]);
        talk.me("сколько стоит малина?");
        talk.press("Торт «Малина»");
        says(&talk, &["4 200 ₽"]);
        talk.me(answer);
        let order = talk.order().map(|(state, _)| state);
        assert_eq!(order == Some(OrderState::Placed), placed, "{answer}: {}", talk.words());
    }
}

#[test]
fn a_question_at_the_order_confirms_nothing() {
    let mut talk = at_order();
    talk.me("да, а доставка есть?");
    assert_eq!(talk.order(), None);
    says(&talk, &["500 ₽", "Всё верно?"]);
}

#[test]
fn any_label_that_was_shown_is_chosen_by_typing_it() {
    let flow = "title: Меню
start: {commands: [/menu]}
steps:
  - id: меню
    say: Что показать?
    buttons: {Цены на торты: цены, Адрес: адрес}
parts:
  цены:
    - say: Торты от 4200 ₽.
  адрес:
    - say: Тверская.
";
    for (typed, answer) in [
        ("Адрес", "Тверская."),
        ("адрес!", "Тверская."),
        ("адресс", "Тверская."),
        ("flhtc", "Тверская."),
        ("второй", "Тверская."),
        ("давайте второе", "Тверская."),
        ("цены на торты", "4200 ₽"),
        ("ЦЕНЫ НА ТОРТЫ", "4200 ₽"),
        ("цены на торт", "4200 ₽"),
        ("первая", "4200 ₽"),
    ] {
        let mut talk = shop(&[("menu", flow)]);
        talk.me("/menu");
        talk.me(typed);
        let words = talk.words().replace('\u{a0}', " ");
        assert!(words.contains(answer), "{typed}: {words}");
    }
}

#[test]
fn yes_to_the_offer_of_a_person_calls_one() {
    let mut talk = at_filling();
    talk.me("не то");
    talk.me("вы не поняли");
    talk.me("да");
    assert_ne!(talk.state().owner, Owner::Bot);
    let mut old = shop(&[("zakaz", ORDER)]);
    old.me("вы проводите экскурсии?");
    old.me("хорошо");
    assert_eq!(old.state().owner, Owner::Bot, "«передам вопрос» asks nothing");
}

#[test]
fn a_product_of_an_offer_is_chosen_by_its_place_or_with_a_typo() {
    for typed in ["первый", "малина", "торт малена", "vfkbyf", "давайте первый"] {
        let mut talk = at_filling();
        talk.press("Ягоды");
        talk.press("Не сейчас");
        talk.me(typed);
        assert_eq!(slot(&talk, "торт").as_deref(), Some("malina"), "{typed}: {}", talk.words());
    }
}

#[test]
fn yes_to_an_offer_of_one_product_chooses_it() {
    let mut talk = at_filling();
    talk.press("Ягоды");
    talk.press("Не сейчас");
    talk.me("да, подходит");
    assert_eq!(slot(&talk, "торт").as_deref(), Some("malina"), "{}", talk.words());
}

// Questions to the catalogue.

#[test]
fn the_catalogue_answers_and_not_the_prose() {
    let prose = |_: &str| {
        vec![Passage {
            page: "vybor-torta.md".into(),
            title: "Выбор".into(),
            heading: String::new(),
            text: "Выбирайте сердцем.".into(),
            score: 0.9,
            part: None,
        }]
    };
    for (question, shown, hidden) in [
        ("самый дешёвый торт", "Торт «Медовик маленький» — 2 200 ₽", "Сертификат"),
        ("что до 2600", "Торт «Ягодное облако» — 2 600 ₽", "2 700 ₽"),
        ("на 22 человека", "Торт «Лесная ягода» — 7 200 ₽", "Малина"),
        ("что есть в наличии", "Торт «Малина» — 4 200 ₽", "Выбирайте"),
        ("торты дороже 7000", "Торт «Шоколадный бархат» — 7 600 ₽", "Малина"),
        ("какие у вас медовики", "Торт «Медовик большой» — 5 900 ₽", "Выбирайте"),
        ("что посоветуете на 12 человек без орехов", "Торт «Медовик» — 3 400 ₽", "Малина"),
    ] {
        let mut talk = free().search(prose);
        talk.me(question);
        says(&talk, &[shown]);
        hides(&talk, &[hidden]);
    }
}

#[test]
fn what_is_without_something_is_said_with_what_the_pages_say_of_it() {
    let mut talk = free().search(|_| {
        vec![Passage {
            page: "allergens.md".into(),
            title: "Аллергены".into(),
            heading: String::new(),
            text: "Следы орехов возможны во всех тортах.".into(),
            score: 0.9,
            part: None,
        }]
    });
    talk.me("есть торты без орехов?");
    says(&talk, &["Следы орехов возможны", "Торт «Медовик» — 3 400 ₽"]);
    hides(&talk, &["Малина", "орех»"]);
}

#[test]
fn when_nothing_fits_that_is_said_and_the_nearest_offered() {
    let mut talk = free();
    talk.me("торт на 60 человек");
    says(&talk, &["Точно под такие условия ничего нет. Ближе всего:", "каскад"]);
    talk.me("торты дешевле 1000 рублей");
    says(&talk, &["ничего нет", "Медовик маленький"]);
    assert!(!fact(&talk, "question.unanswered"));
}

#[test]
fn a_partner_who_sells_nothing_here_is_not_said_to_have_nothing_that_fits() {
    let minimal = playbook("minimal", &files("../../partners/minimal"));
    let mut talk = Rehearsal::new(minimal, "telegram", shop::NOON);
    for question in ["Что у вас самое дешёвое?", "Что есть на 12 человек без орехов?"]
    {
        talk.me(question);
        hides(&talk, &["ничего", "подходит"]);
    }
}

#[test]
fn what_is_sold_out_is_said_to_be() {
    let mut files = files("../../partners/korica");
    files.retain(|name, _| !["flows/", "tests/", "sequences/", "scoring"].iter().any(|start| name.starts_with(start)));
    let text = String::from_utf8(files["catalogue.csv"].clone()).expect("UTF-8");
    files.insert("catalogue.csv".into(), text.replace("Торты;5800;;;16", "Торты;5800;;0;16").into_bytes());
    let mut talk = Rehearsal::new(playbook("korica", &files), "telegram", shop::NOON);
    talk.me("есть торт пони?");
    says(&talk, &["Торт «Пони»: сейчас нет в наличии."]);
    hides(&talk, &["Торт «Пони» —"]);
    talk.me("что есть из детских тортов");
    says(&talk, &["Торт «Ракета» — 5 600 ₽"]);
    hides(&talk, &["Пони"]);
}

#[test]
fn within_a_flow_products_are_lines_and_the_question_comes_again_in_the_same_message() {
    let mut talk = korica();
    talk.me("привет");
    talk.press("День рождения");
    talk.press("в субботу");
    talk.press("10");
    talk.me("какой самый дешёвый торт?");
    says(&talk, &["• Торт «Медовик маленький» — 2 200 ₽ (1 кг, 8 порций)", "начинку"]);
    assert_eq!(talk.said.len(), 1);
    assert!(talk.buttons().contains(&"Ягоды".to_owned()));
    assert_eq!(slot(&talk, "начинка"), None);
}

// Questions beside an answer.

#[test]
fn a_product_in_a_question_is_what_is_asked_about_and_no_answer() {
    let mut talk = korica();
    talk.me("привет");
    talk.press("День рождения");
    talk.press("в субботу");
    talk.press("10");
    talk.me("сколько стоит медовик?");
    says(&talk, &["Медовик» — 3 400 ₽", "начинку"]);
    assert_eq!(slot(&talk, "начинка"), None);
    talk.me("медовик, сколько стоит?");
    says(&talk, &["3 400 ₽", "бюджет"]);
    assert_eq!(slot(&talk, "начинка").as_deref(), Some("мёд"));
}

#[test]
fn a_price_asked_with_the_first_words_is_answered_before_the_flow_begins() {
    let mut talk = korica();
    talk.me("Здравствуйте! Сколько стоит медовик?");
    says(&talk, &["3 400 ₽", "Что празднуем?"]);
    assert_eq!(slot(&talk, "начинка"), None);
}

#[test]
fn an_answer_with_a_question_fills_the_slot_and_is_answered() {
    let mut talk = at_filling();
    talk.me("ягоды, а сколько стоит доставка?");
    assert_eq!(slot(&talk, "начинка").as_deref(), Some("ягоды"));
    says(&talk, &["500 ₽", "Оставьте телефон"]);
    assert_eq!(talk.said.len(), 1);
}

#[test]
fn several_questions_in_one_message_get_an_answer_each() {
    let pages = |question: &str| {
        let known = [("доставк", "Доставка стоит 500 ₽."), ("работае", "Работаем до 20:00.")];
        let asked = question.to_lowercase();
        let found = known.iter().filter(|(word, _)| asked.contains(word));
        let page = |(_, text): &(&str, &str)| Passage {
            page: "page.md".into(),
            title: String::new(),
            heading: String::new(),
            text: (*text).into(),
            score: 0.9,
            part: None,
        };
        // As a search does: the best for this question alone.
        found.take(1).map(page).collect::<Vec<_>>()
    };
    for both in [
        "сколько стоит доставка и до скольки вы работаете?",
        "Сколько стоит доставка? До скольки работаете?",
        "сколько стоит доставка, до скольки вы работаете",
        "сколько стоит доставка\nи до скольки вы работаете",
        "подскажите, сколько стоит доставка, а ещё до скольки вы работаете?",
    ] {
        let mut talk = shop(&[]).search(pages);
        talk.me(both);
        assert!(talk.words().contains("до 20:00"), "{both}: {}", talk.words());
        says(&talk, &["500 ₽", "до 20:00"]);
        assert_eq!(talk.said.len(), 1, "{both}");
        let mut within = at_filling().search(pages);
        within.me(both);
        says(&within, &["500 ₽", "до 20:00", "Так какая начинка?"]);
    }
    let mut talk = shop(&[]).search(pages);
    talk.me("сколько стоит доставка и когда вы проводите экскурсии?");
    says(&talk, &["500 ₽", "Об остальном спрошу"]);
    assert!(fact(&talk, "question.unanswered"));
    assert!(talk.notices.iter().any(|notice| notice.text.contains("когда вы проводите экскурсии")));
}

#[test]
fn one_question_with_a_condition_is_one() {
    let mut talk = free();
    talk.me("сколько стоит торт, если на 22 человека и без орехов?");
    says(&talk, &["Лесная ягода"]);
    hides(&talk, &["Карамельный орех", "Об остальном"]);
}

// Follow-ups.

#[test]
fn a_follow_up_needs_the_question_before() {
    let mut talk = free();
    talk.me("какие торты есть на 12 человек?");
    says(&talk, &["Малина"]);
    talk.me("а без орехов?");
    says(&talk, &["Медовик"]);
    hides(&talk, &["Малина", "Бенто"]);
    talk.me("а до 3300?");
    says(&talk, &["Наполеон"]);
    hides(&talk, &["Малина", "Торт «Медовик»"]);
    talk.me("а на 5 кг?");
    hides(&talk, &["Медовик маленький"]);
    talk.me("а что есть в наличии?");
    says(&talk, &["Торт «Малина» —"]);
    talk.me("да");
    hides(&talk, &["Малина"]);
}

#[test]
fn a_follow_up_is_searched_with_the_question_before() {
    let asked = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let seen = std::rc::Rc::clone(&asked);
    let mut talk = shop(&[]).search(move |question| {
        seen.borrow_mut().push(question.to_owned());
        Vec::new()
    });
    talk.me("до скольки вы работаете в субботу?");
    talk.me("а в воскресенье?");
    talk.me("доставка есть?");
    assert_eq!(
        *asked.borrow(),
        [
            "до скольки вы работаете в субботу?",
            "до скольки вы работаете в субботу?\nа в воскресенье?",
            "доставка есть?"
        ]
    );
    talk.wait(jiff::SignedDuration::from_hours(2));
    talk.me("а в воскресенье?");
    assert_eq!(asked.borrow()[3], "а в воскресенье?", "that was long ago");
}

// What the owner sees.

fn basis(talk: &Rehearsal) -> serde_json::Value {
    let rows = &talk.last.as_ref().expect("a turn").messages;
    let basis = rows.iter().find_map(|row| row.basis.as_deref()).expect("a basis");
    serde_json::from_str(basis).expect("JSON")
}

#[test]
fn an_answer_keeps_the_pages_products_and_calls_behind_it() {
    let mut talk = shop(&[]);
    talk.me("доставка есть?");
    let page = basis(&talk);
    assert_eq!((&page["pages"][0], &page["worded"]), (&"page.md".into(), &"passages".into()));
    assert_eq!(page["passages"][0]["sure"], 97);
    talk.me("торты дороже 4500");
    let goods = basis(&talk);
    assert_eq!((&goods["products"][0], &goods["worded"]), (&"shoko".into(), &"catalogue".into()));
    let calls = std::cell::RefCell::new(vec![
        Completion { text: "Подойдёт «Три шоколада».".into(), ..Completion::default() },
        Completion {
            calls: vec![ToolCall {
                id: "1".into(),
                name: "find_products".into(),
                arguments: r#"{"wish":"торты на 15 человек"}"#.into(),
            }],
            ..Completion::default()
        },
    ]);
    let mut talk = shop(&[]).model(move |_| Ok(calls.borrow_mut().pop().unwrap_or_default()));
    talk.me("доставка есть?");
    let called = basis(&talk);
    assert_eq!((&called["tools"][0], &called["worded"]), (&"find_products".into(), &"model".into()));
    assert!(called["calls"][0]["arguments"].as_str().is_some_and(|all| all.contains("на 15 человек")), "{called}");
    assert_eq!(called["prompt"], voronka_core::turn::PROMPT_VERSION);
}

#[test]
fn a_model_is_told_what_the_catalogue_says_and_may_say_it() {
    let seen = std::rc::Rc::new(std::cell::RefCell::new(String::new()));
    let kept = std::rc::Rc::clone(&seen);
    let mut talk = shop(&[]).model(move |prompt| {
        kept.replace(prompt.system.clone());
        Ok(Completion {
            text: "На 15 гостей подойдёт «Три шоколада» за 4 800 ₽, он на 16 порций.".into(),
            ..Completion::default()
        })
    });
    talk.me("какой торт на 15 человек?");
    assert!(
        seen.borrow().contains("# Found in the catalogue") && seen.borrow().contains("shoko | Торт «Три шоколада»")
    );
    says(&talk, &["4 800 ₽, он на 16 порций"]);
}

#[test]
fn a_question_without_an_answer_is_kept_in_its_words() {
    let mut talk = shop(&[]);
    talk.me("вы проводите экскурсии? мой телефон 8 999 123-45-67");
    let facts = &talk.last.as_ref().expect("a turn").facts;
    let row = facts.iter().find(|row| row.name == "question.unanswered").expect("the fact");
    assert!(row.data.contains("экскурсии") && !row.data.contains("123"), "{}", row.data);
}

#[test]
fn an_answer_is_marked_wrong_with_its_question() {
    let mut talk = shop(&[]);
    talk.me("доставка есть?");
    let seq = talk.last.as_ref().expect("a turn").messages.last().expect("an answer").seq;
    assert!(talk.team(TeamAction::MarkWrong { seq }).is_empty());
    let facts = &talk.last.as_ref().expect("a turn").facts;
    let row = facts.iter().find(|row| row.name == "answer.wrong").expect("the fact");
    assert!(row.data.contains("доставка есть?") && row.data.contains("мастер"), "{}", row.data);
    assert_eq!(talk.state().owner, Owner::Bot);
}
