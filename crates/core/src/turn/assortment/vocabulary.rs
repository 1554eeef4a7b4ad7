//! The words by which wishes are known, each looked up once for every word of a question.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use rustc_hash::FxHashSet;

use super::{STEM_CHARS_MIN, wish::Order};
use crate::lang::{choice, intent, normal::Words, numbers::Number};

/// Whether words ask about something that they do not name: «сколько стоит?», «а есть?».
pub(in crate::turn) fn names_nothing(words: &Words) -> bool {
    words.said().all(|(at, _)| says_nothing(words, at) || ASKS.contains(words.form(at)))
}

/// Whether a word says nothing about which products.
pub(super) fn says_nothing(words: &Words, at: usize) -> bool {
    let (form, stem) = (words.form(at), words.stem(at));
    NEUTRAL.contains(stem)
        || NEUTRAL.contains(form)
        || stem.chars().count() < STEM_CHARS_MIN
        || intent::picks(form)
        || choice::place_in_list(form, usize::MAX).is_some()
}

/// The place in a list of so many that words point to, if they name nothing else: «а второй сколько стоит?».
pub(in crate::turn) fn points_at(words: &Words, len: usize) -> Option<usize> {
    let mut pointed = None;
    for (at, word) in words.said() {
        match choice::place_in_list(word.form, len) {
            Some(place) if pointed.is_none_or(|other| other == place) => pointed = Some(place),
            None if says_nothing(words, at) || ASKS.contains(word.form) => {}
            Some(_) | None => return None,
        }
    }
    pointed
}

/// A number of kilograms.
pub(super) fn in_kilos(number: &Number) -> Option<Decimal> {
    let value = number.upto.unwrap_or(number.value);
    match number.unit.as_deref()? {
        "кг" | "kg" => Some(value),
        unit if unit.starts_with("кил") || unit.starts_with("kilo") => Some(value),
        "г" | "гр" | "g" => value.checked_div(Decimal::ONE_THOUSAND),
        unit if unit.starts_with("грамм") || unit.starts_with("gram") => value.checked_div(Decimal::ONE_THOUSAND),
        _ => None,
    }
}

/// The order that a word asks for, and whether it asks for advice. `most`: «самый» stands before it.
pub(super) fn order(form: &str, most: bool) -> Option<(Order, bool)> {
    let begins = |starts: &[&str]| starts.iter().any(|start| form.starts_with(start));
    // «Дорого»: what costs less is asked for.
    let too_dear = !most && matches!(form, "дорого" | "дороговато" | "expensive" | "pricey");
    if too_dear || begins(&["дешев", "подешев", "недорог", "бюджетн", "экономн", "cheap", "inexpensive"])
    {
        Some((Order::Cheapest, false))
    } else if begins(&["дороже", "подороже"]) || most && begins(&["дорог", "expensive"]) {
        Some((Order::Dearest, false))
    } else if begins(&["побольше", "покрупнее"])
        || most && begins(&["больш", "крупн", "больше", "largest"])
        || matches!(form, "largest" | "biggest")
    {
        Some((Order::Largest, false))
    } else if begins(&["поменьше", "небольш"]) || most && begins(&["маленьк", "мал", "миниатюр"]) || form == "smallest"
    {
        Some((Order::Smallest, false))
    } else if begins(&[
        "популярн",
        "посовет",
        "совету",
        "посоветов",
        "рекоменд",
        "порекоменд",
        "хит",
        "popular",
        "recommend",
        "suggest",
        "bestsell",
        "advise",
    ]) {
        Some((Order::Popular, true))
    } else {
        None
    }
}

/// The order that a size asks for.
pub(super) fn size(form: &str) -> Option<Order> {
    let begins = |starts: &[&str]| starts.iter().any(|start| form.starts_with(start));
    if begins(&["больш", "крупн", "large", "big"]) {
        Some(Order::Largest)
    } else if begins(&["маленьк", "small", "little", "миниатюр"]) {
        Some(Order::Smallest)
    } else {
        None
    }
}

