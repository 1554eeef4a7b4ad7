//! What updates become.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use voronka_core::{
    message::{ContactOf, Content, Event, EventKey, Inbound, MediaKind},
    ports::Webhook,
};
use voronka_telegram::TelegramWebhook;

use crate::{bot_api::BotApi, conformance::webhook};

fn now() -> Timestamp {
    "2026-12-01T09:00:00Z".parse().unwrap()
}

fn parse(webhook: &TelegramWebhook, update: &Value) -> Option<Inbound> {
    let mut events = webhook.parse(&serde_json::to_vec(update).unwrap(), now()).unwrap().events;
    assert!(events.len() <= 1);
    events.pop()
}

fn content(event: Inbound) -> Content {
    match event.event {
        Event::Customer { content, .. } => content,
        other => panic!("not of a customer: {other:?}"),
    }
}

fn merged(mut base: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

/// A message of Ира in her private chat.
fn private(more: &Value) -> Value {
    let base = json!({"message_id": 7, "date": 1_795_168_800, "chat": {"id": 1111, "type": "private", "first_name": "Ира"},
        "from": {"id": 1111, "is_bot": false, "first_name": "Ира", "last_name": "Н.", "username": "ira",
            "language_code": "ru"}});
    json!({"update_id": 10000, "message": merged(base, more)})
}

/// A message of Ира in a forum's topic.
fn group(more: &Value) -> Value {
    let base = json!({"message_id": 7, "date": 1_795_168_800, "message_thread_id": 42, "is_topic_message": true,
        "chat": {"id": -100_123, "type": "supergroup", "title": "Пекарня", "is_forum": true},
        "from": {"id": 7, "is_bot": false, "first_name": "Ира"}});
    json!({"update_id": 10001, "message": merged(base, more)})
}

fn said(more: &Value) -> Content {
    content(parse(&webhook(), &private(more)).unwrap())
}

fn text(words: &str) -> Content {
    Content::Text { text: words.into() }
}

fn command(name: &str, args: &str) -> Content {
    Content::Command { name: name.into(), args: args.into() }
}

fn is_command(length: usize) -> Value {
    json!([{"type": "bot_command", "offset": 0, "length": length}])
}

#[test]
fn a_message_tells_who_where_when_and_what() {
    let event = parse(&webhook(), &private(&json!({"text": "Сколько стоит торт?"}))).unwrap();
    assert_eq!((event.peer.as_str(), event.key.as_str()), ("1111", "10000"));
    assert_eq!((event.partner.as_str(), event.account.as_str()), ("korica", "telegram"));
    assert_eq!(event.at.as_second(), 1_795_168_800);
    let Event::Customer { content, profile } = event.event else { panic!("of a customer") };
    assert_eq!(content, text("Сколько стоит торт?"));
    assert_eq!(profile.name.as_deref(), Some("Ира Н."));
    assert_eq!((profile.page.as_deref(), profile.language.as_deref()), (Some("https://t.me/ira"), Some("ru")));
}

#[test]
fn who_has_no_public_name_is_reached_by_their_number() {
    for name in [json!(null), json!(""), json!("ira?x=1"), json!("ира")] {
        let from = json!({"id": 1111, "is_bot": false, "first_name": "Ира", "username": name});
        let event = parse(&webhook(), &private(&json!({"text": "Привет", "from": from}))).unwrap();
        let Event::Customer { profile, .. } = event.event else { panic!("of a customer") };
        assert_eq!(profile.page.as_deref(), Some("tg://user?id=1111"), "{name}");
    }
}

#[test]
fn words_escaped_in_json_are_the_same_words() {
    let body = br#"{"message":{"chat":{"type":"private","id":1111},"from":{"id":1111,"is_bot":false,
        "first_name":"\u0418\u0440\u0430"},"date":1795168800,"message_id":7,"text":"\u0422\u043e\u0440\u0442 \ud83c\udf82"},"update_id":5}"#;
    let events = webhook().parse(body, now()).unwrap().events;
    assert_eq!(content(events.into_iter().next().unwrap()), text("Торт 🎂"));
}

