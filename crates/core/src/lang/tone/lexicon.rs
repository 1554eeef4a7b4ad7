//! Beginnings of words with their weights, in tenths. Forms are normal: lower case, ё as е.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

/// What a word does to the tone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    /// Weighs so much; whether it is said in anger.
    Weight { tenths: i32, angry: bool },
    /// Makes the next word stronger.
    Stronger,
    /// Makes the next word weaker.
    Weaker,
    /// Turns the next word over.
    Not,
    /// What follows counts more than what was said.
    But,
}

/// The sense of a word, by its longest beginning.
pub(super) fn sense(form: &str) -> Option<Sense> {
    static TABLE: OnceLock<FxHashMap<char, Vec<(&'static str, Sense)>>> = OnceLock::new();
    let table = TABLE.get_or_init(table);
    let known = table.get(&form.chars().next()?)?;
    let fits = |beginning: &str| match beginning.strip_suffix('=') {
        Some(whole) => form == whole,
        None => form.starts_with(beginning),
    };
    known.iter().find(|(beginning, _)| fits(beginning)).map(|(_, sense)| *sense)
}

fn table() -> FxHashMap<char, Vec<(&'static str, Sense)>> {
    let mut table: FxHashMap<char, Vec<(&'static str, Sense)>> = FxHashMap::default();
    let lists = [(POSITIVE, 1, false), (NEGATIVE, -1, false), (ANGRY, -1, true)];
    let weights = lists.into_iter().flat_map(|(words, sign, angry)| {
        words.iter().flat_map(move |(tenths, words)| {
            words.split_whitespace().map(move |word| (word, Sense::Weight { tenths: sign * tenths, angry }))
        })
    });
    let signs = [(STRONGER, Sense::Stronger), (WEAKER, Sense::Weaker), (NOT, Sense::Not), (BUT, Sense::But)];
    let signs = signs.into_iter().flat_map(|(words, sense)| words.split_whitespace().map(move |word| (word, sense)));
    for (word, sense) in weights.chain(signs) {
        if let Some(first) = word.chars().next() {
            table.entry(first).or_default().push((word, sense));
        }
    }
    for words in table.values_mut() {
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    }
    table
}

/// A word with `=` is meant whole, any other by its beginning.
const POSITIVE: &[(i32, &str)] = &[
    (
        30,
        "отличн прекрасн замечательн великолепн восхитительн шикарн восторг идеальн обожа супер= суперск бесподобн \
         потрясающ изумительн чудесн божественн волшебн офигенн обалденн огонь= топ= круто= крут= лучшие= лучшая= \
         лучший= excellent perfect amazing wonderful fantastic brilliant superb awesome delicious love= loved= lovely",
    ),
    (
        20,
        "хорош нравит понравил люблю= любим= вкусн вкуснот красив красот рад= рада= рады= радует порадовал доволен= довольн \
         молодц молодец= умниц вежлив приятн класс= классн мил= милый= милая= мило= здорово= \
         здоровск уютн нежн= нежный= счастлив спасла= спасли= выручил помогли= помогла= рекоменд понятливы отзывчив \
         good great nice happy pleased beautiful tasty grateful helpful recommend polite kind= yummy glad",
    ),
    // Politeness alone is no praise.
    (6, "спасибо= спасибочк благодар thank thanks"),
    (12, "удобн быстро= оперативн внимательн свеж аккуратн душевн интересн quick fast fresh friendly easy"),
];

const NEGATIVE: &[(i32, &str)] = &[
    (
        30,
        "ужас кошмар отврат отстой гадост мерзк разочаров испорч несвеж протухш тухл отрав жуть= жутк хренов фигня= \
         awful terrible horrible disgusting disappoint worst rotten stale inedible",
    ),
    (
        20,
        "плох невкусн недовол неприятн обидн печальн расстро опозда опаздыв задерж сломал сломан разбит помял помят грязн \
         груб черств засох неудобн непонятн непрофессион некомпетент безвкусн хуже= худш жаль= зря= кисл= слаб= \
         ненадежн невежлив неаккуратн неправд жалею= пожалел напутал перепутал игнорир молчите= невозможно= страшно= \
         bad poor rude late= delayed broken sad upset unhappy wrong= dirty slow= tasteless regret unfortunately",
    ),
    (
        12,
        "долго= медленн дорого= проблем ошиб грустн скучн пересол пережар сухой= сухие= сухая= холодный= expensive problem mistake boring",
    ),
];

const ANGRY: &[(i32, &str)] = &[
    (
        30,
        "безобраз хамств хамит хамят хамло хам= обман надули= мошенн воры= ворье кидалы= кинули= бесит бесите достали= \
         надоели= задолбал идиот дурак= дураки= тупые= тупой= тупит тупят дебил козлы= сволоч возмут возмущ позор издева \
         нагл врете= врут= вранье= лжецы= ложь= дерьм черт= чертов роспотребнадзор прокуратур заткн отвяжи отстань \
         ненавижу= ненавид достал= беспредел outrageous scam cheat liar fraud idiot stupid hate= ridiculous pathetic \
         disgrace furious unacceptable",
    ),
    (20, "верните= совесть= совести= суд= жалобу= жаловаться= пожалуюсь= терпение= refund= complain"),
];

const STRONGER: &str = "очень= так= такой= такая= такое= такие= самый= самая= самое= просто= реально= прям= прямо= невероятно= \
                        безумно= дико= чертовски= адски= как= какой= какая= какие= какое= настолько= совсем= вообще= \
                        совершенно= абсолютно= крайне= весьма= very= so= really= too= extremely= insanely= awfully= \
                        terribly= absolutely= such= incredibly=";
const WEAKER: &str = "немного= немножко= чуть= слегка= довольно= вроде= местами= bit= slightly= somewhat= rather=";
const NOT: &str = "не= ни= нет= без= никак= нисколько= not= no= never= without= don= isn= wasn= didn= doesn= hardly=";
const BUT: &str = "но= однако= зато= but= however=";
