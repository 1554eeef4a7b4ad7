//! Plays a scripted customer, line by line, and says at the first line that is not as expected what was expected, what came
//! instead, and what had been said until then.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{Span as Stretch, Timestamp, tz::TimeZone};
use serde::Deserialize;

use super::{Model, Search, Stage, Turned, labelled};
use crate::{
    capabilities::Capabilities,
    ids::FlowId,
    lang::print,
    message::{Bubble, ContactOf, Content, Event, MediaKind, Press, Profile},
    order::OrderState,
    ports::{Completion, Finish, ModelError, ToolCall, Usage},
    rows::NoticeRow,
    spec::{
        diagnostic::{Code, Diagnostic, Place},
        flow::StepId,
        script::{Expected, Graded, Line, Ordered, Script, Scripted, Slot, What, Who},
        value::{Period, Value},
    },
    turn::{HasModel, Owner, Playbook, Setting, Snapshot, Unreadable},
};

/// A step of a flow that was walked.
pub type Reached = (FlowId, StepId);

/// Longest part of what was said that a finding quotes, in characters.
const QUOTED_MAX: usize = 160;

/// What came of playing a script.
#[derive(Debug, Clone)]
pub struct Played {
    /// Z801, if a line was not as expected.
    pub failure: Option<Diagnostic>,
    /// What was said and done, a line each: `12:00 > …` by the customer, `12:00 < …` to them, `12:00 · …` else.
    pub transcript: Vec<String>,
    /// Steps of flows that were walked.
    pub reached: BTreeSet<Reached>,
}

/// Plays a script to its end, or to the first line that is not as expected.
pub fn play(script: &Script, playbook: &Arc<Playbook>, can: &Capabilities, search: Search) -> Played {
    let setting = Setting {
        playbook: Arc::clone(playbook),
        capabilities: Arc::new(can.clone()),
        model: HasModel::No,
        team: Arc::from([]),
        links: None,
        writer: None,
    };
    let zone = playbook.spec.config.zone.clone();
    let now = script.now.to_zoned(zone.clone()).map_or(Timestamp::UNIX_EPOCH, |now| now.timestamp());
    let mut stage = Stage::new(setting, script.visitor.account.clone(), now);
    stage.search_by(search);
    if !script.model.is_empty() {
        stage.model_by(model(script.model.clone()));
    }
    let mut player = Player {
        script,
        zone,
        stage,
        heard: Vec::new(),
        at: 0,
        said: Vec::new(),
        facts: Vec::new(),
        new_facts: 0,
        notices: Vec::new(),
        transcript: Vec::new(),
        reached: BTreeSet::new(),
    };
    let failure = player.play();
    let Player { transcript, reached, .. } = player;
    Played { failure, transcript, reached }
}

/// A model that says what is written, one answer after the other, and then does not answer any more.
fn model(said: Vec<Scripted>) -> Model {
    let mut said = said.into_iter();
    let mut calls = 0;
    Box::new(move |_| {
        let (text, calls) = match said.next() {
            Some(Scripted::Text(text)) => (text, Vec::new()),
            Some(Scripted::Call { name, with }) => {
                calls += 1;
                (String::new(), vec![ToolCall { id: format!("call-{calls}"), name, arguments: with }])
            }
            Some(Scripted::Fail) | None => return Err(ModelError::Unavailable("the script says no more".into())),
        };
        let finish = Finish::Stop;
        Ok(Completion { text, calls, finish, usage: Usage::default(), model: "script".into(), nearing: None })
    })
}

/// Something that was said.
struct Said {
    at: Timestamp,
    bubble: Bubble,
    /// Pages that the answer rests on.
    pages: Vec<String>,
}

struct Player<'a> {
    script: &'a Script,
    zone: TimeZone,
    stage: Stage,
    /// What was said since the last act.
    heard: Vec<Said>,
    /// How much of that an assertion has met already.
    at: usize,
    /// All that was said, for buttons of long ago.
    said: Vec<Bubble>,
    facts: Vec<String>,
    /// Facts before the last act.
    new_facts: usize,
    notices: Vec<NoticeRow>,
    transcript: Vec<String>,
    reached: BTreeSet<Reached>,
}

/// What a line wanted, and what it got: the words that the finding's text puts in.
struct Missed {
    place: Place,
    want: String,
    got: String,
}

impl From<Unreadable> for Missed {
    fn from(error: Unreadable) -> Self {
        Self { place: Place::new(&Arc::from(""), 0..0), want: "turn".to_owned(), got: error.to_string() }
    }
}

