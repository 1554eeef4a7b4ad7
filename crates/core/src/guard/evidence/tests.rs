//! Reading when asked gives what reading at once would.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::guard::check;

/// The demo shop's pages, for customers and for the team.
static PAGES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../partners/korica/knowledge");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let body = |text: String| text.splitn(3, "---\n").nth(2).unwrap().to_owned();
    names.iter().map(|name| body(std::fs::read_to_string(name).unwrap())).collect()
});

static SENTENCES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let of_page = |page: &'static String| sentences::split(page).into_iter().map(|sentence| page[sentence].trim());
    PAGES.iter().flat_map(of_page).filter(|sentence| !sentence.is_empty()).collect()
});

const SAYINGS: &[&str] = &[
    "Нужен торт на 15 декабря, нас будет 23 человека",
    "Бюджет 3700 рублей",
    "Заказ 1201-4821, в субботу к 18:30",
    "Малину хочу, завтра",
    "",
];

/// A sentence as it is, or with another figure in it.
fn claim() -> impl Strategy<Value = String> {
    (any::<prop::sample::Index>(), prop::option::of(0..9_u8)).prop_map(|(at, digit)| {
        let sentence = SENTENCES[at.index(SENTENCES.len())];
        let Some(digit) = digit else { return sentence.to_owned() };
        let put = |c: char| if c.is_ascii_digit() { char::from(b'0' + digit) } else { c };
        sentence.chars().map(put).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_read_when_asked_supports_what_is_read_at_once_does(
        pages in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        said in prop::sample::subsequence(SAYINGS, 0..=SAYINGS.len()),
        claims in prop::collection::vec(claim(), 1..6),
    ) {
        let (mut asked, mut at_once) = (Evidence::default(), Evidence::default());
        for page in &pages {
            let page = &PAGES[page.index(PAGES.len())];
            asked.text(page);
            at_once.read_text(page);
        }
        for saying in &said {
            asked.heard(saying);
            at_once.read_saying(saying);
        }
        for evidence in [&mut asked, &mut at_once] {
            evidence.day(civil::date(2026, 12, 1));
        }
        for claim in &claims {
            prop_assert_eq!(check(claim, &asked), check(claim, &at_once), "{}", claim);
        }
        let all = claims.join(" ");
        prop_assert_eq!(check(&all, &asked), check(&all, &at_once), "{}", all);
    }
}

#[test]
fn only_what_a_claim_asks_for_is_read() {
    let read = |evidence: &Evidence| {
        let texts = evidence.texts.iter().filter(|text| text.is_read()).count();
        (texts, evidence.sayings.iter().filter(|saying| saying.is_read()).count())
    };
    let mut evidence = Evidence::default();
    evidence.text("Доставка стоит 500 ₽, срок два дня.");
    evidence.text("Самовывоз бесплатный, с 9:00 до 20:00.");
    evidence.heard("Нужен торт на 12 человек");
    evidence.heard("А на 15?");
    for (claim, expected) in [
        ("Да, доставка есть.", (0, 0)),
        ("Привезём за 2 дня.", (1, 0)),
        ("Заберите с 9:00.", (2, 0)),
        ("На 15 человек подойдёт.", (2, 1)),
        ("На 12 человек подойдёт.", (2, 2)),
    ] {
        assert_eq!(check(claim, &evidence), [], "{claim}");
        assert_eq!(read(&evidence), expected, "{claim}");
    }
}
