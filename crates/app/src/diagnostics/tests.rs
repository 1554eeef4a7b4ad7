//! A bad file for each code that files alone can bring about, and the words said of it; whole outputs as snapshots.

use std::{collections::BTreeSet, sync::Arc};

use voronka_core::{
    capabilities::{ButtonLimits, Capabilities},
    ids::PartnerId,
    spec::{
        diagnostic::{Code, Diagnostic, Level, Place},
        limits, live,
        partner::{PartnerFiles, PartnerSpec},
    },
};

use super::{Look, Told, words::Words};
use crate::{rehearse::rehearse, texts::Texts};

fn partner(path: &str, bytes: &[u8]) -> PartnerFiles {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), "name: К\naccounts: {web: {}}\n".into());
    files.insert("texts/consent.md".into(), "Согласие".into());
    files.insert(path.into(), bytes.to_vec());
    files
}

fn found(files: &PartnerFiles) -> Vec<Diagnostic> {
    PartnerSpec::parse(PartnerId::parse("korica").unwrap(), files).diagnostics
}

const ASK: &str = "steps:\n  - ask: Сколько?\n    as: порции\n    number: {min: 1}\n";

/// The file of a case: `ASK` stands for [`ASK`], `cp1251` for a file in that encoding.
fn bytes(path: &str, text: &str) -> Vec<u8> {
    match (path, text) {
        ("catalogue.csv", "cp1251") => b"id;name\n1;\xd2\xee\xf0\xf2\n".to_vec(),
        _ => text.replace("ASK", ASK.trim_end()).into_bytes(),
    }
}

/// What is said of a partner that has this file.
fn said(path: &str, text: &str, texts: &Texts) -> Vec<String> {
    let files = partner(path, &bytes(path, text));
    let found = found(&files);
    let told = Told::new(&found, &files, "", texts);
    let line = |found: &voronka_core::spec::position::DiagnosticJson| {
        let hint = found.hint.as_ref().map(|hint| format!(" → {hint}")).unwrap_or_default();
        format!("{}:{} {} {}{hint}", found.line, found.column, found.code, found.message)
    };
    told.findings.iter().map(line).collect()
}

