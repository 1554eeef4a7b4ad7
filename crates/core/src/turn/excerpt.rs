//! What a passage answers without a model: the paragraph that bears on the question, not the whole page.

use crate::{lang::normal::Words, spec::rich::Rich};

/// A passage up to this length is said whole, in characters.
const WHOLE_CHARS_MAX: usize = 280;
/// Longest excerpt, in characters.
const EXCERPT_CHARS_MAX: usize = 600;
/// Shorter words say little of what is asked.
const STEM_CHARS_MIN: usize = 3;

/// What kind of figure a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    None,
    /// «сколько дней», «до скольки», «когда»
    Any,
    /// «сколько стоит», «почём»
    Price,
}

/// The part of a passage that bears on the question: it shares most words with it, under a heading that does, and where a
/// figure is asked for it holds one.
pub(super) fn excerpt(passage: &str, question: &Words) -> Rich {
    let whole = Rich::from_markdown(passage);
    if whole.text.chars().count() <= WHOLE_CHARS_MAX {
        return whole;
    }
    let figure = Figure::asked(question);
    let asked: Vec<&str> = question
        .said()
        .filter(|(_, word)| !asks_for_price(word.form))
        .map(|(at, _)| question.stem(at))
        .filter(|stem| stem.chars().count() >= STEM_CHARS_MIN)
        .collect();
    let paragraphs: Vec<&str> = passage.split("\n\n").map(str::trim).filter(|part| !part.is_empty()).collect();
    let mut heading = 0;
    let worth: Vec<usize> = paragraphs
        .iter()
        .map(|part| {
            let own = 2 * shared(part, &asked);
            if is_heading(part) {
                heading = own / 2;
                own
            } else {
                own + heading + figure.worth(part)
            }
        })
        .collect();
    // The first of equals: pages say the main thing first.
    let best = (0..paragraphs.len()).rev().max_by_key(|at| (worth[*at], usize::from(!is_heading(paragraphs[*at]))));
    let Some(best) = best else { return cut(&whole) };
    let mut chosen = vec![paragraphs[best]];
    let mut end = best + 1;
    // A heading stands for what is under it, and a line that ends in a colon for its list.
    while end < paragraphs.len() && chosen.last().is_some_and(|last| is_heading(last) || last.ends_with(':')) {
        chosen.push(paragraphs[end]);
        end += 1;
    }
    chosen.retain(|part| !is_heading(part));
    let text = Rich::from_markdown(&chosen.join("\n\n"));
    if text.is_blank() { cut(&whole) } else { cut(&text) }
}

impl Figure {
    fn asked(question: &Words) -> Self {
        const COUNTS: [&str; 6] = ["сколько", "скольки", "скольких", "когда", "much", "many"];
        let says = |test: fn(&str) -> bool| question.said().any(|(_, word)| test(word.form));
        if says(asks_for_price) {
            Self::Price
        } else if says(|form| COUNTS.contains(&form)) {
            Self::Any
        } else {
            Self::None
        }
    }

    /// What a paragraph is worth for the figures that it holds: a price as much as a word and a half of the question.
    fn worth(self, paragraph: &str) -> usize {
        let figures = paragraph.contains(|c: char| c.is_ascii_digit());
        match self {
            Self::Price if figures && (paragraph.contains(['₽', '$', '€']) || paragraph.contains("руб")) => {
                3 + usize::from(paragraph.matches(['₽', '$', '€']).count() > 1)
            }
            Self::Any if figures => 1,
            Self::None | Self::Any | Self::Price => 0,
        }
    }
}

fn asks_for_price(form: &str) -> bool {
    const WORDS: [&str; 13] = [
        "цена",
        "цены",
        "цену",
        "ценник",
        "прайс",
        "почем",
        "стоит",
        "стоят",
        "стоить",
        "стоимость",
        "price",
        "cost",
        "costs",
    ];
    WORDS.contains(&form)
}

fn shared(paragraph: &str, asked: &[&str]) -> usize {
    let words = Words::of(paragraph);
    let mut found: Vec<&str> = words.said().map(|(at, _)| words.stem(at)).filter(|stem| asked.contains(stem)).collect();
    found.sort_unstable();
    found.dedup();
    found.len()
}

fn is_heading(paragraph: &str) -> bool {
    paragraph.starts_with('#') && !paragraph.contains('\n')
}

/// At most so long, ended at a sentence.
fn cut(text: &Rich) -> Rich {
    let Some((limit, _)) = text.text.char_indices().nth(EXCERPT_CHARS_MAX) else { return text.clone() };
    let head = &text.text[..limit];
    let end = head.rfind(['.', '!', '?', '\n']).map_or(limit, |at| at + 1);
    text.slice(0..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "Торты с кремом хранятся в холодильнике при температуре от двух до шести градусов, в закрытой коробке.\n\n\
        ## Сроки\n\nТорты с кремом: 72 часа. Медовики: 5 суток. Пироги: 48 часов.\n\n\
        ## Как подавать\n\nДостаньте торт за сорок минут до подачи: вкус раскроется полностью, а крем станет мягче. Режьте \
        тёплым сухим ножом и протирайте его после каждого разреза.";

    #[track_caller]
    fn check(question: &str, expected: &str) {
        let said = excerpt(PAGE, &Words::of(question)).text;
        assert!(said.starts_with(expected), "{question}: {said}");
    }

    #[test]
    fn the_paragraph_that_bears_on_the_question_is_said_and_not_the_page() {
        check("сколько часов медовик простоит, какие сроки?", "Торты с кремом: 72 часа.");
        check("за сколько минут доставать до подачи?", "Достаньте торт");
        check("в холодильнике хранить?", "Торты с кремом хранятся");
    }

    #[test]
    fn a_question_for_a_price_is_answered_by_the_paragraph_that_holds_it() {
        let page = "Возим заказы каждый день, пока открыта кондитерская. Везёт наш курьер на машине с холодильной сумкой, \
            доставка бережная.\n\n## Зоны и цены\n\n- Центр: 350 ₽.\n- За городом: 800 ₽.\n\n## Время\n\nВ будни три интервала: \
            10–13, 13–16 и 16–19 часов. Привезти к точному времени стоит на 300 ₽ дороже. Ночью не ездим.\n\n## Как проходит\n\n\
            Курьер звонит за 30 минут. На месте откройте коробку и посмотрите торт при нём.";
        let said = |question: &str| excerpt(page, &Words::of(question)).text;
        for question in ["сколько стоит доставка", "почём доставка", "доставка в центр цена"]
        {
            assert!(said(question).contains("350"), "{question}: {}", said(question));
        }
        assert!(said("за сколько минут звонит курьер").starts_with("Курьер звонит"));
        assert!(said("привезти к точному времени сколько стоит").contains("300 ₽"));
    }

    #[test]
    fn a_short_passage_is_said_whole() {
        assert_eq!(excerpt("Да, *есть*.", &Words::of("есть?")).text, "Да, есть.");
    }
}
