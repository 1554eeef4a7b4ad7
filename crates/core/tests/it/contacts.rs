//! Contacts: consent first, "no" never in the way, nothing in prompts.

use voronka_core::{
    capabilities::Has,
    message::{ContactOf, Content, TeamAction},
    order::OrderState,
    rows::{Author, FactRow, LeadRow, Past, TurnCommit},
};
use voronka_testkit::Rehearsal;

use crate::{
    partners::playbook,
    shop::{NOON, ORDER, at_filling, at_order, fact, files, shop, slot},
};

fn consents(talk: &Rehearsal) -> Vec<FactRow> {
    let facts = talk.last.iter().flat_map(|commit| commit.facts.clone());
    facts.filter(|row| row.name == "consent.given" || row.name == "contact.left").collect()
}

#[test]
fn consent_with_the_hash_of_its_text_is_a_fact_before_the_contact_is_kept() {
    let mut talk = at_filling();
    talk.press("Ягоды");
    assert!(talk.words().contains("обработку моих персональных данных"));
    talk.contact("8 (999) 123-45-67");
    let facts = consents(&talk);
    assert_eq!(facts.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["consent.given", "contact.left"]);
    let given: serde_json::Value = serde_json::from_str(&facts[0].data).expect("JSON");
    assert_eq!(given["text_hash"].as_str().map(str::len), Some(64));
    assert!(!facts[1].data.contains("999"), "a fact holds no contact");
    assert_eq!(talk.snapshot().customer.phone.expect("kept").as_str(), "+79991234567");
}

#[test]
fn no_to_the_contact_never_blocks_the_order() {
    for no in ["нет", "не хочу оставлять телефон", ""] {
        let mut talk = at_filling();
        talk.press("Ягоды");
        if no.is_empty() {
            talk.press("Не сейчас")
        } else {
            talk.me(no)
        };
        if !talk.words().contains("Вот что есть") {
            talk.press("Не сейчас");
        }
        talk.press("Торт «Малина»");
        talk.press("Подтвердить");
        assert_eq!(talk.order(), Some((OrderState::Placed, 4200)), "{no}");
        assert!(talk.snapshot().customer.phone.is_none() && !fact(&talk, "contact.left"));
    }
}

#[test]
fn a_declined_contact_is_not_asked_for_again_after_a_correction() {
    let mut talk = at_filling();
    talk.press("Ягоды");
    talk.press("Не сейчас");
    talk.me("нет, 12 человек");
    assert!(talk.words().contains("Вот что есть") && !talk.words().contains("Оставьте телефон"), "{}", talk.words());
}

#[test]
fn a_phone_written_unasked_is_kept_only_after_a_yes() {
    let mut talk = shop(&[]);
    talk.me("мой телефон +7 999 123-45-67, подскажите про доставку?");
    assert!(talk.words().contains("персональных данных") && talk.words().contains("500 ₽"), "{}", talk.words());
    assert!(talk.snapshot().customer.phone.is_none());
    talk.press("Соглашаюсь");
    assert_eq!(talk.snapshot().customer.phone.expect("kept").as_str(), "+79991234567");
    let mut other = shop(&[]);
    other.me("+7 999 123-45-67");
    other.me("нет");
    assert!(other.snapshot().customer.phone.is_none() && fact(&other, "consent.refused"));
}

#[test]
fn an_own_card_shared_unasked_is_found_again_after_the_yes() {
    let mut talk = shop(&[]);
    talk.contact("+79991234567");
    assert!(talk.snapshot().customer.phone.is_none());
    talk.press("Соглашаюсь");
    let customer = talk.snapshot().customer;
    assert_eq!(customer.phone.expect("kept").as_str(), "+79991234567");
    assert!(customer.more.vouched, "the messenger's word for it holds");
}

#[test]
fn somebody_elses_card_is_not_kept() {
    let mut talk = at_filling();
    talk.press("Ягоды");
    talk.did(Content::Contact {
        phone: "+79991112233".into(),
        name: Some("Пётр".into()),
        whose: ContactOf::SomebodyElse,
    });
    assert!(talk.snapshot().customer.phone.is_none() && talk.words().contains("номер телефона"));
    assert!(!fact(&talk, "consent.given"));
}