#[test]
fn commands_and_deep_links_are_told_from_words() {
    assert_eq!(said(&json!({"text": "/start", "entities": is_command(6)})), command("start", ""));
    assert_eq!(said(&json!({"text": "/start ref_42", "entities": is_command(6)})), command("start", "ref_42"));
    assert_eq!(
        said(&json!({"text": "/Price@Any_Bot  торт\nдва ", "entities": is_command(14)})),
        command("price", "торт\nдва")
    );
    assert_eq!(said(&json!({"text": "/ или так"})), text("/ или так"));
    let inside = json!([{"type": "bot_command", "offset": 8, "length": 6}]);
    assert_eq!(said(&json!({"text": "Нажмите /start", "entities": inside})), text("Нажмите /start"));
    for length in [0, 1, 7, 1000, usize::MAX] {
        // Wrong lengths are Telegram's affair: whatever comes of them, nothing breaks.
        let _content = said(&json!({"text": "/s🎂", "entities": is_command(length)}));
    }
}

#[test]
fn a_contact_is_the_senders_own_only_if_telegram_says_so() {
    let card = |more: Value| {
        said(
            &json!({"contact": merged(json!({"phone_number": "79991234567", "first_name": "Ира", "last_name": "Н."}), &more)}),
        )
    };
    let whose = |content| match content {
        Content::Contact { phone, name, whose } => {
            assert_eq!((phone.as_str(), name.as_deref()), ("79991234567", Some("Ира Н.")));
            whose
        }
        other => panic!("no contact: {other:?}"),
    };
    assert_eq!(whose(card(json!({"user_id": 1111}))), ContactOf::Vouched);
    assert_eq!(whose(card(json!({"user_id": 2222}))), ContactOf::SomebodyElse);
    assert_eq!(whose(card(json!({}))), ContactOf::SomebodyElse);
}

#[test]
fn each_kind_of_file_is_known_by_its_handle() {
    let media = |kind, file: &str, caption: Option<&str>, name: Option<&str>, seconds| Content::Media {
        kind,
        file: file.into(),
        caption: caption.map(Into::into),
        name: name.map(Into::into),
        seconds,
        to: None,
    };
    let sizes =
        json!([{"file_id": "big", "width": 800, "height": 600}, {"file_id": "small", "width": 90, "height": 60}]);
    for (message, expected) in [
        (
            json!({"photo": sizes, "caption": "Такой?", "media_group_id": "1"}),
            media(MediaKind::Photo, "big", Some("Такой?"), None, None),
        ),
        (
            json!({"voice": {"file_id": "v", "duration": 3, "mime_type": "audio/ogg"}}),
            media(MediaKind::Voice, "v", None, None, Some(3)),
        ),
        (
            json!({"audio": {"file_id": "a", "duration": 3, "file_name": "a.mp3"}}),
            media(MediaKind::Audio, "a", None, Some("a.mp3"), Some(3)),
        ),
        (json!({"video": {"file_id": "w", "duration": 3}}), media(MediaKind::Video, "w", None, None, Some(3))),
        (
            json!({"video_note": {"file_id": "n", "duration": 3, "length": 240}}),
            media(MediaKind::VideoNote, "n", None, None, Some(3)),
        ),
        (
            json!({"animation": {"file_id": "g", "duration": 1}, "document": {"file_id": "g", "file_name": "g.mp4"}}),
            media(MediaKind::Animation, "g", None, None, Some(1)),
        ),
        (
            json!({"document": {"file_id": "d", "file_name": "счёт.pdf"}}),
            media(MediaKind::Document, "d", None, Some("счёт.pdf"), None),
        ),
        (
            json!({"sticker": {"file_id": "s", "emoji": "👍", "type": "regular"}}),
            media(MediaKind::Sticker, "s", Some("👍"), None, None),
        ),
    ] {
        assert_eq!(said(&message), expected);
    }
    let place = json!({"location": {"latitude": 55.75, "longitude": 37.62}, "venue": {"title": "Кремль"}});
    assert_eq!(said(&place), Content::Location { latitude: 55.75, longitude: 37.62 });
}

