//! What is kept of all, brought back, and brought to a server.

use std::{num::NonZeroUsize, path::PathBuf};

use secrecy::SecretString;
use voronka_core::ids::PartnerId;

/// `backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long, value_name = "DIR")]
    pub(crate) partners: Option<PathBuf>,
    #[arg(long, value_name = "DIR", env = "PARTNER_CONFIG", conflicts_with = "partners")]
    pub(crate) partner: Option<PathBuf>,
    #[arg(long, default_value = "backups", value_name = "DIR")]
    pub(crate) to: PathBuf,
    #[arg(long, value_name = "N")]
    pub(crate) keep: Option<NonZeroUsize>,
    #[arg(long, value_name = "FILE", env = "VORONKA_BACKUP_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[arg(long)]
    pub(crate) json: bool,
}

/// `restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long, value_name = "DIR")]
    pub(crate) partners: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub(crate) erasures: Vec<PathBuf>,
    #[arg(long, value_name = "FILE", env = "VORONKA_BACKUP_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[arg(long)]
    pub(crate) json: bool,
}

/// `deploy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Deploy {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: Vec<PartnerId>,
    #[arg(long, value_name = "HOST")]
    pub(crate) host: String,
    #[arg(long, default_value = "partners", value_name = "DIR")]
    pub(crate) partners: PathBuf,
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) wait: u32,
    #[arg(long, default_value = "ssh", value_name = "COMMAND", env = "VORONKA_SSH")]
    pub(crate) ssh: String,
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[arg(long = "return", conflicts_with_all = ["partner", "binary", "dry_run"])]
    pub(crate) undo: bool,
    #[arg(long)]
    pub(crate) json: bool,
}
