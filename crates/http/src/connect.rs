use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{
        HttpConnector,
        proxy::{SocksV5, Tunnel},
    },
    rt::TokioIo,
};
use rustls::{ClientConfig, crypto::CryptoProvider};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use crate::{
    SetupError,
    error::cause,
    names::Names,
    proxy::{Kind, Proxy},
};

type BoxError = Box<dyn Error + Send + Sync>;

/// What is connected: TCP, or TLS over it, or either through a proxy.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<W: AsyncRead + AsyncWrite + Send + Unpin> Wire for W {}

type Tcp = HttpConnector<Names>;
type Straight = HttpsConnector<Tcp>;

/// Makes connections, each the way that its client goes.
#[expect(clippy::large_enum_variant, reason = "a client has one")]
pub(crate) enum Connector {
    /// To the vendor.
    Straight(Straight),
    /// Through an HTTP proxy.
    Http {
        /// To the proxy itself, for what it forwards.
        proxy: Straight,
        address: Uri,
        tunnel: HttpsConnector<Tunnel<Straight>>,
    },
    /// Through a SOCKS proxy.
    Socks(HttpsConnector<SocksV5<Tcp>>),
}

impl Connector {
    pub(crate) fn new(proxy: Option<&Proxy>, connect: Duration) -> Result<Self, SetupError> {
        let tls = tls()?;
        let mut tcp = Tcp::new_with_resolver(Names::of_all());
        // It is asked for https as well, and TLS comes on top.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // Divided among a name's addresses, so that one that is dead leaves time for the next.
        tcp.set_connect_timeout(Some(connect));
        let Some(proxy) = proxy else { return Ok(Self::Straight((tcp, tls).into())) };
        let address = proxy.address.clone();
        Ok(match proxy.kind {
            Kind::Http => {
                let straight = Straight::from((tcp, Arc::clone(&tls)));
                let tunnel = Tunnel::new(address.clone(), straight.clone());
                let tunnel = match proxy.authorization() {
                    Some(authorization) => tunnel.with_auth(authorization),
                    None => tunnel,
                };
                Self::Http { proxy: straight, address, tunnel: (tunnel, tls).into() }
            }
            Kind::Socks5 => {
                let socks = SocksV5::new(address, tcp);
                let socks = match &proxy.login {
                    Some((name, password)) => socks.with_auth(name.clone(), password.clone()),
                    None => socks,
                };
                Self::Socks((socks, tls).into())
            }
        })
    }

    /// Connects to a vendor's `scheme://host:port/`.
    ///
    /// # Errors
    /// The cause, in words.
    pub(crate) async fn connect(&self, to: &Uri) -> Result<Box<dyn Wire>, String> {
        match self {
            Self::Straight(straight) => wire(straight.clone(), to).await,
            Self::Http { proxy, address, .. } if to.scheme() == Some(&Scheme::HTTP) => {
                wire(proxy.clone(), address).await
            }
            Self::Http { tunnel, .. } => wire(tunnel.clone(), to).await,
            Self::Socks(socks) => wire(socks.clone(), to).await,
        }
    }
}

async fn wire<S, T>(mut connector: S, to: &Uri) -> Result<Box<dyn Wire>, String>
where
    S: Service<Uri, Response = MaybeHttpsStream<T>, Error = BoxError>,
    T: 'static,
    TokioIo<MaybeHttpsStream<T>>: Wire,
{
    let words = |error: BoxError| cause(&*error);
    std::future::poll_fn(|cx| connector.poll_ready(cx)).await.map_err(words)?;
    let stream = connector.call(to.clone()).await.map_err(words)?;
    Ok(Box::new(TokioIo::new(stream)))
}

/// TLS as the system trusts, read once for the process: certificates are many, and so are accounts.
fn tls() -> Result<Arc<ClientConfig>, SetupError> {
    static SHARED: Mutex<Option<Arc<ClientConfig>>> = Mutex::new(None);
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = &*shared {
        return Ok(Arc::clone(known));
    }
    // The app has installed one; an embedder need not know.
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
    let failed = |error: rustls::Error| SetupError::Tls(cause(&error));
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(failed)?;
    let mut config = config.with_platform_verifier().map_err(failed)?.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::clone(shared.insert(Arc::new(config))))
}