#[test]
fn an_edited_message_names_the_one_it_changes() {
    let mut update = private(&json!({"text": "На 12 человек", "edit_date": 1_795_168_900}));
    update["edited_message"] = update["message"].take();
    update.as_object_mut().unwrap().remove("message");
    let event = parse(&webhook(), &update).unwrap();
    assert_eq!(event.at.as_second(), 1_795_168_900);
    assert_eq!(content(event), Content::Edited { of: EventKey::new("7"), text: "На 12 человек".into() });
    update["edited_message"]["location"] = json!({"latitude": 55.75, "longitude": 37.62, "live_period": 900});
    assert_eq!(parse(&webhook(), &update), None, "a place that moves is no conversation");
}

#[test]
fn blocking_and_coming_back_are_events_of_a_private_chat() {
    let member = |kind: &str, status: &str| {
        json!({"update_id": 1, "my_chat_member": {"chat": {"id": if kind == "private" { 1111 } else { -5 }, "type": kind},
            "from": {"id": 1111, "is_bot": false, "first_name": "Ира"}, "date": 1_795_168_800,
            "old_chat_member": {"status": "member"}, "new_chat_member": {"status": status, "until_date": 0}}})
    };
    assert_eq!(content(parse(&webhook(), &member("private", "kicked")).unwrap()), Content::Blocked);
    assert_eq!(content(parse(&webhook(), &member("private", "member")).unwrap()), Content::Opened);
    let other = content(parse(&webhook(), &member("private", "hibernating")).unwrap());
    assert_eq!(other, Content::Other { kind: "my_chat_member".into() });
    assert_eq!(parse(&webhook(), &member("group", "kicked")), None);
}

#[test]
fn a_button_of_an_old_message_is_still_pressed() {
    let from = json!({"id": 7, "is_bot": false, "first_name": "Ира"});
    let query = |message: &Value| json!({"update_id": 1, "callback_query": merged(json!({"id": "77", "from": from, "data": "v1:sz:M", "chat_instance": "1"}), message)});
    let button = Content::Button { token: "v1:sz:M".into(), label: None };
    for (message, peer) in [
        (json!({"message": {"chat": {"id": 7, "type": "private"}, "message_id": 8, "date": 0}}), "7"),
        (json!({"inline_message_id": "AAA"}), "7"),
        (json!({"message": {"chat": {"id": -5, "type": "group"}, "message_id": 8, "date": 0}}), "-5/0/7"),
        (
            json!({"message": {"chat": {"id": -5, "type": "supergroup"}, "message_id": 8, "date": 9, "message_thread_id": 3,
                "is_topic_message": true}}),
            "-5/3/7",
        ),
    ] {
        let event = parse(&webhook(), &query(&message)).unwrap();
        assert_eq!((event.peer.as_str(), event.at), (peer, now()));
        assert_eq!(content(event), button);
    }
}

#[test]
fn what_is_not_known_is_kept_for_the_person_it_concerns() {
    let other = |kind: &str| Content::Other { kind: kind.into() };
    assert_eq!(said(&json!({"dice": {"emoji": "🎲", "value": 4}})), other("dice"));
    assert_eq!(said(&json!({"via_bot": {"id": 5}, "hologram": {}})), other("hologram"));
    assert_eq!(said(&json!({})), other("message"));
    // What the structs refuse is not lost either.
    assert_eq!(said(&json!({"text": {"new": "shape"}})), other("message"));
    assert_eq!(said(&json!({"photo": "of next year"})), other("message"));
    let from = json!({"id": 1111, "is_bot": false, "first_name": "Ира"});
    for (kind, body) in [
        ("pre_checkout_query", json!({"id": "1", "from": from, "currency": "RUB"})),
        ("subscription", json!({"user": from, "state": "active"})),
        ("stopped_message_generation", json!({"chat": {"id": 1111, "type": "private"}, "draft_id": 5})),
        ("poll_answer", json!({"poll_id": "1", "user": from, "option_ids": [0]})),
    ] {
        let event = parse(&webhook(), &json!({"update_id": 3, kind: body})).unwrap();
        assert_eq!(event.peer.as_str(), "1111");
        assert_eq!(content(event), other(kind));
    }
}

