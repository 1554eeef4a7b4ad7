//! The fixtures of `formats/`, a bad file for each code, and files of noise.

mod reach;

use std::path::Path;

use proptest::prelude::*;

use super::{Loaded, PartnerFiles, PartnerSpec};
use crate::{
    ids::{FlowId, PartnerId},
    lang::Lang,
    spec::{
        config::{ChannelConfig, Provider, SecretRef, Setting, Updates},
        diagnostic::{Code, Diagnostic, Level},
        flow::{Action, ContactKind, Flow, Kind, Silent, StepId},
        position::Located,
        scoring::Trigger,
        texts::Phrase,
        value::{Period, Type},
    },
};

fn add(folder: &Path, root: &Path, files: &mut PartnerFiles) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add(&path, root, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            files.insert(name.into(), std::fs::read(&path).unwrap());
        }
    }
}

fn fixtures() -> PartnerFiles {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    let mut files = PartnerFiles::new();
    add(&root, &root, &mut files);
    files
}

fn parse(files: &PartnerFiles) -> Loaded {
    PartnerSpec::parse(PartnerId::parse("korica").unwrap(), files)
}

fn lines(loaded: &Loaded, files: &PartnerFiles) -> Vec<String> {
    let line = |found: &Diagnostic| {
        let at = Located::of(&found.place, files);
        format!("{}:{}:{} {} {:?}", at.file, at.start.line, at.start.column, found.code.as_str(), found.args)
    };
    loaded.diagnostics.iter().map(line).collect()
}

fn load(files: &PartnerFiles) -> PartnerSpec {
    let loaded = parse(files);
    let lines = lines(&loaded, files);
    loaded.spec.unwrap_or_else(|| panic!("{lines:#?}"))
}

fn flow(spec: &PartnerSpec, id: &str) -> std::sync::Arc<Flow> {
    spec.flows[&FlowId::parse(id).unwrap()].clone()
}

#[test]
fn the_example_partner_loads_without_a_finding() {
    let files = fixtures();
    let loaded = parse(&files);
    assert_eq!(lines(&loaded, &files), Vec::<String>::new());
    assert_eq!(loaded.secrets.len(), 6);
    let spec = loaded.spec.unwrap();
    assert_eq!((spec.flows.len(), spec.catalogue.products.len(), spec.pages.len()), (2, 2, 1));
    assert_eq!(spec.pages[0].title, "Аллергены и безглютеновые торты");
    assert!(spec.pages[0].body.starts_with("## Без глютена"));
    assert_eq!(spec.expired_pages(jiff::civil::date(2027, 6, 2))[0].code, Code::K704);
    assert!(spec.expired_pages(jiff::civil::date(2027, 6, 1)).is_empty());
}

#[test]
fn settings_of_the_example_are_read() {
    let spec = load(&fixtures());
    let config = &spec.config;
    assert_eq!(config.languages, [Lang::Ru, Lang::En]);
    let kinds: Vec<_> = config.accounts.iter().map(|account| account.channel.kind()).collect();
    assert_eq!(kinds, ["telegram", "web", "whatsapp"]);
    let ChannelConfig::Telegram(telegram) = &config.accounts[0].channel else { panic!() };
    assert_eq!((&telegram.token, telegram.updates), (&SecretRef("TELEGRAM_TOKEN".into()), Updates::Webhook));
    assert_eq!(config.accounts[0].proxy, Some(Setting::Secret(SecretRef("TG_PROXY".into()))));
    let ChannelConfig::Other(whatsapp) = &config.accounts[2].channel else { panic!() };
    assert_eq!(whatsapp.settings["templates.handoff"], Setting::Plain("korica_handoff_ru".into()));
    assert!(matches!(&config.models[1].provider, Provider::Yandex { folder: Setting::Secret(_) }));
    assert!(config.hours.open_at(jiff::civil::date(2026, 12, 31), jiff::civil::time(14, 0, 0, 0)));
    assert!(!config.hours.open_on(jiff::civil::date(2027, 1, 1)));
    let consent = config.contact.consent.as_ref().unwrap();
    assert_eq!((consent.version.as_str(), consent.sha256.len()), ("2026-11-01", 64));
    assert_eq!(config.notify[1].remind, Some(Period::minutes(10)));
    assert_eq!(spec.phrases.get(Phrase::Back).get(Lang::Ru).source(), "Вернёмся к подбору. {question}");
    assert_eq!(spec.phrases.get(Phrase::Back).get(Lang::En).source(), Phrase::Back.english());
    let cap = &spec.scoring.caps[0];
    assert_eq!((cap.rules.as_slice(), cap.max, spec.scoring.hot.until), (&[1, 2, 6][..], 30_000, 60_000));
}

