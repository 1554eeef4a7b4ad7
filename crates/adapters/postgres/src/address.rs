use std::{fmt, net::IpAddr, str::FromStr};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::{Host, Url};

/// The port on which Supabase's pooler hands out connections by the transaction.
const TRANSACTION_POOLER_PORT: u16 = 6543;

/// Where a database is and who signs in: `postgres://user:password@host:port/database`. Its text has no password.
#[derive(Clone)]
pub struct Address {
    pub(crate) options: PgConnectOptions,
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
    #[error("the address of the database: {0}")]
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
        let (pooler, rest): (Vec<_>, Vec<_>) = url.query_pairs().into_owned().partition(|(key, _)| key == "pooler");
        let by_transaction = match pooler.last().map(|(_, value)| value.as_str()) {
            None => url.port() == Some(TRANSACTION_POOLER_PORT),
            Some("transaction") => true,
            Some("session" | "none") => false,
            Some(_) => return Err(BadAddress::Option("pooler is transaction, session or none".into())),
        };
        url.set_query(None);
        if !rest.is_empty() {
            url.query_pairs_mut().extend_pairs(rest);
        }
        let options: PgConnectOptions = url.as_str().parse().map_err(|error| match error {
            sqlx::Error::Configuration(why) => BadAddress::Option(why.to_string()),
            _ => BadAddress::Form,
        })?;
        // Poolers know nothing of digits, and no number of ours has any.
        let mut options = options.application_name("voronka").extra_float_digits(None);
        let host = url.host_str().unwrap_or_default();
        if !is_local(&url) && !url.query_pairs().any(|(key, _)| matches!(key.as_ref(), "sslmode" | "ssl-mode")) {
            options = options.ssl_mode(PgSslMode::Require);
        }
        let shown = format!("postgres://{}@{host}:{}{}", url.username(), url.port().unwrap_or(5432), url.path());
        Ok(Self { options, keeps_statements: !by_transaction, shown })
    }
}

/// Whether nobody can listen between: a socket's folder, or this machine.
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => {
            let address = name.trim_matches(['[', ']']).parse::<IpAddr>();
            name == "localhost"
                || name.starts_with("%2F")
                || name.starts_with('/')
                || address.is_ok_and(|ip| ip.is_loopback())
        }
        None => false,
    }
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
        let mode = |text: &str| format!("{:?}", text.parse::<Address>().unwrap().options.get_ssl_mode());
        for elsewhere in ["db.example", "10.0.0.7", "postgres", "localhost.example", "[2001:db8::1]"] {
            assert_eq!(mode(&format!("postgres://a@{elsewhere}/db")), "Require", "{elsewhere}");
        }
        for here in ["localhost", "127.0.0.1:5432", "[::1]", "%2Frun%2Fpostgresql"] {
            assert_eq!(mode(&format!("postgres://a@{here}/db")), "Prefer", "{here}");
        }
        assert_eq!(mode("postgres://a@postgres/db?sslmode=disable"), "Disable");
        assert_eq!(mode("postgres://a@db.example/db?sslmode=verify-full"), "VerifyFull");
    }

    #[test]
    fn a_pooler_is_known_by_its_port_or_by_what_is_said() {
        let keeps = |text: &str| text.parse::<Address>().unwrap().keeps_statements;
        assert!(keeps("postgres://a@h/db"));
        assert!(!keeps("postgres://a@h:6543/db"));
        assert!(!keeps("postgresql://a@h/db?pooler=transaction&sslmode=disable"));
        assert!(keeps("postgres://a@h:6543/db?pooler=session"));
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for bad in
            ["", "voronka.db", "mysql://a:s3cret@h/db", "postgres:///db", "postgres://a:s3cret@h/db?pooler=maybe"]
        {
            let error = bad.parse::<Address>().unwrap_err();
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
