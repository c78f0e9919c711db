//! `/mailbox`: what was captured instead of sent, for whoever tries things out on their own machine. The links in it work,
//! so it is shown only where [`Web::shows_mail`] says so.
//!
//! [`Web::shows_mail`]: crate::config::Web::shows_mail

mod guard;
mod message;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use url::form_urlencoded;

use super::asked::{Named, Query};
use super::form::Form;
use super::{Pages, headers};
use crate::mail::parsed::Parsed;
use crate::model::language::Language;
use crate::render::{Content, MailLine, MailList, Moment, OneMail, Shown, Switch, Trouble, Way};
use crate::store;
use crate::store::captured_mail::{self, Captured};

/// Mails on one page of the list.
const ON_A_PAGE: usize = 50;

pub fn routes(pages: &Pages) -> Router<Pages> {
    Router::new()
        .route("/mailbox", get(list))
        .route("/mailbox/{id}", get(show))
        .route("/mailbox/{id}/html", get(html))
        .route("/mailbox/{id}/file", get(file))
        .layer(headers::private())
        .layer(from_fn_with_state(pages.clone(), guard::open_here))
}

/// `?to=` a part of an address; `?before=` the last mail of the page before.
#[derive(Debug)]
struct Wanted {
    to: String,
    before: String,
}

/// How a mail is looked at. What nobody offers is as if it were not said.
#[derive(Debug, Clone)]
struct Look {
    view: String,
    scheme: String,
    width: String,
}

async fn list(State(pages): State<Pages>, Query(query): Query) -> Response {
    let said = |name: &str| query.text(name).to_owned();
    let wanted = Wanted { to: said("to"), before: said("before") };
    pages.answer(listed(&pages, &wanted).await)
}

async fn listed(pages: &Pages, wanted: &Wanted) -> Result<Response, store::Error> {
    let (to, before) = (wanted.to.trim(), wanted.before.parse::<i64>().ok());
    let one_more = i64::try_from(ON_A_PAGE + 1).expect("a small number");
    let found = captured_mail::newest(&pages.store, before.unwrap_or(i64::MAX), to, one_more).await?;
    let last = found.get(ON_A_PAGE - 1).filter(|_| found.len() > ON_A_PAGE).map(|mail| mail.id);
    let line = |mail: &Captured| MailLine {
        url: format!("/mailbox/{}", mail.id),
        to: mail.envelope_to.clone(),
        subject: Parsed::read(&mail.bytes).and_then(|message| message.subject()),
        at: on_the_wall(pages, mail.received_at),
    };
    let content = MailList {
        to: to.to_owned(),
        mails: found.iter().take(ON_A_PAGE).map(line).collect(),
        newest_url: before.map(|_| list_url(to, None)),
        older_url: last.map(|id| list_url(to, Some(id))),
        zone: pages.config.site.timezone.name().to_owned(),
    };
    Ok(page(pages, Content::Mailbox(Box::new(content))))
}

fn list_url(to: &str, before: Option<i64>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !to.is_empty() {
        query.append_pair("to", to);
    }
    if let Some(id) = before {
        query.append_pair("before", &id.to_string());
    }
    let query = query.finish();
    if query.is_empty() { "/mailbox".to_owned() } else { format!("/mailbox?{query}") }
}

async fn show(State(pages): State<Pages>, Named(id): Named<String>, Query(query): Query) -> Response {
    let look = Look::said(&query);
    with_mail(&pages, &id, |mail| {
        let content = Content::Mail(Box::new(looked_at(&pages, &mail, &look)));
        ([(header::CONTENT_SECURITY_POLICY, headers::policy(&pages, "; frame-src 'self'"))], page(&pages, content))
            .into_response()
    })
    .await
}

/// The HTML part alone, for the frame in the page of the mail; nothing in it runs.
async fn html(State(pages): State<Pages>, Named(id): Named<String>, Query(query): Query) -> Response {
    let look = Look::said(&query);
    with_mail(&pages, &id, |mail| {
        let Some(html) = Parsed::read(&mail.bytes).and_then(|message| message.html()) else {
            return pages.trouble(StatusCode::NOT_FOUND, Trouble::NotFound);
        };
        ([(header::CONTENT_SECURITY_POLICY, headers::of_a_mail())], Html(message::framed(&html, scheme(&look))))
            .into_response()
    })
    .await
}

