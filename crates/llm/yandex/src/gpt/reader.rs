use std::borrow::Cow;

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Number, Value};
use voronka_core::ports::{Completion, Delta, Finish, ModelError, Prompt, ToolCall, Usage};
use voronka_resilience::CallIds;

/// An object of the stream, with or without the wrapper `result`.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    result: Option<Body<'a>>,
    #[serde(borrow, default)]
    alternatives: Option<Vec<Alternative<'a>>>,
    #[serde(default)]
    usage: Option<Counts>,
    #[serde(default)]
    error: Option<IgnoredAny>,
    #[serde(default)]
    code: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    alternatives: Option<Vec<Alternative<'a>>>,
    #[serde(default)]
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Alternative<'a> {
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize, Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Status {
    #[serde(rename = "ALTERNATIVE_STATUS_PARTIAL")]
    Partial,
    #[serde(rename = "ALTERNATIVE_STATUS_FINAL")]
    Final,
    #[serde(rename = "ALTERNATIVE_STATUS_TRUNCATED_FINAL")]
    Cut,
    #[serde(rename = "ALTERNATIVE_STATUS_CONTENT_FILTER")]
    Filtered,
    #[serde(rename = "ALTERNATIVE_STATUS_TOOL_CALLS")]
    Calls,
    /// One that is not known says nothing of an end.
    #[default]
    #[serde(other)]
    Unknown,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(default)]
    tool_call_list: Option<CallList>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallList {
    #[serde(default)]
    tool_calls: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call {
    function_call: FunctionCall,
}

#[derive(Deserialize)]
struct FunctionCall {
    name: String,
    #[serde(default)]
    arguments: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    #[serde(default)]
    input_text_tokens: Option<Count>,
    #[serde(default)]
    completion_tokens: Option<Count>,
}

/// int64 is a text in their JSON; a number is taken as well.
#[derive(Deserialize)]
#[serde(untagged)]
enum Count {
    Number(u32),
    Text(String),
}

impl Count {
    fn get(count: Option<Self>) -> u32 {
        match count {
            Some(Self::Number(number)) => number,
            Some(Self::Text(text)) => text.parse().unwrap_or(0),
            None => 0,
        }
    }
}

/// How Yandex declines a topic, with a status as if that were an answer.
const DECLINES: [&str; 3] = [
    "Я не могу обсуждать эту тему",
    "К сожалению, я не могу ничего сказать об этом",
    "В интернете есть много сайтов с информацией на эту тему",
];

/// What an object was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Took {
    Piece,
    Refusal,
}

/// Puts a completion together from objects, each of which repeats the text so far.
pub(super) struct Reader<'a> {
    name: &'a str,
    ids: CallIds,
    text: String,
    calls: Vec<FunctionCall>,
    status: Status,
    usage: Usage,
}

impl<'a> Reader<'a> {
    pub(super) fn new(name: &'a str, prompt: &Prompt) -> Self {
        let (text, calls, status, usage) = (String::new(), vec![], Status::Unknown, Usage::default());
        Self { name, ids: CallIds::beside(prompt), text, calls, status, usage }
    }

    pub(super) fn object(
        &mut self,
        object: &[u8],
        tell: &mut (dyn for<'d> FnMut(Delta<'d>) + Send),
    ) -> Result<Took, ModelError> {
        let senseless = |_| ModelError::Unavailable("a piece of the answer makes no sense".into());
        let line: Line<'_> = serde_json::from_slice(object).map_err(senseless)?;
        if line.error.is_some() || line.code.is_some() {
            return Ok(Took::Refusal);
        }
        let body = line.result.unwrap_or(Body { alternatives: line.alternatives, usage: line.usage });
        if let Some(counts) = body.usage {
            let (input, output) = (Count::get(counts.input_text_tokens), Count::get(counts.completion_tokens));
            self.usage = Usage { input, cached: 0, output };
        }
        let Some(alternative) = body.alternatives.into_iter().flatten().next() else { return Ok(Took::Piece) };
        self.status = alternative.status;
        let Some(message) = alternative.message else { return Ok(Took::Piece) };
        if let Some(text) = message.text {
            self.hear(&text, tell);
        }
        if let Some(list) = message.tool_call_list.filter(|list| !list.tool_calls.is_empty()) {
            // Cumulative like the text.
            self.calls = list.tool_calls.into_iter().map(|call| call.function_call).collect();
        }
        Ok(Took::Piece)
    }

    fn hear(&mut self, text: &str, tell: &mut (dyn for<'d> FnMut(Delta<'d>) + Send)) {
        match text.strip_prefix(self.text.as_str()) {
            Some("") => {}
            Some(more) => {
                tell(Delta::Append(more));
                self.text.push_str(more);
            }
            // Their filter, or second thoughts.
            None => {
                tell(Delta::Replace(text));
                text.clone_into(&mut self.text);
            }
        }
    }

    pub(super) fn completion(mut self) -> Result<Completion, ModelError> {
        let finish = match self.status {
            Status::Partial | Status::Unknown => return Err(ModelError::Truncated),
            Status::Final | Status::Calls => Finish::Stop,
            Status::Cut => Finish::Length,
            Status::Filtered => Finish::Filtered,
        };
        if self.calls.is_empty() && DECLINES.iter().any(|decline| self.text.trim_start().starts_with(decline)) {
            return Err(ModelError::Filtered);
        }
        let mut calls = Vec::new();
        for call in self.calls {
            let arguments = if call.arguments.is_null() { "{}".to_owned() } else { whole(call.arguments).to_string() };
            calls.push(ToolCall { id: self.ids.take(""), name: call.name, arguments });
        }
        if self.text.trim().is_empty() && calls.is_empty() {
            return Err(match finish {
                Finish::Filtered => ModelError::Filtered,
                Finish::Stop => ModelError::Unavailable("the answer is empty".into()),
                Finish::Length => ModelError::Refused("the answer had no room: raise the tokens".into()),
            });
        }
        Ok(Completion { text: self.text, calls, finish, usage: self.usage, model: self.name.to_owned(), nearing: None })
    }
}

/// Integers that passed through a protobuf `Struct`, which knows doubles alone, are integers again.
fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(as_integer(&number).unwrap_or(number)),
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, field)| (name, whole(field))).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

fn as_integer(number: &Number) -> Option<Number> {
    let text = number.to_string();
    let digits = text.strip_suffix(".0").filter(|_| number.is_f64())?;
    digits.parse::<i64>().ok().map(Number::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn doubles_that_were_integers_are_integers_again() {
        let read = whole(json!({"a": 5.0, "b": [2.5, -3.0], "c": 7, "d": "1.0", "e": null}));
        assert_eq!(read.to_string(), r#"{"a":5,"b":[2.5,-3],"c":7,"d":"1.0","e":null}"#);
    }
}
