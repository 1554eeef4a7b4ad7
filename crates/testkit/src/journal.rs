//! A store in memory, and the conformance suite that every store passes.
//!
//! An adapter adds one line to its tests: `voronka_testkit::journal_conformance!(MyFixture::new().await);`.

mod contended;
mod memory;
mod memory_directory;
mod memory_retention;
pub mod sample;
pub mod suite;

use std::future::Future;

pub use contended::Contended;
pub use memory::{Call, MemoryStore};
use voronka_core::ports::{Directory, Journal, KeyValues, Retention};

/// A store under test, with whatever it lies on (a folder, a schema).
pub trait Fixture: Sized + Send + Sync {
    /// The store.
    type Store: Journal + Directory + Retention + KeyValues;

    /// The open store.
    fn store(&self) -> &Self::Store;

    /// The same store after a restart: whatever it was told `Ok` for is there.
    fn reopened(self) -> impl Future<Output = Self> + Send;
}

/// A store in memory lives as long as its process: "reopened" it is the same.
impl Fixture for MemoryStore {
    type Store = Self;

    fn store(&self) -> &Self {
        self
    }

    async fn reopened(self) -> Self {
        self
    }
}

/// Stamps the suite's cases as tests of a store. `journal_conformance!(make)` runs all of them, each on what the expression
/// `make` gives (it may await); names after a `;` run only those.
#[macro_export]
macro_rules! journal_conformance {
    ($make:expr) => {
        $crate::journal_conformance!($make;
            an_event_of_one_batch_is_kept_once,
            an_event_of_two_batches_is_kept_once,
            positions_are_told_and_grow_as_events_are_kept,
            an_event_that_was_consumed_is_not_kept_again,
            an_event_that_was_kept_before_a_restart_is_not_kept_again,
            the_same_key_on_another_account_is_another_event,
            order_is_kept_per_conversation,
            ten_thousand_events_are_kept_and_found,
            waiting_conversations_are_listed_in_pages,
            texts_of_any_letters_survive,
            what_a_turn_wrote_is_loaded,
            what_a_turn_wrote_is_there_after_a_restart,
            only_the_last_messages_are_loaded,
            open_orders_and_the_last_closed_one_are_loaded,
            a_turn_of_a_stale_version_is_a_conflict_and_changes_nothing,
            a_new_conversation_that_exists_is_a_conflict,
            mail_consumed_twice_is_a_conflict,
            mail_of_another_conversation_is_not_consumed,
            of_two_turns_at_once_one_wins,
            of_two_turns_that_write_one_customer_at_once_one_is_a_conflict,
            a_stale_customer_or_lead_is_a_conflict_and_changes_nothing,
            a_stale_turn_beside_the_right_one_costs_it_nothing,
            many_turns_at_once_do_not_hurt_each_other,
            what_a_turn_posts_is_kept_with_it_and_once,
            turns_that_are_written_together_post_an_event_once,
            a_timer_rings_once_and_posts_its_event,
            a_timer_set_again_replaces_the_first,
            a_cancelled_timer_does_not_ring,
            a_timer_may_be_set_again_for_the_same_moment,
            timers_of_two_conversations_due_at_once_both_ring,
            timers_ring_in_order_and_at_most_as_many_as_asked,
            bubbles_wait_in_order_until_they_are_sent,
            a_campaign_is_read_back_by_account_in_order,
            a_bubble_is_queued_once,
            bubbles_that_are_called_back_stay_and_are_late,
            follow_ups_that_are_withdrawn_leave_the_outbox,
            a_bubble_tried_in_vain_stays_and_counts,
            a_bubble_given_up_tells_its_conversation_once,
            a_bubble_given_up_by_another_partner_stays,
            mail_set_aside_is_kept_with_its_cause_and_can_be_replayed,
            mail_set_aside_twice_is_kept_once,
            of_one_trouble_people_are_told_once,
            a_raw_letter_is_listed_and_gives_what_it_holds,
            a_raw_letter_is_swapped_for_what_was_read_from_it,
            a_dead_letter_is_opened_by_its_partner_alone,
            a_dropped_letter_is_gone_and_no_other,
            what_waits_is_counted_and_the_oldest_named,
            another_partner_finds_nothing,
            another_partners_turn_touches_nothing,
            every_read_and_write_with_anothers_ids_finds_and_changes_nothing,
            conversations_are_listed_latest_first_and_filtered,
            an_open_conversation_shows_all_that_belongs_to_it,
            messages_are_read_after_a_position,
            leads_are_listed_hottest_first,
            leads_are_picked_by_what_is_asked_for,
            who_has_said_nothing_is_in_no_list,
            everyone_who_has_spoken_is_met_once_page_by_page,
            orders_and_notices_are_listed_latest_first,
            figures_count_since_a_moment,
            what_turns_count_adds_up_by_day,
            turns_that_are_written_together_count_each_for_itself,
            questions_without_an_answer_are_listed_with_the_words_of_then,
            wrong_answers_are_listed_with_what_was_answered,
            a_list_is_read_to_its_end_page_by_page,
            a_conversation_tells_which_person_has_it,
            old_messages_are_forgotten_and_young_ones_stay,
            a_turn_that_remembers_what_was_forgotten_is_computed_again,
            the_key_of_an_old_event_is_forgotten,
            what_waits_to_be_sent_keeps_its_words,
            words_that_a_state_sums_up_are_forgotten_with_the_messages,
            facts_of_messages_fade_and_milestones_stay,
            a_customer_who_never_was_more_than_a_cold_lead_is_forgotten,
            a_visitor_who_has_said_nothing_is_kept_as_long_as_others,
            a_customer_with_whom_something_is_under_way_is_not_forgotten,
            another_partners_past_stays,
            a_value_is_kept_by_partner_kind_and_key_and_replaced,
            a_value_is_replaced_by_who_knows_it_alone,
            values_of_a_kind_are_listed_dropped_and_their_partners_known,
            merged_customers_are_read_together_and_split_ones_have_what_was_theirs,
            a_merged_person_is_counted_and_listed_once,
            whoever_joins_or_leaves_makes_turns_of_the_others_a_conflict,
            a_turn_that_rests_on_another_customer_is_a_conflict_once_that_one_has_changed,
            a_person_is_found_by_any_lead_of_theirs,
            customers_are_known_by_what_is_theirs,
            who_may_be_the_same_person_is_read_with_a_conversation,
            an_erased_past_leaves_what_is_counted_and_nothing_that_was_said
        );
    };
    ($make:expr; $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                $crate::journal::suite::$case($make).await;
            }
        )+
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::journal_conformance!(MemoryStore::new());
}
