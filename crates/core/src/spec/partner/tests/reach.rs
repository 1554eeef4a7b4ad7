//! How flows begin, what of them is reached, and lengths that are too long.

use super::{check, config, lines, minimal, parse};
use crate::spec::diagnostic::{Code, Place};

/// What is said of a flow's steps that are never reached: line and cause of each.
fn unreached(flow: &str) -> Vec<String> {
    let mut files = minimal();
    files.insert("flows/a.yaml".into(), flow.into());
    let loaded = parse(&files);
    let said = loaded.diagnostics.iter().map(|found| {
        let why = found.args.iter().find(|(name, _)| *name == "why").map_or("", |(_, why)| why);
        let line = |place: &Place| flow[..place.bytes.start].matches('\n').count() + 1;
        let leaves = found.related.first().map(|place| format!(", leaves on {}", line(place))).unwrap_or_default();
        format!("{} {} {why}{leaves}", found.code.as_str(), line(&found.place))
    });
    said.collect()
}

/// What a flow has, the flow, and what is said of it.
const REACH: &[(&str, &str, &[&str])] = &[
    ("behind an end", "steps:\n  - end: всё\n  - say: Да\n  - say: Нет\n", &["F204 3 end, leaves on 2"]),
    ("behind two ends", "steps:\n  - end: всё\n  - end: совсем\n  - say: Нет\n", &["F204 3 end, leaves on 2"]),
    (
        "behind a goto over it",
        "steps:\n  - goto: конец\n  - say: Да\n  - say: Нет\n    id: конец\n",
        &["F204 3 goto, leaves on 2"],
    ),
    (
        "behind a goto with a condition",
        "steps:\n  - goto: конец\n    when: cart.count > 3\n  - say: Да\n  - say: Нет\n    id: конец\n",
        &[],
    ),
    (
        "behind a branch that leaves by all its arms",
        "steps:\n  - branch:\n      - when: cart.count > 3\n        steps: [{say: Много}, {end: много}]\n      - steps: [{end: мало}]\n  - say: Да\n",
        &["F204 6 branch, leaves on 2"],
    ),
    (
        "behind a branch that may be passed by",
        "steps:\n  - branch:\n      - when: cart.count > 3\n        steps: [{end: много}]\n  - say: Да\n",
        &[],
    ),
    (
        "behind an end within an arm",
        "steps:\n  - branch:\n      - when: cart.count > 3\n        steps:\n          - end: много\n          - say: Да\n  - say: Нет\n",
        &["F204 6 end, leaves on 5"],
    ),
    ("a part that nobody names", "steps:\n  - say: Да\nparts:\n  тупик:\n    - say: Нет\n", &["F204 4 part"]),
    (
        "a part that only itself names",
        "steps:\n  - say: Да\nparts:\n  тупик:\n    - ask: Ну?\n      as: ну\n    - goto: тупик\n      when: ну = 'да'\n",
        &["F204 4 circle"],
    ),
    (
        "parts that name each other",
        "steps:\n  - say: Да\nparts:\n  раз:\n    - ask: Ну?\n      as: ну\n    - goto: два\n  два:\n    - goto: раз\n      when: has(ну)\n",
        &["F204 4 circle"],
    ),
    (
        "a part that only a part nobody names leads to",
        "steps:\n  - say: Да\nparts:\n  раз:\n    - say: Раз\n  два:\n    - goto: раз\n",
        &["F204 6 part"],
    ),
    (
        "a part that only an unreached step leads to",
        "steps:\n  - end: всё\n  - goto: раз\nparts:\n  раз:\n    - say: Раз\n",
        &["F204 3 end, leaves on 2"],
    ),
    (
        "a part behind its own end",
        "steps:\n  - goto: раз\nparts:\n  раз:\n    - end: всё\n    - say: Раз\n",
        &["F204 6 end, leaves on 5"],
    ),
    ("a part on a cancel", "on_cancel: раз\nsteps:\n  - say: Да\nparts:\n  раз:\n    - say: Раз\n", &[]),
    (
        "a step whose condition is never true",
        "steps:\n  - say: Да\n    when: false\n    buttons: {Раз: раз}\nparts:\n  раз:\n    - say: Раз\n",
        &["X309 3 "],
    ),
    (
        "an arm behind one without a condition",
        "steps:\n  - branch:\n      - goto: раз\n      - when: cart.count > 3\n        goto: раз\nparts:\n  раз:\n    - say: Раз\n",
        &["F208 3 "],
    ),
    (
        "behind a jump whose condition cannot be read",
        "steps:\n  - ask: Сколько?\n    as: оценка\n    number: {min: 1}\n  - goto: раз\n    when: балл < 3\n  - say: 'Вам {оценка}'\nparts:\n  раз:\n    - say: 'Раз {оценка}'\n",
        &["X301 6 "],
    ),
    (
        "behind a branch with an arm whose condition cannot be read",
        "steps:\n  - branch:\n      - when: оценк < 3\n        goto: раз\n  - say: Да\nparts:\n  раз:\n    - say: Раз\n",
        &["X301 3 "],
    ),
    (
        "a part that is named with a mistake",
        "steps:\n  - ask: Сколько?\n    as: оценка\n    number: {min: 1}\n  - goto: рас\n    when: оценка < 3\nparts:\n  раз:\n    - say: 'Вам {оценка}'\n",
        &["F203 5 "],
    ),
    (
        "an option that is no option",
        "steps:\n  - ask: Что?\n    as: что\n    choice: {а: Уж, б: Ёж}\n  - goto: раз\n    when: что = г\nparts:\n  раз:\n    - say: Раз\n",
        &["X302 6 "],
    ),
];

