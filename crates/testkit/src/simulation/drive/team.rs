//! How the house follows what persons of the team set from their chats, and how they leave all in order in the end.

use std::sync::Arc;

use voronka_core::spec::partner::PartnerSpec;
use voronka_engine::{Book, Engine, Files};

use super::{
    super::{
        mutants::Mutant,
        plan::{self, Happening},
        scene,
        settings::{self, Settings},
    },
    Drive, Phase, with_team,
};

/// How long a pause may last after all have said what they had to say: what is due unasked comes due in it.
const LINGERS_MS: i64 = 50 * 60_000;

/// Times that the team leaves all in order, at most: an engine that is broken may take up an old wish for a pause again and again.
const CLOSINGS_MAX: u32 = 5;

/// How many steps lie between two times at which files are let go of that nobody has needed meanwhile.
const STEPS_OF_REST: u64 = 500;

/// A partner's files, read anew after each rest.
struct Filed(Arc<PartnerSpec>);

impl Files for Filed {
    fn spec(&self) -> Arc<PartnerSpec> {
        Arc::clone(&self.0)
    }
}

fn book(spec: &Arc<PartnerSpec>) -> Book {
    Book::at_rest(Arc::new(Filed(Arc::clone(spec))), spec)
}

impl Drive {
    /// Lets go of files, in the middle of whatever is under way.
    pub(super) fn rest(&self, engines: &[Engine]) {
        if self.world.state().step.is_multiple_of(STEPS_OF_REST) {
            engines.iter().for_each(Engine::rest);
        }
    }

    /// The settings that a partner is served by from an engine's start.
    pub(super) fn book_at_start(&self, partner: usize) -> Book {
        let settings = match self.breakage.mutant {
            Some(Mutant::SettingsUnread) => Settings::Unread,
            _ => Settings::Read,
        };
        let spec = settings::spec(&self.world, partner, settings);
        self.world.state().follows(&spec.id);
        book(&spec)
    }

    /// What was set holds for turns that begin from now on.
    pub(super) fn follow_settings(&self, engines: &[Engine]) {
        let set = std::mem::take(&mut self.world.state().unfollowed);
        for (n, id) in scene::PARTNERS.iter().enumerate() {
            let id = scene::partner(id);
            if !set.contains(&id) {
                continue;
            }
            self.world.state().follows(&id);
            if self.breakage.mutant == Some(Mutant::SettingsLate) {
                continue;
            }
            let spec = settings::spec(&self.world, n, Settings::Read);
            for engine in engines {
                if let Some(served) = engine.served(&id) {
                    engine.swap(with_team(served.edited(book(&spec))));
                }
            }
        }
    }

    /// Whether a pause holds still, or nobody has looked at what is set.
    pub(super) fn team_has_to_close(&self) -> bool {
        let state = self.world.state();
        let is_open = |n: usize| !self.looked[n] || state.is_paused(&scene::partner(scene::PARTNERS[n]));
        state.team.is_some() && self.closings < CLOSINGS_MAX && (0..scene::PARTNERS.len()).any(is_open)
    }

    /// When all have said what they had to say, the pauses end, and it is looked at what is set.
    pub(super) fn team_closes(&mut self) {
        let is_quiet = self.agenda.is_empty() && self.deliveries.is_empty() && self.world.store.mail_waiting() == 0;
        if self.phase != Phase::Calm || !is_quiet || !self.team_has_to_close() {
            return;
        }
        self.closings += 1;
        let lingers = self.world.state().team.as_mut().is_some_and(|team| team.one_in(2));
        let millis = if lingers { LINGERS_MS } else { 0 };
        for n in 0..scene::PARTNERS.len() {
            let acts: Vec<Happening> = {
                let mut state = self.world.state();
                let is_paused = state.is_paused(&scene::partner(scene::PARTNERS[n]));
                plan::team::closing(&mut state, is_paused, n)
            };
            self.looked[n] = true;
            for act in acts {
                self.put_soon(millis, act);
            }
        }
        // What has waited for the end of a pause may ring.
        self.rings = 0;
    }
}