#[test]
fn the_example_flow_is_flat_and_its_jumps_lead_where_they_say() {
    let spec = load(&fixtures());
    let flow = flow(&spec, "tort");
    let ids: Vec<_> = flow.steps.iter().map(|step| step.id.0.to_string()).collect();
    assert_eq!(ids[..4], ["steps/1", "повод", "дата", "steps/4"]);
    let at = |id: &str| flow.find(&StepId(id.into())).unwrap();
    let Action::Ask(guests) = &flow.step(at("порции")).action else { panic!() };
    assert_eq!(guests.otherwise, Some(at("человек")));
    assert!(matches!(&guests.kind, Kind::Number { unit, .. } if unit.len() == 4));
    let Action::Contact(contact) = &flow.step(at("steps/9")).action else { panic!("{ids:?}") };
    assert_eq!((contact.need.as_slice(), contact.refused), (&[ContactKind::Phone][..], Some(at("без_телефона/1"))));
    let Action::Branch(arms) = &flow.step(at("нет_вариантов/2")).action else { panic!("{ids:?}") };
    assert_eq!(
        arms.iter().map(|arm| arm.to.unwrap()).collect::<Vec<_>>(),
        [at("бюджет"), at("начинка"), at("человек")]
    );
    assert_eq!(flow.on_cancel, Some(at("прощание/1")));
    assert!(matches!(flow.silence[1].then, Silent::End(_)));
    let slot = flow.slot("порции").unwrap();
    assert_eq!((slot.step, slot.kind.clone()), (Some(at("порции")), Type::Number));
    assert_eq!(slot.readers, [at("steps/6"), at("варианты"), at("steps/11"), at("большой_заказ/1"), at("человек")]);
    // The last step of the main line ends the flow; a part does not fall into the next one.
    assert_eq!(flow.step(at("steps/13")).next, None);
    assert_eq!(flow.step(at("человек")).next, None);
}

#[test]
fn edits_of_texts_leave_the_structure_hash_and_edits_of_steps_change_it() {
    let mut files = fixtures();
    let before = flow(&load(&files), "otzyv").structure.clone();
    let text = String::from_utf8(files["flows/otzyv.yaml"].clone()).unwrap();
    files.insert("flows/otzyv.yaml".into(), text.replace("Что нам исправить?", "Что исправить?").into_bytes());
    assert_eq!(flow(&load(&files), "otzyv").structure, before);
    files.insert("flows/otzyv.yaml".into(), text.replace("оценка <= 3", "оценка <= 2").into_bytes());
    assert_ne!(flow(&load(&files), "otzyv").structure, before);
}

#[test]
fn nested_steps_go_on_behind_their_branch() {
    let flow_text = "steps:\n  - ask: Да?\n    as: а\n    yes_no: {}\n  - branch:\n      - when: а = true\n        steps:\n          - say: Раз\n          - say: Два\n      - steps: [{say: Три}]\n  - say: Конец\n";
    let mut files = minimal();
    files.insert("flows/a.yaml".into(), flow_text.as_bytes().to_vec());
    let flow = flow(&load(&files), "a");
    let ids: Vec<_> = flow.steps.iter().map(|step| (step.id.0.to_string(), step.next.map(|next| next.0))).collect();
    let expected = [
        ("а", Some(1)),
        ("steps/2", Some(5)),
        ("steps/2/1/1", Some(3)),
        ("steps/2/1/2", Some(5)),
        ("steps/2/2/1", Some(5)),
        ("steps/3", None),
    ];
    assert_eq!(ids, expected.map(|(id, next)| (id.to_owned(), next)));
    assert!(matches!(&flow.steps[0].action, Action::Ask(ask) if matches!(ask.kind, Kind::YesNo)));
}

fn minimal() -> PartnerFiles {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), fixtures()["config.minimal.yaml"].clone());
    files
}

