//! The team's desk: what a member of the partner's team does in their own chat with the bot. Such a chat is no lead: it has no
//! flow, no score and no sequence, and its words are kept nowhere. What concerns a customer goes by mail to their conversation
//! (decision 18), and what came of it comes back by mail and is said here.

mod asked;
mod buttons;
mod lists;
mod reports;
mod settings;
mod token;
mod training;
mod wording;

use std::collections::{BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

pub(super) use self::{
    buttons::{of_card, of_talk},
    token::{DeskToken, Own, Verb, seal},
    wording::Say,
};
use self::{
    lists::Listing,
    reports::{Report, Span},
};
use super::{
    DeskPlace, Question, Step, Turn,
    answer::Answering,
    files::{self, Sent},
    state::{Owner, Presence, Snapshot, State},
    token::hash,
    work::Work,
};
use crate::{
    drawing::Photo,
    fact::Fact,
    ids::{AccountId, ConversationId, PartnerId},
    lang::normal::Words,
    lead::Lead,
    message::{
        Content, ConversationKey, Deed, DeliveryFate, Done, Event, Inbound, KeptFile, Peer, Seat, TEXT_CHARS_MAX, Talk,
        Timer,
    },
    ports::{KnownBy, LeadCard, LeadFilter, Loaded, Page, QuestionCard},
    rows::{Author, IdentityRow, Mail, Withdraw},
    spec::{
        adjust::{Adjustment, Signature},
        config::Right,
        rich::Rich,
    },
    tally::{Counted, Tally},
};

/// How long what a member writes goes to the customer, counted from what they did last.
const WRITING: SignedDuration = SignedDuration::from_mins(10);
/// How long a customer is put off by a press.
const SNOOZE: SignedDuration = SignedDuration::from_hours(1);
/// Messages of a conversation that a member is shown.
const HISTORY_SHOWN: usize = 10;
/// Of each, in characters.
const LINE_CHARS_MAX: usize = 300;

/// What a member of the team is about, in their own chat.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Desk {
    /// The customer whom they write to.
    #[serde(skip_serializing_if = "Option::is_none")]
    writing: Option<Writing>,
    /// The list of leads that they look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    listing: Option<Listing>,
    /// Hours that they typed, as they were understood, until they are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<String>,
    /// Lists so far.
    listings: u32,
    /// Sources that they were offered to choose from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<String>,
    /// Lessons that they have learnt: topic and lesson.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    learnt: BTreeSet<String>,
}

/// What a member writes goes to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Writing {
    with: Addressee,
    until: Timestamp,
}

/// Where a customer is written to. What they are called is looked up when it is told: whoever is forgotten must not be named by
/// what a member was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Addressee {
    account: AccountId,
    peer: Peer,
}

impl Addressee {
    fn of(with: Talk) -> Self {
        Self { account: with.account, peer: with.peer }
    }

    fn key(&self, partner: &PartnerId) -> ConversationKey {
        ConversationKey::of(partner, &self.account, &self.peer)
    }
}

/// What a member of the team wants to see.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// A conversation of the partner, as its last turn left it.
    Conversation(ConversationId),
    /// Leads, hottest first.
    Leads(LeadFilter, Page),
    /// Customers who are known by one of these, and all who are one person with them, in all their conversations.
    People(Vec<KnownBy>),
    /// What was counted.
    Report {
        /// Of these kinds.
        of: &'static [Counted],
        /// From this day on.
        since: Date,
        /// To this day.
        until: Date,
    },
    /// The addresses of the partner's bots, with what tells where somebody came from.
    Links {
        /// That; empty: nothing.
        source: String,
    },
    /// The latest questions without an answer.
    Unanswered {
        /// Since then.
        since: Timestamp,
        /// So many at most.
        limit: usize,
    },
    /// Nothing: this is to be set, by whom.
    Adjust(Adjustment, Signature),
}