/// Whether a word makes the question one for the pages: delivery, payment, keeping, opening hours.
pub(super) fn elsewhere(form: &str) -> bool {
    static ELSEWHERE: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        "достав довоз привоз привез курьер самовывоз забрат забер оплат оплач предоплат картой наличн перевод скид акци \
         бонус промокод купон возврат вернут верн храни хранен срок годност замор мороз адрес работае работат открыт \
         закрыт график готовит испеч печете рецепт состав калори кбжу упаков коробк надпис дегустац гаранти сертифик \
         отзыв жалоб deliver shipping pay discount refund return store storage keep freez recipe ingredient calori \
         address hours opening inscription pickup collect вегетариан"
            .split_whitespace()
            .collect()
    });
    ELSEWHERE.iter().any(|start| form.starts_with(start))
}

/// Words that ask to be shown something.
pub(super) static ASKS: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| {
    "какие какой какая какое каких какую что чего есть бывает бывают имеется имеются предлагаете предложите предложить покажите показать посмотреть \
     ассортимент меню каталог подобрать подберите выбрать подойдет подойдут подходит взять закажем нужен нужна нужно нужны хочу хотим \
     хотела хотел ищу ищем можно сколько what which any have show menu catalogue catalog want need looking choose"
        .split_whitespace()
        .collect()
});

/// Words that say nothing about which products: forms, and the stems of the longer ones.
pub(super) static NEUTRAL: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
    const WORDS: &str = "а и но или же ли бы вот так тоже еще уже очень самый самая самое самые самую самого самой наиболее каков чем кто где \
        когда как будет будут буду стоит стоят стоить обойдется обойдутся выйдет цена цены цену ценник почем прайс \
        надо дайте подскажите скажите расскажите напишите пожалуйста здравствуйте привет добрый доброе день вечер утро вас вам вы вами нас нам \
        мне меня мы я у в на для с со до от за по из о про под ваши ваш ваша наш мой это этот эта эту эти то та такой такие такое нибудь либо \
        просто только всего сейчас сегодня вообще например интересует интересуют интересно купить возьму заказать закажу заказ заказать \
        вариант варианты вариантов товар товары товаров продукция позиции позиция список весь все всё человек человека гостей гостя персон \
        персоны порций порции вес весит весят веса грамм граммов рублей рубля руб бюджет пределах вкусный вкусное вкусные хороший хорошее лучший лучше десерт десерты десертов сладкое сладкого \
        выпечка рождения юбилей юбилея свадьба свадьбу праздник праздника ребенку ребенка детям детей мужу маме жене папе сыну дочке дочери \
        бабушке подруге другу коллегам коллег семье офис чай чаю стол если чтобы чтоб который которые был было была там тут них него \
        нее она они оно его ее аллергия аллергии аллергию аллергик аллергены аллергенов непереносимость нет не да хотелось можете могу \
        дороже дешевле рублях около примерно где-то предложить посоветуете что-то чего-то спасибо девушка слушайте тогда ну \
        the a an is are do does you your about of for in on at to with and or but it that this there i we me us my our please hi hello how much \
        many price prices cost costs people guests person persons servings something one ones some can could would like buy order \
        available allergy allergic good nice";
    let words = Words::of(WORDS);
    words.said().flat_map(|(at, word)| [word.form.to_owned(), words.stem(at).to_owned()]).collect()
});

/// Words that ask for what a product's card tells.
pub(super) static MEASURES: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| {
    "вес весу весит весят граммов грамм порций гостей стоимость weight weigh weighs servings"
        .split_whitespace()
        .collect()
});

/// Stems of those that food is counted for.
pub(super) static PEOPLE: LazyLock<Vec<String>> = LazyLock::new(|| {
    unit_stems(
        "человек человека людей чел гостей гостя гость персон персоны персону порций порции порцию взрослых детей кусков кусочков guests guest people persons person servings serving portions adults kids",
    )
});

/// Stems of units that are no money.
pub(super) static OTHER_UNITS: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
    unit_stems(
        "дней дня день часов часа час минут минуты недель недели неделю месяцев лет год года раз раза штук шт см мм метров км литров ярусов ярус ярусный \
         процентов букв знаков коржей слоев days hours minutes weeks years tiers pieces",
    )
    .into_iter()
    .chain(["%".to_owned()])
    .collect()
});

fn unit_stems(list: &str) -> Vec<String> {
    let words = Words::of(list);
    let mut stems: Vec<String> = (0..words.len()).map(|at| words.stem(at).to_owned()).collect();
    stems.sort();
    stems.dedup();
    stems
}
