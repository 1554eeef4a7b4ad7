//! Slots read from words: the open question first and generously, others ahead and strictly.

mod moments;

use std::{ops::Range, sync::Arc};

use rust_decimal::Decimal;

use crate::{
    lang::{
        choice::{self, Attention},
        contacts, dates,
        intent::{Intent, Intents},
        normal::Words,
        numbers::{self, Number},
        print,
    },
    message::{Button, Press},
    spec::{
        expr::Expr,
        flow::{Action, Ask, Choice, Flow, Kind, Moments, StepIx},
        rich::Rich,
        texts::Phrase,
        value::Value,
    },
    turn::{
        state::Run,
        token::{self, Token},
        understand::zones,
        work::Work,
    },
};

/// What words gave for a slot.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::turn) enum Reading {
    /// A valid value, and the bytes of the words it stood in.
    Value(Value, Range<usize>),
    /// The customer leaves it open.
    Skip,
    /// One of these options.
    Several(Vec<usize>),
    /// One of these numbers or moments, and the bytes of the words they stood in.
    Which(Vec<Value>, Range<usize>),
    /// A value that does not fit: why, and where it stood.
    Bad(Rich, Range<usize>),
    /// Nothing.
    None,
}

/// Most values of an answer of which the customer is asked which is meant.
const WHICH_MAX: usize = 5;

impl Work {
    /// Reads the open question's slot.
    pub(in crate::turn) fn read_open(
        &self,
        run: &Run,
        flow: &Arc<Flow>,
        at: StepIx,
        ask: &Ask,
        words: &Words,
        intents: Intents,
    ) -> Reading {
        if ask.skip.is_some() && self.is_skip(run, ask, words, intents) {
            return Reading::Skip;
        }
        let found = match &ask.kind {
            Kind::Choice(choices) => self.read_choice(flow, at, choices, words, Attention::Open),
            Kind::Choices(choices) => self.read_choices(flow, at, choices, words, Attention::Open, None),
            Kind::Number { .. } => self.read_number(flow, at, words, Generously::Yes),
            Kind::Money { .. } => self.read_money(words, Generously::Yes),
            Kind::Date(_) => self.read_date(run, ask, words, Generously::Yes, Attention::Open),
            Kind::Time(_) => self.read_time(words),
            Kind::DateTime(_) => self.read_date_time(words),
            Kind::YesNo => match choice::yes_no(words) {
                Some(yes) => Reading::Value(Value::Bool(yes), whole(words)),
                None => Reading::None,
            },
            Kind::Email => match contacts::emails(&words.text()).into_iter().next() {
                Some(found) => Reading::Value(Value::Text(found.value.as_str().to_owned()), whole(words)),
                None => Reading::None,
            },
            // Who cannot send a place types the address.
            Kind::Text { .. } | Kind::Location => self.read_text(words, intents),
            // A phone is taken where contacts are, with consent; a photo is no words.
            Kind::Phone | Kind::Photo => Reading::None,
        };
        self.checked(run, ask, found)
    }

    /// Reads a slot that is not the open question: only what can be meant for nothing else.
    pub(in crate::turn) fn read_ahead(
        &self,
        run: &Run,
        flow: &Arc<Flow>,
        at: StepIx,
        ask: &Ask,
        words: &Words,
        certain: Certain,
    ) -> Reading {
        let generously = if certain == Certain::Marked { Generously::Yes } else { Generously::No };
        let found = match &ask.kind {
            Kind::Choice(choices) => self.read_choice(flow, at, choices, words, Attention::Ahead),
            Kind::Choices(choices) => {
                let given = run.slots.get(&*ask.slot);
                self.read_choices(flow, at, choices, words, Attention::Ahead, given)
            }
            Kind::Number { unit, .. } if !unit.is_empty() || certain == Certain::Marked => {
                self.read_number(flow, at, words, generously)
            }
            Kind::Money { .. } => self.read_money(words, generously),
            Kind::Date(_) => self.read_date(run, ask, words, generously, Attention::Ahead),
            Kind::Time(_) if certain == Certain::Marked => self.read_time(words),
            Kind::Number { .. }
            | Kind::Time(_)
            | Kind::DateTime(_)
            | Kind::YesNo
            | Kind::Email
            | Kind::Text { .. }
            | Kind::Phone
            | Kind::Location
            | Kind::Photo => Reading::None,
        };
        match self.checked(run, ask, found) {
            value @ Reading::Value(..) => value,
            _ => Reading::None,
        }
    }

