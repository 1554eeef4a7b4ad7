//! The built binary, driven from outside: over HTTP, over a fake Bot API, in the terminal and in a browser.
//!
//! `VORONKA_BIN` names the binary; without it the tests build one. Nothing here sleeps for a time: it waits for conditions.

mod backups;
mod binary;
mod broadcasts;
mod browser;
mod certificates;
mod cli;
mod customer;
mod demo;
mod deploying;
mod dialogue;
mod disk;
mod doctor;
mod faults;
mod hooks;
mod killed;
#[path = "../../crates/testkit/src/left_out.rs"]
#[expect(unreachable_pub, reason = "the tests of the store use it as well")]
mod left_out;
mod letters;
mod links;
mod looks;
#[path = "../../crates/testkit/src/mail.rs"]
#[expect(dead_code, unreachable_pub, reason = "the tests of the channel use more of it")]
mod mail_server;
mod mails;
mod model;
mod moving;
mod owner;
mod page;
mod pains;
mod people;
mod postgres;
#[path = "../../crates/testkit/src/postgres.rs"]
#[expect(dead_code, unreachable_pub, reason = "the tests of the store use more of it")]
mod postgres_server;
mod proxy;
mod scores;
mod shared;
mod shop;
mod signing_in;
mod site;
mod team;
mod telegram;
mod terminal;
mod web;
mod white;

use std::{future::Future, time::Duration};

use self::left_out::left_out;

/// How long anything may take before a test gives up. Generous: the machine may be busy, the binary unoptimised.
const PATIENCE: Duration = Duration::from_mins(1);
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
