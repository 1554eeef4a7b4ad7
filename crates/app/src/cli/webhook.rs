use clap::Subcommand;
use secrecy::SecretString;
use voronka_core::ids::PartnerId;

use super::at_least_one;

/// `webhook`.
#[derive(Debug, clap::Args)]
pub(crate) struct Webhook {
    #[command(subcommand)]
    pub(crate) wish: WebhookWish,
}

/// What is to be done with where messengers call.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookWish {
    Move(MoveWebhooks),
}

/// `webhook move`.
#[derive(Debug, clap::Args)]
pub(crate) struct MoveWebhooks {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partners: Vec<PartnerId>,
    #[arg(long, value_name = "NAME", value_parser = instance_name)]
    pub(crate) from: String,
    #[arg(long, value_name = "NAME", value_parser = instance_name)]
    pub(crate) to: String,
    #[arg(long, value_name = "PERCENT", value_parser = percent, conflicts_with = "partners")]
    pub(crate) share: Option<u8>,
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = at_least_one)]
    pub(crate) step: usize,
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) watch: u64,
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long)]
    pub(crate) json: bool,
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// A part of a hundred, with its sign or without.
fn percent(text: &str) -> Result<u8, &'static str> {
    let number = text.strip_suffix('%').unwrap_or(text).parse().ok();
    number.filter(|percent| (1..=100).contains(percent)).ok_or("25%")
}

/// What a process is called beside others on one database.
pub(super) fn instance_name(text: &str) -> Result<String, &'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = (1..=64).contains(&text.len()) && text.chars().all(fits);
    if is_name { Ok(text.to_owned()) } else { Err("server-1") }
}
