//! A conversation and its lead, as they are shown.

use jiff::Timestamp;
use voronka_core::{
    fact::Fact,
    ids::BubbleId,
    message::{DeliveryFate, Identity},
    ports::ConversationView,
    rows::{Author, FactRow, IdentityRow, LeadRow, MessageRow},
};

use super::super::{
    admit::Visit,
    facts,
    next::Next,
    orders::state_class,
    page,
    show::{Call, Dates, Heat, called, initial, money, owner_words},
    words::Words,
};
use super::files::Attached;

/// Who it is with and who answers.
pub(super) struct Head {
    pub(super) name: String,
    pub(super) initial: String,
    pub(super) account: String,
    pub(super) owner: String,
    pub(super) owner_word: String,
    /// What a reply would do.
    pub(super) hint: String,
    /// Whether the reader has the conversation.
    pub(super) mine: bool,
    pub(super) heat: Heat,
    pub(super) score: i32,
    pub(super) unread: u32,
}

impl Head {
    pub(super) fn of(visit: &Visit, view: &ConversationView) -> Self {
        let w = visit.door.words;
        let name = called(w, view.card.name.clone(), view.card.customer);
        let holder = view.card.holder.as_deref();
        // Who took it before names were kept: it may be the reader.
        let others = holder.filter(|name| *name != visit.who);
        Self {
            initial: initial(&name),
            name,
            account: w.word("account", view.card.account.as_str()),
            mine: view.card.owner == "person" && others.is_none(),
            hint: match others {
                Some(name) => w.with("hint-held", "name", name),
                None => w.t(&format!("hint-{}", view.card.owner)),
            },
            owner: view.card.owner.clone(),
            owner_word: owner_words(w, &view.card.owner, holder),
            heat: Heat::of(&view.card.temperature, w),
            score: view.card.score,
            unread: view.card.unread,
        }
    }
}

/// A message, or a note of the team's.
pub(super) struct Said {
    /// Its place on the page.
    pub(super) id: String,
    /// Position of a message.
    pub(super) seq: Option<i64>,
    /// When a note was made, in microseconds.
    pub(super) noted: Option<i64>,
    /// A new day's name, where one begins.
    pub(super) day: Option<String>,
    /// The day, for the next piece of the list.
    pub(super) date: String,
    pub(super) class: &'static str,
    pub(super) author: String,
    pub(super) text: String,
    pub(super) clock: String,
    pub(super) iso: String,
    pub(super) basis: Option<Basis>,
    /// Whether somebody marked the answer as wrong.
    pub(super) is_wrong: bool,
    /// What it was sent as.
    pub(super) bubble: Option<String>,
    /// The file that came with it.
    pub(super) file: Option<Attached>,
    /// Why it did not arrive, if it did not.
    pub(super) lost: Option<String>,
}

/// What an answer rests on.
pub(super) struct Basis {
    pub(super) title: String,
    pub(super) lines: Vec<String>,
}

/// The messages.
pub(super) struct Thread {
    pub(super) said: Vec<Said>,
    /// How many to ask for to see earlier ones.
    pub(super) earlier: Option<usize>,
    /// When it was made, in microseconds: later notes are asked for.
    pub(super) made: i64,
}

/// What a person of the team wrote down.
pub(super) struct Note {
    at: Timestamp,
    who: String,
    text: String,
}

/// What the team added to a conversation.
pub(super) struct Marks {
    /// Oldest first.
    notes: Vec<Note>,
    /// Positions of answers that were marked as wrong.
    wrong: Vec<i64>,
    /// What people of the team wrote and did not arrive, with the reason.
    pub(super) lost: Vec<(BubbleId, DeliveryFate)>,
}

/// What the team added, among the facts; of the notes those of the times that are wanted.
pub(super) fn marks(facts: &[FactRow], wanted: impl Fn(Timestamp) -> bool) -> Marks {
    let mut marks = Marks { notes: Vec::new(), wrong: Vec::new(), lost: Vec::new() };
    for row in facts.iter().rev().filter(|row| ["note", "answer.wrong", "answer.lost"].contains(&row.name.as_str())) {
        match serde_json::from_str(&row.data) {
            Ok(Fact::Note { who, text }) if wanted(row.at) => marks.notes.push(Note { at: row.at, who, text }),
            Ok(Fact::AnswerWrong { seq, .. }) => marks.wrong.push(seq),
            Ok(Fact::AnswerLost { bubble, why }) => marks.lost.push((bubble, why)),
            _ => {}
        }
    }
    marks
}

