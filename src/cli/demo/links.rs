//! What must be true of the pages behind the mails' links: looked at over HTTP, and in the rows afterwards.

use std::collections::BTreeSet;

use reqwest::StatusCode;

use super::browser::Browser;
use super::checks::compare;
use super::mailbox::Mail;
use super::mime;
use super::readers::Reader;
use crate::app::App;

/// A state of a subscription, and why it ended if it did.
type State<'s> = (&'s str, Option<&'s str>);

/// Looks at the question, then presses its button.
pub async fn confirm(app: &App, browser: &Browser, reader: &Reader, link: &str) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    problems.extend(answered("the question", browser.get(link).await?.status));
    problems.extend(not_all(app, reader, ("pending", None)).await?);
    problems.extend(answered("its button", browser.press(link).await?.status));
    problems.extend(not_all(app, reader, ("active", None)).await?);
    Ok(problems)
}

/// Looks at the stop page, as a link scanner does; then stops, as a mail program does, twice.
pub async fn one_click(app: &App, browser: &Browser, reader: &Reader, link: &str) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    problems.extend(answered("the stop page", browser.get(link).await?.status));
    problems.extend(not_all(app, reader, ("active", None)).await?);
    for _ in 0..2 {
        problems.extend(answered("the one click", browser.one_click(link).await?.status));
        problems.extend(not_all(app, reader, ("ended", Some("one-click"))).await?);
    }
    Ok(problems)
}

/// Every link of the text parts, each once. How many there were.
pub async fn follow(browser: &Browser, mails: &[&Mail]) -> anyhow::Result<(usize, Vec<String>)> {
    let lines = mails.iter().flat_map(|mail| mail.message.text.lines());
    let links: BTreeSet<&str> = lines.filter(|line| line.starts_with("http")).collect();
    let mut problems = Vec::new();
    for link in &links {
        problems.extend(answered(link, browser.get(link).await?.status));
    }
    Ok((links.len(), problems))
}

/// The page that shows a digest to anybody has its articles.
pub async fn edition(browser: &Browser, mail: &Mail, begins: &str, expected: &[&str]) -> anyhow::Result<Vec<String>> {
    let Some(link) = mail.message.line_that_begins(begins) else {
        return Ok(vec![format!("expected a link {begins}… in the digest of {}, found none", mail.to)]);
    };
    let page = browser.get(link).await?;
    let place = format!("the page of {}'s digest", mail.to);
    Ok([answered(link, page.status), compare(&place, expected, mime::headlines(&page.html))].concat())
}

/// What is wrong if not all of a reader's subscriptions are in this state.
pub async fn not_all(app: &App, reader: &Reader, expected: State<'_>) -> anyhow::Result<Vec<String>> {
    let states = reader.states(app).await?;
    let found: Vec<State> = states.iter().map(|(state, reason)| (state.as_str(), reason.as_deref())).collect();
    let all = found.len() == reader.topics.len() && found.iter().all(|state| *state == expected);
    let problem = format!("the subscriptions of {}: expected all {expected:?}, found {found:?}", reader.address);
    Ok(if all { vec![] } else { vec![problem] })
}

fn answered(what: &str, status: StatusCode) -> Vec<String> {
    if status == StatusCode::OK { vec![] } else { vec![format!("{what}: expected 200, answered {status}")] }
}