#[test]
fn a_name_and_an_account_are_enough() {
    let files = minimal();
    let loaded = parse(&files);
    assert_eq!(lines(&loaded, &files), Vec::<String>::new());
    let spec = loaded.spec.unwrap();
    let config = &spec.config;
    assert_eq!((config.zone.iana_name(), config.currency.code()), (Some("Europe/Moscow"), "RUB"));
    assert_eq!(
        (config.budget.day.minor, config.answer.buffer.as_secs(), config.answer.deadline.as_secs()),
        (30_000, 0, 12)
    );
    let ChannelConfig::Telegram(telegram) = &config.accounts[0].channel else { panic!() };
    assert_eq!((&*telegram.token.0, telegram.updates), ("TELEGRAM_TOKEN", Updates::Polling));
    assert_eq!((spec.scoring.warm.from, spec.scoring.hot.from), (30_000, 70_000));
    assert!(spec.scoring.rules.iter().any(|rule| matches!(rule.trigger, Trigger::When(_)) && rule.points == 20_000));
    for phrase in Phrase::ALL {
        assert!(!spec.phrases.get(*phrase).get(Lang::Ru).source().is_empty());
    }
}

#[test]
fn times_and_limits_of_answers_are_settings_of_accounts_and_models() {
    let mut files = minimal();
    let config = "name: Лавка\naccounts:\n  telegram: {first_words: 3s, deadline: 8s}\n  web: {}\n  alice: {}\n\
        models:\n  - {openai: gpt-4o-mini, calls: 8}\n  - {openai: gpt-4o}\n";
    files.insert("config.yaml".into(), config.into());
    let loaded = parse(&files);
    assert_eq!(lines(&loaded, &files), Vec::<String>::new());
    let config = &loaded.spec.unwrap().config;
    let times = |n: usize| {
        let account = &config.accounts[n];
        (account.first_words.as_millis(), account.deadline.map(|deadline| deadline.as_millis()))
    };
    assert_eq!([times(0), times(1), times(2)], [(3_000, Some(8_000)), (5_000, None), (2_700, Some(2_700))]);
    assert_eq!([config.models[0].calls, config.models[1].calls], [Some(8), None]);
}

#[test]
fn a_secret_that_env_does_not_have_stops_the_load() {
    let mut loaded = parse(&minimal());
    loaded.refuse_missing(|_| true);
    assert!(loaded.spec.is_some());
    loaded.refuse_missing(|_| false);
    assert!(loaded.spec.is_none());
    assert_eq!(loaded.diagnostics[0].code, Code::C601);
}

/// Puts `text` into a minimal partner as `path` and demands a finding there.
#[track_caller]
fn check(path: &str, text: &str, code: Code, line: usize, column: usize) {
    let mut files = minimal();
    files.insert("texts/consent.md".into(), "Согласие".into());
    files.insert(path.into(), text.as_bytes().to_vec());
    let loaded = parse(&files);
    let wanted = format!("{path}:{line}:{column} {}", code.as_str());
    let lines = lines(&loaded, &files);
    assert!(lines.iter().any(|line| line.starts_with(&format!("{wanted} "))), "wanted {wanted}\n{text}\n{lines:#?}");
    assert_eq!(loaded.spec.is_some(), code.level() == Level::Warning, "{lines:#?}");
}

#[track_caller]
fn config(rest: &str, code: Code, line: usize, column: usize) {
    check("config.yaml", &format!("name: К\naccounts: {{web: {{}}}}\n{rest}\n"), code, line, column);
}

#[track_caller]
fn steps(steps: &str, code: Code, line: usize, column: usize) {
    check("flows/a.yaml", &format!("steps:\n{steps}\n"), code, line, column);
}

#[track_caller]
fn scoring(rules: &str, code: Code, line: usize, column: usize) {
    check("scoring.yaml", rules, code, line, column);
}

const ASK: &str = "  - ask: Сколько?\n    as: порции\n    number: {min: 1}\n";