const CASES: &[(&str, &str, &str)] = &[
    ("config.yaml", "name: К: К\n", "1:8 Y101 двоеточие с пробелом внутри текста → возьмите весь текст в кавычки"),
    (
        "flows/a.yaml",
        "steps:\n  - say: *важно* купить\n",
        "2:10 Y102 текст начинается с «*», YAML понимает это по-своему → возьмите в кавычки",
    ),
    (
        "config.yaml",
        "name: К\naccounts: {web: {}}\nlinks: {shop: https://a.ru} #магазин\n",
        "3:29 Y103 всё после « #» пропадёт: «#магазин» → кавычки, или пробел после #, если это комментарий",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - say: Да\n  \tid: x\n",
        "3:3 Y104 табуляция в отступе → пробелы, вровень с соседними ключами",
    ),
    ("config.yaml", "name: К\naccounts: {web: {}}\nname: Л\n", "3:1 Y105 ключ «name» уже есть в строке 1"),
    (
        "config.yaml",
        "name: К\naccounts: {web: {}}\npersona: &p {}\n",
        "3:13 Y106 якоря, ссылки, << и теги (!x) здесь не нужны → вынесите общее в подсценарий или texts",
    ),
    ("config.yaml", "name: К\naccounts: {web: {}}\n---\nname: Л\n", "3:1 Y107 в файле второй документ (---)"),
    ("catalogue.csv", "cp1251", "2:3 Y108 файл не в UTF-8 (похоже на windows-1251) → сохраните как UTF-8"),
    (
        "config.yaml",
        "name: К\naccounts: {web: {}}\nzoen: UTC\n",
        "3:1 Y109 неизвестный ключ «zoen» → может быть, «zone»?",
    ),
    ("config.yaml", "accounts: {web: {}}\n", "1:1 Y110 нет обязательного «name»"),
    (
        "config.yaml",
        "name: К\naccounts: {web: {}}\nlanguages: ru\n",
        "3:12 Y111 здесь нужен список, а стоит текст → [ru]",
    ),
    (
        "config.yaml",
        "name: К\naccounts: {web: {}}\nzone: Марс\n",
        "3:7 Y112 не понимаю часовой пояс «Марс» → пример: Europe/Moscow",
    ),
    (
        "config.yaml",
        "name: К\naccounts: {web: {}}\nlimits: {per_day: много}\n",
        "3:19 Y112 не понимаю целое число «много» → от 0 до 100",
    ),
    (
        "config.yaml",
        "name: К\naccounts: {web: {}}\nzone: Europe/Moskow\n",
        "3:7 Y112 не понимаю часовой пояс «Europe/Moskow» → может быть, «Europe/Moscow»?",
    ),
    (
        "config.yaml",
        "name: К\naccounts: {web: {}}\ncontact: {consent: texts/consent.md, version: вчера}\n",
        "3:47 Y112 не понимаю номер или дату согласия «вчера» → пример: 2026-11-01",
    ),
    (
        "flows/a.yaml",
        "ASK\n    buttons: 1, 2, 3\n    silence:\n      - {after: 45, say: Вы здесь?}\n",
        "5:14 Y111 здесь нужен список, а стоит текст → [1, 2, 3]\n7:17 Y112 не понимаю срок «45» → пример: 45m",
    ),
    (
        "flows/a.yaml",
        "ASK\n  - offer: Вот\n    as: торт\n    top: 30\n",
        "7:10 Y112 не понимаю целое число «30» → от 1 до 10",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - aks: Сколько?\n    as: порции\n    number: {min: 1}\n    retries: два\n  - say: Много\n    when: порции > 40\n",
        "2:5 Y109 неизвестный ключ «aks» → может быть, «ask»?\n5:14 Y112 не понимаю целое число «два» → от 0 до 10",
    ),
    (
        "config.yaml",
        "name: К\naccounts:\n  telegram: {token: $T  # из .env: там\n  web: {}\n",
        "3:13 Y199 YAML не читается: скобка '{' не закрыта",
    ),
    ("flows/Торт.yaml", "steps: [{say: Да}]\n", "1:1 Y112 не понимаю имя сценария «Торт» → пример: tort"),
    (
        "flows/a.yaml",
        "steps:\n  - ask: Ещё?\n    as: x\n    choice: {да: Да, конечно}\n",
        "4:22 Y113 внутри { } или [ ] запятая делит текст: «конечно» → кавычки или отдельные строки",
    ),
    ("flows/a.yaml", "steps:\n  - say:Привет\n", "2:5 Y111 здесь нужны ключи со значениями, а стоит текст"),
    ("flows/a.yaml", "steps: [\n", "1:8 Y199 YAML не читается: скобка '[' не закрыта"),
    ("flows/a.yaml", "steps:\n  - say: \"Привет\n", "3:1 Y199 YAML не читается: кавычка не закрыта"),
    (
        "flows/a.yaml",
        "steps:\n  - say: Да\n     id: x\n",
        "3:8 Y199 YAML не читается: двоеточие там, где его быть не может",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - say: Да\n    goto: x\n",
        "3:5 F201 в шаге 2 действия: say, goto → оставьте одно, остальные сделайте шагами",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - id: x\n    when: true\n",
        "2:5 F201 здесь нет действия → добавьте одно\n3:11 X309 условие всегда верно",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - say: Да\n    id: x\n  - say: Нет\n    id: x\n",
        "5:9 F202 имя «x» уже занято в строке 3",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - say: Да\n    id: начало\n  - ask: Ещё?\n    as: ещё\n    otherwise: начала\n",
        "6:16 F203 нет шага или ветки «начала» → похоже на «начало»",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - end: всё\n  - say: Да\n  - say: Нет\n",
        "3:5 F204 до шага никогда не дойти: выше всегда goto или end",
    ),
    (
        "flows/a.yaml",
        "ASK\n  - ask: Ещё?\n    as: порции\n    id: ещё\n",
        "6:9 F205 слот «порции» уже спрашивают в строке 3 → повторно: goto порции",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - say: Раз\n    id: раз\n  - goto: раз\n",
        "2:5 F206 круг без шага, который ждёт клиента: раз → steps/2 → раз",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - ask: Кто?\n    as: кто\n  - goto: кто\n",
        "2:5 F206 круг без выхода: кто → steps/2 → кто",
    ),
    ("flows/a.yaml", "steps:\n  - call: a\n", "2:5 F207 сценарий вызывает сам себя: a → a"),
    (
        "flows/a.yaml",
        "ASK\n  - branch:\n      - goto: порции\n      - when: порции > 3\n        goto: порции\n",
        "6:9 F208 вариант без when закрывает остальные → переставьте его последним",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - ask: Что?\n    as: что\n    choice: {а: Ёж, б: {label: Уж, also: [еж]}}\n",
        "4:21 F211 «еж» подходит двум вариантам: а, б",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - ask: Раз?\n    as: а\n    number: {unit: шт}\n  - ask: Два?\n    as: б\n    number: {unit: [Шт]}\n",
        "5:5 F212 по слову «Шт» число подойдёт слотам а и б",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - ask: Когда?\n    as: дата\n    date: {from: today + 3d, to: today + 1d}\n",
        "4:34 F213 границы пусты: today + 3d больше today + 1d",
    ),
    (
        "flows/a.yaml",
        "ASK\n  - say: Много\n    when: порцыи > 40\n",
        "6:11 X301 неизвестное имя «порцыи» → может быть, «порции» (строка 3)?",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - stage: лунный\n",
        "2:12 X302 у «lead.stage» нет варианта «лунный» → есть: новый, подбор, думает, заказ, повтор, отказ",
    ),
    ("flows/a.yaml", "ASK\n  - say: Много\n    when: порции > today\n", "6:11 X303 нельзя сравнить число и дату"),
    (
        "flows/a.yaml",
        "ASK\n  - say: Много\n    when: порции > 3 and порции < 9 or порции = 20\n",
        "6:37 X304 and и or рядом → поставьте скобки",
    ),
    (
        "flows/a.yaml",
        "ASK\n  - say: Много\n    when: 3 < порции < 9\n",
        "6:11 X305 цепочка сравнений → 3 < x and x < 9",
    ),
    (
        "flows/a.yaml",
        "ASK\n  - say: Много\n    when: пoрции > 3\n",
        "6:11 X306 в «пoрции» смешаны русские и латинские буквы: «o»",
    ),
    (
        "flows/a.yaml",
        "ASK\n  - say: Много\n    when: {порции > 3}\n",
        "6:11 X307 здесь выражение, фигурные скобки не нужны",
    ),
    ("flows/a.yaml", "ASK\n  - say: Много\n    when: порции\n", "6:11 X308 when должно быть «да или нет», а это число"),
    (
        "flows/a.yaml",
        "ASK\n    skip: Не знаю\n  - say: Много\n    when: порции > 40\n",
        "7:11 X310 «порции» здесь может быть пусто, тогда условие ложно → has(порции)",
    ),
    ("flows/a.yaml", "ASK\n  - say: Много\n    when: порции > \n", "6:18 X311 не понимаю «>» → ждал значение"),
    ("flows/a.yaml", "ASK\n  - say: Много\n    when: порции && true\n", "6:18 X311 не понимаю «&&» → ждал and"),
    (
        "flows/a.yaml",
        "ASK\n    skip: Не знаю\n  - say: Вас {порции}\n",
        "6:15 T401 «порции» здесь может быть пусто → «{порции | запас}»",
    ),
    ("flows/a.yaml", "ASK\n  - say: 'Вас {порции: гость|гостя}'\n", "5:24 T403 форм слова 2, а нужно 3 (русский)"),
    (
        "config.yaml",
        "name: К\naccounts: {web: {}}\nlanguages: [ru, en]\ntexts:\n  back: {ru: Назад}\n",
        "5:10 T404 нет перевода на английский",
    ),
    ("flows/a.yaml", "steps:\n  - say: ''\n", "2:10 T405 пустой текст"),
    (
        "flows/a.yaml",
        "steps:\n  - say: Всего 4200 ₽\n",
        "2:16 T406 цена «4200 ₽» написана руками и не найдена в каталоге",
    ),
    ("flows/a.yaml", "steps:\n  - say: 'Вас {порции'\n", "2:15 T407 незакрытая «{»"),
    ("flows/a.yaml", "steps:\n  - say: Да\n    photo: нет.jpg\n", "3:12 L504 нет файла нет.jpg или он больше 10 MiB"),
    (
        "sequences/a.yaml",
        "enter: {fact: message, again: 1d}\nsteps:\n  - {id: a, after: 3d, say: Да}\n",
        "1:31 S551 again 1d короче самой цепочки (3d)",
    ),
    (
        "sequences/a.yaml",
        "hours: 22:00-23:00\nenter: {fact: message, again: 9d}\nsteps:\n  - {id: a, after: 3d, say: Да}\n",
        "1:8 S552 часы 22:00-23:00 целиком в тихих часах 21:00-9:00",
    ),
    (
        "sequences/a.yaml",
        "goal: flow.a.куплен\nenter: {fact: message, again: 9d}\nsteps:\n  - {id: a, after: 3d, say: Да}\n",
        "1:7 S554 цель flow.a.куплен недостижима: её никто не порождает",
    ),
    (
        "sequences/a.yaml",
        "per_day: 1\nenter: {fact: message}\nsteps:\n  - {id: a, after: 1h, say: Да}\n  - {id: b, after: 1h, say: Ещё}\n",
        "5:6 S555 шаги «a» и «b» не уместятся в 1 в день",
    ),
    ("tests/a.yaml", "- test: А\n  talk:\n    - slots: {порцый: 3}\n", "3:15 X301 неизвестное имя «порцый»"),
    (
        "tests/a.yaml",
        "- test: А\n  talk:\n    - {me: да, bot: нет}\n",
        "3:8 F201 в шаге 2 действия: me, bot → оставьте одно, остальные сделайте шагами",
    ),
    (
        "tests/a.yaml",
        "- test: А\n  customer: {channel: telegram}\n  talk:\n    - outcome: дон\n",
        "2:23 C603 неизвестный канал «telegram» → есть: web\n4:16 Y112 не понимаю исход «дон» → пример: done",
    ),
    (
        "tests/a.yaml",
        "- test: А\n  talk:\n    - facts: [mesage]\n    - bot: {has: да, page: нет.md}\n",
        "3:15 P573 неизвестный факт «mesage» → может быть, «message»?\n4:28 L504 нет файла knowledge/нет.md или он больше 1 MiB",
    ),
    ("knowledge/a.md", "---\ntitel: А\n---\nТекст\n", "2:1 Y109 неизвестный ключ «titel» → может быть, «title»?"),
    (
        "catalogue.csv",
        "id;name;price;photo\n1;Торт;5;photos/нет.jpg\n",
        "2:10 L504 нет файла photos/нет.jpg или он больше 10 MiB",
    ),
    (
        "catalogue.csv",
        "id;name;price;photo\n1;Торт;5;photos/a.exe\n",
        "2:10 Y112 не понимаю картинку «photos/a.exe» → пример: photos/tort.jpg",
    ),
    (
        "scoring.yaml",
        "warm: {from: 30, until: 40}\nrules:\n  - {id: a, fact: message, points: 80, why: пишет}\n",
        "1:1 P571 пороги перепутаны: warm.until 40 и warm.from 30",
    ),
    (
        "scoring.yaml",
        "rules:\n  - {id: a, fact: message, points: 5, why: пишет}\n",
        "1:1 P572 до «горячего» не набрать: максимум 5 из 70",
    ),
    (
        "scoring.yaml",
        "rules:\n  - {id: a, fact: mesage, points: 5, why: пишет}\n",
        "2:19 P573 неизвестный факт «mesage» → может быть, «message»?",
    ),
    (
        "scoring.yaml",
        "rules:\n  - {id: a, fact: message, points: 80, why: пишет}\ncaps:\n  - {rules: [b], max: 3}\n",
        "4:14 P574 в caps нет правила «b»",
    ),
    (
        "scoring.yaml",
        "rules:\n  - {id: a, fact: message, points: 80, why: пишет}\n  - {id: b, fact: message, points: -5, why: пишет}\n",
        "3:10 P575 правила «a» и «b» об одном и том же, баллы спорят",
    ),
    (
        "config.yaml",
        "name: К\naccounts: {web: {}}\nmodels: [{openai: gpt, key: sk-123}]\n",
        "3:29 C602 ключ записан прямо в файле → перенесите в .env, здесь оставьте $ИМЯ",
    ),
    (
        "config.yaml",
        "name: К\naccounts: {icq: {}}\n",
        "2:12 C603 неизвестный канал «icq» → есть: telegram, web, whatsapp, vk, avito, instagram, max, alice",
    ),
    (
        "flows/a.yaml",
        "steps:\n  - contact: Телефон?\n",
        "2:5 C604 сценарий просит контакты, а contact.consent пуст (152-ФЗ)",
    ),
    ("config.yaml", "name: К\naccounts: {web: {}}\ndigest: {to: никто}\n", "3:14 C605 никто нет в team"),
    (
        "config.yaml",
        "name: К\naccounts: {web: {}}\nhours: {mon-fri: 9:00-20:00, fri: 9:00-15:00}\n",
        "3:30 C606 часы пересекаются: mon-fri, fri",
    ),
    ("catalogue.csv", "id;name;price\n1;;5\n", "2:1 K701 строка 2: нет названия"),
    ("catalogue.csv", "id;name;price\n1;Торт;5\n1;Торт;6\n", "3:1 K702 артикул 1 повторяется (строка 2)"),
    (
        "catalogue.csv",
        "id;name;price\n1;Торт;даром\n",
        "2:8 K703 не понимаю цену «даром» → одно число: 1490 или 1 490,50",
    ),
    ("knowledge/a.md", "---\nproducts: [нет]\n---\nТекст\n", "2:12 K705 нет товара нет"),
    (
        "training/a.yaml",
        "lessons:\n  - {id: a, title: А, text: Б, quiz: [{question: В, answers: {x: Г}, right: y}]}\n",
        "2:77 K706 right «y» нет среди answers",
    ),
];

