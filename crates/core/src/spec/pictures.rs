//! Pictures that files name: an https address, or a file of the partner's folder that is what its name says.

use super::{diagnostic::Code, partner::PartnerFiles, read::Reader, tree::Node};

/// Largest picture, as the message about a missing one says.
pub(crate) const PHOTO_MAX: &str = "10 MiB";
/// Bytes of a picture that whoever reads a folder keeps: enough to know what it is.
pub const HEAD_BYTES: usize = 16;

/// Largest logo, in bytes: every page has it. Whoever reads a folder leaves out a larger one.
pub const LOGO_BYTES_MAX: u64 = 256 << 10;
/// The same as the message says.
const LOGO_MAX: &str = "256 KiB";
/// What a logo may be called: by its name alone it is known how large it may be, and nothing outside of `photos/` is shown.
pub const LOGOS: [&str; 4] = ["photos/logo.png", "photos/logo.jpg", "photos/logo.jpeg", "photos/logo.webp"];

/// What is wrong with a picture's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is not there, or too large.
    Missing,
    /// It is no picture that messengers show, or another one than its name says.
    Kind,
}

/// Looks at a file of the partner's folder that is to be shown as a picture.
pub(crate) fn look(path: &str, files: &PartnerFiles) -> Result<(), Unfit> {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    let says = match extension.as_str() {
        "jpg" | "jpeg" => Kind::Jpeg,
        "png" => Kind::Png,
        "webp" => Kind::Webp,
        "gif" => Kind::Gif,
        _ => return Err(Unfit::Kind),
    };
    let head = files.get(path).ok_or(Unfit::Missing)?;
    // Whoever gives no content (an embedder) vouches for it.
    if head.is_empty() || Kind::of(head) == Some(says) { Ok(()) } else { Err(Unfit::Kind) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Jpeg,
    Png,
    Webp,
    Gif,
}

impl Kind {
    fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            _ => None,
        }
    }
}

/// A product's picture: an address, or a file of the partner's folder; a bare name is one of `photos/`.
pub(crate) fn of_product(text: &str, files: &PartnerFiles) -> Result<String, Unfit> {
    if text.starts_with("https://") || text.starts_with("http://") {
        return url::Url::parse(text).map(|_| text.to_owned()).map_err(|_| Unfit::Kind);
    }
    let path = if text.contains('/') { text.to_owned() } else { format!("photos/{text}") };
    look(&path, files).map(|()| path)
}

/// A picture that a file names: an https address, or a file of the partner's folder (L504, Y112).
pub(crate) fn named(reader: &mut Reader<'_>, node: &Node, files: &PartnerFiles) -> Option<String> {
    let path = reader.title(node)?;
    if path.starts_with("https://") {
        return reader.url(node).map(String::from);
    }
    match look(&path, files) {
        Ok(()) => return Some(path),
        Err(Unfit::Missing) => {
            let args = vec![("path", path), ("max", PHOTO_MAX.to_owned())];
            reader.report(Code::L504, &node.bytes, args);
        }
        Err(Unfit::Kind) => reader.unread(&node.bytes, "picture", &path, "photos/tort.jpg"),
    }
    None
}

/// The logo: one of [`LOGOS`] in the partner's folder (L504, Y112).
pub(crate) fn logo(reader: &mut Reader<'_>, node: &Node, files: &PartnerFiles) -> Option<String> {
    let path = reader.title(node)?;
    let looked = if LOGOS.contains(&path.as_str()) { look(&path, files) } else { Err(Unfit::Kind) };
    match looked {
        Ok(()) => return Some(path),
        Err(Unfit::Missing) => {
            let args = vec![("path", path), ("max", LOGO_MAX.to_owned())];
            reader.report(Code::L504, &node.bytes, args);
        }
        Err(Unfit::Kind) => reader.unread(&node.bytes, "picture", &path, LOGOS[0]),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_32_file_type_lies_are_seen_by_the_first_bytes() {
        let mut files = PartnerFiles::new();
        for (path, head) in [
            ("a.jpg", &b"\xff\xd8\xff\xe0 JFIF"[..]),
            ("b.png", b"\x89PNG\r\n\x1a\n...."),
            ("c.webp", b"RIFF....WEBPVP8 "),
            ("d.gif", b"GIF89a.........."),
            ("page.jpg", b"<html><script>al"),
            ("program.png", b"\x7fELF...........0"),
            ("other.png", b"\xff\xd8\xff\xe0 JFIF"),
            ("drawing.svg", b"<svg xmlns='http"),
            ("photo.exe", b"\xff\xd8\xff\xe0 JFIF"),
        ] {
            files.insert(path.into(), head.to_vec());
        }
        for path in ["a.jpg", "b.png", "c.webp", "d.gif"] {
            assert_eq!(look(path, &files), Ok(()), "{path}");
        }
        for path in ["page.jpg", "program.png", "other.png", "drawing.svg", "photo.exe"] {
            assert_eq!(look(path, &files), Err(Unfit::Kind), "{path}");
        }
        assert_eq!(look("нет.jpg", &files), Err(Unfit::Missing));
    }
}
