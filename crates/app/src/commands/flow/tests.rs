use std::path::PathBuf;

use quick_xml::{Reader, events::Event};
use voronka_core::{ids::PartnerId, spec::partner::PartnerFiles};

use super::*;

const CONFIG: &str = "name: Лавка\naccounts: {web: {}}\nlinks: {сайт: 'https://lavka.example/'}\nstages: [new, ready]\ncontact: {consent: texts/consent.md, version: 2026-11-01}\n";

fn example(partner: &str) -> PartnerSpec {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../partners").join(partner);
    spec_by(partner, &folder, None, &Texts::english()).unwrap_or_else(|problem| panic!("{problem:?}"))
}

fn made(files: &[(&str, &str)]) -> PartnerSpec {
    let files: PartnerFiles = files
        .iter()
        .chain(&[("config.yaml", CONFIG), ("texts/consent.md", "Согласен.\n")])
        .map(|(name, text)| ((*name).into(), (*text).into()))
        .collect();
    let read = PartnerSpec::parse(PartnerId::parse("lavka").unwrap(), &files);
    read.spec.unwrap_or_else(|| panic!("{:?}", read.diagnostics))
}

fn all(spec: &PartnerSpec, texts: &Texts) -> Vec<Drawn> {
    spec.flows.values().map(|flow| drawn(spec, flow, texts)).collect()
}

fn one(spec: &PartnerSpec, flow: &str, texts: &Texts) -> Drawn {
    drawn(spec, &spec.flows[&FlowId::parse(flow).unwrap()], texts)
}

/// The texts of a picture, which must be well-formed and hold nothing but shapes and texts.
fn texts_of(svg: &str) -> String {
    let mut reader = Reader::from_str(svg);
    let mut texts = String::new();
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {svg}")) {
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.name();
                let known = ["svg", "style", "g", "rect", "path", "text"];
                assert!(known.contains(&name.as_ref()), "{name:?}");
                assert!(tag.attributes().all(|attribute| attribute.is_ok()), "{name:?}");
            }
            Event::Text(text) => texts.push_str(&text),
            Event::GeneralRef(entity) => {
                texts.push_str(quick_xml::escape::resolve_predefined_entity(&entity).unwrap());
            }
            Event::Eof => return texts,
            _ => {}
        }
    }
}

/// Every line is of a known form, and no text ends its quotes.
fn assert_is_mermaid(text: &str) {
    for line in text.lines() {
        let quotes = line.matches('"').count();
        assert!(quotes == 0 || quotes == 2, "{line}");
        let (outside, inside) = match line.split('"').collect::<Vec<_>>()[..] {
            [before, inside, after] => (format!("{before}\"\"{after}"), inside),
            _ => (line.to_owned(), ""),
        };
        let inside = inside.replace("<br/>", " ");
        assert!(!inside.contains(['<', '>', '&', '`', '|', '\\']), "{line}");
        let outside = outside.trim();
        let known = outside.starts_with("flowchart ")
            || outside.starts_with("subgraph f")
            || ["end", "direction TB"].contains(&outside)
            || outside.starts_with('f') && outside.len() < 40 && !outside.contains(';');
        assert!(known, "{line}");
    }
}

#[test]
fn every_flow_of_every_example_is_drawn_whole_in_both_forms() {
    for partner in ["korica", "zhiva", "en-bakery"] {
        let spec = example(partner);
        for texts in [Texts::russian(), Texts::english()] {
            for one in all(&spec, &texts) {
                let shown = [one];
                let (mermaid, svg) = (mermaid::text(&shown), svg::text(&shown));
                let [one] = &shown;
                assert!(one.boxes.len() > 3 && one.ways.len() >= one.boxes.len() - 2, "{}", one.title);
                assert_is_mermaid(&mermaid);
                let words = texts_of(&svg);
                assert!(!mermaid.contains("flow-") && !words.contains("flow-"), "{mermaid}");
                assert_eq!(svg.matches("class=\"box\"").count(), one.boxes.len());
            }
        }
    }
}

#[test]
fn flows_of_the_examples_as_mermaid() {
    for (partner, texts) in [("korica", Texts::russian()), ("zhiva", Texts::russian()), ("en-bakery", Texts::english())]
    {
        insta::assert_snapshot!(partner, mermaid::text(&all(&example(partner), &texts)));
    }
}