#[test]
fn each_mistake_of_a_file_is_told_in_its_place() {
    for (path, text, expected) in CASES {
        let expected: Vec<&str> = expected.lines().collect();
        assert_eq!(said(path, text, &Texts::russian()), expected, "{path}\n{text}");
    }
}

#[test]
fn no_text_waits_for_an_argument_that_the_core_does_not_give() {
    for texts in [Texts::russian(), Texts::english()] {
        for (path, text, _) in CASES {
            for line in said(path, text, &texts) {
                assert!(!line.contains("{$"), "{line}");
            }
        }
        let files = broken();
        let told = Told::new(&found(&files), &files, "", &texts).json().collect::<String>();
        assert!(!told.contains("{$"), "{told}");
    }
}

/// A partner whose files say this.
fn of(files: &[(&str, &str)]) -> PartnerFiles {
    files.iter().map(|(path, text)| ((*path).into(), text.as_bytes().to_vec())).collect()
}

const WEB: (&str, &str) = ("config.yaml", "name: К\naccounts: {web: {}}\n");

/// What needs more than a partner's files: keys, a messenger's bounds, today, conversations under way, a talk.
fn beyond_files() -> Vec<(Vec<Diagnostic>, PartnerFiles)> {
    let id = || PartnerId::parse("korica").unwrap();
    let mut all = Vec::new();
    // A messenger that closes its window.
    let files = of(&[
        ("config.yaml", "name: К\naccounts: {whatsapp: {}}\n"),
        ("sequences/a.yaml", "enter: {fact: message}\nsteps:\n  - {id: a, after: 2d, say: Да}\n"),
    ]);
    all.push((found(&files), files));
    // No key.
    let files = of(&[("config.yaml", "name: К\naccounts: {telegram: {}}\n")]);
    let mut loaded = PartnerSpec::parse(id(), &files);
    loaded.refuse_missing(|_| false);
    all.push((loaded.diagnostics, files));
    // A narrow channel, a day long past, a step that is gone.
    let ask = "steps:\n  - say: Длиннее, чем можно\n    buttons: {Да: human, Нет: stop, Не знаю: human}\n";
    let page = "---\nvalid_until: 2020-01-01\n---\nТекст\n";
    let files = of(&[WEB, ("flows/a.yaml", ask), ("knowledge/a.md", page)]);
    let spec = PartnerSpec::parse(id(), &files).spec.unwrap();
    let buttons = ButtonLimits { count_max: 2, per_row: 1, label_max: 4, label_comfortable: 4 };
    let narrow = Capabilities { text_max: 10, buttons: Some(buttons), ..voronka_web::CAPABILITIES.clone() };
    let mut beyond = limits::check(&spec, "web", &narrow);
    beyond.extend(spec.expired_pages(jiff::civil::date(2026, 12, 1)));
    beyond.extend(live::gone(&spec, &[("a".to_owned(), "бюджет".to_owned(), 3)]));
    all.push((beyond, files));
    // A talk that goes otherwise, and one that leaves a step out.
    let flow = "start: {commands: [/a]}\nsteps:\n  - ask: Да?\n    as: да\n    yes_no: true\n  - say: Нет\n";
    for talk in ["    - bot: {has: Нет}\n", "    - bot: {has: Да?}\n"] {
        let test = format!("- test: А\n  talk:\n    - me: /a\n{talk}");
        let files = of(&[WEB, ("flows/a.yaml", flow), ("tests/a.yaml", &test)]);
        let loaded = PartnerSpec::parse(id(), &files);
        let played = rehearse(&Arc::new(loaded.spec.unwrap()), &loaded.scripts);
        all.push((played.into_findings(), files));
    }
    all
}

