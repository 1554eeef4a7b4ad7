//! What Telegram is asked, and what becomes of what it dislikes.

use insta::assert_json_snapshot;
use serde_json::json;
use voronka_core::{
    drawing::Photo,
    message::{Bubble, Button, Peer, Press},
    ports::{Channel, Preview, Receipt, SendError, Webhook},
    spec::rich::{Rich, Span, Style},
};
use voronka_testkit::channel::sending::{bubble, bubble_id};

use crate::bot_api::{BotApi, Reply};

fn peer() -> Peer {
    Peer::new("1111")
}

fn button(label: &str, press: Press) -> Button {
    Button { label: label.into(), press }
}

fn token(label: &str, token: &str) -> Button {
    button(label, Press::Token { token: token.into() })
}

fn with_photo(text: &str) -> Bubble {
    Bubble { photo: Some(Photo::At("https://korica.example/tort.jpg".into())), ..bubble(text) }
}

async fn send(api: &BotApi, bubble: &Bubble) -> Result<Receipt, SendError> {
    api.telegram().send(&peer(), bubble, bubble_id(1)).await
}

#[tokio::test]
async fn a_message_with_styles_and_buttons_is_asked_so() {
    let api = BotApi::start().await;
    let text = "Размер <M> или L?";
    let styled = Bubble {
        text: Rich { text: text.into(), spans: vec![Span { bytes: 0..12, style: Style::Bold }] },
        rows: vec![
            vec![token("M", "v1:sz:M"), token("L", "v1:sz:L")],
            vec![button("Каталог", Press::Url { url: "https://korica.example/?a=1&b=2".into() })],
            vec![button("Телефон", Press::ShareContact), token("  ", "blank"), token("x", &"t".repeat(65))],
        ],
        ..bubble("")
    };
    // In a group a phone cannot be asked for: that button is left out, and so are those that Telegram would refuse.
    let to = Peer::new("-100123/42/7");
    let receipt = api.telegram().send(&to, &styled, bubble_id(1)).await.unwrap();
    assert_eq!(receipt.message.as_deref(), Some("1"));
    assert_json_snapshot!(api.calls(), @r#"
    [
      [
        "sendMessage",
        {
          "chat_id": -100123,
          "link_preview_options": {
            "is_disabled": true
          },
          "message_thread_id": 42,
          "parse_mode": "HTML",
          "reply_markup": {
            "inline_keyboard": [
              [
                {
                  "callback_data": "v1:sz:M",
                  "text": "M"
                },
                {
                  "callback_data": "v1:sz:L",
                  "text": "L"
                }
              ],
              [
                {
                  "text": "Каталог",
                  "url": "https://korica.example/?a=1&b=2"
                }
              ]
            ]
          },
          "text": "<b>Размер</b> &lt;M&gt; или L?"
        }
      ]
    ]
    "#);
}

#[tokio::test]
async fn a_place_is_asked_for_by_a_key() {
    let api = BotApi::start().await;
    let place = Bubble {
        rows: vec![vec![button("Моё место", Press::SharePlace)]], ..bubble("Куда привезти?")
    };
    api.telegram().send(&Peer::new("1111"), &place, bubble_id(1)).await.unwrap();
    let keyboard = json!({"keyboard": [[{"text": "Моё место", "request_location": true}]],
        "resize_keyboard": true, "one_time_keyboard": true});
    assert_eq!(api.calls_of("sendMessage")[0]["reply_markup"], keyboard);
}

#[tokio::test]
async fn the_contact_keyboard_is_shown_once_and_taken_away() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    let ask = Bubble {
        rows: vec![
            vec![button("Отправить телефон", Press::ShareContact)],
            vec![
                token("Пропустить", "skip"),
                button("Политика", Press::Url { url: "https://korica.example/p".into() }),
            ],
        ],
        ..bubble("Ваш телефон?")
    };
    let choice = Bubble { rows: vec![vec![token("Да", "yes")]], ..bubble("Верно?") };
    for said in [&ask, &choice, &bubble("Спасибо!"), &bubble("До встречи!")] {
        telegram.send(&peer(), said, bubble_id(1)).await.unwrap();
    }
    let calls = api.calls_of("sendMessage");
    assert_eq!(
        calls[0]["reply_markup"],
        json!({"keyboard": [[{"text": "Отправить телефон", "request_contact": true}], [{"text": "Пропустить"}]],
            "resize_keyboard": true, "one_time_keyboard": true})
    );
    assert_eq!(calls[0]["text"], "Ваш телефон?\n<a href=\"https://korica.example/p\">Политика</a>");
    assert!(calls[1]["reply_markup"]["inline_keyboard"].is_array(), "buttons under a message go first");
    assert_eq!(calls[2]["reply_markup"], json!({"remove_keyboard": true}));
    assert_eq!(calls[3].get("reply_markup"), None);
}

