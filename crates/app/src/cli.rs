//! The command line. Help texts are in `texts/`, by the command's and the argument's name.

use std::path::PathBuf;

use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::texts::Texts;

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
    #[command(subcommand)]
    pub(crate) command: Wish,
}

/// What is asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Wish {
    Demo(Demo),
    Run(Run),
    Check(Check),
    Chat(Chat),
    Ask(Ask),
}

/// `demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[arg(long, default_value = "partners", value_name = "DIR")]
    pub(crate) partners: PathBuf,
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR", env = "VORONKA_LISTEN")]
    pub(crate) listen: std::net::SocketAddr,
    #[arg(long, value_name = "URL", env = "VORONKA_PUBLIC_URL")]
    pub(crate) public_url: Option<url::Url>,
}

/// `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[arg(default_value = "partners", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    #[arg(long)]
    pub(crate) json: bool,
    #[arg(long)]
    pub(crate) without_keys: bool,
    #[arg(long)]
    pub(crate) fix: bool,
}

/// `chat`.
#[derive(Debug, clap::Args)]
pub(crate) struct Chat {
    #[arg(default_value = "korica", value_name = "PARTNER")]
    pub(crate) partner: String,
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
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
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) top: usize,
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads the command line, with help in the reader's language.
pub(crate) fn parse(texts: &Texts) -> Result<Cli, clap::Error> {
    let command = worded(Cli::command(), "cli", texts);
    let matches: ArgMatches = command.try_get_matches()?;
    Cli::from_arg_matches(&matches)
}

/// Puts the texts of `cli`, `cli-demo`, `cli-demo-port`, … into a command and all below it.
fn worded(command: Command, key: &str, texts: &Texts) -> Command {
    let below: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let arguments: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    let mut command = match texts.find(key) {
        Some(about) => command.about(about),
        None => command,
    };
    for id in arguments {
        let own = format!("{key}-{}", id.replace('_', "-"));
        if let Some(help) = texts.find(&own) {
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
    fn every_command_and_argument_has_help_in_both_languages() {
        for texts in [Texts::russian(), Texts::english()] {
            let command = worded(Cli::command(), "cli", &texts);
            for sub in command.get_subcommands() {
                assert!(sub.get_about().is_some(), "{}", sub.get_name());
                for arg in sub.get_arguments() {
                    let shown = arg.get_help().is_some() || arg.get_id() == "help" || arg.get_id() == "version";
                    assert!(shown, "{} {}", sub.get_name(), arg.get_id());
                }
            }
        }
    }
}
