//! Who a visitor is, behind the proxies that are told to us.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// What a proxy tells of whom it speaks for; the last entry is the one that it has added itself.
const HEADER: &str = "x-forwarded-for";

/// An address or a network of proxies whose word is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proxy(IpNet);

impl FromStr for Proxy {
    type Err = ipnet::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<IpNet>().or_else(|error| text.parse::<IpAddr>().map(IpNet::from).map_err(|_| error)).map(Self)
    }
}

/// The proxies whose word is taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies(Vec<Proxy>);

impl Proxies {
    pub(crate) fn new(proxies: Vec<Proxy>) -> Self {
        Self(proxies)
    }

    pub(super) fn contain(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|proxy| proxy.0.contains(&ip))
    }

    /// The visitor: the last address on the way that is no proxy of ours. What a visitor has written into the header itself
    /// stands before that and is never reached.
    pub(super) fn visitor(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut visitor = peer.to_canonical();
        if !self.contain(visitor) {
            return visitor;
        }
        let told: Vec<&str> =
            headers.get_all(HEADER).iter().filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(',')).collect();
        for address in told.iter().rev() {
            let Some(address) = told_address(address) else { break };
            visitor = address.to_canonical();
            if !self.contain(visitor) {
                break;
            }
        }
        visitor
    }
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn told_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(proxies: &[&str], peer: &str, told: &[&str]) -> String {
        let proxies = Proxies::new(proxies.iter().map(|proxy| proxy.parse().unwrap()).collect());
        let mut headers = HeaderMap::new();
        for line in told {
            headers.append(HEADER, line.parse().unwrap());
        }
        proxies.visitor(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_listed_proxies_are_believed() {
        assert_eq!(visitor(&[], "127.0.0.1", &["203.0.113.7"]), "127.0.0.1");
        assert_eq!(visitor(&["10.0.0.0/8"], "203.0.113.9", &["203.0.113.7"]), "203.0.113.9");
        assert_eq!(visitor(&["10.0.0.0/8"], "10.1.2.3", &["203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn what_a_visitor_writes_into_the_header_counts_for_nothing() {
        let told = ["198.51.100.1, 203.0.113.7", "10.0.0.2"];
        assert_eq!(visitor(&["10.0.0.0/8"], "10.0.0.1", &told), "203.0.113.7");
        assert_eq!(visitor(&["10.0.0.0/8"], "10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(visitor(&["10.0.0.0/8"], "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn an_address_of_version_4_within_version_6_is_the_same_address() {
        assert_eq!(visitor(&["127.0.0.1"], "::ffff:127.0.0.1", &["::ffff:203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn an_address_may_be_told_with_its_port() {
        for (told, known) in [
            ("203.0.113.7:5678", "203.0.113.7"),
            ("[2001:db8::7]:5678", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("203.0.113.7:", "10.0.0.1"),
        ] {
            assert_eq!(visitor(&["10.0.0.0/8"], "10.0.0.1", &[told]), known, "{told}");
        }
    }
}
