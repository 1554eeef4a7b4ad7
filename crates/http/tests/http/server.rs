//! A server of a few lines, which says exactly what it is told to say.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use url::Url;

/// What to do next on a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// Read a request to its end.
    Hear,
    /// Say this.
    Say(&'static str),
    /// Say nothing more, and keep the connection.
    Hold,
}

/// What was heard, by connection.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) address: Url,
    heard: Arc<Mutex<Vec<Vec<String>>>>,
    hung_up: Arc<Notify>,
}

impl Server {
    /// Plays a script on each connection, in the order in which they come, and closes each at its end.
    pub(crate) async fn playing(scripts: impl IntoIterator<Item = Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (books, hung_up) = (Arc::clone(&heard), Arc::<Notify>::default());
        let hangs_up = Arc::clone(&hung_up);
        let scripts: Vec<Vec<Act>> = scripts.into_iter().collect();
        tokio::spawn(async move {
            for (number, script) in scripts.into_iter().enumerate() {
                let (stream, _) = listener.accept().await.unwrap();
                books.lock().unwrap().push(Vec::new());
                let (books, hangs_up) = (Arc::clone(&books), Arc::clone(&hangs_up));
                tokio::spawn(async move {
                    if play(stream, script, number, books).await == Played::HungUp {
                        hangs_up.notify_one();
                    }
                });
            }
        });
        Self { address, heard, hung_up }
    }

    /// Requests by connection.
    pub(crate) fn heard(&self) -> Vec<Vec<String>> {
        self.heard.lock().unwrap().clone()
    }

    /// Returns when a client has closed a connection on which another request was awaited.
    pub(crate) async fn hung_up(&self) {
        self.hung_up.notified().await;
    }
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Played {
    ToItsEnd,
    HungUp,
}

async fn play(mut stream: TcpStream, script: Vec<Act>, number: usize, books: Arc<Mutex<Vec<Vec<String>>>>) -> Played {
    for act in script {
        match act {
            Act::Hear => {
                let Some(request) = hear(&mut stream).await else { return Played::HungUp };
                books.lock().unwrap()[number].push(request);
            }
            Act::Say(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            Act::Hold => std::future::pending().await,
        }
    }
    Played::ToItsEnd
}

/// A request to its end; `None` when there comes none.
pub(crate) async fn hear(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            if body.len() >= length.parse().unwrap() {
                return Some(text);
            }
        }
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}
