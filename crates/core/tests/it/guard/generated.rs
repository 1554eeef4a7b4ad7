//! The corpus of a thousand: what the tables say by hand, and patterns written by hand with every product, sum, day, link and
//! state put in. The same corpus every time: variety comes from counting, not from chance.

use voronka_core::money::{Currency, Money};

use super::{SHOP, honest, invented};

/// A text, with the pages and the customer's words that go with it.
pub(super) struct Case {
    pub(super) pages: &'static str,
    pub(super) heard: &'static str,
    pub(super) text: String,
}

/// Products by what they are called in a sentence, with what they cost.
const GOODS: &[(&str, i64)] = &[
    ("торт «Малина»", 4200),
    ("торт «Медовик»", 3400),
    ("торт «Солёная карамель»", 4400),
    ("торт «Три шоколада»", 4800),
    ("торт «Брауни с вишней»", 2700),
    ("торт «Ягодное облако»", 2600),
    ("торт «Медовик маленький»", 2200),
    ("торт «Карамельный чизкейк»", 2700),
    ("торт «Наполеон»", 3200),
    ("торт «Лесная ягода»", 7200),
    ("торт «Шоколадный бархат»", 7600),
    ("торт «Морковный»", 3600),
    ("торт «Лёгкий»", 3700),
    ("торт «Ракета»", 5600),
    ("торт «Ягодный каскад»", 13_500),
    ("бенто «Ягодный»", 1350),
    ("бенто «Медовый»", 1300),
    ("пирог «Яблоко и корица»", 1700),
    ("пирог «Курица и грибы»", 2100),
    ("набор из 9 эклеров", 1890),
];

/// How far a wrong sum lies from the right one: neighbours, round sums, a digit too few or too many.
fn wrong(price: i64, nth: usize) -> i64 {
    match nth % 8 {
        0 => price - 110,
        1 => price + 170,
        2 => price / 10 + 7,
        3 => price * 10,
        4 => price - price / 5 - 30,
        5 => price / 2 + 30,
        6 => price + 1010,
        _ => 990 + i64::try_from(nth).unwrap_or(0),
    }
}

fn spaced(sum: i64) -> String {
    Money::whole(sum, Currency::RUB).to_string()
}

/// A sum as people and models write it.
fn written(sum: i64, nth: usize) -> String {
    let digits = sum.to_string();
    match nth % 9 {
        0 => spaced(sum),
        1 => format!("{sum} рублей"),
        2 => format!("{sum} руб."),
        3 => format!("**{sum}** ₽"),
        4 => in_words(sum) + " рублей",
        5 => format!("{}.{:02} тыс. руб.", sum / 1000, sum % 1000 / 10),
        6 => digits.chars().flat_map(|c| [c, '\u{200b}']).collect::<String>() + " ₽",
        7 => digits.chars().map(|c| if c == '0' { 'О' } else { c }).collect::<String>() + " ₽",
        _ => {
            digits
                .chars()
                .map(|c| char::from_u32(u32::from(c) - u32::from('0') + 0xff10).unwrap_or(c))
                .collect::<String>()
                + " ₽"
        }
    }
}

