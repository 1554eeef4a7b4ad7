use std::time::Duration;

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use tokio::{net::TcpListener, time::timeout};
use url::Url;
use voronka_http::{Answer, CallError, Client, Endpoint, Settings, SetupError};

use super::server::{
    Act::{Hear, Hold, Say},
    Server,
};

const MINUTE: Duration = Duration::from_mins(1);
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n{\"a\"";

fn client() -> Client {
    Client::new(Settings::default()).unwrap()
}

fn endpoint(client: &Client, server: &Server) -> Endpoint {
    client.endpoint(&server.address.join("v1/chat").unwrap(), &HeaderMap::new()).unwrap()
}

async fn text(answer: &mut Answer) -> Result<String, CallError> {
    let mut body = Vec::new();
    answer.rest(&mut body, 1_000).await?;
    Ok(String::from_utf8(body).unwrap())
}

async fn called(endpoint: &Endpoint) -> Result<(u16, String), CallError> {
    let mut answer = endpoint.post(b"{}", MINUTE).await?;
    Ok((answer.status(), text(&mut answer).await?))
}

#[tokio::test]
async fn a_request_is_what_the_vendor_expects() {
    let server = Server::playing([vec![Hear, Say(OK)]]).await;
    let address = server.address.join("v1/chat?x=%2F&y=1#nothing").unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer key"));
    headers.insert("content-length", HeaderValue::from_static("7"));
    let endpoint = client().endpoint(&address, &headers).unwrap();
    endpoint.post("{\"я\":1}".as_bytes(), MINUTE).await.unwrap();
    let host = format!("127.0.0.1:{}", server.address.port().unwrap());
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        server.heard()[0][0],
        format!(
            "POST /v1/chat?x=%2F&y=1 HTTP/1.1\r\nhost: {host}\r\nuser-agent: voronka/{version}\r\naccept: */*\r\n\
             authorization: Bearer key\r\naccept-encoding: identity\r\ncontent-type: application/json\r\n\
             content-length: 8\r\n\r\n{{\"я\":1}}"
        )
    );
}

#[tokio::test]
async fn methods_below_an_address_are_called_with_what_it_has() {
    let server = Server::playing([vec![Hear, Say(OK), Hear, Say(OK)]]).await;
    let client = client();
    let endpoint = client.endpoint(&server.address.join("/bot1:a?x=1").unwrap(), &HeaderMap::new()).unwrap();
    for method in ["getMe", "sendMessage"] {
        let mut answer = endpoint.post_below(method, b"{}", MINUTE).await.unwrap();
        assert_eq!(text(&mut answer).await.unwrap(), "{\"a\"");
        let request = server.heard()[0].last().cloned().unwrap();
        assert!(request.starts_with(&format!("POST /bot1:a/{method}?x=1 HTTP/1.1\r\nhost: ")), "{request}");
        assert!(request.ends_with("\r\ncontent-length: 2\r\n\r\n{}"), "{request}");
    }
}

#[tokio::test]
async fn what_is_at_an_address_is_read() {
    let server = Server::playing([vec![Hear, Say(OK)]]).await;
    let address = server.address.join("file/photos/%D1%8F.jpg?v=1").unwrap();
    let mut answer = client().get(&address, MINUTE).await.unwrap();
    assert_eq!((answer.status(), text(&mut answer).await), (200, Ok("{\"a\"".into())));
    let host = format!("127.0.0.1:{}", server.address.port().unwrap());
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        server.heard()[0][0],
        format!(
            "GET /file/photos/%D1%8F.jpg?v=1 HTTP/1.1\r\nhost: {host}\r\nuser-agent: voronka/{version}\r\n\
             accept: */*\r\naccept-encoding: identity\r\ncontent-length: 0\r\n\r\n"
        )
    );
}

