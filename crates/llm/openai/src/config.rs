use secrecy::SecretString;
use serde::Serialize;
use url::Url;
use voronka_resilience::http::Reach;

/// A model and how to reach it.
#[derive(Debug, Clone)]
pub struct OpenAiConfig {
    /// Where: `https://api.openai.com/v1`, `http://127.0.0.1:8080/v1`, …
    pub reach: Reach,
    /// The key; local servers want none.
    pub key: Option<SecretString>,
    /// The model's name there.
    pub model: String,
    /// Which optional fields the server knows; `None` = judged by the base URL.
    pub profile: Option<Profile>,
    /// Which protocol.
    pub wire: Wire,
    /// How much a reasoning model thinks; `None` = as little as it can.
    pub effort: Option<Effort>,
}

impl OpenAiConfig {
    /// A model with all else as usual.
    pub fn new(base_url: Url, key: Option<SecretString>, model: impl Into<String>) -> Self {
        let (reach, model) = (Reach::new(base_url), model.into());
        Self { reach, key, model, profile: None, wire: Wire::default(), effort: None }
    }
}

/// Which of OpenAI's protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wire {
    /// Responses where OpenAI takes tools from reasoning models only there, else Chat Completions.
    #[default]
    Auto,
    /// `/chat/completions`: what everyone speaks.
    Chat,
    /// `/responses`.
    Responses,
}

/// How much a reasoning model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// Not at all, where the model can do without.
    None,
    /// Hardly.
    Minimal,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

/// A kind of server: unknown fields break strict ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// OpenAI itself.
    OpenAi,
    /// Only what everyone knows.
    Generic,
    /// llama.cpp.
    LlamaCpp,
    /// vLLM.
    Vllm,
    /// Ollama.
    Ollama,
    /// LM Studio.
    LmStudio,
    /// OpenRouter.
    OpenRouter,
    /// DeepSeek.
    DeepSeek,
    /// Qwen (DashScope).
    Qwen,
    /// The compatible endpoint of Yandex.
    Yandex,
}

impl Profile {
    /// By host, or by the port a local server usually has.
    pub fn of(base_url: &Url) -> Self {
        let host = base_url.host_str().unwrap_or_default();
        let is = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        match base_url.port() {
            _ if is("openai.com") => Self::OpenAi,
            _ if is("openrouter.ai") => Self::OpenRouter,
            _ if is("deepseek.com") => Self::DeepSeek,
            _ if is("aliyuncs.com") => Self::Qwen,
            _ if is("yandex.net") => Self::Yandex,
            Some(11_434) => Self::Ollama,
            Some(1_234) => Self::LmStudio,
            _ => Self::Generic,
        }
    }

    /// The first half of a model's name.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Generic => "compatible",
            Self::LlamaCpp => "llamacpp",
            Self::Vllm => "vllm",
            Self::Ollama => "ollama",
            Self::LmStudio => "lmstudio",
            Self::OpenRouter => "openrouter",
            Self::DeepSeek => "deepseek",
            Self::Qwen => "qwen",
            Self::Yandex => "yandex",
        }
    }

    /// Whether usage in a stream must be, and can be, asked for.
    pub(crate) fn knows_stream_options(self) -> bool {
        !matches!(self, Self::Generic | Self::Yandex)
    }

    /// Whether it is OpenAI itself, which renamed fields and added some.
    pub(crate) fn is_openai(self) -> bool {
        self == Self::OpenAi
    }
}

/// Whether one of OpenAI's own models thinks before it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reasoning {
    Never,
    Always,
    /// And takes no tools on Chat Completions while it does.
    Optional,
    AlwaysWithoutChat,
}

impl Reasoning {
    fn of(model: &str) -> Self {
        let Some(version) = model.strip_prefix("gpt-") else {
            let of_o = model.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            return if of_o { Self::Always } else { Self::Never };
        };
        let number = version.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
        let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
        let version = (major.parse().unwrap_or(0_u32), minor.parse().unwrap_or(0_u32));
        match version {
            (0..=4, _) => Self::Never,
            (5, 0..=3) if model.contains("-chat") => Self::Never,
            (5, 0..=3) => Self::Always,
            _ if model.starts_with("gpt-6-astra") || model.starts_with("gpt-6.1-sol") => Self::AlwaysWithoutChat,
            _ => Self::Optional,
        }
    }
}

