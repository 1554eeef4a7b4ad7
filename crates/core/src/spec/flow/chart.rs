//! A flow as it is drawn: its steps, where each may lead and why.

use super::{Action, Ask, Flow, Kind, Silence, Silent, Start, Step, StepIx, Target, Text};
use crate::{
    lang::{Lang, print},
    spec::{expr::Expr, partner::PartnerSpec, value::Period},
};

/// A flow to be drawn, its texts in the partner's first language.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What the flow is called.
    pub title: String,
    /// What starts it.
    pub start: Start,
    /// The first is the beginning.
    pub nodes: Vec<Node>,
    /// Ways between them.
    pub edges: Vec<Edge>,
}

/// Something that is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// What it says or names.
    pub text: String,
    /// Answers that are offered as buttons.
    pub choices: Vec<String>,
    /// It is skipped where this does not hold.
    pub guard: Option<String>,
    /// Titles of the sequences whose goal is reached here.
    pub goal_of: Vec<String>,
}

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// Where a run begins.
    Begin,
    /// Wherever a run stands: what may happen at every step.
    Anywhere,
    /// Words.
    Say,
    /// A question.
    Ask,
    /// Contacts are asked for.
    Contact,
    /// Products are shown.
    Offer,
    /// An order is summed up.
    Order,
    /// Conditions decide.
    Branch,
    /// Slots are computed.
    Set,
    /// The lead comes to a stage.
    Stage,
    /// The customer is tagged.
    Tag,
    /// The team is told.
    Notify,
    /// Time passes.
    Wait,
    /// The model talks.
    Talk,
    /// A person takes over.
    Handoff,
    /// Another flow.
    Flow,
    /// A page.
    Link,
    /// No more letters.
    Stop,
    /// The run ends.
    End,
}

/// A way from a node to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Index of a node.
    pub from: usize,
    /// Index of a node.
    pub to: usize,
    /// When it is gone.
    pub why: Why,
}

/// When a way is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// What comes next.
    Next,
    /// While a condition holds, as the file has it.
    When(String),
    /// Otherwise.
    Else,
    /// A button of this label is pressed.
    Button(String),
    /// The flow that was called has ended.
    Returned,
    /// No answer fits, however often it is asked.
    Failed,
    /// The contact is refused.
    Refused,
    /// No product fits.
    Nothing,
    /// The customer is silent for so long.
    Silent(Period),
    /// The customer calls it off.
    Cancelled,
    /// The step at which somebody stood was edited away.
    Changed,
}

impl Chart {
    /// The chart of a partner's flow.
    pub fn of(spec: &PartnerSpec, flow: &Flow) -> Self {
        let chart = Self { title: flow.title.clone(), start: flow.start.clone(), nodes: Vec::new(), edges: Vec::new() };
        let lang = spec.config.languages.first().copied().unwrap_or_default();
        let mut drawing = Drawing { spec, flow, lang, chart, of_step: Vec::new(), outside_from: 0 };
        let begin = drawing.node(NodeKind::Begin, String::new());
        drawing.chart.nodes[begin].guard = flow.start.when.as_ref().map(source);
        let anywhere = drawing.node(NodeKind::Anywhere, String::new());
        for step in &flow.steps {
            let node = drawing.step(step);
            drawing.of_step.push(node);
        }
        drawing.outside_from = drawing.chart.nodes.len();
        drawing.go(begin, Some(StepIx(0)), Why::Next);
        for (to, why) in [(flow.on_cancel, Why::Cancelled), (flow.on_change, Why::Changed)] {
            if to.is_some() {
                drawing.go(anywhere, to, why);
            }
        }
        drawing.silences(anywhere, &flow.silence);
        for at in 0..flow.steps.len() {
            drawing.ways(at);
        }
        drawing.chart
    }
}

/// A chart under way.
struct Drawing<'a> {
    spec: &'a PartnerSpec,
    flow: &'a Flow,
    lang: Lang,
    chart: Chart,
    /// The node of each step; a `goto` without a condition has none: ways lead through it.
    of_step: Vec<Option<usize>>,
    /// The nodes from here on are no steps.
    outside_from: usize,
}

