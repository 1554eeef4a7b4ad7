//! Logs go to standard error: people read results on standard output.

use std::io;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::cli::{Cli, Wish};

/// Begins to log.
pub(crate) fn init(cli: &Cli) {
    let usual = match cli.command {
        Wish::Run(_) => "info",
        // A person at a terminal wants the talk, not the log.
        Wish::Demo(_) | Wish::Check(_) | Wish::Chat(_) | Wish::Ask(_) => "warn",
    };
    let wanted = cli.log.as_deref().unwrap_or(usual);
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new(usual));
    let registry = tracing_subscriber::registry().with(filter);
    if cli.json_logs {
        registry.with(fmt::layer().json().with_writer(io::stderr)).init();
    } else {
        registry.with(fmt::layer().compact().with_target(false).with_writer(io::stderr)).init();
    }
}
