//! A store of bare rows in memory, and what every store must do that partners move from and to.
//!
//! An adapter adds one line to its tests: `voronka_testkit::transfer_conformance!(MyFixture::new().await);`, and one that keeps
//! a journal as well `voronka_testkit::journal_transfer_conformance!(MyFixture::new().await);`.

mod fake;
pub mod suite;

pub use fake::MemoryRecords;
use voronka_core::ports::Transfer;

/// A store under test, with whatever it lies on.
pub trait Fixture: Send + Sync {
    /// The store.
    type Store: Transfer;

    /// The open store.
    fn store(&self) -> &Self::Store;
}

impl Fixture for MemoryRecords {
    type Store = Self;

    fn store(&self) -> &Self {
        self
    }
}

/// Stamps the suite's cases as tests of a store, each on what the expression gives (it may await).
#[macro_export]
macro_rules! transfer_conformance {
    ($make:expr) => {
        $crate::transfer_conformance!($make;
            rows_that_entered_leave_as_they_were,
            a_row_that_is_there_changes_nothing_and_another_is_refused,
            what_leaves_is_of_one_moment,
            all_partners_leave_as_they_were_at_one_moment,
            leaving_goes_on_behind_any_place,
            bubbles_keep_their_line,
            partners_have_rows_of_their_own,
            rows_are_erased_in_steps,
            notes_of_a_transfer_stay
        );
    };
    ($make:expr; $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                $crate::transfer::suite::$case(&$make).await;
            }
        )+
    };
}

/// The same for stores that keep a journal: each case has two of them.
#[macro_export]
macro_rules! journal_transfer_conformance {
    ($make:expr) => {
        #[tokio::test]
        async fn what_the_journal_wrote_is_the_same_elsewhere() {
            $crate::transfer::suite::what_the_journal_wrote_is_the_same_elsewhere(&$make, &$make).await;
        }

        #[tokio::test]
        async fn numbers_go_on_behind_those_that_came() {
            $crate::transfer::suite::numbers_go_on_behind_those_that_came(&$make).await;
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::transfer_conformance!(MemoryRecords::default());
}
