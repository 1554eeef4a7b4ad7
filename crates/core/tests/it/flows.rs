//! FORMATS §4, rule by rule.

use jiff::SignedDuration;
use voronka_core::{
    message::{Content, TeamAction},
    order::OrderState,
    turn::Owner,
};

use crate::{
    partners::playbook,
    shop::{ORDER, at_filling, at_order, fact, files, shop, slot},
};

#[track_caller]
fn says(talk: &voronka_testkit::Rehearsal, parts: &[&str]) {
    let words = talk.words().replace('\u{a0}', " ");
    for part in parts {
        assert!(words.contains(part), "no «{part}» in:\n{words}");
    }
}

#[track_caller]
fn hides(talk: &voronka_testkit::Rehearsal, parts: &[&str]) {
    let words = talk.words().replace('\u{a0}', " ");
    for part in parts {
        assert!(!words.contains(part), "«{part}» in:\n{words}");
    }
}

// 1. Recognition.

#[test]
fn the_first_message_starts_the_flow_and_is_its_input() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("Нужен торт на юбилей, 12 человек");
    assert_eq!((slot(&talk, "повод").as_deref(), slot(&talk, "гости").as_deref()), (Some("юбилей"), Some("12")));
    says(&talk, &["Здравствуйте!", "Записала: ", "Какая начинка?"]);
    assert_eq!(talk.said.len(), 1);
}

#[test]
fn an_opened_chat_or_a_photo_does_not_take_the_first_message_away() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.did(Content::Opened);
    assert!(talk.said.is_empty());
    talk.me("привет");
    says(&talk, &["Что празднуем?"]);
}

#[test]
fn an_opt_out_works_in_its_own_turn_and_stops_reminders() {
    let mut talk = at_filling();
    talk.me("не пишите мне больше");
    says(&talk, &["Больше не буду писать"]);
    assert!(fact(&talk, "opt_out") && talk.snapshot().customer.more.opted_out);
    assert!(talk.wait(SignedDuration::from_hours(30)).is_empty());
}

#[test]
fn an_opt_out_works_while_a_person_has_the_conversation() {
    let mut talk = at_filling();
    talk.team(TeamAction::TakeOver);
    talk.me("отпишите меня");
    assert!(talk.snapshot().customer.more.opted_out);
    says(&talk, &["Больше не буду писать"]);
}

#[test]
fn a_wish_for_a_person_hands_over_and_the_bot_is_silent_until_it_is_given_back() {
    let mut talk = at_filling();
    talk.me("позовите человека");
    assert_ne!(talk.state().owner, Owner::Bot);
    says(&talk, &["Передаю разговор"]);
    assert!(fact(&talk, "handoff.asked") && fact(&talk, "handoff"));
    assert!(talk.me("вы тут?").is_empty());
    assert!(talk.me("ягоды").is_empty());
    assert!(talk.wait(SignedDuration::from_hours(3)).is_empty());
    talk.team(TeamAction::GiveBack);
    says(&talk, &["Так какая начинка?"]);
    talk.me("ягоды");
    says(&talk, &["Оставьте телефон"]);
}

#[test]
fn a_person_who_replies_takes_the_conversation() {
    let mut talk = at_filling();
    talk.team(TeamAction::Reply { text: "Это Ольга, помогу.".into() });
    assert_eq!(talk.words(), "Это Ольга, помогу.");
    assert_eq!(talk.state().owner, Owner::Person);
    assert!(talk.me("спасибо").is_empty());
}

#[test]
fn out_of_hours_the_customer_hears_when_somebody_answers() {
    let mut talk = at_filling();
    talk.wait(SignedDuration::from_hours(11));
    talk.me("позовите человека");
    says(&talk, &["9:00"]);
}

#[test]
fn a_question_left_after_extraction_is_answered_in_the_same_message() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    talk.press("Юбилей");
    talk.me("12 человек, а безглютеновые бывают?");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("12"));
    says(&talk, &["миндальной муке", "Какая начинка?"]);
    assert_eq!(talk.said.len(), 1);
}