#[test]
fn what_needs_more_than_files_is_told_in_both_languages() {
    let all = |texts: &Texts| {
        let told = beyond_files().into_iter().map(|(found, files)| {
            Told::new(&found, &files, "", texts).lines("", Look::Plain, texts).collect::<Vec<_>>().join("\n")
        });
        told.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!("beyond_files_in_russian", all(&Texts::russian()));
    insta::assert_snapshot!("beyond_files_in_english", all(&Texts::english()));
}

#[test]
fn every_code_has_a_bad_fixture_and_words_in_both_languages() {
    let mut seen: BTreeSet<Code> = found(&broken()).iter().map(|found| found.code).collect();
    for (path, text, _) in CASES {
        seen.extend(found(&partner(path, &bytes(path, text))).iter().map(|found| found.code));
    }
    seen.extend(beyond_files().iter().flat_map(|(found, _)| found).map(|found| found.code));
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !seen.contains(*code)).collect();
    assert_eq!(missing, Vec::<&Code>::new());
    for texts in [Texts::russian(), Texts::english()] {
        let wordless: Vec<_> = Code::ALL.iter().filter(|code| texts.find(code.as_str()).is_none()).collect();
        assert_eq!(wordless, Vec::<&Code>::new());
    }
}

/// A message and its hint.
type Said = (String, Option<String>);

