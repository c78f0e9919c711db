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
#[serde(deny_unknown_fields)]
pub struct Frequency {
    pub slug: Slug,
    pub name: Names,
    #[serde(rename = "cron", deserialize_with = "cron")]
    pub schedule: Schedule,
    /// Whether readers choose the hour; the schedule then has one fixed hour.
    #[serde(default)]
    pub hour_choice: bool,
    /// Whether somebody releases each of its runs by hand.
    #[serde(default)]
    pub approve: bool,
    /// The frequency its readers move to.
    #[serde(default)]
    pub replaced_by: Option<Slug>,
    /// Its subscriptions end.
    #[serde(default)]
    pub end_subscriptions: bool,
}

pub(super) fn check(frequencies: &[Frequency], site: &Site, findings: &mut Findings<'_>) {
    findings.unique("frequency", frequencies.iter().map(|frequency| &frequency.slug));
    findings.retiring(
        "frequency",
        frequencies.iter().map(|one| (&one.slug, one.replaced_by.as_ref(), one.end_subscriptions)),
    );
    let any_left = frequencies.iter().any(|one| one.replaced_by.is_none() && !one.end_subscriptions);
    if !any_left && !findings.any_problem() {
        findings.wrong("frequency", "there is no [[frequency]] left that a reader could choose");
    }
    for (i, one) in frequencies.iter().enumerate() {
        findings.named("frequency", i, &one.slug, &one.name, &site.languages);
        if one.approve {
            findings.warn(format!(
                "frequency `{}` has approve = true: its runs wait to be released, and this version has no command for it",
                one.slug
            ));
        }
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
