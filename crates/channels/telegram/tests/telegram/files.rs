//! Files that somebody has sent are sent again by Telegram's name for them, as what they came as.

use serde_json::json;
use voronka_core::{
    drawing::Photo,
    ids::AccountId,
    message::{Bubble, KeptFile, MediaKind, Peer},
    ports::{Channel, SendError},
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