impl Thread {
    pub(super) fn of(visit: &Visit, dates: &Dates, view: &ConversationView, asked: usize) -> Self {
        let cut = view.messages.first().is_some_and(|row| row.seq > 1);
        let first = view.messages.first().map(|row| row.at).filter(|_| cut);
        let marks = marks(&view.facts, |at| first.is_none_or(|first| at >= first));
        Self {
            said: said(visit, dates, view.card.name.as_deref(), &view.messages, &marks, None),
            made: visit.now.as_microsecond(),
            earlier: (cut && asked < super::MESSAGES_MAX).then_some(asked.saturating_mul(2).max(super::MESSAGES)),
        }
    }
}

/// Messages and notes as they are shown, in the order of time; `day`: the day of the message before them.
pub(super) fn said(
    visit: &Visit,
    dates: &Dates,
    name: Option<&str>,
    rows: &[MessageRow],
    marks: &Marks,
    day: Option<&str>,
) -> Vec<Said> {
    let w = visit.door.words;
    let mut last = day.map(str::to_owned);
    let mut put = |said: &mut Vec<Said>, at: Timestamp, new: Said| {
        let day = dates.day_of(at);
        let date = day.to_string();
        let begins = last.as_deref() != Some(date.as_str());
        last = Some(date.clone());
        let day = begins.then(|| dates.day(day));
        said.push(Said { day, date, clock: dates.clock(at), iso: at.to_string(), ..new });
    };
    let mut said = Vec::with_capacity(rows.len() + marks.notes.len());
    let mut notes = marks.notes.iter().peekable();
    let mut person = None;
    for row in rows {
        while let Some(note) = notes.next_if(|note| note.at < row.at) {
            put(&mut said, note.at, Said::note(w, note));
        }
        // A reply of several bubbles names its author with the first.
        person = match row.author {
            Author::Person => written_by(row).or(person),
            Author::Customer | Author::Bot => None,
        };
        put(&mut said, row.at, Said::message(w, row, name, person.as_deref(), marks));
    }
    for note in notes {
        put(&mut said, note.at, Said::note(w, note));
    }
    said
}

/// Which person wrote a message, as the core noted.
fn written_by(row: &MessageRow) -> Option<String> {
    let basis: serde_json::Value = serde_json::from_str(row.basis.as_deref()?).ok()?;
    Some(basis.get("who")?.as_str()?.to_owned())
}

impl Said {
    /// Without its time.
    fn message(w: Words, row: &MessageRow, name: Option<&str>, person: Option<&str>, marks: &Marks) -> Self {
        let lost = marks.lost.iter().find(|(bubble, _)| row.bubble == Some(*bubble));
        Self {
            id: format!("m{}", row.seq),
            seq: Some(row.seq),
            noted: None,
            day: None,
            date: String::new(),
            class: row.author.name(),
            author: match row.author {
                Author::Customer => name.map_or_else(|| w.t("author-customer"), str::to_owned),
                Author::Bot => w.t("author-bot"),
                Author::Person => person.map_or_else(|| w.t("author-person"), str::to_owned),
            },
            text: row.text.clone(),
            clock: String::new(),
            iso: String::new(),
            is_wrong: marks.wrong.contains(&row.seq),
            bubble: row.bubble.map(|bubble| bubble.to_string()),
            file: Attached::of(row),
            lost: lost.map(|(_, why)| facts::lost(w, why)),
            basis: match row.author {
                Author::Bot => row.basis.as_deref().and_then(|basis| Basis::of(w, basis)),
                Author::Customer | Author::Person => None,
            },
        }
    }

    /// Without its time.
    fn note(w: Words, note: &Note) -> Self {
        let micros = note.at.as_microsecond();
        Self {
            id: format!("n{micros}"),
            seq: None,
            noted: Some(micros),
            day: None,
            date: String::new(),
            class: "note",
            author: w.with("note-of", "name", &note.who),
            text: note.text.clone(),
            clock: String::new(),
            iso: String::new(),
            is_wrong: false,
            bubble: None,
            file: None,
            lost: None,
            basis: None,
        }
    }
}