#[test]
fn messages_that_wait_together_are_one_utterance() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.burst(&["здравствуйте", "нужен торт на свадьбу", "гостей 12 человек"]);
    assert_eq!((slot(&talk, "повод").as_deref(), slot(&talk, "гости").as_deref()), (Some("свадьба"), Some("12")));
    assert_eq!(talk.said.len(), 1);
}

#[test]
fn a_flow_named_in_the_first_message_comes_before_the_usual_first_flow() {
    let other = "title: Отзыв\nstart: {words: [оставить отзыв]}\nsteps:\n  - ask: Как вам?\n    as: мнение\n    text: {max: 50}\n";
    let mut talk = shop(&[("zakaz", ORDER), ("otzyv", other)]);
    talk.me("хочу оставить отзыв");
    says(&talk, &["Как вам?"]);
}

// 2. Extraction.

#[test]
fn an_answer_is_an_option_by_label_number_stem_also_or_typo() {
    for answer in ["Юбилей", "2", "второй", "к юбилею", "день рождения", "юбелей"]
    {
        let mut talk = shop(&[("zakaz", ORDER)]);
        talk.me("привет");
        talk.me(answer);
        assert_eq!(slot(&talk, "повод").as_deref(), Some("юбилей"), "{answer}");
    }
}

#[test]
fn a_bare_number_is_not_filled_ahead() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    talk.me("юбилей 12");
    assert_eq!((slot(&talk, "повод").as_deref(), slot(&talk, "гости")), (Some("юбилей"), None));
}

#[test]
fn two_options_that_fit_are_asked_about_with_both_as_buttons() {
    let mut talk = at_filling();
    talk.me("ягоды или шоколад");
    assert_eq!(slot(&talk, "начинка"), None);
    assert_eq!(talk.buttons(), ["Ягоды", "Шоколад"]);
}

#[test]
fn a_skipped_question_leaves_the_slot_empty_and_may_be_filled_later() {
    let mut talk = at_filling();
    talk.me("не важно");
    says(&talk, &["Оставьте телефон"]);
    assert_eq!(slot(&talk, "начинка"), None);
    talk.me("нет, пусть будет шоколад");
    assert_eq!(slot(&talk, "начинка").as_deref(), Some("шоколад"));
    says(&talk, &["Исправила: Шоколад", "Оставьте телефон"]);
}

// 3. Order of steps.

#[test]
fn a_jump_asks_again_and_what_is_reached_in_order_passes() {
    let flow = "title: Круг
start: {commands: [/a]}
steps:
  - ask: Первое?
    as: первое
    choice: {да: Да, нет: Нет}
  - ask: Второе?
    as: второе
    choice: {раз: Раз, два: Два}
  - ask: Ещё?
    as: ещё
    choice: {снова: Снова, хватит: Хватит}
  - goto: первое
    when: ещё = снова
  - say: Конец.
";
    let mut talk = shop(&[("a", flow)]);
    for answer in ["/a", "да", "раз"] {
        talk.me(answer);
    }
    talk.me("снова");
    says(&talk, &["Первое?"]);
    talk.me("нет");
    // «Второе» and «Ещё» are filled and reached in order: the loop's condition still holds.
    says(&talk, &["Первое?"]);
}

#[test]
fn arms_of_a_branch_are_reached_in_order_unless_they_jump() {
    let flow = "title: Ветки
start: {commands: [/a]}
steps:
  - ask: Цвет?
    as: цвет
    choice: {белый: Белый, синий: Синий}
  - branch:
      - when: цвет = белый
        steps:
          - say: Внутри.
          - stage: подбор
      - goto: другое
  - say: После.
  - end: готово
parts:
  другое:
    - say: Другое.
";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    talk.me("белый");
    says(&talk, &["Внутри.", "После."]);
    hides(&talk, &["Другое"]);
    assert!(fact(&talk, "stage.подбор") && fact(&talk, "flow.a.готово"));
    talk.me("/a");
    talk.me("синий");
    says(&talk, &["Другое."]);
    hides(&talk, &["После"]);
}

