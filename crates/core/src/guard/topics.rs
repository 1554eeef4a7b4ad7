//! What a sentence is about: the stems by which a claim and its evidence are known to speak of one thing.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::figures::hash;
use crate::lang::{
    beginnings::Beginnings,
    normal::{Kind, Words},
    numbers::is_number_word,
};

/// The stems of a sentence that say what it is about: no joints, no words that every price stands with.
pub(super) fn subject(words: &Words) -> SmallVec<[u64; 16]> {
    let said = words.said().filter(|(_, word)| word.kind == Kind::Word);
    said.filter_map(|(_, word)| topic(word.form, word.stem)).collect()
}

/// Words of one meaning, in the two languages.
const SAME: &[(&[&str], &str)] = &[
    (&["самовывоз", "забра", "забер", "забир", "pickup", "collect"], "самовывоз"),
    (&["достав", "привез", "привоз", "везем", "возим", "везет", "курьер", "deliver"], "доставка"),
    (&["надпис", "подпиш", "подпис", "inscript"], "надпись"),
    (&["предоплат", "аванс", "prepay", "deposit", "advance"], "предоплата"),
    (&["сроч", "urgent", "rush"], "срочно"),
    (&["бонус", "bonus"], "бонус"),
    (&["картинк", "фотопечат", "рисун", "picture", "image"], "картинка"),
    (&["фигурк", "figur"], "фигурка"),
    (&["возвра", "верн", "return", "refund"], "возврат"),
    (&["откры", "card"], "открытка"),
    (&["заказ", "order"], "заказ"),
    (&["перенос", "перене", "reschedul"], "перенос"),
];

static SAME_WORDS: LazyLock<Beginnings<u64>> = LazyLock::new(|| {
    let all = SAME.iter().flat_map(|(starts, same)| starts.iter().map(move |start| (*start, hash(same))));
    Beginnings::new(all)
});

/// Words that stand beside any price or promise, and so show nothing.
const IDLE: &str = "стоит стоят стоить стоимост цен рубл руб rub price cost rubl торт бент пирог набор вам вас ваш наш \
    нас мы вы он она они это эт тот так там тут для при или если что как все всег весь еще уже тольк лиш \
    есть будет буд можн можем дад дадим сдела делаем дела получ отдад отда предлож предлага подар \
    подарок cak cake the and you your our for with this that have will can get just only its from off \
    free discount скидк бесплатн процент percent да конечн сегодн завтр сейчас день дня тысяч штук today \
    tomorrow now all над под без его ее их вот раз специальн хорош рад";
static IDLE_WORDS: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| IDLE.split_whitespace().collect());

fn topic(form: &str, stem: &str) -> Option<u64> {
    if form.chars().nth(2).is_none() || is_number_word(form) {
        return None;
    }
    if let Some(same) = SAME_WORDS.of(form) {
        return Some(same);
    }
    (!IDLE_WORDS.contains(stem) && !IDLE_WORDS.contains(form)).then(|| hash(stem))
}
