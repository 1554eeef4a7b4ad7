//! Connections by TLS: from their first byte, or after `STARTTLS`; a certificate of somebody else gets no letter.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use voronka_core::{
    message::Peer,
    ports::{Channel, SendError},
};
use voronka_email::{MailServerConfig, Tls};
use voronka_testkit::{
    channel::sending::{bubble, bubble_id},
    mail::FakeMailServer,
};

use crate::{PASSWORD, PATIENCE, USER, channel, config};

/// What stands before a server and speaks TLS for it.
struct Front {
    port: u16,
    roots: Vec<u8>,
}

impl Front {
    /// `name`: whose its certificate is.
    async fn before(server: &FakeMailServer, tls: Tls, name: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a server with a certificate");
        let port = listener.local_addr().expect("a server with a certificate").port();
        let mut authority = CertificateParams::new(Vec::new()).expect("a server with a certificate");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a server with a certificate"))
                .expect("a server with a certificate");
        let key = KeyPair::generate().expect("a server with a certificate");
        let certificate = CertificateParams::new(vec![name.to_owned()])
            .expect("a server with a certificate")
            .signed_by(&key, &authority)
            .expect("a server with a certificate");
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a server with a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config
            .expect("a server with a certificate")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key);
        let acceptor = TlsAcceptor::from(Arc::new(config.expect("a server with a certificate")));
        let inner = server.port();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, inner, tls, acceptor.clone()));
            }
        });
        Self { port, roots: authority.pem().into_bytes() }
    }

    async fn send(&self, tls: Tls, roots: Option<Vec<u8>>) -> Result<(), SendError> {
        let host = "localhost".to_owned();
        let config = MailServerConfig { host, tls, roots, patience: PATIENCE * 10, ..config(self.port) };
        let to = Peer::new("olga@korica.ru");
        channel(config, "Корица").send(&to, &bubble("Новый заказ"), bubble_id(1)).await.map(|_receipt| ())
    }
}

async fn carry(client: TcpStream, inner: u16, tls: Tls, acceptor: TlsAcceptor) -> std::io::Result<()> {
    let mut server = BufReader::new(TcpStream::connect(("127.0.0.1", inner)).await?);
    let client = match tls {
        Tls::Upgraded => {
            let mut client = BufReader::new(client);
            client.write_all(b"220 front\r\n").await?;
            for reply in ["250-front\r\n250 STARTTLS\r\n", "220 Go on\r\n"] {
                client.read_line(&mut String::new()).await?;
                client.write_all(reply.as_bytes()).await?;
            }
            // The server's own greeting was said.
            server.read_line(&mut String::new()).await?;
            client.into_inner()
        }
        Tls::Whole | Tls::None => client,
    };
    let mut client = acceptor.accept(client).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    client.shutdown().await
}

#[tokio::test]
async fn a_letter_goes_by_tls_to_a_server_whose_certificate_is_known() {
    for tls in [Tls::Whole, Tls::Upgraded] {
        let server = FakeMailServer::start().await.unwrap().with_login(USER, PASSWORD);
        let ours = Front::before(&server, tls, "localhost").await;
        assert_eq!(ours.send(tls, Some(ours.roots.clone())).await, Ok(()), "{tls:?}");
        assert_eq!(server.letters().len(), 1);
        let of_another_name = Front::before(&server, tls, "mail.example").await;
        for (front, roots) in [
            (&ours, None),
            (&ours, Some(of_another_name.roots.clone())),
            (&of_another_name, Some(of_another_name.roots.clone())),
        ] {
            let refused = front.send(tls, roots).await;
            assert!(matches!(refused, Err(SendError::Unavailable(_))), "{tls:?}: {refused:?}");
        }
        assert_eq!(server.letters().len(), 1, "nothing was said to anybody else");
    }
}

#[tokio::test]
async fn a_server_that_offers_no_starttls_is_given_nothing() {
    let server = FakeMailServer::start().await.unwrap().with_login(USER, PASSWORD);
    let plain = Front { port: server.port(), roots: Vec::new() };
    let refused = plain.send(Tls::Upgraded, None).await;
    assert!(matches!(refused, Err(SendError::Unavailable(_))), "{refused:?}");
    assert_eq!(server.letters(), []);
}