// 4. Validation.

#[test]
fn what_does_not_fit_is_said_and_after_the_retries_a_person_helps() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    talk.press("Юбилей");
    talk.me("500");
    says(&talk, &["Нужно число от 2 до 100.", "Сколько гостей?"]);
    talk.me("а доставка есть?");
    says(&talk, &["500 ₽", "Сколько гостей?"]);
    talk.me("тьма");
    says(&talk, &["Нужно число от 2 до 100."]);
    assert_eq!(talk.state().owner, Owner::Bot);
    talk.me("0");
    says(&talk, &["Зову мастера."]);
    assert_ne!(talk.state().owner, Owner::Bot);
}

#[test]
fn without_a_way_out_a_person_is_offered() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    for _ in 0..3 {
        talk.me("абырвалг");
    }
    assert_eq!(talk.buttons(), ["Позвать человека"]);
    talk.press("Позвать человека");
    assert_ne!(talk.state().owner, Owner::Bot);
}

#[test]
fn not_that_twice_offers_a_person() {
    let mut talk = at_filling();
    talk.me("не то");
    talk.me("вы не поняли");
    assert_eq!(talk.buttons(), ["Позвать человека"]);
}

// 5. Digressions.

#[test]
fn a_digression_is_answered_with_the_open_question_in_one_message() {
    let mut talk = at_filling();
    talk.me("а доставка есть?");
    assert_eq!(talk.said.len(), 1);
    says(&talk, &["доставка стоит 500 ₽", "Вернёмся к нашему вопросу. Так какая начинка?"]);
    assert_eq!(talk.buttons(), ["Ягоды", "Шоколад", "Не важно"]);
}

#[test]
fn another_flow_interrupts_and_then_the_first_asks_again() {
    let other = "title: Отзыв\nstart: {words: [оставить отзыв]}\nsteps:\n  - ask: Как вам?\n    as: мнение\n    text: {max: 50}\n  - say: Спасибо.\n";
    let mut talk = shop(&[("zakaz", ORDER), ("otzyv", other)]);
    talk.me("привет");
    talk.me("хочу оставить отзыв");
    says(&talk, &["Как вам?"]);
    talk.me("очень вкусно");
    says(&talk, &["Спасибо.", "Вернёмся", "Что празднуем?"]);
}

#[test]
fn three_flows_wait_and_the_oldest_beyond_ends_as_interrupted() {
    let flow = |id: &str| {
        format!(
            "title: {id}\nstart: {{commands: [/{id}]}}\nsteps:\n  - ask: Вопрос {id}?\n    as: slot_{id}\n    text: {{max: 50}}\n"
        )
    };
    let flows: Vec<(&str, String)> = ["a", "b", "c", "d", "e"].into_iter().map(|id| (id, flow(id))).collect();
    let flows: Vec<(&str, &str)> = flows.iter().map(|(id, text)| (*id, text.as_str())).collect();
    let mut talk = shop(&flows);
    for command in ["/a", "/b", "/c", "/d", "/e"] {
        talk.me(command);
    }
    assert!(fact(&talk, "flow.a.interrupted") && !fact(&talk, "flow.b.interrupted"));
    talk.me("ответ");
    says(&talk, &["Вопрос d?"]);
}

// 6. Corrections.

#[test]
fn a_marked_correction_changes_the_slot_and_asks_on_in_one_message() {
    let mut talk = at_filling();
    talk.me("нет, на двенадцать человек");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("12"));
    says(&talk, &["Исправила: 12", "Какая начинка?"]);
    hides(&talk, &["Здравствуйте!"]);
    assert_eq!(talk.said.len(), 1);
}

#[test]
fn a_correction_is_known_by_its_unit_or_by_a_bare_number_after_a_marker() {
    let mut talk = at_filling();
    talk.me("14 человек");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("14"));
    talk.me("ой, 16");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("16"));
    talk.me("не 16, а 11");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("11"));
}

