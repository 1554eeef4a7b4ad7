use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::{
    ids::OrderId,
    lead::Temperature,
    money::{Currency, Money},
    order::{OrderMove, OrderState},
};

fn moscow() -> impl Fn(Timestamp) -> Date {
    let zone = TimeZone::fixed(jiff::tz::offset(3));
    move |at| at.to_zoned(zone.clone()).date()
}

fn fact() -> impl Strategy<Value = Fact> {
    let word = || prop::sample::select(vec!["а", "б", "в"]).prop_map(str::to_owned);
    let state = prop::sample::select(vec![OrderState::Placed, OrderState::Paid, OrderState::Cancelled]);
    let order = (state, 1..9_i64).prop_map(|(to, minor)| Fact::Order {
        order: OrderId::of(&["1"]),
        by: OrderMove::Place,
        to,
        total: Money { minor, currency: Currency::RUB },
    });
    prop_oneof![
        4 => Just(Fact::Message),
        2 => Just(Fact::Button),
        1 => order,
        1 => word().prop_map(|stage| Fact::Stage { stage }),
        1 => word().prop_map(|cause| Fact::Handoff { cause: format!("taken:{cause}") }),
        1 => Just(Fact::OrderUndone { order: OrderId::of(&["1"]), from: OrderState::Placed, to: OrderState::Draft }),
        1 => (1..6_u8).prop_map(|stars| Fact::Rating { stars }),
        1 => (0..50_u32).prop_map(|input| Fact::ModelUsed { model: "м".into(), input, output: 1, prompt: String::new() }),
        1 => Just(Fact::HandoffAsked),
    ]
}

/// What happened to a customer, within some days.
fn life() -> impl Strategy<Value = Vec<FunnelEvent>> {
    prop::collection::vec((0..200_000_i64, fact()), 0..60).prop_map(|steps| {
        let mut at = 1_796_000_000;
        let event = |(step, fact)| {
            at += step / 7;
            FunnelEvent { at: Timestamp::from_second(at).unwrap(), fact }
        };
        steps.into_iter().map(event).collect()
    })
}

type Sums = BTreeMap<(Date, Counted, String), i64>;

fn add(sums: &mut Sums, tallies: Vec<Tally>) {
    for Tally { day, what, key, n } in tallies {
        *sums.entry((day, what, key)).or_default() += n;
    }
    sums.retain(|_, n| *n != 0);
}

proptest! {
    #[test]
    fn what_was_counted_turn_by_turn_is_what_is_counted_again(
        lives in prop::collection::vec((life(), prop::option::of("[a-z]{1,3}")), 1..5),
        turn in 1..8_usize,
    ) {
        let (mut counted, mut again) = (Sums::new(), Sums::new());
        for (facts, source) in &lives {
            let source = source.as_deref();
            let mut known = Known { active: None, source };
            for facts in facts.chunks(turn) {
                add(&mut counted, of(facts, known, moscow()));
                let acts = facts.iter().filter(|event| matches!(event.fact, Fact::Message | Fact::Button));
                known.active = acts.map(|event| event.at).next_back().or(known.active);
            }
            add(&mut again, of(facts, Known { active: None, source }, moscow()));
        }
        prop_assert_eq!(counted, again);
    }
}

#[test]
fn a_day_is_the_partners_and_a_customer_counts_once_in_it() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let facts = ["2026-12-01T20:00:00Z", "2026-12-01T21:30:00Z", "2026-12-01T23:00:00Z"]
        .map(|text| FunnelEvent { at: at(text), fact: Fact::Message });
    let told = |tallies: Vec<Tally>| -> Vec<String> {
        tallies.iter().map(|one| format!("{} {} {}={}", one.day, one.what.name(), one.key, one.n)).collect()
    };
    let known = Known { active: None, source: Some("vk") };
    let days = ["2026-12-01 came vk=1", "2026-12-01 active =1", "2026-12-02 active =1"];
    assert_eq!(told(of(&facts, known, moscow())), days);
    let known = Known { active: Some(facts[1].at), ..known };
    assert!(of(&facts[2..], known, moscow()).is_empty(), "they wrote that day already");
}

#[test]
fn names_are_read_back_and_of_an_unknown_one_nothing_is_made() {
    for counted in Counted::ALL {
        assert_eq!(Counted::from_name(counted.name()), Some(*counted));
    }
    assert_eq!(Counted::from_name("mood"), None);
    assert_eq!(Temperature::Hot.name(), "hot");
}

#[test]
fn a_long_source_is_cut_at_a_letter() {
    let facts = [FunnelEvent { at: Timestamp::UNIX_EPOCH, fact: Fact::Message }];
    let source = "ё".repeat(500);
    let counted = of(&facts, Known { active: None, source: Some(&source) }, moscow());
    assert_eq!(counted[0].key, "ё".repeat(KEY_CHARS_MAX));
}
