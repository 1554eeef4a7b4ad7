//! What is written to customers over days.

use std::path::PathBuf;

use clap::Subcommand;
use voronka_core::ids::PartnerId;

/// `sequence`.
#[derive(Debug, clap::Args)]
pub(crate) struct Sequence {
    #[command(subcommand)]
    pub(crate) wish: SequenceWish,
    #[arg(long, default_value = "data", value_name = "DIR", global = true)]
    pub(crate) data: PathBuf,
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What is to be known of sequences.
#[derive(Debug, Subcommand)]
pub(crate) enum SequenceWish {
    Status(SequencesOf),
}

/// Whose.
#[derive(Debug, clap::Args)]
pub(crate) struct SequencesOf {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: PartnerId,
}