/// What is seen of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// The conversation; `None`: there is none.
    Conversation(Option<Box<Loaded>>),
    /// Leads.
    Leads(Vec<LeadCard>),
    /// Customers.
    People(Vec<IdentityRow>),
    /// What was counted.
    Report(Vec<Tally>),
    /// Addresses, of the bots that have one.
    Links(Vec<String>),
    /// Questions.
    Unanswered(Vec<QuestionCard>),
    /// It is set.
    Adjusted,
}

/// What a member wants of what they look at.
#[derive(Debug)]
pub(super) enum Errand {
    /// Something with the customer of a conversation.
    With(ConversationId, Wish),
    /// To see who it is.
    Open(ConversationId),
    /// The same, with the conversation: now who they may be besides.
    Card(Box<Snapshot>),
    /// A list of leads.
    Leads(Listing),
    /// Where leads came from, to choose from.
    Sources,
    /// Links to the bots, for a campaign.
    Links(String),
    /// Figures.
    Report(Report, Span),
    /// The same, with what was counted already: now the questions.
    Questions(Span, Vec<Tally>),
    /// A setting.
    Adjust(Adjustment),
}

/// What a member wants with a customer.
#[derive(Debug)]
pub(super) enum Wish {
    /// To have this done.
    Deed(Deed),
    /// To see what was said.
    History,
    /// To choose who takes them.
    Assignee,
    /// To write to them no more.
    Leave,
    /// To hear that what was written came too late.
    TooLate,
}

pub(super) fn begin(mut work: Box<Work>) -> Step {
    work.sit_down();
    let mail = work.take_mail().into();
    next(work, mail)
}

pub(super) fn go_on(mut work: Box<Work>, errand: Errand, seen: Option<Seen>, rest: VecDeque<Mail>) -> Step {
    match (errand, seen) {
        (Errand::Open(lead), Some(Seen::Conversation(Some(loaded)))) => match work.opened(lead, &loaded) {
            Some(card) if card.state.same_as.is_empty() => work.show_card(*card, Vec::new()),
            Some(card) => return look(work, Errand::Card(card), rest),
            None => {}
        },
        (Errand::Card(card), Some(Seen::People(found))) => work.show_card(*card, found),
        // The card says less of them.
        (Errand::Card(card), _) => work.show_card(*card, Vec::new()),
        (Errand::With(lead, wish), Some(Seen::Conversation(Some(loaded)))) => work.run_errand(lead, wish, &loaded),
        (Errand::With(..) | Errand::Open(_), Some(Seen::Conversation(None))) => work.tell(Say::Gone),
        (Errand::Leads(listing), Some(Seen::Leads(leads))) => work.show_leads(listing, leads),
        (Errand::Links(source), Some(Seen::Links(links))) => work.show_links(&source, &links),
        (Errand::Sources, Some(Seen::Report(tallies))) => work.show_sources(&tallies),
        (Errand::Report(Report::Top, span), Some(Seen::Report(tallies))) => {
            return look(work, Errand::Questions(span, tallies), rest);
        }
        (Errand::Report(report, span), Some(Seen::Report(tallies))) => work.show_report(report, span, &tallies, &[]),
        (Errand::Questions(span, tallies), seen) => {
            let questions = match seen {
                Some(Seen::Unanswered(questions)) => questions,
                _ => Vec::new(),
            };
            work.show_report(Report::Top, span, &tallies, &questions);
        }
        (Errand::Adjust(adjustment), Some(Seen::Adjusted)) => work.tell_of_setting(adjustment),
        // Nobody at the desk has asked.
        (Errand::With(_, Wish::Deed(Deed::Unreached)), _) => {}
        // The store does not tell, or something else than was asked.
        (
            Errand::With(..)
            | Errand::Open(_)
            | Errand::Leads(_)
            | Errand::Sources
            | Errand::Links(_)
            | Errand::Report(..)
            | Errand::Adjust(_),
            _,
        ) => work.tell(Say::NotNow),
    }
    next(work, rest)
}

