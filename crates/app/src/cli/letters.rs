//! What could not be processed.

use std::{fmt, path::PathBuf, str::FromStr};

use clap::Subcommand;
use secrecy::SecretString;
use voronka_core::ids::PartnerId;

/// `dead-letters`.
#[derive(Debug, clap::Args)]
pub(crate) struct DeadLetters {
    #[command(subcommand)]
    pub(crate) wish: LetterWish,
    #[arg(long, default_value = "data", value_name = "DIR", global = true)]
    pub(crate) data: PathBuf,
    #[arg(long, global = true, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What is to be done with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum LetterWish {
    List(ListLetters),
    Show(ShowLetter),
    Retry(RetryLetters),
    Drop(DropLetters),
}

/// `dead-letters list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListLetters {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: Option<PartnerId>,
}

/// `dead-letters show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowLetter {
    #[arg(value_name = "PARTNER/NUMBER")]
    pub(crate) letter: LetterName,
    #[arg(long)]
    pub(crate) reveal: bool,
}

/// `dead-letters retry`.
#[derive(Debug, clap::Args)]
pub(crate) struct RetryLetters {
    #[arg(value_name = "PARTNER/NUMBER", required = true)]
    pub(crate) letters: Vec<LetterName>,
}

/// `dead-letters drop`.
#[derive(Debug, clap::Args)]
pub(crate) struct DropLetters {
    #[arg(value_name = "PARTNER/NUMBER", required = true)]
    pub(crate) letters: Vec<LetterName>,
    #[arg(long)]
    pub(crate) yes: bool,
}

/// What people call a dead letter: `korica/12`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LetterName {
    pub(crate) partner: PartnerId,
    pub(crate) id: i64,
}

impl fmt::Display for LetterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partner, self.id)
    }
}

impl FromStr for LetterName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text
            .split_once('/')
            .and_then(|(partner, id)| Some(Self { partner: PartnerId::parse(partner).ok()?, id: id.parse().ok()? }));
        parts.ok_or("korica/12")
    }
}
