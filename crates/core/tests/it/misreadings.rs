//! Words that were once taken for something else than what was meant, in conversations with the demo partners.

use voronka_core::ports::Passage;
use voronka_testkit::Rehearsal;

use crate::{
    partners::{bakery, korica},
    shop::slot,
};

/// The cake flow after these answers.
fn korica_after(answers: &[&str]) -> Rehearsal {
    let mut talk = korica();
    talk.me("здравствуйте");
    for answer in answers {
        talk.me(answer);
    }
    talk
}

const AT_GUESTS: &[&str] = &["свадьба", "15 декабря"];
const AT_FILLING: &[&str] = &["свадьба", "15 декабря", "12 человек"];
const AT_BUDGET: &[&str] = &["свадьба", "15 декабря", "12 человек", "ягоды"];

#[test]
fn how_many_guests_from_and_to_is_no_hour_of_delivery() {
    let mut talk = korica_after(AT_GUESTS);
    talk.me("от 10 до 15");
    assert!(slot(&talk, "порции").is_some() && !talk.words().contains("15:00"), "{}", talk.words());
    let talk = korica_after(&["нужен торт на свадьбу 15 декабря, гостей от 10 до 15"]);
    assert!(!talk.words().contains("15:00"), "{}", talk.words());
}

#[test]
fn of_several_numbers_of_guests_the_customer_says_which() {
    for (said, buttons) in
        [("10 взрослых и 5 детей", ["5", "10"]), ("5 или 6", ["5", "6"]), ("двое взрослых и трое детей", ["2", "3"])]
    {
        let mut talk = korica_after(AT_GUESTS);
        talk.me(said);
        assert_eq!(slot(&talk, "порции"), None, "{said}: {}", talk.words());
        assert!(talk.words().contains("что из этого"), "{said}: {}", talk.words());
        talk.press(buttons[1]);
        assert_eq!(slot(&talk, "порции").as_deref(), Some(buttons[1]), "{said}: {}", talk.words());
    }
    // Nobody gets a button for each of many.
    let many: Vec<String> = (2..100).map(|n| n.to_string()).collect();
    let mut talk = korica_after(AT_GUESTS);
    talk.me(&many.join(", "));
    assert_eq!(slot(&talk, "порции"), None, "{}", talk.words());
    assert!(talk.buttons().len() < 10, "{:?}", talk.buttons());
    for (said, kept) in [("не 10, а 12", "12"), ("12 гостей, 2 яруса", "12"), ("12, нас будет 12", "12")]
    {
        let mut talk = korica_after(AT_GUESTS);
        talk.me(said);
        assert_eq!(slot(&talk, "порции").as_deref(), Some(kept), "{said}: {}", talk.words());
    }
}

#[test]
fn how_many_we_are_is_no_place_in_a_list() {
    for said in ["нас двое", "мы вдвоём", "нас 2", "двое", "нас будет двое"] {
        let talk = korica_after(&[said]);
        assert_eq!(slot(&talk, "повод"), None, "{said}: {}", talk.words());
    }
    for said in ["нас двенадцать", "двое", "нас будет 12", "вчетвером"] {
        let talk = korica_after(&[said]);
        assert!(slot(&talk, "порции").is_some(), "{said}: {}", talk.words());
    }
    for (said, chosen) in [("2", "свадьба"), ("второй", "свадьба"), ("давайте номер 4", "просто")]
    {
        let talk = korica_after(&[said]);
        assert_eq!(slot(&talk, "повод").as_deref(), Some(chosen), "{said}");
    }
}

#[test]
fn a_bare_number_corrects_no_date() {
    let mut talk = korica();
    talk.me("нужен торт на пятницу");
    let day = slot(&talk, "дата");
    assert!(day.is_some());
    talk.me("нет, семь");
    assert_eq!(slot(&talk, "дата"), day, "{}", talk.words());
    talk.me("нет, на 7 декабря");
    assert_eq!(slot(&talk, "дата").as_deref(), Some("2026-12-07"));
}

#[test]
fn a_question_of_a_side_branch_is_not_answered_before_it_is_put() {
    let talk = korica_after(&[AT_FILLING, &["начинка любая"]].concat());
    assert!(!talk.words().contains("ближайшие"), "{}", talk.words());
    assert_eq!(slot(&talk, "выход"), None);
    assert!(talk.words().contains("бюджет"), "{}", talk.words());
    let talk = korica_after(&["любые торты посмотреть"]);
    assert_eq!(slot(&talk, "выход"), None, "{}", talk.words());
}

