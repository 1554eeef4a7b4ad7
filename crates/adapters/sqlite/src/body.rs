//! The words of a message stand in its body too, as a JSON string. They are stored once: in the stored body a hole takes their
//! place. The hole is a control character, which JSON has in escaped form only, so that nothing else can be taken for it, and
//! bodies that were stored whole read as before.

use crate::problem::Problem;

const HOLE: char = '\u{1}';
/// Shorter words are not worth looking for.
const WORDS_BYTES_MIN: usize = 16;

/// The body without the words; `None`: it is stored as it is.
pub(crate) fn hollow(body: &str, words: &str) -> Result<Option<String>, Problem> {
    if body.contains(HOLE) {
        return Err(Problem::failed("a message's body is no JSON"));
    }
    if words.len() < WORDS_BYTES_MIN {
        return Ok(None);
    }
    let Ok(literal) = serde_json::to_string(words) else { return Ok(None) };
    let Some(at) = body.find(&literal) else { return Ok(None) };
    let (before, after) = (&body[..at], &body[at + literal.len()..]);
    let mut hollow = String::with_capacity(before.len() + after.len() + 1);
    hollow.push_str(before);
    hollow.push(HOLE);
    hollow.push_str(after);
    Ok(Some(hollow))
}

/// The body as it was before [`hollow`].
pub(crate) fn whole(stored: String, words: &str) -> Result<String, Problem> {
    let Some((before, after)) = stored.split_once(HOLE) else { return Ok(stored) };
    let literal = serde_json::to_string(words).map_err(|_| Problem::Unreadable("message"))?;
    Ok([before, &literal, after].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn words_that_stand_in_the_body_are_stored_once() {
        let words = "Торт «Медовик» стоит 2 400 ₽.\n\"Да\"";
        let body = json!({"text": words, "purpose": "service"}).to_string();
        let stored = hollow(&body, words).unwrap().unwrap();
        assert!(!stored.contains("Торт"), "{stored}");
        assert_eq!(whole(stored, words).unwrap(), body);
        assert_eq!(hollow(&body, "Другие слова, которых там нет").unwrap(), None, "markup makes them differ");
        assert_eq!(whole(body.clone(), "Другие слова").unwrap(), body, "as older versions stored it");
        assert!(hollow("{\"text\":\"\u{1}\"}", words).is_err());
    }

    proptest! {
        #[test]
        fn any_words_come_back(words in "\\PC*|(?s).{0,60}", more in "\\PC{0,20}") {
            let body = json!({"more": more, "text": words, "again": words}).to_string();
            let stored = hollow(&body, &words).unwrap().unwrap_or_else(|| body.clone());
            prop_assert_eq!(whole(stored, &words).unwrap(), body);
        }
    }
}
