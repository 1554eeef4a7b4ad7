//! Texts typed with the wrong keyboard layout, in transliteration or in slang, read as they were meant.

mod keys;

use std::{borrow::Cow, sync::LazyLock};

use rustc_hash::{FxHashMap, FxHashSet};

use self::keys::{from_latin, sound, to_cyrillic, to_latin};
use super::normal::{Kind, Words, stem};

/// Longest text that is mended, in bytes: longer ones are no quick typing.
const TEXT_BYTES_MAX: usize = 2_000;
/// Shortest word that proves by itself that the layout was wrong, in letters.
const TELLING_LETTERS: usize = 4;
/// Shortest Latin word that Cyrillic letters may stand for, in letters; only `ok` is shorter.
const LATIN_LETTERS: usize = 4;

/// Words of one language: forms, and stems of the longer ones so that their other forms are known too.
#[derive(Debug, Clone, Default)]
struct Lexicon {
    forms: FxHashSet<String>,
    stems: FxHashSet<String>,
}

impl Lexicon {
    fn add(&mut self, form: &str) {
        const STEM_LETTERS_MIN: usize = 3;
        let stem = stem(form);
        if stem.chars().count() >= STEM_LETTERS_MIN {
            self.stems.insert(stem.into_owned());
        }
        self.forms.insert(form.to_owned());
    }

    fn knows(&self, form: &str, stem: &str) -> bool {
        self.forms.contains(form) || form.chars().count() >= TELLING_LETTERS && self.stems.contains(stem)
    }
}

/// The common words: Russian by form and by sound, English by form.
struct Common {
    russian: Lexicon,
    english: Lexicon,
    sounds: FxHashMap<String, String>,
}

static COMMON: LazyLock<Common> = LazyLock::new(|| {
    let (mut russian, mut english, mut sounds) = (Lexicon::default(), Lexicon::default(), FxHashMap::default());
    for word in include_str!("layout/words_ru.txt").split_whitespace() {
        // Hyphened words come apart in a normal form.
        for part in word.split('-') {
            russian.add(part);
            sounds.entry(sound(part)).or_insert_with(|| part.to_owned());
        }
    }
    for word in include_str!("layout/words_en.txt").split_whitespace() {
        english.add(word);
    }
    Common { russian, english, sounds }
});

/// What the keys of this text would have written on the Russian layout. Whether that makes sense is for the caller to judge.
pub fn typed_on_russian_keys(text: &str) -> String {
    to_cyrillic(text)
}

/// A Russian text that was written in Latin letters, as well as its letters tell: what is spelled in several ways, and signs
/// that are silent, come out wrong now and then.
pub fn spelled_in_russian(text: &str) -> String {
    from_latin(text)
}

/// Mends texts; knows common words and those that a partner's files add. Cheap to keep: the common words are shared.
#[derive(Debug, Clone, Default)]
pub struct Fixer {
    extra: Lexicon,
    sounds: FxHashMap<String, String>,
}

