use secrecy::{ExposeSecret, SecretString};

/// Most bytes of a foreign message that are kept.
const MESSAGE_BYTES_MAX: usize = 300;
/// So many characters in a row shared with a private text make a quotation.
const QUOTED_CHARS: usize = 12;
/// A token of so many characters without a dot or a slash may be a key.
const KEY_CHARS: usize = 32;
/// So many digits may be a phone or a card.
const DIGITS: usize = 10;

/// A foreign message that can be shown: one line, short, without keys, addresses and long numbers.
pub(super) fn scrub(message: &str, secrets: &[SecretString]) -> String {
    let mut text = message.to_owned();
    for secret in secrets.iter().map(ExposeSecret::expose_secret).filter(|secret| secret.len() >= 4) {
        text = text.replace(secret, "…");
    }
    let mut clean = String::new();
    for token in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|token| !token.is_empty()) {
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.push_str(if looks_private(token) { "…" } else { token });
    }
    clean.truncate(clean.floor_char_boundary(MESSAGE_BYTES_MAX));
    clean
}

fn looks_private(token: &str) -> bool {
    let bare = token.trim_matches(|c: char| !c.is_alphanumeric());
    let like_key = bare.len() >= KEY_CHARS && !bare.contains(['.', '/', ':']) || bare.starts_with("sk-");
    like_key || token.contains('@') || bare.chars().filter(char::is_ascii_digit).count() >= DIGITS
}

/// Whether a message repeats a part of a private text.
pub(super) fn quotes(message: &str, private: &[&str]) -> bool {
    let starts: Vec<usize> = message.char_indices().map(|(at, _)| at).chain([message.len()]).collect();
    starts.windows(QUOTED_CHARS + 1).any(|window| {
        let piece = &message[window[0]..window[QUOTED_CHARS]];
        private.iter().any(|text| text.contains(piece))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_phones_and_addresses_are_cut_and_the_rest_stays() {
        let secrets = [SecretString::from("сезам-7")];
        let message = "Incorrect API key provided: sk-abc***xyz.\n Bearer 0123456789abcdef0123456789abcdef, +79161234567 \
                       anna@example.org, сезам-7; model gpt-4o-mini-2024-07-18 at https://platform.openai.com/account/api-keys";
        assert_eq!(
            scrub(message, &secrets),
            "Incorrect API key provided: … Bearer … … … …; model gpt-4o-mini-2024-07-18 at \
             https://platform.openai.com/account/api-keys"
        );
        assert!(scrub(&"я ".repeat(1_000), &[]).len() <= MESSAGE_BYTES_MAX);
    }

    #[test]
    fn a_quotation_is_noticed() {
        let private = ["Секретное слово: рододендрон"];
        assert!(quotes("bad value: 'слово: рододендрон'", &private));
        assert!(!quotes("bad value: 'слово'", &private));
        assert!(!quotes("", &private));
    }
}
