//! Who may sign in to the owner's pages.

use std::{path::PathBuf, str::FromStr};

use clap::Subcommand;
use voronka_core::ids::PartnerId;

use crate::admin::{LOCAL_HOSTS, Role, user_name};

/// `admin`.
#[derive(Debug, clap::Args)]
pub(crate) struct Admin {
    #[command(subcommand)]
    pub(crate) wish: AdminWish,
    #[arg(long, default_value = "data", value_name = "DIR", global = true)]
    pub(crate) data: PathBuf,
}

/// What is to be done with those who may sign in.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminWish {
    AddUser(AddUser),
    Link(LinkFor),
    Users,
    RemoveUser(RemoveUser),
    Audit(Audit),
}

/// `admin add-user`.
#[derive(Debug, clap::Args)]
pub(crate) struct AddUser {
    #[arg(value_name = "NAME", value_parser = user_name)]
    pub(crate) name: String,
    #[arg(long, value_name = "PARTNER", value_parser = PartnerId::parse, required_unless_present = "operator")]
    pub(crate) partner: Vec<PartnerId>,
    #[arg(long, value_name = "ROLE", default_value = "staff")]
    pub(crate) role: Role,
    #[arg(long, conflicts_with = "partner")]
    pub(crate) operator: bool,
    #[arg(long, default_value = "partners", value_name = "DIR")]
    pub(crate) partners: PathBuf,
    #[arg(long, value_name = "URL", env = "VORONKA_ADMIN_URL")]
    pub(crate) admin_url: AdminUrl,
}

/// `admin link`.
#[derive(Debug, clap::Args)]
pub(crate) struct LinkFor {
    #[arg(value_name = "NAME", value_parser = user_name)]
    pub(crate) name: String,
    #[arg(long, default_value = "partners", value_name = "DIR")]
    pub(crate) partners: PathBuf,
    #[arg(long, value_name = "URL", env = "VORONKA_ADMIN_URL")]
    pub(crate) admin_url: AdminUrl,
}

/// `admin remove-user`.
#[derive(Debug, clap::Args)]
pub(crate) struct RemoveUser {
    #[arg(value_name = "NAME", value_parser = user_name)]
    pub(crate) name: String,
}

/// `admin audit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Audit {
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) last: u32,
    #[arg(long)]
    pub(crate) json: bool,
}

/// The address of the owner's pages: encrypted, or of this computer; browsers keep a session for no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AdminUrl(pub(crate) url::Url);

impl AdminUrl {
    /// The same at another host name.
    pub(crate) fn at(&self, host: &str) -> Option<Self> {
        let mut url = self.0.clone();
        url.set_host(Some(host)).ok()?;
        Some(Self(url))
    }

    /// Its host name, as browsers send it.
    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl FromStr for AdminUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url: url::Url = text.parse().map_err(|_| "https://admin.example")?;
        let bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
        let known = match (url.scheme(), url.host_str()) {
            ("https", Some(_)) => true,
            ("http", Some(host)) => LOCAL_HOSTS.contains(&host),
            _ => false,
        };
        if bare && known { Ok(Self(url)) } else { Err("https://admin.example") }
    }
}