#[test]
fn what_concerns_nobody_is_left_out() {
    let bot = json!({"id": 99, "is_bot": true, "first_name": "Бот"});
    let channel = json!({"id": -1007, "type": "channel", "title": "Новости"});
    let service = json!({"id": 777_000, "is_bot": false, "first_name": "Telegram"});
    for update in [
        private(&json!({"from": bot, "text": "Я сам"})),
        group(
            &json!({"from": bot, "sender_chat": {"id": -100_123, "type": "supergroup"}, "text": "/price", "entities": is_command(6)}),
        ),
        group(
            &json!({"from": service, "sender_chat": channel, "is_automatic_forward": true, "text": "/x", "entities": is_command(2)}),
        ),
        json!({"update_id": 1, "channel_post": {"message_id": 1, "date": 1, "chat": channel, "text": "Акция"}}),
        json!({"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": channel, "text": "Акция"}}),
        json!({"update_id": 1, "poll": {"id": "1", "question": "?"}}),
        json!({"update_id": 1, "message_reaction": {"chat": {"id": -5, "type": "group"}, "user": service}}),
        json!({"update_id": 1, "edited_message": null}),
        json!({"update_id": 1}),
    ] {
        assert_eq!(parse(&webhook(), &update), None, "{update}");
    }
}

#[tokio::test]
async fn in_a_group_only_what_is_addressed_to_the_bot_is_heard() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    telegram.get_me().await.unwrap();
    let webhook = telegram.webhook().unwrap();
    let heard = |more: Value| parse(&webhook, &group(&more)).map(|event| (event.peer.to_string(), content(event)));
    let here = |content| Some(("-100123/42/7".to_owned(), content));
    let mention = |offset: usize| json!([{"type": "mention", "offset": offset, "length": 11}]);
    assert_eq!(heard(json!({"text": "Всем привет"})), None);
    assert_eq!(heard(json!({"text": "@korica_bot, есть торты?", "entities": mention(0)})), here(text("есть торты?")));
    assert_eq!(heard(json!({"text": "🎂 есть, @Korica_Bot ?", "entities": mention(9)})), here(text("🎂 есть, ?")));
    assert_eq!(heard(json!({"text": "@korica_bot", "entities": mention(0)})), here(text("@korica_bot")));
    assert_eq!(heard(json!({"text": "@another_on", "entities": mention(0)})), None);
    let by_name = json!([{"type": "text_mention", "offset": 0, "length": 6, "user": {"id": 1000, "is_bot": true, "first_name": "Корица"}}]);
    assert_eq!(heard(json!({"text": "Корица, привет", "entities": by_name})), here(text("привет")));
    let reply =
        |id: i64| json!({"message_id": 6, "from": {"id": id, "is_bot": true, "first_name": "Бот"}, "chat": {"id": 1}});
    assert_eq!(heard(json!({"text": "Да", "reply_to_message": reply(1000)})), here(text("Да")));
    assert_eq!(heard(json!({"text": "Да", "reply_to_message": reply(99)})), None);
    assert_eq!(heard(json!({"text": "/price", "entities": is_command(6)})), here(command("price", "")));
    assert_eq!(heard(json!({"text": "/price@KORICA_bot x", "entities": is_command(17)})), here(command("price", "x")));
    assert_eq!(heard(json!({"text": "/price@other_bot", "entities": is_command(16)})), None);
    let photo = json!({"photo": [{"file_id": "p"}], "caption": "Такой @korica_bot", "caption_entities": mention(6)});
    let expected = Content::Media {
        kind: MediaKind::Photo,
        file: "p".into(),
        caption: Some("Такой".into()),
        name: None,
        seconds: None,
        to: None,
    };
    assert_eq!(heard(photo), here(expected));
}

