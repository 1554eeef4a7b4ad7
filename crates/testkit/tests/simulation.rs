//! The simulation, a few thousand seeds of it; and that it can fail.

use voronka_testkit::simulation::{self, Mutant, SEEDS, Verdict};

/// Seeds that a test of a mutant may take.
const MUTANT_SEEDS: u64 = 1_000;

#[track_caller]
fn passes(verdict: &Verdict) {
    if !verdict.broken.is_empty() {
        let story = simulation::tell(verdict.seed, None).story.join("\n");
        panic!("{story}\n\nseed {}: {:#?}\nagain: cargo xtask simulate 1 --from {0}", verdict.seed, verdict.broken);
    }
}

#[test]
fn seeds_that_once_showed_a_bug_pass() {
    for kept in SEEDS {
        passes(&simulation::run(kept.seed, None));
    }
}

#[test]
fn a_seed_is_always_the_same_run() {
    for seed in 0..20 {
        let (one, other) = (simulation::tell(seed, None), simulation::tell(seed, None));
        for (n, (line, again)) in one.story.iter().zip(&other.story).enumerate() {
            assert_eq!(line, again, "seed {seed}, line {n}");
        }
        assert_eq!((one.steps, one.calls, &one.story), (other.steps, other.calls, &other.story), "seed {seed}");
        assert_eq!(simulation::run(seed, None).steps, one.steps, "whether it is told changes nothing");
    }
}

#[test]
fn unfinished_answers_are_seen() {
    let seen: u64 = (0..40).map(|seed| simulation::run(seed, None).previews).sum();
    assert!(seen >= 10, "{seen} previews: what is never seen is never checked");
}

#[test]
fn what_was_set_aside_is_put_back() {
    let put_back: u32 = (0..500).map(|seed| simulation::run(seed, None).put_back).sum();
    assert!(put_back >= 5, "{put_back} events: what never happens is never checked");
}

#[test]
fn settings_are_looked_at_and_pauses_outlasted() {
    let (pages, waited) = (0..200).fold((0, 0), |(pages, waited), seed| {
        let verdict = simulation::run(seed, None);
        (pages + verdict.pages, waited + verdict.waited)
    });
    assert!(pages >= 100 && waited >= 5, "{pages} pages, {waited} answers: what never happens is never checked");
}

macro_rules! seeds {
    ($($name:ident $from:literal)*) => {$(
        #[test]
        fn $name() {
            for seed in $from..$from + 250 {
                passes(&simulation::run(seed, None));
            }
        }
    )*};
}

// Several tests, so that several cores share the work.
seeds! {
    what_is_promised_holds_in_seeds_from_0 0
    what_is_promised_holds_in_seeds_from_250 250
    what_is_promised_holds_in_seeds_from_500 500
    what_is_promised_holds_in_seeds_from_750 750
    what_is_promised_holds_in_seeds_from_1000 1_000
    what_is_promised_holds_in_seeds_from_1250 1_250
    what_is_promised_holds_in_seeds_from_1500 1_500
    what_is_promised_holds_in_seeds_from_1750 1_750
}

#[track_caller]
fn is_caught(mutant: Mutant) {
    let rule = mutant.breaks();
    let caught = (0..MUTANT_SEEDS).find(|seed| simulation::run(*seed, Some(mutant)).broke(rule));
    assert!(caught.is_some(), "{mutant:?} was not caught by the rule «{rule}» within {MUTANT_SEEDS} seeds");
}

macro_rules! mutants {
    ($($name:ident $mutant:ident)*) => {
        $(
            #[test]
            fn $name() {
                is_caught(Mutant::$mutant);
            }
        )*

        #[test]
        fn every_mutant_has_its_test() {
            assert_eq!(Mutant::ALL.to_vec(), [$(Mutant::$mutant),*]);
        }
    };
}

mutants! {
    an_engine_that_takes_every_delivery_for_a_new_event_is_caught NoDedup
    an_engine_that_acknowledges_before_the_event_is_kept_is_caught AckBeforeCommit
    an_engine_that_serves_events_before_they_are_kept_is_caught HandedBeforeCommit
    an_engine_that_notes_a_bubble_as_sent_before_it_is_sent_is_caught SentBeforeSend
    an_engine_that_sends_before_the_turn_is_written_is_caught SendBeforeCommit
    an_engine_that_ignores_versions_is_caught IgnoresVersion
    an_engine_that_consumes_mail_after_the_turn_is_caught MailApart
    an_engine_whose_timers_stay_after_they_rang_is_caught TimerStays
    an_engine_that_loses_timers_in_a_crash_is_caught TimerLost
    an_engine_whose_timers_ring_early_is_caught TimerEarly
    an_engine_that_does_not_cancel_timers_is_caught TimerNotCancelled
    an_engine_that_mixes_up_the_order_is_caught OrderBroken
    an_engine_that_does_not_wait_for_the_result_before_the_next_bubble_is_caught ResultLate
    an_engine_that_sends_again_under_a_new_key_is_caught NewKey
    an_engine_that_forgets_its_outbox_in_a_restart_is_caught OutboxForgotten
    an_engine_that_forgets_its_mail_in_a_restart_is_caught MailForgotten
    an_engine_that_answers_another_customer_is_caught PeerMixedUp
    an_engine_that_answers_through_another_partner_is_caught PartnerMixedUp
    an_engine_that_says_late_answers_is_caught LateAnswer
    an_engine_that_turns_round_what_comes_together_is_caught BatchTurned
    an_engine_that_leaves_unfinished_answers_standing_is_caught PreviewStays
    an_engine_that_shows_unfinished_answers_late_is_caught PreviewLate
    an_engine_that_loses_what_is_put_back_is_caught LetterLost
    an_engine_that_wakes_nobody_for_what_it_knows_already_is_caught SeenIsDeaf
    an_engine_that_forgets_what_a_campaign_has_left_is_caught CampaignForgotten
    an_engine_that_forgets_what_it_could_not_read_is_caught RawForgotten
    an_engine_that_drops_a_body_before_its_events_are_kept_is_caught RawApart
    an_engine_that_sets_events_aside_in_silence_is_caught SilentLetter
    an_engine_that_gives_up_a_repeat_too_early_is_caught GivesUpEarly
    an_engine_that_does_not_know_what_a_person_wants_elsewhere_is_caught KinUnread
    an_engine_that_writes_first_by_what_it_has_read_of_another_account_long_ago_is_caught KinStale
    an_engine_that_answers_nobody_after_a_pause_is_caught BackLost
    an_engine_that_does_not_read_settings_at_a_start_is_caught SettingsUnread
    an_engine_that_follows_settings_late_is_caught SettingsLate
}
