//! Words that are numbers, in all their forms: «двенадцати», «двумя», «пятнадцатого», twenty.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use rustc_hash::{FxHashMap, FxHashSet};

/// How a number word combines with its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numeral {
    /// 0–999 in whole: takes its place in «сто двадцать пять».
    Plain(u32),
    /// Thousand, million: multiplies what stands before.
    Scale(u32),
    /// Hundredths that stand alone: «полтора», «четверть».
    Fraction(u32),
    /// A thousand and more in money slang: «косарь».
    Slang(u32),
}

const CARDINALS: &[(u32, &str)] = &[
    (0, "ноль нуля нолю нулю ноля zero"),
    (1, "один одна одно одного одной одному одну одним одном one"),
    (2, "два две двух двум двумя двое двоих двоим двоими вдвоем двойка двойку two"),
    (3, "три трех трем тремя трое троих троим троими втроем тройка тройку three"),
    (4, "четыре четырех четырем четырьмя четверо четверых четверым вчетвером четверка четверку four"),
    (5, "пять пяти пятью пятеро пятерых пятерым впятером пятерка пятерку пятерочка five"),
    // «семью» is left out: it is the family far more often than the number.
    (6, "шесть шести шестью шестеро шестерых шестерым вшестером six"),
    (7, "семь семи семеро семерых семерым всемером seven"),
    (8, "восемь восьми восемью восьмью восьмеро восьмерых eight"),
    (9, "девять девяти девятью девятеро девятерых nine"),
    (10, "десять десяти десятью десяток десятка десятку десятком десятеро ten"),
    (11, "одиннадцать одиннадцати одиннадцатью одинадцать одинадцати eleven"),
    (12, "двенадцать двенадцати двенадцатью двенацать двенадцат дюжина дюжину дюжины дюжине twelve dozen"),
    (13, "тринадцать тринадцати тринадцатью тринацать thirteen"),
    (14, "четырнадцать четырнадцати четырнадцатью fourteen"),
    (15, "пятнадцать пятнадцати пятнадцатью пятнацать fifteen"),
    (16, "шестнадцать шестнадцати шестнадцатью sixteen"),
    (17, "семнадцать семнадцати семнадцатью seventeen"),
    (18, "восемнадцать восемнадцати восемнадцатью eighteen"),
    (19, "девятнадцать девятнадцати девятнадцатью nineteen"),
    (20, "двадцать двадцати двадцатью двацать двадцатка twenty"),
    (30, "тридцать тридцати тридцатью тридцатка thirty"),
    (40, "сорок сорока forty"),
    (50, "пятьдесят пятидесяти пятьюдесятью пятдесят писят полсотни полтинник полтинника fifty"),
    (60, "шестьдесят шестидесяти шестьюдесятью шестдесят sixty"),
    (70, "семьдесят семидесяти семьюдесятью семдесят seventy"),
    (80, "восемьдесят восьмидесяти восемьюдесятью восемдесят eighty"),
    (90, "девяносто девяноста ninety"),
    (100, "сто ста сотня сотню сотни сотне стольник стольника сотка сотку hundred"),
    (150, "полтораста полутораста"),
    (200, "двести двухсот двумстам двумястами двухстах"),
    (300, "триста трехсот тремстам тремястами трехстах"),
    (400, "четыреста четырехсот четыремстам четырьмястами четырехстах"),
    (500, "пятьсот пятисот пятистам пятьюстами пятистах пятихатка пятихатку пятихатки"),
    (600, "шестьсот шестисот шестистам шестьюстами шестистах"),
    (700, "семьсот семисот семистам семьюстами семистах"),
    (800, "восемьсот восьмисот восьмистам восемьюстами восьмистах"),
    (900, "девятьсот девятисот девятистам девятьюстами девятистах"),
];

const SCALES: &[(u32, &str)] = &[
    (
        1000,
        "тысяча тысячи тысяч тысячу тысяче тысячам тысячей тысячью тысячами тысячах тыс тыща тыщи тыщ тыщу тыще тыщам thousand \
         thousands",
    ),
    (1_000_000, "миллион миллиона миллионов миллиону миллионом млн лям ляма лямов million millions"),
];

const FRACTIONS: &[(u32, &str)] = &[
    (150, "полтора полторы полутора"),
    (50, "половина половину половины половинка половинку half"),
    (25, "четверть четверти"),
];

const SLANG: &[(u32, &str)] =
    &[(1000, "косарь косаря косарей косарю косарем"), (500, "полкосаря"), (1500, "полторакосаря")];

static NUMERALS: LazyLock<FxHashMap<&'static str, Numeral>> = LazyLock::new(|| {
    type Table = (&'static [(u32, &'static str)], fn(u32) -> Numeral);
    let tables: [Table; 4] = [
        (CARDINALS, Numeral::Plain),
        (SCALES, Numeral::Scale),
        (FRACTIONS, Numeral::Fraction),
        (SLANG, Numeral::Slang),
    ];
    let all = tables.into_iter().flat_map(|(table, kind)| {
        table.iter().flat_map(move |(value, forms)| forms.split_whitespace().map(move |form| (form, kind(*value))))
    });
    all.collect()
});

