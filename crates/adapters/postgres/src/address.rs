use std::{fmt, str::FromStr};

use sqlx::postgres::PgConnectOptions;
use url::Url;

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

    /// `?pooler=transaction` says that a pooler hands out connections by the transaction.
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
        let options = options.application_name("voronka");
        let host = url.host_str().unwrap_or_default();
        let shown = format!("postgres://{}@{host}:{}{}", url.username(), url.port().unwrap_or(5432), url.path());
        Ok(Self { options, keeps_statements: !by_transaction, shown })
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
