//! TLS of our own: certificates from an authority for tests (Pebble, of the people of Let's Encrypt).

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
};

use rcgen::generate_simple_self_signed;
use reqwest::{Certificate, Client};
use tokio::process::{Child, Command};

use super::{
    binary::{Server, command, free_port},
    http, left_out, shop, until,
};

const HOST: &str = "chat.example.ru";

/// An authority that proves names by calling `port` of this machine, whatever the name.
struct Authority {
    directory: String,
    roots: String,
    /// What its own address is trusted by.
    own_root: PathBuf,
    _processes: [Child; 2],
}

impl Authority {
    fn start(folder: &Path, port: u16) -> Option<Self> {
        let [api, management, names, answers] = [(); 4].map(|()| free_port());
        let own =
            generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).expect("it can be made");
        let (own_root, key) = (folder.join("authority.pem"), folder.join("authority.key"));
        fs::write(&own_root, own.cert.pem()).expect("it can be made");
        fs::write(&key, own.signing_key.serialize_pem()).expect("it can be made");
        let config = serde_json::json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{api}"), "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": own_root, "privateKey": key, "httpPort": 1, "tlsPort": port,
            "ocspResponderURL": "", "externalAccountBindingRequired": false,
        }});
        let file = folder.join("pebble.json");
        fs::write(&file, config.to_string()).expect("it can be made");
        let mut names_server = quiet("pebble-challtestsrv");
        names_server.args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""]);
        names_server.args(["-dns01", &format!("127.0.0.1:{names}"), "-management", &format!("127.0.0.1:{answers}")]);
        let mut pebble = quiet("pebble");
        pebble.arg("-config").arg(&file).args(["-dnsserver", &format!("127.0.0.1:{names}")]);
        pebble.env("PEBBLE_VA_NOSLEEP", "1");
        let (Ok(names_server), Ok(pebble)) = (names_server.spawn(), pebble.spawn()) else { return None };
        Some(Self {
            directory: format!("https://127.0.0.1:{api}/dir"),
            roots: format!("https://127.0.0.1:{management}/roots/0"),
            own_root,
            _processes: [names_server, pebble],
        })
    }

    /// A client that trusts whom this authority trusts, and knows where `host` leads.
    async fn client(&self, host: &str, to: SocketAddr) -> Client {
        let own =
            [Certificate::from_pem(&fs::read(&self.own_root).expect("it was written")).expect("it is a certificate")];
        let _installed = http();
        let asking = Client::builder().no_proxy().tls_certs_only(own).build().expect("a client");
        let root = until(
            || "root of the authority".to_owned(),
            || async { asking.get(&self.roots).send().await.ok()?.bytes().await.ok() },
        );
        let root = [Certificate::from_pem(&root.await).expect("it is a certificate")];
        Client::builder().no_proxy().tls_certs_only(root).resolve(host, to).build().expect("a client")
    }
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn certificates_are_had_kept_over_a_restart_and_speak_for_our_hosts_alone() {
    let folder = tempfile::tempdir().unwrap();
    let [port, private] = [(); 2].map(|()| free_port());
    let Some(authority) = Authority::start(folder.path(), port) else {
        return left_out("certificates by ACME: pebble is not installed");
    };
    let (partners, data) = (folder.path().join("partners"), folder.path().join("data"));
    shop::korica(folder.path(), None, "");
    let start = async |directory: &str| {
        let mut house = command();
        house.arg("run").arg("--partners").arg(&partners).arg("--data").arg(&data);
        house.args(["--listen", &format!("127.0.0.1:{port}"), "--metrics", &format!("127.0.0.1:{private}")]);
        house.args(["--public-url", &format!("https://{HOST}"), "--acme", "owner@example.ru"]);
        house.args(["--acme-directory", directory, "--acme-root"]).arg(&authority.own_root);
        Server::start(house, private, &folder.path().join("log")).await
    };
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let client = authority.client(HOST, at).await;
    let health = format!("https://{HOST}:{port}/healthz");

    let house = start(&authority.directory).await;
    let answer = until(|| house.log(), || async { client.get(&health).send().await.ok() }).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    let stranger = authority.client("other.example.ru", at).await;
    assert!(stranger.get(format!("https://other.example.ru:{port}/healthz")).send().await.is_err());
    assert!(http().get(format!("http://127.0.0.1:{port}/healthz")).send().await.is_err(), "nothing without TLS");
    assert!(house.stop().await.success());

    // The authority is gone: what was kept serves.
    let house = start("https://127.0.0.1:1/dir").await;
    let answer = until(|| house.log(), || async { client.get(&health).send().await.ok() }).await;
    assert_eq!(answer.status(), 200);
    assert!(house.stop().await.success());
}

#[tokio::test]
async fn a_host_for_which_no_certificate_can_be_had_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["http://chat.example.ru", "https://203.0.113.7", "https://localhost"] {
        let mut house = command();
        house.args(["run", "--acme", "owner@example.ru", "--public-url", url, "--data"]).arg(folder.path());
        house.arg("--partners").arg(super::super::workspace::root().join("partners"));
        let (code, told) = super::binary::fails(&mut house).await;
        assert!(code == Some(1) && told.contains(url) && told.contains("--acme"), "{told}");
    }
}
