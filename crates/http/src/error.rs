use std::{error::Error, time::Duration};

/// Why a client or an endpoint cannot be set up. No variant carries a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Not an address that can be called.
    #[error("the address must begin with http:// or https:// and name a host")]
    Address,
    /// Not a proxy's address.
    #[error("the proxy is not a URL such as http://host:port or socks5://host:port")]
    Proxy,
    /// TLS cannot be set up: mostly no root certificates on the machine.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// Why there is no answer. Holds neither addresses nor headers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There was no connection: nothing was sent.
    #[error("no connection: {0}")]
    NotSent(String),
    /// It was sent, and time is up: it may have been done.
    #[error("time is up")]
    TimedOut,
    /// It was sent, and the answer broke off or is none of HTTP: it may have been done.
    #[error("no answer: {0}")]
    Broken(String),
}

impl CallError {
    pub(crate) fn no_connection_within(time: Duration) -> Self {
        Self::NotSent(format!("none within {} s", time.as_secs_f32()))
    }
}

/// The innermost cause: what an operator needs, in words that hold no address of ours.
pub(crate) fn cause(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
