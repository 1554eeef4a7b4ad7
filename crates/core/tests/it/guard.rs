//! The number guard against the demo pastry shop: what a model could make up, and what it may honestly say.

mod generated;
mod honest;
mod invented;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock},
};

use jiff::civil::date;
use proptest::prelude::*;
use voronka_core::{
    guard::{Claim, Draft, Evidence, check},
    ids::{OrderId, PartnerId},
    money::{Currency, Money},
    order::{Cart, Line, Order, OrderMove},
    ports::Delta,
    spec::{
        catalogue::Product,
        partner::{PartnerFiles, PartnerSpec},
    },
};

use self::generated::Case;
use crate::partners::files;

struct Shop {
    stated: Arc<Evidence>,
    products: Vec<Product>,
    files: PartnerFiles,
}

static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    let files = files("../../partners/korica");
    let loaded = PartnerSpec::parse(PartnerId::parse("korica").expect("the demo shop is sound"), &files);
    let mut stated = Evidence::default();
    let mut products = loaded.spec.expect("the demo shop is sound").catalogue.products;
    // Things the demo's own catalogue has none of: counted and sold-out cakes.
    for product in &mut products {
        match &*product.id {
            "tort-napoleon" => product.stock = Some(3.into()),
            "tort-poni" => product.available = false,
            _ => {}
        }
        stated.product(product);
    }
    stated.link("https://korica.example/catalog");
    Shop { stated: Arc::new(stated), products, files }
});

fn line(name: &str, price: i64, quantity: u32) -> Line {
    Line { product: name.into(), name: name.into(), price: Money::whole(price, Currency::RUB), quantity }
}

/// What a turn knows: the catalogue, these pages, an order that is paid, a cart, what the customer wrote.
fn evidence(pages: &str, heard: &str) -> Evidence {
    let mut evidence = Evidence::over(Arc::clone(&SHOP.stated));
    for page in pages.split_whitespace() {
        let bytes = &SHOP.files[format!("knowledge/{page}.md").as_str()];
        let text = std::str::from_utf8(bytes).expect("the demo shop is sound");
        evidence.text(text.split("---\n").nth(2).expect("the demo shop is sound"));
    }
    let (now, today) = ("2026-12-01T09:00:00Z".parse().expect("the demo shop is sound"), date(2026, 12, 1));
    let lines = vec![line("Торт «Медовик»", 3400, 2), line("Набор из 10 свечей", 180, 1)];
    let mut order = Order::draft(OrderId::of(&["1"]), lines, Some(date(2026, 12, 18)), String::new(), now, today)
        .expect("the demo shop is sound");
    order.number = "1201-4821".into();
    order.apply(OrderMove::Place).expect("the demo shop is sound");
    order.apply(OrderMove::MarkPaid).expect("the demo shop is sound");
    evidence.order(&order);
    let mut cart = Cart::default();
    cart.put(line("Торт «Малина»", 4200, 1), None).expect("the demo shop is sound");
    cart.put(line("Бенто «Ягодный»", 1350, 2), None).expect("the demo shop is sound");
    evidence.cart(&cart);
    evidence.day(today);
    for said in heard.split('|') {
        evidence.heard(said);
    }
    evidence
}

/// The evidence of a case; most cases share theirs.
fn evidence_of(case: &Case, known: &mut HashMap<(&'static str, &'static str), Arc<Evidence>>) -> Arc<Evidence> {
    let made = || Arc::new(evidence(case.pages, case.heard));
    Arc::clone(known.entry((case.pages, case.heard)).or_insert_with(made))
}

#[test]
fn of_a_thousand_inventions_none_is_let_through() {
    let cases = generated::adversarial();
    let texts: HashSet<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    assert!(texts.len() >= 1_000, "{} different of {}", texts.len(), cases.len());
    let mut known = HashMap::new();
    let passed: Vec<&str> = (cases.iter())
        .filter(|case| check(&case.text, &evidence_of(case, &mut known)).is_empty())
        .map(|case| case.text.as_str())
        .collect();
    assert!(passed.is_empty(), "{} of {} passed:\n{}", passed.len(), cases.len(), passed.join("\n"));
}

#[test]
fn of_a_thousand_inventions_in_pieces_none_is_shown() {
    let mut known = HashMap::new();
    for (nth, case) in generated::adversarial().iter().enumerate() {
        let evidence = evidence_of(case, &mut known);
        let first = check(&case.text, &evidence).first().map_or(0, |blocked| blocked.sentence.start);
        // Pieces of one to nine characters, another width for each text; and all at once.
        let width = nth % 9 + 1;
        let starts: Vec<usize> = case.text.char_indices().map(|(at, _)| at).step_by(width).collect();
        for cuts in [starts, Vec::new()] {
            let (shown, last) = stream(&case.text, &cuts, &evidence);
            for shown in shown.iter().chain([&last]) {
                assert!(shown.len() <= first, "{shown:?} of {:?}", case.text);
            }
        }
    }
}