/// What a word in normal form counts as.
pub(super) fn numeral(form: &str) -> Option<Numeral> {
    NUMERALS.get(form).copied()
}

/// «двое», «вдвоём»: a number of people.
pub(super) fn collective(form: &str) -> bool {
    const COLLECTIVES: &str = "двое двоих двоим двоими вдвоем трое троих троим троими втроем четверо четверых четверым \
        вчетвером пятеро пятерых пятерым впятером шестеро шестерых шестерым вшестером семеро семерых семерым всемером \
        восьмеро восьмерых девятеро девятерых десятеро";
    static FORMS: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| COLLECTIVES.split_whitespace().collect());
    FORMS.contains(form)
}

/// «полкило», «полчаса»: the word after «пол», when it is something that is halved.
pub(super) fn half_of(form: &str) -> Option<&str> {
    let rest = form.strip_prefix("пол")?;
    halvable(rest).then_some(rest)
}

/// Whether «пол» before this word means a half: «пол кило», not «пол кухни».
pub(super) fn halvable(form: &str) -> bool {
    const EXACT: &[&str] = &["кг", "л", "дня", "кило", "года", "часа", "часика", "ляма"];
    const STARTS: &[&str] = &[
        "килограмм",
        "литр",
        "метр",
        "торт",
        "порци",
        "пачк",
        "коробк",
        "упаковк",
        "стакан",
        "чашк",
        "ложк",
        "банк",
        "дюжин",
        "тысяч",
        "миллион",
        "тыщ",
    ];
    EXACT.contains(&form) || STARTS.iter().any(|start| form.starts_with(start))
}

const ORDINALS: &[(u32, &str, &str)] = &[
    (1, "перв", "first"),
    (2, "втор", "second"),
    (3, "трет", "third"),
    (4, "четверт", "fourth"),
    (5, "пят", "fifth"),
    (6, "шест", "sixth"),
    (7, "седьм", "seventh"),
    (8, "восьм", "eighth"),
    (9, "девят", "ninth"),
    (10, "десят", "tenth"),
    (11, "одиннадцат", "eleventh"),
    (12, "двенадцат", "twelfth"),
    (13, "тринадцат", "thirteenth"),
    (14, "четырнадцат", "fourteenth"),
    (15, "пятнадцат", "fifteenth"),
    (16, "шестнадцат", "sixteenth"),
    (17, "семнадцат", "seventeenth"),
    (18, "восемнадцат", "eighteenth"),
    (19, "девятнадцат", "nineteenth"),
    (20, "двадцат", "twentieth"),
    (30, "тридцат", "thirtieth"),
];

const ORDINAL_ENDINGS: &[&str] = &["ый", "ой", "ий", "ая", "ое", "ого", "ому", "ую", "ым", "ом"];
/// Of «третий» alone: «шестью» would be six.
const THIRD_ENDINGS: &[&str] = &["ий", "ья", "ье", "ьего", "ью", "ьему", "ьей", "ьим"];

/// «второй», «пятнадцатого», third: the ordinal number of a word.
pub(super) fn ordinal(form: &str) -> Option<u32> {
    ORDINAL_FORMS.get(form).copied()
}

static ORDINAL_FORMS: LazyLock<FxHashMap<String, u32>> = LazyLock::new(|| {
    let forms = |(value, ru, en): &(u32, &str, &str)| {
        let endings = if *value == 3 { THIRD_ENDINGS } else { ORDINAL_ENDINGS };
        let value = *value;
        let russian: Vec<String> = endings.iter().map(|ending| format!("{ru}{ending}")).collect();
        russian.into_iter().chain([(*en).to_owned()]).map(move |form| (form, value))
    };
    ORDINALS.iter().flat_map(forms).collect()
});

/// Hundredths as a decimal.
pub(super) fn hundredths(value: u32) -> Decimal {
    Decimal::new(i64::from(value), 2).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_word_stands_in_one_table_only_once() {
        let all = [CARDINALS, SCALES, FRACTIONS, SLANG].into_iter().flatten().flat_map(|(_, f)| f.split_whitespace());
        assert_eq!(all.count(), NUMERALS.len());
    }

    #[test]
    fn ordinals_are_told_from_cardinals() {
        for (form, expected) in [
            ("второй", Some(2)),
            ("третье", Some(3)),
            ("пятнадцатого", Some(15)),
            ("пять", None),
            ("шестью", None),
            ("первое", Some(1)),
            ("third", Some(3)),
            ("вторник", None),
        ] {
            assert_eq!(ordinal(form), expected, "{form}");
        }
    }
}
