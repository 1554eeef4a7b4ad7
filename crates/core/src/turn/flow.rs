//! The flow interpreter: walks a run from step to step until one waits for the customer, or the flow ends.

mod ask;
mod silence;

use std::{collections::BTreeMap, sync::Arc};

use super::{
    playbook,
    state::{Owner, Run},
    token::{self, Token},
    work::Work,
};
use crate::{
    fact::Fact,
    ids::FlowId,
    message::{Button, Press, Timer},
    spec::{
        flow::{Action, Flow, Say, Step, StepId, StepIx, Target},
        texts::Phrase,
        value::{Period, Value},
    },
};

/// Most steps walked in one turn, and most visits of one step in one run: beyond them a person takes over.
const STEPS_MAX: u32 = 100;
const VISITS_MAX: u16 = 20;
/// Most flows that wait under the one that is open.
const DEPTH_MAX: usize = 5;

/// How a step is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// From the step above: what is filled is passed.
    InOrder,
    /// By a jump: asks again.
    ByJump,
}

/// Where a step leads.
pub(super) enum Next {
    To(Option<StepIx>),
    Jump(StepIx),
    Wait,
    Call(Box<Run>),
    End(Arc<str>),
}

impl Work {
    /// Starts a flow, on top of the one that is open, or takes it up again where it was cut short not long ago.
    pub(super) fn start_flow(&mut self, flow: &Arc<Flow>) {
        let (run, silent) = self.begin_run(flow);
        self.walk(run, Some(StepIx(0)), Arrival::InOrder, &silent);
    }

    /// A run of the flow that has not walked yet, and the steps that the customer has heard already.
    pub(super) fn begin_run(&mut self, flow: &Arc<Flow>) -> (Run, Vec<StepId>) {
        self.interrupt(&flow.id);
        let mut run = self.new_run(flow);
        let mut heard = Vec::new();
        let fits = |old: &Run| old.flow == flow.id;
        if let Some(old) = self.snap.state.shelved.take_if(|old| fits(old)) {
            let until = old.at.to_zoned(self.book.spec.config.zone.clone());
            let span = jiff::Span::new().days(flow.resume.days).minutes(flow.resume.minutes);
            if until.checked_add(span).is_ok_and(|until| until.timestamp() >= self.now) {
                run.slots = old.slots;
                run.skipped = old.skipped;
                heard = old.passed;
            }
        }
        self.fact(Fact::FlowStarted { flow: flow.id.to_string() });
        self.draw_variants(flow);
        (run, heard)
    }

    fn new_run(&mut self, flow: &Arc<Flow>) -> Run {
        self.snap.state.runs += 1;
        Run {
            number: self.snap.state.runs,
            flow: flow.id.clone(),
            step: flow.steps.first().map_or_else(|| StepId("".into()), |step| step.id.clone()),
            structure: flow.structure.to_string(),
            slots: BTreeMap::new(),
            skipped: Vec::new(),
            passed: Vec::new(),
            tries: 0,
            talked: 0,
            visits: BTreeMap::new(),
            silences: 0,
            consented: false,
            offered: Vec::new(),
            order: None,
            takes: None,
            at: self.now,
        }
    }

    /// Puts the open run aside. Three wait at most: the oldest beyond ends as interrupted.
    fn interrupt(&mut self, by: &FlowId) {
        let Some(open) = self.snap.state.run.take() else { return };
        if open.flow == *by {
            // Begun again from the start: the old run of the same flow is over.
            return self.finish_run(&open, "interrupted");
        }
        self.snap.state.stack.push(open);
        let interrupted = |run: &&Run| run.takes.is_none();
        if self.snap.state.stack.iter().filter(interrupted).count() > 3 {
            let oldest = self.snap.state.stack.remove(0);
            self.finish_run(&oldest, "interrupted");
        }
    }

    /// Draws a variant of each experiment once per customer: by hash, so that it needs no chance and moves nobody later.
    fn draw_variants(&mut self, flow: &Flow) {
        for (name, options) in &flow.variants {
            if self.snap.customer.more.variants.contains_key(&**name) {
                continue;
            }
            let sum: u32 = options.iter().map(|(_, weight)| weight).sum();
            let customer = self.snap.customer.id.map(|id| id.to_string()).unwrap_or_default();
            let mut drawn = token::hash(&format!("{customer}/{name}")) % sum.max(1);
            let value = options.iter().find(|(_, weight)| {
                let here = drawn < *weight;
                drawn = drawn.saturating_sub(*weight);
                here
            });
            if let Some((value, _)) = value {
                self.snap.customer.more.variants.insert(name.to_string(), value.to_string());
                self.fact(Fact::Variant { name: name.to_string(), value: value.to_string() });
            }
        }
    }