#[test]
fn mistakes_of_keys_and_values_are_found() {
    config("zoen: UTC", Code::Y109, 3, 1);
    config("zone: Марс", Code::Y112, 3, 7);
    config("languages: ru", Code::Y111, 3, 12);
    steps("  - ask: Где?\n    as: где\n    choice: {там: {label: Там, zone: Марс}}", Code::Y112, 4, 38);
    steps("  - ask: Где?\n    as: где\n    choice: {там: {zone: UTC}}", Code::Y110, 4, 20);
    steps("  - ask: Где?\n    as: где\n    choices: {там: {label: Там, zone: UTC}}", Code::Y109, 4, 33);
    config("limits: {per_day: много}", Code::Y112, 3, 19);
    check("config.yaml", "accounts: {web: {}}\n", Code::Y110, 1, 1);
    check("config.yaml", "name: \"\"\naccounts: {web: {}}\n", Code::T405, 1, 7);
    check("config.yaml", "name: К: К\n", Code::Y101, 1, 8);
    config("persona: {never: [обещать, торг: да]}", Code::Y101, 3, 32);
    config("persona:\n  never:\n    - Скидки: никогда", Code::Y101, 5, 13);
    steps("  - asc: Кто?", Code::Y109, 2, 5);
    steps("  - say: Да\n    otherwise: x", Code::Y109, 3, 5);
    steps("  - ask: Кто?", Code::Y110, 2, 5);
    steps("  - say: {ru: Да, de: Ja}", Code::Y109, 2, 19);
    check("flows/Торт.yaml", "steps: [{say: Да}]\n", Code::Y112, 1, 1);
    config("languages: [ru, en]\ntexts:\n  back: {ru: Назад}", Code::T404, 5, 10);
}

#[test]
fn mistakes_of_settings_are_found() {
    config("models: [{openai: gpt, key: sk-123}]", Code::C602, 3, 29);
    check("config.yaml", "name: К\naccounts:\n  telegram: {token: '123:abc'}\n", Code::C602, 3, 21);
    check("config.yaml", "name: К\naccounts: {icq: {}}\n", Code::C603, 2, 12);
    check("config.yaml", "name: К\naccounts: {web: {proxy: 'socks5://a:b@c:1'}}\n", Code::C602, 2, 25);
    steps("  - contact: Телефон?", Code::C604, 2, 5);
    steps("  - ask: Телефон?\n    as: тел\n    phone: {}", Code::C604, 3, 9);
    steps("  - ask: Почта?\n    as: почта\n    text: {}\n    keep: email", Code::C604, 5, 11);
    config("digest: {to: никто}", Code::C605, 3, 14);
    config("hours: {mon-fri: 9:00-20:00, fri: 9:00-15:00}", Code::C606, 3, 30);
    config("hours:\n  mon: [9:00-13:00, 12:00-15:00]", Code::C606, 4, 21);
    config("branding: {domain: a.example, admin_domain: A.example}", Code::C607, 3, 45);
    config("team: {отдел: {telegram: -100, role: owner}}", Code::C610, 3, 8);
    config("branding: {color: '#ffcc00'}", Code::C608, 3, 19);
    check("config.yaml", "name: К\naccounts: {web: {color: '#ffcc00'}}\n", Code::C608, 2, 25);
    config("branding: {admin_domain: localhost}", Code::Y112, 3, 26);
    config("branding: {admin: a.example}", Code::Y109, 3, 12);
    config("contact: {consent: texts/no.md}", Code::L504, 3, 20);
    config("team: {я: {telegram: 1}}\nnotify: [{to: я, about: [lead.hott]}]", Code::P573, 4, 26);
    config("texts: {bakc: Назад}", Code::Y109, 3, 9);
    config("texts: {back: 'Вот {вопрос}'}", Code::X301, 3, 21);
}