fn look(work: Box<Work>, errand: Errand, rest: VecDeque<Mail>) -> Step {
    let look = match &errand {
        Errand::With(lead, _) | Errand::Open(lead) => Look::Conversation(*lead),
        Errand::Card(card) => Look::People(card.state.same_as.iter().copied().map(KnownBy::Id).collect()),
        Errand::Leads(listing) => work.look_at_leads(listing),
        Errand::Sources => {
            Look::Report { of: &[Counted::Came], since: work.days_ago(lists::SOURCES_DAYS), until: work.today() }
        }
        Errand::Report(report, span) => work.look_at_report(*report, *span),
        Errand::Links(source) => Look::Links { source: source.clone() },
        Errand::Questions(span, _) => work.look_at_questions(*span),
        Errand::Adjust(adjustment) => Look::Adjust(adjustment.clone(), work.signature()),
    };
    Step::Ask(Turn { work, answering: Answering::AtDesk(Box::new(errand), rest) }, Question::Look(Box::new(look)))
}

fn next(mut work: Box<Work>, mut rest: VecDeque<Mail>) -> Step {
    while let Some(mail) = rest.pop_front() {
        if let Some(errand) = work.at_desk(mail.inbound) {
            return look(work, errand, rest);
        }
    }
    Step::Done(Box::new(work.leave_desk()))
}

impl Work {
    /// Whoever sits here is no customer, even if they once were one: nothing of that goes on.
    fn sit_down(&mut self) {
        self.lang = self.book.language(None, "");
        for timer in Timer::NAMES {
            self.cancel_timer(timer);
        }
        let state = &mut self.snap.state;
        if state.desk.is_none() {
            state.desk = Some(Box::default());
            (state.owner, state.holder, state.presence) = (Owner::Bot, None, Presence::Unheard);
            (state.run, state.shelved, state.unread) = (None, None, 0);
            state.stack.clear();
            state.sequences.clear();
            state.told.clear();
            self.snap.lead = Lead::default();
            self.before.facts_changed = true;
            self.withdraw = Withdraw::Campaigns;
            self.fact(Fact::Seated);
        }
    }

    fn desk(&mut self) -> &mut Desk {
        self.snap.state.desk.get_or_insert_default()
    }

    /// What came in; what has to be looked up for it, if anything has.
    fn at_desk(&mut self, inbound: Inbound) -> Option<Errand> {
        match inbound.event {
            Event::Customer { content, .. } => self.member_did(content),
            Event::Done { with, done } => {
                self.on_done(with, done);
                None
            }
            Event::Delivery { fate, .. } => {
                self.hears_fate(&fate);
                None
            }
            Event::CardLost { about, fate, .. } => {
                self.hears_fate(&fate);
                Some(Errand::With(about, Wish::Deed(Deed::Unreached)))
            }
            Event::Digest => {
                let digest = self.book.spec.config.digest.as_ref();
                let theirs = digest
                    .is_some_and(|digest| self.setting.writer.as_ref().is_some_and(|one| one.member == digest.to));
                theirs.then(|| Errand::Leads(Listing::digest()))
            }
            Event::Trouble { news } => {
                let words = news.words(self.lang, &self.book.spec.config.zone, self.now);
                self.reply.close();
                self.reply.say(&Rich::plain(words));
                None
            }
            Event::Forget { .. } => {
                self.forget_at_desk();
                None
            }
            // Of a time when this was a customer's chat.
            Event::Timer { .. }
            | Event::Click { .. }
            | Event::Broadcast { .. }
            | Event::Team { .. }
            | Event::Kin { .. }
            | Event::Deed { .. } => None,
        }
    }

