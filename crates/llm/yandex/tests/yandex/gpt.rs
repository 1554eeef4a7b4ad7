use std::sync::Arc;

use serde_json::{Value, json};
use url::Url;
use voronka_core::ports::{ChatMessage, ChatModel, Completion, Delta, Finish, ModelError, Usage};
use voronka_testkit::model::{
    FakeLlmServer, Gate, Played, Step,
    suite::{self, KEY, Refusal, Vendor},
};
use voronka_yandex::{YandexConfig, YandexGpt};

/// The native API.
struct Native;

fn config(base: &str) -> YandexConfig {
    let mut config = YandexConfig::new("b1gfolder", KEY.into(), "yandexgpt/latest").unwrap();
    config.reach.base_url = Url::parse(base).unwrap();
    config
}

fn line(message: &Value, status: &str, output: u32) -> String {
    json!({"result": {
        "alternatives": [{"message": message, "status": format!("ALTERNATIVE_STATUS_{status}")}],
        "usage": {"inputTextTokens": "23", "completionTokens": output.to_string(), "totalTokens": "27"},
        "modelVersion": "23.10.2024"}})
    .to_string()
}

fn text(text: &str, status: &str) -> String {
    line(&json!({"role": "assistant", "text": text}), status, 4)
}

fn error(grpc: u16, http: u16, message: &str) -> Played {
    let error = json!({"grpcCode": grpc, "httpCode": http, "message": message, "httpStatus": "x", "details": []});
    Played::json(http, &json!({"error": error}))
}

impl Vendor for Native {
    fn model(&self, base: &str) -> Arc<dyn ChatModel> {
        Arc::new(YandexGpt::new(config(base)).unwrap())
    }

    fn text(&self, pieces: &[&str]) -> Played {
        let so_far = (1..=pieces.len()).map(|count| text(&pieces[..count].concat(), "PARTIAL"));
        Played::json_lines(so_far.chain([text(&pieces.concat(), "FINAL")]))
    }

    fn calls(&self, calls: &[(&str, &str)]) -> Played {
        let calls: Vec<Value> = calls
            .iter()
            .map(|(name, arguments)| {
                let arguments: Value = serde_json::from_str(arguments).unwrap();
                json!({"functionCall": {"name": name, "arguments": arguments}})
            })
            .collect();
        let message = json!({"role": "assistant", "toolCallList": {"toolCalls": calls}});
        Played::json_lines([line(&message, "TOOL_CALLS", 9)])
    }

    fn empty(&self) -> Played {
        Played::json_lines([text("", "FINAL")])
    }

    fn refusal(&self, why: Refusal) -> Played {
        match why {
            Refusal::SlowDown => error(8, 429, "ai.textGenerationCompletionSessionsCount.count quota limit exceed")
                .header("retry-after", "2"),
            Refusal::Down => error(14, 503, "unavailable"),
            Refusal::BadKey => error(16, 401, &format!("Unknown api key {KEY}")),
            Refusal::TooLong => error(3, 400, "number of input tokens must be no more than 32768, got 40000"),
            Refusal::Quoting => error(3, 400, "bad value: Секретное слово: рододендрон"),
        }
    }
}

mod conformance {
    voronka_testkit::chat_model_conformance!(super::Native);
}

async fn answered(answer: Played) -> (Result<Completion, ModelError>, Vec<String>) {
    let server = FakeLlmServer::playing([answer]).await;
    let model = YandexGpt::new(config(server.base())).unwrap();
    let mut deltas = vec![];
    let mut tell = |delta: Delta<'_>| deltas.push(format!("{delta:?}"));
    (model.complete(&suite::prompt("Есть 42?"), &mut tell).await, deltas)
}