#[tokio::test]
async fn one_connection_serves_call_after_call() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
    let refused = "HTTP/1.1 429 Slow\r\nretry-after: 3\r\ncontent-length: 0\r\n\r\n";
    let server = Server::playing([vec![Hear, Say(OK), Hear, Say(chunked), Hear, Say(refused), Hear, Say(OK)]]).await;
    let client = client();
    let (one, other) = (endpoint(&client, &server), endpoint(&client, &server));
    assert_eq!(called(&one).await, Ok((200, "{\"a\"".into())));
    assert_eq!(called(&other).await, Ok((200, "ab".into())));
    let answer = one.post(b"{}", MINUTE).await.unwrap();
    assert_eq!(
        (answer.status(), answer.is_success(), &answer.headers()["retry-after"]),
        (429, false, &"3".parse().unwrap())
    );
    // Its body is empty: to be told so is to be at its end.
    let mut answer = answer;
    assert!(!answer.is_ended());
    assert_eq!(answer.chunk().await, Ok(None));
    assert!(answer.is_ended());
    assert_eq!(called(&other).await, Ok((200, "{\"a\"".into())));
    assert_eq!(server.heard()[0].len(), 4);
}

#[tokio::test]
async fn a_connection_that_the_host_closed_is_not_used_again() {
    let until_closed = "HTTP/1.1 200 OK\r\n\r\nall";
    let closing = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx";
    let server = Server::playing([vec![Hear, Say(until_closed)], vec![Hear, Say(closing)], vec![Hear, Say(OK)]]).await;
    let endpoint = endpoint(&client(), &server);
    assert_eq!(called(&endpoint).await, Ok((200, "all".into())));
    assert_eq!(called(&endpoint).await, Ok((200, "x".into())));
    assert_eq!(called(&endpoint).await, Ok((200, "{\"a\"".into())));
    assert_eq!(server.heard().len(), 3);
}

#[tokio::test]
async fn a_connection_with_words_nobody_asked_for_is_not_used_again() {
    let chatty = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";
    let server = Server::playing([vec![Hear, Say(chatty), Hold], vec![Hear, Say(OK)]]).await;
    let endpoint = endpoint(&client(), &server);
    assert_eq!(called(&endpoint).await, Ok((200, "x".into())));
    assert_eq!(called(&endpoint).await, Ok((200, "{\"a\"".into())));
}

#[tokio::test]
async fn an_answer_that_was_left_closes_its_connection() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    let server = Server::playing([vec![Hear, Say(half), Hold], vec![Hear, Say(OK)]]).await;
    let endpoint = endpoint(&client(), &server);
    let mut answer = endpoint.post(b"{}", MINUTE).await.unwrap();
    assert_eq!(answer.chunk().await, Ok(Some(b"half".as_slice())));
    drop(answer);
    assert_eq!(called(&endpoint).await, Ok((200, "{\"a\"".into())));
}

#[tokio::test]
async fn a_refused_connection_means_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/secret-token", listener.local_addr().unwrap());
    drop(listener);
    let endpoint = client().endpoint(&address.parse().unwrap(), &HeaderMap::new()).unwrap();
    let error = endpoint.post(b"{}", MINUTE).await.unwrap_err();
    assert!(matches!(&error, CallError::NotSent(why) if why.contains("refused")), "{error:?}");
    assert!(!format!("{error:?} {endpoint:?}").contains("secret-token"));
}

