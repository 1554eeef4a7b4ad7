use std::{fmt, net::IpAddr, str::FromStr};

use tokio_postgres::{Config, config::Host};
use url::Url;

use crate::tls::{Asked, Proof};

/// The port on which Supabase's pooler hands out connections by the transaction.
const TRANSACTION_POOLER_PORT: u16 = 6543;

/// What of an address is ours to read, and not the driver's.
const OURS: [&str; 6] = ["pooler", "pgbouncer", "sslmode", "ssl-mode", "sslrootcert", "ssl-root-cert"];

/// Where a database is and who signs in: `postgres://user:password@host:port/database`. Its text has no password.
#[derive(Clone)]
pub struct Address {
    pub(crate) config: Config,
    pub(crate) proof: Proof,
    /// Whether a connection is the same from one transaction to the next, so that statements may stay prepared on it.
    pub(crate) keeps_statements: bool,
    shown: String,
}

/// A text that is no address of a database. What it was is not told: there may be a password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It is no URL of PostgreSQL's.
    #[error("a database is named like postgres://user:password@host:5432/database")]
    Form,
    /// What the driver says of it.
    #[error("{0}")]
    Option(String),
}

impl FromStr for Address {
    type Err = BadAddress;

    /// Elsewhere than on this machine the server must speak TLS, unless `?sslmode=…` says otherwise. `?pooler=transaction` says that a pooler hands out connections by the transaction.
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let mut url = Url::parse(text).map_err(|_| BadAddress::Form)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") || url.host_str().is_none() {
            return Err(BadAddress::Form);
        }
        let mut by_transaction = url.port() == Some(TRANSACTION_POOLER_PORT);
        let (mut asked, mut roots) = (None, None);
        for (key, value) in url.query_pairs() {
            match (key.as_ref(), value.as_ref()) {
                ("pooler", "transaction") => by_transaction = true,
                ("pooler", "session" | "none") => by_transaction = false,
                ("pooler", _) => return Err(BadAddress::Option("pooler is transaction, session or none".into())),
                // As Supabase shows it to whom its pooler serves.
                ("pgbouncer", value) => by_transaction |= value == "true",
                ("sslmode" | "ssl-mode", value) => asked = Some(value.parse().map_err(BadAddress::Option)?),
                ("sslrootcert" | "ssl-root-cert", value) => roots = Some(value.to_owned()),
                _ => {}
            }
        }
        let unknown = || BadAddress::Option("what is behind the ? is not known".to_owned());
        if url.query().is_some_and(|query| query.split('&').any(|pair| !pair.contains('='))) {
            return Err(unknown());
        }
        // As it was written: the driver reads it by rules of its own.
        let is_the_drivers = |pair: &&str| !OURS.contains(&pair.split('=').next().unwrap_or_default());
        let rest = url.query().map(|query| query.split('&').filter(is_the_drivers).collect::<Vec<_>>().join("&"));
        url.set_query(rest.as_deref().filter(|rest| !rest.is_empty()));
        let mut config: Config = url.as_str().parse().map_err(|error: tokio_postgres::Error| {
            let why = error.into_source().map(|why| why.to_string()).unwrap_or_default();
            // A name that is not known may be half a password.
            let is_told = !why.is_empty() && !why.starts_with("unknown option");
            if is_told { BadAddress::Option(why) } else { unknown() }
        })?;
        let asked = asked.unwrap_or(if is_local(&config) { Asked::Prefer } else { Asked::Require });
        let proof = Proof::new(asked, roots).map_err(BadAddress::Option)?;
        config.application_name("voronka").ssl_mode(proof.mode());
        let host = url.host_str().unwrap_or_default();
        let shown = format!("postgres://{}@{host}:{}{}", url.username(), url.port().unwrap_or(5432), url.path());
        Ok(Self { config, proof, keeps_statements: !by_transaction, shown })
    }
}

/// Whether nobody can listen between: a socket's folder, or this machine.
fn is_local(config: &Config) -> bool {
    let is_here = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
    };
    config.get_hosts().iter().all(is_here) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let address: Address = "postgres://voronka_app:s3cret@db.example:6543/shop?sslmode=require".parse().unwrap();
        assert_eq!(address.to_string(), "postgres://voronka_app@db.example:6543/shop");
        assert_eq!(format!("{address:?}"), address.to_string());
    }

    /// What crosses a network is not read on its way.
    #[test]
    fn elsewhere_than_on_this_machine_tls_is_asked_for_unless_told_otherwise() {
        let mode = |text: &str| format!("{:?}", text.parse::<Address>().unwrap().proof.asked());
        for elsewhere in ["db.example", "10.0.0.7", "postgres", "localhost.example", "[2001:db8::1]"] {
            assert_eq!(mode(&format!("postgres://a@{elsewhere}/db")), "Require", "{elsewhere}");
        }
        for here in ["localhost", "127.0.0.1:5432", "[::1]", "%2Frun%2Fpostgresql"] {
            assert_eq!(mode(&format!("postgres://a@{here}/db")), "Prefer", "{here}");
        }
        assert_eq!(mode("postgres://a@postgres/db?sslmode=disable"), "Disable");
        assert_eq!(mode("postgres://a@db.example/db?sslmode=verify-full"), "VerifyFull");
    }

    /// Wherever it says that the server is.
    #[test]
    fn a_server_is_near_only_if_all_that_the_address_says_is() {
        let mode = |text: &str| text.parse::<Address>().unwrap().proof.asked();
        for far in [
            "postgres://a@localhost/db?hostaddr=10.0.0.7",
            "postgres://a@%2Frun,db.example/db",
            "postgres://a@localhost/db?host=db.example",
        ] {
            assert_eq!(mode(far), Asked::Require, "{far}");
        }
        assert_eq!(mode("postgres://a@localhost/db?hostaddr=127.0.0.1"), Asked::Prefer);
    }

    #[test]
    fn what_is_meant_for_the_driver_reaches_it_as_it_was_written() {
        let address: Address = "postgres://a@h/db?pooler=none&options=-c%20search_path%3Dx".parse().unwrap();
        assert_eq!(address.config.get_options(), Some("-c search_path=x"));
    }

    #[test]
    fn a_proof_that_would_prove_nothing_is_refused() {
        for bad in ["sslmode=verify-ca", "sslmode=require&sslrootcert=system", "sslmode=allow"] {
            assert!(format!("postgres://a@h/db?{bad}").parse::<Address>().is_err(), "{bad}");
        }
        assert!("postgres://a@h/db?sslmode=verify-full&sslrootcert=system".parse::<Address>().is_ok());
    }

    #[test]
    fn a_pooler_is_known_by_its_port_or_by_what_is_said() {
        let keeps = |text: &str| text.parse::<Address>().unwrap().keeps_statements;
        assert!(keeps("postgres://a@h/db"));
        assert!(!keeps("postgres://a@h:6543/db"));
        assert!(!keeps("postgresql://a@h/db?pooler=transaction&sslmode=disable"));
        assert!(keeps("postgres://a@h:6543/db?pooler=session"));
        assert!(!keeps("postgres://a@h/db?pgbouncer=true"));
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for bad in [
            "",
            "voronka.db",
            "mysql://a:s3cret@h/db",
            "postgres:///db",
            "postgres://a:s3cret@h/db?pooler=maybe",
            "postgres://a:123?s3cret@h/db",
        ] {
            let error = bad.parse::<Address>().unwrap_err();
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
