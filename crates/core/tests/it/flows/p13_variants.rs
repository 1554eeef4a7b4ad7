//! 13. Variants.

use voronka_core::message::Content;

use super::says;
use crate::{
    partners::playbook,
    shop::{fact, files, shop},
};

#[test]
fn a_variant_drawn_once_moves_nobody_when_weights_change() {
    let flow = |one: u32, two: u32| {
        format!(
            "title: Опыт\nstart: {{commands: [/a]}}\nvariants: {{привет: {{раз: {one}, два: {two}}}}}\nsteps:\n  - say: Раз.\n    when: variant.привет = раз\n  - say: Два.\n    when: variant.привет = два\n"
        )
    };
    let mut talk = shop(&[("a", &flow(100, 0))]);
    talk.me("/a");
    says(&talk, &["Раз."]);
    assert!(fact(&talk, "variant.привет"));
    talk.edit(playbook("lavka", &files(&[("a", &flow(0, 100))])));
    talk.me("/a");
    says(&talk, &["Раз."]);
}

#[test]
fn a_variant_is_drawn_by_the_customer_alone_and_near_its_weight() {
    let flow = "title: О\nstart: {commands: [/a]}\nvariants: {цвет: {белый: 70, чёрный: 30}}\nsteps:\n  - say: Белый.\n    when: variant.цвет = белый\n  - say: Чёрный.\n    when: variant.цвет = чёрный\n";
    let book = std::sync::Arc::new(files(&[("a", flow)]));
    let drawn = |account: &str| {
        let talk = voronka_testkit::Rehearsal::new(playbook("lavka", &book), account, crate::shop::NOON);
        let mut talk = talk;
        talk.did(Content::Command { name: "a".into(), args: String::new() });
        talk.snapshot().customer.more.variants.get("цвет").cloned().expect("drawn")
    };
    // Each account makes another customer.
    let all: Vec<String> = (0..60).map(|n| drawn(&format!("telegram-{n}"))).collect();
    assert_eq!(all, (0..60).map(|n| drawn(&format!("telegram-{n}"))).collect::<Vec<_>>());
    let white = all.iter().filter(|value| *value == "белый").count();
    assert!((30..=54).contains(&white), "{white} of 60");
}