/// The mail as it is, for a mail program.
async fn file(State(pages): State<Pages>, Named(id): Named<String>) -> Response {
    with_mail(&pages, &id, |mail| {
        let named = format!("attachment; filename=\"mail-{}.eml\"", mail.id);
        ([(header::CONTENT_TYPE, "message/rfc822".to_owned()), (header::CONTENT_DISPOSITION, named)], mail.bytes)
            .into_response()
    })
    .await
}

async fn with_mail(pages: &Pages, id: &str, answer: impl FnOnce(Captured) -> Response) -> Response {
    let found = match id.parse() {
        Ok(id) => captured_mail::by_id(&pages.store, id).await,
        Err(_) => Ok(None),
    };
    let not_found = || pages.trouble(StatusCode::NOT_FOUND, Trouble::NotFound);
    pages.answer(found.map(|found| found.map_or_else(not_found, answer)))
}

/// What cannot be read as a mail is shown as it came.
fn looked_at(pages: &Pages, mail: &Captured, look: &Look) -> OneMail {
    let message = Parsed::read(&mail.bytes);
    let has_html = message.as_ref().is_some_and(|message| message.html().is_some());
    let text = message.as_ref().and_then(Parsed::text);
    let offered = [("html", "HTML", has_html), ("text", "Text", text.is_some()), ("source", "Source", true)];
    let offered: Vec<(&'static str, &'static str)> =
        offered.into_iter().filter(|(.., there)| *there).map(|(word, name, _)| (word, name)).collect();
    let view = offered.iter().map(|(word, _)| *word).find(|word| *word == look.view).unwrap_or(offered[0].0);

    let look = Look { view: view.to_owned(), ..look.clone() };
    let url = |look: &Look| format!("/mailbox/{}?{}", mail.id, look.query());
    let mut switches = vec![switch("Show", &offered, view, |view| url(&Look { view, ..look.clone() }))];
    let shown = match view {
        "html" => {
            let (schemes, widths) = (&message::SCHEMES, &[("", "Full"), ("phone", "Phone")]);
            let (scheme, is_phone) = (scheme(&look), look.width == "phone");
            let width = if is_phone { "phone" } else { "" };
            switches.push(switch("Colours", schemes, scheme, |scheme| url(&Look { scheme, ..look.clone() })));
            switches.push(switch("Width", widths, width, |width| url(&Look { width, ..look.clone() })));
            Shown::Frame { url: format!("/mailbox/{}/html?scheme={scheme}", mail.id), scheme, is_phone }
        }
        "text" => Shown::Text(text.unwrap_or_default()),
        _ => Shown::Text(String::from_utf8_lossy(&mail.bytes).into_owned()),
    };
    OneMail {
        subject: message.as_ref().and_then(Parsed::subject),
        to: mail.envelope_to.clone(),
        at: on_the_wall(pages, mail.received_at),
        zone: pages.config.site.timezone.name().to_owned(),
        fields: message.as_ref().map(message::fields).unwrap_or_default(),
        switches,
        shown,
        file_url: format!("/mailbox/{}/file", mail.id),
        list_url: list_url("", None),
    }
}

impl Look {
    fn said(query: &Form) -> Self {
        let said = |name: &str| query.text(name).to_owned();
        Self { view: said("view"), scheme: said("scheme"), width: said("width") }
    }

    fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("view", &self.view);
        for (name, value) in [("scheme", &self.scheme), ("width", &self.width)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }
}

fn switch(
    name: &'static str,
    offered: &[(&'static str, &'static str)],
    taken: &str,
    url: impl Fn(String) -> String,
) -> Switch {
    let way =
        |(word, name): &(&'static str, &'static str)| Way { name, url: url((*word).to_owned()), here: *word == taken };
    Switch { name, ways: offered.iter().map(way).collect() }
}

fn scheme(look: &Look) -> &'static str {
    message::SCHEMES.iter().map(|(word, _)| *word).find(|word| *word == look.scheme).unwrap_or_default()
}

fn on_the_wall(pages: &Pages, at: DateTime<Utc>) -> Moment {
    Moment::from(at.with_timezone(&pages.config.site.timezone).naive_local())
}

/// For operators, who read English.
fn page(pages: &Pages, content: Content) -> Response {
    let english: Language = "en".parse().expect("a language's tag");
    pages.page(StatusCode::OK, &english, content)
}
