//! What every adapter of a [`ChatModel`] must do, driven against a [`FakeLlmServer`]. An adapter's tests implement
//! [`Vendor`] and stamp the cases with [`chat_model_conformance!`](crate::chat_model_conformance).

#![expect(clippy::missing_panics_doc, reason = "a case panics when the adapter fails it: that is what it is for")]

use std::{collections::HashSet, sync::Arc, time::Duration};

use voronka_core::ports::{ChatMessage, ChatModel, Completion, Delta, Fate, ModelError, Prompt, ToolCall, ToolSpec};

use super::{FakeLlmServer, Gate, Played, Step};

/// The key that adapters under test are given. It may appear in a request's headers and nowhere else.
pub const KEY: &str = "sk-canary-7f3a9c51d2e84b60";

/// How a vendor writes: enough for the suite to play its part.
pub trait Vendor: Send + Sync {
    /// The adapter, with [`KEY`], asking the server at `base` (`http://127.0.0.1:port`).
    fn model(&self, base: &str) -> Arc<dyn ChatModel>;

    /// A streamed text in these pieces, with a usage of 23 tokens in and 4 out.
    fn text(&self, pieces: &[&str]) -> Played;

    /// An answer that calls these tools: name and arguments.
    fn calls(&self, calls: &[(&str, &str)]) -> Played;

    /// An answer without words and calls.
    fn empty(&self) -> Played;

    /// A refusal.
    fn refusal(&self, why: Refusal) -> Played;
}

/// Why the suite's vendor refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Too many requests; come back in two seconds.
    SlowDown,
    /// In trouble.
    Down,
    /// The key is wrong; the vendor's message repeats it.
    BadKey,
    /// The prompt is too long.
    TooLong,
    /// The request is refused; the vendor's message repeats the customer's words (`Секретное слово: рододендрон`).
    Quoting,
}

/// A small prompt with a tool.
pub fn prompt(words: &str) -> Prompt {
    let parameters = serde_json::json!({
        "type": "object",
        "properties": {"q": {"type": "string"}},
        "required": ["q"],
        "additionalProperties": false,
    });
    let tool =
        ToolSpec { name: "find_item".into(), description: "Ищет товар по словам.".into(), parameters };
    Prompt {
        system: "Вы помощник магазина обуви. Отвечайте кратко.".into(),
        messages: vec![ChatMessage::User { text: words.into() }],
        tools: [tool].into(),
        max_tokens: 800,
        temperature: 0.3,
        cache_key: "korica".into(),
    }
}

/// Asks, and plays the deltas as a screen would show them.
pub async fn ask(model: &dyn ChatModel, prompt: &Prompt) -> (Result<Completion, ModelError>, String) {
    let mut shown = String::new();
    let mut tell = |delta: Delta<'_>| match delta {
        Delta::Append(text) => shown.push_str(text),
        Delta::Replace(text) => text.clone_into(&mut shown),
    };
    let result = model.complete(prompt, &mut tell).await;
    (result, shown)
}

/// Stamps the suite's cases for a vendor: `chat_model_conformance!(Chat; a_text_is_streamed, …)`, or all of them with
/// `chat_model_conformance!(Chat)`. Call it inside a module of its own.
#[macro_export]
macro_rules! chat_model_conformance {
    ($vendor:expr) => {
        $crate::chat_model_conformance!($vendor;
            a_text_is_streamed_and_whole_at_the_end,
            cuts_anywhere_change_nothing,
            an_answer_that_breaks_off_is_never_taken_for_whole,
            calls_come_with_names_arguments_and_ids_of_their_own,
            results_of_tools_travel_back,
            an_empty_answer_is_an_error,
            what_is_no_answer_is_an_error,
            refusals_are_told_apart,
            neither_key_nor_words_reach_an_error,
            dropping_the_future_hangs_up,
            a_connection_is_used_again,
        );
    };
    ($vendor:expr; $($case:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $case() {
            $crate::model::suite::$case(&$vendor).await;
        }
    )+};
}

const PIECES: [&str; 4] = ["Да, ", "есть 42-й 👟 ", "за 4 990 ₽. ", "Отложить?"];

/// The deltas give the same text as the completion, which knows the usage and who answered.
pub async fn a_text_is_streamed_and_whole_at_the_end(vendor: &dyn Vendor) {
    let server = FakeLlmServer::playing([vendor.text(&PIECES)]).await;
    let model = vendor.model(server.base());
    let mut deltas = 0;
    let completion = model.complete(&prompt("Есть 42?"), &mut |_| deltas += 1).await.expect("an answer");
    assert_eq!(completion.text, PIECES.concat());
    assert!(deltas > 1, "a streamed answer comes in several deltas");
    assert_eq!((completion.usage.input, completion.usage.output), (23, 4));
    assert!(!completion.model.is_empty() && !model.name().is_empty());
    assert!(completion.calls.is_empty());
}

