//! Which picture may be shown: over https, and not one that only counts who looks.

use url::Url;

use super::text::{cut, fold};
use crate::model::article::Image;

const ALT: usize = 300;

/// Hosts whose pictures are there to count.
const COUNTERS: [&str; 13] = [
    "doubleclick.net",
    "feedburner.com",
    "feedproxy.google.com",
    "feedsportal.com",
    "google-analytics.com",
    "googlesyndication.com",
    "pixel.quantserve.com",
    "pixel.wp.com",
    "scorecardresearch.com",
    "stats.wordpress.com",
    "statcounter.com",
    "pheedo.com",
    "facebook.com",
];

/// File names of pictures with nothing in them.
const NOTHING: [&str; 9] = [
    "1x1.gif",
    "1x1.png",
    "blank.gif",
    "blank.png",
    "clear.gif",
    "pixel.gif",
    "pixel.png",
    "spacer.gif",
    "transparent.gif",
];

pub(super) fn shown(image: &Image) -> Option<Image> {
    let url = Url::parse(&image.url).ok().filter(|url| url.scheme() == "https")?;
    let host = url.host_str()?.to_ascii_lowercase();
    let counts = |known: &str| host.strip_suffix(known).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
    let name = url.path().rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    if COUNTERS.iter().any(|known| counts(known)) || NOTHING.contains(&name.as_str()) {
        return None;
    }
    let alt = image.alt.as_deref().map(|alt| cut(&fold(alt), ALT)).filter(|alt| !alt.is_empty());
    Some(Image { url: url.into(), alt })
}
