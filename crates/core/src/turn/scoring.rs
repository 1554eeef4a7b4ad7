//! The score at the end of a turn, with the facts and the timer that follow from it.

use jiff::Timestamp;

use super::work::Work;
use crate::{
    fact::Fact,
    message::Timer,
    score::{self, Scored},
    spec::texts::Phrase,
};

impl Work {
    /// Brings the lead's score up to date with what has happened so far; a change of temperature is a fact, of which sequences hear.
    pub(super) fn update_score(&mut self) {
        let before = self.snap.lead.temperature;
        let scored = self.scored();
        let lead = &mut self.snap.lead;
        (lead.score, lead.temperature, lead.why) = (scored.score, scored.temperature, scored.why);
        if lead.temperature != before {
            self.fact(Fact::Temperature { to: scored.temperature, score: scored.score });
        }
        match scored.look_again {
            Some(at) => self.look_again_by(at),
            None if self.snap.state.timers.contains_key(Timer::Score.name()) => self.cancel_timer(Timer::Score.name()),
            None => {}
        }
    }

    /// The lead's score now, given how warm it was.
    pub(super) fn scored(&self) -> Scored {
        let lead = &self.snap.lead;
        let lang = self.book.language(None, "");
        score::score(&self.book.spec.scoring, &lead.facts, &self.scope(), lead.temperature, self.now, lang)
    }

    /// To look earlier does no harm: a timer that is set already and rings in time stays, and most turns write none.
    fn look_again_by(&mut self, at: Timestamp) {
        let set = self.snap.state.timers.get(Timer::Score.name());
        if set.is_none_or(|set| *set > at) {
            self.set_timer(at, Timer::Score);
        }
    }

    /// Why the lead has its score, in a sentence.
    pub(super) fn why(&self) -> String {
        self.snap.lead.why.join(", ")
    }

    /// What the bot calls itself.
    pub(super) fn persona(&self) -> String {
        let config = &self.book.spec.config;
        config.persona.name.clone().unwrap_or_else(|| config.name.clone())
    }

    /// Tells once that a machine answers, unless the partner's own words do.
    pub(super) fn disclose(&mut self) {
        if self.snap.state.disclosed || self.reply.is_empty() {
            return;
        }
        self.snap.state.disclosed = true;
        let said = self.reply.words().any(|words| {
            let words = words.to_lowercase();
            ["виртуальн", "чат-бот", "virtual assistant", "chatbot"].iter().any(|hint| words.contains(hint))
        });
        if said {
            return;
        }
        let persona = self.persona();
        let disclosure = self.phrase(Phrase::Disclosure, &[("persona", persona)]);
        let rest = self.reply.take();
        self.reply.say(&disclosure);
        self.reply.append(rest);
    }
}