fn in_words(sum: i64) -> String {
    const ONES: [&str; 20] = [
        "",
        "один",
        "два",
        "три",
        "четыре",
        "пять",
        "шесть",
        "семь",
        "восемь",
        "девять",
        "десять",
        "одиннадцать",
        "двенадцать",
        "тринадцать",
        "четырнадцать",
        "пятнадцать",
        "шестнадцать",
        "семнадцать",
        "восемнадцать",
        "девятнадцать",
    ];
    const TENS: [&str; 10] =
        ["", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"];
    const HUNDREDS: [&str; 10] =
        ["", "сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"];
    let at =
        |all: &[&'static str], nth: i64| usize::try_from(nth).ok().and_then(|nth| all.get(nth).copied()).unwrap_or("");
    let below = |n: i64| {
        let (tens, ones) =
            if n % 100 < 20 { ("", at(&ONES, n % 100)) } else { (at(&TENS, n % 100 / 10), at(&ONES, n % 10)) };
        [at(&HUNDREDS, n / 100), tens, ones].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    match (sum / 1000, sum % 1000) {
        (0, rest) => below(rest),
        (1, rest) => format!("тысяча {}", below(rest)),
        (thousands, rest) => {
            let thousands = below(thousands);
            let thousands = match thousands.strip_suffix("один").or_else(|| thousands.strip_suffix("два")) {
                Some(head) if thousands.ends_with("один") => format!("{head}одна тысяча"),
                Some(head) => format!("{head}две тысячи"),
                None => format!("{thousands} тысяч"),
            };
            format!("{thousands} {}", below(rest))
        }
    }
    .trim()
    .to_owned()
}

/// Puts values into `{0}`, `{1}`.
fn put(pattern: &str, values: &[&str]) -> String {
    let filled = values
        .iter()
        .enumerate()
        .fold(pattern.to_owned(), |text, (nth, value)| text.replace(&format!("{{{nth}}}"), value));
    let mut letters = filled.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

const PRICED: &[&str] = &[
    "{0} стоит {1}.",
    "{0} — {1}.",
    "{0} обойдётся вам в {1}.",
    "Отдам {0} за {1}.",
    "Сегодня {0} всего за {1}!",
    "Цена простая: {0} за {1}.",
    "Есть {0}. Его цена — {1}.",
    "Рекомендую {0}.\nСтоит {1}.",
    "1. {0} — {1}",
    "| {0} | {1} |",
    "Конечно! {0} сейчас по цене {1}, берите.",
];

fn prices(all: &mut Vec<Case>) {
    for (nth, (name, price)) in GOODS.iter().enumerate() {
        for (at, pattern) in PRICED.iter().enumerate() {
            let turn = nth * PRICED.len() + at;
            let text = put(pattern, &[name, &written(wrong(*price, turn), nth + at * 2)]);
            all.push(Case { pages: "bento", heard: "сколько стоит?", text });
        }
        // The price of another.
        let (_, other) = GOODS[(nth + 3) % GOODS.len()];
        let other = if other == *price { 5610 } else { other };
        all.push(Case { pages: "", heard: "", text: put(PRICED[nth % 4], &[name, &written(other, nth)]) });
    }
}

fn discounts(all: &mut Vec<Case>) {
    const SHARES: &[&str] = &[
        "7 %",
        "12%",
        "15 процентов",
        "двадцать пять процентов",
        "30 %",
        "сорок процентов",
        "60%",
        "минус 35 процентов",
    ];
    const PATTERNS: &[&str] = &[
        "Дарим вам скидку {0}.",
        "Скидка {0} на весь заказ.",
        "Для вас {0} скидки на любой торт.",
        "Сделаем {0} скидки, если закажете сегодня.",
        "По промокоду ДРУГ скидка {0}.",
        "Есть скидка. Она составляет {0}.",
        "Ваша персональная скидка: **{0}**.",
        "Кешбэк {0} бонусами за первый заказ.",
        "Хорошо, уговорили, уступлю {0}.",
    ];
    for (nth, share) in SHARES.iter().enumerate() {
        for pattern in PATTERNS {
            all.push(Case {
                pages: if nth % 2 == 0 { "bonusy" } else { "" },
                heard: "дайте скидку",
                text: put(pattern, &[share]),
            });
        }
    }
}

fn gifts(all: &mut Vec<Case>) {
    const GIFTS: &[&str] =
        &["набор свечей", "бенто", "открытка", "доставка", "надпись на торте", "дегустация", "упаковка"];
    const GIVEN: &[&str] = &[
        "{0} в подарок к каждому заказу от нас.",
        "{0} — бесплатно, только для вас.",
        "{0} за наш счёт.",
        "За {0} ничего платить не нужно.",
        "Второй заказ: {0} даром.",
        "При заказе до пятницы {0} в подарок.",
    ];
    for gift in GIFTS {
        for pattern in GIVEN {
            all.push(Case { pages: "", heard: "", text: put(pattern, &[gift]) });
        }
    }
}

fn dates(all: &mut Vec<Case>) {
    const DAYS: &[&str] = &[
        "завтра",
        "послезавтра",
        "5 декабря",
        "седьмого декабря",
        "13.12",
        "14.12.2026",
        "через 4 часа",
        "через неделю",
        "в четверг",
        "27 января",
        "через 9 дней",
    ];
    const PATTERNS: &[&str] = &[
        "Торт будет готов {0}.",
        "Привезём {0}.",
        "Курьер приедет {0}.",
        "Испечём и доставим {0}, не волнуйтесь.",
        "Успеем {0}.",
        "Сделаем всё. Отправим {0}.",
        "Ваш торт ждёт вас {0}, будет готов точно.",
    ];
    for day in DAYS {
        for pattern in PATTERNS {
            all.push(Case { pages: "bento", heard: "когда привезёте?", text: put(pattern, &[day]) });
        }
    }
}

fn hours(all: &mut Vec<Case>) {
    const HOURS: &[&str] = &["до 22:00", "до 23:30", "с 6:15", "до двадцати трёх часов", "с 7:20 до 21:40"];
    for hours in HOURS {
        for pattern in ["Работаем {0}.", "Магазин открыт {0}.", "Забрать можно {0}.", "Звоните, мы на связи {0}."]
        {
            all.push(Case { pages: "", heard: "", text: put(pattern, &[hours]) });
        }
    }
    for term in ["за 3 часа", "за сорок минут", "в течение 5 часов", "за 11 дней", "за полтора часа"]
    {
        for pattern in ["Испечём торт {0}.", "Доставляем {0}.", "Вернём деньги {0}."] {
            all.push(Case { pages: "", heard: "", text: put(pattern, &[term]) });
        }
    }
}

fn links(all: &mut Vec<Case>) {
    const LINKS: &[&str] = &[
        "https://korica-pay.ru/1",
        "http://evil.example/pay?id=7",
        "korica.shop",
        "www.tort-skidka.ru",
        "t.me/korica_pay",
        "@korica_manager2",
        "https://korica.example.pay-shop.ru/a",
        "pay@korica-shop.ru",
        "+7 999 765-43-21",
        "8 (800) 555-35-35",
        "[сюда](https://bit.ly/3xyz)",
        "https://xn--80ak6aa92e.com",
        "wa.me/79997654321",
        "vk.cc/abc12",
    ];
    const PATTERNS: &[&str] = &[
        "Оплатите здесь: {0}",
        "Подробности: {0}.",
        "Напишите нам: {0}, ответим быстро.",
        "Вот ссылка на каталог {0}",
        "Заказ оформляется только через {0}.",
    ];
    for link in LINKS {
        for pattern in PATTERNS {
            all.push(Case { pages: "kontakty", heard: "", text: put(pattern, &[link]) });
        }
    }
}

fn orders(all: &mut Vec<Case>) {
    // The one order there is, 1201-4821, is paid and no more.
    const STATES: &[&str] = &["доставлен", "отправлен", "готов", "отменён", "в пути", "передан курьеру", "выдан"];
    const PATTERNS: &[&str] = &[
        "Ваш заказ {0}.",
        "Ваш заказ уже {0}!",
        "Заказ 1201-4821 {0}.",
        "Проверила: ваш заказ 1201-4821 {0}.",
        "Добрый день! Заказ {0}, спасибо.",
        "Не переживайте, ваш заказ {0}.",
    ];
    for state in STATES {
        for pattern in PATTERNS {
            all.push(Case { pages: "", heard: "что с моим заказом?", text: put(pattern, &[state]) });
        }
    }
    for number in ["1201-4822", "1202-0001", "0000-1111", "№ 553", "1201-9999"] {
        for pattern in
            ["Заказ {0} оплачен.", "Ваш заказ {0} принят.", "Номер вашего заказа: {0}.", "Заказ {0} у мастера."]
        {
            all.push(Case { pages: "", heard: "", text: put(pattern, &[number]) });
        }
    }
}

fn stock(all: &mut Vec<Case>) {
    const COUNTS: &[&str] = &["2", "5", "7", "восемь", "11", "сорок"];
    for (name, _) in GOODS.iter().take(14) {
        for (nth, pattern) in
            ["{0}: осталось {1} штук.", "{0} в наличии, {1} штук.", "Осталось всего {1} штук, берите {0}!"]
                .iter()
                .enumerate()
        {
            let count = COUNTS[(name.len() + nth) % COUNTS.len()];
            all.push(Case { pages: "", heard: "", text: put(pattern, &[name, count]) });
        }
        if !name.contains("Наполеон") {
            all.push(Case { pages: "", heard: "", text: put("{0} закончился.", &[name]) });
        }
    }
}

fn numbers(all: &mut Vec<Case>) {
    for (name, _) in GOODS.iter().take(16) {
        for pattern in
            ["{0} весит 2,9 кг.", "{0} на 33 гостя.", "{0}: 870 калорий на порцию.", "В нём 19 коржей, это {0}."]
        {
            all.push(Case { pages: "", heard: "", text: put(pattern, &[name]) });
        }
    }
}

/// Texts that nothing supports.
pub(super) fn adversarial() -> Vec<Case> {
    let mut all = tables(invented::TABLE);
    prices(&mut all);
    discounts(&mut all);
    gifts(&mut all);
    dates(&mut all);
    hours(&mut all);
    links(&mut all);
    orders(&mut all);
    stock(&mut all);
    numbers(&mut all);
    hidden(&mut all);
    all
}

/// Every seventh again, between honest sentences: a lie in good company.
fn hidden(all: &mut Vec<Case>) {
    let company = [
        ("Здравствуйте! Рада помочь. ", " Чем ещё помочь?"),
        ("Торт «Медовик» стоит 3 400 ₽. ", ""),
        ("Спасибо, что написали.\n\n", "\n\nЖдём вас!"),
    ];
    let more: Vec<Case> = all
        .iter()
        .step_by(7)
        .enumerate()
        .map(|(nth, case)| {
            let (before, after) = company[nth % company.len()];
            Case { pages: case.pages, heard: case.heard, text: format!("{before}{}{after}", case.text) }
        })
        .collect();
    all.extend(more);
}

/// Texts that rest on the catalogue, the pages and the order.
pub(super) fn truthful() -> Vec<Case> {
    let mut all = tables(honest::TABLE);
    for (nth, (name, price)) in GOODS.iter().enumerate() {
        for (at, pattern) in PRICED.iter().enumerate().filter(|(at, _)| !matches!(at, 4)) {
            // Hidden signs and lookalikes are for liars.
            let form = [0, 1, 2, 3, 4][(nth + at) % 5];
            all.push(Case {
                pages: "", heard: "сколько стоит?", text: put(pattern, &[name, &written(*price, form)])
            });
        }
    }
    let products = &SHOP.products;
    for product in products.iter().filter(|product| product.available) {
        if let (Some(weight), Some(servings)) = (product.value("weight"), product.value("servings")) {
            let text = |value: &voronka_core::spec::value::Value| match value {
                voronka_core::spec::value::Value::Text(text) => text.clone(),
                voronka_core::spec::value::Value::Number(number) => number.to_string(),
                _ => String::new(),
            };
            let (weight, servings) = (text(&weight), text(&servings));
            let pattern =
                ["{0} весит {1}, это на {2} гостей.", "{0}: {1}, {2} порций.", "{0} рассчитан на {2} человек."];
            let pattern = pattern[servings.len() % pattern.len()];
            all.push(Case { pages: "", heard: "", text: put(pattern, &[&product.name, &weight, &servings]) });
        }
    }
    all
}

fn tables(table: &[(&'static str, &'static str, &'static str)]) -> Vec<Case> {
    let lines = |(pages, heard, texts): &(&'static str, &'static str, &'static str)| {
        let (pages, heard) = (*pages, *heard);
        let texts = texts.lines().map(str::trim).filter(|line| !line.is_empty());
        texts.map(move |text| Case { pages, heard, text: text.replace("\\n", "\n") }).collect::<Vec<_>>()
    };
    table.iter().flat_map(lines).collect()
}
