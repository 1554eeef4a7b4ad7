//! Seeds that once showed something. They are run before all others.

/// A seed, and what it showed.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// The run.
    pub seed: u64,
    /// What was wrong.
    pub showed: &'static str,
}

/// All of them.
pub const SEEDS: &[Kept] = &[
    Kept { seed: 602, showed: "a reminder that rang just before the customer wrote was sent after the answer to them" },
    Kept {
        seed: 10_082,
        showed: "a stop that ran out of time dropped the results of what it had sent, and it was sent again",
    },
    Kept {
        seed: 1_762,
        showed: "a reminder that came due to the microsecond when enough had been written that day rang on and on",
    },
];
