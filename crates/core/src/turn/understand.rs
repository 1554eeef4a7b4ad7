//! What a customer's words mean: wishes first, then the open question and the rest of its flow, then other flows; what is
//! left is a question (FORMATS §4.1, §4.2).

mod correct;
mod decide;
mod forget;
mod parts;
mod remarks;
mod slots;
mod zones;
use std::{ops::Range, sync::Arc};

use self::parts::Parts;
pub(in crate::turn) use self::{
    parts::pieces,
    slots::{Certain, Reading},
};
use super::{
    assortment::names_nothing,
    flow::Arrival,
    playbook,
    state::Mood,
    token,
    work::{PendingKind, Progress, Work},
};
use crate::{
    fact::Fact,
    lang::{
        choice::{self},
        intent::{self, Intent, Intents},
        normal::Words,
        print,
        tone::Tone,
    },
    rows::Withdraw,
    spec::{
        flow::{Action, Ask, Flow, Kind, StepIx},
        texts::Phrase,
        value::Value,
    },
};

/// Times in a row that nothing is understood before a person is offered.
const MISSES_MAX: u8 = 2;
/// Fewest words of weight that are a subject of their own: worth a search, though they ask nothing.
pub(super) const SUBJECT_WORDS_MIN: usize = 3;

impl Work {
    /// Takes the customer's words.
    pub(super) fn hear(&mut self, text: &str, key: &str) {
        let book = std::sync::Arc::clone(&self.book);
        let (fixed, words) = book.fixer().read(text);
        let intents = Intents::of(&words);
        if forget::wished(text, &words) {
            return self.forget_everywhere();
        }
        if intents.has(Intent::OptOut) {
            return self.opt_out();
        }
        if !self.bot_owns() {
            return self.hear_for_person(&words, intents);
        }
        if let Some(command) = text.strip_prefix('/') {
            let (name, args) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
            return self.command(&name.to_lowercase(), args, key);
        }
        let answer = choice::yes_no(&words);
        if let Some(agreed) = self.consent_in(&words, answer, intents) {
            return self.answer_consent(agreed, text, key);
        }
        if let (Some(wish), Some(yes)) = (self.snap.state.asks_change.take(), answer) {
            return self.answer_change(&wish, yes);
        }
        if self.chooses_from_menu(&words, key) || self.chooses_shown(text, &words, intents, key) {
            return;
        }
        if intents.has(Intent::Human) {
            return self.ask_for_person();
        }
        if intents.has(Intent::AskedIfBot) {
            self.snap.state.disclosed = true;
            self.say_phrase(Phrase::AreYouABot, &[]);
            return self.return_to_question();
        }
        if self.lacks_language(&words) {
            self.say_phrase(Phrase::OneLanguage, &[]);
            return self.return_to_question();
        }
        if intents.has(Intent::Complaint) {
            self.snap.state.mood = Mood::Upset;
            self.fact(Fact::Complaint);
        }
        if let Some(tone) = Tone::of(&fixed, &words) {
            self.fact(Fact::Tone { tone });
        }
        if intents.has(Intent::Price) {
            self.fact(Fact::PriceAsked);
        }
        if self.was_dissatisfied(intents) {
            return;
        }
        if self.refuses_contact(&words, intents) {
            return;
        }
        if self.hears_of_orders(text, &words, intents) {
            return;
        }
        if intents.has(Intent::Cancel) && self.snap.state.run.is_some() && !intents.has(Intent::Question) {
            if intent::calls_off(&words) || !self.refuses_by_answer(text, &words, key) {
                self.cancel_flow();
            }
            return;
        }
        if std::mem::take(&mut self.mended) {
            return self.hear_after_edit(&fixed, &words);
        }
        self.hear_in_flow(&fixed, &words, intents, key);
    }

    /// The open question came with an edit of the file: the words answer one that is gone, so only what they say for sure is
    /// taken.
    fn hear_after_edit(&mut self, text: &str, words: &Words) {
        let Some((flow, at)) = self.open_step() else { return };
        let Some(mut run) = self.snap.state.run.take() else { return };
        let used = self.fill_ahead(&flow, &mut run, words, None, &parts::asking(text, words));
        let answered = match &flow.step(at).action {
            Action::Ask(ask) => run.slots.contains_key(&*ask.slot),
            _ => false,
        };
        if answered {
            self.walk(run, flow.step(at).next, Arrival::InOrder, &[]);
        } else {
            self.snap.state.run = Some(run);
        }
        self.leave_rest(text, words, &used, Progress::Made);
    }