/// The list of diagnostics: code, marks, Russian and English with their hints.
fn list() -> Vec<(Code, String, [Said; 2])> {
    let table = include_str!("../../../core/tests/fixtures/formats/diagnostics.md");
    let row = |line: &str| {
        let line = line.replace("\\|", "\u{1}");
        let cells: Vec<String> = line.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect();
        let code = Code::ALL.iter().find(|code| cells.get(1).is_some_and(|cell| cell.starts_with(code.as_str())))?;
        let said = |cell: &str| match cell.split_once(" → ") {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (cell.to_owned(), None),
        };
        Some((*code, cells[1].clone(), [said(&cells[2]), said(&cells[3])]))
    };
    table.lines().filter_map(row).collect()
}

/// A text of the list as it is printed when each argument is its own name in braces.
fn printed(text: &str) -> String {
    text.replace("{{ }}", "{ }").replace("«{{»", "«{»").replace("\"{{\"", "\"{\"")
}

fn placeholders(text: &str) -> Vec<(&str, std::borrow::Cow<'_, str>)> {
    let inner = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
    let names =
        inner.map(|(name, _)| name).filter(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()));
    names.map(|name| (name, format!("{{{name}}}").into())).collect()
}

#[test]
fn texts_are_those_of_the_list_of_diagnostics() {
    let list = list();
    assert_eq!(list.iter().map(|(code, ..)| *code).collect::<Vec<_>>(), Code::ALL);
    for (code, marks, languages) in &list {
        assert_eq!(marks.ends_with(" W"), code.level() == Level::Warning, "{marks}");
        assert_eq!(marks.contains('*'), super::can_mend(*code), "{marks}");
        for ((message, hint), texts) in languages.iter().zip([Texts::russian(), Texts::english()]) {
            let whole = format!("{message} {}", hint.as_deref().unwrap_or_default());
            let mut args = placeholders(&whole);
            args.push(("at", "0".into()));
            let ours = texts.get(code.as_str(), &args);
            // «нужен» takes the gender of what is wanted, so it is said with the word.
            let message = message.replace("нужен {want}, а стоит {got}", "{want}, а {got}");
            assert_eq!(ours, printed(&message), "{}", code.as_str());
            let ours = texts.attribute(code.as_str(), "hint", &args);
            assert_eq!(ours, hint.as_deref().map(printed), "{}", code.as_str());
        }
    }
}

