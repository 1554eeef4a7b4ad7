//! What `voronka check` says: a place, a code and the code's arguments. The words are the app's (Fluent, ru and en).

use std::sync::Arc;

/// A place in a partner's file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Path inside the partner's folder, with `/` (`flows/tort.yaml`).
    pub file: Arc<str>,
    /// Bytes of the file's text, from 0.
    pub bytes: std::ops::Range<usize>,
}

impl Place {
    /// A place in `file`.
    pub fn new(file: &Arc<str>, bytes: std::ops::Range<usize>) -> Self {
        Self { file: Arc::clone(file), bytes }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The partner is not loaded with it.
    Error,
    /// The partner is loaded; the owner should know.
    Warning,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where.
    pub place: Place,
    /// Which rule (`F203`); codes never change their meaning.
    pub code: Code,
    /// Values for the message's placeholders, by the names that `diagnostics.md` gives.
    pub args: Vec<(&'static str, String)>,
    /// Other places that explain this one, each with a code of the same kind or none.
    pub related: Vec<Place>,
}

impl Diagnostic {
    /// The name of the argument that holds the talk of a test which failed, a line each.
    pub const TRANSCRIPT: &'static str = "transcript";

    /// The talk of a test that failed; empty for all else.
    pub fn transcript(&self) -> Vec<String> {
        let talk = self.args.iter().find(|(name, _)| *name == Self::TRANSCRIPT);
        talk.map(|(_, talk)| talk.lines().map(str::to_owned).collect()).unwrap_or_default()
    }
}

macro_rules! codes {
    ($($code:ident $level:ident;)*) => {
        /// A diagnostic's code; its texts are in the app, one per language.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = concat!("See `", stringify!($code), "` in the list of diagnostics.")] $code,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// The code as it is printed.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            /// How bad it is.
            pub fn level(self) -> Level {
                match self { $(Self::$code => Level::$level,)* }
            }
        }
    };
}

codes! {
    Y101 Error;
    Y102 Error;
    Y103 Error;
    Y104 Error;
    Y105 Error;
    Y106 Error;
    Y107 Error;
    Y108 Error;
    Y109 Error;
    Y110 Error;
    Y111 Error;
    Y112 Error;
    Y113 Error;
    Y114 Warning;
    Y199 Error;
    F201 Error;
    F202 Error;
    F203 Error;
    F204 Error;
    F205 Error;
    F206 Error;
    F207 Error;
    F208 Error;
    F209 Warning;
    F210 Error;
    F211 Error;
    F212 Warning;
    F213 Error;
    F214 Error;
    F215 Error;
    F216 Warning;
    F217 Warning;
    F218 Warning;
    X301 Error;
    X302 Error;
    X303 Error;
    X304 Error;
    X305 Error;
    X306 Error;
    X307 Error;
    X308 Error;
    X309 Warning;
    X310 Warning;
    X311 Error;
    X312 Warning;
    T401 Error;
    T403 Error;
    T404 Warning;
    T405 Error;
    T406 Warning;
    T407 Error;
    L501 Warning;
    L502 Error;
    L503 Warning;
    L504 Error;
    L505 Warning;
    S551 Error;
    S552 Error;
    S553 Error;
    S554 Warning;
    S555 Warning;
    S556 Error;
    S557 Error;
    S558 Error;
    S559 Error;
    S560 Error;
    S561 Error;
    S562 Error;
    S563 Error;
    S564 Warning;
    S565 Warning;
    P571 Error;
    P572 Warning;
    P573 Error;
    P574 Error;
    P575 Warning;
    C601 Error;
    C602 Error;
    C603 Error;
    C604 Error;
    C605 Error;
    C606 Error;
    C607 Error;
    C608 Warning;
    C609 Warning;
    C610 Warning;
    C611 Warning;
    K701 Error;
    K702 Error;
    K703 Error;
    K704 Warning;
    K705 Error;
    K706 Error;
    K707 Error;
    Z801 Error;
    Z802 Warning;
}
