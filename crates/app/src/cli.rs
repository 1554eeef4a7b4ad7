//! The command line. Help texts are in `texts/`, by the command's and the argument's name.

mod admin;
mod backup;
mod broadcast;
mod customer;
mod flow;
mod letters;
mod mail;
mod moving;
mod partner;
mod score;
mod secret;
mod sequence;
mod webhook;

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use jiff::civil::{Date, Time};
use secrecy::SecretString;
use voronka_engine::Limits;

pub(crate) use self::{
    admin::{AddUser, Admin, AdminUrl, AdminWish, Audit, LinkFor, RemoveUser},
    backup::{Backup, Deploy, Restore},
    broadcast::{Broadcast, BroadcastWish, OneBroadcast},
    customer::{Customer, CustomerWish, OneCustomer},
    flow::{Flow, FlowForm, FlowWish, ShowFlow},
    letters::{DeadLetters, DropLetters, LetterName, LetterWish, RetryLetters, ShowLetter},
    mail::MailArgs,
    moving::{CopyStore, ExportPartner, ImportLegacy, ImportPartner, RemovePartner, Store, StoreWish},
    partner::{CreatePartner, OneOrAll, Partner, PartnerWish, StartPartner, Template, TopPartners},
    score::{EvalScore, ReplayScore, Score, ScoreWish},
    secret::{KeyWish, OneSecret, Rotate, Secret, SecretWish, WriteKey},
    sequence::{Sequence, SequenceWish},
    webhook::{MoveWebhooks, Webhook, WebhookWish},
};
use crate::{server::Proxy, texts::Texts};

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "voronka", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Log lines as JSON.
    #[arg(long, global = true, env = "VORONKA_JSON_LOGS")]
    pub(crate) json_logs: bool,
    /// What is logged, e.g. `info` or `voronka_engine=debug`.
    #[arg(long, global = true, env = "VORONKA_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// The key that seals partners' secrets.
    #[arg(long, global = true, env = "VORONKA_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Wish,
}

/// What is asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Wish {
    Demo(Demo),
    Run(Box<Run>),
    Check(Check),
    Test(Test),
    Simulate(Simulate),
    Flow(Flow),
    Score(Score),
    Schema(Schema),
    Chat(Chat),
    Ask(Ask),
    Eval(Eval),
    Doctor(Doctor),
    DeadLetters(DeadLetters),
    Migrate(Migrate),
    Admin(Admin),
    Partner(Partner),
    Secret(Secret),
    Broadcast(Broadcast),
    Sequence(Sequence),
    Customer(Customer),
    Backup(Backup),
    Restore(Restore),
    Deploy(Deploy),
    Store(Store),
    Webhook(Webhook),
}

/// `demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
}

/// `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[arg(long, default_value = "partners", value_name = "DIR")]
    pub(crate) partners: PathBuf,
    #[arg(long, value_name = "DIR", env = "PARTNER_CONFIG", conflicts_with = "partners")]
    pub(crate) partner: Option<PathBuf>,
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR", env = "VORONKA_LISTEN")]
    pub(crate) listen: std::net::SocketAddr,
    #[arg(long, value_name = "URL", env = "VORONKA_PUBLIC_URL")]
    pub(crate) public_url: Option<url::Url>,
    #[arg(long, value_name = "URL", env = "VORONKA_ADMIN_URL")]
    pub(crate) admin_url: Option<AdminUrl>,
    #[arg(long, value_name = "EMAIL", env = "VORONKA_ACME", requires = "public_url")]
    pub(crate) acme: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        env = "VORONKA_ACME_DIRECTORY",
        default_value = "https://acme-v02.api.letsencrypt.org/directory"
    )]
    pub(crate) acme_directory: url::Url,
    #[arg(long, value_name = "FILE", env = "VORONKA_ACME_ROOT")]
    pub(crate) acme_root: Option<PathBuf>,
    #[arg(long, value_name = "ADDR", env = "VORONKA_METRICS")]
    pub(crate) metrics: Option<std::net::SocketAddr>,
    #[arg(long, default_value_t = DISK_MIN_MIB, value_name = "MIB", env = "VORONKA_DISK_MIN")]
    pub(crate) disk_min: u64,
    #[arg(long, default_value_t = LIMITS.turns, value_parser = at_least_one, value_name = "N", env = "VORONKA_TURNS")]
    pub(crate) turns: usize,
    #[arg(long, default_value_t = LIMITS.partner_turns, value_parser = at_least_one, value_name = "N", env = "VORONKA_PARTNER_TURNS")]
    pub(crate) partner_turns: usize,
    #[arg(long, value_delimiter = ',', value_name = "IP", env = "VORONKA_PROXIES")]
    pub(crate) proxies: Vec<Proxy>,
    #[arg(long, default_value_t = LIMITS.account_turns, value_parser = at_least_one, value_name = "N", env = "VORONKA_ACCOUNT_TURNS")]
    pub(crate) account_turns: usize,
    #[arg(long, value_name = "MIB", env = "VORONKA_WARM")]
    pub(crate) warm: Option<usize>,
    #[arg(long, value_name = "NAME", env = "VORONKA_INSTANCE", value_parser = webhook::instance_name)]
    pub(crate) instance: Option<String>,
    #[arg(long, value_name = "URL", env = "VORONKA_PEER_URL")]
    pub(crate) peer_url: Option<url::Url>,
    #[arg(long, value_name = "HH:MM", value_parser = time_of_day, env = "VORONKA_BACKUP_AT")]
    pub(crate) backup_at: Option<Time>,
    #[arg(long, default_value = "backups", value_name = "DIR", env = "VORONKA_BACKUP_TO")]
    pub(crate) backup_to: PathBuf,
    #[arg(long, default_value = "14", value_name = "N", env = "VORONKA_BACKUP_KEEP")]
    pub(crate) backup_keep: NonZeroUsize,
    #[arg(long, value_name = "FILE", env = "VORONKA_BACKUP_PASSPHRASE_FILE")]
    pub(crate) backup_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) mail: MailArgs,
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `03:30`.
fn time_of_day(text: &str) -> Result<Time, &'static str> {
    Time::strptime("%H:%M", text).map_err(|_| "03:30")
}