    /// Walks until a step waits or the flow ends. `silent`: steps whose words the customer has heard.
    pub(super) fn walk(&mut self, mut run: Run, from: Option<StepIx>, mut arrival: Arrival, silent: &[StepId]) {
        let Some(mut flow) = self.book.flow(&run.flow).cloned() else { return self.end_run(run, "gone") };
        let mut at = from;
        loop {
            let Some(index) = at else { return self.end_run(run, "done") };
            let step = flow.step(index);
            if step.when.as_ref().is_some_and(|when| !self.is_true(&run, when)) {
                at = step.next;
                continue;
            }
            if self.counts_too_much(&mut run, &step.id) {
                return self.give_up_loop(&run);
            }
            let heard = silent.contains(&step.id);
            let next = self.perform(&flow, index, &mut run, arrival, heard);
            if !run.passed.contains(&step.id) {
                run.passed.push(step.id.clone());
            }
            arrival = Arrival::InOrder;
            match next {
                Next::To(next) => at = next,
                Next::Jump(target) => (at, arrival) = (Some(target), Arrival::ByJump),
                Next::Wait => {
                    run.step = step.id.clone();
                    run.structure = flow.structure.to_string();
                    run.at = self.now;
                    run.silences = 0;
                    self.snap.state.run = Some(run);
                    return;
                }
                Next::End(outcome) => return self.end_run(run, &outcome),
                Next::Call(called) => {
                    let Some(other) = self.book.flow(&called.flow).cloned() else { return self.end_run(run, "gone") };
                    run.step = step.id.clone();
                    self.snap.state.stack.push(run);
                    (run, flow, at) = (*called, other, Some(StepIx(0)));
                }
            }
        }
    }

    fn counts_too_much(&mut self, run: &mut Run, step: &StepId) -> bool {
        self.steps_walked += 1;
        let visits = run.visits.entry(step.clone()).or_default();
        *visits += 1;
        self.steps_walked > STEPS_MAX || *visits > VISITS_MAX || self.snap.state.stack.len() > DEPTH_MAX + 3
    }

    fn give_up_loop(&mut self, run: &Run) {
        self.note("handoff", format!("Сценарий «{}» зациклился на шаге «{}»", run.flow, run.step));
        self.finish_run(run, "loop");
        self.snap.state.stack.clear();
        self.hand_off("loop", None);
    }

    fn perform(&mut self, flow: &Arc<Flow>, at: StepIx, run: &mut Run, arrival: Arrival, heard: bool) -> Next {
        let step = flow.step(at);
        match &step.action {
            Action::Say(say) => {
                if !heard || arrival == Arrival::ByJump {
                    self.say(run, step, say);
                }
                Next::To(step.next)
            }
            Action::Ask(ask) => self.arrive_at_ask(flow, step, ask, run, arrival),
            Action::Contact(contact) => self.arrive_at_contact(step, contact, run, arrival),
            Action::Offer(offer) => self.arrive_at_offer(step, offer, run, arrival),
            Action::Order(order) => self.arrive_at_order(step, order, run),
            Action::Branch(arms) => {
                let open = |arm: &&crate::spec::flow::Arm| arm.when.as_ref().is_none_or(|when| self.is_true(run, when));
                match arms.iter().find(open) {
                    // Nested steps lie right behind the branch; anything else is a goto.
                    Some(arm) if arm.to.is_some_and(|to| flow.step(to).id.0.starts_with(&*step.id.0)) => {
                        Next::To(arm.to)
                    }
                    Some(arm) => arm.to.map_or(Next::To(step.next), Next::Jump),
                    None => Next::To(step.next),
                }
            }
            Action::Goto(target) => Next::Jump(*target),
            Action::Call(call) => self.call(call, run),
            Action::Set(values) => {
                for (slot, expr) in values {
                    let value = expr.eval(&self.scope_of(run));
                    self.fill(run, slot, value);
                }
                Next::To(step.next)
            }
            Action::Stage(stage) => {
                self.move_to_stage(stage);
                Next::To(step.next)
            }
            Action::Tag(tag) => {
                self.tag(tag);
                Next::To(step.next)
            }
            Action::Notify(text) => {
                let text = self.text(run, text).text;
                self.note("notify", text);
                Next::To(step.next)
            }
            Action::Wait(period) => self.arrive_at_wait(*period),
            Action::Talk(_) => {
                run.talked = 0;
                Next::Wait
            }
            Action::Handoff(handoff) => {
                let text = self.text(run, &handoff.text);
                let note = handoff.note.as_ref().map(|note| self.text(run, note).text);
                self.reply.say(&text);
                if let Some(note) = note {
                    self.note("handoff", note);
                }
                self.hand_off("step", Some(()));
                step.next.map_or_else(|| Next::End("handoff".into()), |next| Next::To(Some(next)))
            }
            Action::End(outcome) => Next::End(Arc::clone(outcome)),
        }
    }

