use serde_json::{Value, json};
use url::Url;
use voronka_core::ports::{ChatModel as _, Finish, ModelError, Usage};
use voronka_openai::{OpenAi, OpenAiConfig, Profile, Wire};
use voronka_testkit::model::{FakeLlmServer, Gate, Played, Step, suite};

use super::{
    answered, config,
    conformance::{chunk, completed, events},
};

const DONE: &str = "[DONE]";

/// A stream of these deltas, finished as said.
fn deltas(deltas: &[Value], finish: &str) -> Played {
    let chunks = deltas.iter().map(|delta| chunk(delta, None));
    Played::sse(chunks.chain([chunk(&json!({}), Some(finish)), DONE.into()]))
}

/// The calls that come of these lists of tool-call deltas.
async fn calls(pieces: &[Value], finish: &str) -> Vec<(String, String, String)> {
    let pieces: Vec<Value> = pieces.iter().map(|piece| json!({"tool_calls": piece})).collect();
    let completion = answered(deltas(&pieces, finish), Wire::Chat).await.0.unwrap();
    completion.calls.into_iter().map(|call| (call.id, call.name, call.arguments)).collect()
}

fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
    (id.into(), name.into(), arguments.into())
}

#[tokio::test]
async fn calls_are_kept_apart_by_index() {
    let found = calls(
        &[
            json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "find_item", "arguments": ""}}]),
            json!([{"index": 1, "id": "b", "type": "function", "function": {"name": "price", "arguments": "{\"i\""}}]),
            json!([{"index": 0, "function": {"arguments": "{\"q\":"}}, {"index": 1, "function": {"arguments": ":7}"}}]),
            json!([{"index": 0, "function": {"arguments": "\"42\"}"}}]),
        ],
        "tool_calls",
    )
    .await;
    assert_eq!(found, [call("a", "find_item", r#"{"q":"42"}"#), call("b", "price", r#"{"i":7}"#)]);
}

#[tokio::test]
async fn empty_ids_and_names_do_not_overwrite() {
    let found = calls(
        &[
            json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "find_item", "arguments": "{\"q\":"}}]),
            json!([{"index": 0, "id": "", "type": "", "function": {"name": "", "arguments": "1}"}}]),
            json!([{"index": 0, "id": null, "function": {"name": null, "arguments": null}}]),
        ],
        "tool_calls",
    )
    .await;
    assert_eq!(found, [call("a", "find_item", "{\"q\":1}")]);
}

#[tokio::test]
async fn a_whole_call_in_one_delta_with_the_finish_is_a_call() {
    let whole = json!({"role": "assistant", "tool_calls": [{"index": 0, "id": "find_item", "type": "function",
        "function": {"name": "find_item", "arguments": "{}"}}]});
    let (result, _) = answered(Played::sse([chunk(&whole, Some("tool_calls")), DONE.into()]), Wire::Chat).await;
    assert_eq!(result.unwrap().calls[0].name, "find_item");
}

#[tokio::test]
async fn servers_that_never_count_up_still_make_several_calls() {
    let whole =
        |id: &str, arguments: &str| json!([{"id": id, "function": {"name": "find_item", "arguments": arguments}}]);
    let by_id = calls(&[whole("a", "{\"q\":1}"), whole("b", "{\"q\":2}")], "tool_calls").await;
    assert_eq!(by_id, [call("a", "find_item", "{\"q\":1}"), call("b", "find_item", "{\"q\":2}")]);
    let same_id = calls(&[whole("find_item", "{\"q\":1}"), whole("find_item", "{\"q\":2}")], "tool_calls").await;
    assert_eq!(same_id, [call("find_item", "find_item", "{\"q\":1}"), call("call_1", "find_item", "{\"q\":2}")]);
    let no_id = calls(&[whole("", ""), whole("", "")], "stop").await;
    assert_eq!(no_id.len(), 1, "an empty call is not whole: what follows belongs to it");
    let at_once = json!([{"function": {"name": "a", "arguments": {"q": 1}}}, {"function": {"name": "b"}}]);
    let at_once = calls(&[at_once], "stop").await;
    assert_eq!(at_once, [call("call_0", "a", "{\"q\":1}"), call("call_1", "b", "{}")]);
}

