//! `[[frequency]]`: how often readers can be written to.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::findings::Findings;
use super::site::Site;
use super::value;
use crate::model::schedule::Schedule;
use crate::model::slug::Slug;
use crate::model::topic::Names;

#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Text")]
pub struct Frequency {
    pub slug: Slug,
    pub name: Names,
    /// Of one that is given up and has none, one that nobody asks for.
    pub schedule: Schedule,
    /// Whether readers choose the hour; the schedule then has one fixed hour.
    pub hour_choice: bool,
    /// Whether somebody releases each of its runs by hand.
    pub approve: bool,
    /// The frequency its readers move to.
    pub replaced_by: Option<Slug>,
    /// Its subscriptions end.
    pub end_subscriptions: bool,
}

/// As it is written: one that is given up needs no more than its slug.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    slug: Slug,
    #[serde(default)]
    name: Names,
    #[serde(default = "daily", deserialize_with = "cron")]
    cron: Schedule,
    #[serde(default)]
    hour_choice: bool,
    #[serde(default)]
    approve: bool,
    replaced_by: Option<Slug>,
    #[serde(default)]
    end_subscriptions: bool,
}

fn daily() -> Schedule {
    Schedule::parse("0 8 * * *").expect("a cron expression")
}

impl From<Text> for Frequency {
    fn from(text: Text) -> Self {
        let Text { slug, name, cron: schedule, hour_choice, approve, replaced_by, end_subscriptions } = text;
        Self { slug, name, schedule, hour_choice, approve, replaced_by, end_subscriptions }
    }
}

impl Frequency {
    /// Given up: it is in the text only for what becomes of its readers.
    pub(super) fn is_retired(&self) -> bool {
        self.end_subscriptions || self.replaced_by.is_some()
    }
}

pub(super) fn check(frequencies: &[Frequency], site: &Site, findings: &mut Findings<'_>) {
    findings.unique("frequency", frequencies.iter().map(|frequency| &frequency.slug));
    findings.retiring(
        "frequency",
        frequencies.iter().map(|one| (&one.slug, one.replaced_by.as_ref(), one.end_subscriptions)),
    );
    let any_left = frequencies.iter().any(|one| !one.is_retired());
    if !any_left && !findings.any_problem() {
        findings.wrong("frequency", "there is no [[frequency]] left that a reader could choose");
    }
    for (i, one) in frequencies.iter().enumerate().filter(|(_, one)| !one.is_retired()) {
        if !findings.has(&format!("frequency.{i}.cron")) {
            let message = format!("frequency `{}` needs `cron`, such as \"0 8 * * *\": when it comes", one.slug);
            findings.wrong(&format!("frequency.{i}"), message);
        }
        findings.named("frequency", i, &one.slug, &one.name, &site.languages);
        if one.hour_choice && one.schedule.fixed_hour().is_none() {
            findings.wrong(
                &format!("frequency.{i}.hour_choice"),
                format!(
                    "frequency `{}` offers a choice of hour, but `{}` has no single hour for it to replace",
                    one.slug, one.schedule
                ),
            );
        }
    }
}

fn cron<'de, D: Deserializer<'de>>(from: D) -> Result<Schedule, D::Error> {
    let text: String = value::text(from, "a cron expression in quotes, such as \"0 8 * * *\",")?;
    Schedule::parse(&text).map_err(D::Error::custom)
}
