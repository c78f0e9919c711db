//! `/{lang}/subscribe?topic=`: one page, three questions. Whoever the address belongs to, and whatever is known of it,
//! the answer is the same: "check your email".

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use chrono_tz::Tz;

use super::asked::Query;
use super::choices::{self, Numbers};
use super::form::{Came, Form};
use super::letters;
use super::spoken::Spoken;
use super::{Pages, topic};
use crate::model::address::Address;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::render::{Content, Fault, Sent, SignUp};
use crate::store;
use crate::store::delivery::Kind;
use crate::store::letter::Writing;

/// What somebody entered, or what a link chose for them.
struct Entered {
    topics: Vec<Slug>,
    frequency: Slug,
    hour: i64,
    zone: Tz,
    address: String,
}

pub async fn show(State(pages): State<Pages>, Spoken(language): Spoken, Query(query): Query) -> Response {
    let entered = Entered::of(&pages, &query);
    pages.answer(form(&pages, &language, &entered, vec![]).await)
}

pub async fn post(State(pages): State<Pages>, Spoken(language): Spoken, headers: HeaderMap, body: Bytes) -> Response {
    let form_posted = Form::read(&body);
    let entered = Entered::of(&pages, &form_posted);
    let came = pages.weigh(&path(&language), &headers, &form_posted);
    pages.answer(take(&pages, &language, &entered, came).await)
}

fn path(language: &Language) -> String {
    format!("/{language}/subscribe")
}

/// The page after every sign-up.
pub async fn sent(State(pages): State<Pages>, Spoken(language): Spoken) -> Response {
    pages.open_page(StatusCode::OK, &language, "/sent", Content::Sent { what: Sent::Confirmation })
}

impl Entered {
    /// What cannot be read counts as not entered.
    fn of(pages: &Pages, form: &Form) -> Self {
        let config = &pages.config;
        let known = |slug: &Slug| config.topics.iter().any(|topic| topic.slug == *slug);
        let named = form.text("frequency").parse().ok().and_then(|slug| config.frequency(&slug));
        let quiet = || config.frequencies.iter().find(|f| f.schedule.fixed_hour().is_some());
        let frequency = named.or_else(quiet).or(config.frequencies.first());
        let hour = form.text("hour").parse().ok().filter(|hour| (0..24).contains(hour));
        Self {
            topics: form.all("topic").filter_map(|slug| slug.parse().ok()).filter(known).collect(),
            hour: hour.unwrap_or_else(|| frequency.map_or(8, choices::usual_hour)),
            frequency: frequency.map(|f| f.slug.clone()).unwrap_or_else(|| "daily".parse().expect("a slug")),
            zone: form.text("zone").parse().unwrap_or(config.site.timezone),
            address: form.text("address").to_owned(),
        }
    }

    /// The page with these topics, in whatever language.
    fn query(&self) -> String {
        let topics: Vec<String> = self.topics.iter().map(|slug| format!("topic={slug}")).collect();
        if topics.is_empty() { "/subscribe".to_owned() } else { format!("/subscribe?{}", topics.join("&")) }
    }

    /// What is wrong with it, in the page's order; else the address.
    fn check(&self, came: Came) -> Result<Address, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fault = |field, message| faults.push(Fault { field, message });
        if self.topics.is_empty() {
            fault("topics", "topic_missing");
        }
        let address = self.address.parse();
        if address.is_err() {
            fault("address", if self.address.is_empty() { "address_missing" } else { "address_wrong" });
        }
        match (came, address) {
            // A form on the newsroom's own page leads to ours.
            (Came::Oddly, _) if faults.is_empty() => faults.push(Fault { field: "form", message: "form_old" }),
            (Came::Quickly, _) if faults.is_empty() => faults.push(Fault { field: "form", message: "form_quick" }),
            (Came::Well | Came::ByRobot, Ok(address)) if faults.is_empty() => return Ok(address),
            _ => {}
        }
        Err(faults)
    }
}

async fn take(pages: &Pages, language: &Language, entered: &Entered, came: Came) -> Result<Response, store::Error> {
    let done = || Redirect::to(&format!("/{language}/sent")).into_response();
    if came == Came::ByRobot {
        return Ok(done());
    }
    match entered.check(came) {
        Ok(address) => {
            ask(pages, language, entered, &address).await?;
            Ok(done())
        }
        Err(faults) => form(pages, language, entered, faults).await,
    }
}

async fn ask(pages: &Pages, language: &Language, entered: &Entered, address: &Address) -> Result<(), store::Error> {
    let numbers = Numbers::of(pages).await?;
    let topics: Vec<i64> = entered.topics.iter().filter_map(|slug| numbers.topics.get(slug)).copied().collect();
    let writing = Writing {
        kind: Kind::Confirm,
        subscriber: None,
        topics: &topics,
        frequency: numbers.frequencies.get(&entered.frequency).copied(),
        language,
        zone: entered.zone,
        hour: entered.hour,
        origin: &path(language),
    };
    letters::ask(pages, address, &writing).await
}

async fn form(
    pages: &Pages,
    language: &Language,
    entered: &Entered,
    faults: Vec<Fault>,
) -> Result<Response, store::Error> {
    let numbers = Numbers::of(pages).await?;
    let paces = choices::paces(pages, language).await?;
    let shown = entered.topics.first().or_else(|| pages.config.topics.first().map(|topic| &topic.slug));
    let sample = match shown.and_then(|slug| Some((slug, *numbers.topics.get(slug)?))) {
        Some((slug, id)) => topic::sample(pages, slug, id, language).await?,
        None => None,
    };
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let content = SignUp {
        ask: pages.ask(&path(language), &[]),
        topics: choices::topics(pages, &numbers, &paces, language, |slug| entered.topics.contains(slug)),
        frequencies: choices::frequencies(pages, language, &entered.frequency),
        hours: choices::hours(pages, entered.hour),
        zones: choices::zones(entered.zone),
        address: entered.address.clone(),
        faults,
        sample,
    };
    Ok(pages.open_page(status, language, &entered.query(), Content::SignUp(Box::new(content))))
}
