//! What must be so when a run is over.

use super::{EventId, State};

impl State {
    /// All is over: what must have happened has happened. `unread`: what is in the bodies that the disk holds because nobody
    /// could read them.
    pub(in crate::simulation) fn check_end(&mut self, unread: &[EventId]) {
        let mut wrong: Vec<(&str, String)> = Vec::new();
        let truth = &self.truth;
        for (n, act) in truth.acts.iter().enumerate() {
            let id = EventId::Act(n);
            let (turns, aside) = (truth.taken.get(&id).copied().unwrap_or(0), truth.set_aside.contains(&id));
            match (act.acked.is_some(), turns, aside) {
                (true, 1, false) | (true, 0, true) | (false, 0, _) => {}
                (true, 0, false) if truth.dropped.contains(&id) || unread.contains(&id) => {}
                (true, 0, false) => wrong
                    .push(("nothing lost", format!("{id:?} of chat {} was acknowledged and has no turn", act.chat))),
                (true, _, true) => wrong.push(("nothing twice", format!("{id:?} has a turn and is set aside"))),
                // Twice is told when it happens; a turn before the acknowledgement is told was in time.
                (true, _, false) | (false, _, _) => {}
            }
            if act.acked.is_none() {
                wrong.push(("nothing lost", format!("{id:?} is never acknowledged")));
            }
        }
        for batch in &truth.batches {
            let chat = truth.acts[batch[0]].chat;
            let empty = Vec::new();
            let order = truth.order.get(&chat).unwrap_or(&empty);
            let places: Vec<usize> =
                batch.iter().filter_map(|act| order.iter().position(|taken| taken == act)).collect();
            if !places.is_sorted() {
                wrong.push(("order", format!("{batch:?} were handed in together, and have their turns as {order:?}")));
            }
        }
        for order in truth.order.values() {
            for (n, later) in order.iter().enumerate() {
                let began = truth.acts[*later].tried;
                let before = order[n + 1..]
                    .iter()
                    .find(|earlier| truth.acts[**earlier].acked.zip(began).is_some_and(|(acked, began)| acked < began));
                if let Some(earlier) = before {
                    wrong.push((
                        "order",
                        format!("act {later} has its turn before act {earlier}, which was acknowledged before it came"),
                    ));
                }
            }
        }
        for (id, fate) in &truth.bubbles {
            if fate.shows == 0
                && !truth.withdrawn.contains(id)
                && !(fate.settled
                    && (fate.refused || fate.may_be_lost() || fate.failed > 0 || fate.row.expires.is_some()))
            {
                wrong.push(("nothing lost", format!("bubble {id} «{}» is never shown", fate.row.bubble.text.text)));
            }
        }
        for (chat, standing) in &truth.previews {
            if standing.starts == truth.starts && !truth.overlapped {
                wrong.push(("previews", format!("chat {chat} still sees «{}»", standing.text)));
            }
        }
        let now = self.now();
        for ((chat, name), due) in &truth.timers {
            let id = EventId::Timer(*chat, name, *due);
            if *due <= now && !truth.set_aside.contains(&id) && !truth.dropped.contains(&id) {
                wrong.push(("timers", format!("{name} of chat {chat} was due at {due} and has no turn")));
            }
        }
        wrong.extend(self.who_waits().map(|what| ("pause", what)));
        for (rule, what) in wrong {
            self.broken(rule, &what);
        }
    }
}
