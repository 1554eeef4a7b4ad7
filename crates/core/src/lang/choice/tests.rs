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

fn goods() -> Vec<OptionWords> {
    [("хлеб", "Хлеб", "bread"), ("торт", "Торты", "cakes"), ("чай", "Чай", "tea"), ("конфеты", "Конфеты", "sweets")]
        .map(|(id, label, english)| OptionWords::new(id, [label, english], []))
        .into()
}

/// Prints what is taken as its numbers; `!` before what all is wanted but, `~` before what the rest is wanted without, `-` before
/// what is not wanted, and nothing else is said.
fn several(text: &str, options: &[OptionWords]) -> String {
    let numbers = |named: Vec<(usize, Range<usize>)>| {
        named.iter().map(|(at, _)| (at + 1).to_string()).collect::<Vec<_>>().join(" ")
    };
    match choose_several(&Words::of(text), options, Attention::Open) {
        Several::These(named) => numbers(named),
        Several::AllBut(named) => format!("!{}", numbers(named)),
        Several::Except(named) => format!("~{}", numbers(named)),
        Several::Without(named) => format!("-{}", numbers(named)),
        Several::Unclear(_) => "?".into(),
        Several::All => "all".into(),
        Several::None => String::new(),
    }
}

#[track_caller]
fn check_several(options: &[OptionWords], cases: &[(&str, &str)]) {
    let wrong: Vec<String> = (cases.iter())
        .map(|(text, expected)| (text, expected, several(text, options)))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(text, expected, found)| format!("{text}: [{found}] instead of [{expected}]"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn several_options_are_taken_at_once() {
    check_several(
        &fillings(),
        &[("ягоды и карамель", "2 3"), ("1, 3", "1 3"), ("кармель", "3"), ("ничего", ""), ("молочный шоколад", "5")],
    );
}

#[test]
fn what_is_refused_is_left_out_of_several() {
    check_several(
        &goods(),
        &[
            ("хлеб не нужен, торты", "2"),
            ("торты, хлеб не нужен", "2"),
            ("торты и чай, а хлеб не надо", "2 3"),
            ("торты и чай, без хлеба", "2 3"),
            ("не хлеб, а торты", "2"),
            ("торты, но не хлеб", "2"),
            ("хлеб и чай не нужны, торты", "2"),
            ("чай, хлеба мне пока не надо", "3"),
            ("не нужны хлеб и чай, только торты", "2"),
            ("не хочу хлеб, хочу торты", "2"),
            ("хлеб - нет, торты - да", "2"),
            ("чай, торты, конфеты не нужны", "2 3"),
            ("cakes but not bread", "2"),
            ("bread is not needed, cakes please", "2"),
            ("I don't need bread, cakes and tea", "?"),
            ("cakes and tea, no bread", "2 3"),
            ("cakes without tea", "2"),
            ("не только хлеб, но и торты", "1 2"),
        ],
    );
}

#[test]
fn whoever_takes_all_but_some_says_which() {
    check_several(
        &goods(),
        &[
            ("кроме хлеба", "~1"),
            ("всё, кроме хлеба", "!1"),
            ("все кроме хлеба и чая", "!1 3"),
            ("всё, кроме хлеба, чая и конфет", "!1 3 4"),
            ("кроме ржаного хлеба", "~1"),
            ("без хлеба и чая", "~1 3"),
            ("хлеб не нужен, остальное да", "!1"),
            ("всё, хлеб только не нужен", "!1"),
            ("все кроме 1", "!1"),
            ("кроме первого и третьего", "~1 3"),
            ("all but bread", "!1"),
            ("everything except bread and tea", "!1 3"),
            ("ничего, кроме тортов", "2"),
            ("кроме хлеба, чая, тортов и конфет", "?"),
        ],
    );
}

#[test]
fn whoever_takes_all_says_so_in_many_ways() {
    check_several(
        &goods(),
        &[
            ("всё", "all"),
            ("все, пожалуйста", "all"),
            ("давайте всё", "all"),
            ("все четыре", "all"),
            ("хочу все 4", "all"),
            ("всё подходит", "all"),
            ("мне нужны все варианты", "all"),
            ("all of them please", "all"),
            ("I'd like everything", "all"),
            ("все пять", ""),
            ("все равно", ""),
            ("всё не подходит", ""),
            ("вот и всё", ""),
            ("всё, спасибо", ""),
            ("а всё можно?", ""),
        ],
    );
}

#[test]
fn what_may_be_refused_or_not_is_unclear() {
    check_several(
        &goods(),
        &[
            ("хлеб не нужен", "-1"),
            ("не хлеб", "-1"),
            ("не хлеб и не чай", "-1 3"),
            ("не хлеб и торты", "?"),
            ("без хлеба и торты", "?"),
            ("чай и хлеб не нужен", "?"),
            ("торты, хлеб и чай не нужны", "?"),
            ("хлеб не нужен торты", "-1 2"),
            ("кроме хлеба ещё торты", "?"),
            ("хлеб, хотя нет, хлеб не нужен, торты", "?"),
        ],
    );
}

#[test]
fn an_option_that_is_itself_a_refusal_is_taken() {
    let options = [
        OptionWords::new("орехи", ["Орехи"], []),
        OptionWords::new("без_орехов", ["Без орехов"], []),
        OptionWords::new("сахар", ["Сахар"], []),
    ];
    check_several(&options, &[("без орехов", "2"), ("орехи, без сахара", "1"), ("сахар и без орехов", "2 3")]);
}

#[test]
fn one_option_that_is_refused_is_not_chosen() {
    check(
        &fillings(),
        Attention::Open,
        &[
            ("шоколад не надо", "-"),
            ("шоколад не нужен, ягоды", "2"),
            ("ягоды, только без карамели", "2"),
            ("не хочу шоколад, хочу карамель", "3"),
            ("нет, шоколад", "1"),
        ],
    );
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
    fn any_text_is_matched_without_panic(text in "((не|без|кроме|все|и|нужен|второй|2|свадьба|шоколад|ягоды|,|-|👍|на) ?){0,10}|\\PC{0,100}") {
        let words = Words::of(&text);
        for attention in [Attention::Open, Attention::Ahead] {
            if let Choice::One(_, range) = choose(&words, &fillings(), attention) {
                assert!(text.get(range).is_some());
            }
            let named = match choose_several(&words, &fillings(), attention) {
                Several::These(named) | Several::AllBut(named) | Several::Except(named) | Several::Without(named) => named,
                Several::All | Several::Unclear(_) | Several::None => continue,
            };
            assert!(named.is_sorted_by(|(a, _), (b, _)| a < b), "{named:?}");
        }
        yes_no(&words);
    }
}