impl Player<'_> {
    fn play(&mut self) -> Option<Diagnostic> {
        let script = self.script;
        for (n, line) in script.lines.iter().enumerate() {
            let played = if line.what.acts() {
                // Silence may be what the script waits for: then it says so before the next act.
                let after = script.lines[n + 1..].iter().take_while(|line| !line.what.acts());
                let silent = after.clone().any(|line| matches!(line.what, What::Silent(true)));
                self.act(line).and_then(|()| self.always(line, silent))
            } else {
                self.assert(line)
            };
            if let Err(Missed { place, want, got }) = played {
                let place = if place.file.is_empty() { line.place.clone() } else { place };
                let args = vec![("want", want), ("got", got)];
                return Some(Diagnostic { place, code: Code::Z801, args, related: Vec::new() });
            }
        }
        None
    }

    fn clock(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%d.%m %H:%M").to_string()
    }

    fn note(&mut self, sign: char, text: &str) {
        let clock = self.clock(self.stage.now());
        self.transcript.push(format!("{clock} {sign} {}", in_a_line(text)));
    }

    // Acts.

    fn act(&mut self, line: &Line) -> Result<(), Missed> {
        (self.heard, self.at, self.new_facts) = (Vec::new(), 0, self.facts.len());
        match &line.what {
            What::Me(text) => {
                self.note('>', text);
                self.did(match text.strip_prefix('/') {
                    Some(command) => {
                        let (name, args) = command.split_once(' ').unwrap_or((command, ""));
                        Content::Command { name: name.to_lowercase(), args: args.to_owned() }
                    }
                    None => Content::Text { text: text.clone() },
                })
            }
            What::Press(label) => self.press(line, label),
            What::Contact(phone) => {
                self.note('>', phone);
                self.did(Content::Contact { phone: phone.clone(), name: None, whose: ContactOf::Sender })
            }
            What::Photo(file) => {
                self.note('>', file);
                self.did(Content::Media {
                    kind: MediaKind::Photo,
                    file: file.clone(),
                    caption: None,
                    name: None,
                    seconds: None,
                    to: None,
                })
            }
            What::Wait(period) => self.wait(*period),
            _ => Ok(()),
        }
    }

    fn did(&mut self, content: Content) -> Result<(), Missed> {
        let visitor = &self.script.visitor;
        let profile = Profile { name: visitor.name.clone(), language: visitor.lang.clone(), ..Profile::default() };
        let turned = self.stage.play(vec![Event::Customer { content, profile }])?;
        self.keep(turned);
        Ok(())
    }

    /// Presses the newest button with this label; without any, but with a numbered list, its label is as good as typed.
    fn press(&mut self, line: &Line, label: &str) -> Result<(), Missed> {
        self.note('>', &format!("[{label}]"));
        match labelled(&self.said, label).map(|button| button.press.clone()) {
            Some(Press::Token { token }) => self.did(Content::Button { token, label: Some(label.to_owned()) }),
            None if self.stage.setting.capabilities.buttons.is_none() => {
                self.did(Content::Text { text: label.to_owned() })
            }
            _ => {
                let shown = self.said.last().map(labels).unwrap_or_default();
                let got = if shown.is_empty() { "no buttons".to_owned() } else { format!("[{}]", shown.join("] [")) };
                Err(missed(line, format!("press: {label}"), got))
            }
        }
    }

    fn wait(&mut self, period: Period) -> Result<(), Missed> {
        let stretch = Stretch::new().days(period.days).minutes(period.minutes);
        let now = self.stage.now();
        let until = now.to_zoned(self.zone.clone()).checked_add(stretch).map_or(now, |until| until.timestamp());
        for turned in self.stage.wait_until(until)? {
            self.keep(turned);
        }
        let clock = self.clock(until);
        self.transcript.push(format!("{clock} ·"));
        Ok(())
    }

    fn keep(&mut self, turned: Turned) {
        let clock = self.clock(turned.at);
        let pages = pages(&turned);
        for bubble in turned.said() {
            let labels = labels(bubble);
            let buttons = if labels.is_empty() { String::new() } else { format!(" [{}]", labels.join("] [")) };
            let words = in_a_line(&words(bubble));
            self.transcript.push(format!("{clock} < {words}{buttons}"));
            self.said.push(bubble.clone());
            self.heard.push(Said { at: turned.at, bubble: bubble.clone(), pages: pages.clone() });
        }
        self.facts.extend(turned.commit.facts.iter().map(|fact| fact.name.clone()));
        self.notices.extend(turned.commit.notices);
        self.reached.extend(turned.trail);
    }

    /// What holds of every act: an answer to whoever writes, nothing unasked in the quiet hours, no values left out of texts.
    fn always(&self, line: &Line, silent: bool) -> Result<(), Missed> {
        let unasked = matches!(line.what, What::Wait(_));
        let config = &self.stage.setting.playbook.spec.config;
        let state = self.stage.snapshot()?;
        let theirs = state.customer.more.clock().unwrap_or_else(|| self.zone.clone());
        for said in &self.heard {
            let words = words(&said.bubble);
            if words.contains('{') {
                return Err(missed(line, "no braces".to_owned(), quoted(&words)));
            }
            let time = said.at.to_zoned(theirs.clone()).time();
            if unasked && config.quiet.holds(time) {
                return Err(missed(
                    line,
                    "quiet hours".to_owned(),
                    format!("{} {}", self.clock(said.at), quoted(&words)),
                ));
            }
        }
        let twice = (1..self.heard.len()).find(|n| {
            let (one, other) = (&self.heard[n - 1].bubble, &self.heard[*n].bubble);
            words(one) == words(other) && one.photo == other.photo
        });
        if let Some(n) = twice {
            return Err(missed(line, "one answer".to_owned(), quoted(&words(&self.heard[n].bubble))));
        }
        let mute = state.state.owner != Owner::Bot || state.customer.more.wish().is_nothing() || state.state.blocked;
        if !unasked && !silent && !mute && self.heard.is_empty() {
            return Err(missed(line, "an answer".to_owned(), "silence".to_owned()));
        }
        Ok(())
    }

    // Assertions.

    fn assert(&mut self, line: &Line) -> Result<(), Missed> {
        match &line.what {
            What::Bot(expected) => self.bot(line, expected),
            What::Silent(silent) => match (silent, self.heard.first()) {
                (true, Some(said)) => Err(missed(line, "silence".to_owned(), quoted(&words(&said.bubble)))),
                (false, None) => Err(missed(line, "an answer".to_owned(), "silence".to_owned())),
                _ => Ok(()),
            },
            What::Slots(slots) => {
                let snapshot = self.stage.snapshot()?;
                slots.iter().try_for_each(|slot| self.slot(slot, &snapshot))
            }
            What::Order(ordered) => self.order(line, ordered),
            What::Lead(graded) => self.lead(line, graded),
            What::Facts(facts) => facts.iter().try_for_each(|fact| {
                if self.facts.contains(fact) { Ok(()) } else { Err(missed(line, fact.clone(), self.list(0))) }
            }),
            What::Outcome(outcome) => self.outcome(line, outcome),
            What::Owner(who) => {
                let owner = self.stage.snapshot()?.state.owner;
                let is = if owner == Owner::Bot { Who::Bot } else { Who::Person };
                let name = |who: Who| if who == Who::Bot { "owner: bot" } else { "owner: person" };
                if is == *who { Ok(()) } else { Err(missed(line, name(*who).to_owned(), name(is).to_owned())) }
            }
            What::Notice(wanted) => wanted.iter().try_for_each(|part| {
                let part_folded = folded(part);
                let told = |notice: &NoticeRow| notice.about == *part || folded(&notice.text).contains(&part_folded);
                if self.notices.iter().any(told) {
                    return Ok(());
                }
                let got = self.notices.last().map_or_else(|| "silence".to_owned(), |notice| quoted(&notice.text));
                Err(missed(line, format!("notice: {part}"), got))
            }),
            _ => Ok(()),
        }
    }

    /// The next bubble that fits; what stands before it passes, unless nothing else may be said.
    fn bot(&mut self, line: &Line, expected: &Expected) -> Result<(), Missed> {
        let rest = &self.heard[self.at.min(self.heard.len())..];
        let mut nearest: Option<(usize, String, String)> = None;
        for (n, said) in rest.iter().enumerate() {
            match self.lacks(said, expected) {
                None if expected.only && self.heard.len() > 1 => {
                    let other = self.heard.iter().enumerate().find(|(at, _)| *at != self.at + n);
                    let other = other.map_or_else(String::new, |(_, other)| quoted(&words(&other.bubble)));
                    return Err(missed(line, "only: true".to_owned(), other));
                }
                None => {
                    self.at += n + 1;
                    return Ok(());
                }
                // Of several that do not fit the one which comes nearest is told.
                Some((met, want, got)) => {
                    if nearest.as_ref().is_none_or(|(before, ..)| met > *before) {
                        nearest = Some((met, want, got));
                    }
                }
            }
        }
        let (_, want, got) = nearest.unwrap_or_else(|| {
            let first = expected.has.first().or(expected.buttons.first()).or(expected.page.as_ref());
            let want = first.map_or_else(|| "an answer".to_owned(), |text| format!("«{text}»"));
            (0, want, "silence".to_owned())
        });
        Err(missed(line, want, got))
    }

    /// What a bubble lacks of what is expected: how much it has, what was wanted, and what there is.
    fn lacks(&self, said: &Said, expected: &Expected) -> Option<(usize, String, String)> {
        let all = words(&said.bubble);
        let text = folded(&all);
        let mut met = 0;
        for part in &expected.has {
            if !text.contains(&folded(part)) {
                return Some((met, format!("«{part}»"), quoted(&all)));
            }
            met += 1;
        }
        if let Some(part) = expected.not.iter().find(|part| text.contains(&folded(part))) {
            return Some((met, format!("not: {part}"), quoted(&all)));
        }
        let shown = labels(&said.bubble);
        let mut left = shown.iter().map(|label| folded(label));
        for button in &expected.buttons {
            if !left.any(|label| label == folded(button)) {
                let got = if shown.is_empty() { "no buttons".to_owned() } else { format!("[{}]", shown.join("] [")) };
                return Some((met, format!("[{button}]"), got));
            }
            met += 1;
        }
        if let Some(page) = &expected.page
            && !said.pages.contains(page)
        {
            let got = if said.pages.is_empty() { "no page".to_owned() } else { said.pages.join(", ") };
            return Some((met, page.clone(), got));
        }
        let time = said.at.to_zoned(self.zone.clone()).time();
        if let Some(between) = expected.between
            && !between.holds(time)
        {
            let hours = format!("{}-{}", between.from.strftime("%-H:%M"), between.until.strftime("%-H:%M"));
            return Some((met, hours, self.clock(said.at)));
        }
        None
    }

    fn slot(&self, slot: &Slot, snapshot: &Snapshot) -> Result<(), Missed> {
        let runs = snapshot.state.run.iter().chain(snapshot.state.stack.iter().rev());
        let open = runs.into_iter().find_map(|run| run.slots.get(&*slot.name));
        // Of a run that is over the last answers count; of one that is open those that it has not emptied.
        let asks = |run: &crate::turn::Run| {
            let flow = self.stage.setting.playbook.spec.flows.get(&run.flow);
            flow.is_some_and(|flow| flow.slot(&slot.name).is_some())
        };
        let own = snapshot.state.run.as_ref().is_some_and(asks);
        let last = snapshot.customer.more.answers.get(&*slot.name).filter(|_| !own);
        let value = open.or(last).cloned().unwrap_or(Value::Empty);
        if same(&value, &slot.value) {
            return Ok(());
        }
        let want = if slot.text.is_empty() { "nothing".to_owned() } else { format!("{} = {}", slot.name, slot.text) };
        let today = self.stage.now().to_zoned(self.zone.clone()).date();
        let lang = self.stage.setting.playbook.spec.config.languages.first().copied().unwrap_or_default();
        let got = match &value {
            Value::Empty => "nothing".to_owned(),
            Value::Choice(id) => id.clone(),
            Value::Date(date) => date.to_string(),
            other => print::value(other, lang, today),
        };
        Err(Missed { place: slot.place.clone(), want, got })
    }

    fn order(&self, line: &Line, ordered: &Ordered) -> Result<(), Missed> {
        let orders = self.stage.snapshot()?.orders;
        let last = orders.iter().rev().find(|order| order.state != OrderState::Draft);
        let Some(order) = last else { return Err(missed(line, "an order".to_owned(), "nothing".to_owned())) };
        if let Some(total) = ordered.total.filter(|total| *total != order.total) {
            let print = |money| print::money(money, crate::lang::Lang::default());
            return Err(missed(line, print(total), print(order.total)));
        }
        if let Some(due) = ordered.due.filter(|due| Some(*due) != order.due) {
            let got = order.due.map_or_else(|| "nothing".to_owned(), |due| due.to_string());
            return Err(missed(line, format!("due: {due}"), got));
        }
        if let Some(status) = ordered.status.filter(|status| *status != order.state) {
            return Err(missed(line, format!("status: {}", status.name()), order.state.name().to_owned()));
        }
        Ok(())
    }

    fn lead(&self, line: &Line, graded: &Graded) -> Result<(), Missed> {
        let lead = self.stage.snapshot()?.lead;
        let why = || lead.why.join(", ");
        if let Some(want) = graded.temperature.filter(|want| *want != lead.temperature) {
            let got = format!("{} ({}: {})", lead.temperature.name(), lead.score, why());
            return Err(missed(line, format!("temperature: {}", want.name()), got));
        }
        if let Some((low, high)) = graded.score.filter(|(low, high)| !(*low..=*high).contains(&lead.score)) {
            return Err(missed(line, format!("score: {low}..{high}"), format!("{} ({})", lead.score, why())));
        }
        // Nobody has moved them yet: they stand at the first one.
        let first = self.stage.setting.playbook.spec.config.stages.first().map(ToString::to_string);
        let is = Some(lead.stage).filter(|stage| !stage.is_empty()).or(first).unwrap_or_default();
        if let Some(stage) = graded.stage.as_ref().filter(|stage| **stage != is) {
            return Err(missed(line, format!("stage: {stage}"), is));
        }
        if let Some(segment) = graded.segment.as_ref().filter(|segment| Some(*segment) != lead.segment.as_ref()) {
            return Err(missed(line, format!("segment: {segment}"), lead.segment.unwrap_or_default()));
        }
        Ok(())
    }

    fn outcome(&self, line: &Line, outcome: &str) -> Result<(), Missed> {
        let ended = |fact: &&String| fact.starts_with("flow.") || fact.starts_with("sequence.");
        let mut now = self.facts[self.new_facts..].iter().filter(ended);
        if now.clone().any(|fact| fact.rsplit('.').next() == Some(outcome)) {
            return Ok(());
        }
        let last = now.rfind(|fact| !fact.ends_with(".started"));
        let open = self.stage.snapshot()?.state.run.map(|run| format!("flow {}, step {}", run.flow, run.step));
        let got = last.cloned().or(open).unwrap_or_else(|| "nothing".to_owned());
        Err(missed(line, format!("outcome: {outcome}"), got))
    }

    fn list(&self, from: usize) -> String {
        let mut facts: Vec<&str> = self.facts[from..].iter().map(String::as_str).collect();
        facts.sort_unstable();
        facts.dedup();
        if facts.is_empty() { "nothing".to_owned() } else { facts.join(", ") }
    }
}