#[test]
fn words_to_be_written_on_a_cake_correct_nothing() {
    let search = |question: &str| {
        let text = "Напишем любой текст до 40 знаков.";
        let passage = Passage {
            page: "nadpis.md".into(),
            title: "Надпись".into(),
            heading: String::new(),
            text: text.into(),
            score: 0.97,
            part: None,
        };
        if question.contains("надпись") || question.contains("напишете") {
            vec![passage]
        } else {
            Vec::new()
        }
    };
    for asked in ["можно надпись на торт? \"С юбилеем Саша\"", "а напишете «С юбилеем, Саша»?"]
    {
        let mut talk = korica().search(search);
        talk.me("здравствуйте");
        for answer in AT_GUESTS {
            talk.me(answer);
        }
        talk.me(asked);
        assert_eq!(slot(&talk, "повод").as_deref(), Some("свадьба"), "{}", talk.words());
        assert!(talk.words().contains("40 знаков"), "{}", talk.words());
    }
}

#[test]
fn thousands_are_named_before_their_number_too() {
    for said in ["тыщ до 3х", "тысяч до трёх", "тыщ за 3", "тысячи до 3-х"] {
        let talk = korica_after(&[AT_BUDGET, &[said]].concat());
        let budget = talk.state().run.expect("a run").slots.get("бюджет").cloned();
        let budget = serde_json::to_string(&budget).expect("values serialise");
        assert!(budget.contains("300000"), "{said}: {budget} {}", talk.words());
    }
}

/// Pages that fit everything so well.
fn found(score: f32) -> impl Fn(&str) -> Vec<Passage> {
    move |_| {
        vec![Passage {
            page: "svechi.md".into(),
            title: "Свечи".into(),
            heading: String::new(),
            text: "Свечи есть на кассе.".into(),
            score,
            part: None,
        }]
    }
}

#[test]
fn a_statement_in_a_flow_is_answered_by_no_page_that_only_might_fit() {
    for said in ["шесть", "второй", "не важно", "подтверждаю", "не дам", "😂😂"] {
        let mut talk = korica().search(found(if said == "не дам" { 0.937 } else { 0.98 }));
        talk.me("здравствуйте");
        talk.me("день рождения");
        talk.me("15 декабря");
        talk.me(said);
        assert!(!talk.words().contains("кассе"), "{said}: {}", talk.words());
    }
    let mut talk = bakery().search(found(0.81));
    talk.me("hello");
    talk.me("not now");
    assert!(talk.words().contains("Please choose one"), "{}", talk.words());
    let mut talk = bakery().search(found(0.81));
    talk.me("hello");
    talk.me("I want my money back");
    assert!(talk.words().contains("кассе"), "{}", talk.words());
    for said in ["свечи", "а свечи у вас есть?"] {
        let mut talk = korica().search(found(0.98));
        talk.me("здравствуйте");
        talk.me(said);
        assert!(talk.words().contains("кассе") && talk.words().contains("Что празднуем?"), "{said}: {}", talk.words());
    }
}

#[test]
fn of_days_off_the_first_that_can_be_had_is_taken() {
    for said in ["на выходных", "на выхах"] {
        // A Saturday.
        let files = crate::partners::files("../../partners/korica");
        let mut talk =
            Rehearsal::new(crate::partners::playbook("korica", &files), "telegram", "2026-11-21T12:00:00+03:00");
        talk.me("день рождения");
        talk.me(said);
        assert_eq!(slot(&talk, "дата").as_deref(), Some("2026-11-22"), "{said}: {}", talk.words());
    }
}

/// From the filling to the order that is shown.
fn order_after(answers: &[&str]) -> Rehearsal {
    let mut talk = korica();
    talk.me("здравствуйте");
    for answer in answers {
        talk.me(answer);
    }
    for answer in ["12 человек", "ягоды", "не важно"] {
        talk.me(answer);
    }
    talk.contact("+7 999 123-45-67");
    talk.press("Торт «Малина»");
    talk
}