#[test]
fn a_correction_evaluates_a_guard_that_was_false_before() {
    let mut talk = at_filling();
    talk.me("нет, 60 человек");
    says(&talk, &["Исправила", "Это много.", "Какой зал?"]);
    hides(&talk, &["Здравствуйте"]);
    // And back again: the side branch's answers are gone.
    talk.me("нет, 10 человек");
    says(&talk, &["Какая начинка?"]);
}

#[test]
fn slots_off_the_path_are_emptied_and_others_stay() {
    let mut talk = at_filling();
    talk.press("Шоколад");
    talk.me("нет, 60 человек");
    says(&talk, &["Какой зал?"]);
    assert_eq!(slot(&talk, "начинка"), None);
    assert_eq!(slot(&talk, "повод").as_deref(), Some("юбилей"));
}

#[test]
fn a_correction_redoes_the_offer_and_keeps_a_product_that_is_still_listed() {
    let mut talk = at_order();
    says(&talk, &["Всё верно?"]);
    talk.me("нет, 12 человек");
    says(&talk, &["Исправила: 12", "Всё верно?"]);
    assert_eq!(slot(&talk, "торт").as_deref(), Some("malina"));
    talk.me("нет, 16 человек");
    // Nothing with berries for sixteen: another filling is asked for.
    says(&talk, &["Такого нет.", "начинка?"]);
}

#[test]
fn another_product_may_be_named_at_the_order() {
    let mut talk = at_filling();
    talk.me("не важно");
    talk.contact("+7 999 123-45-67");
    talk.press("Торт «Малина»");
    talk.me("нет, лучше три шоколада");
    assert_eq!(slot(&talk, "торт").as_deref(), Some("shoko"));
    says(&talk, &["4 800 ₽", "Всё верно?"]);
}

#[test]
fn a_confirmed_order_never_changes_silently() {
    let mut talk = at_order();
    talk.press("Подтвердить");
    assert_eq!(talk.order(), Some((OrderState::Placed, 4200)));
    talk.me("ой, на 12 человек");
    says(&talk, &["Изменить заказ?"]);
    talk.press("Да");
    says(&talk, &["Передала вашу просьбу"]);
    let notice = talk.notices.last().expect("a notice");
    assert!(notice.text.contains("на 12 человек") && notice.about == "order.change", "{notice:?}");
    assert_eq!(talk.order(), Some((OrderState::Placed, 4200)));
}

// 7. Cancelling.

#[test]
fn a_cancelled_flow_is_taken_up_within_three_days_and_starts_afresh_after() {
    let mut talk = at_filling();
    talk.me("отмена");
    assert!(fact(&talk, "flow.zakaz.cancelled") && talk.state().run.is_none());
    talk.wait(SignedDuration::from_hours(48));
    talk.me("хочу заказать торт");
    says(&talk, &["начинка?"]);
    hides(&talk, &["Здравствуйте"]);
    talk.me("отмена");
    talk.wait(SignedDuration::from_hours(80));
    talk.me("хочу заказать торт");
    says(&talk, &["Что празднуем?"]);
}

#[test]
fn new_words_win_over_answers_of_a_run_that_is_taken_up_again() {
    let mut talk = at_filling();
    talk.me("отмена");
    talk.me("хочу заказать торт на свадьбу");
    assert_eq!(slot(&talk, "повод").as_deref(), Some("свадьба"));
    assert_eq!(slot(&talk, "гости").as_deref(), Some("10"));
}

#[test]
fn on_cancel_says_goodbye_and_the_outcome_is_cancelled() {
    let flow =
        ORDER.replace("steps:\n  - say", "on_cancel: пока\nsteps:\n  - say") + "  пока:\n    - say: До встречи.\n";
    let mut talk = shop(&[("zakaz", &flow)]);
    talk.me("привет");
    talk.me("отмена");
    says(&talk, &["До встречи."]);
    assert!(fact(&talk, "flow.zakaz.cancelled"));
}

