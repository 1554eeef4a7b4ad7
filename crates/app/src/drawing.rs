//! Draws what messages show, away from the threads that serve conversations.

mod chart;
mod qr;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tracing::error;
use voronka_core::{
    chart::Chart,
    drawing::Drawing,
    ports::{Illustrator, Picture, PictureKind},
};

/// Pictures that are drawn at a time; whoever comes meanwhile waits.
const AT_ONCE_MAX: usize = 2;

/// Draws all pictures of a house.
pub(crate) struct Draughtsman {
    drawing: Semaphore,
}

impl Default for Draughtsman {
    fn default() -> Self {
        Self { drawing: Semaphore::new(AT_ONCE_MAX) }
    }
}

#[async_trait]
impl Illustrator for Draughtsman {
    async fn draw(&self, drawing: &Drawing) -> Option<Picture> {
        let _turn = self.drawing.acquire().await.ok()?;
        let drawing = drawing.clone();
        match tokio::task::spawn_blocking(move || drawn(&drawing)).await {
            Ok(picture) => picture,
            Err(cause) => {
                error!(%cause, "a picture could not be drawn; the words go alone");
                None
            }
        }
    }
}

/// The bars of each row of a chart for a page, which words it itself; `None`: they cannot be drawn.
pub(crate) async fn bars(chart: Chart) -> Option<Vec<String>> {
    tokio::task::spawn_blocking(move || chart::for_page(&chart)).await.ok()?
}

fn drawn(drawing: &Drawing) -> Option<Picture> {
    let bytes = match drawing {
        Drawing::Qr { address } => qr::png(address)?,
        Drawing::Chart(chart) => chart::png(chart)?,
    };
    let version = hex::encode(Sha256::digest(&bytes));
    Some(Picture { kind: PictureKind::Png, version: version.into(), bytes: bytes.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn qr(address: &str) -> Option<Picture> {
        Draughtsman::default().draw(&Drawing::Qr { address: address.to_owned() }).await
    }

    #[tokio::test]
    async fn equal_drawings_are_equal_pictures() {
        let (one, same, other) = (qr("https://t.me/a").await, qr("https://t.me/a").await, qr("https://t.me/b").await);
        let one = one.unwrap();
        assert_eq!((Some(&one), PictureKind::of(&one.bytes)), (same.as_ref(), Some(PictureKind::Png)));
        assert_ne!(one.version, other.unwrap().version);
    }

    #[tokio::test]
    async fn what_is_too_long_for_a_code_is_not_drawn() {
        assert_eq!(qr(&"x".repeat(5_000)).await, None);
    }
}
