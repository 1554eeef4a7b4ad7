//! Leads in a chat of the team: a page at a time, by what is asked for.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    super::{playbook::Playbook, token::hash, work::Work},
    Errand, Look,
    token::{DeskToken, Own, Verb},
    wording::Say,
};
use crate::{
    lang::{Lang, print},
    lead::Temperature,
    message::{Button, ConversationKey, Press},
    ports::{Cursor, LeadCard, LeadFilter, Page},
    spec::{config::Right, rich::Rich},
    tally::{Counted, Tally},
};

/// Leads of a page.
const PAGE: usize = 5;
/// Of what a lead said last, in characters.
const PREVIEW_CHARS_MAX: usize = 80;
/// Silence that the button for it means.
const IDLE_DAYS: u32 = 3;
/// Sources that can be chosen from.
const SOURCES_MAX: usize = 12;
/// Days in which a source has to have brought somebody to be chosen from.
pub(super) const SOURCES_DAYS: i64 = 90;

/// A list of leads that is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::turn) struct Listing {
    /// Its number: buttons of an older list turn no pages of this one.
    number: u32,
    heat: Option<Temperature>,
    stage: Option<String>,
    source: Option<String>,
    segment: Option<String>,
    /// Silent for so many days, or longer.
    idle: Option<u32>,
    /// Whether it is the day's summary.
    #[serde(skip)]
    of_day: bool,
    /// The row that it goes on behind.
    after: Option<String>,
}

impl Listing {
    pub(super) fn hot() -> Self {
        Self { heat: Some(Temperature::Hot), ..Self::default() }
    }

    /// What a day begins with.
    pub(super) fn digest() -> Self {
        Self { of_day: true, ..Self::hot() }
    }

    fn is_narrowed(&self) -> bool {
        let Self { number: _, heat, stage, source, segment, idle, of_day: _, after: _ } = self;
        heat.is_some() || idle.is_some() || [stage, source, segment].into_iter().any(Option::is_some)
    }

    fn filter(&self, now: jiff::Timestamp) -> LeadFilter {
        let idle = self.idle.map(|days| now - SignedDuration::from_hours(24 * i64::from(days)));
        LeadFilter {
            temperature: self.heat.map(|heat| heat.name().to_owned()),
            stage: self.stage.clone(),
            source: self.source.clone(),
            segment: self.segment.clone(),
            idle_since: idle,
            ..LeadFilter::default()
        }
    }

    fn head(&self, lang: Lang, book: &Playbook) -> String {
        let mut parts = vec![match (self.heat, lang) {
            (Some(Temperature::Hot), Lang::Ru) => "Горячие лиды".to_owned(),
            (Some(Temperature::Warm), Lang::Ru) => "Тёплые лиды".to_owned(),
            (Some(Temperature::Cold), Lang::Ru) => "Холодные лиды".to_owned(),
            (None, Lang::Ru) => "Лиды".to_owned(),
            (Some(Temperature::Hot), Lang::En) => "Hot leads".to_owned(),
            (Some(Temperature::Warm), Lang::En) => "Warm leads".to_owned(),
            (Some(Temperature::Cold), Lang::En) => "Cold leads".to_owned(),
            (None, Lang::En) => "Leads".to_owned(),
        }];
        parts.extend(self.stage.as_ref().map(|stage| match lang {
            Lang::Ru => format!("этап «{stage}»"),
            Lang::En => format!("at \"{stage}\""),
        }));
        parts.extend(self.source.as_ref().map(|source| match lang {
            Lang::Ru => format!("по ссылке «{source}»"),
            Lang::En => format!("by \"{source}\""),
        }));
        let segment = self.segment.as_ref().map(|segment| book.segment_shown(segment, lang));
        parts.extend(segment.map(|shown| match lang {
            Lang::Ru => format!("сегмент «{shown}»"),
            Lang::En => format!("of \"{shown}\""),
        }));
        parts.extend(self.idle.map(|days| {
            let forms: &[&str] = match lang {
                Lang::Ru => &["день", "дня", "дней"],
                Lang::En => &["day", "days"],
            };
            let days = print::counted(days.into(), forms, lang);
            match lang {
                Lang::Ru => format!("молчат {days} и дольше"),
                Lang::En => format!("silent for {days} or longer"),
            }
        }));
        parts.join(", ")
    }
}

impl Work {
    /// `/my_leads горячие`, `/my_leads 7`, `/my_leads заказ`, `/my_leads источник vesna`, `/my_leads сегмент энергия`, or several
    /// of these: `/my_leads горячие источник vesna`.
    pub(super) fn list_leads(&mut self, words: &str) -> Option<Errand> {
        let typed: Vec<&str> = words.split_whitespace().collect();
        let lower: Vec<String> = typed.iter().map(|word| word.to_lowercase()).collect();
        let (mut listing, mut at) = (Listing::default(), 0);
        while at < typed.len() {
            let Some(used) = self.narrow(&mut listing, &typed[at..], &lower[at..]) else {
                self.tell(Say::HowToFilter);
                return None;
            };
            at += used;
        }
        self.by_right(Right::Customers, Errand::Leads(listing))
    }

