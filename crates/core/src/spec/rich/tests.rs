//! Markup of partners and Markdown of models.

use proptest::prelude::*;

use super::*;

/// The text with `<b>`, `<i>`, `<a address>` where styles begin and `</>` where they end.
fn shown(rich: &Rich) -> String {
    let mut out = String::new();
    for (at, letter) in rich.text.char_indices().chain([(rich.text.len(), '\0')]) {
        for _ in rich.spans.iter().filter(|span| span.bytes.end == at) {
            out.push_str("</>");
        }
        for span in rich.spans.iter().filter(|span| span.bytes.start == at) {
            match &span.style {
                Style::Bold => out.push_str("<b>"),
                Style::Italic => out.push_str("<i>"),
                Style::Link(url) => out.extend(["<a ", url.as_str(), ">"]),
            }
        }
        out.push(letter);
    }
    out.pop();
    out
}

#[track_caller]
fn check(read: fn(&str) -> Rich, table: &[(&str, &str)]) {
    for (source, expected) in table {
        assert_eq!(shown(&read(source)), *expected, "{source}");
    }
}

#[test]
fn light_markup_is_read() {
    check(
        Rich::from_markup,
        &[
            ("*жирно* и _тонко_", "<b>жирно</> и <i>тонко</>"),
            ("*жирно и _тонко_*", "<b>жирно и <i>тонко</></>"),
            ("(*жирно*), «_тонко_»!", "(<b>жирно</>), «<i>тонко</>»!"),
            ("[каталог](https://korica.example/c_a_t)", "<a https://korica.example/c_a_t>каталог</>"),
            ("[*каталог*](https://k.example/a(1))", "<a https://k.example/a(1)><b>каталог</></>"),
            ("- один\n  - *два*", "• один\n  • <b>два</>"),
        ],
    );
}

#[test]
fn signs_that_are_no_markup_stay() {
    check(
        Rich::from_markup,
        &[
            ("snake_case_name и 2*3*4", "snake_case_name и 2*3*4"),
            ("2 * 3 * 4", "2 * 3 * 4"),
            ("*не закрыто", "*не закрыто"),
            ("*не на\nодной строке*", "*не на\nодной строке*"),
            ("**двойные**", "**двойные**"),
            ("[куда](javascript:alert)", "[куда](javascript:alert)"),
            ("[скобки] (и ещё)", "[скобки] (и ещё)"),
            ("-5 °C, - нет", "-5 °C, - нет"),
            ("https://k.example/_a_b_", "https://k.example/_a_b_"),
        ],
    );
}

#[test]
fn a_models_markdown_is_read_leniently() {
    check(
        Rich::from_markdown,
        &[
            ("**Торт** *нежный*, __да__, _нет_", "<b>Торт</> <i>нежный</>, <b>да</>, <i>нет</>"),
            ("***оба***", "<b><i>оба</></>"),
            ("**Цена:**4200 ₽", "<b>Цена:</>4200 ₽"),
            ("# Наши **торты** #\nтекст", "<b>Наши торты</>\nтекст"),
            ("* один\n* два\n  - три\n1. раз", "• один\n• два\n  • три\n1. раз"),
            ("[сайт](https://k.example \"Титул\") и [файл](./x.pdf)", "<a https://k.example>сайт</> и файл"),
            ("Вот ![торт](https://k.example/a.jpg) фото", "Вот  фото"),
            ("![](https://k.example/a.jpg)\nтекст", "текст"),
            ("`код *не жирный*` и ``а`б``", "код *не жирный* и а`б"),
            ("```rust\nlet *x* = 1;\n```\nпосле", "let *x* = 1;\nпосле"),
            ("<b>жирно</b><br/>строка <!-- тайна -->", "жирно\nстрока "),
            ("a < b и 5 > 3, <имя>", "a < b и 5 > 3, <имя>"),
            ("<https://k.example>", "https://k.example"),
            ("> цитата", "цитата"),
            ("до\n\n---\n\n\nпосле", "до\n\nпосле"),
            ("| Торт | Цена |\n|---|---:|\n| Малина | **4200** |", "Торт · Цена\nМалина · <b>4200</>"),
            ("snake_case, 2*3*4, 2**3**4", "snake_case, 2*3*4, 2**3**4"),
            ("**недописано", "недописано"),
            ("5 \\* 3 &amp; &lt;", "5 * 3 & <"),
        ],
    );
}

#[test]
fn a_sign_does_not_look_for_its_partner_without_end() {
    let far = format!("*{}*", "я".repeat(2000));
    assert_eq!(Rich::from_markup(&far), Rich::plain(far));
    for signs in ["[", "*a", "_", "**a ", "[](", "`", "<"] {
        let text = signs.repeat(2000);
        assert!(sound(&Rich::from_markdown(&text)) && sound(&Rich::from_markup(&text)));
    }
}

#[test]
fn texts_join_and_part_with_their_styles() {
    let mut rich = Rich::plain("Цена: ");
    rich.push_rich(&Rich::from_markup("*4200* за _торт_"));
    rich.push_plain(" *как есть*");
    assert_eq!(shown(&rich), "Цена: <b>4200</> за <i>торт</> *как есть*");
    let from = rich.text.find("200").unwrap();
    assert_eq!(shown(&rich.slice(from..from + 10)), "<b>200</> за ");
    assert_eq!(rich.slice(Range { start: 3, end: 1 }).text, "");
    assert_eq!(rich.slice(0..9999), rich);
}

#[test]
fn rich_text_is_stored_compactly() {
    let plain = Rich::plain("просто");
    assert_eq!(serde_json::to_string(&plain).unwrap(), r#""просто""#);
    let rich = Rich::from_markup("*a* [b](https://b.example)");
    let json = serde_json::to_string(&rich).unwrap();
    assert_eq!(json, r#"{"t":"a b","s":[[0,1,"b"],[2,3,"lhttps://b.example"]]}"#);
    assert_eq!(serde_json::from_str::<Rich>(&json).unwrap(), rich);
    let broken: Rich = serde_json::from_str(r#"{"t":"ё","s":[[0,1,"b"],[0,9,"i"],[0,2,"i"]]}"#).unwrap();
    assert_eq!(shown(&broken), "<i>ё</>", "a span inside a letter or past the end is dropped");
}

/// Spans lie on letters, inside the text, and begin in order.
fn sound(rich: &Rich) -> bool {
    rich.spans.iter().all(|span| rich.text.get(span.bytes.clone()).is_some())
        && rich.spans.is_sorted_by_key(|span| span.bytes.start)
}

proptest! {
    #[test]
    fn any_text_gives_sound_spans(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "*", "**", "***", "_", "__", "[", "](", ")", "!", "`", "```", "<", ">", "\\", "&amp;", "#", "- ", "|", "\n", " ",
                "ё", "слово", "https://k.example", "x", "https:", "br", "<!--", "-->", "\u{e000}",
            ]),
            0..24,
        ),
        noise in "\\PC{0,12}",
    ) {
        let source = parts.concat() + &noise;
        prop_assert!(sound(&Rich::from_markup(&source)));
        let read = Rich::from_markdown(&source);
        prop_assert!(sound(&read));
        prop_assert!(sound(&read.slice(1..source.len() / 2)));
    }

    #[test]
    fn plain_words_stay_as_they_are(text in "[а-яa-z0-9 ,.!?]{0,60}") {
        prop_assert_eq!(Rich::from_markup(&text), Rich::plain(text));
    }
}