fn note(talk: &Rehearsal) -> String {
    talk.snapshot().orders.last().map(|order| order.note.clone()).unwrap_or_default()
}

#[test]
fn an_hour_beside_the_day_is_said_back_and_stands_in_the_order() {
    for (said, kept) in
        [("завтра к 6", "18:00"), ("в пятницу вечером", "вечером"), ("15 декабря с 10 до 12", "10:00–12:00")]
    {
        let mut talk = korica_after(&["день рождения"]);
        talk.me(said);
        assert!(talk.words().contains(kept), "{said}: {}", talk.words());
        let talk = order_after(&["день рождения", said]);
        assert!(note(&talk).contains(kept), "{said}: {}", note(&talk));
    }
    let talk = order_after(&["день рождения", "завтра к 6", "нет, на субботу к 7"]);
    assert!(note(&talk).contains("19:00") && !note(&talk).contains("18:00"), "{}", note(&talk));
    let talk = order_after(&["день рождения", "15 декабря, а вы до 18:00 работаете?"]);
    assert!(!note(&talk).contains("18:00"), "{}", note(&talk));
}

#[test]
fn how_many_pieces_are_wanted_is_said_back_and_stands_in_the_order() {
    for (said, kept) in [("3 штуки на 15 декабря", "3 штуки"), ("2 бенто на 15 декабря", "2 бенто")]
    {
        let talk = korica_after(&["день рождения", said]);
        assert!(talk.words().contains(kept), "{said}: {}", talk.words());
        let talk = order_after(&["день рождения", said]);
        assert!(note(&talk).contains(kept), "{said}: {}", note(&talk));
    }
    let mut talk = bakery();
    talk.me("hello");
    talk.me("2 boxes for saturday");
    assert!(talk.words().contains("2 boxes"), "{}", talk.words());
    for said in ["12 человек на 15 декабря", "2 кг на 15 декабря"] {
        let talk = korica_after(&["день рождения", said]);
        assert!(talk.state().run.expect("a run").remarks.is_empty(), "{said}: {}", talk.words());
    }
}

#[test]
fn a_list_under_a_question_for_a_number_has_no_numbers() {
    let plain = voronka_core::capabilities::Capabilities { buttons: None, ..voronka_testkit::rehearsal::roomy() };
    let mut talk = korica().capabilities(plain);
    talk.me("здравствуйте");
    assert!(talk.words().contains("1. День рождения"), "{}", talk.words());
    talk.me("1");
    assert!(talk.words().contains("• завтра") && !talk.words().contains("1. завтра"), "{}", talk.words());
    talk.me("завтра");
    assert!(talk.words().contains("• 6") && !talk.words().contains("1. 6"), "{}", talk.words());
    talk.me("2");
    assert_eq!(slot(&talk, "порции").as_deref(), Some("2"));
    talk.me("1");
    assert!(talk.words().contains("• до 3000 ₽"), "{}", talk.words());
    talk.me("до 3000 ₽");
    assert!(slot(&talk, "бюджет").is_some(), "{}", talk.words());
}

#[test]
fn english_that_leaves_a_question_open_skips_it() {
    for said in ["idk surprise me", "no idea", "whatever", "surprise me please"] {
        let mut talk = bakery();
        for answer in ["hello", "birthday", "12 December", "10 people", said] {
            talk.me(answer);
        }
        let skipped = talk.state().run.expect("a run").skipped;
        assert!(skipped.contains(&"flavour".to_owned()), "{said}: {}", talk.words());
    }
}

#[test]
fn who_asks_for_another_language_hears_which_is_spoken() {
    let mut talk = korica();
    talk.me("hi");
    talk.me("do you speak english?");
    assert!(talk.words().contains("Russian only") && talk.words().contains("Что празднуем?"), "{}", talk.words());
    let mut talk = bakery();
    talk.me("hello");
    talk.me("а по-русски можно?");
    assert!(talk.words().contains("только по-английски"), "{}", talk.words());
}

#[test]
fn digits_that_are_no_phone_are_called_that() {
    let mut talk = bakery();
    for answer in ["hello", "birthday", "12 December", "10 people", "chocolate", "07700 90012"] {
        talk.me(answer);
    }
    assert!(!talk.words().contains("did not") && talk.words().to_lowercase().contains("number"), "{}", talk.words());
}
