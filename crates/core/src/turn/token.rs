//! What a button carries: which run, step and option it was shown for. At most 64 bytes of ASCII, as the narrowest messenger
//! wants, so ids, which may be Cyrillic and long, go in as hashes.

use std::fmt;

/// A button's meaning. Hashes survive reordering of steps and options, unlike indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// An option, an example or a choice of the step that asked.
    Option {
        /// The run's number.
        run: u32,
        /// [`hash`] of the step's id.
        step: u32,
        /// [`hash`] of the option's id or the example's label.
        option: u32,
    },
    /// A thing that any step may offer.
    Act {
        /// The run's number.
        run: u32,
        /// [`hash`] of the step's id.
        step: u32,
        /// What.
        act: Act,
    },
    /// A button of a `say`: its number.
    Target {
        /// The run's number.
        run: u32,
        /// [`hash`] of the step's id.
        step: u32,
        /// Which button, from 0.
        button: u32,
    },
    /// Begin this flow: [`hash`] of its id.
    Start(u32),
    /// A product: [`hash`] of its id.
    Product(u32),
    /// Something outside any flow.
    Plain(Plain),
}

macro_rules! letters {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident $letter:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            fn letter(self) -> char {
                match self { $(Self::$variant => $letter,)* }
            }

            fn from_letter(letter: &str) -> Option<Self> {
                let mut letters = letter.chars();
                let first = letters.next().filter(|_| letters.next().is_none())?;
                [$(Self::$variant,)*].into_iter().find(|one| one.letter() == first)
            }
        }
    };
}

letters! {
    /// What any step may offer.
    Act {
        /// Leave the slot empty.
        Skip 's',
        /// Agree to the consent text.
        Agree 'a',
        /// Do not agree; go on without contacts.
        Decline 'd',
        /// Place the order.
        Confirm 'c',
        /// Change the order first.
        Change 'g',
    }
}

letters! {
    /// What a button outside any flow means.
    Plain {
        /// Call a person.
        Human 'h',
        /// The bot again, while no person has answered.
        Bot 'b',
        /// Never write first again.
        Stop 'x',
        /// Agree to the consent text.
        Agree 'a',
        /// Do not agree.
        Decline 'd',
        /// Read all of the consent text.
        Read 'r',
        /// Buy what is in the cart.
        Checkout 'o',
        /// Place the order that was shown.
        Confirm 'c',
        /// Do not place it.
        Cancel 'n',
        /// Pass the wish to change a confirmed order on.
        Change 'g',
        /// Leave the confirmed order as it is.
        Keep 'k',
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option { run, step, option } => write!(f, "o.{run:x}.{step:x}.{option:x}"),
            Self::Act { run, step, act } => write!(f, "a.{run:x}.{step:x}.{}", act.letter()),
            Self::Target { run, step, button } => write!(f, "t.{run:x}.{step:x}.{button:x}"),
            Self::Start(flow) => write!(f, "f.{flow:x}"),
            Self::Product(product) => write!(f, "p.{product:x}"),
            Self::Plain(plain) => write!(f, "x.{}", plain.letter()),
        }
    }
}

impl Token {
    /// Reads a token; anything that is none of ours gives `None`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let hex = |text: &str| u32::from_str_radix(text, 16).ok();
        match parts[..] {
            ["o", run, step, option] => Some(Self::Option { run: hex(run)?, step: hex(step)?, option: hex(option)? }),
            ["a", run, step, act] => Some(Self::Act { run: hex(run)?, step: hex(step)?, act: Act::from_letter(act)? }),
            ["t", run, step, button] => Some(Self::Target { run: hex(run)?, step: hex(step)?, button: hex(button)? }),
            ["f", flow] => Some(Self::Start(hex(flow)?)),
            ["p", product] => Some(Self::Product(hex(product)?)),
            ["x", plain] => Plain::from_letter(plain).map(Self::Plain),
            _ => None,
        }
    }
}

/// FNV-1a: short, stable over versions, and no secret hangs on it.
pub(crate) fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_reads_back_and_fits_the_narrowest_messenger() {
        let all = [
            Token::Option { run: u32::MAX, step: u32::MAX, option: hash("день_рождения") },
            Token::Act { run: 1, step: 2, act: Act::Confirm },
            Token::Target { run: 1, step: 2, button: 3 },
            Token::Start(hash("tort")),
            Token::Product(hash("tort-malina")),
            Token::Plain(Plain::Human),
        ];
        for token in all {
            let text = token.to_string();
            assert!(text.len() <= 64 && text.is_ascii(), "{text}");
            assert_eq!(Token::parse(&text), Some(token));
        }
    }

    #[test]
    fn foreign_tokens_mean_nothing() {
        for text in ["", "o.1.2", "v1:sz:M", "a.1.2.zz", "x.?", "f.100000000"] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }
}
