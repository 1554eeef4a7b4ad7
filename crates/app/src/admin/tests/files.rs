//! What customers send is shown and given as data, to whoever may read the conversation and nobody else.

use async_trait::async_trait;
use voronka_core::{
    ids::AccountId,
    message::{Content, MediaKind},
    ports::DownloadError,
};

use super::*;

/// Files by handle, of the account `telegram` of `korica`.
pub(super) struct Shelf;

#[async_trait]
impl Files for Shelf {
    async fn read(&self, of: &PartnerId, account: &AccountId, handle: &str) -> Result<Vec<u8>, DownloadError> {
        assert_eq!((of.as_str(), account.as_str()), ("korica", "telegram"), "read through the account it came by");
        match handle {
            "cake" => Ok(b"GIF89a and so on".into()),
            "page" => Ok(b"<html><script>alert(1)</script>".into()),
            "later" => Err(DownloadError::Unavailable("no answer".into())),
            _ => Err(DownloadError::Gone),
        }
    }
}

fn sent(kind: MediaKind, file: &str, name: Option<&str>) -> Content {
    let name = name.map(str::to_owned);
    Content::Media { kind, file: file.to_owned(), caption: None, name, seconds: None, to: None }
}

/// A customer has sent a picture, a page that calls itself one, an estimate, and what is gone and what is slow.
async fn with_files() -> (Site, String) {
    let site = site().await;
    let files = [
        ("[фото]", sent(MediaKind::Photo, "cake", None)),
        ("[фото]", sent(MediaKind::Photo, "page", None)),
        ("[файл]", sent(MediaKind::Document, "page", Some("../смета\"\r\n.html"))),
        ("[фото]", sent(MediaKind::Photo, "gone", None)),
        ("[фото]", sent(MediaKind::Photo, "later", None)),
        ("[стикер]", sent(MediaKind::Sticker, "cake", None)),
        ("Спасибо!", Content::Text { text: "Спасибо!".into() }),
    ];
    sample::fill_files(&site.store, &partner("korica"), &files).await;
    let chat = chat("korica", "telegram", "777");
    (site, chat)
}

#[tokio::test]
async fn a_customers_picture_is_shown_in_the_conversation_and_other_files_can_be_kept() {
    let (site, chat) = with_files().await;
    let page = site.get(&chat).await.body;
    assert!(page.contains(&format!("<img src=\"{chat}/files/1\" alt=\"Фото от клиента\"")), "{page}");
    assert!(page.contains(&format!("<a href=\"{chat}/files/3\" target=\"_blank\">Скачать файл</a>")));
    assert!(!page.contains(&format!("{chat}/files/6")) && !page.contains(&format!("{chat}/files/7")));
    let shown = site.get(&format!("{chat}/files/1")).await;
    assert_eq!((shown.status, shown.body.as_str()), (StatusCode::OK, "GIF89a and so on"));
    assert_eq!((shown.header("content-type"), shown.header("cache-control")), ("image/gif", "no-store"));
}

#[tokio::test]
async fn a_file_that_could_be_run_is_never_shown_whatever_it_calls_itself() {
    let (site, chat) = with_files().await;
    for (seq, name) in [(2, "file"), (3, "%D1%81%D0%BC%D0%B5%D1%82%D0%B0%22.html")] {
        let kept = site.get(&format!("{chat}/files/{seq}")).await;
        assert_eq!((kept.status, kept.header("content-type")), (StatusCode::OK, "application/octet-stream"));
        assert_eq!(kept.header("content-disposition"), format!("attachment; filename*=UTF-8''{name}"));
        assert_eq!(kept.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn a_file_that_is_gone_is_not_there_and_one_that_is_slow_can_be_asked_for_again() {
    let (site, chat) = with_files().await;
    for (seq, status) in [(4, StatusCode::NOT_FOUND), (5, StatusCode::SERVICE_UNAVAILABLE)] {
        assert_eq!(site.get(&format!("{chat}/files/{seq}")).await.status, status);
    }
}

#[tokio::test]
async fn nothing_is_read_of_another_partner_or_of_what_is_no_file() {
    let (site, chat) = with_files().await;
    let elsewhere = chat.replace("/korica/", "/sosed/");
    let own = super::chat("sosed", "telegram", "777");
    for path in [format!("{elsewhere}/files/1"), format!("{own}/files/1")] {
        assert_eq!(site.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for seq in ["0", "6", "7", "8", "-9223372036854775808", "x"] {
        let status = site.get(&format!("{chat}/files/{seq}")).await.status;
        assert!(status.is_client_error(), "{seq}: {status}");
    }
}
