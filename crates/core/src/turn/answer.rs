//! Questions that flow and files alone did not answer: the catalogue is asked and passages are searched, a model words the
//! answer and calls tools, the guard checks it. Each failure makes the answer plainer, never the conversation worse: model →
//! catalogue and passages → a person.

mod basis;
mod follow_up;
mod frequent;
mod plain;

use std::{collections::VecDeque, sync::Arc};

use self::basis::{Basis, Called, Worded};
use super::{
    Answer, FrequentKey, HasModel, Question, Seen, Step, Turn,
    assortment::{Found, Wish},
    desk,
    prompt::{self, PROMPT_VERSION},
    tools::Effect,
    understand::{SUBJECT_WORDS_MIN, pieces},
    work::{Pending, PendingKind, Progress, Work},
};
use crate::{
    fact::Fact,
    guard::{self, Blocked, Claim, Evidence},
    lang::{
        choice,
        intent::{Intent, Intents},
        normal::Words,
    },
    ports::{ChatMessage, Completion, Finish, ModelError, Passage, Prompt},
    rows::Mail,
    spec::{flow::Action, rich::Rich, texts::Phrase},
};

/// Passages that a question is answered from.
const PASSAGES_MAX: usize = 6;
/// Fewest pieces of a list that are asked by themselves though a page answers the whole.
const LIST_PIECES_MIN: usize = 3;
/// Rounds of tool calls in a turn.
const ROUNDS_MAX: u8 = 4;
/// Tool calls that one completion may make.
const CALLS_MAX: usize = 4;

/// What an unfinished turn waits for.
#[derive(Debug)]
pub(super) enum Answering {
    /// Passages, for the first question that has none yet.
    Searching(Pending, Vec<Ground>),
    /// A completion.
    Completing(Box<Talk>),
    /// What a member of the team looks at.
    AtDesk(Box<desk::Errand>, VecDeque<Mail>),
    /// Who else may be meant; nothing is decided yet.
    Seeking,
}

/// What is known about one question.
#[derive(Debug)]
pub(super) struct Ground {
    /// The question, with what it follows up.
    pub(super) question: String,
    /// What the catalogue says, where it is asked.
    pub(super) found: Option<(Wish, Found)>,
    /// What the pages say.
    pub(super) passages: Vec<Passage>,
    /// Least score of a passage that an answer may rest on alone; `None`: the words are about nothing that pages tell of.
    least: Option<f32>,
    /// How many of the grounds that follow are about pieces of this question.
    pieces: usize,
}

impl Ground {
    /// The passages that an answer may rest on alone.
    fn sure(&self) -> impl Iterator<Item = &Passage> {
        self.passages.iter().filter(|passage| self.least.is_some_and(|least| passage.score >= least))
    }

    /// The pieces of a question that nothing answers as a whole, or of a long list that a page may answer in part: they are
    /// asked after it, each by itself.
    fn asked_apart(&mut self) -> Vec<String> {
        let followed_up = self.question.contains('\n');
        let mut pieces = if followed_up || self.is_for_catalogue() { Vec::new() } else { pieces(&self.question) };
        if self.is_known() && pieces.len() < LIST_PIECES_MIN {
            pieces.clear();
        }
        self.pieces = pieces.len();
        pieces
    }

    fn is_known(&self) -> bool {
        self.sure().next().is_some() || self.is_for_catalogue()
    }

    fn is_for_catalogue(&self) -> bool {
        self.found.as_ref().is_some_and(|(wish, _)| wish.comes_first())
    }
}

/// A talk with a model.
#[derive(Debug)]
pub(super) struct Talk {
    pending: Pending,
    grounds: Vec<Ground>,
    evidence: Arc<Evidence>,
    prompt: Arc<Prompt>,
    rounds: u8,
    asked_again: bool,
    calls: Vec<Called>,
    /// The name of the question, as long as its answer may be another's too.
    frequent: Option<FrequentKey>,
}

pub(super) fn start(mut work: Box<Work>) -> Step {
    match work.pending.take().filter(|_| work.bot_owns()) {
        Some(mut pending) => {
            work.follow_up(&mut pending);
            search(work, pending, Vec::new())
        }
        None => Step::Done(Box::new(work.finish())),
    }
}