impl Run {
    /// How much is done at once, and held.
    pub(crate) fn limits(&self) -> Limits {
        let usual_mib = if self.database.is_some() { WARM_MIB_BESIDE_DATABASE } else { LIMITS.warm_bytes >> 20 };
        Limits {
            turns: self.turns,
            partner_turns: self.partner_turns,
            account_turns: self.account_turns,
            warm_bytes: self.warm.unwrap_or(usual_mib).saturating_mul(1 << 20),
        }
    }
}

/// Turns at a time, unless told otherwise.
const LIMITS: Limits = Limits::USUAL;
/// Held beside a database server, unless told otherwise: what is not held costs a trip to it.
const WARM_MIB_BESIDE_DATABASE: usize = 32;

/// A number of which there must be one at least.
fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse::<NonZeroUsize>().map(NonZeroUsize::get).map_err(|error| error.to_string())
}

/// Free mebibytes of disk below which the house is not ready.
pub(crate) const DISK_MIN_MIB: u64 = 200;

/// `check`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Check {
    #[arg(default_value = "partners", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    #[arg(long)]
    pub(crate) json: bool,
    #[arg(long)]
    pub(crate) without_keys: bool,
    #[arg(long)]
    pub(crate) fix: bool,
    #[arg(long)]
    pub(crate) live: bool,
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long, value_name = "URL", env = "VORONKA_PUBLIC_URL")]
    pub(crate) public_url: Option<url::Url>,
    #[arg(long, value_name = "URL", env = "VORONKA_ADMIN_URL")]
    pub(crate) admin_url: Option<AdminUrl>,
    #[arg(long, value_name = "HOST", env = "VORONKA_SMTP_HOST")]
    pub(crate) smtp_host: Option<String>,
}

/// `test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    #[arg(default_value = "korica", value_name = "PARTNER")]
    pub(crate) partner: String,
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[arg(long)]
    pub(crate) json: bool,
}

/// `simulate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Simulate {
    #[arg(value_name = "PARTNER")]
    pub(crate) partner: String,
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000), value_name = "N")]
    pub(crate) customers: u32,
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365), value_name = "N")]
    pub(crate) days: u32,
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) from: Option<Date>,
    #[arg(long)]
    pub(crate) json: bool,
}

/// `schema`.
#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    #[arg(default_value = "schemas", value_name = "DIR")]
    pub(crate) dir: PathBuf,
}

/// `chat`.
#[derive(Debug, clap::Args)]
pub(crate) struct Chat {
    #[arg(default_value = "korica", value_name = "PARTNER")]
    pub(crate) partner: String,
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long, value_name = "NAME")]
    pub(crate) customer: Option<String>,
}

