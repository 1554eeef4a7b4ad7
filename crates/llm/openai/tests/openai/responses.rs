use serde_json::{Value, json};
use voronka_core::ports::{ChatMessage, Finish, ModelError};
use voronka_openai::{Effort, OpenAi, OpenAiConfig, Profile, Wire};
use voronka_testkit::model::{FakeLlmServer, Played, suite};

use super::{
    answered, config,
    conformance::{completed, events},
};

#[tokio::test]
async fn a_server_that_repeats_itself_and_omits_places_is_understood() {
    let item = json!({"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "Да, есть"}]});
    let again = json!({"type": "response.in_progress", "response": {"status": "in_progress", "output": []}});
    let delta = |text: &str| json!({"type": "response.output_text.delta", "item_id": "msg_1", "delta": text});
    let done = json!({"type": "response.output_item.done", "item": item});
    let all = [again.clone(), delta("Да, "), again, delta("есть"), done.clone(), done, completed(&json!([]))];
    let (result, shown) = answered(events(&all), Wire::Responses).await;
    assert_eq!((result.unwrap().text.as_str(), shown.as_str()), ("Да, есть", "Да, есть"));
}

#[tokio::test]
async fn the_whole_at_the_end_is_the_truth() {
    let delta = json!({"type": "response.output_text.delta", "delta": "Нет"});
    let whole = completed(&json!([{"type": "message", "content": [{"type": "output_text", "text": "Да"}]}]));
    let (result, shown) = answered(events(&[delta, whole]), Wire::Responses).await;
    assert_eq!((result.unwrap().text.as_str(), shown.as_str()), ("Да", "Да"));
}

#[tokio::test]
async fn failures_and_cuts_are_told_apart() {
    let failed = |code: &str| {
        let response = json!({"status": "failed", "error": {"code": code, "message": "m"}, "output": []});
        events(&[json!({"type": "response.failed", "response": response})])
    };
    assert!(matches!(answered(failed("server_error"), Wire::Responses).await.0, Err(ModelError::Unavailable(_))));
    assert!(matches!(
        answered(failed("rate_limit_exceeded"), Wire::Responses).await.0,
        Err(ModelError::Limited { .. })
    ));
    assert_eq!(answered(failed("invalid_prompt"), Wire::Responses).await.0, Err(ModelError::Filtered));
    let error = json!({"type": "error", "code": "server_error", "message": "m", "param": null});
    assert!(matches!(answered(events(&[error]), Wire::Responses).await.0, Err(ModelError::Unavailable(_))));
    let cut = |reason: &str| {
        let output = json!([{"type": "message", "content": [{"type": "output_text", "text": "Да"}]}]);
        let response = json!({"status": "incomplete", "incomplete_details": {"reason": reason}, "output": output});
        events(&[json!({"type": "response.incomplete", "response": response})])
    };
    assert_eq!(answered(cut("max_output_tokens"), Wire::Responses).await.0.unwrap().finish, Finish::Length);
    assert_eq!(answered(cut("content_filter"), Wire::Responses).await.0.unwrap().finish, Finish::Filtered);
    let refused = json!([{"type": "message", "content": [{"type": "refusal", "refusal": "No"}]}]);
    assert_eq!(answered(events(&[completed(&refused)]), Wire::Responses).await.0, Err(ModelError::Filtered));
}

#[tokio::test]
async fn an_answer_that_was_not_streamed_is_taken_all_the_same() {
    let output = json!([{"type": "message", "content": [{"type": "output_text", "text": "Да"}]}]);
    let whole = Played::json(200, &completed(&output)["response"]);
    let (result, shown) = answered(whole, Wire::Responses).await;
    assert_eq!((result.unwrap().text.as_str(), shown.as_str()), ("Да", "Да"));
}

#[tokio::test]
async fn reasoning_travels_back_right_before_the_calls_it_led_to() {
    let reasoning = json!({"type": "reasoning", "id": "rs_1", "encrypted_content": "gAAAA", "summary": []});
    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "call_0123456789abcdef", "name": "find_item",
        "arguments": "{\"q\":\"42\"}"});
    let said = json!([{"type": "message", "content": [{"type": "output_text", "text": "Да"}]}]);
    let answers = [events(&[completed(&json!([reasoning, call]))]), events(&[completed(&said)])];
    let server = FakeLlmServer::playing(answers).await;
    let config = OpenAiConfig { effort: Some(Effort::Low), ..config(server.base(), Profile::OpenAi, Wire::Responses) };
    let model = OpenAi::new(config).unwrap();
    let mut prompt = suite::prompt("Есть 42?");
    let first = suite::ask(&model, &prompt).await.0.unwrap();
    let result = ChatMessage::Tool { call: first.calls[0].id.clone(), name: "find_item".into(), content: "{}".into() };
    prompt.messages.extend([ChatMessage::Assistant { text: String::new(), calls: first.calls }, result]);
    suite::ask(&model, &prompt).await.0.unwrap();
    let body = server.received()[1].json();
    let kinds: Vec<&Value> = body["input"].as_array().unwrap().iter().map(|item| &item["type"]).collect();
    assert_eq!(kinds, [&Value::Null, &json!("reasoning"), &json!("function_call"), &json!("function_call_output")]);
    assert_eq!(body["input"][1], reasoning);
    let rest: Vec<&Value> =
        ["include", "store", "temperature", "max_output_tokens", "reasoning"].map(|f| &body[f]).into();
    insta::assert_snapshot!(json!(rest), @r#"[["reasoning.encrypted_content"],false,null,4800,{"effort":"low"}]"#);
}
