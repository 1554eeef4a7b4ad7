//! What of a flow a run rests on, texts left out: its hash, and the slots that each step reads.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use sha2::{Digest as _, Sha256};

use super::{Action, Ask, Choice, ContactKind, Flow, Kind, Moments, Silence, Silent, Step, StepIx, Target, Text};
use crate::spec::expr::Expr;

/// Hash of the structure: edits of texts leave it as it is.
pub(super) fn hash(flow: &Flow) -> Arc<str> {
    let mut shape = String::new();
    for step in &flow.steps {
        // Writing into a String cannot fail.
        let _ =
            writeln!(shape, "{}|{}|{}|{}", step.id, source(step.when.as_ref()), index(step.next), action(&step.action));
    }
    hex::encode(&Sha256::digest(shape.as_bytes())[..16]).into()
}

fn source(expr: Option<&Expr>) -> &str {
    expr.map_or("", Expr::source)
}

fn index(step: Option<StepIx>) -> String {
    step.map_or_else(|| "-".to_owned(), |step| step.0.to_string())
}

fn action(action: &Action) -> String {
    match action {
        Action::Say(say) => {
            let targets: Vec<_> = say.buttons.iter().map(|button| target(&button.target)).collect();
            format!("say {}", targets.join(","))
        }
        Action::Ask(ask) => {
            format!("ask {} {} {} {}", ask.slot, kind(&ask.kind), index(ask.otherwise), ask.skip.is_some())
        }
        Action::Contact(contact) => {
            format!("contact {:?} {:?} {}", contact.need, contact.optional, index(contact.refused))
        }
        Action::Offer(offer) => format!(
            "offer {} {} {} {} {}",
            offer.slot,
            source(offer.filter.as_ref()),
            source(offer.sort.as_ref()),
            offer.top,
            index(offer.nothing)
        ),
        Action::Order(order) => {
            let items: Vec<_> = order
                .items
                .iter()
                .map(|item| format!("{}×{}", item.product.source(), item.quantity.source()))
                .collect();
            format!("order {} {}", items.join(","), source(order.due.as_ref()))
        }
        Action::Branch(arms) => {
            let arms: Vec<_> =
                arms.iter().map(|arm| format!("{}→{}", source(arm.when.as_ref()), index(arm.to))).collect();
            format!("branch {}", arms.join(","))
        }
        Action::Goto(to) => format!("goto {}", to.0),
        Action::Call(call) => {
            let with: Vec<_> = call.with.iter().map(|(slot, expr)| format!("{slot}={}", expr.source())).collect();
            format!("call {} {} {:?}", call.flow, with.join(","), call.take)
        }
        Action::Set(set) => {
            let set: Vec<_> = set.iter().map(|(to, expr)| format!("{}={}", to.name(), expr.source())).collect();
            format!("set {}", set.join(","))
        }
        Action::Stage(stage) => format!("stage {stage}"),
        Action::Tag(tag) => format!("tag {tag}"),
        Action::Notify(_) => "notify".to_owned(),
        Action::Wait(period) => format!("wait {} {}", period.days, period.minutes),
        Action::Talk(talk) => format!("talk {} {}", source(talk.until.as_ref()), talk.max),
        Action::Handoff(_) => "handoff".to_owned(),
        Action::End(outcome) => format!("end {outcome}"),
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::Step(step) => step.0.to_string(),
        Target::Flow(flow) => format!("flow {flow}"),
        Target::Link(link) => format!("link {link}"),
        Target::Stop => "stop".to_owned(),
        Target::Human => "human".to_owned(),
        Target::Cart => "cart".to_owned(),
    }
}

