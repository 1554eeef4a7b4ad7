//! The built binary, driven from outside: over HTTP, over a fake Bot API, in the terminal and in a browser.
//!
//! `VORONKA_BIN` names the binary; without it the tests build one. Nothing here sleeps for a time: it waits for conditions.

mod backups;
mod binary;
mod browser;
mod cli;
mod customer;
mod demo;
mod dialogue;
mod disk;
mod doctor;
mod faults;
mod hooks;
mod killed;
mod letters;
mod looks;
mod model;
mod owner;
mod page;
mod pains;
mod postgres;
#[path = "../../crates/testkit/src/postgres.rs"]
#[expect(dead_code, unreachable_pub, reason = "the tests of the store use more of it")]
mod postgres_server;
mod proxy;
mod shop;
mod signing_in;
mod site;
mod telegram;
mod terminal;
mod web;

use std::{future::Future, io::Write, time::Duration};

/// How long anything may take before a test gives up. Generous: the machine may be busy, the binary unoptimised.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Waits until `look` finds something; `what` tells what there was none of, when it comes to that.
async fn until<T, F: Future<Output = Option<T>>>(what: impl Fn() -> String, mut look: impl FnMut() -> F) -> T {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            ticks.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    });
    found.await.unwrap_or_else(|_| panic!("in {} s there was no {}", PATIENCE.as_secs(), what()))
}

/// A client without TLS needs: everything is on this machine.
fn http() -> reqwest::Client {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another test may have been quicker.
        let _installed = rustls::crypto::ring::default_provider().install_default();
    }
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}

/// What cannot be tested on this machine; `cargo xtask test` tells it at its end.
fn left_out(what: &str) {
    let _told = writeln!(std::io::stderr(), "LEFT OUT: {what}");
    let Some(path) = std::env::var_os("VORONKA_LEFT_OUT") else { return };
    let mut file = std::fs::File::options().create(true).append(true).open(path).expect("the list can be written");
    writeln!(file, "{what}").expect("the list can be written");
}