    fn arrive_at_wait(&mut self, period: Period) -> Next {
        let due = self.after(period);
        self.set_timer(due, Timer::Wait);
        Next::Wait
    }

    fn call(&mut self, call: &crate::spec::flow::Call, run: &Run) -> Next {
        let Some(flow) = self.book.flow(&call.flow).cloned() else { return Next::End("gone".into()) };
        let with: Vec<_> = call.with.iter().map(|(slot, expr)| (slot, expr.eval(&self.scope_of(run)))).collect();
        let mut called = self.new_run(&flow);
        for (slot, value) in with {
            self.fill(&mut called, slot, value);
        }
        called.takes = Some(call.take.iter().map(|(own, its)| (own.to_string(), its.to_string())).collect());
        self.fact(Fact::FlowStarted { flow: flow.id.to_string() });
        self.draw_variants(&flow);
        Next::Call(Box::new(called))
    }

    fn say(&mut self, run: &Run, step: &Step, say: &Say) {
        if let Some(photo) = &say.photo {
            self.reply.photo(photo.clone());
        }
        let text = self.text(run, &say.text);
        self.reply.say(&text);
        let catalogue = &self.book.spec.catalogue;
        let products: Vec<_> = say.products.iter().filter_map(|id| catalogue.get(id)).collect();
        if !products.is_empty() {
            let cards: Vec<_> = products.into_iter().map(|product| self.card(product)).collect();
            self.reply.cards(cards);
        }
        let buttons: Vec<Button> =
            say.buttons.iter().enumerate().map(|(n, button)| self.target_button(run, step, n, button)).collect();
        if !buttons.is_empty() {
            self.reply.buttons(buttons);
        }
    }

    fn target_button(&self, run: &Run, step: &Step, n: usize, button: &crate::spec::flow::Button) -> Button {
        let label = self.text(run, &button.label).text;
        let press = match &button.target {
            Target::Link(name) => {
                let url = self.book.spec.config.links.get(name).map(ToString::to_string).unwrap_or_default();
                Press::Url { url }
            }
            Target::Flow(flow) => token_press(Token::Start(token::hash(flow.as_str()))),
            Target::Stop => token_press(Token::Plain(token::Plain::Stop)),
            Target::Human => token_press(Token::Plain(token::Plain::Human)),
            Target::Step(_) => token_press(Token::Target {
                run: run.number,
                step: token::hash(&step.id.0),
                button: u32::try_from(n).unwrap_or(u32::MAX),
            }),
        };
        Button { label, press }
    }

    /// Keeps a slot's value, for this run and as the last answer to it.
    pub(super) fn fill(&mut self, run: &mut Run, slot: &str, value: Value) {
        run.skipped.retain(|other| other != slot);
        if value.is_empty() {
            run.slots.remove(slot);
            return;
        }
        self.snap.customer.more.answers.insert(slot.to_owned(), value.clone());
        run.slots.insert(slot.to_owned(), value);
    }

    pub(super) fn move_to_stage(&mut self, stage: &str) {
        if self.snap.lead.stage != stage {
            stage.clone_into(&mut self.snap.lead.stage);
            self.fact(Fact::Stage { stage: stage.to_owned() });
        }
    }

    fn tag(&mut self, tag: &str) {
        let tags = &mut self.snap.customer.more.tags;
        if !tags.iter().any(|other| other == tag) {
            tags.push(tag.to_owned());
            self.fact(Fact::Tagged { tag: tag.to_owned() });
        }
    }