    fn member_did(&mut self, content: Content) -> Option<Errand> {
        self.snap.state.blocked = matches!(content, Content::Blocked);
        match content {
            Content::Text { text } => match self.listed_by_number(&Words::of(&text)) {
                Some(token) if self.writes_to().is_none() => self.desk_button(&token),
                _ => self.write(&text, None),
            },
            Content::Reply { text, to } => {
                if let Some(lead) = self.answered_by(&to) {
                    return Some(Errand::With(lead, Wish::Deed(Deed::Write { text: within(&text), file: None })));
                }
                // Whoever replies means somebody: never whom this chat writes to otherwise.
                self.tell(Say::ReplyToCard);
                None
            }
            Content::Command { name, args } => self.panel(&name, &args),
            Content::Button { token, .. } => self.desk_button(&token),
            Content::Media { kind, file, caption, to, .. } => {
                let file = KeptFile { account: self.snap.account.clone(), kind, file };
                let text = within(&caption.unwrap_or_default());
                match to {
                    Some(to) => match self.answered_by(&to) {
                        Some(lead) => {
                            return Some(Errand::With(lead, Wish::Deed(Deed::Write { text, file: Some(file) })));
                        }
                        None => self.tell(Say::ReplyToCard),
                    },
                    None => return self.write(&text, Some(file)),
                }
                None
            }
            Content::Contact { .. } | Content::Location { .. } => {
                let say = if self.writes_to().is_some() { Say::NotPassedOn } else { Say::Help };
                self.tell(say);
                None
            }
            Content::Opened => {
                self.tell(Say::Help);
                None
            }
            Content::Visited { .. } | Content::Edited { .. } | Content::Blocked | Content::Other { .. } => None,
        }
    }

    fn hears_fate(&mut self, fate: &DeliveryFate) {
        if matches!(fate, DeliveryFate::Blocked | DeliveryFate::Gone) {
            self.snap.state.blocked = true;
        }
    }

    /// A command of the team's.
    fn panel(&mut self, name: &str, args: &str) -> Option<Errand> {
        match name {
            "my_leads" => return self.list_leads(args),
            "hot_leads" => return self.by_right(Right::Customers, Errand::Leads(Listing::hot())),
            "my_stats" => return self.ask_for_report(Report::Stats, Span::named(args)),
            "analytics" => return self.ask_for_report(Report::Analytics, Span::named(args)),
            "top" => return self.ask_for_report(Report::Top, Span::named(args)),
            "done" => return self.leave_customer(),
            "training" => self.show_courses(),
            "my_settings" => return self.settings(args),
            "my_link" => return self.ask_for_links(args),
            _ => self.tell(Say::Help),
        }
        None
    }

    fn own_press(&mut self, own: Own, of: u32) -> Option<Errand> {
        match own {
            Own::Leave => self.leave_customer(),
            Own::Stats => self.ask_for_report(Report::Stats, Span::of(of)),
            Own::Analytics => self.ask_for_report(Report::Analytics, Span::of(of)),
            Own::Top => self.ask_for_report(Report::Top, Span::of(of)),
            Own::Course | Own::Lesson | Own::Quiz | Own::Answer => {
                self.learn(own, of);
                None
            }
            Own::Pause => self.pause(),
            Own::GoOn => self.end_pause(),
            Own::Tell => self.set_told(of, settings::Wanted::Yes),
            Own::TellNoMore => self.set_told(of, settings::Wanted::No),
            Own::KeepHours => self.keep_hours(of),
            Own::AsInFiles => self.by_owner(Adjustment::AsInFiles),
            Own::ToldOf => {
                self.show_told();
                None
            }
            Own::More
            | Own::Heat
            | Own::Idle
            | Own::Stages
            | Own::Stage
            | Own::Sources
            | Own::Source
            | Own::Segments
            | Own::Segment => self.turn_list(own, of),
        }
    }

    /// A button's verb, conversation and argument, if it was shown in this chat.
    fn lead_of(&self, token: &str) -> Option<(Verb, ConversationId, u32)> {
        let Some(DeskToken::With { verb, lead, seal: sealed, of }) = DeskToken::parse(token) else { return None };
        let writer = self.setting.writer.as_ref()?;
        let is_ours = |at: &crate::message::Peer| seal(&self.snap.account, at, lead) == sealed;
        writer.addresses.iter().any(is_ours).then_some((verb, lead, of))
    }