impl Fixer {
    /// A fixer that knows the words of these texts besides the common ones: labels, product names, brands.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut fixer = Self::default();
        for text in texts {
            for word in Words::of(text).iter().filter(|word| word.kind == Kind::Word) {
                fixer.extra.add(word.form);
                if word.form.chars().any(cyrillic) {
                    fixer.sounds.entry(sound(word.form)).or_insert_with(|| word.form.to_owned());
                }
            }
        }
        fixer
    }

    /// The text as it was meant: wrong layout and transliteration mended where the result is made of known words and the
    /// original is not. Untouched texts are borrowed.
    pub fn fix<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.read(text).0
    }

    /// The text as it was meant, and its words.
    pub fn read<'t>(&self, text: &'t str) -> (Cow<'t, str>, Words) {
        let words = Words::of(text);
        match self.mended(text, &words) {
            Some(mended) => {
                let words = Words::of(&mended);
                (mended.into(), words)
            }
            None => (text.into(), words),
        }
    }

    fn mended(&self, text: &str, words: &Words) -> Option<String> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        if text.bytes().any(|b| b.is_ascii_alphabetic()) {
            let chunks: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
            self.mend_latin_keys(&chunks).or_else(|| self.mend_sounds(&chunks))
        } else {
            self.mend_cyrillic_keys(text, words)
        }
    }

    /// «ghbdtn»: Russian typed on the Latin layout.
    fn mend_latin_keys(&self, chunks: &[&str]) -> Option<String> {
        let mended: Vec<Option<String>> = chunks.iter().map(|chunk| self.chunk_by_keys(chunk)).collect();
        let telling = |text: &String| text.chars().filter(|c| cyrillic(*c)).count() >= TELLING_LETTERS;
        let sure = mended.iter().flatten().any(telling);
        let foreign = chunks.iter().zip(&mended).any(|(chunk, mended)| mended.is_none() && latin_word(chunk));
        let short = mended.iter().flatten().next().is_some() && chunks.len() == 1;
        // Short words («b», «d») are mended beside a telling one, or when all of the text comes out right.
        if !sure && (foreign || !(short || mended.iter().flatten().count() > 1)) {
            return None;
        }
        let keep_short = !foreign;
        let parts = chunks.iter().zip(mended).map(|(chunk, mended)| match mended {
            Some(mended) if keep_short || telling(&mended) => Cow::Owned(mended),
            _ => Cow::Borrowed(*chunk),
        });
        Some(parts.collect())
    }

    fn chunk_by_keys(&self, chunk: &str) -> Option<String> {
        let letters = chunk.chars().filter(char::is_ascii_alphabetic).count();
        if letters == 0 || chunk.chars().any(|c| !c.is_ascii() && !c.is_whitespace()) || self.known_latin(chunk) {
            return None;
        }
        // `,` and `.` are letters of the Russian layout: with them first, then as marks at the end.
        let core = chunk.trim_end();
        let bare = core.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        let keyed = core.trim_end_matches(['?', '!', '&', '/', ')', '"']);
        for cut in [keyed.len(), bare.len()] {
            let (word, marks) = core.split_at(cut);
            let mended = to_cyrillic(word);
            if self.known_cyrillic(&mended) {
                let marks = marks.replace('&', "?").replace('/', ".");
                return Some(format!("{mended}{marks}{}", &chunk[core.len()..]));
            }
        }
        None
    }

    /// «skolko stoit»: Russian in Latin letters.
    fn mend_sounds(&self, chunks: &[&str]) -> Option<String> {
        let mended: Vec<Option<String>> = chunks.iter().map(|chunk| self.chunk_by_sound(chunk)).collect();
        let words = chunks.iter().filter(|chunk| latin_word(chunk)).count();
        let found = mended.iter().flatten().count();
        let english =
            chunks.iter().zip(&mended).filter(|(chunk, mended)| mended.is_none() && english_word(chunk)).count();
        let telling =
            mended.iter().flatten().any(|text| text.chars().filter(|c| cyrillic(*c)).count() >= TELLING_LETTERS);
        let whole = found == words;
        if found == 0 || found * 2 < words || english > found || !(telling || whole) {
            return None;
        }
        // Beside Russian words `net` is «нет»; what the partner's files name stays.
        let russian = |chunk: &str| (telling && !self.named(chunk)).then(|| self.sounding(chunk)).flatten();
        let parts = chunks
            .iter()
            .zip(mended)
            .map(|(chunk, mended)| mended.or_else(|| russian(chunk)).map_or(Cow::Borrowed(*chunk), Cow::Owned));
        Some(parts.collect())
    }

    /// Whether the partner's files hold a word of this chunk.
    fn named(&self, chunk: &str) -> bool {
        Words::of(chunk).iter().any(|word| self.extra.knows(word.form, word.stem))
    }

    fn chunk_by_sound(&self, chunk: &str) -> Option<String> {
        if self.known_latin(chunk) { None } else { self.sounding(chunk) }
    }

    fn sounding(&self, chunk: &str) -> Option<String> {
        let core = chunk.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let latin = core.chars().all(|c| c.is_ascii_alphanumeric() || c == '\'')
            && core.chars().any(|c| c.is_ascii_alphabetic());
        if !latin || core.len() < 2 {
            return None;
        }
        let key = sound(&core.to_lowercase());
        let word = self.sounds.get(&key).or_else(|| COMMON.sounds.get(&key))?;
        Some(chunk.replace(core, word))
    }

    /// «щл», «руддщ»: English typed on the Russian layout.
    fn mend_cyrillic_keys(&self, text: &str, words: &Words) -> Option<String> {
        let mut words = words.iter().filter(|word| word.kind == Kind::Word).peekable();
        let mut mend = |chunk: &str, end: usize| -> Option<String> {
            let (mut spoken, mut known) = (false, true);
            while let Some(word) = words.next_if(|word| word.range.start < end) {
                spoken = true;
                known = known && self.is_russian(word.form, word.stem);
            }
            if spoken && known {
                return None;
            }
            let bare = chunk.trim_end().trim_end_matches(|c: char| !c.is_alphabetic());
            let mended = to_latin(bare);
            let long = mended.len() >= LATIN_LETTERS || mended.eq_ignore_ascii_case("ok");
            (long && self.known_latin(&mended)).then(|| format!("{mended}{}", &chunk[bare.len()..]))
        };
        let mut whole = String::new();
        let (mut end, mut copied) = (0, 0);
        for chunk in text.split_inclusive(char::is_whitespace) {
            let start = end;
            end += chunk.len();
            if let Some(mended) = mend(chunk, end) {
                whole.push_str(&text[copied..start]);
                whole.push_str(&mended);
                copied = end;
            }
        }
        // Almost no text has anything to mend.
        (copied > 0).then(|| whole + &text[copied..])
    }

    fn known_cyrillic(&self, text: &str) -> bool {
        self.all_words(text, Self::is_russian)
    }

    fn is_russian(&self, form: &str, stem: &str) -> bool {
        form.chars().all(cyrillic)
            && (COMMON.russian.knows(form, stem) || self.extra.knows(form, stem) || slang(form).is_some())
    }

    fn known_latin(&self, text: &str) -> bool {
        self.all_words(text, |fixer, form, stem| COMMON.english.knows(form, stem) || fixer.extra.knows(form, stem))
    }

    fn all_words(&self, text: &str, known: impl Fn(&Self, &str, &str) -> bool) -> bool {
        let words = Words::of(text);
        let mut said = words.iter().filter(|word| word.kind == Kind::Word).peekable();
        said.peek().is_some() && said.all(|word| known(self, word.form, word.stem))
    }
}

