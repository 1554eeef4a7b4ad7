//! The flow interpreter: walks a run from step to step until one waits for the customer, or the flow ends.

mod ask;
mod path;
mod runs;
mod silence;

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{
    playbook,
    state::{Owner, Run},
    token::{self, Token},
    wording::Wording,
    work::Work,
};
use crate::{
    drawing::Photo,
    fact::Fact,
    message::{Button, Press, Timer},
    spec::{
        flow::{Action, Arm, Assigned, Flow, Kind, Say, Step, StepId, StepIx, Target, Way},
        texts::Phrase,
        value::{Period, Value},
    },
};

/// Most steps walked in one turn, and most visits of one step in one run: beyond them a person takes over.
const STEPS_MAX: u32 = 100;
const VISITS_MAX: u16 = 20;
/// Deepest chain of calls.
const CALLS_MAX: usize = 5;

/// Longest name of a segment that customers' own words become, in characters.
const SEGMENT_CHARS_MAX: usize = 64;

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
    /// Walks until a step waits or the flow ends. `silent`: steps whose words the customer has heard.
    pub(super) fn walk(&mut self, mut run: Run, from: Option<StepIx>, mut arrival: Arrival, silent: &[StepId]) {
        let Some(mut flow) = self.book.flow(&run.flow).cloned() else { return self.end_run(run, "gone") };
        let mut at = from;
        loop {
            let Some(index) = at else { return self.end_run(run, "done") };
            let step = flow.step(index);
            let open = step.when.as_ref().is_none_or(|when| self.is_true(&run, when));
            if open && !self.bot_owns() && speaks(&step.action) {
                // A person has the conversation: the rest waits until it comes back.
                run.paused = true;
                return self.stand(run, &flow, &step.id);
            }
            pass(&mut run, &step.id, open);
            if !open {
                (at, arrival) = (step.next, Arrival::InOrder);
                continue;
            }
            self.trail.push((run.flow.clone(), step.id.clone()));
            if self.counts_too_much(&mut run, &step.id) {
                return self.give_up_loop(&run);
            }
            let heard = silent.contains(&step.id);
            let next = self.perform(&flow, index, &mut run, arrival, heard);
            arrival = Arrival::InOrder;
            match next {
                Next::To(next) => at = next,
                Next::Jump(target) => (at, arrival) = (Some(target), Arrival::ByJump),
                Next::Wait => return self.stand(run, &flow, &step.id),
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

    fn stand(&mut self, mut run: Run, flow: &Flow, step: &StepId) {
        run.step = step.clone();
        run.structure = flow.structure.to_string();
        run.at = self.now;
        (run.silences, run.reminded) = (0, None);
        self.snap.state.run = Some(run);
    }

    fn counts_too_much(&mut self, run: &mut Run, step: &StepId) -> bool {
        self.steps_walked += 1;
        let visits = run.visits.entry(step.clone()).or_default();
        *visits += 1;
        self.steps_walked > STEPS_MAX || *visits > VISITS_MAX
    }

    fn give_up_loop(&mut self, run: &Run) {
        self.note("handoff", self.team_word(Wording::Loop(&run.flow, &run.step)));
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
                if self.trail.len() == 1 && at == StepIx(0) && say.buttons.is_empty() {
                    self.greeting = self.reply.take();
                }
                // Buttons that lead on are worth nothing once the run has ended: it waits for them.
                let leads = say.buttons.iter().any(|button| matches!(button.target, Target::Step(_)));
                if leads && step.next.is_none() { Next::Wait } else { Next::To(step.next) }
            }
            Action::Ask(ask) => self.arrive_at_ask(flow, step, ask, run, arrival),
            Action::Contact(contact) => self.arrive_at_contact(step, contact, run, arrival),
            Action::Offer(offer) => self.arrive_at_offer(step, offer, run, arrival),
            Action::Order(order) => self.arrive_at_order(step, order, run),
            Action::Branch(arms) => {
                let open = |arm: &&Arm| arm.when.as_ref().is_none_or(|when| self.is_true(run, when));
                match arms.iter().find(open).map(|arm| (arm.to, arm.way)) {
                    Some((Some(to), Way::Into)) => Next::To(Some(to)),
                    Some((Some(to), Way::Jump)) => Next::Jump(to),
                    Some((None, _)) | None => Next::To(step.next),
                }
            }
            Action::Goto(target) => Next::Jump(*target),
            Action::Call(call) => self.call(call, run),
            Action::Set(values) => {
                for (to, expr) in values {
                    let value = expr.eval(&self.scope_of(run));
                    match to {
                        Assigned::Slot(slot) => self.fill(run, slot, value),
                        Assigned::Segment => self.move_to_segment(value),
                    }
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
                let note = self.note_with_remarks(run, handoff.note.as_ref());
                self.reply.say(&text);
                if !note.is_empty() {
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
        let callers = self.snap.state.stack.iter().rev().take_while(|caller| caller.takes.is_some()).count();
        if callers + 1 >= CALLS_MAX {
            self.note("handoff", self.team_word(Wording::TooDeep(&run.flow)));
            self.hand_off("loop", None);
            return Next::End("loop".into());
        }
        let with: Vec<_> = call.with.iter().map(|(slot, expr)| (slot, expr.eval(&self.scope_of(run)))).collect();
        let mut called = self.new_run(&flow);
        for (slot, value) in with {
            self.fill(&mut called, slot, value);
        }
        called.takes = Some(call.take.iter().map(|(own, its)| (own.to_string(), its.to_string())).collect());
        self.fact(Fact::FlowStarted { flow: flow.id.to_string() });
        self.draw_variants(&flow.variants);
        Next::Call(Box::new(called))
    }

    fn say(&mut self, run: &Run, step: &Step, say: &Say) {
        if let Some(photo) = &say.photo {
            self.reply.photo(Photo::At(photo.clone()));
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
            Target::Link(name) => Press::Url { url: self.link(name).unwrap_or_default() },
            Target::Flow(flow) => token_press(Token::Start(token::hash(flow.as_str()))),
            Target::Stop => token_press(Token::Plain(token::Plain::Stop)),
            Target::Human => token_press(Token::Plain(token::Plain::Human)),
            Target::Cart => token_press(Token::Plain(token::Plain::Checkout)),
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
        self.hear_zone(run, slot, &value);
        self.snap.customer.more.answers.insert(slot.to_owned(), value.clone());
        run.slots.insert(slot.to_owned(), value);
    }

    /// Whoever answers where they live is written to by that clock from now on; an answer that names none takes back what an earlier
    /// one told.
    fn hear_zone(&mut self, run: &Run, slot: &str, value: &Value) {
        let Some((_, ask)) = self.book.flow(&run.flow).and_then(|flow| flow.ask(slot)) else { return };
        let (Kind::Choice(options), Value::Choice(chosen)) = (&ask.kind, value) else { return };
        if options.iter().all(|option| option.zone.is_none()) {
            return;
        }
        let zone = options.iter().find(|option| *option.id == **chosen).and_then(|option| option.zone.as_ref());
        self.snap.customer.more.told_zone = zone.and_then(TimeZone::iana_name).map(str::to_owned);
        self.zone = self.snap.clock();
    }

    pub(super) fn move_to_stage(&mut self, stage: &str) {
        if self.snap.lead.stage != stage {
            stage.clone_into(&mut self.snap.lead.stage);
            self.fact(Fact::Stage { stage: stage.to_owned() });
        }
    }

    fn move_to_segment(&mut self, value: Value) {
        let segment = match value {
            Value::Text(name) | Value::Choice(name) => Some(name.chars().take(SEGMENT_CHARS_MAX).collect::<String>()),
            _ => None,
        };
        let segment = segment.filter(|name| !name.trim().is_empty());
        if self.snap.lead.segment != segment {
            self.snap.lead.segment.clone_from(&segment);
            self.fact(Fact::Segment { segment });
        }
    }

    fn tag(&mut self, tag: &str) {
        let tags = &mut self.snap.customer.more.tags;
        if !tags.iter().any(|other| other == tag) {
            tags.push(tag.to_owned());
            self.fact(Fact::Tagged { tag: tag.to_owned() });
        }
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
            match self.opens_next() {
                None => self.say_phrase(Phrase::Handoff, &[]),
                Some(open) => self.say_phrase(Phrase::HandoffClosed, &[("open", open)]),
            }
        }
        if self.bot_owns() {
            (self.snap.state.owner, self.snap.state.reminded) = (Owner::Nobody, 0);
            self.fact(Fact::Handoff { cause: cause.to_owned() });
            self.offer_bot();
        }
        self.pending = None;
        self.cancel_timer("silence");
    }
}

/// Whether a step says something or waits: nothing for a conversation that a person has.
fn speaks(action: &Action) -> bool {
    action.waits() || matches!(action, Action::Say(_) | Action::Handoff(_) | Action::Call(_))
}

/// Notes that a step was reached.
fn pass(run: &mut Run, step: &StepId, open: bool) {
    if !run.passed.contains(step) {
        run.passed.push(step.clone());
    }
    run.guarded.retain(|other| other != step);
    if !open {
        run.guarded.push(step.clone());
    }
}

pub(super) fn token_press(token: Token) -> Press {
    Press::Token { token: token.to_string() }
}
