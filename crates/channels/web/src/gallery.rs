//! Where a browser finds the pictures of a message.

use serde::Serialize;
use voronka_core::{
    drawing::Photo,
    message::Bubble,
    ports::{Picture, is_own_picture},
    rows::{Author, MessageRow},
};

use crate::config::Gallery;

/// Where the page finds a picture.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hung {
    /// At this address.
    Photo(String),
    /// It is asked for by the message's position, as its visitor.
    Drawn(i64),
}

/// Where the page finds the picture of a message; `None`: it cannot be shown.
pub(crate) async fn hung(photo: Photo, seq: i64, gallery: Option<&Gallery>) -> Option<Hung> {
    match photo {
        Photo::At(named) => address(named, gallery).await.map(Hung::Photo),
        Photo::Drawn(_) => gallery.is_some().then_some(Hung::Drawn(seq)),
        // Another account's: fitting leaves it out.
        Photo::Kept(_) => None,
    }
}

/// The picture that is drawn for a message; `None`: there is none.
pub(crate) async fn drawn(row: &MessageRow, gallery: Option<&Gallery>) -> Option<Picture> {
    let bubble: Bubble = match row.author {
        Author::Customer => return None,
        Author::Bot | Author::Person => serde_json::from_str(&row.body).ok()?,
    };
    match bubble.photo? {
        Photo::Drawn(drawing) => gallery?.illustrator.draw(&drawing).await,
        Photo::At(_) | Photo::Kept(_) => None,
    }
}

/// A picture comes encrypted, or from our own site; its address tells its version, so that browsers may keep it.
pub(crate) async fn address(named: String, gallery: Option<&Gallery>) -> Option<String> {
    if !is_own_picture(&named) {
        return url::Url::parse(&named).is_ok_and(|url| url.scheme() == "https").then_some(named);
    }
    let gallery = gallery?;
    let version = gallery.pictures.version(&named).await?;
    let mut url = url::Url::parse("https://own.invalid").ok()?;
    url.path_segments_mut().ok()?.extend(named.split('/'));
    Some(format!("{}{}?v={version}", gallery.base, url.path()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use voronka_core::ports::{Picture, Pictures};
    use voronka_testkit::FakeIllustrator;

    use super::*;

    struct One;

    #[async_trait]
    impl Pictures for One {
        async fn version(&self, path: &str) -> Option<Arc<str>> {
            path.starts_with("photos/").then(|| "0a1b".into())
        }

        async fn read(&self, _path: &str) -> Option<Picture> {
            None
        }
    }

    #[tokio::test]
    async fn a_picture_has_an_address_of_our_own_site_or_an_encrypted_one() {
        let gallery = Gallery {
            base: "/media/korica".to_owned(),
            pictures: Arc::new(One),
            illustrator: Arc::new(FakeIllustrator),
        };
        for (named, shown) in [
            ("https://korica.example/1.jpg", Some("https://korica.example/1.jpg")),
            ("http://korica.example/1.jpg", None),
            ("data:image/svg+xml,x", None),
            ("javascript://a%0aalert(1)", None),
            ("photos/tort.jpg", Some("/media/korica/photos/tort.jpg?v=0a1b")),
            (
                "photos/торт «М».jpg",
                Some("/media/korica/photos/%D1%82%D0%BE%D1%80%D1%82%20%C2%AB%D0%9C%C2%BB.jpg?v=0a1b"),
            ),
            ("photos/a?b#c%2f.jpg", Some("/media/korica/photos/a%3Fb%23c%252f.jpg?v=0a1b")),
            ("//evil.example/1.jpg", None),
            ("/other/1.jpg", None),
        ] {
            assert_eq!(address(named.to_owned(), Some(&gallery)).await.as_deref(), shown, "{named}");
        }
        assert_eq!(address("photos/tort.jpg".to_owned(), None).await, None);
    }
}
