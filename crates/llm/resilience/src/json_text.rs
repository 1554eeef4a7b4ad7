/// How many bytes are looked at together.
const AT_ONCE: usize = 32;

/// Writes a text as JSON. The same as serde_json does, but letters that stand for themselves are looked at many at a time:
/// prompts are long.
pub fn write_json_text(text: &str, onto: &mut Vec<u8>) {
    onto.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let plain = plain(rest);
        onto.extend_from_slice(&rest[..plain]);
        let Some(&byte) = rest.get(plain) else { break };
        escape(byte, onto);
        rest = &rest[plain + 1..];
    }
    onto.push(b'"');
}

/// How many bytes from the beginning stand for themselves.
fn plain(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<AT_ONCE>();
    let clean = blocks.iter().take_while(|block| block.iter().fold(0, |found, &byte| found | special(byte)) == 0);
    let from = clean.count() * AT_ONCE;
    bytes[from..].iter().position(|&byte| special(byte) != 0).map_or(bytes.len(), |at| from + at)
}

/// 1 for control characters, quotes and backslashes (RFC 8259 §7). Sums without a branch: the compiler looks at many at a time.
fn special(byte: u8) -> u8 {
    u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\')
}

fn escape(byte: u8, onto: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            onto.extend_from_slice(b"\\u00");
            onto.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0xf)]]);
            return;
        }
    };
    onto.extend([b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str) {
        let mut written = Vec::new();
        write_json_text(text, &mut written);
        assert_eq!(String::from_utf8(written).unwrap(), serde_json::to_string(text).unwrap());
    }

    #[test]
    fn every_character_of_ascii_is_written_as_serde_json_does() {
        let all: String = (0..=0x7f_u8).map(char::from).collect();
        check(&all);
        check("");
        check(&format!("{}\"{}\n", "я".repeat(40), "x".repeat(31)));
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_serde_json_does(text in "(?s).{0,200}") {
            check(&text);
        }
    }
}
