//! Connections by TLS, to a server whose certificate is known, or is another's.

use std::{fs, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
};
use tokio_rustls::TlsAcceptor;
use voronka_core::ports::{Fate, StoreError};

use super::{InDatabase, address};
use crate::PostgresStore;

/// What stands before a server and speaks TLS for it, or refuses to.
struct Front {
    port: u16,
    /// Where the certificate is of who has signed that of the server.
    roots: tempfile::NamedTempFile,
}

impl Front {
    /// Before the server whose socket is in a folder. `name`: whose its certificate is; `None`: it speaks no TLS.
    async fn before(server: &Path, name: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let roots = tempfile::NamedTempFile::new().unwrap();
        fs::write(roots.path(), authority.pem()).unwrap();
        let tls = name.map(|name| {
            let key = KeyPair::generate().unwrap();
            let certificate =
                CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
            let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
            let config = config.unwrap().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key);
            TlsAcceptor::from(Arc::new(config.unwrap()))
        });
        let server = server.join(".s.PGSQL.5432");
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&server).await.unwrap();
                tokio::spawn(carry(client, server, tls.clone()));
            }
        });
        Self { port, roots }
    }

    async fn open(&self, below: &InDatabase, how: &str) -> Result<PostgresStore, StoreError> {
        let roots = self.roots.path().display().to_string();
        let how = how.replace("ROOTS", &format!("sslrootcert={roots}"));
        let text = format!("postgres://voronka_app@localhost:{}/{}?sslmode={how}", self.port, below.database.name());
        PostgresStore::open(&address(&text)).await
    }
}

/// Whoever asks for TLS says so in its first eight bytes.
async fn carry(mut client: TcpStream, mut server: UnixStream, tls: Option<TlsAcceptor>) {
    let mut asked = [0; 8];
    if client.read_exact(&mut asked).await.is_err() {
        return;
    }
    let is_answered = client.write_all(if tls.is_some() { b"S" } else { b"N" }).await.is_ok();
    match tls {
        Some(tls) if is_answered => {
            let Ok(mut client) = tls.accept(client).await else { return };
            let _ended = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        }
        _ => {
            let _ended = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        }
    }
}

#[tokio::test]
async fn a_certificate_is_asked_for_as_the_address_says() {
    let below = InDatabase::new().await;
    let ours = Front::before(below.server.folder(), Some("localhost")).await;
    let of_another_name = Front::before(below.server.folder(), Some("db.example")).await;
    // Whose word is taken that has signed none of them.
    let roots = ours.roots.path().display().to_string();
    let by_others = format!("verify-full&sslrootcert={roots}");
    for (front, how, is_let_in) in [
        (&ours, "prefer", true),
        (&ours, "require", true),
        (&ours, "require&ROOTS", true),
        (&ours, "verify-ca&ROOTS", true),
        (&ours, "verify-full&ROOTS", true),
        (&ours, "verify-full", false),
        (&of_another_name, "require", true),
        (&of_another_name, "verify-ca&ROOTS", true),
        (&of_another_name, "verify-full&ROOTS", false),
        (&of_another_name, &by_others, false),
        (&of_another_name, &by_others.replace("full", "ca"), false),
        (&of_another_name, &by_others.replace("verify-full", "require"), false),
    ] {
        match front.open(&below, how).await {
            Ok(_) => assert!(is_let_in, "{how}: it is let in"),
            Err(error) => {
                assert!(!is_let_in, "{how}: {error}");
                assert_eq!(error.fate(), Fate::Final, "{how}: a certificate does not mend itself: {error}");
                assert!(error.to_string().contains("certificate"), "{how}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let below = InDatabase::new().await;
    let plain = Front::before(below.server.folder(), None).await;
    assert!(plain.open(&below, "prefer").await.is_ok());
    for how in ["require", "verify-full&ROOTS"] {
        let error = plain.open(&below, how).await.unwrap_err();
        assert!(error.to_string().contains("TLS") && error.fate() == Fate::Final, "{how}: {error}");
    }
}

#[tokio::test]
async fn roots_that_cannot_be_read_are_named() {
    let below = InDatabase::new().await;
    let front = Front::before(below.server.folder(), Some("localhost")).await;
    let error = front.open(&below, "verify-full&sslrootcert=/nowhere.pem").await.unwrap_err();
    assert!(error.to_string().contains("/nowhere.pem") && error.fate() == Fate::Final, "{error}");
}
