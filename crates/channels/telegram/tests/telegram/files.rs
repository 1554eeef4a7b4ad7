//! Files that somebody has sent are sent again by Telegram's name for them, as what they came as.

use serde_json::json;
use voronka_core::{
    drawing::Photo,
    ids::AccountId,
    message::{Bubble, KeptFile, MediaKind, Peer},
    ports::{Channel, DownloadError, FILE_BYTES_MAX, SendError},
};
use voronka_testkit::channel::sending::{bubble, bubble_id};

use crate::bot_api::{BotApi, Reply};

/// A bubble with a file of the account `telegram`.
fn passed_on(kind: MediaKind, file: &str, text: &str) -> Bubble {
    of_account("telegram", kind, file, text)
}

fn of_account(account: &str, kind: MediaKind, file: &str, text: &str) -> Bubble {
    let kept = KeptFile { account: AccountId::parse(account).unwrap(), kind, file: file.to_owned() };
    Bubble { photo: Some(Photo::Kept(Box::new(kept))), ..bubble(text) }
}

async fn send(api: &BotApi, bubble: &Bubble) -> Result<(), SendError> {
    api.telegram().send(&Peer::new("1111"), bubble, bubble_id(1)).await.map(drop)
}

#[tokio::test]
async fn each_kind_of_file_is_sent_as_what_it_came_as() {
    for (kind, method, name) in [
        (MediaKind::Photo, "sendPhoto", "photo"),
        (MediaKind::Voice, "sendVoice", "voice"),
        (MediaKind::Audio, "sendAudio", "audio"),
        (MediaKind::Video, "sendVideo", "video"),
        (MediaKind::Animation, "sendAnimation", "animation"),
        (MediaKind::Document, "sendDocument", "document"),
    ] {
        let api = BotApi::start().await;
        send(&api, &passed_on(kind, "file-1", "Анна: <вот>")).await.unwrap();
        let calls = api.calls();
        assert_eq!(calls.len(), 1, "{kind:?}");
        assert_eq!(calls[0].0, method);
        let expected = json!({"chat_id": 1111, name: "file-1", "caption": "Анна: &lt;вот&gt;", "parse_mode": "HTML"});
        assert_eq!(calls[0].1, expected, "{kind:?}");
    }
}

#[tokio::test]
async fn what_takes_no_words_goes_without_them() {
    for (kind, method, name) in
        [(MediaKind::VideoNote, "sendVideoNote", "video_note"), (MediaKind::Sticker, "sendSticker", "sticker")]
    {
        let api = BotApi::start().await;
        send(&api, &passed_on(kind, "DQACAgI", "Анна: [видео]")).await.unwrap();
        assert_eq!(api.calls(), [(method.to_owned(), json!({"chat_id": 1111, name: "DQACAgI"}))]);
    }
}

#[tokio::test]
async fn a_file_that_telegram_does_not_know_any_more_costs_no_words() {
    let api = BotApi::start().await;
    api.then("sendVoice", [Reply::error(400, "Bad Request: wrong remote file identifier specified")]);
    send(&api, &passed_on(MediaKind::Voice, "gone", "Анна: [голосовое]")).await.unwrap();
    let calls = api.calls();
    assert_eq!(
        (calls.len(), calls[1].0.as_str(), &calls[1].1["text"]),
        (2, "sendMessage", &json!("Анна: [голосовое]"))
    );
    // Without words there is nothing left of it.
    api.then("sendVoice", [Reply::error(400, "Bad Request: wrong remote file identifier specified")]);
    let refused = send(&api, &passed_on(MediaKind::Voice, "gone", "")).await;
    assert!(matches!(refused, Err(SendError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn a_file_of_another_bot_is_not_asked_for() {
    let api = BotApi::start().await;
    send(&api, &of_account("other", MediaKind::Photo, "file-1", "Анна: [фото]")).await.unwrap();
    let calls = api.calls();
    assert_eq!((calls.len(), calls[0].0.as_str()), (1, "sendMessage"));
}

/// Telegram tells this of a file, and it is read.
async fn read(told: Reply) -> (Result<Vec<u8>, DownloadError>, Vec<(String, serde_json::Value)>) {
    let api = BotApi::start().await;
    api.then("getFile", [told]);
    let read = api.telegram().download("AgACAgI").await;
    (read, api.calls())
}

#[tokio::test]
async fn a_file_is_read_where_telegram_says_that_it_is() {
    let told = json!({"file_id": "AgACAgI", "file_unique_id": "u", "file_size": 3, "file_path": "photos/торт 1.jpg"});
    let (bytes, calls) = read(Reply::ok(&told)).await;
    assert_eq!(bytes.unwrap(), "photos/торт 1.jpg".as_bytes());
    let expected = [("getFile", json!({"file_id": "AgACAgI"})), ("file", json!("photos/торт 1.jpg"))];
    assert_eq!(calls, expected.map(|(method, parameters)| (method.to_owned(), parameters)));
}

#[tokio::test]
async fn a_path_that_leads_elsewhere_is_not_followed() {
    for path in ["../bot1000:X/getMe", "photos/../../x", "/etc/passwd", "photos//1.jpg", "", "."] {
        let (bytes, calls) = read(Reply::ok(&json!({"file_id": "x", "file_path": path}))).await;
        assert_eq!((bytes, calls.len()), (Err(DownloadError::Gone), 1), "{path}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_why_without_the_token() {
    let large = json!({"file_id": "x", "file_path": "videos/1.mp4", "file_size": FILE_BYTES_MAX + 1});
    let at = |path: &str| Reply::ok(&json!({"file_id": "x", "file_path": path}));
    let busy = DownloadError::Unavailable("the Bot API answered 502".into());
    for (told, why) in [
        (Reply::ok(&large), DownloadError::TooLarge),
        (Reply::error(400, "Bad Request: file is too big"), DownloadError::TooLarge),
        (Reply::error(400, "Bad Request: wrong file_id or the file is temporarily unavailable"), DownloadError::Gone),
        (Reply::ok(&json!({"file_id": "x"})), DownloadError::Gone),
        (at("photos/gone.jpg"), DownloadError::Gone),
        (at("photos/busy.jpg"), busy),
    ] {
        let shown = format!("{told:?}");
        assert_eq!(read(told).await.0, Err(why), "{shown}");
    }
    let (limited, _) = read(Reply::error(429, "Too Many Requests: retry after 3")).await;
    assert!(matches!(&limited, Err(DownloadError::Unavailable(why)) if !why.contains("SECRET")), "{limited:?}");
}
