//! What is shown above a message's words: pictures that lie somewhere or are drawn of data when they are sent, and files that
//! somebody has sent.

use serde::{Deserialize, Serialize};

use crate::{chart::Chart, message::KeptFile};

/// What is shown above a message's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Photo {
    /// A picture that is there: an `https` address, or a path in the partner's folder.
    At(String),
    /// One that is drawn when it is sent. Whoever does not see it misses nothing: the words beside it say what it shows.
    Drawn(Drawing),
    /// A file that a customer or a member of the team has sent, passed on.
    Kept(Box<KeptFile>),
}

/// What is to be drawn: data, and no pixels, so that it is kept and sent again as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "draw", rename_all = "snake_case")]
pub enum Drawing {
    /// A QR code, by which a camera opens an address.
    Qr {
        /// The address.
        address: String,
    },
    /// Figures of several days.
    Chart(Box<Chart>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_was_kept_as_an_address_is_still_one() {
        let kept = |photo: &Photo| serde_json::to_string(photo).unwrap();
        let (lies, qr) =
            (Photo::At("photos/tort.jpg".into()), Photo::Drawn(Drawing::Qr { address: "https://t.me/k".into() }));
        assert_eq!(kept(&lies), r#""photos/tort.jpg""#);
        assert_eq!(kept(&qr), r#"{"draw":"qr","address":"https://t.me/k"}"#);
        for photo in [lies, qr] {
            assert_eq!(serde_json::from_str::<Photo>(&kept(&photo)).unwrap(), photo);
        }
    }
}
