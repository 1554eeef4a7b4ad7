//! Lessons, links and settings in a member's chat.

use std::{path::Path, sync::Arc};

use voronka_core::{
    drawing::{Drawing, Photo},
    message::Content,
    turn::{Look, Seen},
};
use voronka_testkit::Rehearsal;

use crate::{
    partners::{self, playbook},
    shop::{NOON, files},
};

const LESSONS: &str = "title: Заявки
for: [operator]
lessons:
  - id: скорость
    title: Первые минуты
    text: Отвечайте быстро.
    quiz:
      - {question: Когда?, answers: {сразу: Сразу, завтра: Завтра}, right: сразу, why: Клиент ждёт.}
      - {question: Где?, answers: {тут: Здесь же, там: В почте}, right: тут}
  - {id: слова, title: Слова, text: Без воды.}
reels:
  - {id: разрез, title: Разрез, text: 'Смотрите: {product.name}. {partner.name}: {link.shop}. {неизвестно}'}
";

fn master() -> Rehearsal {
    let mut files = files(&[]);
    let config = String::from_utf8(files["config.yaml"].clone()).expect("the settings are UTF-8");
    let config = config.split("team:").next().expect("settings").to_owned()
        + "team: {хозяйка: {telegram: 1, role: owner}, мастер: {telegram: 2}}\nlinks: {shop: https://lavka.example/}\n";
    files.insert("config.yaml".into(), config.into_bytes());
    files.insert("training/zayavki.yaml".into(), LESSONS.as_bytes().to_vec());
    let mut talk = Rehearsal::new(playbook("lavka", &files), "telegram", NOON);
    talk.seat("мастер", "2");
    talk
}

fn command(talk: &mut Rehearsal, name: &str, args: &str) -> String {
    talk.did(Content::Command { name: name.into(), args: args.into() });
    talk.words()
}

#[test]
fn a_lesson_is_learnt_when_its_questions_are_answered_right_and_that_is_remembered() {
    let mut talk = master();
    command(&mut talk, "training", "");
    talk.press("Заявки (0/2)");
    talk.press("Первые минуты");
    assert!(talk.words().contains("Отвечайте быстро."));
    talk.press("Проверить себя");
    talk.press("Завтра");
    assert!(talk.words().contains("Не совсем. Клиент ждёт."));
    talk.press("Ещё раз");
    talk.press("Сразу");
    assert!(talk.words().contains("Верно. Клиент ждёт.") && talk.words().contains("Где?"), "{}", talk.words());
    talk.press("Здесь же");
    assert!(talk.buttons().contains(&"✓ Первые минуты".to_owned()), "{:?}", talk.buttons());
    command(&mut talk, "training", "");
    assert_eq!(talk.buttons(), ["Заявки (1/2)"]);
}

#[test]
fn a_text_for_a_video_holds_the_partners_own_and_what_nobody_knows_stays() {
    let mut talk = master();
    command(&mut talk, "training", "");
    talk.press("Заявки (0/2)");
    talk.press("Разрез");
    assert!(
        talk.words().contains("Смотрите: Торт «Малина». Лавка: https://lavka.example/. {неизвестно}"),
        "{}",
        talk.words()
    );
}

#[test]
fn no_text_that_the_examples_train_with_is_shown_with_a_brace() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../partners");
    let mut shown = 0;
    for entry in std::fs::read_dir(folder).expect("the examples are there") {
        let id = entry.expect("an example").file_name().into_string().expect("its name is UTF-8");
        let playbook = playbook(&id, &partners::files(&format!("../../partners/{id}")));
        let spec = Arc::clone(&playbook.spec);
        let mut talk = Rehearsal::new(playbook, "telegram", NOON);
        for (course, role) in spec.training.iter().map(|course| (course, course.roles.first())) {
            let member = spec.config.team.iter().find(|one| role.is_none_or(|role| one.role == *role));
            talk.seat(&member.expect("somebody whom the course is for").name, "1");
            for lesson in course.lessons.iter().chain(&course.reels) {
                command(&mut talk, "training", "");
                press_named(&mut talk, &course.title);
                press_named(&mut talk, &lesson.title);
                let words = talk.words();
                assert!(words.contains(&lesson.title) && !words.contains('{'), "{id}: {words}");
                let asked = lesson.quiz.iter().flat_map(|quiz| {
                    let answers = quiz.answers.iter().map(|(_, answer)| answer);
                    answers.chain([&quiz.question]).chain(&quiz.why).chain([&course.title])
                });
                let raw = asked.filter(|text| text.contains('{')).collect::<Vec<_>>();
                assert!(raw.is_empty(), "{id}: shown as they are: {raw:?}");
                shown += 1;
            }
        }
    }
    assert!(shown > 15, "lessons of the examples were read: {shown}");
}

