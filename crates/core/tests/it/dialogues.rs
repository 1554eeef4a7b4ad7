//! Recorded dialogues with outcomes, judged by a partner's rules through the real turn.

use std::{path::Path, sync::Arc};

use voronka_core::rehearsal::dialogues::{Judged, Part, Recording, judge, quality::Quality};
use voronka_testkit::{dialogues::made_up, rehearsal::roomy};

use crate::partners;

const FILE: &str = "../../partners/zhiva/tests/dialogues.jsonl";

fn judged() -> Vec<Judged> {
    let playbook = Arc::new(partners::playbook("zhiva", &partners::files("../../partners/zhiva")));
    let capabilities = Arc::new(roomy());
    let one = |dialogue| judge(dialogue, &playbook, Arc::clone(&capabilities), Box::new(partners::pages));
    made_up().dialogues.iter().map(|dialogue| one(dialogue).expect("what was stored is read back")).collect()
}

#[test]
fn the_dialogues_of_zhiva_are_those_that_were_made_up() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let made = made_up();
    if std::env::var_os("UPDATE_DIALOGUES").is_some() {
        std::fs::write(&path, made.write()).expect("the file is written");
    }
    let kept = std::fs::read_to_string(&path).expect("the file is there");
    assert!(Recording::parse(&kept).expect("it is of the format") == made, "UPDATE_DIALOGUES=1 writes it anew");
}

#[test]
fn the_points_of_zhiva_tell_who_buys_of_those_who_were_held_out() {
    let all = judged();
    let of = |part: Part| Quality::of(all.iter().filter(|one| one.part == part));
    let (tuning, held_out) = (of(Part::Tuning), of(Part::HeldOut));
    assert!(tuning.dialogues + held_out.dialogues >= 300, "{tuning:?}");
    assert!(held_out.dialogues >= 120 && held_out.bought >= 30, "{held_out:?}");
    assert!(held_out.auc.is_some_and(|auc| auc >= 0.85), "{held_out:#?}");
    // Not a mirror of the rules either.
    assert!(held_out.auc.is_some_and(|auc| auc < 0.98), "{held_out:#?}");
    assert!(held_out.hot.precision > held_out.warm.precision, "{held_out:#?}");
}
