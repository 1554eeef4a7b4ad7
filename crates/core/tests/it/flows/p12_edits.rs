//! 12. Edits.

use voronka_core::message::Content;

use super::{hides, says};
use crate::{
    partners::playbook,
    shop::{ORDER, at_filling, files, shop, slot},
};

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

#[test]
fn on_change_says_where_to_go_when_the_step_is_gone() {
    let flow = |step: &str| {
        format!(
            "title: Т\nstart: {{commands: [/a]}}\non_change: иначе\nsteps:\n  - ask: Что?\n    as: {step}\n  - say: Конец.\nparts:\n  иначе:\n    - say: Анкета изменилась.\n    - goto: {step}\n"
        )
    };
    let mut talk = shop(&[("a", &flow("что"))]);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.edit(playbook("lavka", &files(&[("a", &flow("новое"))])));
    talk.me("раз");
    says(&talk, &["Анкета изменилась.", "Что?"]);
}

#[test]
fn an_edit_of_texts_alone_is_not_noticed() {
    let mut talk = at_filling();
    let structure = |talk: &voronka_testkit::Rehearsal| talk.state().run.map(|run| run.structure);
    let before = structure(&talk);
    talk.edit(playbook("lavka", &files(&[("zakaz", &ORDER.replace("Оставьте телефон.", "Ваш телефон?"))])));
    talk.press("Ягоды");
    says(&talk, &["Ваш телефон?"]);
    assert_eq!(structure(&talk), before);
}