    /// Fills every empty slot that the words name besides the open one. `asking`: where the words ask something; a day, sum or
    /// number there belongs to the question. Returns the bytes used.
    pub(in crate::turn) fn fill_ahead(
        &mut self,
        flow: &Arc<Flow>,
        run: &mut Run,
        words: &Words,
        open: Option<(StepIx, &[Range<usize>])>,
        asking: &[Range<usize>],
    ) -> Vec<Range<usize>> {
        let mut used: Vec<Range<usize>> = open.map(|(_, used)| used.to_vec()).unwrap_or_default();
        let before = used.len();
        let from = open.map(|(at, _)| at).or_else(|| flow.find(&run.step)).unwrap_or(StepIx(0));
        let mut expected = None;
        for slot in &flow.slots {
            let Some(at) = slot.step.filter(|at| open.is_none_or(|(open, _)| open != *at)) else { continue };
            let Action::Ask(ask) = &flow.step(at).action else { continue };
            // What was left empty on purpose is changed by a correction, which walks again.
            let given = run.slots.contains_key(&*ask.slot) || run.skipped.iter().any(|slot| **slot == *ask.slot);
            if !ask.ahead || given {
                continue;
            }
            let Reading::Value(value, range) = self.read_ahead(run, flow, at, ask, words, Certain::Strictly) else {
                continue;
            };
            let within =
                |ranges: &[Range<usize>]| ranges.iter().any(|other| other.start < range.end && range.start < other.end);
            let figure = matches!(ask.kind, Kind::Date(_) | Kind::Money { .. } | Kind::Number { .. });
            // A question of a side branch may never be put: nothing is meant for it yet.
            let expected = expected.get_or_insert_with(|| self.expected(flow, run, from));
            if within(&used) || (figure && within(asking)) || !expected[at.0] {
                continue;
            }
            self.noted.push(self.shown(flow, at, &value));
            self.fill(run, &ask.slot, value);
            used.push(range);
        }
        self.remark(flow, run, words, &used, asking);
        used.split_off(before)
    }

    fn is_skip(&self, run: &Run, ask: &Ask, words: &Words, intents: Intents) -> bool {
        if intents.has(Intent::Skip) {
            return true;
        }
        let Some(skip) = &ask.skip else { return false };
        let label = self.text(run, skip).text;
        let label = Words::of(&label);
        if label.text() == words.text() {
            return true;
        }
        let open_without = |taken: &dyn Fn(usize) -> bool| {
            let rest: Vec<&str> = words.said().filter(|(at, _)| !taken(*at)).map(|(_, word)| word.form).collect();
            Intents::of(&Words::of(&rest.join(" "))).has(Intent::Skip)
        };
        let holds = |words: &Words, stem: &str| words.said().any(|(_, word)| word.stem == stem);
        // «Idk, surprise me»: the label, and words that leave it open as well.
        let labelled = label.said().all(|(_, word)| holds(words, word.stem));
        // «Начинка любая»: what the question names is not news.
        let question = Words::of(&self.text(run, &ask.text).text);
        let mut named = words.said().map(|(at, _)| at).filter(|at| holds(&question, words.stem(*at)));
        labelled && open_without(&|at| holds(&label, words.stem(at)))
            || named.any(|at| open_without(&|other| other == at))
    }

