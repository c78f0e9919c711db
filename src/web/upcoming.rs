//! When the next digest of a reader falls due, on their wall: what our pages promise.

use chrono_tz::Tz;

use super::Pages;
use crate::model::slug::Slug;
use crate::render::Moment;

/// The first firing after now of any of these frequencies.
pub fn first<'a>(
    pages: &Pages,
    frequencies: impl IntoIterator<Item = &'a Slug>,
    hour: i64,
    zone: Tz,
) -> Option<Moment> {
    let (hour, now) = (u8::try_from(hour).ok()?, pages.clock.now());
    let firing = |slug: &Slug| {
        let frequency = pages.config.frequency(slug)?;
        let schedule =
            if frequency.hour_choice { frequency.schedule.at_hour(hour) } else { frequency.schedule.clone() };
        schedule.next_after(now, zone)
    };
    let next = frequencies.into_iter().filter_map(firing).min_by_key(|firing| firing.at)?;
    Some(Moment::from(next.at.with_timezone(&zone).naive_local()))
}
