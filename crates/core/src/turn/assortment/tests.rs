use std::sync::LazyLock;

use jiff::civil::date;

use super::*;
use crate::{
    money::Currency,
    spec::{
        catalogue::{Catalogue, Market, csv},
        config::Encoding,
        partner::PartnerFiles,
    },
};

static KORICA: LazyLock<Catalogue> = LazyLock::new(|| {
    let market = Market { currency: Currency::RUB, country: "RU" };
    let bytes = include_bytes!("../../../../../partners/korica/catalogue.csv");
    csv::read(&"catalogue.csv".into(), bytes, Encoding::Utf8, market, &PartnerFiles::new(), &mut Vec::new())
});

/// What the demo shop says to words: `+` and the ids that fit, `~` and the nearest, `?`: no question for the catalogue.
fn says(texts: &str) -> String {
    static ALL: LazyLock<Assortment> = LazyLock::new(|| Assortment::new(&KORICA.products));
    let now = date(2026, 12, 1).at(12, 0, 0, 0);
    let wishes = texts.split(" | ").map(|text| ALL.wish(&Words::of(text), now));
    let wish = wishes.reduce(|earlier, wish| wish.after(earlier)).expect("a text");
    if !wish.is_for_catalogue() {
        return "?".to_owned();
    }
    let found = ALL.find(&wish);
    let ids: Vec<&str> = found.goods.iter().map(|at| &*KORICA.products[*at].id).collect();
    format!("{}{}", if found.fits { "+" } else { "~" }, ids.join(" "))
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    let fits = |said: &str, expected: &str| match expected.strip_suffix('…') {
        Some(start) => said.starts_with(start),
        None => said == expected,
    };
    let wrong: Vec<String> = (cases.iter())
        .map(|(text, expected)| (text, expected, says(text)))
        .filter(|(_, expected, said)| !fits(said, expected))
        .map(|(text, expected, said)| format!("{text}:\n  {said}\n  instead of {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_cheapest_and_other_superlatives_are_found() {
    check(&[
        ("Какой самый дешёвый торт?", "+tort-medovik-malyy"),
        ("самый дорогой торт", "+tort-kaskad-shoko"),
        ("какой у вас самый большой торт", "+tort-kaskad-yagody tort-kaskad-shoko tort-kaskad-karamel tort-kaskad-med"),
        ("самый дешевый шоколадный торт", "+tort-browni"),
        ("самое дешёвое бенто", "+bento-med"),
        // Of each kind; candles and gift cards have no size to be compared by.
        ("what is the cheapest", "+nabor-degust bento-med pirog-yabloko tort-medovik-malyy"),
        ("что подешевле", "+nabor-degust bento-med…"),
        ("самая дешёвая свеча", "+svecha-cifra"),
        ("пирог подешевле", "+pirog-yabloko pirog-vishnya pirog-kurica"),
    ]);
}

#[test]
fn prices_bound_what_is_shown() {
    check(&[
        ("торты до 2600", "+tort-oblako tort-medovik-malyy"),
        ("что до 2600", "+bento-yagody bento-shoko tort-oblako nabor-mini tort-medovik-malyy…"),
        ("торты дороже 13000", "+tort-kaskad-yagody tort-kaskad-shoko tort-kaskad-karamel"),
        ("торт не дороже 2200 рублей", "+tort-medovik-malyy"),
        ("торт дешевле 2200", "~tort-medovik-malyy…"),
        ("наборы дороже 3000", "~nabor-kapkeyki…"),
        ("торт от 5 до 6 тысяч", "+tort-medovik-bolshoy tort-raketa tort-poni"),
        ("есть торт за 2,5к?", "+tort-medovik-malyy"),
        ("пирог за полторы тысячи", "~pirog-yabloko…"),
        ("бюджет 1500, что посоветуете", "+bento-yagody bento-shoko bento-karamel bento-med nabor-makaron…"),
    ]);
}

#[test]
fn what_must_not_be_in_it_is_never_shown() {
    check(&[
        (
            "торты без орехов на 14 гостей",
            "+tort-medovik tort-karamel tort-shoko tort-napoleon tort-lesnaya tort-barhat tort-medovik-bolshoy tort-raketa tort-poni",
        ),
        ("без глютена", "+tort-malina nabor-makaron"),
        ("а безглютеновые бывают?", "+tort-malina nabor-makaron"),
        ("без сахара", "+tort-legkiy"),
        ("есть торт без молока и яиц?", "+tort-vegan"),
        ("пирог без яиц", "+pirog-vishnya"),
        (
            "у ребёнка аллергия на орехи, какой торт на 10 человек?",
            "+tort-medovik tort-karamel tort-shoko tort-napoleon tort-vegan tort-legkiy tort-raketa tort-poni",
        ),
        ("медовик без мёда", "~…"),
        ("не шоколадное бенто", "+bento-yagody bento-karamel bento-med"),
        ("веганский торт", "+tort-vegan"),
        ("что есть без орехов и до 1400", "+bento-yagody bento-shoko bento-karamel bento-med nabor-degust"),
        ("nut-free cakes for 40", "+tort-kaskad-yagody tort-kaskad-shoko tort-kaskad-karamel tort-kaskad-med"),
        ("без арахиса", "?"),
        ("без предоплаты", "?"),
    ]);
}

#[test]
fn guests_and_weights_choose_the_size() {
    check(&[
        ("на 22 человека", "+tort-lesnaya tort-barhat tort-medovik-bolshoy tort-oreh"),
        ("какой торт взять на 12 человек?", "+tort-malina…"),
        ("нужен торт на 40 гостей", "+tort-kaskad-yagody tort-kaskad-shoko tort-kaskad-karamel tort-kaskad-med"),
        ("торт на 60 человек", "~tort-kaskad-yagody…"),
        ("торт на 5 кг", "+tort-kaskad-yagody…"),
        (
            "что посоветуете на 12 человек без орехов",
            "+tort-medovik tort-karamel tort-shoko tort-napoleon nabor-kapkeyki tort-vegan tort-raketa tort-poni",
        ),
    ]);
}

#[test]
fn products_and_kinds_are_found_by_what_they_are_called() {
    check(&[
        ("какие у вас медовики", "+tort-medovik tort-medovik-malyy tort-medovik-bolshoy"),
        ("сколько стоит медовик?", "+tort-medovik tort-medovik-malyy tort-medovik-bolshoy"),
        ("сколько стоит маленький медовик?", "+tort-medovik-malyy"),
        ("сколько стоит малина?", "+tort-malina"),
        ("почём три шоколада", "+tort-shoko"),
        ("есть напалеон?", "+tort-napoleon"),
        ("какие пироги есть", "+pirog-yabloko pirog-vishnya pirog-kurica"),
        ("сколько стоят капкейки", "+nabor-kapkeyki"),
        ("сколько за наполеон", "+tort-napoleon"),
        ("ягодное облако вес и цена", "+tort-oblako"),
        ("вишнёвый пирог почём", "+pirog-vishnya"),
        ("двухъярусные торты покажите", "+tort-kaskad-yagody tort-kaskad-shoko tort-kaskad-karamel tort-kaskad-med"),
        ("самый дешёвый двухэтажный", "+tort-kaskad-med"),
        ("трёхъярусный торт", "?"),
        ("сертификат на 5000 сколько", "+sert-3000 sert-5000"),
        ("шоколадные бенто", "+bento-shoko"),
        ("маленький торт", "+tort-browni…"),
        ("что есть в наличии", "+tort-malina…"),
        ("что у вас есть?", "+tort-malina…"),
        ("покажите меню", "+tort-malina…"),
        ("что посоветуете?", "+tort-malina…"),
    ]);
}

#[test]
fn other_questions_are_not_for_the_catalogue() {
    check(&[
        ("сколько стоит доставка?", "?"),
        ("доставка до 3000 платная?", "?"),
        ("есть доставка торта за город?", "?"),
        ("до скольки вы работаете?", "?"),
        ("сколько хранится медовик?", "?"),
        ("какой состав у медовика", "?"),
        ("вы проводите экскурсии?", "?"),
        ("можно оплатить картой", "?"),
        ("сколько?", "?"),
        ("рецепт малины дадите?", "?"),
        ("где вы находитесь", "?"),
        ("за 2 дня успеете?", "?"),
        ("какие скидки на торты?", "?"),
        ("спасибо", "?"),
        ("", "?"),
    ]);
}

#[test]
fn a_follow_up_keeps_what_was_asked_before() {
    check(&[
        (
            "какие торты на 12 человек? | а без орехов?",
            "+tort-medovik tort-karamel tort-shoko tort-napoleon tort-vegan tort-raketa tort-poni",
        ),
        ("какие торты есть? | а пироги?", "+pirog-yabloko pirog-vishnya pirog-kurica"),
        ("торты до 3000 | а до 2200?", "+tort-medovik-malyy"),
        ("самый дешёвый торт | а на 12 человек?", "+tort-napoleon"),
        ("самый дешёвый торт | без орехов", "+tort-medovik-malyy tort-oblako tort-browni…"),
        ("торты без орехов | а безглютеновые бывают?", "~"),
        ("торты до 3000 | а что есть в наличии?", "+tort-malina…"),
        ("шоколадные торты | а на 5 кг?", "+tort-kaskad-shoko"),
        ("сколько стоит малина? | а медовик?", "+tort-medovik tort-medovik-malyy tort-medovik-bolshoy"),
    ]);
}

proptest::proptest! {
    #[test]
    fn any_words_are_read_without_panic(text in "((без|не|до|на|за|самый|торт|медовик|орехов|12|2600|кг|человек|три шоколада|,|[?]) ?){0,12}|\\PC{0,80}") {
        let _ = says(&text);
    }
}
