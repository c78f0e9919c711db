//! A colour, and how well it reads on another.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Text below this is hard to read on its ground (WCAG 2.2, 1.4.3).
pub const READABLE: f64 = 4.5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a colour: write it as `#rrggbb`, such as \"#1d70b8\"")]
pub struct BadColour(String);

impl Colour {
    pub const fn of(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// From 1 (the same) to 21 (black on white), as WCAG 2.2 reckons it; the same either way round.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    pub fn reads_on(self, ground: Self) -> bool {
        self.contrast(ground) >= READABLE
    }

    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl FromStr for Colour {
    type Err = BadColour;

    fn from_str(text: &str) -> Result<Self, BadColour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let number = digits
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| BadColour(text.to_owned()))?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self { red, green, blue })
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().unwrap()
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let contrast = |one: &str, two: &str| (colour(one).contrast(colour(two)) * 100.0).round() / 100.0;
        assert_eq!(contrast("#000000", "#ffffff"), 21.0);
        assert_eq!(contrast("#777777", "#ffffff"), 4.48);
        assert_eq!(contrast("#ffffff", "#767676"), 4.54);
        assert_eq!(contrast("#1d70b8", "#1d70b8"), 1.0);
    }

    #[test]
    fn a_colour_is_written_in_one_way() {
        assert_eq!(colour("#1D70b8").to_string(), "#1d70b8");
        for wrong in ["1d70b8", "#1d7", "#1d70bg", "#+d70b8", "blue", "#é70b"] {
            assert_eq!(wrong.parse::<Colour>(), Err(BadColour(wrong.to_owned())));
        }
    }
}