#[test]
fn mistakes_of_flows_are_found() {
    steps("  - say: Да\n    goto: x", Code::F201, 3, 5);
    steps("  - id: x\n    when: true", Code::F201, 2, 5);
    steps("  - say: Да\n    id: x\n  - say: Нет\n    id: x", Code::F202, 5, 9);
    steps("  - say: Да\n    id: начало\n  - ask: Ещё?\n    as: ещё\n    otherwise: начала", Code::F203, 6, 16);
    steps("  - say: Да\n    buttons: {Торт: flow tort}", Code::F203, 3, 21);
    steps("  - say: Да\n    buttons: {Торт: link shop}", Code::F203, 3, 21);
    steps("  - end: всё\n  - say: Да\n  - say: Нет", Code::F204, 3, 5);
    steps("  - say: Да\nparts:\n  тупик:\n    - say: Нет", Code::F204, 4, 3);
    steps(&format!("{ASK}{ASK}"), Code::F205, 6, 9);
    steps("  - say: Раз\n    id: раз\n  - goto: раз", Code::F206, 2, 5);
    steps("  - ask: Кто?\n    as: кто\n  - goto: кто", Code::F206, 2, 5);
    steps("  - call: a", Code::F207, 2, 5);
    steps(
        &format!("{ASK}  - branch:\n      - goto: порции\n      - when: порции > 3\n        goto: порции"),
        Code::F208,
        6,
        9,
    );
    steps("  - ask: Что?\n    as: что\n    choice: {а: Ёж, б: {label: Уж, also: [еж]}}", Code::F211, 4, 21);
    steps(&format!("{ASK}    id: x\n  - ask: Ещё?\n    as: ещё\n    number: {{min: 5, max: 2}}"), Code::F213, 8, 27);
    steps("  - ask: Когда?\n    as: дата\n    date: {from: today + 3d, to: today + 1d}", Code::F213, 4, 34);
    steps("  - stage: лунный", Code::X302, 2, 12);
    steps("  - say: Да\n    photo: нет.jpg", Code::L504, 3, 12);
    steps("  - say: Да\n    products: [нет]", Code::K705, 3, 16);
    steps("  - end: два слова", Code::Y112, 2, 10);
    steps("  - ask: Что?\n    as: что\n    text: {pattern: '['}", Code::Y112, 4, 21);
    steps(
        "  - ask: Раз?\n    as: а\n    number: {unit: шт}\n  - ask: Два?\n    as: б\n    number: {unit: [Шт]}",
        Code::F212,
        5,
        5,
    );
}

#[test]
fn mistakes_between_flows_are_found() {
    let mut files = minimal();
    files.insert("flows/a.yaml".into(), format!("start: {{words: [хочу торт]}}\nsteps:\n{ASK}  - call: b\n").into());
    let b = "start: {words: [Хочу торт]}\nsteps:\n  - ask: Сколько?\n    as: порции\n    text: {}\n  - call: a\n";
    files.insert("flows/b.yaml".into(), b.into());
    let loaded = parse(&files);
    let lines: Vec<_> =
        lines(&loaded, &files).iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines, ["flows/b.yaml:1:17 F209", "flows/b.yaml:4:9 F214", "flows/b.yaml:6:5 F207"]);
}

#[test]
fn mistakes_of_expressions_and_texts_are_found_in_their_step() {
    steps(&format!("{ASK}  - say: Много\n    when: порцыи > 40"), Code::X301, 6, 11);
    steps(&format!("{ASK}  - say: Много\n    when: порции"), Code::X308, 6, 11);
    steps(&format!("{ASK}  - say: Много\n    when: {{порции > 3}}"), Code::X307, 6, 11);
    steps(&format!("{ASK}    skip: Не знаю\n  - say: Вас {{порции}}"), Code::T401, 6, 15);
    steps(&format!("{ASK}  - say: |\n      Вас\n      ещё {{порцыи}}"), Code::X301, 7, 12);
    steps("  - say: ''", Code::T405, 2, 10);
    steps("  - say: {порции}", Code::Y102, 2, 10);
    steps("  - say:", Code::T405, 2, 8);
    steps("  - say: Всего 4200 ₽", Code::T406, 2, 16);
}

#[test]
fn a_guard_shows_that_its_names_have_values() {
    let skip = format!("{ASK}    skip: Не знаю\n");
    let ok = format!(
        "steps:\n{skip}  - say: 'Вас {{порции}}'\n    when: has(порции)\n  - say: 'Много: {{порции}}'\n    when: порции > 30\n"
    );
    let mut files = minimal();
    files.insert("flows/a.yaml".into(), ok.into());
    load(&files);
    steps(&format!("{skip}  - say: 'Вас {{порции}}'\n    when: not has(порции)"), Code::T401, 6, 16);
}

#[test]
fn files_of_windows_and_of_macs_are_read_alike() {
    use unicode_normalization::UnicodeNormalization;
    let mut files = fixtures();
    for (path, bytes) in &mut files {
        let text = std::str::from_utf8(bytes).unwrap().replace('\n', "\r\n");
        *bytes = if path.contains("flows") { text.nfd().collect::<String>().into_bytes() } else { text.into_bytes() };
        bytes.splice(0..0, "\u{feff}".bytes());
    }
    let spec = load(&files);
    assert_eq!(flow(&spec, "tort").structure, flow(&load(&fixtures()), "tort").structure);
    assert_eq!(spec.pages[0].title, "Аллергены и безглютеновые торты");
    assert_eq!(spec.catalogue.products.len(), 2);
}

