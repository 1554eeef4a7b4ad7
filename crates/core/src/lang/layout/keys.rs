//! Keys of the two layouts, and how Russian sounds in Latin letters.

/// The Latin keys of a keyboard in the order of [`CYRILLIC`].
const LATIN: &str = "`qwertyuiop[]asdfghjkl;'zxcvbnm,./~QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>?&";
/// What the same keys write in Russian.
const CYRILLIC: &str = "ёйцукенгшщзхъфывапролджэячсмитьбю.ЁЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,?";

/// What the keys of a Latin text write on the Russian layout.
pub(super) fn to_cyrillic(text: &str) -> String {
    text.chars().map(|c| swap(c, LATIN, CYRILLIC)).collect()
}

/// What the keys of a Russian text write on the Latin layout.
pub(super) fn to_latin(text: &str) -> String {
    text.chars().map(|c| if c.is_alphabetic() { swap(c, CYRILLIC, LATIN) } else { c }).collect()
}

fn swap(c: char, from: &str, to: &str) -> char {
    from.chars().position(|key| key == c).and_then(|at| to.chars().nth(at)).unwrap_or(c)
}

/// Spellings of Russian letters in Latin ones, longer ones first.
const SPELLINGS: &[(&str, &str)] = &[
    ("shch", "щ"),
    ("sch", "щ"),
    ("zh", "ж"),
    ("kh", "х"),
    ("ts", "ц"),
    ("ch", "ч"),
    ("sh", "ш"),
    ("yu", "ю"),
    ("ju", "ю"),
    ("iu", "ю"),
    ("ya", "я"),
    ("ja", "я"),
    ("ia", "я"),
    ("yo", "е"),
    ("jo", "е"),
    ("ye", "е"),
    ("iy", "ий"),
    ("yy", "ый"),
    ("ij", "ий"),
    ("a", "а"),
    ("b", "б"),
    ("v", "в"),
    ("w", "в"),
    ("g", "г"),
    ("d", "д"),
    ("e", "е"),
    ("z", "з"),
    ("i", "и"),
    ("j", "й"),
    ("k", "к"),
    ("q", "к"),
    ("l", "л"),
    ("m", "м"),
    ("n", "н"),
    ("o", "о"),
    ("p", "п"),
    ("r", "р"),
    ("s", "с"),
    ("t", "т"),
    ("u", "у"),
    ("f", "ф"),
    ("h", "х"),
    ("x", "х"),
    ("c", "ц"),
    ("y", "ы"),
    ("\'", "ь"),
    ("4", "ч"),
];

/// A Russian text that was written in Latin letters.
pub(super) fn from_latin(text: &str) -> String {
    let text = text.to_lowercase();
    let mut rest = text.as_str();
    let mut out = String::with_capacity(rest.len() * 2);
    while let Some(next) = rest.chars().next() {
        let spelling = SPELLINGS.iter().find(|(latin, _)| rest.starts_with(latin));
        // A vowel before «y» makes it «й»: `moy`.
        let short = next == 'y' && out.ends_with(['а', 'е', 'о', 'у', 'и']);
        match spelling {
            Some(("y", _)) if short => out.push('й'),
            Some((_, russian)) => out.push_str(russian),
            None => out.push(next),
        }
        rest = &rest[spelling.map_or(next.len_utf8(), |(latin, _)| latin.len())..];
    }
    out
}

/// Russian letters in Latin ones, in the simplest spelling; signs are silent.
fn spelled(c: char) -> &'static str {
    match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => "g",
        'д' => "d",
        'е' | 'ё' | 'э' => "e",
        'ж' => "zh",
        'з' => "z",
        'и' | 'й' | 'ы' => "i",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' => "u",
        'ф' => "f",
        'х' => "h",
        'ц' => "c",
        'ч' => "ch",
        'ш' | 'щ' => "sh",
        'ю' => "iu",
        'я' => "ia",
        _ => "",
    }
}

/// Spellings of one sound, folded in this order.
const FOLDS: &[(&str, &str)] = &[
    ("shch", "sh"),
    ("sch", "sh"),
    ("tsch", "ch"),
    ("kh", "h"),
    ("zh", "j"),
    ("ts", "c"),
    ("tz", "c"),
    ("yo", "e"),
    ("jo", "e"),
    ("ye", "e"),
    ("je", "e"),
    ("ja", "ia"),
    ("ya", "ia"),
    ("ju", "iu"),
    ("yu", "iu"),
    ("w", "v"),
    ("x", "h"),
    ("q", "k"),
    ("y", "i"),
    ("'", ""),
    ("4", "ch"),
    ("6", "sh"),
    ("io", "e"),
];

/// The sound of a word, the same for its Russian spelling and the many Latin ones: «сколько», `skolko`, `skol'ko`.
pub(super) fn sound(word: &str) -> String {
    let mut sound: String =
        word.chars().flat_map(|c| if c.is_ascii() { vec![c] } else { spelled(c).chars().collect() }).collect();
    for (from, to) in FOLDS {
        if sound.contains(from) {
            sound = sound.replace(from, to);
        }
    }
    // `j` may be «ж» or «й»: between them only the known words decide, so an ending `ij` becomes `i`.
    if sound.ends_with("ij") || sound.ends_with("ii") {
        sound.pop();
    }
    let mut folded = String::with_capacity(sound.len());
    for c in sound.chars() {
        if !folded.ends_with(c) {
            folded.push(c);
        }
    }
    folded
}