#[tokio::test]
async fn a_photo_carries_the_words_and_never_costs_them() {
    let api = BotApi::start().await;
    send(&api, &with_photo("Торт <Прага>")).await.unwrap();
    let refused = Reply::error(400, "Bad Request: wrong file identifier/HTTP URL specified");
    api.then("sendPhoto", [refused.clone(), refused]);
    send(&api, &with_photo("Торт")).await.unwrap();
    let calls = api.calls();
    let methods: Vec<&str> = calls.iter().map(|(method, _)| method.as_str()).collect();
    assert_eq!(methods, ["sendPhoto", "sendPhoto", "sendMessage"]);
    assert_eq!(calls[0].1["caption"], "Торт &lt;Прага&gt;");
    assert_eq!(calls[2].1["text"], "Торт");
    let alone = send(&api, &with_photo("")).await;
    assert!(matches!(alone, Err(SendError::Refused(_))), "without words there is nothing to fall back on: {alone:?}");
}

#[tokio::test]
async fn markup_that_cannot_be_read_is_sent_as_plain_text() {
    let api = BotApi::start().await;
    let words = "Bad Request: can't parse entities: Unsupported start tag \"секрет\" at byte offset 5";
    api.then("sendMessage", [Reply::error(400, words)]);
    send(&api, &bubble("Торт < 2 кг & крем")).await.unwrap();
    let calls = api.calls_of("sendMessage");
    assert_eq!((calls.len(), &calls[1]["text"]), (2, &json!("Торт < 2 кг & крем")));
    assert_eq!(calls[1].get("parse_mode"), None);
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_is_followed_and_remembered() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    let moved = json!({"migrate_to_chat_id": -100_999});
    api.then("sendMessage", [Reply::with(400, "Bad Request: group chat was upgraded to a supergroup chat", &moved)]);
    for number in [1, 2] {
        telegram.send(&Peer::new("-5/0/7"), &bubble("Привет"), bubble_id(number)).await.unwrap();
    }
    let chats: Vec<_> = api.calls_of("sendMessage").iter().map(|call| call["chat_id"].clone()).collect();
    assert_eq!(chats, [json!(-5), json!(-100_999), json!(-100_999)]);
}

#[tokio::test]
async fn a_group_that_moves_in_circles_is_given_up() {
    let api = BotApi::start().await;
    let to = |chat: i64| Reply::with(400, "upgraded", &json!({ "migrate_to_chat_id": chat }));
    api.then("sendMessage", [to(-6), to(-5), to(-6), to(-5), to(-6), to(-5), to(-6), to(-5)]);
    let sent = api.telegram().send(&Peer::new("-5/0/7"), &bubble("Привет"), bubble_id(1)).await;
    assert!(matches!(sent, Err(SendError::Refused(_))), "{sent:?}");
    assert!(api.calls().len() <= 7);
}

#[tokio::test]
async fn an_address_that_telegram_dislikes_costs_its_button_alone() {
    let api = BotApi::start().await;
    let disliked = "Bad Request: inline keyboard button URL 'https://x' is invalid: Wrong HTTP URL";
    api.then("sendMessage", [Reply::error(400, disliked)]);
    let rows = vec![vec![token("Да", "yes"), button("Сайт", Press::Url { url: "https://x".into() })]];
    send(&api, &Bubble { rows, ..bubble("Верно?") }).await.unwrap();
    let keyboard = &api.calls_of("sendMessage")[1]["reply_markup"]["inline_keyboard"];
    assert_eq!(keyboard, &json!([[{"text": "Да", "callback_data": "yes"}]]));
}