fn words(code: Code, args: &[(&'static str, &str)], texts: &Texts) -> String {
    let args = args.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let place = Place::new(&"flows/a.yaml".into(), 0..0);
    let words = Words::of(&Diagnostic { place, code, args, related: Vec::new() }, None, texts);
    let hint = words.hint.map(|hint| format!(" → {hint}")).unwrap_or_default();
    format!("{}{hint}", words.message)
}

#[test]
fn counts_and_words_of_ours_take_the_readers_forms() {
    let (ru, en) = (Texts::russian(), Texts::english());
    let long = |n, k| [("n", n), ("max", "4096"), ("k", k), ("channel", "web")];
    assert_eq!(words(Code::L501, &long("5001", "2"), &ru), "5001 знак из 4096 для чата на сайте: уйдёт 2 сообщениями");
    assert_eq!(
        words(Code::L501, &long("81003", "21"), &ru),
        "81003 знака из 4096 для чата на сайте: уйдёт 21 сообщением"
    );
    assert_eq!(words(Code::L501, &long("5001", "1"), &en), "5001 of 4096 characters on web chat: goes as 1 message");
    let gone = |n| [("id", "бюджет"), ("n", n)];
    let hint = " → добавьте was: [бюджет] к новому шагу";
    assert_eq!(words(Code::F210, &gone("1"), &ru), format!("шага «бюджет» больше нет, а на нём стоит 1 беседа{hint}"));
    assert_eq!(words(Code::F210, &gone("3"), &ru), format!("шага «бюджет» больше нет, а на нём стоят 3 беседы{hint}"));
    assert_eq!(words(Code::X303, &[("a", "datetime"), ("b", "time")], &ru), "нельзя сравнить дату со временем и время");
    assert_eq!(words(Code::X303, &[("a", "money"), ("b", "date")], &en), "cannot compare an amount with a date");
    assert_eq!(
        words(Code::T401, &[("name", "имя"), ("path", "без_имени")], &ru),
        "«имя» здесь может быть пусто (без_имени) → «{имя | запас}»"
    );
    assert_eq!(words(Code::Y109, &[("key", "zzz"), ("near", "")], &ru), "неизвестный ключ «zzz»");
    assert_eq!(
        words(Code::Y112, &[("what", "account id"), ("value", "007"), ("example", "web-2")], &en),
        "cannot read account name \"007\" → e.g. web-2"
    );
    assert_eq!(words(Code::X311, &[("token", "a"), ("want", "≤ 64")], &ru), "не понимаю «a» → ждал не больше 64");
    assert_eq!(words(Code::Y199, &[("reason", "nested deeper than 64")], &ru), "YAML не читается: вложено глубже 64");
    // Of what has no words here, the parser's own are better than none.
    assert_eq!(words(Code::Y199, &[("reason", "invalid global tag")], &ru), "YAML не читается: invalid global tag");
}

/// A partner with mistakes that only several files can make together, related places, tabs and wide letters.
fn broken() -> PartnerFiles {
    let mut files = partner(
        "flows/a.yaml",
        "start: {words: [хочу торт]}\nsteps:\n  - ask: Сколько?\n    as: порции\n    number: {min: 1}\n  - say: Много\n    when: порцыи > 40\n  - say: \"寿司 {стол}\"\n  - call: b\n"
            .as_bytes(),
    );
    let b = "start: {words: [Хочу торт]}\nsteps:\n  - ask: Сколько?\n    as: порции\n    text: {}\n  - say: Всего 4200 ₽\n  - call: a\n";
    files.insert("flows/b.yaml".into(), b.into());
    files.insert("flows/c.yaml".into(), "steps:\n  - say: Вот: что\n".into());
    files.insert("catalogue.csv".into(), "id;name;price\n1;Торт\t«Мёд»;даром\n1;;5\n".into());
    files
}

fn output(texts: &Texts) -> String {
    let files = broken();
    let told = Told::new(&found(&files), &files, "partners/korica", texts);
    told.lines("partners/korica", Look::Plain, texts).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_broken_partner_is_shown_in_russian() {
    insta::assert_snapshot!(output(&Texts::russian()));
}

#[test]
fn a_broken_partner_is_shown_in_english() {
    insta::assert_snapshot!(output(&Texts::english()));
}

#[test]
fn a_broken_partner_is_told_to_programs() {
    let files = broken();
    let told = Told::new(&found(&files), &files, "partners/korica", &Texts::english());
    insta::assert_snapshot!(told.json().collect::<Vec<_>>().join("\n"));
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let files = broken();
    let texts = Texts::russian();
    let told = Told::new(&found(&files), &files, "", &texts);
    let coloured = told.lines("", Look::Coloured, &texts).collect::<Vec<_>>().join("\n");
    assert!(coloured.contains("\x1b[1;31mX301\x1b[0m"));
    let plain = ["0", "1", "2", "36", "1;31", "1;33"]
        .iter()
        .fold(coloured, |text, style| text.replace(&format!("\x1b[{style}m"), ""));
    assert_eq!(plain, told.lines("", Look::Plain, &texts).collect::<Vec<_>>().join("\n"));
}
