//! Lines of a file of readers: what each column means, and what may stand in it.

use std::collections::HashMap;

use chrono_tz::Tz;

use super::super::exit::{Exit, Failure};
use super::super::resolve::{self, is_near};
use crate::app::App;
use crate::model::address::{Address, BadAddress};
use crate::model::edition::Format;
use crate::model::holdings::{Settings, StartReason, Wanted};
use crate::model::language::Language;
use crate::model::topic::Facet;
use crate::store::declared::{self, Frequency};
use crate::store::subscription::Wish;

/// In the order of an export.
pub const COLUMNS: [&str; 9] =
    ["address", "topics", "frequency", "language", "zone", "hour", "regions", "format", "status"];
/// Characters of a cell that are shown.
const SHOWN: usize = 80;
/// Between several topics or regions.
pub const SEPARATOR: char = ';';

/// Reads lines as this site understands them.
pub struct Lines {
    topics: HashMap<String, i64>,
    regions: HashMap<String, i64>,
    frequencies: HashMap<String, Frequency>,
    first_frequency: String,
    /// By frequency: the hour that its expression has.
    usual_hours: HashMap<String, i64>,
    languages: Vec<Language>,
    language: Language,
    zone: Tz,
    /// Where each column stands.
    places: HashMap<&'static str, usize>,
    /// How many there are.
    columns: usize,
}

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<W> {
    Wish(W),
    /// Its status is not `active`.
    NotActive,
}

impl Lines {
    pub async fn of(app: &App, header: &csv::StringRecord) -> anyhow::Result<Self> {
        let places = places(header)?;
        let declared = declared::topics(&app.store).await?;
        let of = |facet: Facet| {
            let of_facet = declared.iter().filter(|topic| topic.facet == facet);
            of_facet.map(|topic| (topic.slug.to_string(), topic.id)).collect::<HashMap<_, _>>()
        };
        let frequencies = declared::frequencies(&app.store).await?;
        let Some(first) = app.config.frequencies.first() else {
            return Err(resolve::no_frequency().into());
        };
        let usual = app.config.frequencies.iter();
        let usual = usual.map(|f| (f.slug.to_string(), i64::from(f.schedule.fixed_hour().unwrap_or(8))));
        let site = &app.config.site;
        Ok(Self {
            topics: of(Facet::Topic),
            regions: of(Facet::Region),
            frequencies: frequencies.into_iter().map(|f| (f.slug.to_string(), f)).collect(),
            first_frequency: first.slug.to_string(),
            usual_hours: usual.collect(),
            languages: site.languages.clone(),
            language: site.language.clone(),
            zone: site.timezone,
            places,
            columns: header.len(),
        })
    }

    /// What a line asks for, or what is wrong with it.
    pub fn read(&self, app: &App, record: &csv::StringRecord) -> Result<Line<Wish>, String> {
        if record.iter().skip(self.columns).any(|cell| !cell.trim().is_empty()) {
            return Err(
                "it has more cells than the header; several topics are separated by `;`, not by a comma".to_owned()
            );
        }
        let address = self.cell(record, "address");
        let address: Address = address
            .parse()
            .map_err(|BadAddress { why, .. }| format!("`{}` is not an e-mail address: {why}", shown(address)))?;
        if !matches!(self.cell(record, "status"), "" | "active") {
            return Ok(Line::NotActive);
        }
        let topics = self.slugs(record, "topics", "topic", &self.topics)?;
        if topics.is_empty() {
            return Err("it names no topic".to_owned());
        }
        let regions = self.slugs(record, "regions", "region", &self.regions)?;
        let slug = Some(self.cell(record, "frequency")).filter(|slug| !slug.is_empty());
        let slug = slug.unwrap_or(&self.first_frequency);
        let frequency =
            self.frequencies.get(slug).ok_or_else(|| unknown("frequency", slug, self.frequencies.keys()))?;
        Ok(Line::Wish(Wish {
            address,
            key: app.chance.key(),
            settings: self.settings(record, frequency)?,
            set: false,
            regions: Some(regions).filter(|regions| !regions.is_empty()),
            wanted: Wanted {
                topics,
                frequency: frequency.id,
                reason: StartReason::Import,
                pending: false,
                respects_stops: true,
            },
        }))
    }

