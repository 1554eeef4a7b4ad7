//! What customers and files bring in is data: it is expanded once, and no markup of theirs comes out.

use voronka_core::{message::Content, spec::partner::PartnerFiles};
use voronka_testkit::Rehearsal;

use crate::partners::playbook;

fn shop() -> Rehearsal {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), "name: К\naccounts: {web: {}}\n".into());
    let flow = "start: {commands: [/a]}\nsteps:\n  - say: 'Добрый день, {customer.name | гость}!'\n  - ask: Что написать на торте?\n    \
                as: надпись\n    text: {max: 500}\n  - say: 'Напишем: {надпись}. Верно?'\n  - notify: 'Надпись: {надпись}'\n";
    files.insert("flows/a.yaml".into(), flow.into());
    Rehearsal::new(playbook("korica", &files), "web", "2026-12-01T12:00:00+03:00")
}

#[test]
fn s_37_template_once_values_of_customers_are_never_expanded_again() {
    for said in [
        "{order.total}",
        "{customer.phone | нет}",
        "{{надпись}}",
        "{надпись}",
        "${TELEGRAM_TOKEN} {link.bot}",
        "{% raw %}{7*7}",
    ] {
        let mut talk = shop();
        talk.did(Content::Command { name: "a".into(), args: String::new() });
        talk.me(said);
        assert!(talk.words().contains(&format!("Напишем: {said}. Верно?")), "{said}: {}", talk.words());
        assert!(talk.notices.iter().any(|notice| notice.text.contains(said)), "{said}");
    }
    let mut named = shop();
    named.named("{partner.name}{{", "/привет");
    named.did(Content::Command { name: "a".into(), args: String::new() });
    assert!(named.words().contains("{partner.name}{{"), "{}", named.words());
}

#[test]
fn s_37_template_once_markup_in_a_value_stays_text_and_lines_become_one() {
    let mut talk = shop();
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.me("*жирно* [тут](https://evil.example)\n- раз");
    let bubble = talk.said.iter().find(|bubble| bubble.text.text.contains("Напишем")).expect("an answer").clone();
    assert!(bubble.text.text.contains("*жирно* [тут](https://evil.example) - раз"), "{}", bubble.text.text);
    assert!(bubble.text.spans.is_empty(), "{:?}", bubble.text.spans);
}

#[test]
fn s_38_html_dropped_from_pages_and_from_a_models_words() {
    let html = "Привет.<script>alert(x)</script> <b onclick=\"x()\">Торт</b> <img src=x onerror=alert(x)>готов<!-- тайна -->, \
                <a href=\"javascript:alert(x)\">сюда</a>";
    let passage = voronka_core::ports::Passage {
        page: "a.md".into(),
        title: "А".into(),
        heading: String::new(),
        text: html.into(),
        score: 0.9,
        part: None,
    };
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), "name: К\naccounts: {web: {}}\n".into());
    let plain = Rehearsal::new(playbook("korica", &files), "web", "2026-12-01T12:00:00+03:00");
    let mut plain = plain.search(move |_| vec![passage.clone()]);
    plain.me("Когда готов торт?");
    let worded = Rehearsal::new(playbook("korica", &files), "web", "2026-12-01T12:00:00+03:00");
    // A link of a model's own would not pass the guard at all.
    let words = html.split(", <a").next().unwrap_or_default().to_owned();
    let answer = voronka_core::ports::Completion { text: words, ..Default::default() };
    let mut worded = worded.model(move |_| Ok(answer.clone()));
    worded.me("Когда готов торт?");
    for words in [plain.words(), worded.words()] {
        assert!(words.contains("Торт") && words.contains("готов"), "{words}");
        for bad in ["<script", "</script", "onerror", "onclick", "<b", "<img", "<!--", "javascript:", "<a "] {
            assert!(!words.contains(bad), "{bad}: {words}");
        }
    }
    let links = |talk: &Rehearsal| format!("{:?}", talk.said);
    assert!(!links(&plain).contains("javascript:") && !links(&worded).contains("javascript:"));
}
