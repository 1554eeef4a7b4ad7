//! 3. Order of steps.

use super::{hides, says};
use crate::shop::{ORDER, fact, shop};

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

#[test]
fn values_filled_ahead_are_named_in_the_next_message() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    talk.me("юбилей, будет 12 человек");
    says(&talk, &["Записала: 12 человек", "Какая начинка?"]);
}