    fn hear_in_flow(&mut self, text: &str, words: &Words, intents: Intents, key: &str) {
        if self.snap.state.run.is_none() && self.starts_first_flow(text, words, intents) {
            return;
        }
        if self.hear_contact(text, key) {
            return self.leave_rest(text, words, &[], Progress::Made);
        }
        let asks = intents.has(Intent::Question) || intents.has(Intent::Price);
        if asks && self.points_to_shown(words).is_some() {
            return self.leave_pending(text, Progress::None, PendingKind::Question);
        }
        let parts = if asks { Parts::of(text, words) } else { Parts::default() };
        if parts.asked.is_empty() {
            if self.picks_shown(words, intents)
                || self.takes_answer(text, words, intents, key)
                || self.picks_goods(text, words, intents)
            {
                return;
            }
        } else if let Some((said, intents)) = parts.said_besides() {
            // What is said besides may answer; what is asked is answered in the same message.
            if self.takes_values(&parts.said, &said, intents) {
                return self.leave_asked(&parts);
            }
        }
        if let Some(flow) = self.flow_wished(words) {
            return self.start_with_words(&flow, text, words, intents);
        }
        if !asks && self.names_open_flow(words) {
            return self.ask_again();
        }
        if intents.is_small_talk() {
            return self.small_talk(intents);
        }
        if !asks && self.holds_contact(text) {
            return self.acknowledge_contact();
        }
        if parts.asked.len() > 1 {
            return parts.asked.iter().for_each(|one| self.leave_pending(one, Progress::None, PendingKind::Question));
        }
        let kind = if asks { PendingKind::Question } else { PendingKind::Words };
        self.leave_pending(text, Progress::None, kind);
    }

    /// Words that correct, decide on what was shown, or answer.
    fn takes_answer(&mut self, text: &str, words: &Words, intents: Intents, key: &str) -> bool {
        if self.takes_correction(text, words) {
            self.snap.state.misses = 0;
            return true;
        }
        if self.snap.state.run.is_none() {
            return false;
        }
        self.decides_on_contact(text, words, intents, key)
            || self.agrees_to_offer(words, intents)
            || self.decides_on_order(words, intents)
            || self.takes_values(text, words, intents)
    }

    /// Words that correct an earlier answer or hold the open question's.
    fn takes_values(&mut self, text: &str, words: &Words, intents: Intents) -> bool {
        let taken = self.takes_correction(text, words)
            || self.snap.state.run.is_some() && self.fills_slots(text, words, intents);
        if taken {
            self.snap.state.misses = 0;
        }
        taken
    }

    /// Leaves the questions of a message whose other words moved the flow on.
    fn leave_asked(&mut self, parts: &Parts) {
        for question in &parts.asked {
            // «Медовик, сколько стоит?»: what it is about was said before.
            let about = if names_nothing(&Words::of(question)) { parts.said.trim() } else { "" };
            let question = if about.is_empty() { question.clone() } else { format!("{about} {question}") };
            self.leave_pending(&question, Progress::Made, PendingKind::Question);
        }
    }

    /// Whether the words ask for a language that the partner does not speak.
    fn lacks_language(&self, words: &Words) -> bool {
        let spoken = &self.book.spec.config.languages;
        intent::asks_for_language(words).is_some_and(|asked| spoken.iter().all(|lang| *lang != asked))
    }

    fn small_talk(&mut self, intents: Intents) {
        if intents.has(Intent::Greeting) {
            return self.greet();
        }
        if intents.has(Intent::Farewell) {
            return self.say_phrase(Phrase::Farewell, &[]);
        }
        if self.snap.state.run.is_some() {
            self.ask_again();
        } else {
            self.say_phrase(Phrase::Welcome, &[]);
        }
    }

    /// «Не то» twice: a person is offered.
    fn was_dissatisfied(&mut self, intents: Intents) -> bool {
        if !intents.has(Intent::Dissatisfied) {
            return false;
        }
        self.snap.state.misses = self.snap.state.misses.saturating_add(1);
        if self.snap.state.misses < MISSES_MAX {
            return false;
        }
        let open = self.open_step();
        let otherwise = open.and_then(|(flow, at)| match &flow.step(at).action {
            Action::Ask(ask) => ask.otherwise,
            _ => None,
        });
        match (otherwise, self.snap.state.run.take_if(|_| otherwise.is_some())) {
            (Some(step), Some(run)) => {
                self.snap.state.misses = 0;
                self.walk(run, Some(step), Arrival::InOrder, &[]);
            }
            _ => self.offer_person(),
        }
        true
    }

