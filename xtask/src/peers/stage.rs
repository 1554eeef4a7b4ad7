//! A bot ready to be started by botload: its addresses, its empty database, its environment.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use super::{Who, install, postgres::Server};
use crate::{
    botload::{Addresses, How, Staged, Tools, quoted},
    shell::Failure,
};

/// What Telegram is told to say.
const SECRET: &str = "bench";

/// A bot ready to be started.
pub(super) struct Stage {
    /// botload's options: where the two fakes listen, how the bot is started and where it is called.
    pub(super) args: Vec<String>,
    /// The database beside the bot.
    pub(super) postgres: Option<Server>,
    /// What is gone when this is dropped: partners' files, a database inside the bot.
    _voronka: Option<Staged>,
    _folder: Option<tempfile::TempDir>,
}

impl Stage {
    pub(super) fn new(who: Who, tools: &Tools, binary: Option<&Path>, home: &Path) -> Result<Self, Failure> {
        let alone = |args| Self { args, postgres: None, _voronka: None, _folder: None };
        match who {
            Who::Nullbot => Ok(alone(tools.floor()?)),
            Who::Voronka => {
                let staged = Staged::new(binary.ok_or("Voronka's binary is missing")?, How::Webhook, 1)?;
                Ok(Self { args: staged.args.clone(), postgres: None, _voronka: Some(staged), _folder: None })
            }
            Who::Aiogram => {
                let server = Server::start()?;
                let args = peer(who, home, &server.url("postgresql+asyncpg"))?;
                Ok(Self { postgres: Some(server), ..alone(args) })
            }
            Who::Grammy => {
                let server = Server::start()?;
                let args = peer(who, home, &server.url("postgresql"))?;
                Ok(Self { postgres: Some(server), ..alone(args) })
            }
            Who::Teloxide => {
                let folder = tempfile::tempdir().map_err(|error| format!("no folder for a database: {error}"))?;
                let args = peer(who, home, &format!("sqlite://{}/bot.db", folder.path().display()))?;
                Ok(Self { _folder: Some(folder), ..alone(args) })
            }
        }
    }
}

/// Where a bot's complaints go.
pub(super) fn log(home: &Path, who: Who) -> PathBuf {
    home.join(format!("{}.log", who.name()))
}

/// botload's options for one of the peers.
fn peer(who: Who, home: &Path, database: &str) -> Result<Vec<String>, Failure> {
    let addresses = Addresses::free()?;
    let log = log(home, who);
    File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let program: Vec<String> = install::program(who, home).iter().map(|part| quoted(part)).collect();
    let spawn = format!(
        "exec env BOT_TOKEN=1000:TEST BOT_API=http://{telegram} WEBHOOK_SECRET={SECRET} HOST=127.0.0.1 PORT={port} \
         DATABASE_URL='{database}' OPENAI_API_KEY=bench OPENAI_BASE_URL=http://{llm}/v1 NODE_ENV=production {program} 2>>{log}",
        telegram = addresses.telegram,
        llm = addresses.llm,
        port = addresses.port(),
        program = program.join(" "),
        log = quoted(&log),
    );
    let mut args = addresses.options(&spawn);
    // grammY's runner polls.
    if who != Who::Grammy {
        let hook = format!("http://{}/webhook", addresses.bot);
        args.extend(["--webhook", &hook, "--secret", SECRET].map(str::to_owned));
    }
    Ok(args)
}