// 8. Buttons.

#[test]
fn a_button_of_an_earlier_step_is_a_correction_and_pressed_twice_changes_nothing() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    let wedding = talk.token("Свадьба");
    talk.press("Юбилей");
    let ten = talk.token("10");
    talk.press("6");
    let press = |token: &str| Content::Button { token: token.into(), label: None };
    talk.did(press(&wedding));
    says(&talk, &["Исправила: Свадьба", "Какая начинка?"]);
    assert!(talk.did(press(&wedding)).is_empty());
    talk.did(press(&ten));
    assert_eq!(slot(&talk, "гости").as_deref(), Some("10"));
}

#[test]
fn a_button_of_an_ended_run_offers_to_start_again_and_changes_nothing() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    let old = talk.token("Юбилей");
    talk.me("отмена");
    talk.did(Content::Button { token: old, label: None });
    says(&talk, &["Этот выбор уже в прошлом"]);
    assert!(talk.state().run.is_none());
    talk.press("Начать заново");
    says(&talk, &["Что празднуем?"]);
}

#[test]
fn an_order_confirmed_twice_is_placed_once() {
    let mut talk = at_order();
    let confirm = talk.token("Подтвердить");
    talk.press("Подтвердить");
    talk.me("спасибо");
    assert!(talk.did(Content::Button { token: confirm, label: None }).is_empty());
    assert_eq!(talk.facts.iter().filter(|name| *name == "order.placed").count(), 1);
}

#[test]
fn a_button_that_was_edited_away_counts_as_its_label() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    let token = talk.token("Юбилей");
    let edited =
        ORDER.replace("юбилей: {label: Юбилей, also: [день рождения]}", "праздник: {label: Праздник, also: [юбилей]}");
    talk.edit(playbook("lavka", &files(&[("zakaz", &edited)])));
    talk.did(Content::Button { token, label: Some("Юбилей".into()) });
    assert_eq!(slot(&talk, "повод").as_deref(), Some("праздник"));
}

#[test]
fn buttons_while_a_person_owns_are_passed_on_and_stop_still_works() {
    let mut talk = at_filling();
    let berries = talk.token("Ягоды");
    talk.team(TeamAction::TakeOver);
    assert!(talk.did(Content::Button { token: berries, label: None }).is_empty());
    assert_eq!(slot(&talk, "начинка"), None);
    talk.did(Content::Button { token: "x.x".into(), label: None });
    assert!(talk.snapshot().customer.more.opted_out);
}

#[test]
fn buttons_of_a_last_say_lead_on_again_and_again() {
    let flow = "title: Меню
start: {commands: [/menu]}
steps:
  - id: меню
    say: Что показать?
    buttons: {Цены: цены, Адрес: адрес}
parts:
  цены:
    - say: Торты от 4200 ₽.
  адрес:
    - say: Тверская.
";
    let mut talk = shop(&[("menu", flow)]);
    talk.me("/menu");
    talk.press("Адрес");
    says(&talk, &["Тверская."]);
}

// 9. Slots and calls.

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

// 10. Loops.

#[test]
fn a_flow_that_goes_round_too_often_is_handed_over_with_a_notice() {
    let flow = "title: Круг\nstart: {commands: [/a]}\nsteps:\n  - ask: Ещё?\n    as: ещё\n    choice: {да: Да, нет: Нет}\n  - goto: ещё\n    when: ещё = да\n  - say: Конец.\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    for _ in 0..20 {
        talk.me("да");
    }
    assert_ne!(talk.state().owner, Owner::Bot);
    assert!(fact(&talk, "flow.a.loop") && talk.notices.iter().any(|notice| notice.text.contains("зациклился")));
}

// 11. Silence.