    pub(super) fn offer_person(&mut self) {
        self.snap.state.misses = 0;
        self.say_phrase(Phrase::OfferPerson, &[]);
        let button = self.button(Phrase::CallPerson, token::Token::Plain(token::Plain::Human));
        self.reply.buttons([button]);
    }

    /// To a complaint that nothing else answers.
    pub(super) fn apologise(&mut self) {
        self.say_phrase(Phrase::Sorry, &[]);
        let button = self.button(Phrase::CallPerson, token::Token::Plain(token::Plain::Human));
        self.reply.buttons([button]);
    }

    /// The first message of a new customer starts a flow, and is also its input. A flow whose words it says comes first.
    fn starts_first_flow(&mut self, text: &str, words: &Words, intents: Intents) -> bool {
        if !self.is_first_message() {
            return false;
        }
        // Whoever comes to complain is asked nothing.
        let first = || self.first_flow().filter(|_| !self.snap.state.is_upset());
        let Some(flow) = self.flow_wished(words).or_else(first) else { return false };
        self.start_with_words(&flow, text, words, intents);
        true
    }

    /// Whether the customer never wrote before this turn and no flow ever ran.
    pub(super) fn is_first_message(&self) -> bool {
        self.snap.state.runs == 0 && self.before.messages == 0
    }

    /// Starts a flow with words that may fill its slots already, and may hold a question besides.
    fn start_with_words(&mut self, flow: &Arc<Flow>, text: &str, words: &Words, intents: Intents) {
        let asks = intents.has(Intent::Question) || intents.has(Intent::Price);
        let parts = if asks { Parts::of(text, words) } else { Parts::default() };
        // Who wishes for the flow in so many words asks about this very order: «сделаете торт на 15 декабря?».
        let wished = self.book.by_words(words).iter().any(|wished| wished.id == flow.id);
        if !parts.asked.is_empty() && (!wished || parts.said_besides().is_some()) {
            let said = Words::of(&parts.said);
            let (run, heard, _) = self.begin_run(flow, Some((&said, &[])));
            self.walk(run, Some(StepIx(0)), Arrival::InOrder, &heard);
            return self.leave_asked(&parts);
        }
        let asking = if wished || !intents.has(Intent::Question) { Vec::new() } else { parts::asking(text, words) };
        let (run, heard, used) = self.begin_run(flow, Some((words, &asking)));
        self.walk(run, Some(StepIx(0)), Arrival::InOrder, &heard);
        if !parts.asked.is_empty() {
            return self.leave_asked(&parts);
        }
        if intents.has(Intent::Question) {
            self.leave_rest(text, words, &used, Progress::Made);
        }
        if self.pending.is_none() {
            self.leave_unused(text, words, &used);
        }
    }

    /// Words beside the flow's start that ask in no form of a question: «можно в морозилку остатки». They are answered if the
    /// files surely know of it, else the flow's own words are answer enough.
    fn leave_unused(&mut self, text: &str, words: &Words, used: &[Range<usize>]) {
        let unused = |sentence: &Range<usize>| {
            let touched = used.iter().any(|range| range.start < sentence.end && sentence.start < range.end);
            let own = words.part(sentence.clone());
            !touched && !Intents::of(&own).is_small_talk() && !self.holds_contact(&text[sentence.clone()])
        };
        let left: Vec<&str> =
            parts::clauses(text).into_iter().filter(unused).map(|sentence| text[sentence].trim()).collect();
        let left = left.join(" ");
        let words = Words::of(&left);
        let subject = self.book.words_beside_starts(&words) >= SUBJECT_WORDS_MIN;
        if subject || self.book.assortment.wish(&words, self.local()).compares() {
            self.leave_pending(&left, Progress::Made, PendingKind::Words);
        }
    }

    fn flow_wished(&self, words: &Words) -> Option<Arc<Flow>> {
        let open = self.snap.state.run.as_ref().map(|run| run.flow.clone());
        let ready = |flow: &&&Arc<Flow>| playbook::may_start(flow, |when| when.is_true(&self.scope()));
        let found = self.book.by_words(words);
        found.iter().find(ready).filter(|flow| Some(&flow.id) != open.as_ref()).map(|flow| Arc::clone(flow))
    }

    /// Whether nothing is said but what starts the flow that runs: «хочу тортик».
    fn names_open_flow(&self, words: &Words) -> bool {
        let Some(run) = &self.snap.state.run else { return false };
        let named = self.book.by_words(words).iter().any(|flow| flow.id == run.flow);
        named && self.book.words_beside_starts(words) == 0
    }

