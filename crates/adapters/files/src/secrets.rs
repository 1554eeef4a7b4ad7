//! `.env`: secrets by name, for this partner alone.

use std::{collections::BTreeMap, fmt};

use secrecy::SecretString;
use voronka_core::spec::config::{SecretRef, Setting};

/// Longest `.env`, in bytes.
pub(crate) const ENV_BYTES_MAX: usize = 64 << 10;

/// A `.env` that cannot be read; never says what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadEnv {
    /// A line that is no `NAME=value`.
    #[error(".env, line {line}: expected NAME=value")]
    Line {
        /// The line, from 1.
        line: usize,
    },
    /// Longer than 64 KiB.
    #[error(".env is longer than 64 KiB")]
    TooLong,
    /// Not UTF-8.
    #[error(".env is not UTF-8")]
    NotText,
}

/// A partner's secrets. They are not put into the process environment, nor read from it.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, SecretString>);

impl Secrets {
    /// Reads the text of a `.env`: `NAME=value` lines, `#` comments, optional `export` and quotes.
    ///
    /// `$` in values means itself. The usual crates replace `$NAME` by the process environment, which would hand one partner
    /// what belongs to the host, and breaks passwords with a `$`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadEnv> {
        if bytes.len() > ENV_BYTES_MAX {
            return Err(BadEnv::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| BadEnv::NotText)?;
        let mut secrets = BTreeMap::new();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = assignment(line).ok_or(BadEnv::Line { line: number + 1 })?;
            secrets.insert(name.to_owned(), SecretString::from(value));
        }
        Ok(Self(secrets))
    }

    /// These secrets, for tests and embedders.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), SecretString::from(value.to_owned()))).collect())
    }

    /// Secrets that are kept elsewhere than in a `.env`.
    pub fn kept(pairs: impl IntoIterator<Item = (String, SecretString)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// These, and those that are kept elsewhere: where both have a name, what is kept elsewhere holds. It was given later, by a
    /// command or a page that cannot write the file.
    #[must_use]
    pub fn beneath(mut self, kept: &Self) -> Self {
        self.0.extend(kept.0.iter().map(|(name, value)| (name.clone(), value.clone())));
        self
    }

    /// Names that both hold.
    pub fn doubled(&self, kept: &Self) -> Vec<String> {
        self.0.keys().filter(|name| kept.0.contains_key(*name)).cloned().collect()
    }

    /// The secret of this name; an empty one counts as missing.
    pub fn get(&self, secret: &SecretRef) -> Option<&SecretString> {
        use secrecy::ExposeSecret as _;
        self.0.get(&*secret.0).filter(|value| !value.expose_secret().is_empty())
    }

    /// Whether both hold the same.
    pub fn same(&self, other: &Self) -> bool {
        use secrecy::ExposeSecret as _;
        let equal = |((name, value), (other, its)): ((&String, &SecretString), (&String, &SecretString))| {
            name == other && value.expose_secret() == its.expose_secret()
        };
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(equal)
    }

    /// The value of a setting, from the file or from here.
    pub fn resolve(&self, setting: &Setting) -> Option<SecretString> {
        match setting {
            Setting::Plain(text) => Some(SecretString::from(text.clone())),
            Setting::Secret(secret) => self.get(secret).cloned(),
        }
    }
}

/// Names only.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn assignment(line: &str) -> Option<(&str, String)> {
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    fits.then_some(())?;
    let value = value.trim();
    let value = match value.chars().next() {
        Some('\'') => quoted(value, '\'')?.to_owned(),
        Some('"') => unescaped(quoted(value, '"')?),
        _ => {
            let cut = value.find(" #").or_else(|| value.find("\t#")).unwrap_or(value.len());
            value[..cut].trim_end().to_owned()
        }
    };
    Some((name, value))
}

/// What stands between quotes; behind them only a comment may follow.
fn quoted(value: &str, quote: char) -> Option<&str> {
    let mut escaped = false;
    let inner = &value[1..];
    let end = inner.char_indices().find_map(|(at, letter)| {
        let ends = letter == quote && !escaped;
        escaped = quote == '"' && letter == '\\' && !escaped;
        ends.then_some(at)
    })?;
    let rest = inner[end + 1..].trim_start();
    (rest.is_empty() || rest.starts_with('#')).then(|| &inner[..end])
}

fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            (plain, false) => text.push(plain),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn value(env: &str, name: &str) -> Option<String> {
        let secrets = Secrets::parse(env.as_bytes()).unwrap();
        secrets.get(&SecretRef(name.into())).map(|value| value.expose_secret().to_owned())
    }

    #[test]
    fn values_are_read_with_quotes_comments_and_dollars() {
        let env = "# ключи\nexport A=1:b-c # бот\nB = 'x #y'\nC=\"p\\\"q\\nr\"\nD=pa$HOME${PATH}\nE=\nF=#x\n";
        for (name, expected) in [("A", "1:b-c"), ("B", "x #y"), ("C", "p\"q\nr"), ("D", "pa$HOME${PATH}"), ("F", "#x")]
        {
            assert_eq!(value(env, name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(value(env, "E"), None);
        assert_eq!(value("\u{feff}A=1", "A").as_deref(), Some("1"));
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_alone() {
        for (env, line) in [("A=1\nсекрет", 2), ("1A=2", 1), ("A='x", 1), ("A=\"x\" y", 1), ("=x", 1)] {
            assert_eq!(Secrets::parse(env.as_bytes()).unwrap_err(), BadEnv::Line { line }, "{env}");
        }
        assert_eq!(Secrets::parse(&[0xff]).unwrap_err(), BadEnv::NotText);
        assert_eq!(Secrets::parse(&vec![b'#'; ENV_BYTES_MAX + 1]).unwrap_err(), BadEnv::TooLong);
    }

    #[test]
    fn what_is_kept_elsewhere_holds_and_what_both_name_is_known() {
        let (env, kept) = (Secrets::of([("A", "1"), ("B", "2")]), Secrets::of([("B", "3"), ("C", "4")]));
        assert_eq!(env.doubled(&kept), ["B"]);
        let all = env.beneath(&kept);
        for (name, expected) in [("A", "1"), ("B", "3"), ("C", "4")] {
            assert_eq!(all.get(&SecretRef(name.into())).unwrap().expose_secret(), expected);
        }
    }

    #[test]
    fn debug_output_has_names_and_no_values() {
        let secrets = Secrets::of([("TOKEN", "123:abc")]);
        assert_eq!(format!("{secrets:?}"), "{\"TOKEN\"}");
    }
}
