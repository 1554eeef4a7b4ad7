use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::io::duplex;
use tokio_rustls::TlsConnector;

use super::*;

const HOST: &str = "chat.example.ru";

/// A certificate of December 2026, as an authority makes it.
fn made(host: &str) -> String {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2026, 12, 1), date_time_ymd(2026, 12, 31));
    format!("{}{}", key.serialize_pem(), params.self_signed(&key).unwrap().pem())
}

fn hosts() -> Hosts {
    Box::new(|| BTreeSet::from([HOST.to_owned()]))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An authority that nobody answers for.
fn nobody() -> Authority {
    let directory = "https://127.0.0.1:1/dir".parse().unwrap();
    Authority { directory, email: "owner@example.ru".to_owned(), root: None }
}

fn tls(folder: &std::path::Path) -> Tls {
    Tls::open(hosts(), nobody(), folder.join("certificates")).unwrap()
}

/// What a client that trusts this certificate comes to, by the protocol that it speaks.
async fn greeted(tls: &Tls, host: &'static str, protocol: &[u8], trusted: &str) -> Option<Vec<u8>> {
    let Wire::Tls(acceptor) = tls.wire() else { panic!("TLS was asked for") };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    // The certificates of these tests are of no time but their own.
    config.time_provider = Arc::new(Noon);
    let (ours, theirs) = duplex(64 << 10);
    let connector = TlsConnector::from(Arc::new(config));
    let calling = connector.connect(ServerName::try_from(host).unwrap(), theirs);
    let (served, client) = tokio::join!(shake_hands(&acceptor, ours), calling);
    drop(served);
    client.ok().and_then(|stream| stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
}

#[derive(Debug)]
struct Noon;

impl rustls::time_provider::TimeProvider for Noon {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let seconds = at("2026-12-10T12:00:00Z").as_second();
        Some(rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds.unsigned_abs())))
    }
}

#[tokio::test]
async fn a_kept_certificate_is_served_after_a_restart_to_who_asks_for_its_host_alone() {
    let folder = tempfile::tempdir().unwrap();
    let made = made(HOST);
    let before = tls(folder.path());
    assert_eq!(greeted(&before, HOST, b"http/1.1", &made).await, None, "there is none yet");
    before.shelf.keep(HOST, &made, Certificate::read(&made).unwrap()).unwrap();
    let after = tls(folder.path());
    for tls in [&before, &after] {
        assert_eq!(greeted(tls, HOST, b"http/1.1", &made).await.as_deref(), Some(b"http/1.1".as_slice()));
        assert_eq!(greeted(tls, "other.example.ru", b"http/1.1", &made).await, None);
        assert_eq!(greeted(tls, HOST, b"h2", &made).await, None, "we speak no HTTP/2");
    }
}

#[tokio::test]
async fn a_proof_is_shown_to_the_authority_alone_and_only_while_it_looks() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, proof) = (tls(folder.path()), made(HOST));
    tls.shelf.show_proof(HOST, Certificate::read(&proof).unwrap().shown());
    assert_eq!(greeted(&tls, HOST, CHALLENGE, &proof).await.as_deref(), Some(CHALLENGE));
    assert_eq!(greeted(&tls, HOST, b"http/1.1", &proof).await, None, "it is no certificate for visitors");
    tls.shelf.hide_proof(HOST);
    assert_eq!(greeted(&tls, HOST, CHALLENGE, &proof).await, None);
}

#[test]
fn a_certificate_is_due_in_the_last_third_of_its_time_and_when_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let tls = tls(folder.path());
    assert!(tls.shelf.is_due(HOST, at("2026-12-02T00:00:00Z")));
    let made = made(HOST);
    tls.shelf.keep(HOST, &made, Certificate::read(&made).unwrap()).unwrap();
    assert!(!tls.shelf.is_due(HOST, at("2026-12-20T23:00:00Z")));
    assert!(tls.shelf.is_due(HOST, at("2026-12-21T00:00:00Z")));
    assert!(tls.shelf.is_due(HOST, at("2027-02-01T00:00:00Z")));
}

#[test]
fn a_damaged_file_is_as_if_it_were_not_there_and_keys_are_for_us_alone() {
    use std::{fs, os::unix::fs::PermissionsExt};
    let folder = tempfile::tempdir().unwrap();
    let made = made(HOST);
    let one = tls(folder.path());
    one.shelf.keep(HOST, &made, Certificate::read(&made).unwrap()).unwrap();
    let file = folder.path().join("certificates").join(format!("{HOST}.pem"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    fs::write(&file, &made[..made.len() / 2]).unwrap();
    assert!(tls(folder.path()).shelf.is_due(HOST, at("2026-12-02T00:00:00Z")));
}

#[tokio::test]
async fn who_asks_in_vain_asks_again_with_growing_pauses() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, mut later, mut now) = (tls(folder.path()), BTreeMap::new(), at("2026-12-02T00:00:00Z"));
    tls.renew(&mut later, now).await;
    let first = later[HOST].at;
    tls.renew(&mut later, now).await;
    assert_eq!(later[HOST].at, first, "it is not asked for before");
    now = first;
    tls.renew(&mut later, now).await;
    assert_eq!(now.duration_until(later[HOST].at), PAUSES.0 * 2);
    let pauses = std::iter::successors(Some(PAUSES.0), |pause| Some(longer(*pause)));
    let minutes: Vec<i64> = pauses.take(10).map(|pause| pause.as_mins()).collect();
    assert_eq!(minutes, [2, 4, 8, 16, 32, 64, 128, 256, 360, 360]);
}

#[tokio::test]
async fn what_could_not_be_had_waits_over_a_restart_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let now = at("2026-12-02T00:00:00Z");
    let before = tls(folder.path());
    before.renew(&mut BTreeMap::new(), now).await;
    // Whoever begins anew at once asks for nothing, and for the second time with the longer pause.
    let after = tls(folder.path());
    let mut later = after.shelf.later();
    assert_eq!(later[HOST], Later { at: now + PAUSES.0, pause: PAUSES.0 });
    after.renew(&mut later, now + SignedDuration::from_secs(1)).await;
    assert_eq!(later[HOST].pause, PAUSES.0);
    after.renew(&mut later, now + PAUSES.0).await;
    assert_eq!(tls(folder.path()).shelf.later()[HOST].pause, PAUSES.0 * 2);
    // A time that no pause explains does not hold for ever.
    let mut later = BTreeMap::from([(HOST.to_owned(), Later { at: now + PAUSES.1 * 9, pause: PAUSES.1 })]);
    after.renew(&mut later, now).await;
    assert_eq!(later[HOST].at, now + PAUSES.1);
    std::fs::write(folder.path().join("certificates/later.json"), "{").unwrap();
    assert!(tls(folder.path()).shelf.later().is_empty());
}
