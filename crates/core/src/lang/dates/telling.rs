//! Words that tell of a day or a time. Most texts hold few, and nothing is to be heard where none is near.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use crate::lang::{
    beginnings::three_letters,
    normal::{Kind, Words},
    numerals::numeral,
};

/// How far behind the beginning of a day or a time its first telling word may stand: «for *the* day after *tomorrow*».
pub(super) const REACH: usize = 4;

/// The first three letters of months, ordinals and of halves («полседьмого»): other words begin so too, which costs a look.
const BEGINNINGS: &str = "янв фев мар апр мая май мае июн июл авг сен окт ноя дек jan feb mar apr may jun jul aug sep oct nov dec \
    пер вто тре чет пят шес сед вос дев дес оди две два три сем пол fir sec thi fou fif six sev eig nin ten ele twe";

/// Words without which no day and no time is said, besides digits and numbers.
const FORMS: &str = "сегодня сегодняшний today завтра завтрашний завтрашнему tomorrow tmrw tomorow послезавтра \
    через in спустя \
    выхах выхи выходных выходные выходным weekend неделе неделю week \
    понедельник понедельника понедельнику пн пнд monday вторник вторника вторнику вт втр tuesday \
    среда среду среды среде ср wednesday четверг четверга четвергу чт чтв thursday \
    пятница пятницу пятницы пятнице пт птн friday суббота субботу субботы субботе субота суботу сб сбт saturday \
    воскресенье воскресение воскресенья воскресенью воскресеньи вс вск sunday \
    mon tue tues wed thu thur thurs fri sat sun \
    час часу четверть half quarter noon midday midnight \
    вечеру утра обеда утру обед обеду обеденное lunch lunchtime утром утречком днем вечером вечерком ночью morning afternoon evening tonight";

static TELLING: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| FORMS.split_whitespace().collect());
static BEGIN: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| BEGINNINGS.split_whitespace().collect());

/// The first place from `at` on whose word tells of a day or a time.
pub(super) fn next(words: &Words, at: usize) -> Option<usize> {
    (at..words.len()).find(|at| match words.kind(*at) {
        Some(Kind::Digits) => true,
        Some(Kind::Word) => tells(words.form(*at)),
        Some(Kind::Mark) | None => false,
    })
}

fn tells(form: &str) -> bool {
    BEGIN.contains(three_letters(form)) || TELLING.contains(form) || numeral(form).is_some()
}
