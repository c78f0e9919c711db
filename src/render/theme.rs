//! The colours that carry the site's own: links and buttons, and the bars above sections.

use serde::Serialize;

use crate::model::colour::Colour;

const LIGHT: Ground = Ground { paper: Colour::of(0xff, 0xff, 0xff), link: Colour::of(0x1d, 0x70, 0xb8) };
const DARK: Ground = Ground { paper: Colour::of(0x1f, 0x1f, 0x1f), link: Colour::of(0x8a, 0xb4, 0xf8) };

/// What is shipped for one of the two schemes. What stands on a button has the colour of the paper.
struct Ground {
    paper: Colour,
    link: Colour,
}

/// As templates see it: `#rrggbb` each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Theme {
    pub link: String,
    pub bar: String,
    pub dark_link: String,
    pub dark_bar: String,
}

impl Theme {
    /// A colour of the site's that does not read on the paper is no colour of links: it is used for bars alone.
    pub fn of(own: Option<Colour>) -> Self {
        let link = |ground: &Ground| own.filter(|own| own.reads_on(ground.paper)).unwrap_or(ground.link).to_string();
        let bar = |ground: &Ground| own.unwrap_or(ground.link).to_string();
        Self { link: link(&LIGHT), bar: bar(&LIGHT), dark_link: link(&DARK), dark_bar: bar(&DARK) }
    }

    /// The pages' style, with the site's colours after those that it brings. It stays as it is where there are none: its
    /// hash stands in the pages' security policy.
    pub fn over(&self, style: String) -> String {
        if *self == Self::of(None) {
            return style;
        }
        let Self { link, bar, dark_link, dark_bar } = self;
        format!(
            "{style}:root{{--link:{link};--bar:{bar}}}\n\
             @media (prefers-color-scheme:dark){{:root{{--link:{dark_link};--bar:{dark_bar}}}}}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(own: &str) -> Theme {
        Theme::of(Some(own.parse().unwrap()))
    }

    #[test]
    fn a_colour_that_does_not_read_is_for_bars_only() {
        let Theme { link, bar, dark_link, dark_bar } = theme("#7a0019");
        assert_eq!([link, bar, dark_link, dark_bar], ["#7a0019", "#7a0019", "#8ab4f8", "#7a0019"]);
        let Theme { link, bar, dark_link, dark_bar } = theme("#ffd500");
        assert_eq!([link, bar, dark_link, dark_bar], ["#1d70b8", "#ffd500", "#ffd500", "#ffd500"]);
    }

    #[test]
    fn the_shipped_style_stays_as_it_is() {
        assert_eq!(Theme::of(None).over("a{}\n".into()), "a{}\n");
        assert!(theme("#7a0019").over("a{}\n".into()).starts_with("a{}\n:root{--link:#7a0019;--bar:#7a0019}\n"));
    }
}