/// What a request says of reasoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thinking {
    /// The effort to send.
    pub(crate) effort: Option<Effort>,
    /// Whether the model will think: no temperature then, and room for it.
    pub(crate) active: bool,
}

/// Tokens for thoughts, beside those of the answer.
const THOUGHT_TOKENS: u32 = 4_000;

impl Thinking {
    pub(crate) fn of(profile: Profile, model: &str, wanted: Option<Effort>) -> Self {
        if !profile.is_openai() {
            return Self { effort: wanted, active: false };
        }
        match Reasoning::of(model) {
            Reasoning::Never => Self { effort: None, active: false },
            Reasoning::Optional => {
                let effort = wanted.unwrap_or(Effort::None);
                Self { effort: Some(effort), active: effort != Effort::None }
            }
            Reasoning::Always | Reasoning::AlwaysWithoutChat => {
                let effort = wanted.filter(|&effort| effort != Effort::None).unwrap_or(Effort::Low);
                Self { effort: Some(effort), active: true }
            }
        }
    }

    pub(crate) fn temperature(self, wanted: f32) -> Option<f32> {
        (!self.active).then_some(wanted)
    }

    /// Tokens for answer and thoughts: thoughts count, and must not eat the answer.
    pub(crate) fn max_tokens(self, answer: u32) -> u32 {
        if self.active { answer.saturating_add(THOUGHT_TOKENS) } else { answer }
    }
}

/// Whether to begin with Responses.
pub(crate) fn begins_with_responses(wire: Wire, profile: Profile, model: &str) -> bool {
    match wire {
        Wire::Chat => false,
        Wire::Responses => true,
        Wire::Auto => {
            profile.is_openai() && matches!(Reasoning::of(model), Reasoning::Optional | Reasoning::AlwaysWithoutChat)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_known_by_host_and_port() {
        let cases = [
            ("https://api.openai.com/v1", Profile::OpenAi),
            ("https://eu.api.openai.com/v1", Profile::OpenAi),
            ("https://notopenai.com/v1", Profile::Generic),
            ("https://openrouter.ai/api/v1", Profile::OpenRouter),
            ("https://llm.api.cloud.yandex.net/v1", Profile::Yandex),
            ("http://127.0.0.1:11434/v1", Profile::Ollama),
            ("http://127.0.0.1:8080/v1", Profile::Generic),
        ];
        for (url, profile) in cases {
            assert_eq!(Profile::of(&Url::parse(url).unwrap()), profile, "{url}");
        }
    }

    #[test]
    fn tools_of_reasoning_models_go_to_responses_and_the_rest_to_chat() {
        let cases = [
            ("gpt-4o-mini", false, None),
            ("gpt-4.1", false, None),
            ("gpt-oss-120b", false, None),
            ("gpt-5-mini", false, Some(Effort::Low)),
            ("o3", false, Some(Effort::Low)),
            ("gpt-5.4-mini", true, Some(Effort::None)),
            ("gpt-6-luna", true, Some(Effort::None)),
            ("gpt-6-astra", true, Some(Effort::Low)),
            ("gpt-6.1-sol", true, Some(Effort::Low)),
            ("gpt-7", true, Some(Effort::None)),
        ];
        for (model, responses, effort) in cases {
            assert_eq!(begins_with_responses(Wire::Auto, Profile::OpenAi, model), responses, "{model}");
            assert_eq!(Thinking::of(Profile::OpenAi, model, None).effort, effort, "{model}");
            assert!(!begins_with_responses(Wire::Auto, Profile::Generic, model), "{model}");
        }
    }

    #[test]
    fn thoughts_have_room_of_their_own_and_forbid_a_temperature() {
        let thinking = Thinking::of(Profile::OpenAi, "gpt-6-luna", Some(Effort::Medium));
        assert_eq!((thinking.max_tokens(800), thinking.temperature(0.3)), (4_800, None));
        let quick = Thinking::of(Profile::OpenAi, "gpt-6-luna", None);
        assert_eq!((quick.max_tokens(800), quick.temperature(0.3)), (800, Some(0.3)));
    }
}