#[test]
fn a_phone_question_shows_the_consent_text_before_it_records_a_consent() {
    let flow = "title: Звонок\nstart: {commands: [/a]}\nsteps:\n  - ask: Куда позвонить?\n    as: номер\n    phone: {}\n  - ask: Куда писать?\n    as: адрес\n    email: {}\n  - say: Хорошо.\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    assert!(talk.words().contains("персональных данных"));
    talk.me("89991234567");
    assert!(fact(&talk, "consent.given") && talk.words().contains("Куда писать?"));
    talk.me("anna@example.ru");
    assert!(talk.words().contains("Хорошо."));
    assert_eq!(talk.snapshot().customer.email.expect("kept").as_str(), "anna@example.ru");
}

#[test]
fn a_correction_under_the_contact_request_is_no_refusal() {
    let mut talk = at_filling();
    talk.press("Ягоды");
    talk.me("нет, на 12 человек");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("12"));
    assert!(talk.words().contains("Оставьте телефон"));
}

#[test]
fn no_prompt_holds_a_phone_or_an_address() {
    use std::{cell::RefCell, rc::Rc};
    let prompts = Rc::new(RefCell::new(String::new()));
    let seen = Rc::clone(&prompts);
    let mut talk = shop(&[("zakaz", ORDER)]).model(move |prompt| {
        seen.borrow_mut().push_str(&serde_json::to_string(prompt).expect("JSON"));
        Ok(voronka_core::ports::Completion { text: "Хорошо.".into(), ..Default::default() })
    });
    talk.me("привет, мой номер +7 (999) 123-45-67, почта anna@example.ru. А экскурсии бывают?");
    talk.me("запишите 8-999-123-45-67, а вы где находитесь?");
    let prompts = prompts.borrow();
    assert!(prompts.contains("[телефон]") && !prompts.contains("123-45-67") && !prompts.contains("anna@"), "{prompts}");
}

#[test]
fn a_wish_to_be_forgotten_removes_contacts_and_consents_and_is_passed_on() {
    for wish in ["/forget_me", "Удалите мои данные, пожалуйста"] {
        let mut talk = at_order();
        assert!(talk.snapshot().customer.phone.is_some());
        talk.me(wish);
        let customer = talk.snapshot().customer;
        assert!(customer.phone.is_none() && customer.email.is_none() && customer.name.is_none(), "{wish}");
        assert!(customer.more.consents.is_empty() && customer.more.opted_out);
        assert!(talk.words().contains("Удалили ваши контакты и переписку"), "{}", talk.words());
        let erasing = talk.last.iter().find(|commit| commit.past == Past::Erased).expect("the past goes");
        assert!(erasing.messages.iter().all(|message| message.author == Author::Bot), "{:?}", erasing.messages);
        assert!(fact(&talk, "consent.refused") && fact(&talk, "opt_out"));
        let notices: Vec<_> = talk.last.iter().flat_map(|commit| &commit.notices).collect();
        assert!(notices.iter().any(|notice| notice.text.contains("Просит удалить персональные данные")));
        assert!(talk.wait(jiff::SignedDuration::from_hours(30)).is_empty());
    }
}

#[test]
fn a_wish_to_be_forgotten_works_while_a_person_has_the_conversation_and_takes_slots_along() {
    let flow = "title: Звонок\nstart: {commands: [/a]}\nsteps:\n  - ask: Куда позвонить?\n    as: номер\n    phone: {}\n  - ask: Как вас зовут?\n    as: имя\n    text: {max: 50}\n    keep: name\n  - ask: Ещё что?\n    as: ещё\n    text: {max: 50}\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    talk.me("89991234567");
    talk.me("Ваня");
    talk.team(TeamAction::TakeOver);
    talk.me("/forget_me");
    let snapshot = talk.snapshot();
    assert!(snapshot.customer.more.answers.is_empty(), "{:?}", snapshot.customer.more.answers);
    assert!(snapshot.state.run.expect("a run").slots.is_empty());
    assert!(talk.words().contains("Удалили ваши контакты"));
}

