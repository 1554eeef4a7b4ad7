//! A partner's files as turns need them: prepared while customers write, and let go of while nobody does. A house serves a thousand
//! partners of whom few are written to in the same hour.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, tz::TimeZone};
use voronka_core::{
    ids::{AccountId, PartnerId},
    spec::{
        config::{Account, Config, Digest},
        partner::PartnerSpec,
    },
    turn::Playbook,
};

use crate::frequent::Frequent;

/// Where a partner's files come from when somebody writes.
pub trait Files: Send + Sync {
    /// The files, read anew: the same each time, without waiting for anything.
    fn spec(&self) -> Arc<PartnerSpec>;
}

/// A partner's files.
pub struct Book {
    partner: PartnerId,
    zone: TimeZone,
    digest: Option<Digest>,
    is_paused: bool,
    longest_answer: SignedDuration,
    pages: Pages,
}

/// What turns read of it.
enum Pages {
    /// They stay in memory.
    Kept(Open),
    /// They are read when somebody writes.
    Read { files: Arc<dyn Files>, open: Mutex<Option<Open>> },
}

/// What there is of it while it is open.
#[derive(Clone)]
struct Open {
    playbook: Arc<Playbook>,
    frequent: Arc<Frequent>,
    /// Whether anybody has looked into it since [`Book::rest`] was called.
    is_read: bool,
}

impl Open {
    fn of(spec: Arc<PartnerSpec>) -> Self {
        let frequent = Arc::new(Frequent::of(&spec.id));
        Self { playbook: Arc::new(Playbook::new(spec)), frequent, is_read: true }
    }
}

impl From<Arc<PartnerSpec>> for Book {
    /// Files that stay in memory for as long as they are served by.
    fn from(spec: Arc<PartnerSpec>) -> Self {
        Self::of(&spec, Pages::Kept(Open::of(Arc::clone(&spec))))
    }
}

impl Book {
    /// Files that are read when somebody writes, and let go of by [`crate::Engine::rest`]. `spec`: what they are read as.
    pub fn at_rest(files: Arc<dyn Files>, spec: &PartnerSpec) -> Self {
        Self::of(spec, Pages::Read { files, open: Mutex::default() })
    }

    fn of(spec: &PartnerSpec, pages: Pages) -> Self {
        let config = &spec.config;
        let answers = config.accounts.iter().map(|account| patience(config, &account.id).1);
        Self {
            partner: spec.id.clone(),
            zone: config.zone.clone(),
            digest: config.digest.clone(),
            is_paused: config.pause.is_some(),
            longest_answer: answers.max().unwrap_or_default(),
            pages,
        }
    }

    /// Whose files.
    pub(crate) fn partner(&self) -> &PartnerId {
        &self.partner
    }

    /// The partner's own clock.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// When the daily summary comes, and to whom.
    pub(crate) fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Whether its bot is silent, for somebody of the team wants it so.
    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// How long an answer may take on any of its accounts.
    pub(crate) fn longest_answer(&self) -> SignedDuration {
        self.longest_answer
    }

    /// The files, prepared.
    pub(crate) fn playbook(&self) -> Arc<Playbook> {
        self.opened().playbook
    }

    /// What its customers were told since it was opened, that may be told again.
    pub(crate) fn frequent(&self) -> Arc<Frequent> {
        self.opened().frequent
    }

    fn opened(&self) -> Open {
        match &self.pages {
            Pages::Kept(open) => open.clone(),
            Pages::Read { files, open } => {
                let mut open = lock(open);
                let open = open.get_or_insert_with(|| Open::of(files.spec()));
                open.is_read = true;
                open.clone()
            }
        }
    }

    /// Lets go of what nobody has looked into since this was last called. Whoever looks into it just now keeps what they have.
    pub(crate) fn rest(&self) {
        let Pages::Read { open, .. } = &self.pages else { return };
        let mut open = lock(open);
        match &mut *open {
            Some(open) if open.is_read => open.is_read = false,
            _ => *open = None,
        }
    }
}

/// Whoever panicked while they were read has left them shut.
fn lock(open: &Mutex<Option<Open>>) -> MutexGuard<'_, Option<Open>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long an account's customers wait for the first words of an answer, and for all of it.
pub(crate) fn patience(config: &Config, account: &AccountId) -> (SignedDuration, SignedDuration) {
    let own = config.accounts.iter().find(|one| one.id == *account);
    let first = own.map_or(Account::FIRST_WORDS, |own| own.first_words);
    let whole = own.and_then(|own| own.deadline).unwrap_or(config.answer.deadline);
    // The settings are bounded far below what a `SignedDuration` holds.
    let signed = |time| SignedDuration::try_from(time).unwrap_or(SignedDuration::from_secs(30));
    (signed(first), signed(whole))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use voronka_core::spec::partner::PartnerFiles;

    use super::*;

    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl Files for Counted {
        fn spec(&self) -> Arc<PartnerSpec> {
            self.0.fetch_add(1, Ordering::Relaxed);
            spec()
        }
    }

    fn spec() -> Arc<PartnerSpec> {
        let files = PartnerFiles::from([("config.yaml".into(), "name: К\naccounts: {web: {}}\n".into())]);
        Arc::new(PartnerSpec::parse(PartnerId::parse("k").unwrap(), &files).spec.unwrap())
    }

    #[test]
    fn files_are_read_when_somebody_writes_and_let_go_of_when_nobody_has_since_the_last_look() {
        let files = Arc::<Counted>::default();
        let book = Book::at_rest(files.clone(), &spec());
        let read = || files.0.load(Ordering::Relaxed);
        assert_eq!((book.partner().as_str(), book.longest_answer(), read()), ("k", SignedDuration::from_secs(12), 0));
        let first = book.playbook();
        assert!(Arc::ptr_eq(&first, &book.playbook()), "open for all who write");
        book.rest();
        assert!(Arc::ptr_eq(&first, &book.playbook()), "somebody wrote a moment ago");
        book.rest();
        book.rest();
        assert_eq!((Arc::strong_count(&first), read()), (1, 1), "a turn under way keeps what it began with");
        assert!(!Arc::ptr_eq(&first, &book.playbook()) && read() == 2);
    }

    #[test]
    fn files_without_a_place_to_be_read_from_stay_open() {
        let book = Book::from(spec());
        let first = book.playbook();
        book.rest();
        book.rest();
        assert!(Arc::ptr_eq(&first, &book.playbook()));
    }
}
