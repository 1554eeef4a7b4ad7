//! Where large cities of Russia and its neighbours keep their clocks: who is asked for their time often names the city.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::normal::Words;

/// A zone's name, and the cities that live by it.
const CITIES: [(&str, &str); 17] = [
    ("Europe/Kaliningrad", "калининград"),
    (
        "Europe/Moscow",
        "москва, санкт-петербург, питер, спб, нижний новгород, казань, ростов-на-дону, воронеж, краснодар, ярославль, тула, рязань, пенза, \
         липецк, киров, чебоксары, брянск, курск, иваново, белгород, тверь, смоленск, вологда, архангельск, мурманск, сочи, ставрополь, \
         калуга, орел, тамбов, кострома, псков, великий новгород, петрозаводск, сыктывкар, махачкала, грозный, нальчик, владикавказ, \
         новороссийск, таганрог, череповец, набережные челны, йошкар-ола, саранск, симферополь, севастополь",
    ),
    ("Europe/Samara", "самара, тольятти, ижевск"),
    ("Europe/Saratov", "саратов, энгельс, балаково"),
    ("Europe/Ulyanovsk", "ульяновск, димитровград"),
    ("Europe/Astrakhan", "астрахань"),
    ("Europe/Volgograd", "волгоград, волжский"),
    (
        "Asia/Yekaterinburg",
        "екатеринбург, екб, челябинск, уфа, пермь, тюмень, оренбург, магнитогорск, нижний тагил, сургут, нижневартовск, курган, \
         стерлитамак, ханты-мансийск, орск",
    ),
    ("Asia/Omsk", "омск"),
    ("Asia/Novosibirsk", "новосибирск, нск"),
    ("Asia/Krasnoyarsk", "красноярск, норильск, абакан, кызыл"),
    ("Asia/Irkutsk", "иркутск, улан-удэ, братск, ангарск"),
    ("Asia/Yakutsk", "якутск, благовещенск"),
    ("Asia/Chita", "чита"),
    ("Asia/Vladivostok", "владивосток, хабаровск, находка, уссурийск, комсомольск-на-амуре"),
    ("Asia/Sakhalin", "южно-сахалинск"),
    ("Asia/Kamchatka", "петропавловск-камчатский, анадырь"),
];
/// Most words of a city's name.
const WORDS_MAX: usize = 3;

static ZONES: LazyLock<FxHashMap<String, &str>> = LazyLock::new(|| {
    let named = CITIES.iter().flat_map(|(zone, cities)| cities.split(", ").map(move |city| (city.trim(), *zone)));
    named.map(|(city, zone)| (stems(&Words::of(city)).join(" "), zone)).collect()
});

/// The name of the zone of the city that the words name; `None` where they name none, or cities of several.
pub fn zone(words: &Words) -> Option<&'static str> {
    let stems = stems(words);
    let mut found: Option<&str> = None;
    let mut at = 0;
    while at < stems.len() {
        let longest = (1..=WORDS_MAX.min(stems.len() - at)).rev();
        let city = longest.into_iter().find_map(|len| Some((len, *ZONES.get(&stems[at..at + len].join(" "))?)));
        // «Не Москва», «не в Москве».
        let is_denied = stems[at.saturating_sub(2)..at].iter().any(|stem| matches!(*stem, "не" | "not"));
        match city {
            Some((_, zone)) if !is_denied && found.is_some_and(|other| other != zone) => return None,
            Some((len, zone)) => {
                found = if is_denied { found } else { Some(zone) };
                at += len;
            }
            None => at += 1,
        }
    }
    found
}

fn stems(words: &Words) -> Vec<&str> {
    words.said().map(|(at, _)| words.stem(at)).collect()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn every_zone_of_a_city_is_one() {
        for (name, _) in CITIES {
            assert_eq!(TimeZone::get(name).unwrap().iana_name(), Some(name));
        }
    }

    #[test]
    fn a_city_is_known_in_any_case_and_with_words_around_it() {
        for (said, zone) in [
            ("Владивосток", Some("Asia/Vladivostok")),
            ("живу в Сургуте", Some("Asia/Yekaterinburg")),
            ("я из Нижнего Новгорода", Some("Europe/Moscow")),
            ("Нижний Тагил", Some("Asia/Yekaterinburg")),
            ("Петропавловск-Камчатский", Some("Asia/Kamchatka")),
            ("Ростов-на-Дону", Some("Europe/Moscow")),
            ("не в Москве, а в Омске", Some("Asia/Omsk")),
            ("то Москва, то Омск", None),
            ("Казань или Москва", Some("Europe/Moscow")),
            ("деревня", None),
            ("", None),
        ] {
            assert_eq!(super::zone(&Words::of(said)), zone, "{said}");
        }
    }
}
