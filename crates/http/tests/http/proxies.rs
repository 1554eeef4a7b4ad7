use std::time::Duration;

use http::HeaderMap;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use voronka_http::{CallError, Client, Endpoint, Proxy, Settings};

use super::server::{
    Act::{Hear, Hold, Say},
    Server, hear,
};

const MINUTE: Duration = Duration::from_mins(1);
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// An endpoint that nobody can reach but through this proxy.
fn behind(proxy: &str, scheme: &str) -> Endpoint {
    within(Settings::default().connect, proxy, scheme)
}

fn within(connect: Duration, proxy: &str, scheme: &str) -> Endpoint {
    let proxy = Some(Proxy::parse(proxy).unwrap());
    let client = Client::new(Settings { proxy, connect, ..Settings::default() }).unwrap();
    client.endpoint(&format!("{scheme}://api.invalid/v1/chat").parse().unwrap(), &HeaderMap::new()).unwrap()
}

#[tokio::test]
async fn an_http_proxy_forwards_what_is_not_encrypted() {
    let proxy = Server::playing([vec![Hear, Say(OK)]]).await;
    let at = format!("http://anna:p%40ss@127.0.0.1:{}", proxy.address.port().unwrap());
    let answer = behind(&at, "http").post(b"{}", MINUTE).await.unwrap();
    assert_eq!(answer.status(), 200);
    let request = &proxy.heard()[0][0];
    assert!(request.starts_with("POST http://api.invalid/v1/chat HTTP/1.1\r\nhost: api.invalid\r\n"), "{request}");
    assert!(request.contains("\r\nproxy-authorization: Basic YW5uYTpwQHNz\r\n"), "{request}");
}

#[tokio::test]
async fn an_http_proxy_is_asked_for_a_tunnel_with_name_and_password() {
    // What follows the tunnel is TLS, which this one does not speak: it hangs up.
    let proxy = Server::playing([vec![Hear, Say("HTTP/1.1 200 Connection established\r\n\r\n")]]).await;
    let at = format!("http://anna:p%40ss@127.0.0.1:{}", proxy.address.port().unwrap());
    let error = behind(&at, "https").post(b"{}", MINUTE).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent(_)), "without TLS nothing was sent: {error:?}");
    let request = &proxy.heard()[0][0];
    assert!(request.starts_with("CONNECT api.invalid:443 HTTP/1.1\r\nHost: api.invalid:443\r\n"), "{request}");
    assert!(request.contains("\r\nProxy-Authorization: Basic YW5uYTpwQHNz\r\n"), "{request}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_of_without_its_password() {
    let refused = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
    let proxy = Server::playing([vec![Hear, Say(refused), Hold]]).await;
    let at = format!("http://anna:hunter2@127.0.0.1:{}", proxy.address.port().unwrap());
    let endpoint = behind(&at, "https");
    let error = endpoint.post(b"{}", MINUTE).await.unwrap_err();
    let CallError::NotSent(why) = &error else { panic!("{error:?}") };
    assert!(why.contains("authorization required"), "{why}");
    assert!(!format!("{error:?} {error} {endpoint:?}").contains("hunter2"));
}

/// A SOCKS proxy that wants a name and a password, and connects all to one server. Gives what it was asked.
async fn socks(to: String) -> (u16, JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        let answers: [&[u8]; 3] = [&[5, 2], &[1, 0], &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]];
        for answer in answers {
            let mut message = Vec::new();
            assert!(stream.read_buf(&mut message).await.unwrap() > 0);
            asked.push(message);
            stream.write_all(answer).await.unwrap();
        }
        let mut server = TcpStream::connect(to).await.unwrap();
        let request = hear(&mut stream).await.unwrap();
        server.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        assert!(server.read_buf(&mut answer).await.unwrap() > 0);
        stream.write_all(&answer).await.unwrap();
        asked
    });
    (port, asked)
}

#[tokio::test]
async fn a_socks_proxy_looks_names_up_and_is_told_name_and_password() {
    for scheme in ["socks5", "socks5h"] {
        let server = Server::playing([vec![Hear, Say(OK)]]).await;
        let (port, asked) = socks(format!("127.0.0.1:{}", server.address.port().unwrap())).await;
        let endpoint = behind(&format!("{scheme}://anna:p%40ss@127.0.0.1:{port}"), "http");
        let mut answer = endpoint.post(b"{}", MINUTE).await.unwrap();
        assert_eq!(answer.chunk().await, Ok(Some(b"ok".as_slice())));
        let asked = asked.await.unwrap();
        assert_eq!(asked[0], [5, 1, 2]);
        assert_eq!(asked[1], b"\x01\x04anna\x04p@ss");
        assert_eq!(asked[2], b"\x05\x01\x00\x03\x0bapi.invalid\x00\x50");
        assert!(server.heard()[0][0].starts_with("POST /v1/chat HTTP/1.1\r\nhost: api.invalid\r\n"));
    }
}

#[tokio::test]
async fn a_proxy_that_says_nothing_is_given_up_and_nothing_was_sent() {
    let proxy = Server::playing([vec![Hear, Hold]]).await;
    let endpoint = within(Duration::from_millis(200), proxy.address.as_str(), "https");
    let error = endpoint.post(b"{}", MINUTE).await.unwrap_err();
    assert_eq!(error, CallError::NotSent("none within 0.2 s".into()));
}
