//! `[[region]]`: an optional second facet. It is written like a topic, and narrows what a reader gets.

use super::findings::Findings;
use super::site::Site;
use super::topic::{self, Topic};

pub type Region = Topic;

pub(super) fn check(regions: &[Region], site: &Site, findings: &mut Findings<'_>) {
    topic::check_all("region", regions, site, findings);
}