    pub(super) fn read_choice(
        &self,
        flow: &Flow,
        at: StepIx,
        choices: &[Choice],
        words: &Words,
        attention: Attention,
    ) -> Reading {
        if zones::are(choices)
            && let Some(offset) = zones::from_moscow(words)
        {
            // «МСК+4» names Moscow and means Novosibirsk.
            let is_it = |choice: &&Choice| {
                choice.zone.as_ref().is_some_and(|zone| zone.to_offset(self.now).seconds() == offset)
            };
            let mut found = choices.iter().filter(is_it);
            return match (found.next(), found.next()) {
                (Some(one), None) => Reading::Value(Value::Choice(one.id.to_string()), whole(words)),
                _ => Reading::None,
            };
        }
        match choice::choose(words, self.book.options(flow, at), attention) {
            choice::Choice::One(n, range) => match choices.get(n) {
                Some(choice) => Reading::Value(Value::Choice(choice.id.to_string()), range),
                None => Reading::None,
            },
            choice::Choice::Several(options) => Reading::Several(options),
            choice::Choice::None if attention != Attention::Ahead => self.read_city(choices, words),
            choice::Choice::None => Reading::None,
        }
    }

    fn read_choices(
        &self,
        flow: &Flow,
        at: StepIx,
        choices: &[Choice],
        words: &Words,
        attention: Attention,
        given: Option<&Value>,
    ) -> Reading {
        let all = || choices.iter().map(|choice| choice.id.to_string());
        let id = |n: usize| choices.get(n).map(|choice| choice.id.to_string());
        let within = |named: &choice::Named| {
            let from = named.iter().map(|(_, range)| range.start).min().unwrap_or_default();
            from..named.iter().map(|(_, range)| range.end).max().unwrap_or_default()
        };
        let unclear = |range: Range<usize>| Reading::Bad(self.phrase(Phrase::BadChoices, &[]), range);
        let but = |named: &choice::Named, ids: &mut dyn Iterator<Item = String>| {
            let left = ids.filter(|one| !named.iter().any(|(n, _)| id(*n).as_ref() == Some(one)));
            let left: Vec<String> = left.collect();
            if left.is_empty() { unclear(within(named)) } else { Reading::Value(Value::List(left), within(named)) }
        };
        match (choice::choose_several(words, self.book.options(flow, at), attention), given) {
            // Ahead of its question «все» may mean anything.
            (choice::Several::All, given) if attention == Attention::Open || given.is_some() => {
                Reading::Value(Value::List(all().collect()), whole(words))
            }
            (choice::Several::These(named), _) => {
                Reading::Value(Value::List(named.iter().filter_map(|(n, _)| id(*n)).collect()), within(&named))
            }
            // Of what was answered already some is taken back.
            (choice::Several::Except(named) | choice::Several::Without(named), Some(Value::List(ids))) => {
                but(&named, &mut ids.iter().cloned())
            }
            (choice::Several::AllBut(named), Some(_)) => but(&named, &mut all()),
            (choice::Several::AllBut(named) | choice::Several::Except(named), None) if attention == Attention::Open => {
                but(&named, &mut all())
            }
            (choice::Several::Without(named), _) => unclear(within(&named)),
            (choice::Several::Unclear(range), _) => unclear(range),
            (
                choice::Several::All | choice::Several::AllBut(_) | choice::Several::Except(_) | choice::Several::None,
                _,
            ) => Reading::None,
        }
    }

    fn read_number(&self, flow: &Flow, at: StepIx, words: &Words, generously: Generously) -> Reading {
        let units = self.book.units(flow, at);
        let dates = dates::find(words, self.local());
        let free = |number: &Number| {
            let in_date = dates.iter().any(|date| {
                date.certainty == dates::Certainty::Sure
                    && date.range.start < number.range.end
                    && number.range.start < date.range.end
            });
            !in_date && number.money.is_none()
        };
        let mut numbers = numbers::find(words);
        numbers.retain(|number| free(number) && !is_denied(words, number));
        let counts = |number: &Number| number.counts(units);
        let is_bare = |number: &Number| number.unit.is_none() || units.is_empty();
        if generously == Generously::No || numbers.iter().any(counts) {
            numbers.retain(counts);
        } else if numbers.iter().any(is_bare) {
            numbers.retain(is_bare);
        }
        // «10-12 человек»: enough for the most of them.
        let most = |number: &Number| number.upto.unwrap_or(number.value);
        let range = match &numbers[..] {
            [] => return Reading::None,
            [only] => only.range.clone(),
            [first, ..] if numbers.iter().all(|number| most(number) == most(first)) => first.range.clone(),
            _ => whole(words),
        };
        let mut values: Vec<Decimal> = numbers.iter().map(most).collect();
        values.sort_unstable();
        one_or_which(values.into_iter().map(Value::Number).collect(), range)
    }

