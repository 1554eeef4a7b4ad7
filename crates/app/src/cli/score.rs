//! Scores that are judged.

use std::path::PathBuf;

use clap::Subcommand;
use secrecy::SecretString;

/// `score`.
#[derive(Debug, clap::Args)]
pub(crate) struct Score {
    #[command(subcommand)]
    pub(crate) wish: ScoreWish,
}

/// What is to be known of a partner's scores.
#[derive(Debug, Subcommand)]
pub(crate) enum ScoreWish {
    Eval(EvalScore),
    Replay(ReplayScore),
}

/// `score eval`.
#[derive(Debug, clap::Args)]
pub(crate) struct EvalScore {
    #[arg(value_name = "PARTNER")]
    pub(crate) partner: String,
    #[arg(long, value_name = "FILE")]
    pub(crate) dialogues: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    #[arg(long, value_name = "AUC", value_parser = share)]
    pub(crate) at_least: Option<f64>,
    #[arg(long)]
    pub(crate) json: bool,
}

/// `score replay`.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayScore {
    #[arg(value_name = "PARTNER")]
    pub(crate) partner: String,
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long)]
    pub(crate) json: bool,
}

/// `0.85`.
fn share(text: &str) -> Result<f64, &'static str> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or("0.85")
}
