//! The feeds of the configuration, as their last answers left them. None is asked here: `tidings feed fetch` does.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::finding::Finding;
use crate::cli::words::{count, when};
use crate::config::Config;
use crate::model::slug::Slug;
use crate::store::feed::{self, Listed};
use crate::store::{Error, Store};

const ABOUT: &str = "feeds";
/// A feed that is away for so long is not just being restarted.
const LONG: TimeDelta = TimeDelta::days(1);

pub async fn look(config: &Config, store: &Store, now: DateTime<Utc>) -> Result<Vec<Finding>, Error> {
    let known: HashMap<Slug, Listed> =
        feed::list(store).await?.into_iter().map(|feed| (feed.slug.clone(), feed)).collect();
    let declared: Vec<Option<&Listed>> = config.feeds.iter().map(|feed| known.get(&feed.slug)).collect();
    let mut findings: Vec<Finding> = declared.iter().flatten().filter_map(|feed| trouble(feed, now)).collect();
    findings.extend(new(declared.iter().filter(|feed| feed.is_none_or(was_never_asked)).count()));
    if findings.is_empty() {
        findings.push(match config.feeds.len() {
            0 => Finding::warning(ABOUT, "none is declared: nothing comes in")
                .then("declare one as [[feed]] in the configuration"),
            n => Finding::ok(ABOUT, format!("{} answered when last asked", count(n, "feed"))),
        });
    }
    Ok(findings)
}

fn trouble(feed: &Listed, now: DateTime<Utc>) -> Option<Finding> {
    let slug = &feed.slug;
    if let Some(gone) = feed.gone_at {
        let what = format!("{slug} is gone since {}", when(gone, now));
        let fix = "find its new address, or take it out of the configuration; `tidings feed fetch` asks it once more";
        return Some(Finding::problem(ABOUT, what, fix));
    }
    if let Some(error) = &feed.error {
        let since = feed.error_since.unwrap_or(now);
        let what = format!("{slug} fails since {}: {error}", when(since, now));
        let fix = format!("see whether its address still holds; `tidings feed fetch {slug}` tries again");
        let long = now - since >= LONG;
        return Some(Finding::once_mail_leaves(long, ABOUT, what, fix));
    }
    if feed.held > 0 {
        let what = format!("{slug} holds {}, far more than usual at once", count(feed.held as usize, "article"));
        let fix = format!("`tidings feed release {slug}` mails them; with --archive they are kept and not mailed");
        return Some(Finding::problem(ABOUT, what, fix));
    }
    let damage = feed.damaged.as_ref()?;
    Some(Finding::warning(ABOUT, format!("{slug} is damaged, and is read as far as it goes: {damage}")))
}

/// One that was, and failed, is told by itself.
fn was_never_asked(feed: &Listed) -> bool {
    feed.first_fetched_at.is_none() && feed.error.is_none() && feed.gone_at.is_none()
}

fn new(unasked: usize) -> Option<Finding> {
    let what = format!("{} not fetched yet", if unasked == 1 { "1 was".to_owned() } else { format!("{unasked} were") });
    (unasked > 0).then(|| Finding::warning(ABOUT, what).then("`tidings feed fetch`, or start `tidings run`"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_feed_in_trouble_is_told_by_how_bad_it_is() {
        let now: DateTime<Utc> = "2026-03-02T08:00:00Z".parse().unwrap();
        let well = Listed {
            slug: "sea".to_owned().try_into().unwrap(),
            url: "https://news.example.org/sea".to_owned(),
            adopted_url: None,
            title: None,
            next_check_at: now,
            first_fetched_at: Some(now),
            last_success_at: Some(now),
            failures: 0,
            error: None,
            error_since: None,
            told_at: None,
            missing_since: None,
            gone_at: None,
            damaged: None,
            held_since: None,
            held: 0,
        };
        let level = |feed: Listed| trouble(&feed, now).map(|finding| finding.level);
        let failing = |since| Listed { error: Some("no".to_owned()), error_since: Some(since), ..well.clone() };
        assert_eq!(level(well.clone()), None);
        let never = Listed { first_fetched_at: None, ..well.clone() };
        assert!(was_never_asked(&never) && !was_never_asked(&Listed { error: Some("no".to_owned()), ..never.clone() }));
        assert_eq!(level(failing(now - TimeDelta::hours(3))), Some(Level::Warning));
        assert_eq!(level(failing(now - TimeDelta::days(3))), Some(Level::Problem));
        assert_eq!(level(Listed { gone_at: Some(now), ..failing(now) }), Some(Level::Problem));
        assert_eq!(level(Listed { held: 60, ..well.clone() }), Some(Level::Problem));
        assert_eq!(level(Listed { damaged: Some("cut short".to_owned()), ..well.clone() }), Some(Level::Warning));
    }
}
