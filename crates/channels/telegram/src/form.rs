//! `multipart/form-data` as the Bot API wants it when a file goes along.

use http::HeaderValue;
use serde::Serialize;
use serde_json::Value;
use voronka_core::ports::Picture;

/// Stands between the parts. It is the same for all requests, so that their head is written once.
const BOUNDARY: &str = "voronka-4b7d1e90c2f84a35a6d0e8b39f51c7d2";
const KIND: &str = "multipart/form-data; boundary=voronka-4b7d1e90c2f84a35a6d0e8b39f51c7d2";

/// The content type of [`form`].
pub(crate) fn kind() -> HeaderValue {
    HeaderValue::from_static(KIND)
}

/// The parameters, and pictures by their names. `None`: they are no object, or a picture holds what stands between parts.
pub(crate) fn form(parameters: &impl Serialize, pictures: &[(String, Picture)]) -> Option<Vec<u8>> {
    let Ok(Value::Object(parameters)) = serde_json::to_value(parameters) else { return None };
    let boundary = BOUNDARY.as_bytes();
    let holds_boundary = |picture: &Picture| picture.bytes.windows(boundary.len()).any(|part| part == boundary);
    if pictures.iter().any(|(_, picture)| holds_boundary(picture)) {
        return None;
    }
    let length: usize = pictures.iter().map(|(_, picture)| picture.bytes.len()).sum();
    let mut form = Vec::with_capacity(length + 4096);
    for (name, value) in &parameters {
        // What is nested goes as JSON, a text as it is.
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if value.contains(BOUNDARY) {
            return None;
        }
        part(&format!("name=\"{name}\"\r\n"), value.as_bytes(), &mut form);
    }
    for (name, picture) in pictures {
        let mime = picture.kind.mime();
        let about = format!("name=\"{name}\"; filename=\"{name}\"\r\ncontent-type: {mime}\r\n");
        part(&about, &picture.bytes, &mut form);
    }
    form.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    Some(form)
}

fn part(about: &str, value: &[u8], form: &mut Vec<u8>) {
    form.extend_from_slice(format!("--{BOUNDARY}\r\ncontent-disposition: form-data; {about}\r\n").as_bytes());
    form.extend_from_slice(value);
    form.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use voronka_core::ports::PictureKind;

    use super::*;

    fn picture(bytes: &[u8]) -> [(String, Picture); 1] {
        [("photo".to_owned(), Picture { kind: PictureKind::Png, version: "1".into(), bytes: bytes.into() })]
    }

    #[test]
    fn texts_go_as_they_are_and_what_is_nested_as_json() {
        let parameters = json!({"caption": "Торт \"М\"", "chat_id": -5, "reply_markup": {"inline_keyboard": []}});
        let form = String::from_utf8(form(&parameters, &picture(b"bytes")).unwrap()).unwrap();
        let expected = [
            "--B\r\ncontent-disposition: form-data; name=\"caption\"\r\n\r\nТорт \"М\"\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"chat_id\"\r\n\r\n-5\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"reply_markup\"\r\n\r\n{\"inline_keyboard\":[]}\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"photo\"\r\ncontent-type: image/png\r\n\r\nbytes\r\n",
            "--B--\r\n",
        ];
        assert_eq!(form.replace(BOUNDARY, "B"), expected.concat());
        assert!(KIND.ends_with(BOUNDARY));
    }

    #[test]
    fn no_picture_and_no_word_can_add_a_part() {
        let evil = format!("x\r\n--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"chat_id\"\r\n\r\n1\r\n");
        assert_eq!(form(&json!({}), &picture(evil.as_bytes())), None);
        assert_eq!(form(&json!({"caption": evil}), &picture(b"bytes")), None);
    }
}
