use std::sync::Arc;

use async_trait::async_trait;

use crate::drawing::Drawing;

/// A partner's own pictures: those that its files name. They are read when somebody wants to see one, never kept for all.
#[async_trait]
pub trait Pictures: Send + Sync + 'static {
    /// What the picture's bytes are known by: equal versions, equal bytes. `None`: there is no picture at this path of the
    /// partner's folder, or none that the files name.
    async fn version(&self, path: &str) -> Option<Arc<str>>;

    /// The picture itself.
    async fn read(&self, path: &str) -> Option<Picture>;
}

/// Draws what messages show, when it is sent.
#[async_trait]
pub trait Illustrator: Send + Sync + 'static {
    /// The drawing as a picture; `None`: it cannot be drawn now, and the words go alone. Does not hold up the thread that asks.
    async fn draw(&self, drawing: &Drawing) -> Option<Picture>;
}

/// A picture. Its bytes are shared: many who look at one cost the memory of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it is by its bytes; a file's name may lie.
    pub kind: PictureKind,
    /// A hash of the bytes, in hexadecimal digits.
    pub version: Arc<str>,
    /// The file as it is.
    pub bytes: Arc<[u8]>,
}

/// Pictures that browsers and messengers show, and that cannot hold scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
}

impl PictureKind {
    /// What these bytes are, by their first ones; `None`: no picture that may be shown.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }

    /// The type as HTTP names it.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }
}

/// Whether a picture's address is a path of the partner's own folder, and none of the network.
pub fn is_own_picture(address: &str) -> bool {
    !address.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_bytes_and_by_nothing_else() {
        for (bytes, kind) in [
            (&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], Some(PictureKind::Jpeg)),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some(PictureKind::Png)),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Some(PictureKind::Webp)),
            (b"GIF89a\x01\0", Some(PictureKind::Gif)),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\">", None),
            (b"<!doctype html><script>alert(1)</script>", None),
            (b"RIFF\x24\0\0\0WAVEfmt ", None),
            (b"\xff\xd8", None),
            (b"", None),
        ] {
            assert_eq!(PictureKind::of(bytes), kind, "{bytes:?}");
        }
    }
}