    /// The open question's slot, and others ahead. `false`: the words filled nothing.
    fn fills_slots(&mut self, text: &str, words: &Words, intents: Intents) -> bool {
        let Some((flow, at)) = self.open_step() else { return false };
        let Some(mut run) = self.snap.state.run.clone() else { return false };
        let mut used: Vec<Range<usize>> = Vec::new();
        let mut outcome = None;
        match &flow.step(at).action {
            Action::Ask(ask) => match self.read_open(&run, &flow, at, ask, words, intents) {
                Reading::Value(value, range) => {
                    self.hear_of_ads(&run, ask, &value, text);
                    self.hear_rating(ask, &value);
                    self.fill(&mut run, &ask.slot, value);
                    self.tell_zone_closer(&flow, &mut run, at, words);
                    used.push(range);
                    outcome = Some(Ok(()));
                }
                Reading::Skip => {
                    run.skipped.push(ask.slot.to_string());
                    outcome = Some(Ok(()));
                }
                Reading::Several(options) => outcome = Some(Err(Trouble::Several(options))),
                Reading::Which(values, _) => outcome = Some(Err(Trouble::Which(values))),
                Reading::Bad(text, range) => {
                    used.push(range);
                    outcome = Some(Err(Trouble::Bad(text)));
                }
                Reading::None => {}
            },
            Action::Offer(_) => {
                if let Some((product, range)) = self.product_named(&run.offered, words) {
                    self.choose_offered(&product);
                    self.leave_rest(text, words, &[range], Progress::Made);
                    return true;
                }
            }
            _ => {}
        }
        let asking = if intents.has(Intent::Question) { parts::asking(text, words) } else { Vec::new() };
        used.extend(self.fill_ahead(&flow, &mut run, words, Some((at, &used)), &asking));
        if used.is_empty() && outcome.is_none() {
            if let Some(open) = &mut self.snap.state.run {
                open.remarks = run.remarks;
            }
            return false;
        }
        match outcome {
            Some(Err(trouble)) => {
                self.snap.state.run = Some(run);
                self.trouble(&flow, at, trouble);
            }
            Some(Ok(())) => {
                self.snap.state.run = None;
                self.walk(run, flow.step(at).next, Arrival::InOrder, &[]);
                self.leave_rest(text, words, &used, Progress::Made);
            }
            // Only later slots were filled: the open question stands.
            None => {
                self.snap.state.run = Some(run);
                self.ask_again();
                self.leave_rest(text, words, &used, Progress::Made);
            }
        }
        true
    }

    fn trouble(&mut self, flow: &Arc<Flow>, at: StepIx, trouble: Trouble) {
        match trouble {
            Trouble::Bad(text) => self.failed_try(flow, at, Some(text)),
            Trouble::Several(options) => {
                self.say_phrase(Phrase::WhichOne, &[]);
                let buttons = self.option_buttons(flow, at, &options);
                self.reply.buttons(buttons);
            }
            Trouble::Which(values) => {
                self.say_phrase(if differ_in_time(&values) { Phrase::WhichTime } else { Phrase::WhichOne }, &[]);
                let buttons = self.value_buttons(flow, at, &values);
                self.reply.buttons(buttons);
            }
        }
    }

    /// An answer did not fit: says why, asks again, and after enough tries takes another way.
    pub(super) fn failed_try(&mut self, flow: &Arc<Flow>, at: StepIx, why: Option<crate::spec::rich::Rich>) {
        if self.snap.state.is_upset() {
            return self.apologise();
        }
        let Some(mut run) = self.snap.state.run.take() else { return };
        let Action::Ask(ask) = &flow.step(at).action else {
            self.snap.state.run = Some(run);
            self.say_phrase(Phrase::NotUnderstood, &[]);
            return self.ask_again();
        };
        run.tries += 1;
        if run.tries > ask.retries {
            run.tries = 0;
            return if let Some(step) = ask.otherwise {
                self.walk(run, Some(step), Arrival::InOrder, &[]);
            } else {
                self.snap.state.run = Some(run);
                self.offer_person();
            };
        }
        let why = ask.error.as_ref().map(|error| self.text(&run, error)).or(why);
        let why = why.unwrap_or_else(|| self.phrase(type_error(&ask.kind), &[]));
        self.snap.state.run = Some(run);
        self.reply.say(&why);
        self.ask_again();
    }

