use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::SetupError;

/// A proxy that all calls of a client go through. May hold a password, which it does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    pub(crate) kind: Kind,
    pub(crate) address: Uri,
    /// Name and password.
    pub(crate) login: Option<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `http` or `https`: tunnels by CONNECT, and forwards what is not encrypted.
    Http,
    /// `socks5` or `socks5h`: names are looked up by the proxy either way.
    Socks5,
}

impl Proxy {
    /// Reads `http://`, `https://`, `socks5://` or `socks5h://`, with name and password before the host if need be. Without a
    /// scheme it is `http`.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(text: &str) -> Result<Self, SetupError> {
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&whole).map_err(|_| SetupError::Proxy)?;
        let (kind, scheme, port) = match url.scheme() {
            "http" => (Kind::Http, "http", 80),
            "https" => (Kind::Http, "https", 443),
            // To the connector the way to the proxy is plain TCP.
            "socks5" | "socks5h" => (Kind::Socks5, "http", 1080),
            _ => return Err(SetupError::Proxy),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(SetupError::Proxy)?;
        let address = format!("{scheme}://{host}:{}/", url.port().unwrap_or(port));
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let login = (!url.username().is_empty() || url.password().is_some())
            .then(|| (decoded(url.username()), decoded(url.password().unwrap_or_default())));
        Ok(Self { kind, address: address.parse().map_err(|_| SetupError::Proxy)?, login })
    }

    /// What an HTTP proxy wants to read.
    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
        self.login.as_ref().and_then(|(name, password)| basic(name, password))
    }
}

/// `Basic …`
pub(crate) fn basic(name: &str, password: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("kind", &self.kind).field("host", &self.address.host()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, kind: Kind, address: &str, login: Option<(&str, &str)>) {
        let proxy = Proxy::parse(text).unwrap();
        let found = proxy.login.as_ref().map(|(name, password)| (name.as_str(), password.as_str()));
        assert_eq!((proxy.kind, proxy.address.to_string().as_str(), found), (kind, address, login), "{text}");
    }

    #[test]
    fn proxies_are_read_in_all_their_forms() {
        check("http://proxy.example:3128", Kind::Http, "http://proxy.example:3128/", None);
        check("proxy.example:3128", Kind::Http, "http://proxy.example:3128/", None);
        check("https://u:p%40ss@proxy.example", Kind::Http, "https://proxy.example:443/", Some(("u", "p@ss")));
        check("socks5://10.0.0.1", Kind::Socks5, "http://10.0.0.1:1080/", None);
        check("socks5h://u:p@[::1]:9050", Kind::Socks5, "http://[::1]:9050/", Some(("u", "p")));
    }

    #[test]
    fn what_is_no_proxy_is_refused_and_a_password_is_not_shown() {
        for bad in ["", "nonsense://proxy.example", "not a url, secret", "socks5://", "http://"] {
            assert_eq!(Proxy::parse(bad), Err(SetupError::Proxy), "{bad}");
        }
        let printed = format!("{:?}", Proxy::parse("socks5://user:hunter2@proxy.example").unwrap());
        assert!(!printed.contains("hunter2") && printed.contains("proxy.example"), "{printed}");
    }
}
