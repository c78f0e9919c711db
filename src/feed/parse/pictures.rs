//! Pictures that a feed gives with an entry. Those of one pixel only watch, and are passed over.

use url::Url;

use super::links;
use super::tag::Tag;
use crate::model::article::Image;

/// A picture by its type: an enclosure may be anything.
pub(super) fn enclosure(tag: &Tag, attribute: &str, base: Option<&Url>) -> Option<Image> {
    let kind = tag.given("type")?;
    if kind.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("image/")) {
        named(tag, attribute, base)
    } else {
        None
    }
}

/// A picture by the name of the element.
pub(super) fn named(tag: &Tag, attribute: &str, base: Option<&Url>) -> Option<Image> {
    let tiny = |side| tag.given(side).and_then(|size| size.parse::<u32>().ok()).is_some_and(|size| size <= 1);
    if tiny("width") || tiny("height") {
        return None;
    }
    Some(Image { url: links::resolve(base, tag.given(attribute)?)?, alt: None })
}

/// A `media:content` that is a picture, until it is closed: a title in it is what to say in its place.
#[derive(Default)]
pub(super) struct Pending(Option<Image>);

impl Pending {
    pub(super) fn content(&mut self, tag: &Tag, base: Option<&Url>) {
        let is_image = match (tag.given("medium"), tag.given("type")) {
            (Some(medium), _) => medium.eq_ignore_ascii_case("image"),
            (None, Some(kind)) => kind.to_ascii_lowercase().starts_with("image/"),
            (None, None) => tag.given("url").is_some_and(has_image_suffix),
        };
        if is_image && self.0.is_none() {
            self.0 = named(tag, "url", base);
        }
    }

    pub(super) fn alt(&mut self, title: &str) {
        if let Some(image) = &mut self.0
            && !title.is_empty()
        {
            image.alt.get_or_insert_with(|| title.to_owned());
        }
    }

    pub(super) fn take(&mut self) -> Option<Image> {
        self.0.take()
    }
}

fn has_image_suffix(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    [".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif"].iter().any(|suffix| path.ends_with(suffix))
}