/// Asks what the pages say about the next question; once all were asked, answers.
fn search(work: Box<Work>, pending: Pending, grounds: Vec<Ground>) -> Step {
    let Some(next) = pending.questions.get(grounds.len()) else { return answer(work, pending, grounds) };
    let query = work.masked(next).into_owned();
    let turn = Turn { work, answering: Answering::Searching(pending, grounds) };
    Step::Ask(turn, Question::Search { query, top: PASSAGES_MAX })
}

fn answer(mut work: Box<Work>, pending: Pending, grounds: Vec<Ground>) -> Step {
    let grounds = settled(grounds);
    work.remember_shown(&grounds);
    if pending.is_aside() && !grounds.iter().any(Ground::is_known) {
        return Step::Done(Box::new(work.finish()));
    }
    if work.setting.model == HasModel::No {
        work.answer_plainly(&pending, &grounds);
        return Step::Done(Box::new(work.finish()));
    }
    let frequent = work.frequent(&pending, &grounds);
    let present = if frequent.is_some() { work.date() } else { work.present_facts() };
    let evidence = Arc::new(work.evidence(&grounds, &present));
    let dialogue = if frequent.is_some() { prompt::alone(&grounds) } else { work.dialogue() };
    let prompt = Arc::new(work.prompt(&grounds, &present, dialogue));
    let talk = Talk { pending, grounds, evidence, prompt, rounds: 0, asked_again: false, calls: Vec::new(), frequent };
    ask(work, talk)
}

/// Of a question and its pieces, the pieces if any of them is known, else the question.
fn settled(grounds: Vec<Ground>) -> Vec<Ground> {
    let mut settled = Vec::with_capacity(grounds.len());
    let mut rest = grounds.into_iter();
    while let Some(whole) = rest.next() {
        let pieces: Vec<Ground> = rest.by_ref().take(whole.pieces).collect();
        let known = pieces.iter().filter(|piece| piece.is_known()).count();
        if known > usize::from(whole.is_known()) {
            settled.extend(pieces);
        } else {
            settled.push(whole);
        }
    }
    settled
}

pub(super) fn go_on(turn: Turn, answer: Answer) -> Step {
    let Turn { mut work, answering } = turn;
    match (answering, answer) {
        (Answering::Searching(mut pending, mut grounds), answer) => {
            let passages = match answer {
                Answer::Passages(passages) => passages,
                Answer::Completion(_) | Answer::Seen(_) => Vec::new(),
            };
            let question = pending.questions.get(grounds.len()).cloned().unwrap_or_default();
            let mut ground = work.ground(pending.kind, question, passages);
            let next = grounds.len() + 1;
            pending.questions.splice(next..next, ground.asked_apart());
            grounds.push(ground);
            search(work, pending, grounds)
        }
        (Answering::Completing(talk), Answer::Completion(Ok(completion))) => work.completed(*talk, completion),
        (Answering::Completing(talk), Answer::Completion(Err(error))) => {
            work.model_failed(&error);
            work.answer_plainly(&talk.pending, &talk.grounds);
            Step::Done(Box::new(work.finish()))
        }
        (Answering::Completing(talk), Answer::Passages(_) | Answer::Seen(_)) => {
            work.answer_plainly(&talk.pending, &talk.grounds);
            Step::Done(Box::new(work.finish()))
        }
        (Answering::Seeking, answer) => {
            if let Answer::Seen(Some(Seen::People(found))) = answer {
                work.namesakes = found;
            }
            work.take_events();
            start(work)
        }
        (Answering::AtDesk(errand, rest), answer) => {
            let seen = match answer {
                Answer::Seen(seen) => seen,
                Answer::Passages(_) | Answer::Completion(_) => None,
            };
            desk::go_on(work, *errand, seen, rest)
        }
    }
}

fn ask(work: Box<Work>, talk: Talk) -> Step {
    let question = Question::Complete {
        prompt: Arc::clone(&talk.prompt),
        evidence: Arc::clone(&talk.evidence),
        frequent: talk.frequent,
    };
    Step::Ask(Turn { work, answering: Answering::Completing(Box::new(talk)) }, question)
}

