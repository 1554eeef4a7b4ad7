//! The channel against a mail server of the testkit's.

mod conformance;
mod sending;
mod tls;

use std::{sync::Arc, time::Duration};

use voronka_core::contact::Email as Address;
use voronka_email::{Email, Login, MailServer, MailServerConfig, Tls};

const USER: &str = "bot@korica.ru";
const PASSWORD: &str = "pa55-of-the-app";

/// Short, for a server that hangs is waited for so long.
const PATIENCE: Duration = Duration::from_millis(300);

fn config(port: u16) -> MailServerConfig {
    MailServerConfig {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        login: Some(Login { user: USER.to_owned(), password: PASSWORD.to_owned().into() }),
        from: Address::parse("bot@korica.ru").expect("an address"),
        roots: None,
        patience: PATIENCE,
    }
}

fn channel(config: MailServerConfig, sender: &str) -> Email {
    Email::new(Arc::new(MailServer::new(config).expect("a sound server")), sender)
}