#[test]
fn topics_and_members_have_conversations_of_their_own() {
    let webhook = webhook();
    let peer = |more: Value, update: fn(&Value) -> Value| parse(&webhook, &update(&more)).unwrap().peer.to_string();
    let start = json!({"text": "/start", "entities": is_command(6)});
    assert_eq!(peer(start.clone(), group), "-100123/42/7");
    // Threads of replies outside forums are no topics.
    assert_eq!(peer(merged(start.clone(), &json!({"is_topic_message": false})), group), "-100123/0/7");
    let topic = json!({"message_thread_id": 5, "is_topic_message": true});
    assert_eq!(peer(merged(start, &topic), private), "1111/5");
}

#[test]
fn names_are_one_bounded_line() {
    let from = json!({"id": 1111, "is_bot": false, "first_name": format!("A\n\u{0}B{}", "я".repeat(500))});
    let event = parse(&webhook(), &private(&json!({"from": from, "text": "a\u{0}b"}))).unwrap();
    let Event::Customer { content, profile } = event.event else { panic!("of a customer") };
    let name = profile.name.unwrap();
    assert!(name.starts_with("A  Bя") && name.chars().count() == 128, "{name}");
    assert_eq!(content, text("ab"));
}

#[test]
fn a_body_without_a_number_is_malformed_and_its_words_stay_inside() {
    for body in [
        r#"{"message":{"text":"секрет"}}"#,
        r#"{"update_id":"секрет"}"#,
        r#"["секрет"]"#,
        r#"{"update_id":1,"message":{"text":"секрет"#,
    ] {
        let cause = webhook().parse(body.as_bytes(), now()).unwrap_err().to_string();
        assert!(!cause.contains("секрет"), "{cause}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "message_id",
        "chat",
        "from",
        "id",
        "type",
        "text",
        "entities",
        "offset",
        "length",
        "user",
        "photo",
        "file_id",
        "caption",
        "contact",
        "phone_number",
        "data",
        "message",
        "date",
        "is_bot",
        "reply_to_message",
        "new_chat_member",
        "status",
        "sender_chat",
        "location",
        "latitude",
        "reply_markup",
        "inline_keyboard",
        "hologram",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![1111_i64, -100_123, 0, 7]).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["private", "supergroup", "bot_command", "mention", "/start@x", "🎂👩‍👩‍👧‍👦"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys.clone(), inner, 0..6)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_malformed(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _parsed = webhook().parse(&body, now());
    }

    #[test]
    fn any_update_with_a_number_is_never_an_error(
        kind in prop::sample::select(vec!["message", "edited_message", "callback_query", "my_chat_member", "hologram"]),
        body in any_json(),
        id in any::<i64>(),
    ) {
        let update = serde_json::to_vec(&json!({"update_id": id, kind: body})).unwrap();
        prop_assert!(webhook().parse(&update, now()).is_ok());
    }

    #[test]
    fn any_entities_over_any_text_keep_the_words(
        words in "\\PC{1,40}",
        entities in prop::collection::vec((prop::sample::select(vec!["mention", "bot_command", "url"]), 0..50_usize, 0..50_usize), 0..4),
    ) {
        let entities: Vec<Value> = entities.into_iter()
            .map(|(kind, offset, length)| json!({"type": kind, "offset": offset, "length": length})).collect();
        let is_plain = entities.iter().all(|entity| entity["type"] == "url");
        let read = said(&json!({"text": words, "entities": entities}));
        let is_said = matches!(read, Content::Text { .. } | Content::Command { .. });
        prop_assert!(is_said);
        if is_plain {
            prop_assert_eq!(read, text(&words));
        }
    }
}
