//! Contacts, parsed once: whoever holds a [`Phone`] or an [`Email`] need not check it again.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest text that is tried as a contact, in characters.
const CONTACT_CHARS_MAX: usize = 100;

/// A text that is no contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAContact {
    /// Not a phone number that can exist.
    #[error("not a phone number")]
    Phone,
    /// Not an e-mail address.
    #[error("not an e-mail address")]
    Email,
}

/// A phone number in E.164 (`+79991234567`).
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people write it. `country` (ISO 3166, e.g. `RU`) is assumed where no code is given; in Russia a
    /// leading 8 is the trunk prefix, and messengers that drop the `+` are understood.
    pub fn parse(text: &str, country: &str) -> Result<Self, NotAContact> {
        if text.chars().count() > CONTACT_CHARS_MAX {
            return Err(NotAContact::Phone);
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let plus = text.trim_start().starts_with('+');
        let spelled = match (plus, country, digits.len()) {
            (false, "RU" | "KZ", 11) if digits.starts_with('8') => format!("+7{}", &digits[1..]),
            (false, "RU" | "KZ", 11) if digits.starts_with('7') => format!("+{digits}"),
            (false, "RU" | "KZ", 10) if digits.starts_with('9') => format!("+7{digits}"),
            (true, _, _) => format!("+{digits}"),
            (false, ..) => digits,
        };
        let region = country.parse::<phonenumber::country::Id>().ok();
        let number = phonenumber::parse(region, &spelled).map_err(|_| NotAContact::Phone)?;
        if !phonenumber::is_valid(&number) && !is_dialled_at_home(&number, country, &spelled) {
            return Err(NotAContact::Phone);
        }
        Ok(Self(number.format().mode(phonenumber::Mode::E164).to_string()))
    }

    /// The number in E.164.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// All but the last two digits hidden: `+7•••••••••67`, for places that need not know it.
    pub fn masked(&self) -> String {
        let keep = self.0.len().saturating_sub(2);
        self.0.char_indices().map(|(at, c)| if at < 2 || at >= keep { c } else { '•' }).collect()
    }
}

/// Whether a number is written as it is dialled within its country, trunk prefix first, and has the form that all numbers have
/// there. The table of ranges in use is always older than some number.
fn is_dialled_at_home(number: &phonenumber::PhoneNumber, country: &str, digits: &str) -> bool {
    let Some(plan) = phonenumber::metadata::DATABASE.by_id(country) else { return false };
    let trunk = plan.national_prefix().is_some_and(|prefix| digits.starts_with(prefix));
    trunk && plan.descriptors().general().is_match(&number.national().to_string())
}

impl TryFrom<String> for Phone {
    type Error = NotAContact;
    fn try_from(text: String) -> Result<Self, NotAContact> {
        // Stored numbers are E.164 already: only the shape is checked again.
        let shape =
            text.starts_with('+') && (8..=16).contains(&text.len()) && text[1..].bytes().all(|b| b.is_ascii_digit());
        if shape { Ok(Self(text)) } else { Err(NotAContact::Phone) }
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

/// For people: `+7 999 123-45-67`; other countries as the numbering plan has it.
impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.strip_prefix("+7") {
            Some(rest) if rest.len() == 10 => {
                write!(f, "+7 {} {}-{}-{}", &rest[..3], &rest[3..6], &rest[6..8], &rest[8..])
            }
            _ => f.write_str(&self.0),
        }
    }
}

/// Masked: a phone is personal data and debug output ends up in logs.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

/// An e-mail address, in lower case.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Reads an address: one `@`, a name, a domain with a dot. Whether it exists only a letter can tell.
    pub fn parse(text: &str) -> Result<Self, NotAContact> {
        let text = text.trim();
        let (name, domain) = text.split_once('@').ok_or(NotAContact::Email)?;
        let name_fits = (1..=64).contains(&name.len())
            && !name.starts_with('.')
            && !name.ends_with('.')
            && !name.contains("..")
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._%+-".contains(c));
        let labels: Vec<&str> = domain.split('.').collect();
        let domain_fits = domain.len() <= 190
            && labels.len() >= 2
            && labels.iter().all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            });
        if name_fits && domain_fits { Ok(Self(text.to_lowercase())) } else { Err(NotAContact::Email) }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = NotAContact;
    fn try_from(text: String) -> Result<Self, NotAContact> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

/// Hidden: personal data.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(•)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn russian_spellings_become_one_number() {
        for text in
            ["+7 999 123-45-67", "8 (999) 123 45 67", "89991234567", "79991234567", "9991234567", "+79991234567"]
        {
            assert_eq!(Phone::parse(text, "RU").unwrap().as_str(), "+79991234567", "{text}");
        }
        assert_eq!(Phone::parse("89991234567", "RU").unwrap().to_string(), "+7 999 123-45-67");
        assert_eq!(Phone::parse("+44 20 7946 0958", "RU").unwrap().as_str(), "+442079460958");
    }

    #[test]
    fn a_number_of_the_partners_country_is_read_as_it_is_dialled_there() {
        // In use, and in a range that no table lists.
        for (text, expected) in [("07911 123456", "+447911123456"), ("07700 900123", "+447700900123")] {
            assert_eq!(Phone::parse(text, "GB").map(String::from).as_deref(), Ok(expected), "{text}");
        }
        for text in ["07700 9001", "0 12 34", "00700 900123"] {
            assert_eq!(Phone::parse(text, "GB"), Err(NotAContact::Phone), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_number_is_refused() {
        for text in ["", "12", "торт на 12 человек", "+7 999", "00000000000", &"9".repeat(200)] {
            assert_eq!(Phone::parse(text, "RU"), Err(NotAContact::Phone), "{text}");
        }
    }

    #[test]
    fn debug_output_hides_contacts() {
        let phone = Phone::parse("+79991234567", "RU").unwrap();
        assert_eq!(format!("{phone:?}"), "Phone(+7••••••••67)");
        assert_eq!(format!("{:?}", Email::parse("a@b.ru").unwrap()), "Email(•)");
    }

    #[test]
    fn addresses_are_read_and_lowered() {
        assert_eq!(Email::parse(" Anna@Mail.RU ").unwrap().as_str(), "anna@mail.ru");
        for text in ["", "a", "a@b", "@b.ru", "a@b..ru", "a b@c.ru", ".a@b.ru"] {
            assert!(Email::parse(text).is_err(), "{text}");
        }
    }
}