    /// Narrows a list by what these words begin with; how many of them that took.
    fn narrow(&self, listing: &mut Listing, typed: &[&str], lower: &[String]) -> Option<usize> {
        let begins = |stems: &[&str]| stems.iter().any(|stem| lower[0].starts_with(stem));
        if let Some((stage, used)) = longest(self.book.spec.config.stages.iter().map(|stage| &**stage), lower) {
            listing.stage = Some(stage.to_owned());
            return Some(used);
        }
        let heat = match () {
            () if begins(&["горяч", "hot"]) => Some(Temperature::Hot),
            () if begins(&["тёпл", "тепл", "warm"]) => Some(Temperature::Warm),
            () if begins(&["холод", "cold"]) => Some(Temperature::Cold),
            () => None,
        };
        if heat.is_some() {
            listing.heat = heat;
            return Some(1);
        }
        match lower[0].as_str() {
            // As it was typed: that is how links have it.
            "источник" | "source" => listing.source = Some((*typed.get(1)?).to_owned()),
            "сегмент" | "segment" => {
                let known = || self.book.spec.segments.iter().map(|known| &**known);
                let shown = |id| self.book.segment_shown(id, self.lang);
                // By the name that files have, or by that which cards show.
                let (name, used) = longest(known().chain(known().map(shown)), &lower[1..])
                    .or(lower.get(1).map(|one| (one.as_str(), 1)))?;
                let of_that_name = known().find(|id| *id == name).or_else(|| known().find(|id| shown(id) == name));
                listing.segment = Some(of_that_name.unwrap_or(name).to_owned());
                return Some(1 + used);
            }
            days => {
                listing.idle = Some(days.parse().ok().filter(|days| (1..=3_650).contains(days))?);
                return Some(1);
            }
        }
        Some(2)
    }

    pub(super) fn look_at_leads(&self, listing: &Listing) -> Look {
        let after = listing.after.as_ref().and_then(|after| after.parse::<Cursor>().ok());
        Look::Leads(listing.filter(self.now), Page { after, limit: PAGE + 1 })
    }

    pub(super) fn show_leads(&mut self, mut listing: Listing, mut leads: Vec<LeadCard>) {
        let more = leads.len() > PAGE;
        leads.truncate(PAGE);
        let lang = self.lang;
        let mut lines = vec![if listing.of_day { Say::Digest.says(lang) } else { listing.head(lang, &self.book) }];
        lines.extend(leads.iter().map(|lead| self.lead_line(lead)));
        if leads.is_empty() {
            lines.push(
                if listing.is_narrowed() || listing.after.is_some() { Say::NoneFound } else { Say::NoLeads }.says(lang),
            );
        }
        // What goes on is a list like any other.
        listing.of_day = false;
        let mut words = Rich::plain(lines.join("\n\n"));
        if !self.setting.capabilities.hears.it() {
            self.add_pages(&mut words, &leads);
        }
        self.reply.close();
        self.reply.say(&words);
        let card = |lead: &LeadCard| Button {
            label: format!("{}, {}", self.name_of(lead), lead.lead.score),
            ..self.lead_button(Say::Nameless, Verb::Card, lead.conversation)
        };
        let mut buttons: Vec<Button> = leads.iter().map(card).collect();
        listing.number = self.desk().listings.wrapping_add(1);
        self.desk().listings = listing.number;
        if let Some(last) = leads.last().filter(|_| more) {
            listing.after = Some(last.cursor().to_string());
            buttons.push(self.own_button_of(Say::More, Own::More, listing.number));
        }
        let heats = [(Say::Hot, 1), (Say::Warm, 2), (Say::Cold, 3), (Say::All, 0)];
        buttons.extend(heats.into_iter().map(|(say, of)| self.own_button_of(say, Own::Heat, of)));
        buttons.push(self.own_button_of(Say::Idle { days: IDLE_DAYS }, Own::Idle, IDLE_DAYS));
        buttons.push(self.own_button(Say::ByStage, Own::Stages));
        buttons.push(self.own_button(Say::BySource, Own::Sources));
        if !self.book.spec.segments.is_empty() {
            buttons.push(self.own_button(Say::BySegment, Own::Segments));
        }
        self.reply.buttons(buttons);
        self.reply.close();
        self.desk().listing = Some(listing);
    }

    /// Where a lead's card cannot be asked for, their dialogue on the owner's pages stands in its place.
    fn add_pages(&self, words: &mut Rich, leads: &[LeadCard]) {
        let Some(links) = &self.setting.links else { return };
        for (n, lead) in leads.iter().enumerate() {
            let partner = self.snap.key.partner.clone();
            let Some(page) = links.page(&ConversationKey { partner, conversation: lead.conversation }) else { return };
            if n == 0 {
                words.text.push_str("\n\n");
            }
            words.add_line(&format!("{}, {}", self.name_of(lead), lead.lead.score), Some(&page));
        }
    }

