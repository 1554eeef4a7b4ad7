use super::*;

fn options() -> Vec<OptionWords> {
    vec![
        OptionWords::new("день_рождения", ["День рождения 🎂", "Birthday"], ["др", "днюха", "именины", "юбилей"]),
        OptionWords::new("свадьба", ["Свадьба"], []),
        OptionWords::new("детский", ["Детский праздник"], ["ребёнку", "сыну", "дочке", "в садик"]),
        OptionWords::new("просто", ["Просто хочется"], ["без повода", "к чаю"]),
    ]
}

fn fillings() -> Vec<OptionWords> {
    [
        ("шоколад", "Шоколад"),
        ("ягоды", "Ягоды"),
        ("карамель", "Карамель"),
        ("мёд", "Медовик"),
        ("молочный", "Молочный шоколад"),
    ]
    .map(|(id, label)| OptionWords::new(id, [label], []))
    .into()
}

/// Prints the choice as its number, `1|3` for several, `-` for none.
fn spelled(text: &str, options: &[OptionWords], attention: Attention) -> String {
    match choose(&Words::of(text), options, attention) {
        Choice::One(at, range) => {
            assert!(!text[range].is_empty());
            (at + 1).to_string()
        }
        Choice::Several(several) => several.iter().map(|at| (at + 1).to_string()).collect::<Vec<_>>().join("|"),
        Choice::None => "-".into(),
    }
}

#[track_caller]
fn check(options: &[OptionWords], attention: Attention, cases: &[(&str, &str)]) {
    let wrong: Vec<String> = (cases.iter())
        .map(|(text, expected)| (text, expected, spelled(text, options, attention)))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(text, expected, found)| format!("{text}: {found} instead of {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_open_question_takes_labels_ids_numbers_parts_and_typos() {
    check(
        &options(),
        Attention::Open,
        &[
            ("День рождения", "1"),
            ("день рождения!!! 🎉", "1"),
            ("birthday", "1"),
            ("ДР", "1"),
            ("маме на юбилей", "1"),
            ("на юбилее", "1"),
            ("2", "2"),
            ("2)", "2"),
            ("второй", "2"),
            ("давайте второе", "2"),
            ("вариант 3", "3"),
            ("первое", "1"),
            ("последний", "4"),
            ("5", "-"),
            ("12", "-"),
            ("на свадьбу", "2"),
            ("свадба", "2"),
            ("свадьбба", "2"),
            ("детский", "3"),
            ("дочке 5 лет", "3"),
            ("ребенку", "3"),
            ("без повода", "4"),
            ("просто к чаю", "4"),
            ("просто", "4"),
            ("корпоратив", "-"),
            ("не свадьба", "-"),
            ("", "-"),
            ("🎂", "-"),
        ],
    );
}

#[test]
fn names_of_one_root_are_found_and_the_longer_name_wins() {
    check(
        &fillings(),
        Attention::Open,
        &[
            ("ягодную", "2"),
            ("с ягодами", "2"),
            ("шоколадный", "1"),
            ("молочный шоколад", "5"),
            ("карамельную, пожалуйста", "3"),
            ("кармель", "3"),
            ("медовик", "4"),
            ("мёд", "4"),
            ("не шоколад, а ягоды", "2"),
            ("шоколад или карамель", "1|3"),
        ],
    );
}

#[test]
fn a_later_question_takes_only_whole_names() {
    check(
        &options(),
        Attention::Ahead,
        &[
            ("нужен торт маме на юбилей 15 декабря", "1"),
            ("торт на свадьбу", "2"),
            ("2", "-"),
            ("второй", "-"),
            ("детский", "-"),
            ("свадба", "-"),
            ("а безглютеновые бывают?", "-"),
            ("просто скажите цену", "-"),
        ],
    );
}

#[test]
fn a_number_in_a_label_is_no_list_number() {
    let weights: Vec<OptionWords> = ["1 кг", "2 кг", "3 кг"].map(|label| OptionWords::new(label, [label], [])).into();
    check(&weights, Attention::Open, &[("2 кг", "2"), ("3", "-"), ("второй", "2")]);
    let guests: Vec<OptionWords> = ["6", "10", "16"].map(|label| OptionWords::new(label, [label], [])).into();
    check(&guests, Attention::Open, &[("10", "2"), ("6", "1"), ("1", "1")]);
}

#[test]
fn several_options_are_taken_at_once() {
    let several = |text: &str| -> Vec<usize> {
        choose_several(&Words::of(text), &fillings(), Attention::Open).into_iter().map(|(at, _)| at + 1).collect()
    };
    assert_eq!(several("ягоды и карамель"), [2, 3]);
    assert_eq!(several("1, 3"), [1, 3]);
    assert_eq!(several("кармель"), [3]);
    assert_eq!(several("ничего"), Vec::<usize>::new());
}

#[test]
fn yes_and_no_are_told_apart() {
    let cases = [
        ("да", Some(true)),
        ("ага", Some(true)),
        ("+", Some(true)),
        ("++", Some(true)),
        ("Да, конечно!", Some(true)),
        ("ок", Some(true)),
        ("👍🏽", Some(true)),
        ("дааа", Some(true)),
        ("yep", Some(true)),
        ("нет проблем", Some(true)),
        ("все верно, спасибо", Some(true)),
        ("нет", Some(false)),
        ("неа", Some(false)),
        ("да нет", Some(false)),
        ("не надо", Some(false)),
        ("нет, спасибо", Some(false)),
        ("нет, хорошо", Some(false)),
        ("no thanks", Some(false)),
        ("да или нет", None),
        ("да, на 12 человек", None),
        ("нет, на 12 человек", None),
        ("да?", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(yes_no(&Words::of(text)), expected, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_matched_without_panic(text in "((не|без|второй|2|свадьба|шоколад|,|-|👍|на) ?){0,10}|\\PC{0,100}") {
        let words = Words::of(&text);
        for attention in [Attention::Open, Attention::Ahead] {
            if let Choice::One(_, range) = choose(&words, &fillings(), attention) {
                assert!(text.get(range).is_some());
            }
            choose_several(&words, &options(), attention);
        }
        yes_no(&words);
    }
}
