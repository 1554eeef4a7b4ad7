use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;
use voronka_core::ports::{Completion, Delta, Finish, ModelError, Prompt, ToolCall, Usage};
use voronka_resilience::CallIds;

use crate::{
    stream::{Assemble, Tell, Took, senseless},
    text::{Text, Thoughts},
};

/// A chunk of a stream, or a whole answer: they differ in `delta` and `message` alone.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    usage: Option<Counts>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    delta: Option<Piece<'a>>,
    #[serde(borrow, default)]
    message: Option<Piece<'a>>,
    #[serde(borrow, default)]
    finish_reason: Text<'a>,
}

/// What is not named here (reasoning above all) is not shown.
#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow, default)]
    content: Text<'a>,
    #[serde(borrow, default)]
    refusal: Text<'a>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<CallPiece<'a>>>,
}

#[derive(Deserialize)]
struct CallPiece<'a> {
    #[serde(default)]
    index: Option<usize>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    function: Option<FunctionPiece<'a>>,
}

#[derive(Deserialize, Default)]
struct FunctionPiece<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    arguments: Arguments<'a>,
}

/// A JSON text, or (some servers) the object itself.
#[derive(Deserialize, Default)]
#[serde(transparent)]
struct Arguments<'a>(#[serde(borrow)] Option<&'a RawValue>);

impl Arguments<'_> {
    fn push_onto(&self, arguments: &mut String) {
        let raw = self.0.map_or("null", RawValue::get);
        match serde_json::from_str::<Text<'_>>(raw) {
            Ok(text) if raw.starts_with('"') => arguments.push_str(text.as_str()),
            _ if raw.starts_with('{') => arguments.push_str(raw),
            _ => {}
        }
    }
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default)]
    prompt_tokens: Option<u32>,
    #[serde(default)]
    completion_tokens: Option<u32>,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(default)]
    prompt_cache_hit_tokens: Option<u32>,
}

#[derive(Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u32>,
}

impl From<Counts> for Usage {
    fn from(tokens: Counts) -> Self {
        let cached = tokens.prompt_tokens_details.and_then(|details| details.cached_tokens);
        Self {
            input: tokens.prompt_tokens.unwrap_or(0),
            cached: cached.or(tokens.prompt_cache_hit_tokens).unwrap_or(0),
            output: tokens.completion_tokens.unwrap_or(0),
        }
    }
}

#[derive(Default)]
struct Building {
    index: usize,
    id: String,
    name: String,
    arguments: String,
}

impl Building {
    fn is_whole(&self) -> bool {
        !self.name.is_empty() && serde_json::from_str::<IgnoredAny>(&self.arguments).is_ok()
    }
}

/// Puts a completion together from chunks.
pub(crate) struct Assembler<'a> {
    name: &'a str,
    ids: CallIds,
    text: String,
    thoughts: Thoughts,
    refused: bool,
    calls: Vec<Building>,
    /// Set once a finish reason, or the mark of the end, was seen.
    finish: Option<Finish>,
    broken: bool,
    usage: Usage,
}

impl<'a> Assembler<'a> {
    pub(crate) fn new(name: &'a str, prompt: &Prompt) -> Self {
        Self {
            name,
            ids: CallIds::beside(prompt),
            text: String::new(),
            thoughts: Thoughts::default(),
            refused: false,
            calls: vec![],
            finish: None,
            broken: false,
            usage: Usage::default(),
        }
    }

    fn chunk(&mut self, data: &[u8], tell: Tell<'_>) -> Result<Took, ModelError> {
        let chunk: Chunk<'_> = serde_json::from_slice(data).map_err(|_| senseless("a chunk of the answer"))?;
        if chunk.error.is_some_and(|error| error.get() != "null") {
            return Ok(Took::Refusal(data.to_vec()));
        }
        if let Some(tokens) = chunk.usage {
            self.usage = tokens.into();
        }
        for choice in chunk.choices.into_iter().flatten().filter(|choice| choice.index.unwrap_or(0) == 0) {
            for piece in [choice.delta, choice.message].into_iter().flatten() {
                self.piece(piece, tell);
            }
            match choice.finish_reason.as_str() {
                "" => {}
                "length" => self.finish = Some(Finish::Length),
                "content_filter" => self.finish = Some(Finish::Filtered),
                "error" | "insufficient_system_resource" => self.broken = true,
                _ => self.finish = Some(Finish::Stop),
            }
        }
        Ok(Took::More)
    }