/// `ask`.
#[derive(Debug, clap::Args)]
pub(crate) struct Ask {
    #[arg(value_name = "PARTNER", required_unless_present = "knowledge")]
    pub(crate) partner: Option<String>,
    #[arg(value_name = "QUESTION")]
    pub(crate) question: Option<String>,
    #[arg(long, value_name = "DIR")]
    pub(crate) knowledge: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub(crate) questions: Option<PathBuf>,
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) top: usize,
    #[arg(long)]
    pub(crate) json: bool,
}

/// `eval`.
#[derive(Debug, clap::Args)]
pub(crate) struct Eval {
    #[arg(value_name = "PARTNER")]
    pub(crate) partner: String,
    #[arg(long, value_name = "FILE")]
    pub(crate) questions: Option<PathBuf>,
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[arg(long)]
    pub(crate) totals: bool,
    #[arg(long)]
    pub(crate) json: bool,
}

/// `doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    #[arg(long, default_value = "partners", value_name = "DIR")]
    pub(crate) partners: PathBuf,
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long, value_name = "URL", env = "VORONKA_PUBLIC_URL")]
    pub(crate) public_url: Option<url::Url>,
    #[arg(long, default_value_t = DISK_MIN_MIB, value_name = "MIB", env = "VORONKA_DISK_MIN")]
    pub(crate) disk_min: u64,
    #[command(flatten)]
    pub(crate) mail: MailArgs,
    #[arg(long)]
    pub(crate) ask_models: bool,
    #[arg(long)]
    pub(crate) probe: bool,
    #[arg(long)]
    pub(crate) json: bool,
}

/// `migrate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Migrate {
    #[arg(long, value_name = "URL", env = "VORONKA_OWNER_URL", hide_env_values = true)]
    pub(crate) owner: Option<SecretString>,
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<SecretString>,
    #[arg(long)]
    pub(crate) check: bool,
}

/// Reads the command line, with help in the reader's language.
pub(crate) fn parse(texts: &Texts) -> Result<Cli, clap::Error> {
    let command = worded(Cli::command(), "cli", texts);
    let matches: ArgMatches = command.try_get_matches()?;
    Cli::from_arg_matches(&matches)
}

/// Puts the texts of `cli`, `cli-demo`, `cli-demo-port`, … into a command and all below it; what several take alike has the text
/// `cli-any-…`.
pub(crate) fn worded(command: Command, key: &str, texts: &Texts) -> Command {
    let below: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let arguments: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    let mut command = match texts.find(key) {
        Some(about) => command.about(about),
        None => command,
    };
    for id in arguments {
        let name = id.replace('_', "-");
        let help = texts.find(&format!("{key}-{name}")).or_else(|| texts.find(&format!("cli-any-{name}")));
        if let Some(help) = help {
            command = command.mut_arg(id, |arg| arg.help(help));
        }
    }
    for name in below {
        let own = format!("{key}-{name}");
        command = command.mut_subcommand(name, |sub| worded(sub, &own, texts));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn turns_at_a_time_are_the_engines_unless_stated_and_never_none() {
        let run =
            |more: &[&str]| match Cli::try_parse_from(["voronka", "run"].iter().chain(more)).map(|cli| cli.command) {
                Ok(Wish::Run(run)) => Some(run.limits()),
                _ => None,
            };
        assert_eq!(run(&[]), Some(Limits::default()));
        let stated = run(&["--turns", "64", "--partner-turns", "8", "--account-turns", "4", "--warm", "3"]);
        assert_eq!(stated, Some(Limits { turns: 64, partner_turns: 8, account_turns: 4, warm_bytes: 3 << 20 }));
        let beside_a_database = run(&["--database", "postgres://localhost/voronka"]);
        assert_eq!(beside_a_database, Some(Limits { warm_bytes: 32 << 20, ..Limits::default() }));
        assert_eq!((run(&["--turns", "0"]), run(&["--partner-turns", "-1"])), (None, None));
        let help = Cli::command().find_subcommand_mut("run").unwrap().render_help().to_string();
        assert!(help.contains("[default: 4096]") && help.contains("[default: 1024]"), "{help}");
    }

    #[test]
    fn every_command_and_argument_has_help_in_both_languages() {
        for texts in [Texts::russian(), Texts::english()] {
            let command = worded(Cli::command(), "cli", &texts);
            let below = command.get_subcommands().flat_map(Command::get_subcommands);
            for sub in command.get_subcommands().chain(below) {
                assert!(sub.get_about().is_some(), "{}", sub.get_name());
                for arg in sub.get_arguments() {
                    let shown = arg.get_help().is_some()
                        || arg.is_global_set()
                        || arg.get_id() == "help"
                        || arg.get_id() == "version";
                    assert!(shown, "{} {}", sub.get_name(), arg.get_id());
                }
            }
        }
    }
}
