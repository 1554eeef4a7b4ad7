//! What is done about one person.

use std::path::PathBuf;

use clap::Subcommand;
use secrecy::SecretString;
use voronka_core::ids::PartnerId;

/// `customer`.
#[derive(Debug, clap::Args)]
pub(crate) struct Customer {
    #[command(subcommand)]
    pub(crate) wish: CustomerWish,
    #[arg(long, default_value = "data", value_name = "DIR", global = true)]
    pub(crate) data: PathBuf,
    #[arg(long, global = true, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What is to be done about somebody.
#[derive(Debug, Subcommand)]
pub(crate) enum CustomerWish {
    Export(ExportCustomer),
    Erase(EraseCustomer),
    Merge(MergeCustomers),
    Split(OneCustomer),
}

impl CustomerWish {
    /// Whose customer it is about.
    pub(crate) fn partner(&self) -> &PartnerId {
        match self {
            Self::Export(ExportCustomer { one, .. })
            | Self::Erase(EraseCustomer { one, .. })
            | Self::Merge(MergeCustomers { one, .. })
            | Self::Split(one) => &one.partner,
        }
    }
}

/// Who.
#[derive(Debug, clap::Args)]
pub(crate) struct OneCustomer {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: PartnerId,
    #[arg(value_name = "CUSTOMER")]
    pub(crate) customer: String,
}

/// `customer export`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportCustomer {
    #[command(flatten)]
    pub(crate) one: OneCustomer,
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
}

/// `customer erase`.
#[derive(Debug, clap::Args)]
pub(crate) struct EraseCustomer {
    #[command(flatten)]
    pub(crate) one: OneCustomer,
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `customer merge`.
#[derive(Debug, clap::Args)]
pub(crate) struct MergeCustomers {
    #[command(flatten)]
    pub(crate) one: OneCustomer,
    #[arg(value_name = "OTHER")]
    pub(crate) with: String,
}
