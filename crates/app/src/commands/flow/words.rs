//! What stands on a drawing, in the reader's words.

use std::borrow::Cow;

use voronka_core::{
    lang::print,
    spec::flow::{
        Start,
        chart::{Chart, Node, NodeKind, Why},
    },
};

use crate::texts::Texts;

/// Longest text of a box, in characters.
const CHARS_MAX: usize = 90;

/// A flow in words, to be drawn. No text has a line break.
pub(super) struct Drawn {
    pub(super) title: String,
    pub(super) boxes: Vec<Labelled>,
    pub(super) ways: Vec<Way>,
}

/// A box.
pub(super) struct Labelled {
    pub(super) kind: NodeKind,
    /// What it does, in a word.
    pub(super) head: String,
    pub(super) text: String,
    /// What else is to be known: what may be pressed, when it is skipped, which goal is reached.
    pub(super) notes: Vec<String>,
}

/// A way from a box to another.
pub(super) struct Way {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: Option<String>,
    /// Whether time or a mishap leads there, rather than the customer.
    pub(super) aside: bool,
}

impl Drawn {
    pub(super) fn of(chart: &Chart, id: &str, texts: &Texts) -> Self {
        let mut boxes: Vec<Labelled> = chart.nodes.iter().map(|node| labelled(node, &chart.start, texts)).collect();
        let mut ways = Vec::new();
        for edge in &chart.edges {
            let label = label(&edge.why, texts).map(|label| short(&label));
            if edge.from == edge.to {
                // A way that leads nowhere else is told in its box.
                boxes[edge.from].notes.push(format!("↻ {}", label.unwrap_or_default()));
                continue;
            }
            let aside = matches!(edge.why, Why::Silent(_) | Why::Failed | Why::Cancelled | Why::Changed);
            ways.push(Way { from: edge.from, to: edge.to, label, aside });
        }
        Self { title: short(&format!("{} ({id})", chart.title)), boxes, ways }
    }
}

fn labelled(node: &Node, start: &Start, texts: &Texts) -> Labelled {
    let text = if node.kind == NodeKind::Begin { starts(start, texts) } else { node.text.clone() };
    let pressed = (!node.choices.is_empty())
        .then(|| node.choices.iter().map(|choice| format!("[{}]", short(choice))).collect::<Vec<_>>().join(" "));
    let guard = node.guard.as_ref().map(|guard| said(texts, "flow-guard", &short(guard)));
    let goals = node.goal_of.iter().map(|title| said(texts, "flow-goal", &short(title)));
    Labelled {
        kind: node.kind,
        head: texts.get(&format!("flow-{}", name(node.kind)), &[]),
        text: short(&text),
        notes: pressed.into_iter().chain(guard).chain(goals).collect(),
    }
}

/// What starts a flow.
fn starts(start: &Start, texts: &Texts) -> String {
    let first = start.first_message.then(|| texts.get("flow-first-message", &[]));
    let words = start.words.iter().map(|word| said(texts, "flow-word", word));
    let links = start.links.iter().map(|link| said(texts, "flow-start-link", link));
    let all: Vec<String> = first.into_iter().chain(start.commands.iter().cloned()).chain(words).chain(links).collect();
    if all.is_empty() { texts.get("flow-called", &[]) } else { all.join(", ") }
}

/// As texts and style sheets call it.
pub(super) fn name(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Begin => "begin",
        NodeKind::Anywhere => "anywhere",
        NodeKind::Say => "say",
        NodeKind::Ask => "ask",
        NodeKind::Contact => "contact",
        NodeKind::Offer => "offer",
        NodeKind::Order => "order",
        NodeKind::Branch => "branch",
        NodeKind::Set => "set",
        NodeKind::Stage => "stage",
        NodeKind::Tag => "tag",
        NodeKind::Notify => "notify",
        NodeKind::Wait => "wait",
        NodeKind::Talk => "talk",
        NodeKind::Handoff => "handoff",
        NodeKind::Flow => "flow",
        NodeKind::Link => "link",
        NodeKind::Stop => "stop",
        NodeKind::End => "end",
    }
}

fn label(why: &Why, texts: &Texts) -> Option<String> {
    let plain = |key: &str| Some(texts.get(key, &[]));
    match why {
        Why::Next => None,
        Why::When(condition) => Some(said(texts, "flow-when", condition)),
        Why::Else => plain("flow-else"),
        Why::Button(label) => Some(format!("[{label}]")),
        Why::Returned => plain("flow-returned"),
        Why::Failed => plain("flow-failed"),
        Why::Refused => plain("flow-refused"),
        Why::Nothing => plain("flow-nothing"),
        Why::Silent(period) => Some(said(texts, "flow-silent", &print::period(*period, texts.lang()))),
        Why::Cancelled => plain("flow-cancelled"),
        Why::Changed => plain("flow-changed"),
    }
}

fn said(texts: &Texts, key: &str, what: &str) -> String {
    texts.get(key, &[("what", Cow::from(what))])
}

/// One line, without a wall of words and without signs that no drawing holds.
pub(in crate::commands) fn short(text: &str) -> String {
    let line = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = line.collect::<Vec<_>>().join(" ");
    if line.chars().count() <= CHARS_MAX {
        return line;
    }
    let cut: String = line.chars().take(CHARS_MAX).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{}…", whole.trim_end_matches([',', '.', ';', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_word() {
        let long = short(&"слово ".repeat(40));
        assert!(long.ends_with("слово…") && long.chars().count() <= CHARS_MAX + 1, "{long}");
        assert_eq!(short(" а\n  б\u{1} "), "а б");
    }
}
