//! How a server proves who it is, in the words of libpq's `sslmode`.

use std::{
    path::PathBuf,
    str::FromStr,
    sync::{Arc, OnceLock},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What is asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return Err("sslmode is disable, prefer, require, verify-ca or verify-full".to_owned()),
        })
    }
}

/// What is asked of the server, and whose word is taken for its certificate.
#[derive(Clone)]
pub(crate) struct Proof {
    asked: Asked,
    /// A file of certificates; `None`: those that the system trusts.
    roots: Option<PathBuf>,
    /// Made once: certificates are many.
    known: Arc<OnceLock<MakeRustlsConnect>>,
}

impl Proof {
    /// `roots` as in `sslrootcert`.
    ///
    /// # Errors
    /// When the one asks for nothing that the other could show.
    pub(crate) fn new(asked: Asked, roots: Option<String>) -> Result<Self, String> {
        let roots = match roots {
            Some(system) if system == "system" => {
                if asked != Asked::VerifyFull {
                    return Err("sslrootcert=system needs sslmode=verify-full: whom the system trusts signs any name"
                        .to_owned());
                }
                None
            }
            None if asked == Asked::VerifyCa => {
                return Err("sslmode=verify-ca needs sslrootcert: whom the system trusts signs any name".to_owned());
            }
            roots => roots.map(PathBuf::from),
        };
        Ok(Self { asked, roots, known: Arc::default() })
    }

    #[cfg(test)]
    pub(crate) fn asked(&self) -> Asked {
        self.asked
    }

    pub(crate) fn mode(&self) -> SslMode {
        match self.asked {
            Asked::Disable => SslMode::Disable,
            Asked::Prefer => SslMode::Prefer,
            Asked::Require | Asked::VerifyCa | Asked::VerifyFull => SslMode::Require,
        }
    }

    /// An error says what is wrong with the certificates that are trusted.
    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, String> {
        if let Some(known) = self.known.get() {
            return Ok(known.clone());
        }
        let made = self.make()?;
        Ok(self.known.get_or_init(|| made).clone())
    }

    fn make(&self) -> Result<MakeRustlsConnect, String> {
        let words = |error: Error| format!("TLS to the database: {error}");
        // The app has installed one; an embedder need not know.
        let provider = CryptoProvider::get_default().cloned();
        let provider = provider.unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
        let judge = match (self.asked, &self.roots) {
            (Asked::Disable | Asked::Prefer, _) | (Asked::Require, None) => Judge::Nobody,
            // As libpq has it: who names roots wants them asked.
            (Asked::Require | Asked::VerifyCa, _) => Judge::ButForItsName(self.by_roots(&provider)?),
            (Asked::VerifyFull, _) => Judge::Roots(self.by_roots(&provider)?),
        };
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let config = config.with_safe_default_protocol_versions().map_err(words)?;
        let verifier = Arc::new(Verifier { judge, provider });
        Ok(MakeRustlsConnect::new(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()))
    }

    fn by_roots(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
        let Some(file) = &self.roots else {
            let system = rustls_platform_verifier::Verifier::new(Arc::clone(provider));
            return Ok(Arc::new(system.map_err(|error| format!("the certificates that the system trusts: {error}"))?));
        };
        let unreadable = |why: String| format!("sslrootcert {}: {why}", file.display());
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable(error.to_string()))? {
            let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
        }
        let roots = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
        Ok(roots.map_err(|error| unreadable(error.to_string()))?)
    }
}

/// Who judges a certificate.
#[derive(Debug)]
enum Judge {
    /// What is sent is hidden from who only listens.
    Nobody,
    ButForItsName(Arc<dyn ServerCertVerifier>),
    Roots(Arc<dyn ServerCertVerifier>),
}

/// That a server has the key of its certificate is always asked.
#[derive(Debug)]
struct Verifier {
    judge: Judge,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        match &self.judge {
            Judge::Nobody => Ok(ServerCertVerified::assertion()),
            Judge::Roots(roots) => roots.verify_server_cert(certificate, between, name, ocsp, now),
            Judge::ButForItsName(roots) => match roots.verify_server_cert(certificate, between, name, ocsp, now) {
                Err(Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                    Ok(ServerCertVerified::assertion())
                }
                judged => judged,
            },
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
