//! What the team sends to many.

use std::path::PathBuf;

use clap::Subcommand;
use voronka_core::ids::PartnerId;

/// `broadcast`.
#[derive(Debug, clap::Args)]
pub(crate) struct Broadcast {
    #[command(subcommand)]
    pub(crate) wish: BroadcastWish,
    #[arg(long, default_value = "data", value_name = "DIR", global = true)]
    pub(crate) data: PathBuf,
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What is to be done with a broadcast.
#[derive(Debug, Subcommand)]
pub(crate) enum BroadcastWish {
    Preview(OneBroadcast),
    Test(TestBroadcast),
    Start(StartBroadcast),
    Stop(OneBroadcast),
    Status(OneBroadcast),
}

/// Which one.
#[derive(Debug, clap::Args)]
pub(crate) struct OneBroadcast {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: PartnerId,
    #[arg(value_name = "SEQUENCE")]
    pub(crate) sequence: String,
}

/// `broadcast test`.
#[derive(Debug, clap::Args)]
pub(crate) struct TestBroadcast {
    #[command(flatten)]
    pub(crate) one: OneBroadcast,
    #[arg(long, value_name = "MEMBER")]
    pub(crate) to: String,
}

/// `broadcast start`.
#[derive(Debug, clap::Args)]
pub(crate) struct StartBroadcast {
    #[command(flatten)]
    pub(crate) one: OneBroadcast,
    #[arg(long)]
    pub(crate) yes: bool,
}