    /// One amount; of those that «или» joins it is asked which.
    fn read_money(&self, words: &Words, generously: Generously) -> Reading {
        let currency = self.book.spec.config.currency;
        let mut numbers = numbers::find(words);
        numbers.retain(|number| !is_denied(words, number));
        let signed = numbers.iter().position(|number| number.money.is_some());
        let at = match generously {
            Generously::Yes => signed.or_else(|| numbers.iter().position(|number| number.unit.is_none())),
            Generously::No => signed,
        };
        let Some(at) = at else { return Reading::None };
        // «500 или 1000 рублей»: the currency is said once.
        let joins = |one: &Number, next: &Number| {
            let amounts = [one, next].iter().all(|number| number.money.is_some() || number.unit.is_none());
            amounts && are_alternatives(words, one.places.end..next.places.start)
        };
        let from = (0..at).rev().take_while(|nth| joins(&numbers[*nth], &numbers[*nth + 1])).last().unwrap_or(at);
        let to =
            (at + 1..numbers.len()).take_while(|nth| joins(&numbers[*nth - 1], &numbers[*nth])).last().unwrap_or(at);
        let numbers = &numbers[from..=to];
        let most = numbers.iter().map(|number| number.upto.unwrap_or(number.value)).max().unwrap_or_default();
        let money = |number: &Number| {
            let mut number = number.clone();
            // «5 или 6 тысяч»: so are the thousands.
            if number.money.is_none() && number.value * Decimal::ONE_HUNDRED < most {
                number.value = number.value.checked_mul(Decimal::ONE_THOUSAND)?;
                number.upto = number.upto.and_then(|upto| upto.checked_mul(Decimal::ONE_THOUSAND));
            }
            number.upto_money(currency).or_else(|| number.to_money(currency)).map(Value::Money)
        };
        let range = numbers[0].range.start..numbers[numbers.len() - 1].range.end;
        one_or_which(numbers.iter().filter_map(money).collect(), range)
    }

    /// Any words answer a text question, but a question does not.
    fn read_text(&self, words: &Words, intents: Intents) -> Reading {
        if words.said().next().is_none() || intents.has(Intent::Question) {
            return Reading::None;
        }
        // Of several messages the last one answers, with all its lines; of a caption there is but one.
        let last = Some(self.said_last.as_str()).filter(|last| !last.is_empty() && self.heard.ends_with(last));
        let heard = last.or_else(|| self.heard.lines().next_back()).unwrap_or_default().trim();
        Reading::Value(Value::Text(heard.to_owned()), whole(words))
    }

    /// Checks what was read against the question's bounds.
    fn checked(&self, run: &Run, ask: &Ask, found: Reading) -> Reading {
        match found {
            Reading::Value(value, range) => match self.misfit(run, ask, &value) {
                Some(why) => Reading::Bad(why, range),
                None => Reading::Value(value, range),
            },
            Reading::Which(values, range) => {
                let misfit = values.first().and_then(|value| self.misfit(run, ask, value));
                let fitting = |value: &Value| self.misfit(run, ask, value).is_none();
                let fitting: Vec<Value> = values.into_iter().filter(fitting).collect();
                match misfit {
                    Some(why) if fitting.is_empty() => Reading::Bad(why, range),
                    _ => one_or_which(fitting, range),
                }
            }
            found => found,
        }
    }