    /// The customer to whom a reply to one of our messages goes, by its first button: it must be about one customer. Where members
    /// talk to each other, only whoever writes to that customer just now means them.
    fn answered_by(&self, token: &str) -> Option<ConversationId> {
        let (verb, lead, _) = self.lead_of(token)?;
        let is_of_one = !matches!(verb, Verb::Card | Verb::AssignTo);
        let is_shared = self.setting.writer.as_ref().is_some_and(|writer| writer.desk == DeskPlace::Shared);
        let writes_there =
            || self.writes_to().is_some_and(|with| with.key(&self.snap.key.partner).conversation == lead);
        (is_of_one && (!is_shared || writes_there())).then_some(lead)
    }

    fn desk_button(&mut self, token: &str) -> Option<Errand> {
        if let Some(DeskToken::Own(own, of)) = DeskToken::parse(token) {
            return self.own_press(own, of);
        }
        let Some((verb, lead, of)) = self.lead_of(token) else {
            self.tell(Say::OldButton);
            return None;
        };
        let in_an_hour = || self.now + SNOOZE;
        let wish = match verb {
            Verb::Write => Wish::Deed(Deed::Take),
            Verb::Handled => Wish::Deed(Deed::Handled),
            Verb::SnoozeHour => Wish::Deed(Deed::Snooze { until: in_an_hour() }),
            Verb::SnoozeMorning => Wish::Deed(Deed::Snooze { until: self.morning() }),
            Verb::Silence => Wish::Deed(Deed::Silence),
            Verb::GiveBack => Wish::Deed(Deed::GiveBack),
            Verb::Assign => Wish::Assignee,
            Verb::AssignTo => {
                let mut team = self.book.spec.config.team.iter();
                let Some(member) = team.find(|member| hash(&member.name) == of) else {
                    self.tell(Say::NoSuchMember);
                    return None;
                };
                Wish::Deed(Deed::Assign { to: member.name.to_string() })
            }
            Verb::Same => Wish::Deed(Deed::Same { of }),
            Verb::NotSame => Wish::Deed(Deed::NotSame { of }),
            Verb::Card => return Some(Errand::Open(lead)),
            Verb::History => Wish::History,
        };
        Some(Errand::With(lead, wish))
    }

    fn run_errand(&mut self, lead: ConversationId, what: Wish, found: &Loaded) {
        let Some(row) = &found.conversation else { return self.tell(Say::Gone) };
        let name = found.customer.as_ref().and_then(|customer| customer.name.clone()).unwrap_or_default();
        let with = Talk { account: row.account.clone(), peer: row.peer.clone(), name };
        match what {
            Wish::Deed(deed) => self.ask_for(Addressee::of(with), deed),
            Wish::Leave => {
                self.tell(Say::Left { name: self.clone_name(&with).as_str() });
                let buttons = [
                    self.lead_button(Say::GiveBack, Verb::GiveBack, lead),
                    self.lead_button(Say::Write, Verb::Write, lead),
                ];
                self.reply.buttons(buttons);
            }
            Wish::TooLate => {
                self.tell(Say::WritingOver { name: self.clone_name(&with).as_str() });
                let button = self.lead_button(Say::Write, Verb::Write, lead);
                self.reply.buttons([button]);
            }
            Wish::History => {
                let text = self.history_of(&with, found);
                self.reply.say(&Rich::plain(text));
                let buttons = self.lead_buttons(lead, row.owner);
                self.reply.buttons(buttons);
                for file in self.files_of(&with, found) {
                    self.reply.photo(file);
                }
            }
            Wish::Assignee => {
                self.tell(Say::AssignWhom { name: self.clone_name(&with).as_str() });
                let buttons = self.assignees(lead);
                self.reply.buttons(buttons);
            }
        }
        self.reply.close();
    }

