//! One field of a cron expression, read as standard cron reads it (crontab(5)) and written for the `cron` crate, whose
//! numbers for days of the week are others: there `1` is Sunday.

use super::BadSchedule;

pub(super) struct Field {
    what: &'static str,
    min: u8,
    max: u8,
    /// From `min` on.
    names: &'static [&'static str],
}

pub(super) const SECOND: Field = Field { what: "second", min: 0, max: 59, names: &[] };
pub(super) const MINUTE: Field = Field { what: "minute", min: 0, max: 59, names: &[] };
pub(super) const HOUR: Field = Field { what: "hour", min: 0, max: 23, names: &[] };
pub(super) const DAY: Field = Field { what: "day of month", min: 1, max: 31, names: &[] };
pub(super) const MONTH: Field = Field {
    what: "month",
    min: 1,
    max: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
/// Sunday is 0 and 7.
pub(super) const DAY_OF_WEEK: Field =
    Field { what: "day of week", min: 0, max: 7, names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] };

impl Field {
    /// The values a field stands for, in order and each once.
    pub fn read(&self, text: &str) -> Result<Vec<u8>, BadSchedule> {
        let mut values = Vec::new();
        for item in text.split(',') {
            values.extend(self.item(item)?);
        }
        if self.max == DAY_OF_WEEK.max {
            values.iter_mut().for_each(|day| *day %= 7);
        }
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }

    pub fn is_all(&self, values: &[u8]) -> bool {
        values.len() == self.count()
    }

    /// For the `cron` crate, which needs names for days of the week.
    pub fn write(&self, values: &[u8]) -> String {
        let one = |value: &u8| match self.names.get(usize::from(value - self.min)) {
            Some(name) => (*name).to_owned(),
            None => value.to_string(),
        };
        if self.is_all(values) { "*".to_owned() } else { values.iter().map(one).collect::<Vec<_>>().join(",") }
    }

    fn count(&self) -> usize {
        if self.max == DAY_OF_WEEK.max { 7 } else { usize::from(self.max - self.min) + 1 }
    }

    /// `*`, `4`, `MON`, `1-5`, each also with a step: `*/2`, `1-5/2`, `4/2` (from 4 on).
    fn item(&self, item: &str) -> Result<Vec<u8>, BadSchedule> {
        let (span, step) = match item.split_once('/') {
            Some((span, step)) => (span, Some(self.step(step)?)),
            None => (item, None),
        };
        // Without its second Sunday a week of `*/2` has four days, as in cron.
        let last = if self.max == DAY_OF_WEEK.max { 6 } else { self.max };
        let (from, to) = match span.split_once('-') {
            _ if matches!(span, "*" | "?") => (self.min, last),
            Some((from, to)) => (self.value(from)?, self.end_of_range(to)?),
            None => {
                let value = self.value(span)?;
                (value, if step.is_some() { last.max(value) } else { value })
            }
        };
        if from > to {
            return Err(self.bad(item, "runs backwards: write two ranges, with a comma between them"));
        }
        Ok((from..=to).step_by(usize::from(step.unwrap_or(1))).collect())
    }

    fn value(&self, text: &str) -> Result<u8, BadSchedule> {
        if let Some(place) = self.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(self.min + place as u8);
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|value| digits && (self.min..=self.max).contains(value)).ok_or_else(|| {
            let named = match self.names {
                [] => String::new(),
                names => format!(" or {} to {}", names[0], names[names.len() - 1]),
            };
            self.bad(text, &format!("is not {} to {}{named}", self.min, self.max))
        })
    }

    /// As the end of a range, Sunday closes the week: `FRI-SUN`.
    fn end_of_range(&self, text: &str) -> Result<u8, BadSchedule> {
        let closes_week = self.max == DAY_OF_WEEK.max && text.eq_ignore_ascii_case("SUN");
        if closes_week { Ok(7) } else { self.value(text) }
    }

    fn step(&self, text: &str) -> Result<u8, BadSchedule> {
        text.parse().ok().filter(|step| *step > 0).ok_or_else(|| self.bad(text, "is not a step: use a number from 1"))
    }

    fn bad(&self, text: &str, why: &str) -> BadSchedule {
        BadSchedule(format!("{} `{text}` {why}", self.what))
    }
}