#[test]
fn a_flow_has_at_most_five_hundred_steps() {
    steps(&"  - say: Да\n".repeat(501), Code::Y199, 502, 5);
}

#[test]
fn a_condition_over_what_may_be_empty_is_a_warning() {
    steps(&format!("{ASK}    skip: Не знаю\n  - say: Много\n    when: порции > 40"), Code::X310, 7, 11);
}

#[test]
fn a_jump_to_nowhere_makes_no_other_mistake() {
    let mut files = minimal();
    let text = "steps:\n  - goto: частъ\nparts:\n  часть: [{say: Да}]\n";
    files.insert("flows/a.yaml".into(), text.into());
    let codes: Vec<_> = parse(&files).diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::F203]);
}

#[test]
fn what_a_channel_cannot_show_is_said() {
    use crate::capabilities::{ButtonLimits, Capabilities, Has, TextUnit};
    let buttons = ButtonLimits { count_max: 3, per_row: 1, label_max: 16, label_comfortable: 16 };
    let narrow = Capabilities {
        text_max: 100,
        caption_max: 50,
        text_unit: TextUnit::Chars,
        buttons: Some(buttons),
        cards_max: 0,
        album_max: 0,
        photos: Has::No,
        kept_files: Has::No,
        url_buttons: Has::No,
        contact_button: Has::No,
        place_button: Has::No,
        preview: Has::No,
        typing: Has::No,
        idempotent: Has::No,
        pushes: Has::Yes,
        hears: Has::Yes,
        window: None,
        pace: None,
    };
    let found = crate::spec::limits::check(&load(&fixtures()), "WhatsApp", &narrow);
    let count = |code: Code| found.iter().filter(|found| found.code == code).count();
    assert_eq!(count(Code::L501), 4, "{found:?}");
    assert_eq!((count(Code::L502), count(Code::L503)), (3, 5), "{found:?}");
    let wide = Capabilities { text_max: 4096, caption_max: 1024, buttons: None, ..narrow };
    assert_eq!(crate::spec::limits::check(&load(&fixtures()), "Avito", &wide), []);
}

#[test]
fn mistakes_of_scoring_are_found() {
    let rule = "rules:\n  - {id: a, fact: message, points: 80, why: пишет}\n";
    scoring(&format!("warm: {{from: 30, until: 40}}\n{rule}"), Code::P571, 1, 1);
    scoring(&format!("hot: {{from: 20}}\n{rule}"), Code::P571, 1, 1);
    // Hot still where a warm lead has cooled; warm for ever; warm for nobody; a bound that no score falls below.
    scoring(&format!("hot: {{from: 70, until: 20}}\n{rule}"), Code::P571, 1, 1);
    scoring(&format!("warm: {{from: 0}}\n{rule}"), Code::P571, 1, 1);
    scoring(&format!("range: 0..20\nwarm: {{from: 30}}\n{rule}"), Code::P571, 2, 1);
    scoring(&format!("range: 10..100\nwarm: {{from: 30, until: 5}}\n{rule}"), Code::P571, 2, 1);
    // Two caps each take of the sum.
    let four = "rules:\n  - {id: a, fact: message, points: 40, why: а}\n  - {id: b, fact: button, points: 40, why: б}\n  \
                - {id: c, fact: price.asked, points: 40, why: в}\n  - {id: d, fact: rating, points: 40, why: г}\n";
    scoring(
        &format!("{four}caps:\n  - {{rules: [a, b], max: 30}}\n  - {{rules: [c, d], max: 30}}\n"),
        Code::P572,
        1,
        1,
    );
    scoring("rules:\n  - {id: a, fact: message, points: 5, why: пишет}\n", Code::P572, 1, 1);
    scoring("rules:\n  - {id: a, fact: mesage, points: 5, why: пишет}\n", Code::P573, 2, 19);
    scoring(&format!("{rule}caps:\n  - {{rules: [b], max: 3}}\n"), Code::P574, 4, 14);
    scoring(&format!("{rule}  - {{id: b, fact: message, points: -5, why: пишет}}\n"), Code::P575, 3, 10);
    let said = "count(message) >= 3";
    let spaced = "count(message)>=3";
    let two = format!(
        "rules:\n  - {{id: a, when: {said}, points: 80, why: а}}\n  - {{id: b, when: {spaced}, points: -5, why: б}}\n"
    );
    scoring(&two, Code::P575, 3, 10);
    scoring("rules:\n  - {id: a, points: 5, why: пишет}\n", Code::Y110, 2, 6);
    scoring("rules:\n  - {id: a, fact: message, points: много, why: пишет}\n", Code::Y112, 2, 36);
}

