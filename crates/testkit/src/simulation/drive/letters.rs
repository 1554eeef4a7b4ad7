//! Letters: bodies that nobody can read, and what somebody does with what was set aside.

use voronka_core::{ids::PartnerId, ports::Mailbox, rows::RawLetter};
use voronka_engine::Engine;

use super::{
    super::{plan::Happening, truth::unread_body},
    Drive,
};

impl Drive {
    pub(super) fn hand_in_unreadable(&mut self, act: usize, engines: &[Engine]) {
        let Some(engine) = engines.first().cloned() else { return };
        let mut state = self.world.state();
        state.tell(|| format!("handed in, and nobody can read it: act {act}"));
        let step = state.step;
        let known = &mut state.truth.acts[act];
        known.tried = known.tried.or(Some(step));
        let (partner, account) = (known.inbound.partner.clone(), known.inbound.account.clone());
        let at = state.now();
        drop(state);
        let letter = RawLetter { partner, account, body: unread_body(act).into_bytes(), cause: "no JSON".into(), at };
        self.unreadable.push((act, tokio::spawn(async move { engine.keep_raw(letter).await })));
    }

    /// Somebody drops one of the letters for good; whether that succeeds or not, it is not tried again.
    pub(super) fn drop_one(&mut self, engines: &[Engine]) {
        let (letters, Some(engine)) = (self.world.letters(), engines.first().cloned()) else { return };
        if letters.is_empty() {
            return;
        }
        let (partner, letter) = self.world.state().whims.pick(&letters).clone();
        self.replays.push(tokio::spawn(async move { engine.drop_letter(&partner, letter).await.is_ok() }));
    }

    /// What became of acts that nobody can read.
    pub(super) async fn hear_of_unreadable(&mut self) {
        while let Some(at) = self.unreadable.iter().position(|(_, delivery)| delivery.is_finished()) {
            let (act, delivery) = self.unreadable.remove(at);
            let kept = matches!(delivery.await, Ok(Ok(())));
            self.world.tell(|| {
                format!("the messenger is told of act {act}, unread: {}", if kept { "kept" } else { "not kept" })
            });
            if kept {
                let mut state = self.world.state();
                state.truth.acts[act].acked = Some(state.step);
            } else {
                self.put_soon(700, Happening::Unreadable(act));
            }
        }
    }

    /// The process has ended: messengers hand in again what they have heard nothing of.
    pub(super) fn hand_in_unreadable_again(&mut self) {
        for (act, _) in std::mem::take(&mut self.unreadable) {
            self.put_soon(500, Happening::Unreadable(act));
        }
    }

    /// In the end somebody puts back what was set aside, once: nothing is wrong with it any more.
    pub(super) fn puts_letters_back(&mut self, engines: &[Engine]) -> bool {
        let letters = self.world.letters();
        let Some(engine) = engines.first().filter(|_| !letters.is_empty() && !self.put_back) else { return false };
        self.put_back = true;
        self.world.state().puts_back();
        let engine = engine.clone();
        self.replay(&engine, letters);
        true
    }

    /// Somebody tries the same while the world is not well.
    pub(super) fn put_back_now(&mut self, engines: &[Engine]) {
        if let Some(engine) = engines.first().cloned() {
            self.world.tell(|| "somebody tries to put back what was set aside".to_owned());
            let letters = self.world.letters();
            self.replay(&engine, letters);
        }
    }

    fn replay(&mut self, engine: &Engine, letters: Vec<(PartnerId, i64)>) {
        for (partner, letter) in letters {
            let engine = engine.clone();
            self.replays.push(tokio::spawn(async move { engine.replay(&partner, letter).await.is_ok() }));
        }
    }
}
