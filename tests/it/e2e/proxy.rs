//! A wire between a browser and the server that can be cut.

use std::sync::Arc;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

pub(crate) struct Wire {
    pub(crate) port: u16,
    whole: Arc<watch::Sender<bool>>,
}

impl Wire {
    /// Listens on a port of its own and leads to the server's.
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it listens").port();
        let whole = Arc::new(watch::Sender::new(true));
        let state = whole.subscribe();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(lead(near, server, state.clone()));
            }
        });
        Self { port, whole }
    }

    /// Ends every connection; new ones end at once.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn lead(mut near: TcpStream, server: u16, mut whole: watch::Receiver<bool>) {
    let carried = async {
        if let Ok(mut far) = TcpStream::connect(("127.0.0.1", server)).await {
            // Either side may end it.
            let _ended = copy_bidirectional(&mut near, &mut far).await;
        }
    };
    tokio::select! {
        () = carried => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}
