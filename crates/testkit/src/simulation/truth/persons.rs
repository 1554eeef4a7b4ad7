//! Who is one person on two accounts: what they want of us on one of them holds on both.

use std::collections::{BTreeMap, BTreeSet};

use voronka_core::{
    fact::Fact,
    message::{Event, Inbound, Timer},
    person::Kinship,
    rows::{Lane, TurnCommit},
};

use super::{super::scene, State};

/// What is known of persons.
#[derive(Default)]
pub(super) struct Persons {
    /// Chats of one customer each who are one person with the customer of the other.
    joined: BTreeSet<usize>,
    /// Chats in which somebody has said that they want nothing more.
    want_nothing: BTreeSet<usize>,
    /// Mail of turns about persons that no turn has taken: for which chat, by its key.
    untold: BTreeMap<String, usize>,
}

impl State {
    /// A turn is written. As soon as no mail about a person is under way, nobody is reminded who wants nothing; and whoever is
    /// forgotten elsewhere hears nothing of it.
    pub(super) fn check_wishes(&mut self, chat: usize, turn: &TurnCommit, events: &[Inbound]) {
        let persons = &mut self.truth.persons;
        for inbound in events {
            persons.untold.remove(inbound.key.as_str());
        }
        let elsewhere = scene::elsewhere(chat);
        let is_joined = persons.joined.contains(&chat);
        let wanted_there = persons.want_nothing.contains(&elsewhere);
        let is_told = !persons.untold.values().any(|to| [chat, elsewhere].contains(to));
        let speaks = turn.outbox.iter().any(|row| row.lane != Lane::Notice);
        let all = |is: fn(&Event) -> bool| !events.is_empty() && events.iter().all(|inbound| is(&inbound.event));
        let reminds = all(|event| matches!(event, Event::Timer { timer: Timer::Silence { .. } }));
        let forgets = all(|event| matches!(event, Event::Forget { .. } | Event::Kin { .. }));
        let obeys = is_joined && wanted_there && is_told;
        let broken = speaks && (forgets || (obeys && reminds));
        if turn.facts.iter().any(|fact| fact.name == Fact::OptOut.name()) {
            persons.want_nothing.insert(chat);
        }
        // Whoever has never had a turn is nobody's kin.
        let known = self.truth.versions.contains_key(&elsewhere);
        let with = scene::chats()[elsewhere].key.first_customer();
        if turn.kinship == Some(Kinship::Joins(with)) && known {
            persons.joined.extend([chat, elsewhere]);
        }
        for post in &turn.posts {
            let about_persons = matches!(post.event, Event::Kin { .. } | Event::Forget { .. });
            if let Some(to) = scene::chat_of(&post.conversation()).filter(|_| about_persons) {
                persons.untold.insert(post.key.to_string(), to);
            }
        }
        if broken {
            let said: Vec<&str> = turn.outbox.iter().map(|row| row.bubble.text.text.as_str()).collect();
            self.broken("wishes", &format!("chat {chat} is told {said:?}, though the person wants nothing"));
        }
    }
}