#[tokio::test]
async fn calls_win_over_a_finish_that_says_stop() {
    let found =
        calls(&[json!([{"index": 0, "id": "a", "function": {"name": "price", "arguments": ""}}])], "stop").await;
    assert_eq!(found, [call("a", "price", "{}")]);
}

#[tokio::test]
async fn arguments_are_handed_on_even_if_they_are_no_json() {
    let found = calls(&[json!([{"id": "a", "function": {"name": "price", "arguments": "{\"q\":"}}])], "stop").await;
    assert_eq!(found, [call("a", "price", "{\"q\":")]);
}

#[tokio::test]
async fn usage_is_read_wherever_it_stands() {
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 5}});
    let mut last: Value = serde_json::from_str(&chunk(&json!({"content": "Да"}), Some("stop"))).unwrap();
    last["usage"] = usage;
    let (result, _) = answered(Played::sse([last.to_string(), DONE.into()]), Wire::Chat).await;
    assert_eq!(result.unwrap().usage, Usage { input: 9, cached: 5, output: 2 });
    let (result, _) = answered(deltas(&[json!({"content": "Да"})], "stop"), Wire::Chat).await;
    assert_eq!(result.unwrap().usage, Usage::default());
}

#[tokio::test]
async fn null_contents_missing_roles_and_other_choices_do_no_harm() {
    let other = json!({"choices": [{"index": 1, "delta": {"content": "другое"}}], "timings": {}}).to_string();
    let events =
        [chunk(&json!({"content": null}), None), other, chunk(&json!({"content": "Да"}), Some("stop")), DONE.into()];
    assert_eq!(answered(Played::sse(events), Wire::Chat).await.1, "Да");
}

#[tokio::test]
async fn reasoning_is_never_shown() {
    let pieces = [
        json!({"reasoning_content": "хм"}),
        json!({"reasoning": "хм"}),
        json!({"content": "<thi"}),
        json!({"content": "nk>хм</think>\n\nДа"}),
    ];
    let (result, shown) = answered(deltas(&pieces, "stop"), Wire::Chat).await;
    assert_eq!((result.unwrap().text.as_str(), shown.as_str()), ("Да", "Да"));
}

#[tokio::test]
async fn an_error_within_a_stream_is_what_it_would_be_outside() {
    let with =
        |error: Value| Played::sse([chunk(&json!({"content": "Да"}), None), json!({"error": error}).to_string()]);
    let (result, shown) = answered(with(json!({"code": 429, "message": "upstream"})), Wire::Chat).await;
    assert_eq!((result, shown.as_str()), (Err(ModelError::Limited { after: None }), "Да"));
    let (result, _) = answered(with(json!({"message": "overloaded", "code": null})), Wire::Chat).await;
    assert!(matches!(result, Err(ModelError::Unavailable(_))), "{result:?}");
    let (result, _) = answered(with(json!("context length exceeded")), Wire::Chat).await;
    assert_eq!(result, Err(ModelError::TooLong));
}

#[tokio::test]
async fn an_end_without_its_mark_counts_only_after_a_finish() {
    let finished = [chunk(&json!({"content": "Да"}), Some("stop"))];
    assert!(answered(Played::sse(finished), Wire::Chat).await.0.is_ok());
    let unfinished = [chunk(&json!({"content": "Да"}), None)];
    assert_eq!(answered(Played::sse(unfinished), Wire::Chat).await.0, Err(ModelError::Truncated));
    let broken = Played::sse([chunk(&json!({"content": "Да"}), Some("insufficient_system_resource")), DONE.into()]);
    assert!(matches!(answered(broken, Wire::Chat).await.0, Err(ModelError::Unavailable(_))));
}