impl Basis {
    /// Reads what the core noted; what this version does not know is left out.
    fn of(w: Words, stored: &str) -> Option<Self> {
        let basis: serde_json::Value = serde_json::from_str(stored).ok()?;
        if basis.get("model_failed").is_some() {
            return Some(Self { title: w.t("basis-failed"), lines: vec![w.t("basis-failed-line")] });
        }
        let names = |key: &str| -> Vec<String> {
            let list = basis.get(key).and_then(serde_json::Value::as_array);
            let mut names: Vec<String> =
                list.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect();
            names.sort();
            names.dedup();
            names
        };
        let (pages, tools) = (names("pages"), names("tools"));
        let count = |list: &[String]| i64::try_from(list.len()).unwrap_or(i64::MAX);
        let mut title = Vec::new();
        if !pages.is_empty() {
            title.push(w.n("basis-pages", count(&pages)));
        }
        if !tools.is_empty() {
            title.push(w.n("basis-tools", count(&tools)));
        }
        if title.is_empty() {
            title.push(w.t("basis-none"));
        }
        let mut lines: Vec<String> = pages.iter().map(|page| w.with("basis-page", "name", page)).collect();
        lines.extend(tools.iter().map(|tool| w.word("tool", tool)));
        if let Some(worded) = basis.get("worded").and_then(serde_json::Value::as_str) {
            lines.push(w.word("worded", worded));
        }
        Some(Self { title: title.join(", "), lines })
    }
}

/// A fact in the timeline.
pub(super) struct Mark {
    pub(super) class: &'static str,
    pub(super) text: String,
    pub(super) brief: String,
    pub(super) full: String,
    pub(super) iso: String,
}

/// One of the customer's orders.
pub(super) struct Bought {
    pub(super) href: String,
    pub(super) number: String,
    pub(super) total: String,
    pub(super) state: String,
    pub(super) class: &'static str,
}

/// The lead beside the messages.
pub(super) struct LeadPanel {
    pub(super) heat: Heat,
    pub(super) score: i32,
    pub(super) why: Vec<String>,
    pub(super) stage: String,
    pub(super) source: Option<String>,
    pub(super) segment: Option<String>,
    pub(super) call: Option<Call>,
    pub(super) email: Option<String>,
    pub(super) marks: Vec<Mark>,
    pub(super) orders: Vec<Bought>,
    pub(super) next: Next,
}

/// A customer in another conversation.
pub(super) struct Other {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) account: String,
    pub(super) chat: String,
}

impl Other {
    fn of(visit: &Visit, base: &str, row: &IdentityRow) -> Self {
        let w = visit.door.words;
        Self {
            id: row.customer.to_string(),
            name: called(w, row.name.clone(), row.customer),
            account: w.word("account", row.account.as_str()),
            chat: format!("{base}/chats/{}", Identity::of(row).key(&visit.partner.id).conversation),
        }
    }
}

/// Who the customer is elsewhere, and who they may be.
pub(super) struct PersonPanel {
    pub(super) kin: Vec<Other>,
    pub(super) suggested: Vec<Other>,
}

impl PersonPanel {
    pub(super) fn of(visit: &Visit, base: &str, view: &ConversationView, suggested: &[IdentityRow]) -> Self {
        let all = |rows: &[IdentityRow]| rows.iter().map(|row| Other::of(visit, base, row)).collect();
        Self { kin: all(&view.kin), suggested: all(suggested) }
    }
}

/// Facts of the timeline that are shown.
const MARKS_MAX: usize = 60;

impl LeadPanel {
    pub(super) fn of(visit: &Visit, dates: &Dates, base: &str, view: &ConversationView) -> Self {
        let w = visit.door.words;
        let lead = view.lead.as_ref();
        let marks = view.facts.iter().filter_map(|row| {
            let told = facts::told(w, row)?;
            let (brief, full) = (dates.brief(row.at), dates.full(row.at));
            Some(Mark { class: told.class, text: told.text, brief, full, iso: row.at.to_string() })
        });
        let orders = view.orders.iter().map(|order| Bought {
            href: format!("{base}/orders{}", page::query(&[("show", "all"), ("q", &order.number)])),
            number: order.number.clone(),
            total: money(order.total_minor, &order.currency, visit.partner.currency, w.lang()),
            state: w.word("state", order.state.name()),
            class: state_class(order.state),
        });
        Self {
            heat: Heat::of(&view.card.temperature, w),
            score: view.card.score,
            why: lead.map(|lead| reasons(&lead.data, &lead.why)).unwrap_or_default(),
            stage: lead.map(|lead| lead.stage.clone()).unwrap_or_default(),
            source: lead.and_then(|lead| lead.source.clone()),
            segment: lead.and_then(LeadRow::segment),
            call: Call::of(view.phone.as_deref()),
            email: view.email.clone(),
            marks: marks.take(MARKS_MAX).collect(),
            next: Next::of(w, view),
            orders: orders.collect(),
        }
    }
}

/// The reasons of a score: as the core keeps them, else the sentence.
pub(in super::super) fn reasons(data: &str, sentence: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Kept {
        why: Vec<String>,
    }
    match serde_json::from_str::<Kept>(data) {
        Ok(kept) => kept.why,
        Err(_) if sentence.is_empty() => Vec::new(),
        Err(_) => vec![sentence.to_owned()],
    }
}