#[tokio::test]
async fn whatever_breaks_off_after_sending_is_unclear() {
    let scripts = [
        vec![Hear],
        vec![Hear, Say("HTTP/1.1 200 OK\r\ncontent-le")],
        vec![Hear, Say("<html>Bad gateway</html>")],
        vec![Hear, Say("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")],
        vec![Hear, Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n")],
        vec![Hear, Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"), Hold],
    ];
    let count = scripts.len();
    let server = Server::playing(scripts).await;
    let endpoint = endpoint(&client(), &server);
    for _ in 0..count {
        let error = called(&endpoint).await.unwrap_err();
        assert!(matches!(error, CallError::Broken(_)), "{error:?}");
    }
    assert_eq!(server.heard().len(), count, "nothing was sent twice");
}

#[tokio::test]
async fn a_time_out_told_to_a_kept_connection_is_no_answer_to_the_request_that_crosses_it() {
    let tired = "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let server = Server::playing([vec![Hear, Say(OK), Hear, Say(tired)], vec![Hear, Say(tired)]]).await;
    let endpoint = endpoint(&client(), &server);
    assert!(called(&endpoint).await.is_ok());
    let error = called(&endpoint).await.unwrap_err();
    assert!(matches!(error, CallError::Broken(_)), "{error:?}");
    assert_eq!(called(&endpoint).await, Ok((408, String::new())), "on a new connection it means this request");
    assert_eq!(server.heard().len(), 2, "nothing was sent twice");
}

#[tokio::test]
async fn time_is_up_before_the_answer_or_in_the_middle_of_it() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    let server = Server::playing([vec![Hear, Say(OK), Hear, Hold], vec![Hear, Say(half), Hold]]).await;
    let endpoint = endpoint(&client(), &server);
    // So that there is a connection, however slow the machine.
    assert!(called(&endpoint).await.is_ok());
    assert_eq!(endpoint.post(b"{}", Duration::from_millis(1)).await.unwrap_err(), CallError::TimedOut);
    let mut answer = endpoint.post(b"{}", Duration::from_millis(500)).await.unwrap();
    assert_eq!(answer.chunk().await, Ok(Some(b"half".as_slice())));
    assert_eq!(answer.chunk().await, Err(CallError::TimedOut));
    assert_eq!(answer.chunk().await, Ok(None), "and there is no more of it");
}

#[tokio::test]
async fn a_server_that_answers_before_it_has_read_all_is_heard() {
    let refused = "HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno";
    let server = Server::playing([vec![Say(refused), Hold], vec![Hear, Say(OK)]]).await;
    let endpoint = endpoint(&client(), &server);
    let mut answer = endpoint.post(&vec![b' '; 64 << 20], MINUTE).await.unwrap();
    assert_eq!((answer.status(), text(&mut answer).await), (413, Ok("no".into())));
    assert_eq!(called(&endpoint).await, Ok((200, "{\"a\"".into())), "on another connection");
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let server = Server::playing([vec![Hear, Say("HTTP/1.1 200 OK\r\n\r\n0123456789"), Hold]]).await;
    let mut answer = endpoint(&client(), &server).post(b"{}", MINUTE).await.unwrap();
    let error = answer.rest(&mut Vec::new(), 5).await.unwrap_err();
    assert!(matches!(error, CallError::Broken(_)), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_waited_too_long_is_replaced() {
    let server = Server::playing([vec![Hear, Say(OK), Hold], vec![Hear, Say(OK)]]).await;
    let client = Client::new(Settings { idle: Duration::ZERO, ..Settings::default() }).unwrap();
    let endpoint = endpoint(&client, &server);
    assert!(called(&endpoint).await.is_ok());
    assert!(called(&endpoint).await.is_ok());
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn a_connection_that_nobody_takes_up_again_is_closed() {
    let server = Server::playing([vec![Hear, Say(OK), Hear]]).await;
    let client = Client::new(Settings { idle: Duration::from_millis(1), ..Settings::default() }).unwrap();
    let endpoint = endpoint(&client, &server);
    assert!(called(&endpoint).await.is_ok());
    timeout(MINUTE, server.hung_up()).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_called_is_refused_and_a_login_in_the_address_is_sent() {
    let client = client();
    for bad in ["ftp://api.example/", "data:text/plain,x", "mailto:a@b.example"] {
        let refused = client.endpoint(&Url::parse(bad).unwrap(), &HeaderMap::new());
        assert_eq!(refused.unwrap_err(), SetupError::Address, "{bad}");
    }
    let server = Server::playing([vec![Hear, Say(OK)]]).await;
    let mut address = server.address.clone();
    address.set_username("anna").unwrap();
    address.set_password(Some("p%40ss")).unwrap();
    let endpoint = client.endpoint(&address, &HeaderMap::new()).unwrap();
    assert!(called(&endpoint).await.is_ok());
    assert!(server.heard()[0][0].contains("\r\nauthorization: Basic YW5uYTpwQHNz\r\n"), "{:?}", server.heard());
}