#[test]
fn what_is_never_reached_is_told_with_its_true_cause_or_not_at_all() {
    for (what, flow, expected) in REACH {
        assert_eq!(unreached(flow), *expected, "{what}");
    }
}

/// What is said of flows `a` and `b` that begin so.
fn beginnings(a: &str, b: &str) -> Vec<String> {
    let mut files = minimal();
    files.insert("flows/a.yaml".into(), format!("start: {{{a}}}\nsteps:\n  - say: Да\n").into());
    files.insert("flows/b.yaml".into(), format!("start: {{{b}}}\nsteps:\n  - say: Нет\n").into());
    let loaded = parse(&files);
    lines(&loaded, &files).iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn of_two_flows_that_begin_alike_the_one_that_never_does_is_told() {
    for (a, b, expected) in [
        ("commands: [/a, /tort]", "commands: [/b, /tort]", &["flows/b.yaml:1:24 F215"][..]),
        ("links: [tort]", "links: [tort]", &["flows/b.yaml:1:17 F215"]),
        ("first_message: true", "first_message: true", &["flows/b.yaml:1:24 F216"]),
        ("words: [Всё]", "words: [все]", &["flows/b.yaml:1:17 F209"]),
        // The second is for whom the first is not.
        ("commands: [/tort], when: cart.count > 3", "commands: [/tort]", &[]),
        ("first_message: true, when: cart.count > 3", "first_message: true", &[]),
        (
            "first_message: true, when: cart.count > 3",
            "first_message: true, when: cart.count > 3",
            &["flows/b.yaml:1:24 F216"],
        ),
        ("first_message: true", "first_message: true, when: cart.count > 3", &["flows/b.yaml:1:24 F216"]),
        ("first_message: true", "first_message: false", &["flows/b.yaml:3:5 F218"]),
        // Links are told apart by their letters, and by nothing else.
        ("links: [tort]", "links: [Tort, torty]", &[]),
        ("commands: [/tort]", "links: [tort], words: [tort]", &[]),
        // One flow may say a thing twice.
        ("commands: [/tort, /tort]", "commands: [/b]", &[]),
        ("commands: [/help]", "commands: [/cancel]", &["flows/a.yaml:1:20 F217"]),
    ] {
        assert_eq!(beginnings(a, b), expected, "{a} | {b}");
    }
}

#[test]
fn a_flow_that_nothing_starts_is_told_where_there_are_others() {
    let side = "steps:\n  - say: Да\n";
    let told = |main: &str, config: &str, sequence: &str| {
        let mut files = minimal();
        files.insert("flows/a.yaml".into(), format!("start: {{commands: [/a]}}\nsteps:\n{main}").into());
        files.insert("flows/side.yaml".into(), side.into());
        if !config.is_empty() {
            files.insert("config.yaml".into(), config.into());
        }
        if !sequence.is_empty() {
            files.insert("sequences/s.yaml".into(), sequence.into());
        }
        let loaded = parse(&files);
        let lines = lines(&loaded, &files);
        lines.iter().filter(|line| line.contains("F218")).cloned().collect::<Vec<_>>()
    };
    let said = told("  - say: Да\n", "", "");
    assert!(said.len() == 1 && said[0].starts_with("flows/side.yaml:2:5 F218"), "{said:?}");
    for (main, config, sequence) in [
        ("  - call: side\n", "", ""),
        ("  - say: Да\n    buttons: {Дальше: flow side}\n", "", ""),
        (
            "  - say: Да\n",
            "",
            "enter: {fact: message}\nsteps:\n  - {id: a, after: 1d, say: Да, buttons: {Дальше: flow side}}\n",
        ),
        // It may be what starts it.
        ("  - say: [Да\n", "", ""),
    ] {
        assert_eq!(told(main, config, sequence), Vec::<String>::new(), "{main} {sequence}");
    }
}

#[test]
fn a_length_out_of_bounds_is_told_as_one() {
    let sequence = |rest: &str, code, line, column| {
        check("sequences/a.yaml", &format!("enter: {{fact: message}}\n{rest}\n"), code, line, column);
    };
    sequence("steps:\n  - {id: a, after: 400d, say: Да}", Code::S563, 3, 20);
    sequence("steps:\n  - {id: a, after: 200d, say: Да}\n  - {id: b, after: 200d, say: Да}", Code::S563, 4, 20);
    sequence("around: order.due\nsteps:\n  - {id: a, before: 400d, at: 9:00, say: Да}", Code::S563, 4, 21);
    sequence("steps:\n  - {id: a, after: 99999999999d, say: Да}", Code::Y112, 3, 20);
    sequence("expires: 40000d\nsteps:\n  - {id: a, after: 1d, say: Да}", Code::Y112, 2, 10);
    config("retention: {messages: 40000d}", Code::Y112, 3, 23);
    config("answer: {deadline: 5000000s}", Code::Y112, 3, 20);
    let mut files = minimal();
    let days = "enter: {fact: message, again: 2h}\nsteps:\n  - {id: a, after: 1d, say: Да}\n  - {id: b, after: 90m, say: Да}\n";
    files.insert("sequences/a.yaml".into(), days.into());
    assert_eq!(
        lines(&parse(&files), &files),
        [r#"sequences/a.yaml:1:31 S551 [("again", "2h"), ("length", "1d 1h 30m")]"#]
    );
}

#[test]
fn an_advertisement_in_russia_says_whose_it_is_and_under_what_token() {
    let said = |config: &str, rest: &str| {
        let mut files = minimal();
        files.insert(
            "config.yaml".into(),
            format!("{config}\naccounts: {{web: {{}}}}\nlinks: {{shop: 'https://a.ru/?erid=2V'}}\n").into(),
        );
        files.insert("sequences/a.yaml".into(), format!("enter: {{fact: message}}\n{rest}\n").into());
        let loaded = parse(&files);
        let missing = loaded.diagnostics.iter().map(|found| {
            let missing = found.args.iter().find(|(name, _)| *name == "missing");
            format!("{} {}", found.code.as_str(), missing.map_or("", |(_, missing)| missing))
        });
        missing.collect::<Vec<_>>()
    };
    let plain = "steps: [{id: a, after: 1d, say: Да}]";
    for (config, rest, expected) in [
        ("name: К", format!("ad: true\n{plain}"), &["S564 both"][..]),
        ("name: К", format!("ad: {{erid: 2V}}\n{plain}"), &["S564 advertiser"]),
        ("name: К", format!("ad: {{advertiser: 'ИП А. Б.'}}\n{plain}"), &["S564 erid"]),
        ("name: К", format!("ad: {{advertiser: 'ИП А. Б.', erid: 2V}}\n{plain}"), &[]),
        // The partner's own name signs it.
        ("name: ООО «К»", format!("ad: {{erid: 2V}}\n{plain}"), &[]),
        // What its own words and links say counts.
        (
            "name: К",
            "ad: true\nsteps: [{id: a, after: 1d, say: 'Реклама. ИП А. Б.', buttons: {Да: link shop}}]".to_owned(),
            &[],
        ),
        ("name: К", plain.to_owned(), &[]),
        ("name: К\ncountry: KZ", format!("ad: true\n{plain}"), &[]),
    ] {
        assert_eq!(said(config, &rest), expected, "{config} | {rest}");
    }
}

#[test]
fn steps_of_which_a_customer_gets_one_do_not_crowd_a_day() {
    let crowded = |steps: &[(&str, &str)]| {
        let mut files = minimal();
        let step = |(id, when): &(&str, &str)| {
            let when = if when.is_empty() { String::new() } else { format!(", when: '{when}'") };
            format!("  - {{id: {id}, after: 1h, say: Да{when}}}\n")
        };
        let steps = steps.iter().map(step).collect::<Vec<_>>().concat();
        let text =
            format!("enter: {{fact: message}}\nper_day: 1\nvariants: {{письмо: {{а: 1, б: 1}}}}\nsteps:\n{steps}");
        files.insert("sequences/a.yaml".into(), text.into());
        let loaded = parse(&files);
        let said = loaded.diagnostics.iter().map(|found| {
            let ids: Vec<&str> = found.args.iter().take(2).map(|(_, id)| id.as_str()).collect();
            format!("{} {}", found.code.as_str(), ids.join(" "))
        });
        said.collect::<Vec<_>>()
    };
    for (one, other, excludes) in [
        ("variant.письмо = а", "variant.письмо = б", true),
        ("variant.письмо = а", "variant.письмо != а", true),
        ("variant.письмо = а", "not variant.письмо = а", true),
        ("variant.письмо in (а)", "variant.письмо = б", true),
        ("variant.письмо in (а, б)", "variant.письмо = б", false),
        ("cart.count > 3", "cart.count <= 3", true),
        ("3 < cart.count", "cart.count < 4", false),
        ("cart.count > 3", "cart.count < 3 or cart.count = 3", true),
        ("cart.count > 3 and lead.score > 5", "cart.count = 1 and lead.score > 7", true),
        ("cart.total > 3000 ₽", "cart.total < 3000", true),
        ("has(customer.phone)", "not has(customer.phone)", true),
        ("has(customer.phone)", "not has(customer.email)", false),
        ("variant.письмо = а", "cart.count > 3", false),
        // It is another hour then.
        ("hour < 12", "hour >= 12", false),
        ("open", "not open", false),
        ("variant.письмо = а", "", false),
    ] {
        let expected: &[&str] = if excludes { &[] } else { &["S555 раз два"] };
        assert_eq!(crowded(&[("раз", one), ("два", other)]), expected, "{one} | {other}");
        assert_eq!(crowded(&[("раз", other), ("два", one)]), expected, "{other} | {one}");
    }
    let (a, b) = ("variant.письмо = а", "variant.письмо = б");
    assert_eq!(
        crowded(&[("раз", a), ("два", b), ("три", "")]),
        ["S555 два три"],
        "whoever has the second gets the third"
    );
    assert_eq!(crowded(&[("раз", a), ("два", b), ("три", a)]), ["S555 раз три"]);
}
