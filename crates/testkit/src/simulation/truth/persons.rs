//! Who is one person on two accounts: what they want of us on one of them holds on both, and we write first to a person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use voronka_core::{
    fact::Fact,
    ids::BubbleId,
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
    /// Steps of sequences that were said, in which chat and when, as which bubbles.
    letters: Vec<(usize, Timestamp, Vec<BubbleId>)>,
    /// When each chat's customer last entered the sequence that has a goal.
    entered: BTreeMap<usize, Timestamp>,
    /// Chats whose sequence has come to its end: its goal was reached on the other account, once that was one person.
    reached: BTreeSet<usize>,
}

impl Persons {
    /// Whether the chat's customer is one person with another's, and no mail about that is under way.
    fn is_told(&self, chat: usize) -> bool {
        let both = [chat, scene::elsewhere(chat)];
        self.joined.contains(&chat) && !self.untold.values().any(|to| both.contains(to))
    }
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
        let is_told = persons.is_told(chat);
        let wanted_there = persons.want_nothing.contains(&elsewhere);
        let speaks = turn.outbox.iter().any(|row| row.lane != Lane::Notice);
        let all = |is: fn(&Event) -> bool| !events.is_empty() && events.iter().all(|inbound| is(&inbound.event));
        let reminds = all(|event| matches!(event, Event::Timer { timer: Timer::Silence { .. } }));
        let forgets = all(|event| matches!(event, Event::Forget { .. } | Event::Kin { .. }));
        let obeys = wanted_there && is_told;
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
    /// A turn is written. As soon as no mail about a person is under way, limits hold for both of their accounts together, and a goal that
    /// is reached on one ends what runs on the other.
    pub(super) fn check_one_person(&mut self, chat: usize, turn: &TurnCommit, events: &[Inbound]) {
        let spec = scene::specs(self.scene()).iter().find(|spec| spec.id == turn.key.partner);
        let Some(config) = spec.map(|spec| &spec.config) else { return };
        let persons = &mut self.truth.persons;
        // What was not seen was not said.
        let unseen = events.iter().filter_map(|inbound| match &inbound.event {
            Event::Delivery { bubble, .. } => Some(*bubble),
            _ => None,
        });
        let unseen: Vec<BubbleId> = unseen.collect();
        persons.letters.retain(|(_, _, bubbles)| !bubbles.iter().any(|bubble| unseen.contains(bubble)));
        let elsewhere = scene::elsewhere(chat);
        let mut broken = None;
        for fact in &turn.facts {
            let of_news = || scene::ACCOUNTS.iter().any(|news| fact.data.contains(&format!("\"{news}\"")));
            match fact.name.as_str() {
                "sequence.entered" if of_news() => {
                    persons.entered.insert(chat, fact.at);
                    persons.reached.remove(&chat);
                }
                "handoff.asked" if persons.joined.contains(&chat) => {
                    let entered = persons.entered.get(&elsewhere);
                    // By a clock that was set back it was reached before they entered.
                    if entered.is_some_and(|entered| *entered < fact.at) {
                        persons.reached.insert(elsewhere);
                    }
                }
                "sequence.sent" => {
                    if of_news() && persons.is_told(chat) && persons.reached.contains(&chat) {
                        broken =
                            Some(format!("chat {chat} is written to, though the goal is reached in chat {elsewhere}"));
                    }
                    let day = |at: Timestamp| at.to_zoned(config.zone.clone()).date();
                    let today = persons
                        .letters
                        .iter()
                        .filter(|(of, at, _)| [chat, elsewhere].contains(of) && day(*at) == day(fact.at));
                    let limit = usize::try_from(config.limits.per_day).unwrap_or(usize::MAX);
                    let n = today.count();
                    if persons.is_told(chat) && n >= limit {
                        broken = Some(format!("chat {chat} is written to, as the person was {n} times on that day"));
                    }
                    let bubbles = turn.outbox.iter().filter(|row| row.lane == Lane::Campaign).map(|row| row.id);
                    persons.letters.push((chat, fact.at, bubbles.collect()));
                }
                _ => {}
            }
        }
        if let Some(broken) = broken {
            self.broken("one person", &broken);
        }
    }
}