/// TCP may cut a stream anywhere, in the middle of a letter as well.
pub async fn cuts_anywhere_change_nothing(vendor: &dyn Vendor) {
    for size in [1, 2, 3, 7, 64] {
        let answers =
            [vendor.text(&PIECES).cut_every(size), vendor.calls(&[("find_item", r#"{"q":"кеды"}"#)]).cut_every(size)];
        let server = FakeLlmServer::playing(answers).await;
        let model = vendor.model(server.base());
        let (result, shown) = ask(&*model, &prompt("Есть 42?")).await;
        assert_eq!(result.expect("an answer").text, PIECES.concat());
        assert_eq!(shown, PIECES.concat());
        let (result, _) = ask(&*model, &prompt("Есть кеды?")).await;
        let arguments: serde_json::Value =
            serde_json::from_str(&result.expect("a call").calls[0].arguments).expect("JSON");
        assert_eq!(arguments, serde_json::json!({"q": "кеды"}));
    }
}

/// Half an answer is an error, whether the connection broke or the body just ended, between events or within one.
pub async fn an_answer_that_breaks_off_is_never_taken_for_whole(vendor: &dyn Vendor) {
    let whole = vendor.text(&PIECES);
    let within = [0, 5, 20, 40, 60].map(|percent| whole.length() * percent / 100);
    // The last pieces may be the end already: what counts as one is the vendor's affair.
    let between = whole.line_ends().into_iter().filter(|&end| end <= whole.length() * 60 / 100);
    for length in within.into_iter().chain(between) {
        let answers = [whole.clone().broken_off_after(length), whole.clone().ended_after(length)];
        let server = FakeLlmServer::playing(answers).await;
        let model = vendor.model(server.base());
        for _ in 0..2 {
            let (result, _) = ask(&*model, &prompt("Есть 42?")).await;
            let error = result.expect_err("half an answer");
            assert!(matches!(error.fate(), Fate::Retry { .. }), "{length} bytes: {error:?}");
        }
    }
}

/// Two calls of one tool stay two, whatever ids the vendor gives; an id is not used again in the next round.
pub async fn calls_come_with_names_arguments_and_ids_of_their_own(vendor: &dyn Vendor) {
    let wanted = [("find_item", r#"{"q":"кеды"}"#), ("find_item", r#"{"q":"шнурки"}"#)];
    let server = FakeLlmServer::playing([vendor.calls(&wanted), vendor.calls(&wanted[..1])]).await;
    let model = vendor.model(server.base());
    let mut asked = prompt("Кеды и шнурки?");
    let first = ask(&*model, &asked).await.0.expect("calls");
    assert_eq!(first.calls.len(), 2);
    asked.messages.push(ChatMessage::Assistant { text: first.text.clone(), calls: first.calls.clone() });
    asked.messages.extend(first.calls.iter().map(result_of));
    let second = ask(&*model, &asked).await.0.expect("a call");
    for (call, (name, arguments)) in first.calls.iter().chain(&second.calls).zip(wanted.iter().chain(&wanted[..1])) {
        assert_eq!(call.name, *name);
        let read: serde_json::Value = serde_json::from_str(&call.arguments).expect("JSON");
        assert_eq!(read, serde_json::from_str::<serde_json::Value>(arguments).expect("JSON"));
    }
    let ids: HashSet<&str> = first.calls.iter().chain(&second.calls).map(|call| call.id.as_str()).collect();
    assert_eq!(ids.len(), 3, "every call of the loop has an id of its own");
}

fn result_of(call: &ToolCall) -> ChatMessage {
    ChatMessage::Tool { call: call.id.clone(), name: call.name.clone(), content: r#"{"stock":3}"#.into() }
}

/// The second request carries the instructions, the words, the call and its result.
pub async fn results_of_tools_travel_back(vendor: &dyn Vendor) {
    let server =
        FakeLlmServer::playing([vendor.calls(&[("find_item", r#"{"q":"кеды"}"#)]), vendor.text(&PIECES)]).await;
    let model = vendor.model(server.base());
    let mut asked = prompt("Есть кеды?");
    let first = ask(&*model, &asked).await.0.expect("a call");
    asked.messages.push(ChatMessage::Assistant { text: first.text, calls: first.calls.clone() });
    asked.messages.extend(first.calls.iter().map(result_of));
    ask(&*model, &asked).await.0.expect("an answer");
    let received = server.received();
    assert_eq!(received.len(), 2);
    let second = received[1].json().to_string();
    for part in ["Вы помощник магазина обуви", "Есть кеды?", "find_item", "кеды", "stock"]
    {
        assert!(second.contains(part), "{part} is missing");
    }
}

/// Nothing said and nothing called is no answer.
pub async fn an_empty_answer_is_an_error(vendor: &dyn Vendor) {
    let server = FakeLlmServer::playing([vendor.empty(), Played::new(200, "application/json", "")]).await;
    let model = vendor.model(server.base());
    for _ in 0..2 {
        let (result, shown) = ask(&*model, &prompt("Есть 42?")).await;
        assert!(result.is_err());
        assert_eq!(shown, "");
    }
}

/// A proxy's page, broken JSON or another shape is an error, never a panic or a text.
pub async fn what_is_no_answer_is_an_error(vendor: &dyn Vendor) {
    let bodies = [
        "<html><body>Bad gateway</body></html>",
        "{\"choices\":",
        "[]",
        "null",
        "data: {\n\n",
        "\u{0}\u{1}",
        "{}\n{}\n",
    ];
    for body in bodies {
        for status in [200, 502] {
            let server = FakeLlmServer::playing([Played::new(status, "text/html", body)]).await;
            let (result, _) = ask(&*vendor.model(server.base()), &prompt("Есть 42?")).await;
            assert!(result.is_err(), "{status} {body}");
        }
    }
    // Nobody listens.
    let gone = FakeLlmServer::start().await.base().to_owned();
    let (result, _) = ask(&*vendor.model(&gone), &prompt("Есть 42?")).await;
    assert!(matches!(result, Err(ModelError::Unavailable(_) | ModelError::Truncated)));
}

/// Each refusal means another thing to whoever called.
pub async fn refusals_are_told_apart(vendor: &dyn Vendor) {
    use Refusal as R;
    let answers = [R::SlowDown, R::Down, R::BadKey, R::TooLong, R::Quoting].map(|why| vendor.refusal(why));
    let server = FakeLlmServer::playing(answers).await;
    let model = vendor.model(server.base());
    let mut errors = Vec::new();
    for _ in 0..5 {
        errors.push(ask(&*model, &prompt("Есть 42?")).await.0.expect_err("a refusal"));
    }
    assert_eq!(errors[0], ModelError::Limited { after: Some(Duration::from_secs(2)) });
    assert!(matches!(errors[1], ModelError::Unavailable(_)), "{:?}", errors[1]);
    assert_eq!(errors[2], ModelError::Unauthorised);
    assert_eq!(errors[3], ModelError::TooLong);
    assert!(matches!(errors[4], ModelError::Refused(_)), "{:?}", errors[4]);
}

/// Invariant 7: the key is sent as a header, and neither it nor the customer's words are in an error, whatever the vendor
/// writes back.
pub async fn neither_key_nor_words_reach_an_error(vendor: &dyn Vendor) {
    let echo = format!("<html>Authorization: {KEY}; Секретное слово: рододендрон</html>");
    let answers = [
        vendor.refusal(Refusal::BadKey),
        vendor.refusal(Refusal::Quoting),
        Played::new(500, "text/html", echo.clone()),
        Played::new(400, "text/plain", echo.clone()),
        Played::new(200, "text/html", echo),
    ];
    let server = FakeLlmServer::playing(answers).await;
    let model = vendor.model(server.base());
    for _ in 0..5 {
        let (result, _) = ask(&*model, &prompt("Секретное слово: рододендрон")).await;
        let error = result.expect_err("a refusal");
        let printed = format!("{error} {error:?}");
        assert!(!printed.contains("canary") && !printed.contains("рододендрон"), "{printed}");
    }
    let requests = server.received();
    assert!(requests[0].headers.iter().any(|(_, value)| value.contains(KEY)), "the key is sent");
    assert!(!requests[0].path.contains(KEY) && !requests[0].json().to_string().contains(KEY));
}

/// A superseded draft costs nothing more: the connection is closed.
pub async fn dropping_the_future_hangs_up(vendor: &dyn Vendor) {
    let gate = Gate::closed();
    let server = FakeLlmServer::playing([vendor.text(&PIECES).ended_after(0).then(Step::Wait(gate.clone()))]).await;
    let model = vendor.model(server.base());
    let call = tokio::spawn(async move { ask(&*model, &prompt("Есть 42?")).await.0 });
    gate.reached_by(1).await;
    call.abort();
    server.hung_up().await;
}

/// A TLS handshake a turn would cost more than the turn.
pub async fn a_connection_is_used_again(vendor: &dyn Vendor) {
    let server =
        FakeLlmServer::playing([vendor.text(&PIECES), vendor.refusal(Refusal::Down), vendor.text(&PIECES)]).await;
    let model = vendor.model(server.base());
    for _ in 0..3 {
        let _answer_or_refusal = ask(&*model, &prompt("Есть 42?")).await;
    }
    assert_eq!((server.received().len(), server.connections()), (3, 1));
}