#[tokio::test]
async fn why_an_answer_ended_is_told() {
    let ended = |finish: &str| deltas(&[json!({"content": "Да"})], finish);
    assert_eq!(answered(ended("length"), Wire::Chat).await.0.unwrap().finish, Finish::Length);
    assert_eq!(answered(ended("content_filter"), Wire::Chat).await.0.unwrap().finish, Finish::Filtered);
    assert_eq!(answered(deltas(&[], "content_filter"), Wire::Chat).await.0, Err(ModelError::Filtered));
    assert!(matches!(answered(deltas(&[], "length"), Wire::Chat).await.0, Err(ModelError::Refused(_))));
    assert_eq!(answered(deltas(&[json!({"refusal": "No"})], "stop"), Wire::Chat).await.0, Err(ModelError::Filtered));
}

#[tokio::test]
async fn an_answer_that_was_not_streamed_is_taken_all_the_same() {
    let whole = json!({"id": "1", "object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "Да", "refusal": null, "tool_calls": null}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}});
    let (result, shown) = answered(Played::json(200, &whole), Wire::Chat).await;
    assert_eq!((result.unwrap().usage.input, shown.as_str()), (100, "Да"));
}

/// The body of the request that a profile makes of the suite's prompt.
async fn request(profile: Profile, model: &str) -> Value {
    let server = FakeLlmServer::playing([deltas(&[json!({"content": "Да"})], "stop")]).await;
    let config = OpenAiConfig { model: model.into(), ..config(server.base(), profile, Wire::Chat) };
    let model = OpenAi::new(config).unwrap();
    suite::ask(&model, &suite::prompt("Есть 42?")).await.0.unwrap();
    let received = server.received().remove(0);
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/proxy/v1/chat/completions"));
    assert_eq!(received.header("accept-encoding"), Some("identity"));
    received.json()
}

#[tokio::test]
async fn strict_servers_get_only_what_everyone_knows() {
    let body = request(Profile::Generic, "qwen3").await;
    insta::assert_snapshot!(body, @r#"{"max_tokens":800,"messages":[{"content":"Вы помощник магазина обуви. Отвечайте кратко.","role":"system"},{"content":"Есть 42?","role":"user"}],"model":"qwen3","stream":true,"temperature":0.3,"tools":[{"function":{"description":"Ищет товар по словам.","name":"find_item","parameters":{"additionalProperties":false,"properties":{"q":{"type":"string"}},"required":["q"],"type":"object"}},"type":"function"}]}"#);
}

#[tokio::test]
async fn openai_gets_its_own_fields() {
    let mut body = request(Profile::OpenAi, "gpt-6-luna").await;
    assert_eq!(body["tools"][0]["function"]["strict"], true);
    for part in ["tools", "messages"] {
        body.as_object_mut().unwrap().remove(part);
    }
    insta::assert_snapshot!(body, @r#"{"max_completion_tokens":800,"model":"gpt-6-luna","prompt_cache_key":"korica","reasoning_effort":"none","store":false,"stream":true,"stream_options":{"include_usage":true},"temperature":0.3}"#);
}

#[tokio::test]
async fn a_model_that_takes_tools_elsewhere_is_asked_there_from_then_on() {
    let message = "Function tools with reasoning_effort are not supported for gpt-5.4 in /v1/chat/completions. \
                   Please use /v1/responses instead.";
    let refusal = json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": null}});
    let said = || completed(&json!([{"type": "message", "content": [{"type": "output_text", "text": "Да"}]}]));
    let answers = [Played::json(400, &refusal), events(&[said()]), events(&[said()])];
    let server = FakeLlmServer::playing(answers).await;
    let model = OpenAi::new(config(server.base(), Profile::Generic, Wire::Auto)).unwrap();
    for _ in 0..2 {
        assert_eq!(suite::ask(&model, &suite::prompt("Есть 42?")).await.0.unwrap().text, "Да");
    }
    let paths: Vec<String> = server.received().into_iter().map(|received| received.path).collect();
    assert_eq!(paths, ["/proxy/v1/chat/completions", "/proxy/v1/responses", "/proxy/v1/responses"]);
}

#[tokio::test]
async fn a_key_or_header_that_cannot_be_sent_is_refused_without_being_shown() {
    let base = Url::parse("https://api.openai.com/v1").unwrap();
    let error = OpenAi::new(OpenAiConfig::new(base.clone(), Some("sk-\nsecret".into()), "m")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
    let mut config = OpenAiConfig::new(base, Some("sk-secret".into()), "gpt-4o-mini");
    config.reach.proxy = Some("socks5://user:secret@10.0.0.1:1080".into());
    config.reach.headers.push(("X-Title".into(), "secret".into()));
    assert!(!format!("{config:?}").contains("secret"));
    let model = OpenAi::new(config.clone()).unwrap();
    assert!(!format!("{model:?}").contains("secret"));
    assert_eq!(model.name(), "openai/gpt-4o-mini");
    config.reach.proxy = Some("not a url, secret".into());
    assert!(!format!("{:?}", OpenAi::new(config).unwrap_err()).contains("secret"));
    assert!(OpenAi::new(OpenAiConfig::new(Url::parse("ftp://x/").unwrap(), None, "m")).is_err());
}

#[tokio::test]
async fn requests_go_through_the_proxy_that_was_configured() {
    let proxy = FakeLlmServer::playing([deltas(&[json!({"content": "Да"})], "stop")]).await;
    let mut config = config("http://model.invalid", Profile::Generic, Wire::Chat);
    config.reach.proxy = Some(proxy.base().into());
    let model = OpenAi::new(config).unwrap();
    assert_eq!(suite::ask(&model, &suite::prompt("Есть 42?")).await.1, "Да");
    assert_eq!(proxy.received()[0].path, "http://model.invalid/proxy/v1/chat/completions");
}

#[tokio::test]
async fn a_key_does_not_follow_a_redirection() {
    let elsewhere = FakeLlmServer::playing([deltas(&[json!({"content": "Да"})], "stop")]).await;
    for status in [301, 302, 307, 308] {
        let moved = Played::new(status, "text/plain", "").header("location", elsewhere.base());
        let (result, _) = answered(moved, Wire::Chat).await;
        assert_eq!(result, Err(ModelError::Refused(format!("status {status}"))));
    }
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn models_that_share_clients_share_connections() {
    let answer = || deltas(&[json!({"content": "Да"})], "stop");
    let server = FakeLlmServer::playing([answer(), answer()]).await;
    let first = config(server.base(), Profile::Generic, Wire::Chat);
    let mut second = config(server.base(), Profile::Generic, Wire::Chat);
    second.reach.clients = first.reach.clients.clone();
    second.key = Some("another".into());
    for config in [first, second] {
        let model = OpenAi::new(config).unwrap();
        suite::ask(&model, &suite::prompt("Есть 42?")).await.0.unwrap();
    }
    assert_eq!((server.received().len(), server.connections()), (2, 1));
    assert_eq!(server.received()[1].header("authorization"), Some("Bearer another"));
}

#[tokio::test]
async fn time_is_up_when_the_whole_answer_takes_too_long() {
    let stalled = Played::sse([chunk(&json!({"content": "Да"}), None)]).then(Step::Wait(Gate::closed()));
    let server = FakeLlmServer::playing([stalled]).await;
    let mut config = config(server.base(), Profile::Generic, Wire::Chat);
    config.reach.timeout = std::time::Duration::from_millis(20);
    let model = OpenAi::new(config).unwrap();
    assert_eq!(suite::ask(&model, &suite::prompt("Есть 42?")).await.0, Err(ModelError::TimedOut));
}