#[test]
fn a_wish_to_be_forgotten_takes_all_words_of_the_customers_along_and_what_they_chose_stays() {
    let flow = "title: Анкета\nstart: {commands: [/a]}\nsteps:\n  - ask: Что важнее?\n    as: цель\n    choice: {вес: Вес, сон: Сон}\n  - ask: Где вы живёте?\n    as: город\n    text: {max: 50}\n  - set: {lead.segment: город}\n  - ask: Ещё что?\n    as: ещё\n    text: {max: 50}\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    talk.press("Сон");
    talk.me("Синегорье");
    assert!(talk.snapshot().lead.segment.is_some() && fact(&talk, "lead.segment"));
    talk.me("/forget_me");
    let commit = talk.last.clone().expect("a turn");
    let lead = commit.lead.expect("the lead is written");
    let all = format!("{} {} {:?}", commit.conversation.state, lead.data, commit.facts);
    assert!(!all.contains("Синегорье") && all.contains("сон"), "{all}");
}

#[test]
fn what_a_turn_forgets_is_forgotten_of_a_restored_store_as_well() {
    let flow = "title: Анкета\nstart: {commands: [/a]}\nsteps:\n  - ask: Что важнее?\n    as: цель\n    choice: {вес: Вес, сон: Сон}\n  - tag: худеет\n  - ask: Где вы живёте?\n    as: город\n    text: {max: 50}\n    keep: name\n  - set: {lead.segment: город}\n  - ask: Ещё что?\n    as: ещё\n    text: {max: 50}\n";
    let mut talk = shop(&[("a", flow)]);
    talk.named("Анна", "/a");
    talk.press("Сон");
    talk.me("Синегорье");
    talk.contact("+7 999 123-45-67");
    let (key, before) = (talk.snapshot().key, talk.loaded().clone());
    talk.me("/forget_me");
    let live = talk.last.clone().expect("a turn");
    let again = TurnCommit::erasing(&key, &before, live.facts[0].at).expect("there is a conversation");
    assert_eq!(live.customer, again.customer);
    assert_eq!(live.past, again.past);
    let segment = |commit: &TurnCommit| commit.lead.as_ref().and_then(LeadRow::segment);
    assert_eq!((segment(&live), segment(&again)), (None, None));
    for commit in [&live, &again] {
        let rows = format!("{} {:?} {:?}", commit.conversation.state, commit.customer, commit.lead);
        assert!(["Анна", "Синегорье", "999", "худеет"].iter().all(|word| !rows.contains(word)), "{rows}");
    }
}

#[test]
fn days_numbers_and_marks_of_whoever_is_forgotten_go_too() {
    let flow = "title: Анкета\nstart: {commands: [/a]}\nsteps:\n  - ask: Что важнее?\n    as: цель\n    choice: {вес: Вес, сон: Сон}\n  - tag: худеет\n  - ask: Когда родились?\n    as: день\n    date: {}\n  - ask: Сколько весите?\n    as: вес\n    number: {}\n  - ask: Ещё что?\n    as: ещё\n    text: {max: 50}\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    talk.press("Вес");
    talk.me("5 декабря");
    talk.me("92");
    let slots = |talk: &Rehearsal| -> Vec<String> {
        talk.state().run.expect("a run").slots.keys().map(ToString::to_string).collect()
    };
    assert_eq!(slots(&talk), ["вес", "день", "цель"]);
    assert_eq!(talk.snapshot().customer.more.tags, ["худеет"]);
    talk.me("/forget_me");
    assert_eq!(slots(&talk), ["цель"], "what was chosen stays, so that the flow goes on");
    assert!(talk.snapshot().customer.more.tags.is_empty());
}

#[test]
fn a_contact_in_a_kept_answer_is_kept_with_consent_alone_and_read_as_one() {
    let flow = "title: Звонок\nstart: {commands: [/a]}\nsteps:\n  - ask: Как с вами связаться?\n    as: связь\n    text: {max: 50}\n    keep: phone\n  - say: Хорошо.\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    talk.me("завтра после обеда");
    let customer = talk.snapshot().customer;
    assert!(customer.phone.is_none() && customer.more.kept.is_empty(), "{:?}", customer.more.kept);
    talk.contact("8 (999) 123-45-67");
    assert!(talk.snapshot().customer.phone.is_none(), "nobody has agreed");
}