fn cyrillic(c: char) -> bool {
    matches!(c, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё')
}

fn latin_word(chunk: &str) -> bool {
    chunk.chars().any(|c| c.is_ascii_alphabetic())
}

fn english_word(chunk: &str) -> bool {
    let words = Words::of(chunk);
    words.iter().any(|word| word.form.len() >= 2 && COMMON.english.knows(word.form, word.stem))
}

/// What a slang word means, in normal form; several words are parted by spaces.
pub(super) fn slang(form: &str) -> Option<&'static str> {
    MEANINGS.get(form).copied()
}

static MEANINGS: LazyLock<FxHashMap<&'static str, &'static str>> = LazyLock::new(|| SLANG.iter().copied().collect());

/// Sorted by the slang word. Only what means the same to everyone: «др» stays, it is a birthday or «другие».
const SLANG: &[(&str, &str)] = &[
    ("addr", "address"),
    ("cdek", "сдэк"),
    ("cuz", "because"),
    ("dunno", "dont know"),
    ("gonna", "going to"),
    ("idk", "dont know"),
    ("msg", "message"),
    ("okay", "ok"),
    ("okey", "ok"),
    ("pcs", "pieces"),
    ("plese", "please"),
    ("pls", "please"),
    ("plz", "please"),
    ("ppl", "people"),
    ("thnx", "thanks"),
    ("thx", "thanks"),
    ("tmr", "tomorrow"),
    ("tmrw", "tomorrow"),
    ("tnx", "thanks"),
    ("tommorow", "tomorrow"),
    ("tomorow", "tomorrow"),
    ("wanna", "want to"),
    ("whatsapp", "ватсап"),
    ("агась", "ага"),
    ("адрессс", "адрес"),
    ("безнал", "безналичный"),
    ("безналом", "безналичный"),
    ("безналу", "безналичный"),
    ("ватсапп", "ватсап"),
    ("вацап", "ватсап"),
    ("ваще", "вообще"),
    ("ващще", "вообще"),
    ("вб", "вайлдберриз"),
    ("вобще", "вообще"),
    ("вобщем", "в общем"),
    ("вообщем", "в общем"),
    ("вотсап", "ватсап"),
    ("вотсапп", "ватсап"),
    ("воцап", "ватсап"),
    ("всеравно", "все равно"),
    ("всм", "в смысле"),
    ("всмысле", "в смысле"),
    ("досвидания", "до свидания"),
    ("досвиданья", "до свидания"),
    ("доствка", "доставка"),
    ("драсте", "здравствуйте"),
    ("драсьте", "здравствуйте"),
    ("дратути", "здравствуйте"),
    ("ебург", "екатеринбург"),
    ("екб", "екатеринбург"),
    ("завра", "завтра"),
    ("завтр", "завтра"),
    ("завтро", "завтра"),
    ("зделайте", "сделайте"),
    ("зделать", "сделать"),
    ("здравствуте", "здравствуйте"),
    ("здраствуйте", "здравствуйте"),
    ("здрасте", "здравствуйте"),
    ("здрасти", "здравствуйте"),
    ("здрасьте", "здравствуйте"),
    ("имхо", "по моему"),
    ("инста", "инстаграм"),
    ("инсте", "инстаграм"),
    ("инсту", "инстаграм"),
    ("инфа", "информация"),
    ("инфу", "информация"),
    ("инфы", "информация"),
    ("исчо", "еще"),
    ("ище", "еще"),
    ("ищо", "еще"),
    ("кагда", "когда"),
    ("када", "когда"),
    ("канеш", "конечно"),
    ("канешн", "конечно"),
    ("канешно", "конечно"),
    ("кароч", "короче"),
    ("кнш", "конечно"),
    ("комп", "компьютер"),
    ("конешно", "конечно"),
    ("короч", "короче"),
    ("крч", "короче"),
    ("кст", "кстати"),
    ("ладн", "ладно"),
    ("лан", "ладно"),
    ("лана", "ладно"),
    ("мб", "может быть"),
    ("мож", "может"),
    ("можна", "можно"),
    ("можт", "может"),
    ("мона", "можно"),
    ("мск", "москва"),
    ("нада", "надо"),
    ("нал", "наличные"),
    ("налик", "наличные"),
    ("наличка", "наличные"),
    ("наличкой", "наличные"),
    ("наличку", "наличные"),
    ("наложка", "наложенный платеж"),
    ("наложкой", "наложенный платеж"),
    ("наложкою", "наложенный платеж"),
    ("наложку", "наложенный платеж"),
    ("налом", "наличные"),
    ("неважн", "не важно"),
    ("неважно", "не важно"),
    ("неее", "нет"),
    ("незнаю", "не знаю"),
    ("ненадо", "не надо"),
    ("ненужно", "не нужно"),
    ("непонял", "не понял"),
    ("непоняла", "не поняла"),
    ("нехочу", "не хочу"),
    ("нинада", "не надо"),
    ("ниче", "ничего"),
    ("ничо", "ничего"),
    ("ннезнаю", "не знаю"),
    ("новосиб", "новосибирск"),
    ("норм", "нормально"),
    ("нормас", "нормально"),
    ("ноут", "ноутбук"),
    ("нск", "новосибирск"),
    ("нужн", "нужно"),
    ("нуна", "нужно"),
    ("окай", "ок"),
    ("оке", "ок"),
    ("окей", "ок"),
    ("океюшки", "ок"),
    ("оки", "ок"),
    ("окс", "ок"),
    ("окэй", "ок"),
    ("оч", "очень"),
    ("пасиб", "спасибо"),
    ("пасибо", "спасибо"),
    ("пасмотреть", "посмотреть"),
    ("пачем", "почем"),
    ("пачему", "почему"),
    ("перс", "персон"),
    ("пж", "пожалуйста"),
    ("пжл", "пожалуйста"),
    ("пжлст", "пожалуйста"),
    ("пжста", "пожалуйста"),
    ("питер", "петербург"),
    ("питера", "петербург"),
    ("питере", "петербург"),
    ("питеру", "петербург"),
    ("плз", "пожалуйста"),
    ("плиз", "пожалуйста"),
    ("плизз", "пожалуйста"),
    ("плис", "пожалуйста"),
    ("подскажте", "подскажите"),
    ("пожайлуста", "пожалуйста"),
    ("пожалуста", "пожалуйста"),
    ("понятн", "понятно"),
    ("поняяятно", "понятно"),
    ("порц", "порций"),
    ("послезавтро", "послезавтра"),
    ("пофиг", "все равно"),
    ("пофик", "все равно"),
    ("пох", "все равно"),
    ("прив", "привет"),
    ("рубас", "руб"),
    ("рублев", "рублей"),
    ("рубликов", "рублей"),
    ("руп", "руб"),
    ("сбер", "сбербанк"),
    ("сбера", "сбербанк"),
    ("сбере", "сбербанк"),
    ("сберу", "сбербанк"),
    ("сдек", "сдэк"),
    ("сдеком", "сдэк"),
    ("сдеку", "сдэк"),
    ("сдэком", "сдэк"),
    ("севодня", "сегодня"),
    ("сегодн", "сегодня"),
    ("седня", "сегодня"),
    ("сейчс", "сейчас"),
    ("сення", "сегодня"),
    ("ск", "сколько"),
    ("скажте", "скажите"),
    ("скинте", "скиньте"),
    ("скк", "сколько"),
    ("скок", "сколько"),
    ("скока", "сколько"),
    ("скоко", "сколько"),
    ("сколька", "сколько"),
    ("скольки", "скольких"),
    ("сморите", "смотрите"),
    ("спасиб", "спасибо"),
    ("спб", "петербург"),
    ("спс", "спасибо"),
    ("спсб", "спасибо"),
    ("стока", "столько"),
    ("стоко", "столько"),
    ("столька", "столько"),
    ("сча", "сейчас"),
    ("счас", "сейчас"),
    ("сяб", "спасибо"),
    ("тел", "телефон"),
    ("телега", "телеграм"),
    ("телеге", "телеграм"),
    ("телеграмм", "телеграм"),
    ("телегу", "телеграм"),
    ("телеф", "телефон"),
    ("тлф", "телефон"),
    ("тож", "тоже"),
    ("тока", "только"),
    ("токо", "только"),
    ("фотка", "фото"),
    ("фотки", "фото"),
    ("фотку", "фото"),
    ("фоток", "фото"),
    ("харашо", "хорошо"),
    ("хачу", "хочу"),
    ("хз", "не знаю"),
    ("хоч", "хочу"),
    ("хочю", "хочу"),
    ("че", "что"),
    ("че-нибудь", "что"),
    ("чел", "человек"),
    ("чето", "что то"),
    ("чо", "что"),
    ("чото", "что то"),
    ("чтоб", "чтобы"),
    ("шо", "что"),
    ("шт", "штук"),
    ("штк", "штук"),
    ("ща", "сейчас"),
    ("щаз", "сейчас"),
    ("щас", "сейчас"),
    ("ще", "еще"),
    ("яндексом", "яндекс"),
];

#[cfg(test)]
mod tests;