#[tokio::test]
async fn each_failure_of_telegram_has_its_meaning() {
    let limited = |seconds| SendError::Limited { after: std::time::Duration::from_secs(seconds) };
    let refused = |words: &str| SendError::Refused(words.into());
    for (reply, expected) in [
        (Reply::with(429, "Too Many Requests: retry after 3", &json!({"retry_after": 3})), limited(3)),
        (Reply::error(429, "Too Many Requests"), limited(1)),
        (Reply::Text(429, "slow down"), limited(1)),
        // Broken down, or tired of waiting, after it was passed on or before: nobody knows.
        (Reply::error(500, "Internal Server Error"), SendError::Unanswered("500 Internal Server Error".into())),
        (Reply::Text(502, "bad gateway"), SendError::Unanswered("502 no description".into())),
        (Reply::Text(504, "gateway timeout"), SendError::Unanswered("504 no description".into())),
        (Reply::Text(408, "request timeout"), SendError::Unanswered("408 no description".into())),
        (Reply::Text(425, "too early"), SendError::Unanswered("425 no description".into())),
        (Reply::Text(503, "maintenance"), SendError::Unavailable("503 no description".into())),
        (Reply::Text(302, "moved"), SendError::Unavailable("302 no description".into())),
        (Reply::error(403, "Forbidden: bot was blocked by the user"), SendError::Blocked),
        (Reply::error(403, "Forbidden: bot can't initiate conversation with a user"), SendError::Blocked),
        (Reply::error(403, "Forbidden: CHAT_WRITE_FORBIDDEN"), SendError::Blocked),
        (Reply::error(403, "Forbidden: user is deactivated"), SendError::Gone),
        (Reply::error(403, "Forbidden: bot was kicked from the supergroup chat"), SendError::Gone),
        (Reply::error(403, "Forbidden: the group chat was deleted"), SendError::Gone),
        (Reply::error(400, "Bad Request: chat not found"), SendError::Gone),
        (Reply::error(400, "Bad Request: PEER_ID_INVALID"), SendError::Gone),
        (Reply::error(401, "Unauthorized"), SendError::Unauthorised),
        (Reply::error(404, "Not Found"), SendError::Unauthorised),
        (Reply::error(400, "Bad Request: BUTTON_DATA_INVALID"), refused("Bad Request: BUTTON_DATA_INVALID")),
        (Reply::error(400, "Bad Request: message can't be edited"), refused("Bad Request: message can't be edited")),
        (Reply::error(400, "Bad Request: \"слова клиента\" too long"), refused("Bad Request:")),
        // Done, as far as its status goes, but unreadable: nobody knows.
        (Reply::Text(200, "<html>"), SendError::Unanswered("the answer is not of the Bot API".into())),
        (Reply::Never, SendError::Unanswered("time is up".into())),
    ] {
        let api = BotApi::start().await;
        api.break_down(Some(reply.clone()));
        assert_eq!(send(&api, &bubble("Привет")).await, Err(expected), "{reply:?}");
        assert_eq!(api.calls().len(), 1, "nothing is retried here: {reply:?}");
    }
}

#[tokio::test]
async fn a_plea_in_a_group_holds_the_group_and_a_long_one_the_bot() {
    let too_many = |seconds: u64| {
        let words = format!("Too Many Requests: retry after {seconds}");
        Reply::with(429, &words, &json!({ "retry_after": seconds }))
    };
    let after = std::time::Duration::from_secs;
    for (to, seconds, expected) in [
        ("-100123/42/7", 37, SendError::ChatLimited { after: after(37) }),
        ("-100123/42/7", 2_282, SendError::Limited { after: after(2_282) }),
        ("1111", 37, SendError::Limited { after: after(37) }),
        ("1111/5", 37, SendError::Limited { after: after(37) }),
    ] {
        let api = BotApi::start().await;
        api.then("sendMessage", [too_many(seconds)]);
        let sent = api.telegram().send(&Peer::new(to), &bubble("Привет"), bubble_id(1)).await;
        assert_eq!(sent, Err(expected), "{to}");
    }
}

