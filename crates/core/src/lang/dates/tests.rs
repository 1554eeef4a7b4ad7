use jiff::civil::datetime;

use super::*;

/// Friday, 20 November 2026, 15:00.
const NOW: civil::DateTime = datetime(2026, 11, 20, 15, 0, 0, 0);

/// Prints what was found: `date..last time-until part`, with a `?` where it is not sure.
fn spelled(text: &str) -> String {
    let one = |when: &When| {
        let mut parts = Vec::new();
        if let Some(date) = when.date {
            parts.push(when.last.map_or_else(|| date.to_string(), |last| format!("{date}..{last}")));
        }
        if let Some(time) = when.time {
            let until = when.until.map(|until| format!("-{}", until.strftime("%H:%M"))).unwrap_or_default();
            parts.push(format!("{}{until}", time.strftime("%H:%M")));
        }
        if let Some(part) = when.part {
            parts.push(format!("{part:?}"));
        }
        parts.join(" ") + if when.certainty == Certainty::Perhaps { "?" } else { "" }
    };
    find(&Words::of(text), NOW).iter().map(one).collect::<Vec<_>>().join("; ")
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = (cases.iter())
        .filter(|(text, expected)| spelled(text) != *expected)
        .map(|(text, expected)| format!("{text}: {} instead of {expected}", spelled(text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn russian_days_are_understood() {
    check(&[
        ("завтра", "2026-11-21"),
        ("на послезавтра", "2026-11-22"),
        ("сегодня", "2026-11-20"),
        ("в субботу", "2026-11-21"),
        ("в пятницу", "2026-11-27"),
        ("к ср", "2026-11-25"),
        ("в следующую среду", "2026-11-25"),
        ("на выхах", "2026-11-21..2026-11-22"),
        ("на следующих выходных", "2026-11-28..2026-11-29"),
        ("на следующей неделе", "2026-11-23..2026-11-29"),
        ("на следующей неделе в среду", "2026-11-25"),
        ("через неделю в субботу", "2026-11-28"),
        ("торт маме на юбилей 15 декабря", "2026-12-15"),
        ("15-го декабря", "2026-12-15"),
        ("пятнадцатого декабря", "2026-12-15"),
        ("двадцать пятого января", "2027-01-25"),
        ("1 ноября", "2027-11-01"),
        ("20 ноября", "2026-11-20"),
        ("15 дек 2027 года", "2027-12-15"),
        ("с 15 по 17 декабря", "2026-12-15..2026-12-17"),
        ("15-17 декабря", "2026-12-15..2026-12-17"),
        ("15.12", "2026-12-15"),
        ("15.12.2026", "2026-12-15"),
        ("15.12.26", "2026-12-15"),
        ("2026-12-15", "2026-12-15"),
        ("1.5", "2027-05-01?"),
        ("15 числа", "2026-12-15"),
        ("к 25-го", "2026-11-25"),
        ("через 3 дня", "2026-11-23"),
        ("через три дня", "2026-11-23"),
        ("через неделю", "2026-11-27"),
        ("через две недели", "2026-12-04"),
        ("через пару дней", "2026-11-22"),
        ("через месяц", "2026-12-20"),
        ("в субботу 5 декабря", "2026-12-05"),
        ("5 декабря (сб)", "2026-12-05"),
        ("29 февраля", "2028-02-29"),
    ]);
}

#[test]
fn russian_times_are_understood() {
    check(&[
        ("к 6", "18:00?"),
        ("завтра к 6", "2026-11-21 18:00"),
        ("завтра к 10", "2026-11-21 10:00"),
        ("завтра в 10 вечера", "2026-11-21 22:00"),
        ("в 18:30", "18:30"),
        ("в 18.30", "18:30"),
        ("полседьмого", "18:30"),
        ("полдевятого", "08:30"),
        ("пол 9", "08:30"),
        ("в пол 9 вечера", "20:30"),
        ("завтра пол девять", "2026-11-21 08:30"),
        ("пол 2 торта", ""),
        ("в обед", "Lunch?"),
        ("завтра к обеду", "2026-11-21 Lunch"),
        ("завтра в обед в 2", "2026-11-21 14:00"),
        ("в половине седьмого", "18:30"),
        ("завтра в пол восьмого утра", "2026-11-21 07:30"),
        ("без пятнадцати семь", "18:45"),
        ("без четверти 7", "18:45"),
        ("6 вечера", "18:00"),
        ("в 6 утра", "06:00"),
        ("в 2 часа дня", "14:00"),
        ("в час дня", "13:00"),
        ("в шесть вечера", "18:00"),
        ("к семи", "19:00?"),
        ("в 18 часов", "18:00"),
        ("вечером", "Evening?"),
        ("завтра утром", "2026-11-21 Morning"),
        ("завтра утром в 9", "2026-11-21 09:00"),
        ("в субботу вечером к 8", "2026-11-21 20:00"),
        ("сегодня к 9", "2026-11-20 21:00"),
        ("через 2 часа", "2026-11-20 17:00"),
        ("через полчаса", "2026-11-20 15:30"),
        ("через полтора часа", "2026-11-20 16:30"),
        ("с 10 до 12", "10:00-12:00?"),
        ("завтра с 10 до 12", "2026-11-21 10:00-12:00"),
        ("с 14:00 до 16:00", "14:00-16:00"),
        ("14:00-16:00", "14:00-16:00"),
        ("в полдень", "12:00"),
        ("к 9.30", "09:30"),
        ("в 15-00", "15:00"),
        ("30.11 в 15 00", "2026-11-30 15:00"),
        ("завтра в районе 5", "2026-11-21 17:00"),
        ("пт, 20 ноября, 18:30", "2026-11-20 18:30"),
    ]);
}

#[test]
fn english_days_and_times_are_understood() {
    check(&[
        ("tomorrow", "2026-11-21"),
        ("the day after tomorrow", "2026-11-22"),
        ("on Saturday", "2026-11-21"),
        ("on Sat", "2026-11-21"),
        ("next Friday", "2026-11-27"),
        ("Dec 15", "2026-12-15"),
        ("December 15th, 2027", "2027-12-15"),
        ("15th of December", "2026-12-15"),
        ("on the 15th", "2026-12-15"),
        ("12/25", "2026-12-25"),
        ("in 3 days", "2026-11-23"),
        ("in a week", "2026-11-27"),
        ("in two weeks", "2026-12-04"),
        ("at 6 pm", "18:00"),
        ("7pm", "19:00"),
        ("tomorrow at 6", "2026-11-21 18:00"),
        ("tomorrow at 9 am", "2026-11-21 09:00"),
        ("half past six", "18:30"),
        ("half past nine", "09:30"),
        ("half nine", "09:30"),
        ("at lunchtime", "Lunch?"),
        ("at noon", "12:00"),
        ("this weekend", "2026-11-21..2026-11-22"),
        ("in half an hour", "2026-11-20 15:30"),
        ("tomorrow evening", "2026-11-21 Evening"),
    ]);
}

#[test]
fn what_is_no_date_is_left_alone() {
    check(&[
        ("12 человек", ""),
        ("до 5 тыс", ""),
        ("к 6 гостям", ""),
        ("в 3 цветах", ""),
        ("10-12 человек", ""),
        ("торт на 3 дня", ""),
        ("1,5 кг", ""),
        ("доброе утро", ""),
        ("в прошлую субботу", ""),
        ("24/7 работаете?", ""),
        ("с днем рождения", ""),
        ("good morning", ""),
        ("the sun cake", ""),
        ("32.13", ""),
        ("31 февраля", ""),
        ("99:99", ""),
        ("8 999 123-45-67", ""),
        ("на семью", ""),
        ("2-й этаж", ""),
        ("12.50 ₽", ""),
    ]);
}

#[test]
fn a_bare_number_is_a_day_or_an_hour_when_that_was_asked() {
    let day = |text: &str| bare_day(&Words::of(text), NOW.date()).map(|day| day.to_string()).unwrap_or_default();
    for (text, expected) in [
        ("15", "2026-12-15"),
        ("на 25", "2026-11-25"),
        ("31", "2026-12-31"),
        ("15-е", "2026-12-15"),
        ("20", "2026-11-20"),
        ("32", ""),
        ("15 человек", ""),
        ("", ""),
    ] {
        assert_eq!(day(text), expected, "{text}");
    }
    let time =
        |text: &str| bare_time(&Words::of(text)).map(|time| time.strftime("%H:%M").to_string()).unwrap_or_default();
    for (text, expected) in [
        ("6", "18:00"),
        ("10", "10:00"),
        ("к 9 часам", "09:00"),
        ("шесть", "18:00"),
        ("25", ""),
        ("6 штук", ""),
        ("1530", "15:30"),
        ("в 0900", "09:00"),
        ("930", "09:30"),
        ("2575", ""),
        ("1533", ""),
        ("1530 штук", ""),
    ] {
        assert_eq!(time(text), expected, "{text}");
    }
    let span = |text: &str| {
        let hour = |time: civil::Time| time.strftime("%H:%M").to_string();
        bare_span(&Words::of(text)).map(|(from, to)| format!("{}-{}", hour(from), hour(to))).unwrap_or_default()
    };
    for (text, expected) in [
        ("10-12", "10:00-12:00"),
        ("10 – 12", "10:00-12:00"),
        ("10 to 12", "10:00-12:00"),
        ("9:30 до 11", "09:30-11:00"),
        ("2-4 дня", "14:00-16:00"),
        ("10-12 человек", ""),
        ("12", ""),
    ] {
        assert_eq!(span(text), expected, "{text}");
    }
}

/// Prints what is wanted, alternatives parted by a bar.
fn wanted_of(text: &str) -> String {
    let said = |one: &Alternative| {
        one.whens.iter().map(|when| spelled(&text[when.range.clone()])).collect::<Vec<_>>().join("; ")
    };
    wanted(&Words::of(text), NOW).iter().map(said).collect::<Vec<_>>().join(" | ")
}

#[test]
fn days_and_hours_that_are_refused_are_not_wanted() {
    for (text, expected) in [
        ("не завтра, а в субботу", "2026-11-21"),
        ("не в среду, а в четверг", "2026-11-26"),
        ("только не в пятницу", ""),
        ("в любой день кроме среды", ""),
        ("в любой день, кроме среды и четверга", ""),
        ("кроме среды, пятницы", ""),
        ("в пятницу не могу, давайте в субботу", "2026-11-21"),
        ("в пятницу и субботу не могу, давайте в среду", "2026-11-25"),
        ("не могу в пятницу, могу в среду", "2026-11-25"),
        ("в пятницу не получится", ""),
        ("не в 10, а в 12:00", "12:00"),
        ("не в пятницу или субботу, а в среду", " | 2026-11-25"),
        ("not tomorrow but on Wednesday", "2026-11-25"),
        ("any day except Wednesday", ""),
        ("any day but Friday", ""),
        ("Friday doesn't work, let's do Monday", "2026-11-23"),
        ("I can't on Friday", ""),
        // What bounds, corrects or asks refuses nothing.
        ("не позже пятницы", "2026-11-27"),
        ("не до 10:00", "10:00"),
        ("no tomorrow", "2026-11-21"),
        ("no, tomorrow", "2026-11-21"),
        ("нет, завтра", "2026-11-21"),
        ("а завтра не получится?", "2026-11-21"),
        ("не только в пятницу", "2026-11-27"),
        ("ничего кроме пятницы", "2026-11-27"),
        ("без пятнадцати семь", "18:45"),
    ] {
        assert_eq!(wanted_of(text), expected, "{text}");
    }
}

#[test]
fn alternatives_stand_apart_and_share_a_month() {
    let days = |text: &str| {
        let one =
            |one: &Alternative| one.whens.iter().filter_map(|when| when.date).map(|day| day.to_string()).collect();
        wanted(&Words::of(text), NOW).iter().map(one).collect::<Vec<String>>()
    };
    for (text, expected) in [
        ("15 или 16 января", ["2027-01-15", "2027-01-16"]),
        ("на 15-е или 16-е января", ["2027-01-15", "2027-01-16"]),
        ("пятнадцатого или шестнадцатого января", ["2027-01-15", "2027-01-16"]),
        ("January 15 or 16", ["2027-01-15", "2027-01-16"]),
        ("завтра или в среду", ["2026-11-21", "2026-11-25"]),
        ("торт на 15 или пирог 16 января", ["", "2027-01-16"]),
        ("31 или 1 февраля", ["", "2027-02-01"]),
        ("завтра в 10 или 15", ["2026-11-21", ""]),
    ] {
        assert_eq!(days(text), expected, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "((в|к|с|до|через|пол|без|15|99|2026|[.:/-]|декабря|дня|субботу|завтра|утра|не|кроме|могу|или|half|past|in|the) ?){0,12}|\\PC{0,100}") {
        for now in [NOW, datetime(9999, 12, 31, 23, 59, 0, 0), datetime(-9999, 1, 1, 0, 0, 0, 0)] {
            for when in find(&Words::of(&text), now) {
                assert!(text.get(when.range).is_some());
            }
            for when in wanted(&Words::of(&text), now).into_iter().flat_map(|one| one.whens) {
                assert!(text.get(when.range).is_some());
            }
            bare_day(&Words::of(&text), now.date());
            bare_time(&Words::of(&text));
            bare_span(&Words::of(&text));
        }
    }
}

/// Words that days and times are said with, and some that they are not.
const SAID: &str = "на к до в во с со от по после около через спустя между and at by for until from to the this next of in on \
    сегодня завтра послезавтра завтрашнему today tomorrow day after 3 5 15 24 7 2026 10 30 12 1 00 18:30 15.12 15/12/26 2026-12-15 \
    15-го 25-е 3rd 15th го числа день дня дней неделю недели неделе month месяц час часа часов часам часу районе минут минуты \
    пару полтора пол полчаса полседьмого половине седьмого пятого двадцатого двадцать тридцать первого пятнадцатого четверть четверти без \
    пятнадцати десяти семь шесть два двух ноль три четыре пять десять двенадцать декабря январе мая марта сен december may jan march \
    june следующей следующую следующее этой эту ближайшие ближайшую той выходных выхах weekend week понедельник пн вторник среду чт \
    пятницу пт субботу сб воскресенье sunday sat mon friday утра утром утречком вечера вечером вечеру ближе дня днем ночи ночью обеда \
    обед обеду утру полдень полдню полудню полночь noon midnight midday morning afternoon evening tonight am pm a p m o clock half \
    past quarter прошлую торт нужен сколько гостей, можно? - . , : ( ) / доброе good или и числу г года каждый тысяч руб";

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_096))]
    #[test]
    fn listening_where_a_word_tells_hears_what_listening_everywhere_does(
        said in proptest::collection::vec(proptest::sample::select(SAID.split_whitespace().collect::<Vec<_>>()), 1..9)
    ) {
        let words = Words::of(&said.join(" "));
        let everywhere = search(&words, NOW, |words, at| (at < words.len()).then_some(at));
        proptest::prop_assert_eq!(find(&words, NOW), everywhere, "{}", said.join(" "));
    }
}
