//! How people write: normal forms, numbers, dates, words that mean a wish, and how values are printed back.