#[test]
fn of_three_hundred_honest_answers_hardly_any_is_stopped() {
    let cases = generated::truthful();
    let texts: HashSet<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    assert!(texts.len() >= 300, "{}", texts.len());
    let mut known = HashMap::new();
    let mut stopped = Vec::new();
    for case in &cases {
        let blocked = check(&case.text, &evidence_of(case, &mut known));
        if let Some(first) = blocked.first() {
            stopped.push(format!("{}: {}", first.claim.name(), &case.text[first.sentence.clone()]));
        }
    }
    assert!(stopped.len() <= 3, "{} of {} stopped:\n{}", stopped.len(), cases.len(), stopped.join("\n"));
}

#[test]
fn a_claim_is_named_after_what_it_states() {
    let evidence = evidence("", "");
    for (text, claim) in [
        ("Торт «Малина» стоит 3 000 ₽.", Claim::Price),
        ("Сделаем скидку.", Claim::Discount),
        ("Торт на 17 гостей.", Claim::Number),
        ("«Наполеон»: осталось 5 штук.", Claim::Stock),
        ("Ваш заказ уже готов.", Claim::Order),
        ("Смотрите на evil.com.", Claim::Link),
        ("Привезём завтра.", Claim::Date),
    ] {
        let blocked = check(text, &evidence);
        assert_eq!(blocked.first().map(|one| one.claim), Some(claim), "{text}");
    }
    let text = "Здравствуйте! Торт стоит 1 ₽. Ждём вас.";
    let blocked = check(text, &evidence);
    assert_eq!(blocked.iter().map(|one| text[one.sentence.clone()].trim()).collect::<Vec<_>>(), ["Торт стоит 1 ₽."]);
}

/// Feeds a text in pieces; gives what was shown at each step, and at the end.
fn stream(text: &str, cuts: &[usize], evidence: &Arc<Evidence>) -> (Vec<String>, String) {
    let mut draft = Draft::new(Arc::clone(evidence));
    let mut shown = Vec::new();
    let mut start = 0;
    let ends = cuts.iter().map(|cut| text.floor_char_boundary(cut % (text.len() + 1))).chain([text.len()]);
    let mut ends: Vec<usize> = ends.collect();
    ends.sort_unstable();
    for end in ends {
        shown.extend(draft.push(Delta::Append(&text[start..end])).map(str::to_owned));
        start = end;
    }
    let before = shown.last().cloned().unwrap_or_default();
    let last = draft.finish().map_or(before, str::to_owned);
    (shown, last)
}

fn sentences() -> Vec<String> {
    generated::adversarial().into_iter().chain(generated::truthful()).map(|case| case.text).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_draft_shows_what_passes_and_nothing_else_however_it_is_cut(
        picks in prop::collection::vec(0usize..10_000, 1..4),
        cuts in prop::collection::vec(0usize..2_000, 0..12),
    ) {
        let all = sentences();
        let text: Vec<&str> = picks.iter().map(|pick| all[pick % all.len()].as_str()).collect();
        let text = text.join(" ");
        let evidence = Arc::new(evidence("dostavka bonusy", ""));
        let (shown, last) = stream(&text, &cuts, &evidence);
        let blocked = check(&text, &evidence);
        for shown in shown.iter().chain([&last]) {
            prop_assert!(text.starts_with(shown.as_str()));
            let end = blocked.first().map_or(text.len(), |first| first.sentence.start);
            prop_assert!(shown.len() <= end, "{shown:?} shows a part of a blocked sentence of {text:?}");
        }
        if blocked.is_empty() {
            prop_assert_eq!(last, text);
        }
    }

    #[test]
    fn any_text_is_checked_without_panic(text in "\\PC{0,80}|[0-9 .,%₽а-яё«»@/:#*-]{0,80}") {
        let evidence = Evidence::default();
        for blocked in check(&text, &evidence) {
            prop_assert!(text.get(blocked.sentence).is_some());
        }
    }
}

#[test]
fn a_replaced_text_is_shown_anew() {
    let evidence = Arc::new(evidence("", ""));
    let mut draft = Draft::new(evidence);
    assert_eq!(draft.push(Delta::Append("Здравствуйте! Скидка")), Some("Здравствуйте! "));
    assert_eq!(draft.push(Delta::Append(" 50 %. Ждём! Да")), None);
    assert_eq!(draft.push(Delta::Replace("Добрый день! «Малина» стоит")), Some("Добрый день! "));
    assert_eq!(draft.push(Delta::Append(" 4 200 ₽.\n")), Some("Добрый день! «Малина» стоит 4 200 ₽.\n"));
}