    fn misfit(&self, run: &Run, ask: &Ask, value: &Value) -> Option<Rich> {
        match (&ask.kind, value) {
            (Kind::Number { min, max, whole, .. }, Value::Number(number)) => {
                if *whole && !number.is_integer() {
                    return Some(self.phrase(Phrase::BadNumber, &[]));
                }
                self.outside(run, min.as_ref(), max.as_ref(), value, (Phrase::TooLittle, Phrase::TooMuch))
            }
            (Kind::Money { min, max }, Value::Money(_)) => {
                self.outside(run, min.as_ref(), max.as_ref(), value, (Phrase::TooLittle, Phrase::TooMuch))
            }
            (Kind::Text { min, max, pattern }, Value::Text(text)) => {
                if pattern.as_ref().is_some_and(|pattern| !pattern.matches(text)) {
                    return Some(self.phrase(Phrase::BadText, &[]));
                }
                let length = Value::Number(Decimal::from(text.chars().count()));
                self.outside(run, min.as_ref(), max.as_ref(), &length, (Phrase::TooLittle, Phrase::TooMuch))
            }
            (Kind::Date(moments), Value::Date(date)) => {
                let open = self.book.spec.config.hours.open_on(*date);
                self.outside_moments(run, moments, value, open)
            }
            (Kind::DateTime(moments), Value::DateTime(at)) => {
                let open = self.book.spec.config.hours.open_at(at.date(), at.time());
                self.outside_moments(run, moments, value, open)
            }
            (Kind::Time(moments), Value::Time(_)) => self.outside_moments(run, moments, value, true),
            _ => None,
        }
    }

    fn outside_moments(&self, run: &Run, moments: &Moments, value: &Value, open: bool) -> Option<Rich> {
        if moments.only_open && !open {
            return Some(self.phrase(Phrase::ClosedThen, &[]));
        }
        self.outside(run, moments.from.as_ref(), moments.to.as_ref(), value, (Phrase::TooEarly, Phrase::TooLate))
    }

    fn outside(
        &self,
        run: &Run,
        min: Option<&Expr>,
        max: Option<&Expr>,
        value: &Value,
        say: (Phrase, Phrase),
    ) -> Option<Rich> {
        let bound =
            |expr: Option<&Expr>| expr.map(|expr| expr.eval(&self.scope_of(run))).filter(|bound| !bound.is_empty());
        let print = |bound: &Value| print::value(bound, self.lang, self.today());
        if let Some(min) = bound(min)
            && less(value, &min)
        {
            return Some(self.phrase(say.0, &[("min", print(&min))]));
        }
        if let Some(max) = bound(max)
            && less(&max, value)
        {
            return Some(self.phrase(say.1, &[("max", print(&max))]));
        }
        None
    }

    /// Whether a value that was kept still is an answer to the question.
    pub(in crate::turn) fn fits(&self, run: &Run, ask: &Ask, value: &Value) -> bool {
        let listed = |choices: &[Choice], id: &str| choices.iter().any(|choice| *choice.id == *id);
        let kind = match (&ask.kind, value) {
            (Kind::Choice(choices), Value::Choice(id)) => listed(choices, id),
            (Kind::Choices(choices), Value::List(ids)) => ids.iter().all(|id| listed(choices, id)),
            (Kind::Number { .. }, Value::Number(_))
            | (Kind::Money { .. }, Value::Money(_))
            | (Kind::Date(_), Value::Date(_))
            | (Kind::Time(_), Value::Time(_))
            | (Kind::DateTime(_), Value::DateTime(_))
            | (Kind::YesNo, Value::Bool(_))
            | (Kind::Text { .. } | Kind::Phone | Kind::Email | Kind::Location | Kind::Photo, Value::Text(_)) => true,
            _ => false,
        };
        kind && self.misfit(run, ask, value).is_none()
    }