#[test]
fn a_silent_customer_is_reminded_once_and_then_let_go() {
    let mut talk = at_filling();
    talk.wait(SignedDuration::from_mins(61));
    says(&talk, &["Вы тут?", "Так какая начинка?"]);
    assert!(talk.wait(SignedDuration::from_hours(5)).is_empty());
    talk.wait(SignedDuration::from_hours(20));
    assert!(fact(&talk, "flow.zakaz.бросил"));
}

#[test]
fn reminders_keep_quiet_hours_and_any_event_cancels_them() {
    let mut talk = at_filling();
    talk.wait(SignedDuration::from_mins(8 * 60 + 30));
    // The reminder of 13:00 has rung; a new word counts anew, and 21:30 is too late to write.
    talk.me("ягоды");
    let mut late = at_filling();
    late.wait(SignedDuration::from_mins(30));
    late.me("шоколад");
    assert!(late.wait(SignedDuration::from_mins(45)).is_empty());
    says(
        {
            late.wait(SignedDuration::from_mins(30));
            &late
        },
        &["Вы тут?"],
    );
}

// 12. Edits.

#[test]
fn nobody_falls_out_of_a_flow_whose_step_was_edited_away() {
    let mut talk = at_filling();
    let edited = ORDER.replace(
        "  - ask: Какая начинка?\n    as: начинка\n    choice: {ягоды: Ягоды, шоколад: Шоколад}\n    skip: Не важно\n    again: Так какая начинка?\n",
        "  - ask: Сколько коробок?\n    as: коробки\n    number: {min: 1, max: 9}\n",
    );
    let edited = edited
        .replace(" and (not has(начинка) or product.tags contains начинка)", "")
        .replace("goto: начинка", "goto: коробки");
    talk.edit(playbook("lavka", &files(&[("zakaz", &edited)])));
    talk.me("2");
    // The answer was to a question that is gone: it must not fill the new one.
    assert_eq!(slot(&talk, "коробки"), None);
    says(&talk, &["Сколько коробок?"]);
    hides(&talk, &["Здравствуйте", "Что празднуем"]);
}

#[test]
fn a_renamed_step_is_found_by_its_former_id() {
    let mut talk = at_filling();
    let berries = talk.token("Ягоды");
    let edited = ORDER
        .replace("    as: начинка\n", "    id: вкус\n    was: [начинка]\n    as: начинка\n")
        .replace("goto: начинка", "goto: вкус");
    talk.edit(playbook("lavka", &files(&[("zakaz", &edited)])));
    talk.did(Content::Button { token: berries, label: None });
    says(&talk, &["Оставьте телефон"]);
}

// 13. Variants.

#[test]
fn a_variant_drawn_once_moves_nobody_when_weights_change() {
    let flow = |one: u32, two: u32| {
        format!(
            "title: Опыт\nstart: {{commands: [/a]}}\nvariants: {{привет: {{раз: {one}, два: {two}}}}}\nsteps:\n  - say: Раз.\n    when: variant.привет = раз\n  - say: Два.\n    when: variant.привет = два\n"
        )
    };
    let mut talk = shop(&[("a", &flow(100, 0))]);
    talk.me("/a");
    says(&talk, &["Раз."]);
    assert!(fact(&talk, "variant.привет"));
    talk.edit(playbook("lavka", &files(&[("a", &flow(0, 100))])));
    talk.me("/a");
    says(&talk, &["Раз."]);
}

// What is said.

#[test]
fn that_a_machine_answers_is_said_once_and_never_denied() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    says(&talk, &["виртуальный помощник"]);
    talk.me("юбилей");
    hides(&talk, &["виртуальный"]);
    talk.me("вы бот?");
    says(&talk, &["Да, я виртуальный помощник", "Сколько гостей?"]);
}

#[test]
fn thanks_and_greetings_are_answered_and_keep_the_question() {
    let mut talk = at_filling();
    talk.me("спасибо");
    says(&talk, &["Так какая начинка?"]);
    let mut free = shop(&[]);
    free.me("здравствуйте");
    says(&free, &["Это Лавка. Чем могу помочь?"]);
    free.me("спасибо");
    says(&free, &["Пожалуйста!"]);
}