/// Presses the button that bears a title, whatever mark or count stands beside it.
#[track_caller]
fn press_named(talk: &mut Rehearsal, title: &str) {
    let label = talk.buttons().into_iter().find(|label| label.contains(title));
    talk.press(&label.unwrap_or_else(|| panic!("no button «{title}» among {:?}", talk.buttons())));
}

#[test]
fn topics_are_for_those_whom_the_file_names() {
    let mut talk = master();
    talk.seat("хозяйка", "1");
    assert_eq!(command(&mut talk, "training", ""), "Уроков пока нет.");
}

#[test]
fn a_link_bears_the_mark_that_is_asked_for_and_none_that_messengers_do_not_take() {
    let mut talk = master();
    talk.look_by(Box::new(|look| match look {
        Look::Links { source } => Some(Seen::Links(vec![format!("https://t.me/lavka_bot?start={source}")])),
        _ => None,
    }));
    let told = command(&mut talk, "my_link", "vesna");
    assert!(told.contains("https://t.me/lavka_bot?start=vesna") && told.contains("«vesna»"), "{told}");
    for bad in ["весна", "a b", &"x".repeat(65)] {
        assert!(command(&mut talk, "my_link", bad).starts_with("Метка ссылки"), "{bad}");
    }
}

#[test]
fn every_link_comes_with_its_qr_code_and_in_words() {
    for bots in [&["a"][..], &["a", "b"]] {
        let mut talk = master();
        let links: Vec<String> = bots.iter().map(|bot| format!("https://t.me/{bot}_bot?start=vesna")).collect();
        let shown = links.clone();
        talk.look_by(Box::new(move |look| match look {
            Look::Links { .. } => Some(Seen::Links(shown.clone())),
            _ => None,
        }));
        let bubbles = talk.did(Content::Command { name: "my_link".into(), args: "vesna".into() }).to_vec();
        let heads = usize::from(bots.len() > 1);
        assert_eq!(bubbles.len(), heads + bots.len());
        assert!(links.iter().all(|link| bubbles[0].text.text.contains(link)), "{bubbles:?}");
        for (bubble, link) in bubbles[heads..].iter().zip(&links) {
            assert_eq!(bubble.photo, Some(Photo::Drawn(Drawing::Qr { address: link.clone() })));
            assert!(bubble.text.text.ends_with(link.as_str()), "{bubble:?}");
        }
    }
}

#[test]
fn settings_are_shown_as_they_hold() {
    let told = command(&mut master(), "my_settings", "");
    for part in ["Лавка", "Вы: мастер", "Europe/Moscow", "21:00–09:00", "https://lavka.example/"] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn the_daily_summary_comes_once_a_day_also_on_days_without_its_hour() {
    let mut files = files(&[]);
    let config = String::from_utf8(files["config.yaml"].clone()).unwrap();
    let config = config.replace("Europe/Moscow", "America/New_York") + "digest: {to: хозяйка, at: 2:30}\n";
    files.insert("config.yaml".into(), config.into_bytes());
    let spec = playbook("lavka", &files).spec.clone();
    let digest = spec.config.digest.as_ref().unwrap();
    let due = |day: &str| digest.due(day.parse().unwrap(), &spec.config.zone).to_string();
    assert_eq!(due("2026-03-07"), "2026-03-07T07:30:00Z");
    // At two the clocks are put to three: the first minute that there is behind the hour that is not.
    assert_eq!(due("2026-03-08"), "2026-03-08T07:00:00Z");
    assert_eq!(due("2026-11-01"), "2026-11-01T07:30:00Z");
}