#[tokio::test]
async fn what_is_repeated_is_not_told_again_and_what_changed_replaces_all() {
    let lines = [text("Да", "PARTIAL"), text("Да, есть", "PARTIAL"), text("Да, есть", "PARTIAL"), text("Нет", "FINAL")];
    let (result, deltas) = answered(Played::json_lines(lines)).await;
    assert_eq!(result.unwrap().text, "Нет");
    assert_eq!(deltas, [r#"Append("Да")"#, r#"Append(", есть")"#, r#"Replace("Нет")"#]);
}

#[tokio::test]
async fn answers_without_the_wrapper_and_counts_as_numbers_are_taken() {
    let bare = json!({"alternatives": [{"message": {"role": "assistant", "text": "Да"}, "status": "ALTERNATIVE_STATUS_FINAL"}],
        "usage": {"inputTextTokens": 26, "completionTokens": 11}});
    let completion = answered(Played::json_lines([bare.to_string()])).await.0.unwrap();
    assert_eq!(completion.usage, Usage { input: 26, cached: 0, output: 11 });
    assert_eq!(completion.model, "yandex/yandexgpt/latest");
}

#[tokio::test]
async fn every_status_means_something() {
    let ended = |status: &str| Played::json_lines([text("Да", status)]);
    assert_eq!(answered(ended("TRUNCATED_FINAL")).await.0.unwrap().finish, Finish::Length);
    assert_eq!(answered(ended("CONTENT_FILTER")).await.0.unwrap().finish, Finish::Filtered);
    assert_eq!(answered(ended("PARTIAL")).await.0, Err(ModelError::Truncated));
    assert_eq!(answered(ended("NEW_ONE")).await.0, Err(ModelError::Truncated));
    assert_eq!(answered(Played::json_lines([text("", "CONTENT_FILTER")])).await.0, Err(ModelError::Filtered));
    let declined = text("Я не могу обсуждать эту тему. Давайте поговорим о чём-нибудь ещё.", "FINAL");
    assert_eq!(answered(Played::json_lines([declined])).await.0, Err(ModelError::Filtered));
}

#[tokio::test]
async fn an_error_within_the_stream_is_what_it_would_be_outside() {
    let error = json!({"error": {"grpcCode": 8, "httpCode": 429, "message": "quota"}}).to_string();
    let (result, deltas) = answered(Played::json_lines([text("Да", "PARTIAL"), error])).await;
    assert_eq!((result, deltas.len()), (Err(ModelError::Limited { after: None }), 1));
    let status = json!({"code": 13, "message": "internal", "details": []}).to_string();
    assert!(matches!(answered(Played::json_lines([status])).await.0, Err(ModelError::Unavailable(_))));
}

#[tokio::test]
async fn grpc_statuses_are_mapped() {
    let mapped = |grpc, http| async move { answered(error(grpc, http, "m")).await.0.unwrap_err() };
    assert!(matches!(mapped(3, 400).await, ModelError::Refused(_)));
    assert!(matches!(mapped(4, 504).await, ModelError::Unavailable(_)));
    assert!(matches!(mapped(7, 403).await, ModelError::Refused(_)));
    assert!(matches!(mapped(12, 501).await, ModelError::Refused(_)));
    assert!(matches!(mapped(13, 500).await, ModelError::Unavailable(_)));
    assert_eq!(mapped(16, 400).await, ModelError::Unauthorised);
}

#[tokio::test]
async fn a_request_is_written_as_yandex_wants_it() {
    let server = FakeLlmServer::playing([Played::json_lines([text("Да", "FINAL")])]).await;
    let model = YandexGpt::new(config(server.base())).unwrap();
    let mut prompt = suite::prompt("Есть 42?");
    let call = |id: &str, arguments: &str| voronka_core::ports::ToolCall {
        id: id.into(),
        name: "find_item".into(),
        arguments: arguments.into(),
    };
    let result = |call: &str| ChatMessage::Tool { call: call.into(), name: "find_item".into(), content: "{}".into() };
    let calls = vec![call("a", "{\"q\":\"42\"}"), call("b", "broken")];
    prompt.messages.push(ChatMessage::Assistant { text: "Смотрю".into(), calls });
    prompt.messages.extend([result("a"), result("b")]);
    prompt.tools = [].into();
    prompt.max_tokens = 9_000;
    suite::ask(&model, &prompt).await.0.unwrap();
    let received = server.received().remove(0);
    assert_eq!(received.path, "/foundationModels/v1/completion");
    assert_eq!(received.header("authorization"), Some(format!("Api-Key {KEY}").as_str()));
    assert_eq!(received.header("x-data-logging-enabled"), Some("false"));
    insta::assert_json_snapshot!(received.json()["messages"].as_array().unwrap()[2..], @r#"
    [
      {
        "role": "assistant",
        "toolCallList": {
          "toolCalls": [
            {
              "functionCall": {
                "arguments": {
                  "q": "42"
                },
                "name": "find_item"
              }
            },
            {
              "functionCall": {
                "arguments": {},
                "name": "find_item"
              }
            }
          ]
        }
      },
      {
        "role": "user",
        "toolResultList": {
          "toolResults": [
            {
              "functionResult": {
                "content": "{}",
                "name": "find_item"
              }
            },
            {
              "functionResult": {
                "content": "{}",
                "name": "find_item"
              }
            }
          ]
        }
      }
    ]
    "#);
    let rest = json!([received.json()["modelUri"], received.json()["completionOptions"]]);
    insta::assert_snapshot!(rest, @r#"["gpt://b1gfolder/yandexgpt/latest",{"maxTokens":"2000","stream":true,"temperature":0.3}]"#);
}

#[tokio::test]
async fn no_more_calls_run_than_the_quota_allows() {
    let gate = Gate::closed();
    let slow = || Played::json_lines([text("Да", "PARTIAL")]).then(Step::Wait(gate.clone()));
    let server = FakeLlmServer::playing([slow(), slow(), Played::json_lines([text("Да", "FINAL")])]).await;
    let model = Arc::new(YandexGpt::new(YandexConfig { calls_max: 2, ..config(server.base()) }).unwrap());
    let ask = || {
        let model = Arc::clone(&model);
        tokio::spawn(async move { suite::ask(&*model, &suite::prompt("?")).await.0 })
    };
    let running = [ask(), ask()];
    gate.reached_by(2).await;
    let queued = ask();
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.received().len(), 2);
    gate.open();
    for call in running {
        assert_eq!(call.await.unwrap(), Err(ModelError::Truncated));
    }
    assert_eq!(queued.await.unwrap().unwrap().text, "Да");
}

#[test]
fn an_iam_token_is_a_bearer_and_nothing_secret_is_printed() {
    let config = YandexConfig::new("folder", "t1.secret".into(), "gpt://other/yandexgpt-lite").unwrap();
    assert!(!format!("{config:?}").contains("secret"));
    let model = YandexGpt::new(config).unwrap();
    assert!(!format!("{model:?}").contains("secret"));
}
