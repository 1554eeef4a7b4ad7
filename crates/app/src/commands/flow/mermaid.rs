//! A drawing as Mermaid's text, for wikis and pages that draw it themselves.

use std::fmt::Write;

use voronka_core::spec::flow::chart::NodeKind;

use super::words::{Drawn, Labelled};

/// One chart: each flow a frame in it.
pub(super) fn text(all: &[Drawn]) -> String {
    let mut text = String::from("flowchart TD\n");
    // Writing to a String does not fail.
    for (nth, drawn) in all.iter().enumerate() {
        let _ = writeln!(text, "  subgraph f{nth}[\"{}\"]\n    direction TB", escaped(&drawn.title));
        for (at, one) in drawn.boxes.iter().enumerate() {
            let _ = writeln!(text, "    f{nth}n{at}{}", shape(one));
        }
        for way in &drawn.ways {
            let arrow = if way.aside { "-.->" } else { "-->" };
            let label = way.label.as_ref().map_or_else(String::new, |label| format!("|\"{}\"|", escaped(label)));
            let _ = writeln!(text, "    f{nth}n{} {arrow}{label} f{nth}n{}", way.from, way.to);
        }
        text.push_str("  end\n");
    }
    text
}

fn shape(one: &Labelled) -> String {
    let words = if one.text.is_empty() { one.head.clone() } else { format!("{}: {}", one.head, one.text) };
    let lines: Vec<String> = std::iter::once(&words).chain(&one.notes).map(|line| escaped(line)).collect();
    let (open, close) = match one.kind {
        NodeKind::Begin | NodeKind::Anywhere | NodeKind::End | NodeKind::Stop => ("([", "])"),
        NodeKind::Branch => ("{", "}"),
        NodeKind::Ask | NodeKind::Contact | NodeKind::Offer | NodeKind::Order => ("[/", "/]"),
        NodeKind::Flow => ("[[", "]]"),
        _ => ("[", "]"),
    };
    format!("{open}\"{}\"{close}", lines.join("<br/>"))
}

/// As text in quotes; Mermaid reads entities there, and neither tags nor its own signs.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if c.is_alphanumeric() || " .,:!?()[]+-=/'—–«»„“”’…↻₽".contains(c) {
            escaped.push(c);
        } else {
            // Writing to a String does not fail.
            let _ = write!(escaped, "#{};", u32::from(c));
        }
        escaped
    })
}
