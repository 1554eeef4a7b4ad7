//! Money in minor units: no fraction is ever rounded by accident.

use std::{fmt, iter::Sum};

use serde::{Deserialize, Serialize};

/// A currency by its ISO 4217 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// A currency code that is not three Latin letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three Latin letters, found \"{0}\"")]
pub struct BadCurrency(pub String);

impl Currency {
    /// Russian rouble.
    pub const RUB: Self = Self(*b"RUB");
    /// US dollar.
    pub const USD: Self = Self(*b"USD");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");

    /// Reads an ISO 4217 code in any case.
    pub fn parse(code: &str) -> Result<Self, BadCurrency> {
        match code.as_bytes() {
            [a, b, c] if code.bytes().all(|x| x.is_ascii_alphabetic()) => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase(), c.to_ascii_uppercase()]))
            }
            _ => Err(BadCurrency(code.chars().take(10).collect())),
        }
    }

    /// The ISO code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// The sign people write, or the code where there is none.
    pub fn sign(&self) -> &str {
        match &self.0 {
            b"RUB" => "₽",
            b"USD" => "$",
            b"EUR" => "€",
            b"KZT" => "₸",
            b"GBP" => "£",
            _ => self.code(),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = BadCurrency;
    fn try_from(code: String) -> Result<Self, BadCurrency> {
        Self::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

/// An amount in hundredths of its currency (kopecks, cents).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Hundredths.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// An amount in hundredths.
    pub const fn minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// An amount in whole units.
    pub const fn whole(units: i64, currency: Currency) -> Self {
        Self { minor: units * 100, currency }
    }

    /// The sum, or `None` when the currencies differ or the amount overflows.
    pub fn plus(self, other: Self) -> Option<Self> {
        let same = self.currency == other.currency;
        same.then(|| self.minor.checked_add(other.minor)).flatten().map(|minor| Self { minor, ..self })
    }

    /// The amount `count` times, or `None` on overflow.
    pub fn times(self, count: u32) -> Option<Self> {
        self.minor.checked_mul(i64::from(count)).map(|minor| Self { minor, ..self })
    }
}

/// As Russian and English shops print it: `4 200 ₽`, `1 490,50 ₽` with no-break spaces.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, rest) = (self.minor.unsigned_abs() / 100, self.minor.unsigned_abs() % 100);
        if self.minor < 0 {
            f.write_str("−")?;
        }
        let digits = units.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str("\u{a0}")?;
            }
            write!(f, "{digit}")?;
        }
        if rest != 0 {
            write!(f, ",{rest:02}")?;
        }
        write!(f, "\u{a0}{}", self.currency.sign())
    }
}

/// `None` when the amounts are of several currencies, overflow, or there are none.
impl Sum<Money> for Option<Money> {
    fn sum<I: Iterator<Item = Money>>(mut amounts: I) -> Self {
        let first = amounts.next()?;
        amounts.try_fold(first, Money::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_prints_with_no_break_spaces() {
        assert_eq!(Money::whole(4200, Currency::RUB).to_string(), "4\u{a0}200\u{a0}₽");
        assert_eq!(Money::minor(149_050, Currency::RUB).to_string(), "1\u{a0}490,50\u{a0}₽");
        assert_eq!(Money::whole(1_234_567, Currency::RUB).to_string(), "1\u{a0}234\u{a0}567\u{a0}₽");
    }

    #[test]
    fn amounts_of_two_currencies_do_not_add_up() {
        assert_eq!(Money::whole(1, Currency::RUB).plus(Money::whole(1, Currency::USD)), None);
        assert_eq!(Money::minor(i64::MAX, Currency::RUB).plus(Money::whole(1, Currency::RUB)), None);
    }
}
