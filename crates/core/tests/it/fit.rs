//! Fitting messages to channels: what people see on three kinds of messengers, and laws for any text and any limits.

use std::fmt::Write;

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;
use voronka_core::{
    capabilities::{ButtonLimits, Capabilities, Has, TextUnit},
    drawing::{Drawing, Photo},
    fit::fit,
    message::{Bubble, Button, Card, List, Message, Press, Purpose},
    spec::rich::{Rich, Style},
};

fn telegram() -> Capabilities {
    Capabilities {
        text_max: 4096,
        caption_max: 1024,
        text_unit: TextUnit::Utf16,
        buttons: Some(ButtonLimits { count_max: 100, per_row: 2, label_max: 64, label_comfortable: 16 }),
        cards_max: 0,
        album_max: 0,
        photos: Has::Yes,
        kept_files: Has::Yes,
        url_buttons: Has::Yes,
        contact_button: Has::Yes,
        place_button: Has::Yes,
        preview: Has::Yes,
        typing: Has::Yes,
        idempotent: Has::No,
        pushes: Has::Yes,
        hears: Has::Yes,
        window: None,
        pace: None,
    }
}

fn whatsapp() -> Capabilities {
    let buttons = Some(ButtonLimits { count_max: 3, per_row: 1, label_max: 20, label_comfortable: 20 });
    let (url_buttons, contact_button) = (Has::No, Has::No);
    Capabilities { text_max: 1024, buttons, url_buttons, contact_button, ..telegram() }
}

fn avito() -> Capabilities {
    let (url_buttons, contact_button, photos) = (Has::No, Has::No, Has::No);
    Capabilities {
        text_max: 1000,
        caption_max: 0,
        text_unit: TextUnit::Chars,
        buttons: None,
        url_buttons,
        contact_button,
        photos,
        ..telegram()
    }
}

fn token(label: &str) -> Button {
    Button {
        label: label.into(),
        press: Press::Token { token: format!("t:{label}").chars().filter(char::is_ascii).collect() },
    }
}

fn url(label: &str) -> Button {
    Button { label: label.into(), press: Press::Url { url: "https://korica.example/catalog".into() } }
}

fn card(title: &str, price: &str) -> Card {
    Card {
        title: title.into(),
        text: "1,8 кг, на 14 гостей".into(),
        price: Some(price.into()),
        photo: None,
        button: Some(token("Выбрать")),
    }
}

fn message(text: &str, buttons: Vec<Button>) -> Message {
    Message {
        text: Rich::from_markup(text),
        cards: Vec::new(),
        photo: None,
        buttons,
        list: List::default(),
        purpose: Purpose::Service,
        template: None,
        sequence: None,
    }
}

/// Bubbles as people see them.
fn drawn(bubbles: &[Bubble]) -> String {
    let mut out = String::new();
    for bubble in bubbles {
        out.push_str("┌──\n");
        if let Some(photo) = &bubble.photo {
            let Photo::At(address) = photo else { panic!("{photo:?}") };
            _ = writeln!(out, "(photo {address})");
        }
        if !bubble.text.text.is_empty() {
            _ = writeln!(out, "{}", bubble.text.text);
        }
        for card in &bubble.cards {
            _ = writeln!(out, "(card {} {})", card.title, card.price.as_deref().unwrap_or_default());
        }
        for row in &bubble.rows {
            let labels: Vec<String> = row.iter().map(|button| format!("[{}]", button.label)).collect();
            _ = writeln!(out, "{}", labels.join(" "));
        }
    }
    out
}

fn on_all(message: &Message) -> String {
    let mut out = String::new();
    for (name, able) in [("telegram", telegram()), ("whatsapp", whatsapp()), ("avito", avito())] {
        _ = write!(out, "{name}\n{}", drawn(&fit(message, &able)));
    }
    out
}

