//! `cargo xtask crash`: the binary is killed at random moments (`kill -9`) while customers write to it, and every answer is
//! checked. A killed bot is started again at once; botload delivers as Telegram does, until it is told that a message was kept.
//! Over PostgreSQL its server is crashed and started again as well.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{
    botload::{self, How, Mode, Profile, Staged, Tools},
    peers::postgres::Server,
    shell::{self, Failure},
    test::Outcome,
};

/// More seconds than the kills need: the pauses between them vary.
const SPARE: f64 = 1.2;
/// What fails besides: deliveries that come twice, refusals of the messenger, refusals of the model.
const FAULTS: [&str; 6] = ["--dup", "0.05", "--api-fault", "0.05", "--llm-fault", "0.05"];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How updates reach the bot
    #[arg(long, value_enum, default_value_t = Mode::Webhook)]
    mode: Mode,
    /// Kills at least
    #[arg(long, default_value_t = 30)]
    kills: u32,
    /// Seconds between kills, about
    #[arg(long, default_value_t = 2.0)]
    every: f64,
    /// Messages a second, over all customers
    #[arg(long, default_value_t = 60.0)]
    rate: f64,
    /// Customers
    #[arg(long, default_value_t = 120)]
    chats: u32,
    /// Partners, each with a bot: customers are dealt out to them [default: 1 by webhook; by polling one a customer]
    #[arg(long)]
    partners: Option<usize>,
    /// Over PostgreSQL, which crashes as well
    #[arg(long)]
    postgres: bool,
    /// Seconds between crashes of PostgreSQL
    #[arg(long, default_value_t = 7.0, requires = "postgres")]
    database_every: f64,
    /// How long the model thinks, in milliseconds: turns are under way whenever the bot is killed
    #[arg(long, default_value_t = 200)]
    llm_ms: u32,
    /// The binary to test; built as it is shipped unless given
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// botload's sources
    #[arg(long, value_name = "DIR", env = "BOTLOAD", default_value = botload::SOURCE)]
    botload: PathBuf,
}

/// The chore.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let tools = Tools::build(&botload::source(&options.botload)?, Profile::Release)?;
    let binary = botload::release(options.binary.as_deref())?;
    options.mode.each().iter().try_for_each(|how| play(&tools, &binary, *how, options))
}

/// A few kills of an unoptimised binary over either store; nothing where botload is not at hand.
pub(crate) fn small(binary: &Path) -> Result<Outcome, Failure> {
    let folder = std::env::var_os("BOTLOAD").map_or_else(|| PathBuf::from(botload::SOURCE), PathBuf::from);
    let Ok(source) = botload::source(&folder) else {
        return Ok(Outcome::LeftOut(vec![format!(
            "botload's sources are not in {} (BOTLOAD names them)",
            folder.display()
        )]));
    };
    let tools = Tools::build(&source, Profile::Debug)?;
    let binary = botload::release(Some(binary))?;
    let few = Options {
        mode: Mode::Webhook,
        kills: 4,
        every: 2.0,
        rate: 10.0,
        chats: 10,
        partners: None,
        postgres: false,
        database_every: 5.0,
        llm_ms: 100,
        binary: None,
        botload: folder,
    };
    play(&tools, &binary, How::Webhook, &few)?;
    let over_postgres = Options { partners: Some(5), postgres: true, every: 4.0, ..few };
    play(&tools, &binary, How::Webhook, &over_postgres).map(|()| Outcome::Passed)
}

fn play(tools: &Tools, binary: &Path, how: How, options: &Options) -> Result<(), Failure> {
    let bots = options.partners.unwrap_or_else(|| botload::bots_for(how, options.chats));
    let database = if options.postgres { Some(Server::for_voronka(binary)?) } else { None };
    let staged = Staged::new(binary, how, bots)?.started_again();
    let seconds = f64::from(options.kills) * options.every * SPARE;
    let messages = (seconds * options.rate / f64::from(options.chats)).ceil().max(1.0);
    let mut botload = Command::new(&tools.botload);
    botload.args(&staged.args).args(FAULTS);
    for (name, value) in [
        ("--kill-every", options.every.to_string()),
        ("--rate", options.rate.to_string()),
        ("--chats", options.chats.to_string()),
        ("--messages", messages.to_string()),
        ("--llm-ms", options.llm_ms.to_string()),
        ("--bots", bots.to_string()),
    ] {
        botload.args([name, &value]);
    }
    shell::say(&format!(
        "killing it {} times or more, about every {} s, under {bots} partners",
        options.kills, options.every
    ));
    let (text, report, _) = match database {
        None => botload::played(&mut botload)?,
        Some(server) => played_over(server, Duration::from_secs_f64(options.database_every), &mut botload)?,
    };
    shell::report(&text);
    let verdict = judge(&report, options.kills);
    if verdict.is_err() {
        shell::say(&format!("partners, database and log: {}", staged.keep()));
    }
    verdict
}

/// Plays over a server that crashes every so often.
fn played_over(mut server: Server, every: Duration, botload: &mut Command) -> Result<(String, Value, bool), Failure> {
    botload.env("DATABASE_URL", server.address("postgres", "voronka_app"));
    let (over, is_over) = channel::<()>();
    let crashing = thread::spawn(move || {
        let mut crashes = 0;
        while matches!(is_over.recv_timeout(every), Err(RecvTimeoutError::Timeout)) {
            server.crash()?;
            crashes += 1;
        }
        Ok::<u32, Failure>(crashes)
    });
    let played = botload::played(botload);
    drop(over);
    let crashes = crashing.join().map_err(|_| "the thread that crashes PostgreSQL fell")??;
    shell::report(&format!("PostgreSQL was crashed {crashes} times"));
    played
}

/// What no crash may do. An answer may come a second time only where a kill fell between sending and noting that it was
/// sent: Telegram knows no key by which it would recognise the repetition.
fn judge(report: &Value, kills_wanted: u32) -> Result<(), Failure> {
    let count = |name: &str| report[name].as_u64().ok_or_else(|| format!("the report names no {name}"));
    let (kills, doubled) = (count("kills")?, count("doubled")?);
    shell::report(&format!(
        "{kills} kills: {} lost, {doubled} doubled, {} out of order, {} to a wrong chat",
        count("lost")?,
        count("out_of_order")?,
        count("to_wrong_chat")?
    ));
    for name in ["lost", "out_of_order", "to_wrong_chat", "by_wrong_bot"] {
        let found = count(name)?;
        if found > 0 {
            return Err(format!("{found} messages: {name}"));
        }
    }
    if doubled > kills {
        return Err(format!("{doubled} answers were doubled by {kills} kills"));
    }
    if kills < u64::from(kills_wanted) {
        return Err(format!("only {kills} kills of {kills_wanted}: give it more time between start and end"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kill_may_double_one_answer_and_nothing_else() {
        let well =
            json!({"kills": 30, "lost": 0, "doubled": 30, "out_of_order": 0, "to_wrong_chat": 0, "by_wrong_bot": 0});
        assert_eq!(judge(&well, 30), Ok(()));
        for (name, value) in [
            ("lost", 1),
            ("doubled", 31),
            ("out_of_order", 1),
            ("to_wrong_chat", 1),
            ("by_wrong_bot", 1),
            ("kills", 29),
        ] {
            let mut report = well.clone();
            report[name] = json!(value);
            assert!(judge(&report, 30).is_err(), "{name}");
        }
        assert!(judge(&json!({}), 0).is_err(), "no report is no proof");
    }
}
