//! Partners' keys, and the key that seals them.

use std::path::PathBuf;

use clap::Subcommand;
use secrecy::SecretString;
use voronka_core::ids::PartnerId;

use super::OneOrAll;
use crate::secrets::SecretName;

/// `secret`.
#[derive(Debug, clap::Args)]
pub(crate) struct Secret {
    #[command(subcommand)]
    pub(crate) wish: SecretWish,
    #[arg(long, default_value = "data", value_name = "DIR", global = true)]
    pub(crate) data: PathBuf,
    #[arg(long, global = true, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What is to be done with secrets.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretWish {
    Set(OneSecret),
    Unset(OneSecret),
    List(OneOrAll),
    Rotate(Rotate),
    Key(NewKey),
}

/// `secret set`, `secret unset`.
#[derive(Debug, clap::Args)]
pub(crate) struct OneSecret {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: PartnerId,
    #[arg(value_name = "NAME")]
    pub(crate) name: SecretName,
}

/// `secret rotate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    #[arg(long, value_name = "FILE")]
    pub(crate) new_key_file: PathBuf,
    #[arg(long)]
    pub(crate) keep_old: bool,
}

/// `secret key`.
#[derive(Debug, clap::Args)]
pub(crate) struct NewKey {
    #[command(subcommand)]
    pub(crate) wish: KeyWish,
}

/// What is to be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyWish {
    New(WriteKey),
}

/// `secret key new`.
#[derive(Debug, clap::Args)]
pub(crate) struct WriteKey {
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
}