    /// Asks the customer's conversation for something.
    fn ask_for(&mut self, with: Addressee, deed: Deed) {
        if let Deed::Write { file: Some(file), .. } = &deed
            && !files::passes(file, &with.account, &self.setting.capabilities)
        {
            return self.tell(Say::NotPassedOn);
        }
        let Some(member) = self.setting.writer.as_ref().map(|writer| writer.member.to_string()) else { return };
        let by = Seat { member, account: self.snap.account.clone(), peer: self.snap.peer.clone() };
        self.post(with.account, with.peer, Event::Deed { by, deed });
    }

    /// What came of it.
    fn on_done(&mut self, with: Talk, done: Done) {
        let name = self.clone_name(&with);
        let name = name.as_str();
        let lead = with.key(&self.snap.key.partner).conversation;
        match done {
            Done::Taken => {
                let until = self.now + WRITING;
                self.tell(Say::Writing { name, for_: WRITING });
                // The customer's first: a reply to this message is known by it.
                let mut buttons = vec![self.lead_button(Say::GiveBack, Verb::GiveBack, lead)];
                buttons.push(self.lead_button(Say::History, Verb::History, lead));
                buttons.push(self.own_button(Say::Leave, Own::Leave));
                self.reply.buttons(buttons);
                self.desk().writing = Some(Writing { with: Addressee::of(with), until });
            }
            Done::Written => self.tell(Say::Written { name }),
            Done::Silenced => {
                self.tell(Say::Silenced { name });
                let buttons = [
                    self.lead_button(Say::Write, Verb::Write, lead),
                    self.lead_button(Say::GiveBack, Verb::GiveBack, lead),
                ];
                self.reply.buttons(buttons);
            }
            Done::GivenBack => {
                self.write_no_more(&with);
                self.tell(if self.is_paused() { Say::GivenBackInPause { name } } else { Say::GivenBack { name } });
            }
            Done::Handled => self.tell(Say::Handled { name }),
            Done::Snoozed { until } => {
                let at = until.to_zoned(self.book.spec.config.zone.clone()).datetime();
                self.tell(Say::Snoozed { name, at, today: self.today() });
            }
            Done::Assigned { to } => {
                self.write_no_more(&with);
                self.tell(Say::Assigned { name, to: &to });
            }
            Done::HeldBy { who } => {
                self.write_no_more(&with);
                self.tell(Say::HeldBy { name, who: &who });
                let button = self.lead_button(Say::Assign, Verb::Assign, lead);
                self.reply.buttons([button]);
            }
            Done::Merged => self.tell(Say::Merged { name }),
            Done::KeptApart => self.tell(Say::KeptApart { name }),
            Done::NotSuggested => self.tell(Say::OldButton),
            Done::Unreachable => self.tell(Say::Unreachable { name }),
            Done::NotArrived { why, words } => {
                self.tell(Say::NotArrived { name, why: &why, words: &words });
                let button = self.lead_button(Say::History, Verb::History, lead);
                self.reply.buttons([button]);
            }
            Done::NoSuchMember => self.tell(Say::NoSuchMember),
        }
        self.reply.close();
    }

    /// The customer whom this chat writes to now.
    fn writes_to(&self) -> Option<&Addressee> {
        let writing = self.snap.state.desk.as_ref()?.writing.as_ref()?;
        (self.now < writing.until).then_some(&writing.with)
    }

    /// Words go to the customer whom the chat writes to; else nobody is meant by them.
    fn write(&mut self, text: &str, file: Option<KeptFile>) -> Option<Errand> {
        let now = self.now;
        let Some(mut writing) = self.desk().writing.take() else {
            self.tell(Say::Help);
            return None;
        };
        if now >= writing.until {
            let lead = writing.with.key(&self.snap.key.partner).conversation;
            return Some(Errand::With(lead, Wish::TooLate));
        }
        writing.until = now + WRITING;
        let with = writing.with.clone();
        self.desk().writing = Some(writing);
        self.ask_for(with, Deed::Write { text: within(text), file });
        None
    }

