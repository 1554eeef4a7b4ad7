//! How messengers hand in what people did, and hear what became of it.

use voronka_core::ports::Mailbox;
use voronka_engine::Engine;

use super::{
    super::{
        plan::{Happening, pressed},
        truth::{Act, Body},
    },
    Drive,
};

impl Drive {
    pub(super) fn deliver(&mut self, acts: &[usize], engines: &[Engine]) {
        let (mut handed, mut batch) = (Vec::new(), Vec::new());
        for n in acts {
            let mut state = self.world.state();
            let Act { chat, acked, tried, .. } = state.truth.acts[*n];
            if self.in_order && acked.is_none() {
                // The messenger hands in the events of a chat one after the other.
                let earlier = self.deliveries.iter().flat_map(|(acts, _)| acts);
                let busy = earlier.clone().any(|other| other != n && state.truth.acts[*other].chat == chat);
                let mut before = (0..*n).map(|other| (other, &state.truth.acts[other]));
                let before = before.any(|(other, act)| {
                    let waits = act.acked.is_none() && act.body == Body::Readable;
                    act.chat == chat && waits && !handed.contains(&other)
                });
                if busy || before {
                    drop(state);
                    let waiting = self.waiting.entry(chat).or_default();
                    if !waiting.contains(n) {
                        waiting.push(*n);
                        waiting.sort_unstable();
                    }
                    continue;
                }
            }
            let step = state.step;
            state.truth.acts[*n].tried = Some(tried.unwrap_or(step));
            let inbound = match pressed(&state.truth.acts[*n].inbound, tried.is_none(), state.screens.get(&chat)) {
                Some(inbound) => {
                    state.truth.acts[*n].inbound = inbound.clone();
                    inbound
                }
                None => state.truth.acts[*n].inbound.clone(),
            };
            state.tell(|| format!("handed in: act {n} of chat {chat}: {:?}", inbound.event));
            handed.push(*n);
            batch.push(inbound);
        }
        if batch.is_empty() {
            return;
        }
        let engine = {
            let mut state = self.world.state();
            if handed.len() > 1 && state.troubled && state.chance.one_in(4) {
                // One of them twice.
                let at = state.chance.index(batch.len());
                let double = batch[at].clone();
                state.tell(|| format!("and once more: {}", double.key));
                let to = at + 1 + state.chance.index(batch.len() - at);
                batch.insert(to, double);
            }
            engines[state.chance.index(engines.len())].clone()
        };
        let delivery = tokio::spawn(async move { engine.post(batch).await.map(drop) });
        self.deliveries.push((handed, delivery));
    }

    /// What became of what was handed in.
    pub(super) async fn hear_messengers(&mut self) {
        let mut n = 0;
        while n < self.deliveries.len() {
            if !self.deliveries[n].1.is_finished() {
                n += 1;
                continue;
            }
            let (acts, delivery) = self.deliveries.remove(n);
            let kept = matches!(delivery.await, Ok(Ok(())));
            self.delivered(&acts, kept);
        }
    }

    pub(super) fn delivered(&mut self, acts: &[usize], kept: bool) {
        let (again, wait) = {
            let mut state = self.world.state();
            let step = state.step;
            state.tell(|| format!("the messenger is told of {acts:?}: {}", if kept { "kept" } else { "not kept" }));
            if kept {
                let new: Vec<usize> =
                    acts.iter().copied().filter(|act| state.truth.acts[*act].acked.is_none()).collect();
                for act in &new {
                    state.truth.acts[*act].acked = Some(step);
                }
                state.acknowledged_together(&new);
            }
            let troubled = state.troubled;
            (!kept || (troubled && state.chance.one_in(6)), state.chance.within(10, 3_000))
        };
        if again {
            self.put_soon(wait, Happening::Delivery(acts.to_vec()));
        }
        if kept {
            for act in acts {
                let chat = self.world.state().truth.acts[*act].chat;
                let Some(waiting) = self.waiting.get_mut(&chat) else { continue };
                if waiting.is_empty() {
                    self.waiting.remove(&chat);
                } else {
                    let next = waiting.remove(0);
                    self.put_soon(0, Happening::Delivery(vec![next]));
                }
            }
        }
    }

    pub(super) fn hand_in_again(&mut self) {
        self.waiting.clear();
        let planned: Vec<usize> = self
            .agenda
            .values()
            .filter_map(|what| match what {
                Happening::Delivery(acts) => Some(acts.clone()),
                Happening::Jump(_)
                | Happening::Restart
                | Happening::PutBack
                | Happening::Unreadable(_)
                | Happening::Drop
                | Happening::Second => None,
            })
            .flatten()
            .collect();
        let left: Vec<usize> = {
            let state = self.world.state();
            let acts = state.truth.acts.iter().enumerate();
            let unacked = acts.filter(|(_, act)| act.acked.is_none() && act.body == Body::Readable);
            unacked.map(|(n, _)| n).filter(|n| !planned.contains(n)).collect()
        };
        for n in left {
            let millis = self.world.state().chance.within(0, 500);
            self.put_soon(if self.in_order { 500 } else { millis }, Happening::Delivery(vec![n]));
        }
    }
}
