//! A partner's colour, made readable on both themes of our pages (WCAG 2.2: contrast 4.5 for text).

use std::fmt;

/// The least contrast of a text with what is behind it.
pub const CONTRAST_MIN: f64 = 4.5;
/// The page behind the cards is the darker one: what is read there is read on white too.
const LIGHT_PAGE: Color = Color(0xf7, 0xf7, 0xf5);
const LIGHT_SURFACE: Color = Color(0xff, 0xff, 0xff);
const DARK_SURFACE: Color = Color(0x1f, 0x1f, 0x1d);
const DARK_INK: Color = Color(0x14, 0x14, 0x1c);

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(u8, u8, u8);

/// A colour as pages of each theme show it, with what is written on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent {
    /// On light pages.
    pub light: Color,
    /// What is written on that.
    pub light_ink: Color,
    /// On dark pages.
    pub dark: Color,
    /// What is written on that.
    pub dark_ink: Color,
}

impl Color {
    /// The accent of the house.
    pub const DEFAULT: Self = Self(0x3f, 0x51, 0xc7);

    /// Reads `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let fits = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        fits.then(|| Some(Self(part(0)?, part(2)?, part(4)?)))?
    }

    /// The accent for light pages: dark enough to be read on the page, and to carry white text.
    #[must_use]
    pub fn on_light(self) -> Self {
        self.until_readable(Self(0, 0, 0), LIGHT_PAGE)
    }

    /// The accent for dark pages: light enough to be read on the dark surface.
    fn on_dark(self) -> Self {
        self.until_readable(Self(0xff, 0xff, 0xff), DARK_SURFACE)
    }

    /// The colour for both themes.
    pub fn accent(self) -> Accent {
        let (light, dark) = (self.on_light(), self.on_dark());
        Accent { light, light_ink: light.ink(), dark, dark_ink: dark.ink() }
    }

    /// Its contrast with white: from 1 to 21.
    pub fn contrast_with_white(self) -> f64 {
        contrast(self, LIGHT_SURFACE)
    }

    fn ink(self) -> Self {
        if contrast(self, LIGHT_SURFACE) >= contrast(self, DARK_INK) { LIGHT_SURFACE } else { DARK_INK }
    }

    fn until_readable(self, towards: Self, surface: Self) -> Self {
        (0..=20_u8)
            .map(|step| self.mixed(towards, step))
            .find(|color| contrast(*color, surface) >= CONTRAST_MIN)
            .unwrap_or(towards)
    }

    fn mixed(self, other: Self, twentieths: u8) -> Self {
        let mix = |a: u8, b: u8| {
            let sum = u16::from(a) * u16::from(20 - twentieths) + u16::from(b) * u16::from(twentieths);
            u8::try_from(sum / 20).unwrap_or(u8::MAX)
        };
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }

    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (a.luminance(), b.luminance());
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_colour_of_the_house_is_kept_on_light_pages() {
        assert_eq!(Color::DEFAULT.on_light().to_string(), "#3f51c7");
        assert_eq!(Color::parse("#B5523B").unwrap().on_light().to_string(), "#b5523b");
        for bad in ["", "b5523b", "#fff", "#gggggg", "#b5523b;", "#ы5523"] {
            assert_eq!(Color::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_partner_chose_can_be_read(red: u8, green: u8, blue: u8) {
            let chosen = Color(red, green, blue);
            let (light, dark) = (chosen.on_light(), chosen.on_dark());
            prop_assert!(contrast(light, LIGHT_SURFACE) >= CONTRAST_MIN && contrast(light, light.ink()) >= CONTRAST_MIN);
            prop_assert!(contrast(dark, DARK_SURFACE) >= CONTRAST_MIN && contrast(dark, dark.ink()) >= CONTRAST_MIN);
        }
    }
}
