use std::time::Duration;

use http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};
use jiff::fmt::rfc2822;
use secrecy::SecretString;
use serde_json::Value;
use voronka_core::ports::ModelError;

use super::scrub::{quotes, scrub};

/// A vendor's refusal, whatever its shape: `{"error":{…}}` of OpenAI and those who speak its protocol, gRPC statuses, plain
/// texts, a proxy's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status; of an error within a stream, the one it names or 200.
    pub status: u16,
    /// The vendor's own codes: `code` and `type`, joined; empty if none.
    pub code: String,
    /// A gRPC status.
    pub grpc: Option<u16>,
    /// What the vendor says, short and without keys. It may quote the request: see [`Refusal::to_error`].
    pub message: String,
    /// When to come back.
    pub after: Option<Duration>,
    /// What the vendor thinks of trying again.
    pub should_retry: Option<bool>,
}

impl Refusal {
    pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8], secrets: &[SecretString]) -> Self {
        let text = String::from_utf8_lossy(body);
        let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        // Some servers wrap the error into a list.
        let value = value.get(0).unwrap_or(&value);
        let error = value.get("error").filter(|error| !error.is_null()).unwrap_or(value);
        let message = match error {
            Value::String(message) => message.as_str(),
            Value::Object(_) => error["message"].as_str().unwrap_or_default(),
            _ if text.trim_start().starts_with('<') => "", // A page: its text is no message.
            _ => &text,
        };
        let numbers = [&error["grpcCode"], &error["httpCode"], &error["code"], &value["code"]].map(number);
        // gRPC counts to 16, HTTP from 100: whoever puts which where, they cannot be confused.
        let grpc = numbers.iter().flatten().copied().find(|&code| (1..=16).contains(&code));
        let named = numbers.iter().flatten().copied().find(|code| (400..600).contains(code));
        let words = [&error["code"], &error["type"], &value["type"]].map(|word| word.as_str().unwrap_or_default());
        Self {
            status: if status < 300 { named.unwrap_or(status) } else { status },
            code: scrub(words.join(" ").trim(), secrets),
            grpc,
            after: asked_pause(headers, message),
            message: scrub(message, secrets),
            should_retry: headers.get("x-should-retry").and_then(|value| value.to_str().ok()?.parse().ok()),
        }
    }

    /// What it means. A message that quotes a `private` text is not repeated.
    pub fn to_error(&self, private: &[&str]) -> ModelError {
        let error = self.meaning(private);
        match (self.should_retry, &error) {
            (Some(true), ModelError::Refused(why)) => ModelError::Unavailable(why.clone()),
            (Some(false), ModelError::Unavailable(why)) => ModelError::Refused(why.clone()),
            (Some(false), ModelError::Limited { .. }) => ModelError::Quota,
            _ => error,
        }
    }

    fn meaning(&self, private: &[&str]) -> ModelError {
        let says = |words: &[&str]| {
            let (code, message) = (self.code.to_lowercase(), self.message.to_lowercase());
            words.iter().any(|word| code.contains(word) || message.contains(word))
        };
        let too_long = [
            "context_length_exceeded",
            "exceed_context_size",
            "context length",
            "context size",
            "too many tokens",
            "prompt is too long",
            "number of input tokens",
        ];
        let filtered = ["content_policy", "content_filter", "invalid_prompt", "flagged", "moderation", "bio_policy"];
        let no_money = ["insufficient_quota", "billing", "insufficient balance", "spend limit", "out of credit"];
        let slow = ["rate_limit", "rate limit", "too many requests"];
        let senseless = ["invalid_request", "data_residency", "invalid_image"];
        match self.http() {
            // 2xx: an error within an answer that had begun well; all that it has is words.
            400 | 422 | 200..300 if says(&too_long) => ModelError::TooLong,
            413 => ModelError::TooLong,
            400 | 403 | 200..300 if says(&filtered) => ModelError::Filtered,
            401 => ModelError::Unauthorised,
            402 => ModelError::Quota,
            429 | 403 | 200..300 if says(&no_money) => ModelError::Quota,
            200..300 if says(&senseless) => ModelError::Refused(self.told(private)),
            501 => ModelError::Refused(self.told(private)),
            429 => ModelError::Limited { after: self.after },
            // Whoever names a time is not down: he asks to come back.
            500..600 if self.after.is_some() => ModelError::Limited { after: self.after },
            200..300 if says(&slow) => ModelError::Limited { after: self.after },
            408 | 409 | 500..600 | 200..300 => ModelError::Unavailable(self.told(private)),
            _ => ModelError::Refused(self.told(private)),
        }
    }

    /// The HTTP status, or what a gRPC status would be there.
    fn http(&self) -> u16 {
        match self.grpc {
            None | Some(0 | 2) => self.status,
            Some(4) => 504,
            Some(5) => 404,
            Some(7) => 403,
            Some(8) => 429,
            Some(12) => 501,
            Some(1 | 10 | 14) => 503,
            Some(13 | 15) => 500,
            Some(16) => 401,
            Some(_) => 400,
        }
    }

    /// The refusal in words: status, code, and the message unless it quotes.
    fn told(&self, private: &[&str]) -> String {
        let mut told = format!("status {}", self.status);
        for part in [&self.code, &self.message].into_iter().filter(|part| !part.is_empty() && !quotes(part, private)) {
            told.push_str(", ");
            told.push_str(part);
        }
        if self.code.contains("unsupported_country") || self.message.contains("Country, region") {
            told.push_str(" (hint: set base_url or proxy, or use another provider)");
        }
        told
    }
}

