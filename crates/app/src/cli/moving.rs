//! Partners on the move.

use std::path::PathBuf;

use clap::Subcommand;
use secrecy::SecretString;
use voronka_core::ids::{AccountId, PartnerId};

/// `store`.
#[derive(Debug, clap::Args)]
pub(crate) struct Store {
    #[command(subcommand)]
    pub(crate) wish: StoreWish,
}

/// What is to be done with stores.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreWish {
    Copy(CopyStore),
}

/// `store copy`.
#[derive(Debug, clap::Args)]
pub(crate) struct CopyStore {
    #[arg(value_name = "FROM")]
    pub(crate) from: SecretString,
    #[arg(value_name = "TO")]
    pub(crate) to: SecretString,
    #[arg(long, value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: Vec<PartnerId>,
    #[arg(long)]
    pub(crate) anew: bool,
    #[arg(long, conflicts_with = "anew")]
    pub(crate) dry_run: bool,
    #[arg(long)]
    pub(crate) json: bool,
}

/// `partner export`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportPartner {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: PartnerId,
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    #[arg(long)]
    pub(crate) secrets: bool,
    #[arg(long, value_name = "FILE", env = "VORONKA_BACKUP_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// `partner import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportPartner {
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[arg(long, value_name = "FILE", env = "VORONKA_BACKUP_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `partner remove`.
#[derive(Debug, clap::Args)]
pub(crate) struct RemovePartner {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: PartnerId,
    #[arg(long)]
    pub(crate) yes: bool,
    #[arg(long, value_name = "FILE", env = "VORONKA_BACKUP_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[arg(long)]
    pub(crate) without_secrets: bool,
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `partner import-legacy`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportLegacy {
    #[arg(value_name = "DUMP", required_unless_present = "sql")]
    pub(crate) dump: Option<PathBuf>,
    #[arg(long = "as", value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: PartnerId,
    #[arg(long, value_name = "ACCOUNT", value_parser = AccountId::parse, default_value = "telegram")]
    pub(crate) account: AccountId,
    #[arg(long = "map", value_name = "WHAT=NAME")]
    pub(crate) map: Vec<String>,
    #[arg(long)]
    pub(crate) sql: bool,
    #[arg(long)]
    pub(crate) dry_run: bool,
}
