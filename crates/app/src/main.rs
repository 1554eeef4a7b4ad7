//! The `voronka` binary: reads configuration, wires adapters to the engine, serves HTTP, talks on the terminal. No business
//! rule lives here.

mod adjusted;
mod admin;
mod archive;
mod arrivals;
#[cfg(test)]
mod book;
mod broadcasts;
mod cli;
mod commands;
mod customers;
mod diagnostics;
mod digests;
mod drawing;
mod erasures;
mod filed;
mod housekeeping;
mod links;
mod logging;
mod moving;
mod observe;
mod open_files;
mod out;
mod overrides;
mod owner;
mod partners;
mod progress;
mod rehearse;
mod secrets;
mod server;
mod sharing;
mod standings;
mod store;
mod terminal;
mod texts;
mod troubles;
mod wiring;

use std::process::ExitCode;

use crate::{secrets::KeySource, texts::Texts};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Threads for what blocks: files, indexes, databases. Each keeps about a megabyte of what it has freed, and a thousand partners
/// who look after their files would have hundreds of them.
const BLOCKING_MAX: usize = 32;

fn main() -> ExitCode {
    keep_pages_small();
    let texts = Texts::of_locale();
    let cli = match cli::parse(&texts) {
        Ok(cli) => cli,
        Err(asked) => asked.exit(),
    };
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        out::error("rustls has a provider already");
        return ExitCode::FAILURE;
    }
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().max_blocking_threads(BLOCKING_MAX).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                out::error(&error.to_string());
                return ExitCode::FAILURE;
            }
        };
    // Traces are sent from the runtime; what is left of them goes out when this is dropped, before the runtime is.
    let _tracing = {
        let _inside = runtime.enter();
        logging::init(&cli)
    };
    let keys = KeySource::of(cli.key_file, |name| std::env::var(name).ok());
    match runtime.block_on(commands::run(cli.command, &keys, &texts)) {
        Ok(code) => code,
        Err(problem) => {
            out::problem(&problem, &texts);
            ExitCode::FAILURE
        }
    }
}

/// The allocator asks for pages of 2 MiB. Three quarters of what a house of a hundred partners held after a start was theirs,
/// unused; turns cost no more without them.
fn keep_pages_small() {
    #[cfg(target_os = "linux")]
    // Where the kernel knows no such wish it has no such pages.
    let _refused = rustix::thread::disable_transparent_huge_pages(true);
}