    fn piece(&mut self, piece: Piece<'_>, tell: Tell<'_>) {
        self.refused |= !piece.refusal.as_str().is_empty();
        let shown = self.thoughts.shown(piece.content.as_str());
        if !shown.is_empty() {
            tell(Delta::Append(&shown));
            self.text.push_str(&shown);
        }
        for (position, call) in piece.tool_calls.into_iter().flatten().enumerate() {
            self.call(position, call);
        }
    }

    fn call(&mut self, position: usize, piece: CallPiece<'_>) {
        let index = piece.index.unwrap_or(position);
        let function = piece.function.unwrap_or_default();
        let (id, name) = (piece.id.as_str(), function.name.as_str());
        let known = self.calls.iter().rposition(|call| call.index == index).filter(|&at| {
            let call = &self.calls[at];
            // Some servers never count up: another id, or a name after a whole call, begins a new one.
            let another_id = !id.is_empty() && !call.id.is_empty() && id != call.id;
            let another_call = !name.is_empty() && call.is_whole();
            !another_id && !another_call
        });
        let at = known.unwrap_or_else(|| {
            self.calls.push(Building { index, ..Building::default() });
            self.calls.len() - 1
        });
        let call = &mut self.calls[at];
        // The first that is not empty counts: Qwen repeats both as empty texts.
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        if call.name.is_empty() {
            name.clone_into(&mut call.name);
        }
        function.arguments.push_onto(&mut call.arguments);
    }
}

impl Assemble for Assembler<'_> {
    fn event(&mut self, data: &[u8], tell: Tell<'_>) -> Result<Took, ModelError> {
        if data.trim_ascii() == b"[DONE]" {
            self.finish.get_or_insert(Finish::Stop);
            return Ok(Took::Last);
        }
        self.chunk(data, tell)
    }

    fn whole(&mut self, body: &[u8], tell: Tell<'_>) -> Result<Took, ModelError> {
        let took = self.chunk(body, tell)?;
        self.finish.get_or_insert(Finish::Stop);
        Ok(took)
    }

    fn completion(mut self, tell: Tell<'_>) -> Result<Completion, ModelError> {
        if self.broken {
            return Err(ModelError::Unavailable("the vendor broke the answer off".into()));
        }
        let Some(finish) = self.finish else { return Err(ModelError::Truncated) };
        let rest = self.thoughts.rest();
        if !rest.is_empty() {
            tell(Delta::Append(&rest));
            self.text.push_str(&rest);
        }
        let mut calls = Vec::new();
        for call in self.calls.into_iter().filter(|call| !call.name.is_empty()) {
            let arguments = if call.arguments.trim().is_empty() { "{}".to_owned() } else { call.arguments };
            calls.push(ToolCall { id: self.ids.take(&call.id), name: call.name, arguments });
        }
        let completion = Completion {
            text: self.text,
            calls,
            finish,
            usage: self.usage,
            model: self.name.to_owned(),
            nearing: None,
        };
        checked(completion, self.refused)
    }
}

/// Nothing said and nothing called is no answer; why decides what it means.
pub(crate) fn checked(completion: Completion, refused: bool) -> Result<Completion, ModelError> {
    if !completion.text.trim().is_empty() || !completion.calls.is_empty() {
        return Ok(completion);
    }
    Err(match completion.finish {
        Finish::Filtered => ModelError::Filtered,
        Finish::Stop if refused => ModelError::Filtered,
        Finish::Stop => ModelError::Unavailable("the answer is empty".into()),
        Finish::Length => ModelError::Refused("the answer had no room: raise the tokens or lower the effort".into()),
    })
}
