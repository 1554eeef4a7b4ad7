//! A server of a few lines, which says exactly what it is told to say.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
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
}

impl Server {
    /// Plays a script on each connection, in the order in which they come, and closes each at its end.
    pub(crate) async fn playing(scripts: impl IntoIterator<Item = Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let books = Arc::clone(&heard);
        let scripts: Vec<Vec<Act>> = scripts.into_iter().collect();
        tokio::spawn(async move {
            for (number, script) in scripts.into_iter().enumerate() {
                let (stream, _) = listener.accept().await.unwrap();
                books.lock().unwrap().push(Vec::new());
                tokio::spawn(play(stream, script, number, Arc::clone(&books)));
            }
        });
        Self { address, heard }
    }

    /// Requests by connection.
    pub(crate) fn heard(&self) -> Vec<Vec<String>> {
        self.heard.lock().unwrap().clone()
    }
}

async fn play(mut stream: TcpStream, script: Vec<Act>, number: usize, books: Arc<Mutex<Vec<Vec<String>>>>) {
    for act in script {
        match act {
            Act::Hear => {
                let Some(request) = hear(&mut stream).await else { return };
                books.lock().unwrap()[number].push(request);
            }
            Act::Say(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            Act::Hold => std::future::pending().await,
        }
    }
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