impl Work {
    fn completed(mut self: Box<Self>, mut talk: Talk, completion: Completion) -> Step {
        self.fact(Fact::ModelUsed {
            model: completion.model.clone(),
            input: completion.usage.input,
            output: completion.usage.output,
            prompt: PROMPT_VERSION.to_owned(),
        });
        if let Some(term) = completion.nearing {
            self.note_nearly_spent(term);
        }
        if !completion.calls.is_empty() && talk.rounds < ROUNDS_MAX {
            return self.called(talk, completion);
        }
        let blocked = guard::check(&completion.text, &talk.evidence);
        let betrayed = blocked.iter().any(|one| one.claim == Claim::Secret);
        if betrayed {
            self.note_blocked(&blocked);
        }
        let recited = betrayed || self.book.preamble(self.lang).is_recited(&completion.text);
        if completion.text.trim().is_empty() || completion.finish == Finish::Filtered || recited {
            self.answer_plainly(&talk.pending, &talk.grounds);
            return Step::Done(Box::new(self.finish()));
        }
        if blocked.is_empty() {
            if let Some(key) = talk.frequent.filter(|_| self.holds_for_others(&completion.text)) {
                self.frequent = Some((key, completion.text.clone()));
            }
            self.answer_with(&talk, &completion.text);
            return Step::Done(Box::new(self.finish()));
        }
        self.note_blocked(&blocked);
        if talk.asked_again {
            self.answer_plainly(&talk.pending, &talk.grounds);
            return Step::Done(Box::new(self.finish()));
        }
        talk.asked_again = true;
        talk.frequent = None;
        let messages = &mut Arc::make_mut(&mut talk.prompt).messages;
        messages.push(ChatMessage::Assistant { text: completion.text, calls: Vec::new() });
        messages.push(ChatMessage::User { text: prompt::correction(&blocked) });
        ask(self, talk)
    }

    /// The model called tools: each wish is decided by the domain, and the model hears what came of it.
    fn called(mut self: Box<Self>, mut talk: Talk, completion: Completion) -> Step {
        talk.rounds += 1;
        talk.frequent = None;
        let mut spoke = false;
        let mut results = Vec::new();
        for (n, call) in completion.calls.iter().enumerate() {
            let result = if n < CALLS_MAX && !spoke {
                talk.calls.push(Called::of(call));
                match self.apply_tool(call) {
                    Effect::Told(result) => result,
                    Effect::Spoke(result) => {
                        spoke = true;
                        result
                    }
                }
            } else {
                "not done: too many calls".to_owned()
            };
            results.push(ChatMessage::Tool { call: call.id.clone(), name: call.name.clone(), content: result });
        }
        if spoke || !self.bot_owns() {
            let lead_in = guard::check(&completion.text, &talk.evidence).is_empty()
                && !self.book.preamble(self.lang).is_recited(&completion.text)
                && !completion.text.trim().is_empty();
            if lead_in && self.bot_owns() {
                let rest = self.reply.take();
                self.reply.say(&Rich::from_markdown(&completion.text));
                self.reply.append(rest);
            }
            self.set_basis(&talk, Worded::Model);
            return Step::Done(Box::new(self.finish()));
        }
        // What the tools told is the domain's word: it may be said.
        let mut evidence = self.evidence(&talk.grounds, &self.present_facts());
        for result in &results {
            if let ChatMessage::Tool { content, .. } = result {
                evidence.text(content);
            }
        }
        talk.evidence = Arc::new(evidence);
        let messages = &mut Arc::make_mut(&mut talk.prompt).messages;
        messages.push(ChatMessage::Assistant { text: completion.text, calls: completion.calls });
        messages.extend(results);
        ask(self, talk)
    }

    fn ground(&self, kind: PendingKind, question: String, passages: Vec<Passage>) -> Ground {
        let least = self.least_score(kind, &question);
        Ground { found: self.found(&question), question, passages, least, pieces: 0 }
    }