#[test]
fn pictures_of_several_products_go_together_above_the_list() {
    let shown = |title: &str, photo: Option<&str>| Card { photo: photo.map(str::to_owned), ..card(title, "4 200 ₽") };
    let mut offer = message("Подойдут:", Vec::new());
    offer.cards = vec![shown("«Малина»", Some("a.jpg")), shown("«Прага»", None), shown("«Медовик»", Some("b.jpg"))];
    let able = Capabilities { album_max: 10, ..telegram() };
    insta::assert_snapshot!(drawn(&fit(&offer, &able)), @r"
    ┌──
    (card «Малина» 4 200 ₽)
    (card «Медовик» 4 200 ₽)
    ┌──
    Подойдут:

    • «Малина» — 4 200 ₽
      1,8 кг, на 14 гостей
    • «Прага» — 4 200 ₽
      1,8 кг, на 14 гостей
    • «Медовик» — 4 200 ₽
      1,8 кг, на 14 гостей
    [«Малина»] [«Прага»]
    [«Медовик»]
    ");
    // One picture is a photo of the words, as ever; an album of one is none.
    offer.cards.truncate(2);
    assert_eq!(fit(&offer, &able).len(), 1);
    assert_eq!(fit(&offer, &Capabilities { photos: Has::No, ..able }).len(), 1);
}

#[test]
fn a_question_with_buttons() {
    let buttons = ["Ягоды", "Шоколад", "Карамель", "Медовик", "Пусть решит кондитер"].map(token).to_vec();
    insta::assert_snapshot!(on_all(&message("Какую *начинку* хотите?", buttons)), @r"
    telegram
    ┌──
    Какую начинку хотите?
    [Ягоды] [Шоколад]
    [Карамель] [Медовик]
    [Пусть решит кондитер]
    whatsapp
    ┌──
    Какую начинку хотите?
    1. Ягоды
    2. Шоколад
    3. Карамель
    4. Медовик
    5. Пусть решит кондитер
    avito
    ┌──
    Какую начинку хотите?
    1. Ягоды
    2. Шоколад
    3. Карамель
    4. Медовик
    5. Пусть решит кондитер
    ");
}

#[test]
fn two_buttons_and_a_link() {
    let buttons = vec![token("Да"), token("Нет"), url("Весь каталог")];
    insta::assert_snapshot!(on_all(&message("Показать ещё?", buttons)), @r"
    telegram
    ┌──
    Показать ещё?
    [Да] [Нет]
    [Весь каталог]
    whatsapp
    ┌──
    Показать ещё?
    Весь каталог: https://korica.example/catalog
    [Да]
    [Нет]
    avito
    ┌──
    Показать ещё?
    Весь каталог: https://korica.example/catalog
    1. Да
    2. Нет
    ");
}

#[test]
fn cards_of_cakes() {
    let mut message = message("Вот что подойдёт:", vec![token("Другие")]);
    message.cards = vec![card("Торт «Малина»", "4 200 ₽"), card("Торт «Медовик»", "3 400 ₽")];
    insta::assert_snapshot!(on_all(&message), @r"
    telegram
    ┌──
    Вот что подойдёт:

    • Торт «Малина» — 4 200 ₽
      1,8 кг, на 14 гостей
    • Торт «Медовик» — 3 400 ₽
      1,8 кг, на 14 гостей
    [Торт «Малина»] [Торт «Медовик»]
    [Другие]
    whatsapp
    ┌──
    Вот что подойдёт:

    • Торт «Малина» — 4 200 ₽
      1,8 кг, на 14 гостей
    • Торт «Медовик» — 3 400 ₽
      1,8 кг, на 14 гостей
    [Торт «Малина»]
    [Торт «Медовик»]
    [Другие]
    avito
    ┌──
    Вот что подойдёт:

    • Торт «Малина» — 4 200 ₽
      1,8 кг, на 14 гостей
    • Торт «Медовик» — 3 400 ₽
      1,8 кг, на 14 гостей
    1. Торт «Малина»
    2. Торт «Медовик»
    3. Другие
    ");
    let able = Capabilities { cards_max: 1, ..telegram() };
    insta::assert_snapshot!(drawn(&fit(&message, &able)), @r"
    ┌──
    Вот что подойдёт:
    (card Торт «Малина» 4 200 ₽)
    ┌──
    (card Торт «Медовик» 3 400 ₽)
    [Другие]
    ");
}

#[test]
fn a_photo_and_a_contact_request() {
    let share = Button { label: "Поделиться номером".into(), press: Press::ShareContact };
    let mut message = message("Оставьте телефон, мастер позвонит.", vec![share, token("Позже")]);
    message.photo = Some(Photo::At("https://korica.example/malina.jpg".into()));
    insta::assert_snapshot!(on_all(&message), @r"
    telegram
    ┌──
    (photo https://korica.example/malina.jpg)
    Оставьте телефон, мастер позвонит.
    [Поделиться номером]
    [Позже]
    whatsapp
    ┌──
    (photo https://korica.example/malina.jpg)
    Оставьте телефон, мастер позвонит.
    [Позже]
    avito
    ┌──
    Оставьте телефон, мастер позвонит.
    https://korica.example/malina.jpg
    1. Позже
    ");
}

#[test]
fn where_nothing_can_be_answered_nothing_is_offered_but_addresses() {
    let able = Capabilities { buttons: None, url_buttons: Has::No, hears: Has::No, ..telegram() };
    let offer = message("Новый заказ", vec![token("Написать"), url("Сайт"), token("Обработано")]);
    assert_eq!(fit(&offer, &able)[0].text.text, "Новый заказ\nСайт: https://korica.example/catalog");
}

#[test]
fn a_drawn_picture_is_left_out_where_none_are_shown_and_no_word_with_it() {
    let mut message = message("Ссылка: https://t.me/korica_bot", vec![]);
    message.photo = Some(Photo::Drawn(Drawing::Qr { address: "https://t.me/korica_bot".into() }));
    let shown = fit(&message, &telegram());
    assert_eq!((shown.len(), &shown[0].photo, &shown[0].text), (1, &message.photo, &message.text));
    let words = fit(&message, &Capabilities { photos: Has::No, ..telegram() });
    assert_eq!((words.len(), &words[0].photo, &words[0].text), (1, &None, &message.text));
}

#[test]
fn long_words_with_a_photo_follow_it_in_one_bubble() {
    let mut message = message(&"Мы печём торты. ".repeat(100), vec![token("Хочу")]);
    message.photo = Some(Photo::At("https://korica.example/malina.jpg".into()));
    let bubbles = fit(&message, &telegram());
    assert_eq!(bubbles.len(), 2);
    assert!(bubbles[0].photo.is_some() && bubbles[0].text.is_blank() && bubbles[0].rows.is_empty());
    assert!(bubbles[1].photo.is_none() && bubbles[1].rows.len() == 1);
}

#[test]
fn texts_are_cut_between_paragraphs_then_sentences_then_words_and_spans_with_them() {
    let able = Capabilities { text_max: 30, ..telegram() };
    let texts =
        |text: &str| -> Vec<String> { fit(&message(text, vec![]), &able).into_iter().map(|b| b.text.text).collect() };
    assert_eq!(
        texts("Первый абзац здесь.\n\nВторой абзац подлиннее."),
        ["Первый абзац здесь.", "Второй абзац подлиннее."]
    );
    assert_eq!(texts("Первая фраза. Вторая фраза тут. Третья."), ["Первая фраза.", "Вторая фраза тут. Третья."]);
    assert_eq!(texts("Одно очень длинное предложение без знаков"), ["Одно очень длинное предложение", "без знаков"]);
    let bubbles = fit(&message("Тут *жирный текст, который режется пополам* и всё", vec![]), &able);
    let bold: Vec<&str> =
        bubbles.iter().flat_map(|b| b.text.spans.iter().map(|s| &b.text.text[s.bytes.clone()])).collect();
    assert_eq!(bold.join(" "), "жирный текст, который режется пополам");
    assert!(bubbles.iter().all(|b| b.text.spans.iter().all(|s| s.style == Style::Bold)));
}

#[test]
fn a_label_is_cut_with_an_ellipsis_and_never_inside_a_letter() {
    let labels = |label: &str| fit(&message("?", vec![token(label)]), &whatsapp())[0].rows[0][0].label.clone();
    assert_eq!(labels("Пусть решит кондитер сам"), "Пусть решит кондите…");
    assert_eq!(labels("Семья пришла вся 👨‍👩‍👧‍👦 и ещё"), "Семья пришла вся…");
}

fn limits() -> impl Strategy<Value = Capabilities> {
    let unit = prop_oneof![Just(TextUnit::Chars), Just(TextUnit::Utf16), Just(TextUnit::Bytes)];
    let has = || prop_oneof![Just(Has::Yes), Just(Has::No)];
    let buttons = prop::option::of((1usize..8, 1usize..4, 4usize..30, 4usize..20));
    (8usize..400, 0usize..200, unit, buttons, [0usize..4, 0..4], [has(), has(), has()]).prop_map(
        |(text_max, caption_max, text_unit, buttons, [cards_max, album_max], [photos, url_buttons, contact_button])| {
            Capabilities {
                text_max,
                caption_max: caption_max.min(text_max),
                text_unit,
                buttons: buttons.map(|(count_max, per_row, label_max, label_comfortable)| ButtonLimits {
                    count_max,
                    per_row,
                    label_max,
                    label_comfortable,
                }),
                cards_max,
                album_max,
                photos,
                url_buttons,
                contact_button,
                ..telegram()
            }
        },
    )
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "([а-яёА-Я]{1,9}[ .!?\n,]{1,2}|👨‍👩‍👧‍👦 ?|e\u{301}|[a-z]{1,12} |🇷🇺){0,60}",
        1 => Just("щ".repeat(5_000)),
        1 => Just("👨‍👩‍👧‍👦".repeat(300)),
        1 => "\\PC{0,300}",
    ]
}

fn messages() -> impl Strategy<Value = Message> {
    let buttons = prop::collection::vec(("[а-яa-z👍 ]{1,30}", 0u8..3), 0..10);
    let cards = prop::collection::vec("[а-я ]{0,20}[а-я]", 0..5);
    (texts(), buttons, cards, any::<bool>(), 0usize..300).prop_map(|(text, buttons, cards, photo, bold)| {
        let mut rich = Rich::plain(text);
        let end = rich.text.floor_char_boundary(bold);
        if end > 0 {
            rich.spans.push(voronka_core::spec::rich::Span { bytes: 0..end, style: Style::Bold });
        }
        let press = |kind: u8| match kind {
            0 => Press::Token { token: "t".into() },
            1 => Press::Url { url: "https://k.example".into() },
            _ => Press::ShareContact,
        };
        Message {
            text: rich,
            cards: cards.iter().map(|title| card(title, "1 ₽")).collect(),
            photo: photo.then(|| Photo::At("https://k.example/1.jpg".to_owned())),
            buttons: buttons.into_iter().map(|(label, kind)| Button { label, press: press(kind) }).collect(),
            list: List::default(),
            purpose: Purpose::Ad,
            template: None,
            sequence: None,
        }
    })
}

fn length(text: &str, unit: TextUnit) -> usize {
    match unit {
        TextUnit::Chars => text.chars().count(),
        TextUnit::Utf16 => text.encode_utf16().count(),
        TextUnit::Bytes => text.len(),
    }
}

fn solid(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn every_bubble_keeps_every_limit_and_no_text_is_lost(message in messages(), able in limits()) {
        let bubbles = fit(&message, &able);
        let all: String = bubbles.iter().map(|bubble| solid(&bubble.text.text)).collect();
        prop_assert!(all.starts_with(&solid(&message.text.text)));
        for bubble in &bubbles {
            let max = if bubble.photo.is_some() { able.caption_max } else { able.text_max };
            let length = length(&bubble.text.text, able.text_unit);
            // One character may be longer than a message of eight bytes never is.
            prop_assert!(length <= max, "{length} > {max}");
            prop_assert!(!bubble.text.is_blank() || bubble.photo.is_some() || !bubble.cards.is_empty());
            let cards_max = if able.cards_max == 0 { able.album_max } else { able.cards_max };
            prop_assert!(bubble.cards.len() <= cards_max);
            prop_assert!(bubble.photo.is_none() || able.photos.it());
            prop_assert_eq!(bubble.purpose, Purpose::Ad);
            prop_assert!(bubble.text.spans.iter().all(|span| bubble.text.text.get(span.bytes.clone()).is_some_and(|t| !t.is_empty())));
            let count: usize = bubble.rows.iter().map(Vec::len).sum();
            prop_assert!(count <= able.buttons.map_or(0, |limits| limits.count_max));
            for row in &bubble.rows {
                let limits = able.buttons.unwrap();
                prop_assert!((1..=limits.per_row).contains(&row.len()));
                for button in row {
                    prop_assert!(button.label.chars().count() <= limits.label_max);
                    let opens = matches!(button.press, Press::Url { .. });
                    prop_assert!(able.url_buttons.it() || !opens);
                    prop_assert!(able.contact_button.it() || button.press != Press::ShareContact);
                }
            }
        }
        if let Some((_, before)) = bubbles.split_last() {
            prop_assert!(before.iter().all(|bubble| bubble.rows.is_empty()));
        }
    }

    #[test]
    fn no_cut_is_inside_a_letter_where_letters_fit(text in texts(), able in limits()) {
        prop_assume!(text.graphemes(true).all(|letter| length(letter, able.text_unit) <= able.text_max));
        let whole: Vec<String> = text.graphemes(true).map(solid).filter(|letter| !letter.is_empty()).collect();
        let message = Message { text: Rich::plain(text), cards: vec![], photo: None, buttons: vec![], list: List::default(), purpose: Purpose::Service, template: None, sequence: None };
        let bubbles = fit(&message, &able);
        let found: Vec<&str> = bubbles.iter().flat_map(|bubble| bubble.text.text.graphemes(true)).collect();
        let found: Vec<String> = found.into_iter().map(solid).filter(|letter| !letter.is_empty()).collect();
        prop_assert_eq!(found, whole);
    }

    #[test]
    fn what_fits_is_left_as_it_is(message in messages()) {
        let buttons = Some(ButtonLimits { count_max: 100, per_row: 3, label_max: 64, label_comfortable: 16 });
        let able = Capabilities { text_max: 100_000, caption_max: 100_000, cards_max: 10, buttons, ..telegram() };
        prop_assume!(!message.text.is_blank());
        let bubbles = fit(&message, &able);
        prop_assert_eq!(bubbles.len(), 1);
        let one = &bubbles[0];
        prop_assert_eq!(&one.text, &message.text);
        prop_assert_eq!(&one.cards, &message.cards);
        prop_assert_eq!(&one.photo, &message.photo);
        let buttons: Vec<Button> = one.rows.iter().flatten().cloned().collect();
        let again = Message { text: one.text.clone(), cards: one.cards.clone(), photo: one.photo.clone(), buttons, list: List::default(), purpose: one.purpose, template: None, sequence: None };
        prop_assert_eq!(fit(&again, &able), bubbles);
    }
}