    /// Ends a run: what called it goes on, what it interrupted asks again.
    pub(super) fn end_run(&mut self, run: Run, outcome: &str) {
        self.finish_run(&run, outcome);
        let Some(mut below) = self.snap.state.stack.pop() else { return };
        if let Some(takes) = run.takes {
            for (own, its) in &takes {
                if let Some(value) = run.slots.get(its) {
                    self.fill(&mut below, own, value.clone());
                }
            }
            let next = self.book.flow(&below.flow).and_then(|flow| flow.step(flow.find(&below.step)?).next);
            self.walk(below, next, Arrival::InOrder, &[]);
        } else {
            self.snap.state.run = Some(below);
            if self.bot_owns() {
                self.return_to_question();
            }
        }
    }

    /// Notes that a run is over and keeps what it is to keep of it.
    pub(super) fn finish_run(&mut self, run: &Run, outcome: &str) {
        self.fact(Fact::FlowEnded { flow: run.flow.to_string(), outcome: outcome.to_owned() });
        self.cancel_timer("silence");
        self.cancel_timer("wait");
        let Some(flow) = self.book.flow(&run.flow).cloned() else { return };
        for step in &flow.steps {
            let Action::Ask(ask) = &step.action else { continue };
            let (Some(keep), Some(value)) = (&ask.keep, run.slots.get(&*ask.slot)) else { continue };
            match (&**keep, value) {
                ("name", Value::Text(name)) => self.snap.customer.name = Some(name.clone()),
                (other, value) => {
                    self.snap.customer.more.kept.insert(other.to_owned(), value.clone());
                }
            }
        }
    }

    /// The customer calls the open flow off. Its answers wait for a while.
    pub(super) fn cancel_flow(&mut self) {
        let Some(run) = self.snap.state.run.take() else { return };
        let Some(flow) = self.book.flow(&run.flow).cloned() else { return self.end_run(run, "cancelled") };
        self.snap.state.stack.retain(|below| run.takes.is_none() && below.takes.is_none());
        self.snap.state.shelved = Some(Run { at: self.now, takes: None, ..run.clone() });
        if let Some(step) = flow.on_cancel {
            self.walk(run, Some(step), Arrival::ByJump, &[]);
        } else {
            self.say_phrase(Phrase::Cancelled, &[]);
            self.end_run(run, "cancelled");
        }
    }

    /// After an edit of the file the run's step may be gone: its heir, `on_change`, or the start with the answers kept.
    pub(super) fn mend_run(&mut self) {
        let Some(run) = self.snap.state.run.take() else { return };
        let Some(flow) = self.book.flow(&run.flow).cloned() else {
            self.snap.state.stack.retain(|below| below.takes.is_none());
            return self.end_run(run, "gone");
        };
        if flow.find(&run.step).is_some() {
            self.snap.state.run = Some(run);
            return;
        }
        let valid = |name: &String| flow.slot(name).is_some();
        let run = Run { slots: run.slots.into_iter().filter(|(name, _)| valid(name)).collect(), ..run };
        let silent = run.passed.clone();
        match flow.on_change {
            Some(step) => self.walk(run, Some(step), Arrival::ByJump, &silent),
            None => self.walk(run, Some(StepIx(0)), Arrival::InOrder, &silent),
        }
        // The question that the walk asked is asked again below, with the customer's words taken into account.
        self.reply.take();
    }

    /// The open run with its flow and step.
    pub(super) fn open_step(&self) -> Option<(Arc<Flow>, StepIx)> {
        let run = self.snap.state.run.as_ref()?;
        let flow = self.book.flow(&run.flow)?;
        Some((Arc::clone(flow), flow.find(&run.step)?))
    }

    /// Flows that a new customer's first message starts.
    pub(super) fn first_flow(&self) -> Option<Arc<Flow>> {
        let ready = |flow: &&Arc<Flow>| playbook::may_start(flow, |when| when.is_true(&self.scope()));
        self.book.first_flow().find(ready).cloned()
    }

    /// Nobody but a person can go on: the bot falls silent and the team is told. `said`: the customer was told already.
    pub(super) fn hand_off(&mut self, cause: &str, said: Option<()>) {
        if said.is_none() {
            self.say_phrase(Phrase::Handoff, &[]);
        }
        if self.bot_owns() {
            self.snap.state.owner = Owner::Nobody;
            self.fact(Fact::Handoff { cause: cause.to_owned() });
        }
        self.pending = None;
        self.cancel_timer("silence");
    }
}

pub(super) fn token_press(token: Token) -> Press {
    Press::Token { token: token.to_string() }
}
