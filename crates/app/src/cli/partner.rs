//! Partners that come, go and are seen to.

use std::path::PathBuf;

use clap::Subcommand;
use secrecy::SecretString;
use voronka_core::ids::PartnerId;

use super::{ExportPartner, ImportLegacy, ImportPartner, RemovePartner};
use crate::standings::{By, DAYS_MAX};

/// `partner`.
#[derive(Debug, clap::Args)]
pub(crate) struct Partner {
    #[command(subcommand)]
    pub(crate) wish: PartnerWish,
    #[arg(long, default_value = "partners", value_name = "DIR", global = true)]
    pub(crate) partners: PathBuf,
    #[arg(long = "partner-config", value_name = "DIR", env = "PARTNER_CONFIG", global = true)]
    pub(crate) alone: Option<PathBuf>,
    #[arg(long, default_value = "data", value_name = "DIR", global = true)]
    pub(crate) data: PathBuf,
    #[arg(long, global = true, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What is to be done with partners.
#[derive(Debug, Subcommand)]
pub(crate) enum PartnerWish {
    Create(CreatePartner),
    List,
    Status(OneOrAll),
    Top(TopPartners),
    Check(OneOrAll),
    Start(StartPartner),
    Stop(OnePartner),
    Restart(OnePartner),
    Export(ExportPartner),
    Import(ImportPartner),
    Remove(RemovePartner),
    ImportLegacy(ImportLegacy),
}

/// `partner create`.
#[derive(Debug, clap::Args)]
pub(crate) struct CreatePartner {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: Option<PartnerId>,
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    #[arg(long, value_name = "TEMPLATE", default_value = "answers")]
    pub(crate) template: Template,
    #[arg(long)]
    pub(crate) offline: bool,
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What a new partner begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Template {
    /// A web chat, a bot and a page made of the answers.
    Answers,
    /// The same with a flow that takes orders, and a catalogue to be filled.
    Shop,
}

/// `partner status`, `partner check`.
#[derive(Debug, clap::Args)]
pub(crate) struct OneOrAll {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: Option<PartnerId>,
}

/// `partner top`.
#[derive(Debug, clap::Args)]
pub(crate) struct TopPartners {
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(DAYS_MAX)))]
    pub(crate) days: u16,
    #[arg(long, value_name = "WHAT", default_value = "leads")]
    pub(crate) by: By,
}

/// `partner start`.
#[derive(Debug, clap::Args)]
pub(crate) struct StartPartner {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: PartnerId,
    #[arg(long)]
    pub(crate) end_pause: bool,
}

/// `partner stop` and the like.
#[derive(Debug, clap::Args)]
pub(crate) struct OnePartner {
    #[arg(value_name = "PARTNER", value_parser = PartnerId::parse)]
    pub(crate) partner: PartnerId,
}