    /// What of the words was not used and asks something is answered in the same message.
    pub(super) fn leave_rest(&mut self, text: &str, words: &Words, used: &[Range<usize>], progress: Progress) {
        let mut left = Vec::new();
        for sentence in parts::clauses(text) {
            let touched = used.iter().any(|range| range.start < sentence.end && sentence.start < range.end);
            let own = words.part(sentence.clone());
            let words = &text[sentence];
            let asks = words.trim_end().ends_with('?') || Intents::of(&own).has(Intent::Question);
            // A value inside a question («на 12 человек есть?») leaves the question.
            if asks && (!touched || own.said().count() > 4) {
                left.push(words.trim());
            }
        }
        if !left.is_empty() {
            self.leave_pending(&left.join(" "), progress, PendingKind::Question);
        }
    }

    // Buttons of the open question.

    pub(super) fn choose_option(
        &mut self,
        flow: &Arc<Flow>,
        at: StepIx,
        ask: &Ask,
        option: u32,
        label: &str,
        key: &str,
    ) {
        self.snap.state.misses = 0;
        let Some(value) = Self::option_value(ask, option) else {
            // An example is as good as typed; so is an option that was edited away.
            self.heard.push_str(label);
            return self.hear(label, key);
        };
        let Some(mut run) = self.snap.state.run.take() else { return };
        self.hear_of_ads(&run, ask, &value, label);
        self.hear_rating(ask, &value);
        self.fill(&mut run, &ask.slot, value);
        self.walk(run, flow.step(at).next, Arrival::InOrder, &[]);
    }

    pub(super) fn skip(&mut self, flow: &Arc<Flow>, at: StepIx, ask: &Ask) {
        self.snap.state.misses = 0;
        let Some(mut run) = self.snap.state.run.take() else { return };
        run.slots.remove(&*ask.slot);
        run.skipped.push(ask.slot.to_string());
        self.walk(run, flow.step(at).next, Arrival::InOrder, &[]);
    }

    // Wishes.

    pub(super) fn opt_out(&mut self) {
        self.snap.customer.more.opt_out(self.now);
        self.pending = None;
        self.withdraw = Withdraw::Campaigns;
        self.lead_is_heeded();
        self.fact(Fact::OptOut);
        self.tell_kin(&crate::message::KinWord::Changed);
        self.cancel_timer("silence");
        self.cancel_timer("wait");
        self.say_phrase(Phrase::OptedOut, &[]);
    }

    pub(super) fn ask_for_person(&mut self) {
        self.fact(Fact::HandoffAsked);
        self.hand_off("asked", None);
    }

    /// A value as the customer knows it.
    pub(super) fn shown(&self, flow: &Flow, step: StepIx, value: &Value) -> String {
        let label = match (&flow.step(step).action, value) {
            (Action::Ask(ask), Value::Choice(id)) => ask.kind.label(id, self.lang).map(str::to_owned),
            (Action::Ask(ask), Value::List(ids)) => {
                let label = |id: &String| ask.kind.label(id, self.lang).unwrap_or(id).to_owned();
                Some(print::list(&ids.iter().map(label).collect::<Vec<_>>(), self.lang))
            }
            // Units are written as they count many: «12 человек», but «2» alone.
            (Action::Ask(ask), Value::Number(number)) => match &ask.kind {
                Kind::Number { unit, .. } if print::Form::of(*number, self.lang) == print::Form::Many => {
                    unit.first().map(|unit| format!("{}\u{a0}{unit}", print::number(*number, self.lang)))
                }
                _ => None,
            },
            _ => None,
        };
        label.unwrap_or_else(|| print::value(value, self.lang, self.today()))
    }
}

/// Why the open question's answer was not taken.
enum Trouble {
    Bad(crate::spec::rich::Rich),
    Several(Vec<usize>),
    Which(Vec<Value>),
}

/// Whether these are times of one day.
fn differ_in_time(values: &[Value]) -> bool {
    let of_day = |value: &Value| match value {
        Value::Time(_) => Some(None),
        Value::DateTime(at) => Some(Some(at.date())),
        _ => None,
    };
    let first = values.first().and_then(of_day);
    first.is_some() && values.iter().all(|value| of_day(value) == first)
}

fn type_error(kind: &Kind) -> Phrase {
    match kind {
        Kind::Text { .. } => Phrase::BadText,
        Kind::Number { .. } => Phrase::BadNumber,
        Kind::Money { .. } => Phrase::BadMoney,
        Kind::Choice(_) => Phrase::BadChoice,
        Kind::Choices(_) => Phrase::BadChoices,
        Kind::Date(_) | Kind::DateTime(_) => Phrase::BadDate,
        Kind::Time(_) => Phrase::BadTime,
        Kind::Phone => Phrase::BadPhone,
        Kind::Email => Phrase::BadEmail,
        Kind::Location => Phrase::BadLocation,
        Kind::Photo => Phrase::BadPhoto,
        Kind::YesNo => Phrase::BadYesNo,
    }
}
