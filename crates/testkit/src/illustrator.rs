//! A draughtsman for tests.

use async_trait::async_trait;
use voronka_core::{
    drawing::{Drawing, Photo},
    ports::{Illustrator, Picture, PictureKind},
};

/// Draws everything but [`undrawable`]; what it gives tells what was to be drawn, and is text.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeIllustrator;

impl FakeIllustrator {
    /// What comes of a drawing; `None`: nothing.
    pub fn picture(drawing: &Drawing) -> Option<Picture> {
        if Photo::Drawn(drawing.clone()) == undrawable() {
            return None;
        }
        let bytes = format!("drawn: {}", serde_json::to_string(drawing).ok()?);
        Some(Picture { kind: PictureKind::Png, version: bytes.as_str().into(), bytes: bytes.into_bytes().into() })
    }
}

#[async_trait]
impl Illustrator for FakeIllustrator {
    async fn draw(&self, drawing: &Drawing) -> Option<Picture> {
        Self::picture(drawing)
    }
}

/// A photo that is drawn.
pub fn drawable() -> Photo {
    Photo::Drawn(Drawing::Qr { address: "https://t.me/korica_bot?start=vesna".into() })
}

/// A photo that [`FakeIllustrator`] cannot draw.
pub fn undrawable() -> Photo {
    Photo::Drawn(Drawing::Qr { address: String::new() })
}