    fn write_no_more(&mut self, with: &Talk) {
        self.desk().writing.take_if(|writing| writing.with.account == with.account && writing.with.peer == with.peer);
    }

    fn leave_customer(&mut self) -> Option<Errand> {
        let Some(Writing { with, .. }) = self.desk().writing.take() else {
            self.tell(Say::Help);
            return None;
        };
        Some(Errand::With(with.key(&self.snap.key.partner).conversation, Wish::Leave))
    }

    /// The conversation that a card is wished of; `None`: there is none to be shown, and the member is told so.
    fn opened(&mut self, lead: ConversationId, loaded: &Loaded) -> Option<Box<Snapshot>> {
        let Some(row) = &loaded.conversation else {
            self.tell(Say::Gone);
            return None;
        };
        let key = ConversationKey { partner: self.snap.key.partner.clone(), conversation: lead };
        let read = Snapshot::read(key, row.account.clone(), row.peer.clone(), loaded);
        if read.is_err() {
            self.tell(Say::NotNow);
        }
        read.map(Box::new).ok()
    }

    /// Who it is: the card that the team would get now. `same`: who they may be besides.
    fn show_card(&mut self, card: Snapshot, same: Vec<IdentityRow>) {
        let mut buttons = self.lead_buttons(card.key.conversation, card.state.owner.name());
        buttons.extend(self.same_buttons(card.key.conversation, suggested(&card.state)));
        let mut of_card = Self::new(self.setting.clone(), card, Vec::new(), self.now);
        of_card.namesakes = same;
        self.reply.say(&of_card.card_words(&[], &[]));
        self.reply.buttons(buttons);
        self.reply.close();
    }

    fn history_of(&self, with: &Talk, loaded: &Loaded) -> String {
        if loaded.history.is_empty() {
            return Say::NothingSaid.says(self.lang);
        }
        let name = self.clone_name(with);
        let from = loaded.history.len().saturating_sub(HISTORY_SHOWN);
        let line = |row: &crate::rows::MessageRow| {
            let who = match row.author {
                Author::Customer => format!("{name}: "),
                Author::Bot => "🤖 ".to_owned(),
                Author::Person => "👤 ".to_owned(),
            };
            let said = Sent::of(row, &with.account).words;
            let text: String = said.chars().take(LINE_CHARS_MAX).collect();
            format!("{who}{text}")
        };
        loaded.history[from..].iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The files of a history that this chat can be shown.
    fn files_of(&self, with: &Talk, loaded: &Loaded) -> Vec<Photo> {
        let from = loaded.history.len().saturating_sub(HISTORY_SHOWN);
        let theirs = loaded.history[from..].iter().filter(|row| row.author == Author::Customer);
        let can = &self.setting.capabilities;
        theirs.filter_map(|row| Sent::of(row, &with.account).through(&self.snap.account, can)).collect()
    }

    fn clone_name(&self, with: &Talk) -> String {
        if with.name.is_empty() { Say::Nameless.says(self.lang) } else { with.name.clone() }
    }

    /// Says something to the member.
    fn tell(&mut self, say: Say<'_>) {
        let text = say.says(self.lang);
        self.reply.close();
        self.reply.say(&Rich::plain(text));
    }
}

/// Somebody who may be the same person.
pub(super) struct Suggested {
    /// As buttons name them.
    of: u32,
    /// What tells them from others on a card, where there are several.
    pub(super) number: Option<usize>,
}

/// Who may be the same person.
pub(super) fn suggested(state: &State) -> impl Iterator<Item = Suggested> {
    let is_one = state.same_as.len() == 1;
    let of = (1..).zip(&state.same_as);
    of.map(move |(n, one)| Suggested { of: hash(&one.to_string()), number: (!is_one).then_some(n) })
}

fn within(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}