fn kind(kind: &Kind) -> String {
    let ids = |options: &[Choice]| options.iter().map(|option| &*option.id).collect::<Vec<_>>().join(",");
    let moments = |name: &str, bounds: &Moments| {
        format!("{name} {} {} {}", source(bounds.from.as_ref()), source(bounds.to.as_ref()), bounds.only_open)
    };
    match kind {
        Kind::Text { min, max, .. } => format!("text {} {}", source(min.as_ref()), source(max.as_ref())),
        Kind::Number { min, max, whole, .. } => {
            format!("number {} {} {whole}", source(min.as_ref()), source(max.as_ref()))
        }
        Kind::Money { min, max } => format!("money {} {}", source(min.as_ref()), source(max.as_ref())),
        Kind::Choice(options) => format!("choice {}", ids(options)),
        Kind::Choices(options) => format!("choices {}", ids(options)),
        Kind::Date(bounds) => moments("date", bounds),
        Kind::Time(bounds) => moments("time", bounds),
        Kind::DateTime(bounds) => moments("datetime", bounds),
        Kind::Phone => "phone".to_owned(),
        Kind::Email => "email".to_owned(),
        Kind::Location => "location".to_owned(),
        Kind::Photo => "photo".to_owned(),
        Kind::YesNo => "yes_no".to_owned(),
    }
}

/// Own slots that a step reads, each once.
pub(super) fn reads(step: &Step) -> Vec<Arc<str>> {
    let mut seen = Seen::default();
    seen.exprs(step.when.as_ref());
    match &step.action {
        Action::Say(say) => {
            seen.text(&say.text);
            say.buttons.iter().for_each(|button| seen.text(&button.label));
        }
        Action::Ask(ask) => seen.ask(ask),
        Action::Contact(contact) => seen.text(&contact.text),
        Action::Offer(offer) => {
            seen.text(&offer.text);
            seen.exprs(offer.filter.iter().chain(&offer.sort));
        }
        Action::Order(order) => {
            seen.texts([Some(&order.text), order.note.as_ref()]);
            seen.exprs(order.items.iter().flat_map(|item| [&item.product, &item.quantity]).chain(&order.due));
        }
        Action::Branch(arms) => seen.exprs(arms.iter().filter_map(|arm| arm.when.as_ref())),
        Action::Call(call) => seen.exprs(call.with.iter().map(|(_, expr)| expr)),
        Action::Set(set) => seen.exprs(set.iter().map(|(_, expr)| expr)),
        Action::Notify(text) => seen.text(text),
        Action::Talk(talk) => {
            seen.text(&talk.topic);
            seen.exprs(&talk.until);
        }
        Action::Handoff(handoff) => seen.texts([Some(&handoff.text), handoff.note.as_ref()]),
        Action::Goto(_) | Action::Stage(_) | Action::Tag(_) | Action::Wait(_) | Action::End(_) => {}
    }
    seen.names.into_iter().map(Arc::from).collect()
}

#[derive(Default)]
struct Seen {
    names: BTreeSet<String>,
}

impl Seen {
    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        for expr in exprs {
            self.names.extend(expr.slots_read().into_iter().map(str::to_owned));
        }
    }

    fn text(&mut self, text: &Text) {
        for (_, template) in text.iter() {
            self.names.extend(template.slots_read().into_iter().map(str::to_owned));
        }
    }

    fn texts<'t>(&mut self, texts: impl IntoIterator<Item = Option<&'t Text>>) {
        texts.into_iter().flatten().for_each(|text| self.text(text));
    }

    fn silence(&mut self, entries: &[Silence]) {
        for entry in entries {
            if let Silent::Say(text) = &entry.then {
                self.text(text);
            }
        }
    }

    fn ask(&mut self, ask: &Ask) {
        self.texts([Some(&ask.text), ask.error.as_ref(), ask.skip.as_ref(), ask.again.as_ref()]);
        ask.examples.iter().for_each(|text| self.text(text));
        self.silence(&ask.silence);
        match &ask.kind {
            Kind::Text { min, max, .. } | Kind::Number { min, max, .. } | Kind::Money { min, max } => {
                self.exprs(min.iter().chain(max));
            }
            Kind::Date(bounds) | Kind::Time(bounds) | Kind::DateTime(bounds) => {
                self.exprs(bounds.from.iter().chain(&bounds.to));
            }
            Kind::Choice(_)
            | Kind::Choices(_)
            | Kind::Phone
            | Kind::Email
            | Kind::Location
            | Kind::Photo
            | Kind::YesNo => {}
        }
    }
}

impl ContactKind {
    /// The name under which expressions read it.
    pub fn path(self) -> &'static str {
        match self {
            Self::Phone => "customer.phone",
            Self::Email => "customer.email",
            Self::Name => "customer.name",
        }
    }
}