fn number(value: &Value) -> Option<u16> {
    let number = match value {
        Value::String(text) => text.parse().ok()?,
        _ => value.as_u64()?,
    };
    u16::try_from(number).ok()
}

/// When the vendor wants to be asked again: the first of its ways to say it that can be read.
fn asked_pause(headers: &HeaderMap, message: &str) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let millis = || Duration::try_from_secs_f64(text("retry-after-ms")?.parse::<f64>().ok()? / 1_000.0).ok();
    let seconds = || Duration::try_from_secs_f64(text(RETRY_AFTER.as_str())?.parse().ok()?).ok();
    let date = || {
        // The vendor's own clock is what its date is measured by.
        let [then, now] = [RETRY_AFTER.as_str(), DATE.as_str()].map(|name| rfc2822::parse(text(name)?).ok());
        Some(then?.timestamp().duration_since(now?.timestamp()).unsigned_abs())
    };
    millis().or_else(seconds).or_else(date).or_else(|| named_pause(message))
}

/// "Please try again in 1m2.5s", "… in 20ms".
fn named_pause(message: &str) -> Option<Duration> {
    let (_, rest) = message.split_once("try again in ")?;
    let mut rest = rest;
    let mut total = Duration::ZERO;
    let mut found = false;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let Ok(count) = rest[..digits].parse::<f64>() else { break };
        let unit = &rest[digits..];
        let (seconds, length) = match unit.trim_start() {
            u if u.starts_with("ms") => (0.001, 2),
            u if u.starts_with('s') => (1.0, 1),
            u if u.starts_with('m') => (60.0, 1),
            u if u.starts_with('h') => (3_600.0, 1),
            _ => break,
        };
        total = total.checked_add(Duration::try_from_secs_f64(count * seconds).ok()?)?;
        found = true;
        rest = &unit.trim_start()[length..];
    }
    found.then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, headers: &[(&'static str, &str)], body: &str) -> ModelError {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Refusal::read(status, &map, body.as_bytes(), &[]).to_error(&[])
    }

    fn limited(millis: u64) -> ModelError {
        ModelError::Limited { after: Some(Duration::from_millis(millis)) }
    }

    #[test]
    fn codes_of_many_vendors_mean_one_thing() {
        let cases = [
            (400, r#"{"error":{"code":"context_length_exceeded","message":"m"}}"#, ModelError::TooLong),
            (400, r#"{"error":{"code":400,"type":"exceed_context_size_error","n_ctx":4096}}"#, ModelError::TooLong),
            (400, r#"{"error":{"code":"content_policy_violation","message":null}}"#, ModelError::Filtered),
            (401, r#"{"error":{"code":"invalid_api_key"}}"#, ModelError::Unauthorised),
            (401, "", ModelError::Unauthorised),
            (402, r#"{"error":{"code":402,"message":"Insufficient credits"}}"#, ModelError::Quota),
            (403, r#"{"error":{"code":403,"message":"Your input was flagged"}}"#, ModelError::Filtered),
            (429, r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}"#, ModelError::Quota),
            (429, "slow down", ModelError::Limited { after: None }),
            (429, r#"{"error":{"message":"Please try again in 20ms."}}"#, limited(20)),
            (429, r#"{"error":{"message":"Please try again in 1m2.5s. Visit"}}"#, limited(62_500)),
            (400, r#"{"error":{"grpcCode":8,"httpCode":429,"message":"quota"}}"#, ModelError::Limited { after: None }),
            (500, r#"{"code":16,"message":"Unknown api key","details":[]}"#, ModelError::Unauthorised),
            (200, r#"{"error":{"code":429,"message":"upstream"}}"#, ModelError::Limited { after: None }),
            (413, "<html>", ModelError::TooLong),
        ];
        for (status, body, expected) in cases {
            assert_eq!(read(status, &[], body), expected, "{status} {body}");
        }
    }

    #[test]
    fn what_an_operator_needs_is_told() {
        let refused = |status, body| match read(status, &[], body) {
            ModelError::Refused(why) | ModelError::Unavailable(why) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(404, r#"{"error":"model 'x' not found"}"#), "status 404, model 'x' not found");
        assert_eq!(
            refused(503, r#"{"error":{"code":503,"type":"unavailable_error","message":"Loading model"}}"#),
            "status 503, unavailable_error, Loading model"
        );
        assert_eq!(refused(502, "<html><body>Bad gateway</body></html>"), "status 502");
        assert_eq!(refused(308, ""), "status 308");
        assert!(
            refused(403, r#"{"error":{"code":"unsupported_country_region_territory","message":"Country, region"}}"#)
                .contains("hint")
        );
    }

    #[test]
    fn the_pause_is_read_in_all_its_forms() {
        let date = [("date", "Fri, 20 Nov 2026 10:00:00 GMT"), ("retry-after", "Fri, 20 Nov 2026 10:00:05 GMT")];
        assert_eq!(read(429, &date, ""), limited(5_000));
        assert_eq!(read(429, &[("retry-after", "0.5")], ""), limited(500));
        assert_eq!(read(429, &[("retry-after-ms", "250"), ("retry-after", "1")], ""), limited(250));
        assert_eq!(read(500, &[("retry-after", "1")], ""), limited(1_000));
        assert_eq!(read(429, &[("retry-after", "-1")], ""), ModelError::Limited { after: None });
        assert_eq!(read(429, &[("retry-after", "soon")], ""), ModelError::Limited { after: None });
    }

    #[test]
    fn a_vendor_may_say_that_trying_again_is_vain() {
        assert!(matches!(read(500, &[("x-should-retry", "false")], ""), ModelError::Refused(_)));
        assert!(matches!(read(400, &[("x-should-retry", "true")], ""), ModelError::Unavailable(_)));
    }

    #[test]
    fn a_message_that_quotes_the_customer_is_not_repeated() {
        let body = r#"{"error":{"code":"bad","message":"bad value: Мой адрес: ул. Мира"}}"#;
        let refusal = Refusal::read(400, &HeaderMap::new(), body.as_bytes(), &[]);
        assert_eq!(refusal.to_error(&["Мой адрес: ул. Мира, 5"]), ModelError::Refused("status 400, bad".into()));
    }
}
