//! Facts in words, for the timeline of a lead.

use voronka_core::{fact::Fact, lang::tone::Tone, message::DeliveryFate, rows::FactRow};

use super::words::Words;

/// A fact, told.
pub(super) struct Told {
    /// Colour of its mark.
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// What a fact says; `None` for those that the messages beside it tell anyway.
pub(super) fn told(w: Words, row: &FactRow) -> Option<Told> {
    let Ok(fact) = serde_json::from_str::<Fact>(&row.data) else {
        // A fact of another version: its name is better than nothing.
        return Some(Told { class: "plain", text: w.word("fact", &row.name) });
    };
    let plain = |text: String| Some(Told { class: "plain", text });
    let good = |text: String| Some(Told { class: "good", text });
    let bad = |text: String| Some(Told { class: "bad", text });
    match &fact {
        Fact::Message | Fact::Button | Fact::ModelUsed { .. } | Fact::Variant { .. } | Fact::Seated => None,
        Fact::ActivityHigh => good(w.t("fact-activity-high")),
        Fact::LinkClicked { link } if link.is_empty() => plain(w.t("fact-link-clicked")),
        Fact::LinkClicked { link } => plain(format!("{}: {link}", w.t("fact-link-clicked"))),
        Fact::ContactLeft { kind } => good(w.word("fact-contact", kind)),
        Fact::PriceAsked => plain(w.t("fact-price-asked")),
        Fact::CartAdded { product } => plain(w.with("fact-cart-added", "product", product)),
        Fact::Order { to, .. } => good(w.with("fact-order", "state", &w.word("state", to.name()).to_lowercase())),
        Fact::Temperature { to, score } => {
            let text = w.t(&format!("fact-lead-{}", to.name()));
            Some(Told { class: to.name(), text: format!("{text} · {score}") })
        }
        Fact::Stage { stage } => plain(w.with("fact-stage", "stage", stage)),
        Fact::FlowStarted { flow } => plain(w.with("fact-flow-started", "flow", flow)),
        Fact::FlowEnded { flow, outcome } => plain(format!("{}: {outcome}", w.with("fact-flow-ended", "flow", flow))),
        Fact::SequenceEntered { sequence } => plain(w.with("fact-sequence-entered", "sequence", sequence)),
        Fact::SequenceSent { sequence, step } => {
            plain(format!("{}: {step}", w.with("fact-sequence-sent", "sequence", sequence)))
        }
        Fact::SequenceEnded { sequence, outcome } => {
            plain(format!("{}: {outcome}", w.with("fact-sequence-ended", "sequence", sequence)))
        }
        Fact::Tagged { tag } => plain(w.with("fact-tagged", "tag", tag)),
        Fact::Segment { segment: Some(segment) } => plain(w.with("fact-segment", "segment", segment)),
        Fact::Segment { segment: None } => plain(w.t("fact-segment-none")),
        Fact::Handoff { cause } if cause.starts_with("taken:") => {
            plain(w.with("fact-taken", "name", cause.trim_start_matches("taken:")))
        }
        Fact::Note { who, text } => plain(format!("{}: {text}", w.with("note-of", "name", who))),
        Fact::OrderUndone { to, .. } => {
            plain(w.with("fact-order-undone", "state", &w.word("state", to.name()).to_lowercase()))
        }
        Fact::Handoff { cause } => bad(w.with("fact-handoff", "cause", &w.word("cause", cause))),
        Fact::HandBack { who: None } => plain(w.t("fact-hand-back")),
        Fact::HandBack { who: Some(who) } => plain(format!("{}: {who}", w.t("fact-hand-back"))),
        Fact::PersonAnswered => good(w.t("fact-person-answered")),
        Fact::HandoffAsked => bad(w.t("fact-handoff-asked")),
        Fact::Complaint => bad(w.t("fact-complaint")),
        Fact::Tone { tone: Tone::Positive } => good(w.t("fact-tone-positive")),
        Fact::Tone { tone: Tone::Negative } => bad(w.t("fact-tone-negative")),
        Fact::Tone { tone: Tone::Angry } => bad(w.t("fact-tone-angry")),
        Fact::Rating { stars } => plain(w.n("fact-rating", i64::from(*stars))),
        Fact::OptOut => bad(w.t("fact-opt-out")),
        Fact::OptIn => good(w.t("fact-opt-in")),
        Fact::ConsentGiven { kind, .. } => good(consent(w, "fact-consent-given", *kind)),
        Fact::ConsentRefused { kind } => bad(consent(w, "fact-consent-refused", *kind)),
        Fact::AdSuppressed => plain(w.t("fact-ad-suppressed")),
        Fact::AnswerBlocked { claim } => bad(w.with("fact-answer-blocked", "claim", &w.word("claim", claim))),
        Fact::AnswerWrong { .. } => bad(w.t("fact-answer-wrong")),
        Fact::Unanswered { .. } => bad(w.t("fact-unanswered")),
        Fact::Undelivered { .. } => bad(w.t("fact-undelivered")),
        Fact::AnswerLost { why, .. } => bad(lost(w, why)),
        Fact::Merged { by, .. } => plain(format!("{}: {by}", w.t("fact-merged"))),
        Fact::Split { by } => plain(format!("{}: {by}", w.t("fact-split"))),
        Fact::Expired => plain(w.t("fact-expired")),
        Fact::Reachable { now } => plain(w.word("fact-reachable", now)),
    }
}

/// Why what a person of the team wrote did not arrive.
pub(super) fn lost(w: Words, why: &DeliveryFate) -> String {
    match why {
        DeliveryFate::Blocked => w.t("answer-lost-blocked"),
        DeliveryFate::Gone => w.t("answer-lost-gone"),
        DeliveryFate::Refused { cause } => w.with("answer-lost-refused", "cause", cause),
        DeliveryFate::Expired | DeliveryFate::Untried => w.t("answer-lost-expired"),
    }
}

fn consent(w: Words, key: &str, kind: voronka_core::fact::ConsentKind) -> String {
    use voronka_core::fact::ConsentKind as Kind;
    let to = match kind {
        Kind::Pd => "consent-pd",
        Kind::Ads => "consent-ads",
        Kind::CrossBorder => "consent-cross-border",
    };
    w.with(key, "to", &w.t(to))
}