    fn cell<'r>(&self, record: &'r csv::StringRecord, column: &str) -> &'r str {
        self.places.get(column).and_then(|place| record.get(*place)).unwrap_or_default().trim()
    }

    fn slugs(
        &self,
        record: &csv::StringRecord,
        column: &str,
        what: &str,
        known: &HashMap<String, i64>,
    ) -> Result<Vec<i64>, String> {
        let mut ids = Vec::new();
        for slug in self.cell(record, column).split(SEPARATOR).map(str::trim).filter(|slug| !slug.is_empty()) {
            let id = *known.get(slug).ok_or_else(|| unknown(what, slug, known.keys()))?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    fn settings(&self, record: &csv::StringRecord, frequency: &Frequency) -> Result<Settings, String> {
        let language = match self.cell(record, "language") {
            "" => self.language.clone(),
            tag => {
                let known = self.languages.iter().find(|language| language.as_str().eq_ignore_ascii_case(tag));
                known.cloned().ok_or_else(|| unknown("language", tag, self.languages.iter().map(Language::as_str)))?
            }
        };
        let zone = match self.cell(record, "zone") {
            "" => self.zone,
            name => super::typed::zone(name).map_err(|why| format!("zone `{}`: {why}", shown(name)))?,
        };
        let hour = match self.cell(record, "hour") {
            "" => self.usual_hours.get(frequency.slug.as_str()).copied().unwrap_or(8),
            text => {
                let hour = text.parse::<i64>().ok().filter(|hour| (0..24).contains(hour));
                hour.ok_or_else(|| format!("hour `{}` is not a number from 0 to 23", shown(text)))?
            }
        };
        let format = match self.cell(record, "format") {
            "" | "full" => Format::Full,
            "no-images" => Format::NoImages,
            "text" => Format::Text,
            other => return Err(format!("format `{}` is none of full, no-images, text", shown(other))),
        };
        Ok(Settings { language, zone, hour, format })
    }
}

/// Where each column stands. Unknown ones are refused: a misspelt one would be left out in silence.
fn places(header: &csv::StringRecord) -> anyhow::Result<HashMap<&'static str, usize>> {
    let mut places = HashMap::new();
    for (place, name) in header.iter().enumerate() {
        let name = name.trim().trim_start_matches('\u{feff}').to_lowercase();
        let Some(column) = COLUMNS.into_iter().find(|column| *column == name) else {
            let message = unknown("column", &name, COLUMNS.into_iter());
            return Err(header_failure(&message).into());
        };
        if places.insert(column, place).is_some() {
            return Err(header_failure(&format!("the column `{column}` is there twice")).into());
        }
    }
    for column in ["address", "topics"] {
        if !places.contains_key(column) {
            return Err(header_failure(&format!("there is no column `{column}`")).into());
        }
    }
    Ok(places)
}

fn header_failure(message: &str) -> Failure {
    let next = format!(
        "the first line names the columns, separated by commas: address and topics, and as you like {}",
        COLUMNS[2..].join(", ")
    );
    Failure::new(Exit::Problems, format!("line 1 of the file: {message}")).then(next)
}

/// A quote that is never closed makes one cell of the rest of the file, and with it of everybody's addresses.
fn shown(cell: &str) -> String {
    let mut start: String = cell.lines().next().unwrap_or_default().chars().take(SHOWN).collect();
    if start.len() < cell.len() {
        start.push('…');
    }
    start
}

fn unknown(what: &str, typed: &str, known: impl Iterator<Item = impl AsRef<str>>) -> String {
    let shown = shown(typed);
    let near = known.map(|slug| (strsim::damerau_levenshtein(typed, slug.as_ref()), slug.as_ref().to_owned())).min();
    match near {
        Some((distance, slug)) if is_near(distance, typed) => {
            format!("there is no {what} `{shown}`; did you mean `{slug}`?")
        }
        _ => format!("there is no {what} `{shown}`"),
    }
}