#[tokio::test]
async fn members_and_topics_of_a_group_share_its_pace_and_a_private_chat_has_its_own() {
    let telegram = BotApi::start().await.telegram();
    let chat = |peer: &str| telegram.chat(&Peer::new(peer));
    let group = chat("-100123/42/7").expect("a group has a pace of its own");
    assert_eq!(chat("-100123/0/8"), Some(group.clone()));
    assert_ne!(chat("-100124/0/8").expect("another group").id, group.id);
    assert_eq!((chat("1111"), chat("1111/5"), chat("session-7")), (None, None, None));
    let in_a_minute = u64::from(group.burst) + 60 / group.pause.as_secs();
    assert_eq!(in_a_minute, 20);
}

#[tokio::test]
async fn a_text_that_telegram_finds_too_long_is_tried_once_more_without_styles() {
    let api = BotApi::start().await;
    let long = Reply::error(400, "Bad Request: message is too long");
    api.then("sendMessage", [long.clone(), Reply::error(400, "Bad Request: MESSAGE_TOO_LONG"), long]);
    let styled = Bubble {
        text: Rich { text: "Торт".into(), spans: vec![Span { bytes: 0..8, style: Style::Bold }] },
        ..bubble("")
    };
    let refused = send(&api, &styled).await;
    assert_eq!(refused, Err(SendError::Refused("Bad Request: MESSAGE_TOO_LONG".into())));
    let calls = api.calls_of("sendMessage");
    assert_eq!((&calls[0]["text"], &calls[1]["text"]), (&json!("<b>Торт</b>"), &json!("Торт")));
    assert_eq!(calls.len(), 2, "once");
}

#[tokio::test]
async fn a_caption_that_is_too_long_becomes_a_message_of_its_own() {
    let api = BotApi::start().await;
    api.then("sendPhoto", [Reply::error(400, "Bad Request: message caption is too long")]);
    send(&api, &with_photo("Торт")).await.unwrap();
    let methods: Vec<String> = api.calls().into_iter().map(|(method, _)| method).collect();
    assert_eq!(methods, ["sendPhoto", "sendMessage"]);
}

#[tokio::test]
async fn nobody_is_tried_twice_who_is_gone() {
    let api = BotApi::start().await;
    api.break_down(Some(Reply::error(400, "Bad Request: chat not found")));
    assert_eq!(send(&api, &with_photo("Торт")).await, Err(SendError::Gone));
    assert_eq!(api.calls().len(), 1);
}

/// A draft is a preview of half a minute: the message that ends it must be the last that the chat is sent.
#[tokio::test]
async fn the_answer_replaces_its_preview_and_nothing_is_previewed_after_it() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    for text in ["Торт", "Торт «Прага»"] {
        telegram.preview(&peer(), &Preview { draft: 5, text: text.into() }).await.unwrap();
    }
    telegram.send(&peer(), &bubble("Торт «Прага» стоит 2 400 ₽."), bubble_id(1)).await.unwrap();
    telegram.stop().await;
    let calls = api.calls();
    let methods: Vec<&str> = calls.iter().map(|(method, _)| method.as_str()).collect();
    assert_eq!(methods, ["sendMessageDraft", "sendMessageDraft", "sendMessage"]);
    let chats: Vec<_> = calls.iter().map(|(_, parameters)| parameters["chat_id"].clone()).collect();
    assert!(chats.iter().all(|chat| *chat == json!(1111)), "where the draft is, the answer is: {chats:?}");
}

