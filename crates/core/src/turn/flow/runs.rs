//! How runs begin, are interrupted, called off, mended after an edit, and end.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::Arrival;
use crate::{
    fact::{Fact, LOW_STARS_MAX},
    ids::FlowId,
    lang::normal::Words,
    order::OrderState,
    spec::{
        flow::{Action, Flow, StepId, StepIx, Variants},
        texts::Phrase,
        value::Value,
    },
    turn::{
        state::{Mood, Run},
        token,
        work::Work,
    },
};

/// Most interrupted runs that wait.
const INTERRUPTED_MAX: usize = 3;

impl Work {
    /// Starts a flow, on top of the one that is open, or takes it up again where it was cut short not long ago.
    pub(in crate::turn) fn start_flow(&mut self, flow: &Arc<Flow>) {
        let (run, heard, _) = self.begin_run(flow, None);
        self.walk(run, Some(StepIx(0)), Arrival::InOrder, &heard);
    }

    /// A run of the flow that has not walked yet, the steps that the customer has heard already, and the bytes of the words
    /// that filled slots. New words win over the answers of a run that is taken up again.
    pub(in crate::turn) fn begin_run(
        &mut self,
        flow: &Arc<Flow>,
        words: Option<(&Words, &[Range<usize>])>,
    ) -> (Run, Vec<StepId>, Vec<Range<usize>>) {
        self.interrupt(&flow.id);
        let mut run = self.new_run(flow);
        let used =
            words.map(|(words, asking)| self.fill_ahead(flow, &mut run, words, None, asking)).unwrap_or_default();
        let mut heard = Vec::new();
        if let Some(old) = self.snap.state.shelved.take_if(|old| old.flow == flow.id) {
            let until = old.at.to_zoned(self.book.spec.config.zone.clone());
            let span = jiff::Span::new().days(flow.resume.days).minutes(flow.resume.minutes);
            if until.checked_add(span).is_ok_and(|until| until.timestamp() >= self.now) {
                heard = old.passed.iter().filter(|step| !old.guarded.contains(step)).cloned().collect();
                let skipped = old.skipped.iter().filter(|slot| !run.slots.contains_key(*slot)).cloned().collect();
                (run.skipped, run.declined) = (skipped, old.declined.clone());
                for (about, remark) in old.remarks {
                    run.remarks.entry(about).or_insert(remark);
                }
                for (slot, value) in self.still_valid(flow, old.slots) {
                    run.slots.entry(slot).or_insert(value);
                }
            }
        }
        self.fact(Fact::FlowStarted { flow: flow.id.to_string() });
        self.draw_variants(&flow.variants);
        (run, heard, used)
    }

    /// Answers that an edit of the file or the time that passed has not made wrong.
    fn still_valid(&self, flow: &Arc<Flow>, slots: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        let blank = self.blank_run(flow, 0);
        let run = Run { slots: slots.clone(), ..blank };
        let valid = |name: &String, value: &Value| {
            let Some(slot) = flow.slot(name) else { return false };
            let ask = slot.step.map(|step| &flow.step(step).action);
            match ask {
                Some(Action::Ask(ask)) => self.fits(&run, ask, value),
                _ => true,
            }
        };
        slots.into_iter().filter(|(name, value)| valid(name, value)).collect()
    }

    pub(super) fn new_run(&mut self, flow: &Arc<Flow>) -> Run {
        self.snap.state.runs += 1;
        self.blank_run(flow, self.snap.state.runs)
    }

    fn blank_run(&self, flow: &Arc<Flow>, number: u32) -> Run {
        Run {
            number,
            flow: flow.id.clone(),
            step: flow.steps.first().map_or_else(|| StepId("".into()), |step| step.id.clone()),
            structure: flow.structure.to_string(),
            slots: BTreeMap::new(),
            remarks: BTreeMap::new(),
            skipped: Vec::new(),
            passed: Vec::new(),
            guarded: Vec::new(),
            declined: Vec::new(),
            paused: false,
            cancelled: false,
            tries: 0,
            talked: 0,
            visits: BTreeMap::new(),
            silences: 0,
            reminded: None,
            consented: false,
            offered: Vec::new(),
            besides: BTreeMap::new(),
            order: None,
            takes: None,
            at: self.now,
        }
    }

    /// Puts the open run aside. Three wait at most: the oldest beyond ends as interrupted, with the runs it called.
    fn interrupt(&mut self, by: &FlowId) {
        let Some(open) = self.snap.state.run.take() else { return };
        if open.flow == *by && open.takes.is_none() {
            // Begun again from the start: the old run of the same flow is over.
            return self.finish_run(&open, "interrupted");
        }
        self.snap.state.stack.push(open);
        let own = |run: &&Run| run.takes.is_none();
        if self.snap.state.stack.iter().filter(own).count() <= INTERRUPTED_MAX {
            return;
        }
        let end = self.snap.state.stack.iter().skip(1).position(|run| run.takes.is_none()).map_or(0, |at| at + 1);
        let gone: Vec<Run> = self.snap.state.stack.drain(..end).collect();
        for run in gone.iter().rev() {
            self.finish_run(run, "interrupted");
        }
    }

