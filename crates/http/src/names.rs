use std::{
    future::Future,
    io,
    net::{SocketAddr, ToSocketAddrs},
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll},
    vec::IntoIter,
};

use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::Semaphore;
use tower_service::Service;

/// Names that are looked up at once, of all clients. The system's look-up holds a thread, for half a minute where no server
/// answers: some threads are always left for files and databases.
const LOOKUPS_MAX: usize = 16;

static LOOKUPS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(LOOKUPS_MAX)));

/// Looks up addresses of names as the system does. Who gives up leaves the place to the look-up until that ends.
#[derive(Debug, Clone)]
pub(crate) struct Names(Arc<Semaphore>);

impl Names {
    pub(crate) fn of_all() -> Self {
        Self(Arc::clone(&LOOKUPS))
    }
}

impl Service<Name> for Names {
    type Response = IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let places = Arc::clone(&self.0);
        Box::pin(async move {
            let place = places.acquire_owned().await.map_err(io::Error::other)?;
            let looking = tokio::task::spawn_blocking(move || {
                let _place = place;
                (name.as_str(), 0).to_socket_addrs()
            });
            looking.await.map_err(io::Error::other)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_waits_until_another_look_up_has_ended() {
        let places = Arc::new(Semaphore::new(1));
        let mut names = Names(Arc::clone(&places));
        let taken = Arc::clone(&places).try_acquire_owned().unwrap();
        let mut waiting = names.call("localhost".parse().unwrap());
        let mut once = Context::from_waker(std::task::Waker::noop());
        assert!(waiting.as_mut().poll(&mut once).is_pending(), "somebody else is at it");
        drop(taken);
        let found = waiting.await.unwrap();
        assert!(found.into_iter().all(|address| address.ip().is_loopback()));
        assert_eq!(places.available_permits(), 1);
    }
}