#[test]
fn mistakes_of_the_other_files_are_found() {
    check("knowledge/a.md", "---\ntitel: А\n---\nТекст\n", Code::Y109, 2, 1);
    check("knowledge/a.md", "---\nproducts: [нет]\n---\nТекст\n", Code::K705, 2, 12);
    check("catalogue.csv", "id;name;price\n1;Торт;даром\n", Code::K703, 2, 8);
    check("catalogue.csv", "id;name;price\n1;;5\n", Code::K701, 2, 1);
    check(
        "training/a.yaml",
        "lessons:\n  - {id: a, title: А, text: Б, quiz: [{question: В, answers: {x: Г}, right: y}]}\n",
        Code::K706,
        2,
        77,
    );
    let sequence = "enter: {fact: message, again: 1d}\nsteps:\n  - {id: a, after: 3d, say: Да}\n";
    check("sequences/a.yaml", sequence, Code::S551, 1, 31);
    check("sequences/a.yaml", &format!("hours: 22:00-23:00\n{}", sequence.replace("1d", "9d")), Code::S552, 1, 8);
    let goal = format!("goal: flow.a.куплен\n{}", sequence.replace("1d", "9d"));
    check("sequences/a.yaml", &goal, Code::S554, 1, 7);
    check("sequences/a.yaml", &sequence.replace("message", "flow.a.бросил"), Code::P573, 1, 15);
    check("tests/a.yaml", "- test: А\n  talk:\n    - mee: Да\n", Code::Y109, 3, 7);
}

#[test]
fn every_mistake_of_every_file_is_said_at_once() {
    let mut files = minimal();
    files.insert("flows/a.yaml".into(), "steps:\n  - asc: А\n  - say: '{нет}'\n  - goto: нигде\n".into());
    files.insert("flows/b.yaml".into(), "steps: [\n".into());
    files.insert("scoring.yaml".into(), "rules: [{id: a, fact: нет, points: 1, why: б}]\n".into());
    let loaded = parse(&files);
    let codes: Vec<_> = loaded.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::Y109, Code::Y110, Code::X301, Code::F203, Code::Y199, Code::P573]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_file_makes_the_loader_panic(at in 0usize..12, cut in 0usize..6000, noise in "[ -~а-я\n{}:\\[\\]|>'\"#&*!-]{0,40}") {
        let mut files = fixtures();
        let path = files.keys().nth(at % files.len()).unwrap().clone();
        let mut text = String::from_utf8(files[&path].clone()).unwrap();
        let cut = text.floor_char_boundary(cut.min(text.len()));
        text.insert_str(cut, &noise);
        files.insert(path, text.into_bytes());
        parse(&files);
    }

    #[test]
    fn no_bytes_make_the_loader_panic(at in 0usize..12, bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,200}") {
        let mut files = fixtures();
        let path = files.keys().nth(at % files.len()).unwrap().clone();
        files.insert(path.clone(), bytes);
        parse(&files);
        files.insert(path, text.into_bytes());
        parse(&files);
    }
}

#[test]
fn an_alias_is_told_once_whatever_was_wanted_there() {
    for steps in ["  - say: *a", "  - say: Да\n    buttons: *a", "  - ask: *a\n    as: x\n    text: {}", "  - *a"] {
        let files = PartnerFiles::from([
            ("config.yaml".into(), "name: К\naccounts: {web: {}}\n".into()),
            ("flows/a.yaml".into(), format!("start: {{commands: [/a]}}\nsteps:\n{steps}\n").into_bytes()),
        ]);
        let found = PartnerSpec::parse(PartnerId::parse("k").unwrap(), &files).diagnostics;
        let codes: Vec<Code> = found.iter().map(|found| found.code).collect();
        assert_eq!(codes, [Code::Y106], "{steps}");
    }
}