fn missed(line: &Line, want: String, got: String) -> Missed {
    Missed { place: line.place.clone(), want, got }
}

/// What a value is, whatever it is called: ids of products are texts, and so are choices in other flows.
fn same(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Text(a) | Value::Choice(a), Value::Text(b) | Value::Choice(b)) => a == b,
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().all(|item| b.contains(item)),
        (a, b) => a == b,
    }
}

/// All words of a bubble: its text, its cards with their prices.
fn words(bubble: &Bubble) -> String {
    let mut words = bubble.text.text.clone();
    for card in &bubble.cards {
        words.extend(["\n• ", &card.title, " ", card.price.as_deref().unwrap_or_default()]);
    }
    words
}

/// All buttons and cards of a bubble, in order.
fn labels(bubble: &Bubble) -> Vec<String> {
    let cards = bubble.cards.iter().map(|card| card.title.clone());
    cards.chain(bubble.rows.iter().flatten().map(|button| button.label.clone())).collect()
}

/// Text for comparing: no matter how letters and spaces are set, and whether thousands are set apart.
pub(super) fn folded(text: &str) -> String {
    let spaced = text.replace(['\u{a0}', '\u{202f}', '\u{2009}'], " ").to_lowercase().replace('ё', "е");
    let words = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let letters: Vec<char> = words.chars().collect();
    let digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    let group = |at: usize| (1..=3).all(|n| digit(at + n)) && !digit(at + 4);
    let apart = |at: usize| letters[at] == ' ' && at > 0 && digit(at - 1) && group(at);
    (0..letters.len()).filter(|at| !apart(*at)).map(|at| letters[at]).collect()
}

fn in_a_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ")
}

fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(QUOTED_MAX).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    format!("«{short}»")
}

/// Pages that a turn's answer rests on, as it is stored.
fn pages(turned: &Turned) -> Vec<String> {
    #[derive(Deserialize)]
    struct Basis {
        #[serde(default)]
        pages: Vec<String>,
    }
    let stored = turned.commit.messages.iter().filter_map(|row| row.basis.as_deref());
    stored.filter_map(|basis| serde_json::from_str::<Basis>(basis).ok()).flat_map(|basis| basis.pages).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_however_they_are_set() {
        assert_eq!(folded("4\u{a0}200\u{a0}₽"), folded("4200 ₽"));
        assert_eq!(folded("Ещё  раз\nда"), "еще раз да");
        assert_eq!(folded("в 2026 году 12 345 678 и 5 12"), "в 2026 году 12345678 и 5 12");
        assert_eq!(folded("дом 5 200 г"), "дом 5200 г");
        assert!(quoted(&"а".repeat(500)).chars().count() < 170);
    }
}