    fn evidence(&self, grounds: &[Ground], present: &str) -> Evidence {
        let mut evidence = Evidence::over(Arc::clone(&self.book.stated));
        evidence.secret(self.book.preamble(self.lang).canary());
        for passage in grounds.iter().flat_map(|ground| &ground.passages) {
            evidence.source(
                self.book.shelf.source(&[&passage.title, ". ", &passage.heading, ". ", &passage.text].concat()),
            );
        }
        for (_, found) in grounds.iter().filter_map(|ground| ground.found.as_ref()) {
            evidence.text(&self.list_for_model(found));
        }
        evidence.text(present);
        for order in &self.snap.orders {
            evidence.order(order);
        }
        evidence.cart(&self.snap.state.cart);
        evidence.day(self.today());
        let own = self.snap.history.iter().filter(|row| row.author == crate::rows::Author::Customer);
        for row in own {
            evidence.heard(&row.text);
        }
        evidence.heard(&self.heard);
        evidence
    }

    /// How sure a passage must be. What asks nothing is an answer before it is a wish to read: «второй», «не дам».
    fn least_score(&self, kind: PendingKind, words: &str) -> Option<f32> {
        let words = Words::of(words);
        if kind == PendingKind::Question || Intents::of(&words).has(Intent::Complaint) {
            return Some(Passage::SURE);
        }
        if choice::only_answers(&words) {
            return None;
        }
        let short = self.book.words_beside_starts(&words) < SUBJECT_WORDS_MIN;
        let waits =
            short && self.open_step().is_some_and(|(flow, at)| !matches!(flow.step(at).action, Action::Talk(_)));
        Some(if waits { Passage::CERTAIN } else { Passage::SURE })
    }

    fn note_blocked(&mut self, blocked: &[Blocked]) {
        for one in blocked {
            self.fact(Fact::AnswerBlocked { claim: one.claim.name().to_owned() });
        }
    }

    fn model_failed(&mut self, error: &ModelError) {
        if let ModelError::Spent { news: Some(term) } = error {
            self.note_spent(*term);
        }
        self.basis = Some(serde_json::json!({ "model_failed": error.to_string() }).to_string());
    }

    fn set_basis(&mut self, talk: &Talk, worded: Worded) {
        self.basis = Some(Basis::of(&talk.grounds, worded, Some(PROMPT_VERSION), &talk.calls, &self.book).json());
    }

    fn answer_with(&mut self, talk: &Talk, text: &str) {
        self.set_basis(talk, Worded::Model);
        self.snap.state.misses = 0;
        let mut answer = super::reply::Reply::default();
        answer.say(&Rich::from_markdown(text));
        self.put_answer(answer, talk.pending.progress);
    }

    /// The answer first, then what the flow says next, or its open question once more.
    fn put_answer(&mut self, answer: super::reply::Reply, progress: Progress) {
        let rest = self.reply.take();
        self.reply.append(answer);
        self.reply.append(rest);
        if progress == Progress::Made {
            return;
        }
        let at_talk = self.open_step().is_some_and(|(flow, at)| matches!(flow.step(at).action, Action::Talk(_)));
        if at_talk { self.talked() } else { self.return_to_question() }
    }

    /// What a flow began with stands above the answer to what was asked with it.
    pub(super) fn put_greeting_first(&mut self) {
        let rest = std::mem::take(&mut self.reply);
        self.reply = self.greeting.take();
        self.reply.append(rest);
    }

    /// One more answer within a `talk`: it ends when its condition holds or enough was said.
    fn talked(&mut self) {
        let Some((flow, at)) = self.open_step() else { return };
        let Action::Talk(talk) = &flow.step(at).action else { return };
        let Some(run) = &mut self.snap.state.run else { return };
        run.talked += 1;
        let enough = run.talked >= talk.max;
        let until =
            self.snap.state.run.as_ref().is_some_and(|run| talk.until.as_ref().is_some_and(|u| self.is_true(run, u)));
        if (enough || until)
            && let Some(run) = self.snap.state.run.take()
        {
            self.walk(run, flow.step(at).next, super::flow::Arrival::InOrder, &[]);
        }
    }
}
