//! Whom a broadcast means, in words where there are words for its condition.

use super::words::Words;

/// Whom it means.
pub(super) enum Meant {
    /// All who have spoken.
    All,
    /// Whoever these words name.
    Told(String),
    /// Whoever this condition holds for, as the file has it.
    Written(String),
}

impl Meant {
    /// By the broadcast's condition, if it has one.
    pub(super) fn by(w: Words, condition: Option<&str>) -> Self {
        let Some(condition) = condition else { return Self::All };
        told(w, condition).map_or_else(|| Self::Written(condition.to_owned()), Self::Told)
    }
}

/// Comparisons of what is known of a lead, each with a plain word, and all of them wanted.
fn told(w: Words, condition: &str) -> Option<String> {
    let words: Vec<&str> = condition.split_whitespace().collect();
    let parts = words.chunks(4).map(|part| match part {
        [name, sign, value] | [name, sign, value, "and"] => one(w, name, sign, value),
        _ => None,
    });
    let parts: Vec<String> = parts.collect::<Option<_>>()?;
    let and = format!(" {} ", w.t("meant-and"));
    Some(w.with("meant", "what", &parts.join(&and)))
}

fn one(w: Words, name: &str, sign: &str, value: &str) -> Option<String> {
    if !value.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-')) {
        return None;
    }
    let how = match sign {
        "=" | "==" => "is",
        "!=" => "not",
        ">=" => "from",
        "<" => "below",
        _ => return None,
    };
    let key = match (name, how) {
        ("lead.temperature", "is" | "not") => "temperature",
        ("lead.stage", "is" | "not") => "stage",
        ("lead.segment", "is" | "not") => "segment",
        ("lead.score", "from" | "below") => "score",
        _ => return None,
    };
    let value = if key == "temperature" { w.word("meant", value) } else { value.to_owned() };
    Some(w.with(&format!("meant-{key}-{how}"), "value", &value))
}

#[cfg(test)]
mod tests {
    use voronka_core::lang::Lang;

    use super::*;

    #[test]
    fn what_partners_ask_of_a_lead_is_told_in_words_and_anything_else_as_the_file_has_it() {
        let told = |condition: &str| [Lang::Ru, Lang::En].map(|lang| told(Words::of(lang), condition));
        let words = |ru: &str, en: &str| [Some(ru.to_owned()), Some(en.to_owned())];
        assert_eq!(
            told("lead.temperature != cold"),
            words("тем, у кого лид не холодный", "those whose lead is not cold")
        );
        assert_eq!(
            told("lead.stage = заказ and lead.score >= 40"),
            words(
                "тем, у кого этап «заказ» и баллов не меньше 40",
                "those whose stage is “заказ” and score is at least 40"
            )
        );
        for other in [
            "lead.temperature = cold or lead.score < 5",
            "not lead.stage = заказ",
            "has(answers.разговор)",
            "lead.stage = «не берёт трубку»",
            "lead.score > 5",
            "cart.count = 0",
        ] {
            assert_eq!(told(other), [None, None], "{other}");
        }
    }
}
