//! A conversation and its lead, as they are shown.

use voronka_core::{
    ports::ConversationView,
    rows::{Author, MessageRow},
};

use super::super::{
    admit::Visit,
    facts,
    orders::state_class,
    page,
    show::{Call, Dates, Heat, initial, money},
    words::Words,
};

/// Who it is with and who answers.
pub(super) struct Head {
    pub(super) name: String,
    pub(super) initial: String,
    pub(super) account: String,
    pub(super) owner: String,
    pub(super) owner_word: String,
    pub(super) heat: Heat,
    pub(super) score: i32,
    pub(super) unread: u32,
}

impl Head {
    pub(super) fn of(visit: &Visit, view: &ConversationView) -> Self {
        let w = visit.door.words;
        let name = view.card.name.clone().unwrap_or_else(|| w.t("no-name"));
        Self {
            initial: initial(&name),
            name,
            account: w.word("account", view.card.account.as_str()),
            owner: view.card.owner.clone(),
            owner_word: w.word("owner", &view.card.owner),
            heat: Heat::of(&view.card.temperature, w),
            score: view.card.score,
            unread: view.card.unread,
        }
    }
}

/// A message.
pub(super) struct Said {
    pub(super) seq: i64,
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
}

impl Thread {
    pub(super) fn of(visit: &Visit, dates: &Dates, view: &ConversationView, asked: usize) -> Self {
        let cut = view.messages.first().is_some_and(|row| row.seq > 1);
        Self {
            said: said(visit, dates, view.card.name.as_deref(), &view.messages, None),
            earlier: (cut && asked < super::MESSAGES_MAX).then_some(asked.saturating_mul(2).max(super::MESSAGES)),
        }
    }
}

/// Messages as they are shown; `day`: the day of the message before them.
pub(super) fn said(
    visit: &Visit,
    dates: &Dates,
    name: Option<&str>,
    rows: &[MessageRow],
    day: Option<&str>,
) -> Vec<Said> {
    let w = visit.door.words;
    let mut last = day.map(str::to_owned);
    let one = |row: &MessageRow| {
        let day = dates.day_of(row.at);
        let date = day.to_string();
        let begins = last.as_deref() != Some(date.as_str());
        last = Some(date.clone());
        Said {
            seq: row.seq,
            day: begins.then(|| dates.day(day)),
            date,
            class: row.author.name(),
            author: match row.author {
                Author::Customer => name.map_or_else(|| w.t("author-customer"), str::to_owned),
                Author::Bot => w.t("author-bot"),
                Author::Person => w.t("author-person"),
            },
            text: row.text.clone(),
            clock: dates.clock(row.at),
            iso: row.at.to_string(),
            basis: row.basis.as_deref().and_then(|basis| Basis::of(w, basis)),
        }
    };
    rows.iter().map(one).collect()
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
    pub(super) call: Option<Call>,
    pub(super) email: Option<String>,
    pub(super) marks: Vec<Mark>,
    pub(super) orders: Vec<Bought>,
}

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
            call: Call::of(view.phone.as_deref()),
            email: view.email.clone(),
            marks: marks.collect(),
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