#[tokio::test]
async fn a_plea_to_a_preview_ends_previews_and_not_the_answer() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    api.then("sendMessageDraft", [Reply::with(429, "Too Many Requests: retry after 3", &json!({"retry_after": 3}))]);
    let preview = Preview { draft: 5, text: "Торт".into() };
    assert!(telegram.preview(&peer(), &preview).await.is_err());
    assert_eq!(telegram.preview(&peer(), &preview).await, Ok(()));
    telegram.send(&peer(), &bubble("Торт «Прага»"), bubble_id(1)).await.unwrap();
    assert_eq!(api.calls().len(), 2, "one preview, one answer");
}

#[tokio::test]
async fn a_sent_message_whose_id_cannot_be_read_was_sent() {
    let api = BotApi::start().await;
    api.break_down(Some(Reply::ok(&json!(true))));
    assert_eq!(send(&api, &bubble("Привет")).await, Ok(Receipt { message: None }));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_without_a_call() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    for (to, said) in [("session-7", bubble("Привет")), ("1111", bubble(" \n"))] {
        let sent = telegram.send(&Peer::new(to), &said, bubble_id(1)).await;
        assert!(matches!(sent, Err(SendError::Refused(_))));
    }
    assert!(api.calls().is_empty());
}

#[tokio::test]
async fn typing_is_shown_in_the_topic_that_was_written_in() {
    let api = BotApi::start().await;
    api.telegram().typing(&Peer::new("-100123/42/7")).await.unwrap();
    let expected = json!({"chat_id": -100_123, "message_thread_id": 42, "action": "typing"});
    assert_eq!(api.calls_of("sendChatAction"), [expected]);
}

#[tokio::test]
async fn previews_are_shown_in_private_chats_alone() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    let preview = Preview { draft: 5, text: format!("<b>{}", "🎂".repeat(3000)) };
    telegram.preview(&Peer::new("-100123/42/7"), &preview).await.unwrap();
    telegram.preview(&peer(), &preview).await.unwrap();
    telegram.preview(&peer(), &Preview { draft: 5, text: String::new() }).await.unwrap();
    let calls = api.calls_of("sendMessageDraft");
    assert_eq!(calls.len(), 2);
    assert_eq!((&calls[0]["chat_id"], &calls[0]["draft_id"]), (&json!(1111), &json!(5)));
    assert!(calls[0]["text"].as_str().unwrap().encode_utf16().count() <= 4096);
    assert_eq!((calls[0].get("parse_mode"), &calls[1]["text"]), (None, &json!("")));
}

#[tokio::test]
async fn previews_are_switched_off_where_the_method_is_unknown() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    api.then("sendMessageDraft", [Reply::error(404, "Not Found: method not found")]);
    let preview = Preview { draft: 5, text: "Здр".into() };
    let first = telegram.preview(&peer(), &preview).await;
    assert!(matches!(first, Err(SendError::Refused(_))), "the token is good: {first:?}");
    assert_eq!(telegram.preview(&peer(), &preview).await, Ok(()));
    assert_eq!(api.calls().len(), 1, "it is not asked again for a while");
    telegram.send(&peer(), &bubble("Здравствуйте!"), bubble_id(1)).await.unwrap();
}

#[tokio::test]
async fn in_a_group_an_answer_quotes_what_it_answers() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    let update = json!({"update_id": 1, "message": {"message_id": 77, "date": 1_795_168_800, "text": "/price",
        "entities": [{"type": "bot_command", "offset": 0, "length": 6}], "chat": {"id": -5, "type": "group"},
        "from": {"id": 7, "is_bot": false, "first_name": "Ира"}}});
    let body = serde_json::to_vec(&update).unwrap();
    let now = "2026-12-01T09:00:00Z".parse().unwrap();
    let event = telegram.webhook().unwrap().parse(&body, now).unwrap().events.remove(0);
    for to in [event.peer, Peer::new("-5/0/8"), Peer::new("7")] {
        telegram.send(&to, &bubble("1 500 ₽"), bubble_id(1)).await.unwrap();
    }
    let calls = api.calls_of("sendMessage");
    let quoted = json!({"message_id": 77, "allow_sending_without_reply": true});
    assert_eq!(calls[0]["reply_parameters"], quoted);
    assert!(calls[1..].iter().all(|call| call.get("reply_parameters").is_none()), "the others said nothing");
}
