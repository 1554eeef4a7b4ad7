//! What was measured, and whether it is enough.

use serde_json::{Value, json};

/// What must be reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Budget {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
    /// None: told beside the others.
    None,
}

/// One figure of a run, measured several times.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    /// Its name, for programs; stays the same.
    pub(super) name: &'static str,
    /// What it is, for people.
    pub(super) what: String,
    pub(super) unit: &'static str,
    pub(super) budget: Budget,
    /// In the order measured; never empty.
    values: Vec<f64>,
}

impl Figure {
    pub(super) fn new(name: &'static str, what: impl Into<String>, unit: &'static str, values: Vec<f64>) -> Self {
        assert!(!values.is_empty(), "{name} was measured");
        Self { name, what: what.into(), unit, budget: Budget::None, values }
    }

    pub(super) fn at_most(self, budget: f64) -> Self {
        Self { budget: Budget::AtMost(budget), ..self }
    }

    pub(super) fn at_least(self, budget: f64) -> Self {
        Self { budget: Budget::AtLeast(budget), ..self }
    }

    /// The one that is quoted.
    pub(super) fn median(&self) -> f64 {
        median(&self.values)
    }

    /// Least and greatest.
    pub(super) fn range(&self) -> (f64, f64) {
        let least = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        (least, self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }

    /// The median as a share of its budget.
    pub(super) fn share(&self) -> Option<f64> {
        self.limit().filter(|limit| *limit > 0.0).map(|limit| self.median() / limit)
    }

    fn limit(&self) -> Option<f64> {
        match self.budget {
            Budget::AtMost(limit) | Budget::AtLeast(limit) => Some(limit),
            Budget::None => None,
        }
    }

    pub(super) fn missed(&self) -> bool {
        match self.budget {
            Budget::AtMost(limit) => self.median() > limit,
            Budget::AtLeast(limit) => self.median() < limit,
            Budget::None => false,
        }
    }

    pub(super) fn verdict(&self) -> &'static str {
        match self.budget {
            Budget::None => "",
            _ if self.missed() => "missed",
            _ => "ok",
        }
    }

    /// The budget in words.
    pub(super) fn limit_shown(&self) -> String {
        let (sign, limit) = match self.budget {
            Budget::AtMost(limit) => ("≤", limit),
            Budget::AtLeast(limit) => ("≥", limit),
            Budget::None => return String::new(),
        };
        format!("{sign} {} {}", shown(limit), self.unit).trim_end().to_owned()
    }

    /// The median, and between what it lies where that says more.
    pub(super) fn shown(&self) -> String {
        let (least, most) = self.range();
        let median = format!("{} {}", shown(self.median()), self.unit);
        let median = median.trim_end();
        if self.values.len() < 2 || shown(least) == shown(most) {
            return median.to_owned();
        }
        format!("{median} ({}–{})", shown(least), shown(most))
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let (least, most) = self.range();
        json!({"name": self.name, "what": self.what, "unit": self.unit, "median": self.median(), "min": least,
            "max": most, "values": self.values, "budget": self.limit_shown(), "missed": self.missed()})
    }
}

/// The middle one; of an even number the mean of the two in the middle.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.get(middle) {
        None => f64::NAN,
        Some(upper) if sorted.len() % 2 == 1 => *upper,
        Some(upper) => f64::midpoint(sorted[middle - 1], *upper),
    }
}

/// Three figures, or whole ones, as people read them.
pub(super) fn shown(value: f64) -> String {
    let size = value.abs();
    if size >= 1_000.0 {
        let whole = format!("{value:.0}");
        let (sign, digits) = whole.strip_prefix('-').map_or(("", whole.as_str()), |digits| ("-", digits));
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        return format!("{sign}{grouped}");
    }
    let places = if size >= 100.0 || size.fract() == 0.0 {
        0
    } else if size >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(values: &[f64]) -> Figure {
        Figure::new("f", "a figure", "ms", values.to_vec())
    }

    #[test]
    fn the_median_decides_and_equal_is_enough() {
        assert!(!figure(&[1.0, 9.0, 15.0, 90.0, 12.0]).at_most(12.0).missed());
        assert!(figure(&[12.001]).at_most(12.0).missed());
        assert!(figure(&[0.24]).at_least(0.25).missed());
        assert!(!figure(&[0.0]).at_most(0.0).missed());
        assert!(!figure(&[f64::MAX]).missed());
    }

    #[test]
    fn figures_are_shown_with_as_many_digits_as_they_mean() {
        for (value, text) in [
            (0.0, "0"),
            (0.254, "0.25"),
            (4.0, "4"),
            (17.42, "17.4"),
            (579.4, "579"),
            (7_586.2, "7,586"),
            (1_000_000.0, "1,000,000"),
            (-1_234.0, "-1,234"),
        ] {
            assert_eq!(shown(value), text);
        }
        assert_eq!(figure(&[1.0, 3.0, 2.5]).shown(), "2.50 ms (1–3)");
        assert_eq!(figure(&[2.0]).at_most(60.0).limit_shown(), "≤ 60 ms");
    }
}