impl Drawing<'_> {
    fn node(&mut self, kind: NodeKind, text: String) -> usize {
        let goal_of = self.goals(kind, &text);
        self.chart.nodes.push(Node { kind, text, choices: Vec::new(), guard: None, goal_of });
        self.chart.nodes.len() - 1
    }

    /// The same node for the same thing outside the flow's steps.
    fn outside(&mut self, kind: NodeKind, text: &str) -> usize {
        let known =
            self.chart.nodes.iter().skip(self.outside_from).position(|node| node.kind == kind && node.text == text);
        match known {
            Some(at) => self.outside_from + at,
            None => self.node(kind, text.to_owned()),
        }
    }

    /// Titles of the sequences that are a success by what happens here.
    fn goals(&self, kind: NodeKind, text: &str) -> Vec<String> {
        let fact = match kind {
            NodeKind::Stage => format!("stage.{text}"),
            NodeKind::End => format!("flow.{}.{text}", self.flow.id),
            NodeKind::Contact => "contact.left".to_owned(),
            NodeKind::Order => "order.placed".to_owned(),
            NodeKind::Handoff => "handoff".to_owned(),
            _ => return Vec::new(),
        };
        let reached =
            self.spec.sequences.values().filter(|one| one.goal.as_ref().is_some_and(|goal| goal.name() == fact));
        reached.map(|sequence| sequence.title.clone()).collect()
    }

    fn said(&self, text: &Text) -> String {
        text.get(self.lang).source().trim().to_owned()
    }

    fn step(&mut self, step: &Step) -> Option<usize> {
        let mut choices = Vec::new();
        let (kind, text) = match &step.action {
            Action::Say(say) => (NodeKind::Say, self.said(&say.text)),
            Action::Ask(ask) => {
                choices = self.choices(ask);
                (NodeKind::Ask, self.said(&ask.text))
            }
            Action::Contact(contact) => (NodeKind::Contact, self.said(&contact.text)),
            Action::Offer(offer) => (NodeKind::Offer, self.said(&offer.text)),
            Action::Order(order) => (NodeKind::Order, self.said(&order.text)),
            Action::Goto(_) if step.when.is_none() => return None,
            Action::Branch(_) | Action::Goto(_) => (NodeKind::Branch, String::new()),
            Action::Call(call) => (NodeKind::Flow, call.flow.to_string()),
            Action::Set(set) => {
                let set = set.iter().map(|(to, expr)| format!("{} = {}", to.name(), expr.source()));
                (NodeKind::Set, set.collect::<Vec<_>>().join(", "))
            }
            Action::Stage(stage) => (NodeKind::Stage, stage.to_string()),
            Action::Tag(tag) => (NodeKind::Tag, tag.to_string()),
            Action::Notify(text) => (NodeKind::Notify, self.said(text)),
            Action::Wait(period) => (NodeKind::Wait, print::period(*period, self.lang)),
            Action::Talk(talk) => (NodeKind::Talk, self.said(&talk.topic)),
            Action::Handoff(handoff) => (NodeKind::Handoff, self.said(&handoff.text)),
            Action::End(outcome) => (NodeKind::End, outcome.to_string()),
        };
        let node = self.node(kind, text);
        // The condition of a `goto` stands at its ways.
        let guard = step.when.as_ref().filter(|_| !matches!(step.action, Action::Goto(_))).map(source);
        let drawn = &mut self.chart.nodes[node];
        (drawn.choices, drawn.guard) = (choices, guard);
        Some(node)
    }

    /// What a question offers to press.
    fn choices(&self, ask: &Ask) -> Vec<String> {
        let options = match &ask.kind {
            Kind::Choice(options) | Kind::Choices(options) => options.as_slice(),
            _ => &[],
        };
        let options = options.iter().map(|option| option.label.get(self.lang).clone());
        let texts = ask.examples.iter().chain(&ask.skip).map(|text| self.said(text));
        options.chain(texts).collect()
    }

    /// A way to a step, through whatever only leads on; to no step: to the end.
    fn go(&mut self, from: usize, to: Option<StepIx>, why: Why) {
        let mut to = to;
        for _ in 0..self.flow.steps.len() {
            match to.map(|to| (self.of_step[to.0], &self.flow.step(to).action)) {
                Some((None, Action::Goto(on))) => to = Some(*on),
                _ => break,
            }
        }
        let to = match to.and_then(|to| self.of_step[to.0]) {
            Some(node) => node,
            None => self.outside(NodeKind::End, "done"),
        };
        self.edge(from, to, why);
    }

    fn edge(&mut self, from: usize, to: usize, why: Why) {
        let edge = Edge { from, to, why };
        if !self.chart.edges.contains(&edge) {
            self.chart.edges.push(edge);
        }
    }

    fn silences(&mut self, from: usize, silences: &[Silence]) {
        for silence in silences {
            let why = Why::Silent(silence.after);
            match &silence.then {
                Silent::Goto(to) => self.go(from, Some(*to), why),
                Silent::Say(text) => {
                    let node = self.node(NodeKind::Say, self.said(text));
                    self.edge(from, node, why);
                }
                Silent::End(outcome) => self.go_outside(from, NodeKind::End, outcome, why),
            }
        }
    }

    /// All ways out of a step.
    fn ways(&mut self, at: usize) {
        let flow = self.flow;
        let step = &flow.steps[at];
        let Some(from) = self.of_step[at] else { return };
        match &step.action {
            Action::Goto(to) => {
                let when = step.when.as_ref().map_or_else(String::new, source);
                self.go(from, Some(*to), Why::When(when));
                self.go(from, step.next, Why::Else);
            }
            Action::Branch(arms) => {
                for arm in arms {
                    let why = arm.when.as_ref().map_or(Why::Else, |when| Why::When(source(when)));
                    self.go(from, arm.to.or(step.next), why);
                }
                if arms.last().is_none_or(|arm| arm.when.is_some()) {
                    self.go(from, step.next, Why::Else);
                }
            }
            // Whoever has handed over goes on to what follows, if anything does.
            Action::Handoff(_) if step.next.is_some() => self.go(from, step.next, Why::Next),
            Action::End(_) | Action::Handoff(_) => {
                if step.when.is_some() {
                    self.go(from, step.next, Why::Else);
                }
            }
            Action::Call(_) => self.go(from, step.next, Why::Returned),
            action => {
                self.asides(from, action);
                self.go(from, step.next, Why::Next);
            }
        }
    }

    /// Ways out of a step besides the one to the next.
    fn asides(&mut self, from: usize, action: &Action) {
        match action {
            Action::Say(say) => {
                for button in &say.buttons {
                    let label = Why::Button(self.said(&button.label));
                    match &button.target {
                        Target::Step(to) => self.go(from, Some(*to), label),
                        Target::Flow(flow) => self.go_outside(from, NodeKind::Flow, flow.as_str(), label),
                        Target::Link(link) => self.go_outside(from, NodeKind::Link, link, label),
                        Target::Stop => self.go_outside(from, NodeKind::Stop, "", label),
                        Target::Human => self.go_outside(from, NodeKind::Handoff, "", label),
                        Target::Cart => self.go_outside(from, NodeKind::Order, "", label),
                    }
                }
            }
            Action::Ask(ask) => {
                if ask.otherwise.is_some() {
                    self.go(from, ask.otherwise, Why::Failed);
                }
                self.silences(from, &ask.silence);
            }
            Action::Contact(contact) if contact.refused.is_some() => self.go(from, contact.refused, Why::Refused),
            Action::Offer(offer) if offer.nothing.is_some() => self.go(from, offer.nothing, Why::Nothing),
            _ => {}
        }
    }

    fn go_outside(&mut self, from: usize, kind: NodeKind, text: &str, why: Why) {
        let to = self.outside(kind, text);
        self.edge(from, to, why);
    }
}

fn source(when: &Expr) -> String {
    when.source().trim().to_owned()
}
