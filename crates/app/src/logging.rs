//! Logs go to standard error: people read results on standard output. With the feature `otel`, traces go to a collector as well.

#[cfg(feature = "otel")]
mod otel;

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::cli::{Cli, Wish};

/// What must live as long as something is logged.
#[cfg(feature = "otel")]
pub(crate) type Guard = Option<otel::Exporter>;
/// What must live as long as something is logged.
#[cfg(not(feature = "otel"))]
pub(crate) struct Guard;

/// Begins to log.
pub(crate) fn init(cli: &Cli) -> Guard {
    let usual = match cli.command {
        Wish::Run(_) => "info",
        // A person at a terminal wants the talk, not the log.
        Wish::Demo(_)
        | Wish::Check(_)
        | Wish::Test(_)
        | Wish::Simulate(_)
        | Wish::Flow(_)
        | Wish::Score(_)
        | Wish::Schema(_)
        | Wish::Chat(_)
        | Wish::Ask(_)
        | Wish::Eval(_)
        | Wish::Broadcast(_)
        | Wish::Sequence(_)
        | Wish::Customer(_)
        | Wish::Backup(_)
        | Wish::Store(_)
        | Wish::Restore(_) => "warn",
        // What is wrong is their result.
        Wish::Doctor(_)
        | Wish::DeadLetters(_)
        | Wish::Admin(_)
        | Wish::Partner(_)
        | Wish::Secret(_)
        | Wish::Migrate(_)
        | Wish::Deploy(_)
        | Wish::Webhook(_) => "off",
    };
    let wanted = cli.log.as_deref().unwrap_or(usual);
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = if cli.json_logs {
        fmt::layer().json().with_writer(io::stderr).boxed()
    } else {
        let colours = io::stderr().is_terminal();
        fmt::layer().compact().with_target(false).with_ansi(colours).with_writer(io::stderr).boxed()
    };
    let registry = tracing_subscriber::registry();
    #[cfg(feature = "otel")]
    {
        let registry = registry.with(lines.with_filter(filter));
        let (layer, exporter) = otel::layer(cli);
        registry.with(layer).init();
        exporter
    }
    #[cfg(not(feature = "otel"))]
    {
        // One filter for all costs a span less than one of the lines' own.
        registry.with(lines).with(filter).init();
        Guard
    }
}