    /// A press on a list.
    pub(super) fn turn_list(&mut self, own: Own, of: u32) -> Option<Errand> {
        let listing = match own {
            Own::More => {
                let Some(listing) = self.desk().listing.clone().filter(|listing| listing.number == of) else {
                    self.tell(Say::OldButton);
                    return None;
                };
                listing
            }
            Own::Heat => {
                let heat = [None, Some(Temperature::Hot), Some(Temperature::Warm), Some(Temperature::Cold)];
                let at = usize::try_from(of).unwrap_or_default();
                Listing { heat: heat.get(at).copied().flatten(), ..Listing::default() }
            }
            Own::Idle => Listing { idle: Some(of.clamp(1, 3_650)), ..Listing::default() },
            Own::Stage => {
                let stage = self.book.spec.config.stages.iter().find(|stage| hash(stage) == of);
                Listing { stage: Some(stage?.to_string()), ..Listing::default() }
            }
            Own::Source => {
                let source = self.desk().sources.iter().find(|source| hash(source) == of).cloned();
                Listing { source: Some(source?), ..Listing::default() }
            }
            Own::Segment => {
                let segment = self.book.spec.segments.iter().find(|segment| hash(segment) == of);
                Listing { segment: Some(segment?.clone()), ..Listing::default() }
            }
            Own::Segments => {
                let segments = Arc::clone(&self.book.spec.segments);
                self.tell(Say::BySegment);
                let book = Arc::clone(&self.book);
                let named = segments.iter().map(|id| (id.as_str(), book.segment_shown(id, self.lang)));
                self.offer(Own::Segment, &named.collect::<Vec<_>>());
                return None;
            }
            Own::Stages => {
                let stages = self.book.spec.config.stages.clone();
                self.tell(Say::ByStage);
                let named = stages.iter().map(|stage| (stage.as_ref(), stage.as_ref()));
                self.offer(Own::Stage, &named.collect::<Vec<_>>());
                return None;
            }
            Own::Sources => return Some(Errand::Sources),
            _ => return None,
        };
        Some(Errand::Leads(listing))
    }

    pub(super) fn show_sources(&mut self, tallies: &[Tally]) {
        let found = by_key(tallies, Counted::Came);
        let sources: Vec<String> =
            found.into_iter().map(|(key, _)| key).filter(|key| !key.is_empty()).take(SOURCES_MAX).collect();
        if sources.is_empty() {
            return self.tell(Say::NoSources);
        }
        self.tell(Say::BySource);
        let named = sources.iter().map(|source| (source.as_str(), source.as_str()));
        self.offer(Own::Source, &named.collect::<Vec<_>>());
        self.desk().sources = sources;
    }

    /// Buttons for what is known by a name, each with what it is shown as.
    fn offer(&mut self, own: Own, named: &[(&str, &str)]) {
        let button = |(name, shown): &(&str, &str)| {
            let token = DeskToken::Own(own, hash(name)).to_string();
            Button { label: (*shown).to_owned(), press: Press::Token { token } }
        };
        let buttons: Vec<Button> = named.iter().map(button).collect();
        self.reply.buttons(buttons);
        self.reply.close();
    }

    fn name_of(&self, lead: &LeadCard) -> String {
        lead.name.clone().unwrap_or_else(|| Say::Nameless.says(self.lang))
    }

    /// Who, how warm and why, where they stand, and what they said last.
    fn lead_line(&self, card: &LeadCard) -> String {
        let lead = &card.lead;
        let warm = match Temperature::from_name(lead.temperature).unwrap_or_default() {
            Temperature::Hot => Say::OneHot,
            Temperature::Warm => Say::OneWarm,
            Temperature::Cold => Say::OneCold,
        };
        let mut first = vec![self.name_of(card), format!("{}, {}", warm.says(self.lang), lead.score)];
        first.extend((!lead.stage.is_empty()).then(|| lead.stage.clone()));
        first.extend(card.phone.clone());
        let at = lead.at.to_zoned(self.book.spec.config.zone.clone()).datetime();
        let mut lines = vec![first.join(" · ")];
        if !lead.why.is_empty() {
            lines.push(lead.why.clone());
        }
        let preview: String = card.preview.chars().take(PREVIEW_CHARS_MAX).collect();
        let when = print::date_time(at, self.lang, self.today());
        lines.push(if preview.is_empty() { when } else { format!("— {preview} ({when})") });
        lines.join("\n")
    }
}

/// Sums by key over all days, the greatest first.
pub(super) fn by_key(tallies: &[Tally], what: Counted) -> Vec<(String, i64)> {
    let mut sums = std::collections::BTreeMap::<&str, i64>::new();
    for tally in tallies.iter().filter(|tally| tally.what == what) {
        *sums.entry(&tally.key).or_default() += tally.n;
    }
    let mut sums: Vec<(String, i64)> = sums.into_iter().map(|(key, n)| (key.to_owned(), n)).collect();
    sums.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sums
}

/// The longest of these names that the words begin with, and of how many words it is.
fn longest<'n>(names: impl Iterator<Item = &'n str>, words: &[String]) -> Option<(&'n str, usize)> {
    let begins = names.filter_map(|name| {
        let own: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
        (!own.is_empty() && words.starts_with(&own)).then_some((name, own.len()))
    });
    begins.max_by_key(|(_, used)| *used)
}