    /// Draws a variant of each experiment once per customer: by hash, so that it needs no chance and moves nobody later.
    pub(in crate::turn) fn draw_variants(&mut self, variants: &Variants) {
        for (name, options) in variants {
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

    /// Ends a run: what called it goes on, what it interrupted asks again.
    pub(in crate::turn) fn end_run(&mut self, run: Run, outcome: &str) {
        let outcome = if run.cancelled && outcome == "done" { "cancelled" } else { outcome };
        self.finish_run(&run, outcome);
        if self.rated_low(&run) {
            self.snap.state.mood = Mood::Upset;
        }
        let Some(mut below) = self.snap.state.stack.pop() else { return };
        let Some(takes) = run.takes else {
            self.snap.state.run = Some(below);
            if self.bot_owns() {
                self.return_to_question();
            }
            return;
        };
        for (own, its) in &takes {
            if let Some(value) = run.slots.get(its) {
                self.fill(&mut below, own, value.clone());
            }
        }
        let next = self.book.flow(&below.flow).and_then(|flow| flow.step(flow.find(&below.step)?).next);
        self.walk(below, next, Arrival::InOrder, &[]);
    }

    /// Whether the run has asked for a rating and got a low one: whatever was said of it since, what was interrupted waits.
    fn rated_low(&self, run: &Run) -> bool {
        let Some(flow) = self.book.flow(&run.flow) else { return false };
        let mut rates = flow.steps.iter().filter_map(|step| match &step.action {
            Action::Ask(ask) if ask.rates => run.slots.get(&*ask.slot),
            _ => None,
        });
        rates.any(|value| matches!(value, Value::Number(stars) if *stars <= LOW_STARS_MAX.into()))
    }

    /// Notes that a run is over and keeps what it is to keep of it.
    pub(in crate::turn) fn finish_run(&mut self, run: &Run, outcome: &str) {
        self.fact(Fact::FlowEnded { flow: run.flow.to_string(), outcome: outcome.to_owned() });
        self.cancel_timer("silence");
        self.cancel_timer("wait");
        if let Some(order) = run.order {
            self.drop_draft(order);
        }
        let Some(flow) = self.book.flow(&run.flow).cloned() else { return };
        for step in &flow.steps {
            let Action::Ask(ask) = &step.action else { continue };
            let (Some(keep), Some(value)) = (&ask.keep, run.slots.get(&*ask.slot)) else { continue };
            match (&**keep, value) {
                ("name", Value::Text(name)) => self.snap.customer.name = Some(name.clone()),
                ("phone" | "email", Value::Text(written)) => self.keep_contacts_in(written),
                (other, value) => {
                    self.snap.customer.more.kept.insert(other.to_owned(), value.clone());
                }
            }
        }
    }

    /// An order that was shown and not confirmed is void when its run is over.
    pub(in crate::turn) fn drop_draft(&mut self, id: crate::ids::OrderId) {
        let draft = self.snap.orders.iter_mut().find(|order| order.id == id && order.state == OrderState::Draft);
        if let Some(draft) = draft {
            draft.state = OrderState::Cancelled;
            self.orders_changed.push(id);
        }
    }

    /// The customer calls the open flow off, with the flows that called it. Its answers wait for a while.
    pub(in crate::turn) fn cancel_flow(&mut self) {
        let Some(mut run) = self.snap.state.run.take() else { return };
        while run.takes.is_some() {
            self.finish_run(&run, "cancelled");
            let Some(caller) = self.snap.state.stack.pop() else { break };
            run = caller;
        }
        run.takes = None;
        let Some(flow) = self.book.flow(&run.flow).cloned() else { return self.end_run(run, "cancelled") };
        self.snap.state.shelved = Some(Run { at: self.now, order: None, ..run.clone() });
        run.cancelled = true;
        if let Some(step) = flow.on_cancel {
            self.walk(run, Some(step), Arrival::ByJump, &[]);
        } else {
            self.say_phrase(Phrase::Cancelled, &[]);
            self.end_run(run, "cancelled");
        }
    }

    /// After an edit of the file the run's step may be gone: its heir, `on_change`, or the start with the answers that are
    /// still valid. Done when the customer comes back, and not while a person has the conversation.
    pub(in crate::turn) fn mend_run(&mut self) {
        if !self.bot_owns() {
            return;
        }
        let Some(run) = self.snap.state.run.take() else { return };
        let Some(flow) = self.book.flow(&run.flow).cloned() else { return self.end_run(run, "gone") };
        if flow.find(&run.step).is_some() {
            self.snap.state.run = Some(run);
            return;
        }
        let slots = self.still_valid(&flow, run.slots.clone());
        let heard: Vec<StepId> = run.passed.iter().filter(|step| !run.guarded.contains(step)).cloned().collect();
        let run = Run { slots, passed: Vec::new(), guarded: Vec::new(), paused: false, ..run };
        self.mended = true;
        match flow.on_change {
            Some(step) => self.walk(run, Some(step), Arrival::ByJump, &heard),
            None => self.walk(run, Some(StepIx(0)), Arrival::InOrder, &heard),
        }
    }
}