    /// The value of an option by the hash that its button carries; `None` for examples, which are words.
    pub(in crate::turn) fn option_value(ask: &Ask, option: u32) -> Option<Value> {
        match &ask.kind {
            Kind::Choice(choices) => {
                let choice = choices.iter().find(|choice| token::hash(&choice.id) == option)?;
                Some(Value::Choice(choice.id.to_string()))
            }
            Kind::Choices(choices) => {
                let choice = choices.iter().find(|choice| token::hash(&choice.id) == option)?;
                Some(Value::List(vec![choice.id.to_string()]))
            }
            Kind::YesNo if option == token::hash("yes") => Some(Value::Bool(true)),
            Kind::YesNo if option == token::hash("no") => Some(Value::Bool(false)),
            _ => None,
        }
    }

    /// Buttons for values that are as good as typed.
    pub(in crate::turn) fn value_buttons(&self, flow: &Flow, at: StepIx, values: &[Value]) -> Vec<Button> {
        let step = token::hash(&flow.step(at).id.0);
        let run = self.snap.state.run.as_ref().map_or(0, |run| run.number);
        let button = |value: &Value| {
            let label = print::value(value, self.lang, self.today());
            let token = Token::Option { run, step, option: token::hash(&label) };
            Button { label, press: Press::Token { token: token.to_string() } }
        };
        values.iter().map(button).collect()
    }

    /// Buttons for some options of a choice.
    pub(in crate::turn) fn option_buttons(&self, flow: &Flow, at: StepIx, options: &[usize]) -> Vec<Button> {
        let step = flow.step(at);
        let Action::Ask(ask) = &step.action else { return Vec::new() };
        let (Kind::Choice(choices) | Kind::Choices(choices)) = &ask.kind else { return Vec::new() };
        let run = self.snap.state.run.as_ref().map_or(0, |run| run.number);
        let button = |choice: &Choice| {
            let token = Token::Option { run, step: token::hash(&step.id.0), option: token::hash(&choice.id) };
            Button { label: choice.label.get(self.lang).clone(), press: Press::Token { token: token.to_string() } }
        };
        options.iter().filter_map(|n| choices.get(*n)).map(button).collect()
    }
}

/// A single value is the answer; of several it is asked which. A long list answers nothing.
fn one_or_which(values: Vec<Value>, range: Range<usize>) -> Reading {
    let mut apart: Vec<Value> = Vec::new();
    for value in values {
        if !apart.contains(&value) {
            apart.push(value);
        }
    }
    match apart.len() {
        1 => Reading::Value(apart.remove(0), range),
        2..=WHICH_MAX => Reading::Which(apart, range),
        _ => Reading::None,
    }
}

/// «не 10, а 12».
fn is_denied(words: &Words, number: &Number) -> bool {
    number.places.start.checked_sub(1).is_some_and(|before| matches!(words.form(before), "не" | "not"))
}

/// Whether nothing but «или» stands here.
fn are_alternatives(words: &Words, places: Range<usize>) -> bool {
    let or = |form: &str| matches!(form, "или" | "либо" | "or");
    places.clone().any(|at| or(words.form(at)))
        && places.clone().all(|at| or(words.form(at)) || matches!(words.form(at), "," | "даже" | "может" | "за"))
}

/// How sure it is that words mean a slot that is not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::turn) enum Certain {
    /// Nothing says so but the words: only what can be meant for nothing else.
    Strictly,
    /// They correct something: a bare number may be it.
    Marked,
}

/// How much a reading may guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Generously {
    /// The question is open: a bare number is the answer.
    Yes,
    /// It is not: only what says itself what it is.
    No,
}

pub(super) fn whole(words: &Words) -> Range<usize> {
    words.source(0..words.len())
}

fn less(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a < b,
        (Value::Money(a), Value::Money(b)) => a.minor < b.minor,
        (Value::Date(a), Value::Date(b)) => a < b,
        (Value::Time(a), Value::Time(b)) => a < b,
        (Value::DateTime(a), Value::DateTime(b)) => a < b,
        (Value::DateTime(a), Value::Date(b)) => a.date() < *b,
        (Value::Date(a), Value::DateTime(b)) => *a < b.date(),
        _ => false,
    }
}
