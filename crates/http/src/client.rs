use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Uri, uri::Scheme};
use tokio::time::timeout;
use url::Url;

use crate::{
    Answer, CallError, Endpoint, Proxy, SetupError,
    connect::{Connector, Wire},
    host::Host,
    proxy::Kind,
};

/// How a client connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What all goes through; the environment's proxies are not used.
    pub proxy: Option<Proxy>,
    /// How long a connection may take, with all that a proxy and TLS say.
    pub connect: Duration,
    /// How long a connection is kept for the next call. Shorter than what the vendor keeps it, or a call may find it dead.
    pub idle: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { proxy: None, connect: Duration::from_secs(5), idle: Duration::from_mins(1) }
    }
}

/// Connections that adapters share. Cheap to clone; clones share them.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    settings: Settings,
    connector: Connector,
    hosts: Mutex<Vec<Arc<Host>>>,
}

impl Client {
    /// A client; nothing is connected yet.
    ///
    /// # Errors
    /// When the machine has no root certificates.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let connector = Connector::new(settings.proxy.as_ref(), settings.connect)?;
        Ok(Self(Arc::new(Shared { settings, connector, hosts: Mutex::default() })))
    }

    /// An address that JSON is posted to, with these headers beside the usual ones: they replace `host`, `user-agent`, `accept`
    /// and what a name and a password in the address would say, but nothing that tells how the body is written.
    ///
    /// # Errors
    /// When it cannot be called.
    pub fn endpoint(&self, address: &Url, headers: &HeaderMap) -> Result<Endpoint, SetupError> {
        self.endpoint_for(address, headers, HeaderValue::from_static("application/json"))
    }

    /// An address that something else than JSON is posted to: `kind` is its content type.
    ///
    /// # Errors
    /// When it cannot be called.
    pub fn endpoint_for(&self, address: &Url, headers: &HeaderMap, kind: HeaderValue) -> Result<Endpoint, SetupError> {
        let host = self.host(address)?;
        Endpoint::new(self.clone(), host, address, headers, Some(kind))
    }

    /// Reads what is at an address. All of it, from here to the last byte that is read of the answer, may take this long.
    ///
    /// # Errors
    /// When there is no answer; one that says no is an answer.
    pub async fn get(&self, address: &Url, most: Duration) -> Result<Answer, CallError> {
        let told = |error: SetupError| CallError::NotSent(error.to_string());
        let host = self.host(address).map_err(told)?;
        let endpoint = Endpoint::new(self.clone(), host, address, &HeaderMap::new(), None).map_err(told)?;
        endpoint.post(&[], most).await
    }

    /// The host of an address, the same for all who call it.
    fn host(&self, address: &Url) -> Result<Arc<Host>, SetupError> {
        let (Some(name), Some(port)) = (address.host_str(), address.port_or_known_default()) else {
            return Err(SetupError::Address);
        };
        if !matches!(address.scheme(), "http" | "https") || name.is_empty() {
            return Err(SetupError::Address);
        }
        let uri: Uri = format!("{}://{name}:{port}/", address.scheme()).parse().map_err(|_| SetupError::Address)?;
        let mut hosts = self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hosts.iter().find(|host| host.uri == uri) {
            return Ok(Arc::clone(known));
        }
        let host = Arc::new(Host::new(uri, self.0.settings.idle));
        hosts.push(Arc::clone(&host));
        Ok(host)
    }

    /// The proxy that reads the requests to this host and sends them on, if one does.
    pub(crate) fn forwarder(&self, host: &Host) -> Option<&Proxy> {
        let proxy = self.0.settings.proxy.as_ref().filter(|proxy| proxy.kind == Kind::Http)?;
        (host.uri.scheme() == Some(&Scheme::HTTP)).then_some(proxy)
    }

    pub(crate) async fn connect(&self, host: &Host, most: Duration) -> Result<Box<dyn Wire>, CallError> {
        let most = self.0.settings.connect.min(most);
        match timeout(most, self.0.connector.connect(&host.uri)).await {
            Ok(connected) => connected.map_err(CallError::NotSent),
            Err(_) => Err(CallError::no_connection_within(most)),
        }
    }
}

/// Clients, one for each way to connect: whoever is handed the same ones shares connections. Cheap to clone.
#[derive(Clone, Default)]
pub struct Clients(Arc<Mutex<Vec<Client>>>);

impl Clients {
    /// The client that connects so.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn client(&self, settings: Settings) -> Result<Client, SetupError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = known.iter().find(|client| client.0.settings == settings) {
            return Ok(client.clone());
        }
        let client = Client::new(settings)?;
        known.push(client.clone());
        Ok(client)
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clients")
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