#[test]
fn what_a_stranger_types_behind_the_command_is_no_campaign() {
    for (typed, source) in [
        ("vesna", Some("vesna")),
        ("весна-2026_б", Some("весна-2026_б")),
        ("Иван 89991234567", None),
        ("+79991234567", None),
        ("ivan@example.com", None),
    ] {
        let mut talk = shop(&[]);
        talk.did(Content::Command { name: "start".into(), args: typed.into() });
        assert_eq!(talk.snapshot().lead.source.as_deref(), source, "{typed}");
    }
}

#[test]
fn the_consent_text_is_read_once_a_run() {
    let mut talk = at_filling();
    talk.press("Ягоды");
    assert!(talk.words().contains("обработку моих персональных данных"));
    talk.me("а доставка есть?");
    assert!(talk.words().contains("Оставьте телефон") && !talk.words().contains("обработку"), "{}", talk.words());
    talk.me("ыва пролд");
    assert!(!talk.words().contains("обработку"), "{}", talk.words());
    talk.contact("8 (999) 123-45-67");
    assert!(fact(&talk, "consent.given"));
}

#[test]
fn words_around_a_contact_are_no_question() {
    let mut talk = at_filling();
    talk.press("Ягоды");
    talk.me("Ваня 89031234567 ivan@x.ru");
    assert_eq!(talk.snapshot().customer.phone.expect("kept").as_str(), "+79031234567");
    assert!(talk.words().contains("Вот что есть") && !fact(&talk, "unanswered"), "{}", talk.words());
    talk.me("Ваня 89031234568 ivan@x.ru");
    assert!(!fact(&talk, "unanswered") && !talk.words().contains("Не знаю"), "{}", talk.words());
    let mut other = shop(&[]);
    other.me("Ваня 89031234567 ivan@x.ru");
    assert!(other.words().contains("персональных данных") && !other.words().contains("Не совсем"), "{}", other.words());
}

/// A shop whose consent text is long and stands on a page as well, on a channel without a button that shares a phone.
fn long_consent() -> (Rehearsal, String) {
    let text = "Я согласен на обработку моих персональных данных Лавкой. ".repeat(120);
    let mut files = files(&[("zakaz", ORDER)]);
    files.insert("texts/consent.md".into(), text.clone().into_bytes());
    let config = String::from_utf8(files["config.yaml"].clone()).expect("the settings are UTF-8");
    files.insert(
        "config.yaml".into(),
        format!("{config}links: {{consent: \"https://lavka.example/consent\"}}\n").into(),
    );
    let mut talk = Rehearsal::new(playbook("lavka", &files), "telegram", NOON);
    let mut capabilities = (*talk.setting.capabilities).clone();
    (capabilities.contact_button, capabilities.text_max) = (Has::No, 4096);
    talk.setting.capabilities = capabilities.into();
    (talk, text.trim().to_owned())
}

#[test]
fn a_long_consent_text_can_be_read_whole_in_the_chat_before_it_is_agreed_to() {
    let (mut talk, text) = long_consent();
    talk.me("привет");
    for answer in ["Юбилей", "10", "Ягоды"] {
        talk.press(answer);
    }
    assert!(talk.words().contains("https://lavka.example/consent") && !talk.words().contains("Я согласен"));
    let said = talk.press("Прочитать целиком").to_vec();
    assert!(
        said.len() > 1 && said.iter().all(|bubble| bubble.text.text.chars().count() <= 4096),
        "cut as the channel wants"
    );
    let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let whole: String = said.iter().map(|bubble| bubble.text.text.as_str()).collect();
    assert_eq!(letters(&whole), letters(&text));
    assert!(!fact(&talk, "consent.given"), "to read is not to agree");
    talk.press("Соглашаюсь");
    assert!(fact(&talk, "consent.given"));
}

#[test]
fn a_consent_that_was_asked_for_outside_a_flow_can_be_read_and_answered_below() {
    let (mut talk, text) = long_consent();
    talk.me("привет");
    talk.press("Юбилей");
    talk.me("мой телефон +7 999 123-45-67");
    let said = talk.press("Прочитать целиком").to_vec();
    assert!(said[0].text.text.chars().take(200).eq(text.chars().take(200)), "{}", said[0].text.text);
    talk.press("Не соглашаюсь");
    assert!(fact(&talk, "consent.refused") && talk.snapshot().customer.phone.is_none());
}