#[test]
fn a_price_question_is_answered_by_cards_of_the_domain() {
    let mut talk = shop(&[]);
    talk.me("сколько стоит малина?");
    says(&talk, &["Торт «Малина» — 4 200 ₽"]);
    hides(&talk, &["шоколада"]);
    assert!(fact(&talk, "price.asked"));
}

#[test]
fn what_nobody_knows_is_not_guessed_and_goes_to_the_team() {
    let mut talk = shop(&[]);
    talk.me("вы проводите экскурсии?");
    says(&talk, &["Не знаю точно"]);
    assert!(talk.notices.last().is_some_and(|notice| notice.text.contains("экскурсии")));
    assert!(fact(&talk, "question.unanswered"));
}

#[test]
fn without_buttons_a_number_chooses_from_the_list() {
    let mut none = voronka_testkit::rehearsal::roomy();
    none.buttons = None;
    let mut talk = shop(&[("zakaz", ORDER)]).capabilities(none);
    talk.me("привет");
    says(&talk, &["1. Свадьба", "2. Юбилей"]);
    talk.me("2");
    assert_eq!(slot(&talk, "повод").as_deref(), Some("юбилей"));
    talk.me("10");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("10"), "the question takes numbers itself");
    talk.me("3");
    assert_eq!(slot(&talk, "начинка"), None);
    talk.me("1");
    says(&talk, &["Вот что есть"]);
    talk.me("1");
    says(&talk, &["Всё верно?", "1. Подтвердить"]);
    talk.me("1");
    assert!(matches!(talk.order(), Some((OrderState::Placed, _))));
}

#[test]
fn words_that_start_a_flow_and_ask_something_without_a_mark_are_answered() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("можно доставку привезти пораньше");
    says(&talk, &["500 ₽", "Что празднуем?"]);
    let mut other = shop(&[("zakaz", ORDER)]);
    other.me("можно в морозилку остатки");
    says(&other, &["Что празднуем?"]);
    hides(&other, &["Не знаю", "Не совсем"]);
    assert!(!fact(&other, "unanswered") && other.state().owner == Owner::Bot);
}

#[test]
fn a_day_or_a_number_in_a_question_fills_no_slot_ahead() {
    let flow = "title: Запись\nstart: {first_message: true, words: [хочу записаться]}\nsteps:\n  - ask: Что делаем?\n    as: дело\n    choice: {стрижка: Стрижка, укладка: Укладка}\n  - ask: Когда?\n    as: день\n    date: {}\n  - ask: Сколько вас?\n    as: сколько\n    number: {min: 1, max: 50, unit: [человек]}\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("до скольки вы работаете в воскресенье");
    assert_eq!(slot(&talk, "день"), None);
    talk.me("а в субботу на 12 человек доставка есть?");
    assert_eq!((slot(&talk, "день"), slot(&talk, "сколько")), (None, None));
    says(&talk, &["500 ₽"]);
    talk.me("стрижка 12 декабря, а доставка есть?");
    assert_eq!(slot(&talk, "день").as_deref(), Some("2026-12-12"));
    let mut wished = shop(&[("a", flow)]);
    wished.me("Хочу записаться на 12 декабря, получится?");
    assert_eq!(slot(&wished, "день").as_deref(), Some("2026-12-12"));
}

#[test]
fn a_list_in_a_cell_of_the_catalogue_is_shown_with_spaces() {
    let mut files = files(&[]);
    let catalogue = "id;name;category;price;stock;allergens\nmalina;Торт «Малина»;Торты;4200;5;яйца,молоко\n";
    files.insert("catalogue.csv".into(), catalogue.as_bytes().to_vec());
    let mut talk = voronka_testkit::Rehearsal::new(playbook("lavka", &files), "telegram", crate::shop::NOON);
    talk.me("сколько стоит Малина?");
    says(&talk, &["яйца, молоко"]);
}
