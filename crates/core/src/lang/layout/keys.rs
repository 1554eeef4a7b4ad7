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