const ALL_WAYS: &str = "title: Подбор
about: проба
start: {commands: [/a], words: [подбор], when: lead.score > 5}
silence: [{after: 2h, say: Вы тут?}, {after: 20h, end: бросил}]
on_cancel: прощание
steps:
  - ask: Сколько?
    as: сколько
    number: {min: 1}
    skip: Не знаю
    otherwise: помочь
    silence: [{after: 1h, goto: помочь}]
  - {goto: много, when: сколько >= 10}
  - say: Выбирайте
    when: has(сколько)
    buttons: {Помочь: помочь, Человек: human, Сайт: link сайт, Другой: flow b, Хватит: stop, Корзина: cart}
  - branch:
      - {when: сколько = 1, goto: много}
      - steps: [{stage: ready}]
  - {end: готово}
parts:
  много:
    - {call: b}
    - contact: Оставьте телефон
      need: [phone]
      refused: помочь
    - {end: много}
  помочь:
    - {handoff: Зову человека}
  прощание:
    - {end: отказ}
";

fn with_all_ways() -> PartnerSpec {
    made(&[
        ("flows/a.yaml", ALL_WAYS),
        ("flows/b.yaml", "title: Б\nabout: б\nsteps:\n  - {say: Б}\n"),
        (
            "sequences/ждём.yaml",
            "title: Ждём\nenter: {fact: message}\ngoal: flow.a.много\nsteps:\n  - {id: первое, after: 1d, say: Как вы?}\n",
        ),
    ])
}

#[test]
fn every_kind_of_way_is_drawn() {
    let drawn = one(&with_all_ways(), "a", &Texts::english());
    let labels: Vec<&str> = drawn.ways.iter().filter_map(|way| way.label.as_deref()).collect();
    for label in [
        "if сколько >= 10",
        "if сколько = 1",
        "else",
        "[Помочь]",
        "[Человек]",
        "[Сайт]",
        "[Другой]",
        "[Хватит]",
        "[Корзина]",
        "when it has ended",
        "answer not understood",
        "refused",
        "silent for 1 hour",
        "silent for 2 hours",
        "silent for 20 hours",
        "called off",
    ] {
        assert!(labels.contains(&label), "{label}: {labels:?}");
    }
    let notes: Vec<&str> = drawn.boxes.iter().flat_map(|one| &one.notes).map(String::as_str).collect();
    for note in ["only if lead.score > 5", "only if has(сколько)", "[Не знаю]", "goal of “Ждём”"] {
        assert!(notes.contains(&note), "{note}: {notes:?}");
    }
    assert_eq!(drawn.boxes[0].text, "/a, “подбор”");
}

#[test]
fn a_flow_with_every_kind_of_way_as_svg() {
    insta::assert_snapshot!(svg::text(&[one(&with_all_ways(), "a", &Texts::russian())]));
}

#[test]
fn texts_of_a_flow_cannot_leave_their_box() {
    let hostile = "title: \"Проба \\\"]-->x; <script>alert(1)</script>\"\nabout: проба\nsteps:\n  \
                   - say: \"end \\\"] --> x; <script>alert('1')</script> `{{a}}` #quot; &amp;\\nsubgraph x\\n%% no\"\n    \
                   buttons: {'\"| x -->|<b>': дальше}\n  - {id: дальше, handoff: 'so \"]'}\n";
    let spec = made(&[("flows/a.yaml", hostile)]);
    let drawn = all(&spec, &Texts::english());
    let mermaid = mermaid::text(&drawn);
    assert_is_mermaid(&mermaid);
    insta::assert_snapshot!("hostile", mermaid);
    let words = texts_of(&svg::text(&drawn));
    assert!(words.contains("<script>alert(1)</script>") && words.contains("\"]-->x;"), "{words}");
}

#[test]
fn a_flow_that_is_not_there_is_told_with_those_that_are() {
    let spec = with_all_ways();
    let wish = |flow: Option<&str>| ShowFlow {
        partner: "lavka".to_owned(),
        flow: flow.map(str::to_owned),
        format: FlowForm::Mermaid,
        out: None,
    };
    assert_eq!(wanted(&spec, &wish(None)).unwrap().len(), 2);
    assert_eq!(wanted(&spec, &wish(Some("b"))).unwrap()[0].title, "Б");
    for unknown in ["нет", "../a", ""] {
        let problem = format!("{:?}", wanted(&spec, &wish(Some(unknown))).unwrap_err());
        assert!(problem.contains("flow-unknown") && problem.contains("a, b"), "{problem}");
    }
}
