//! One feed: its request, and which of its ends it comes to.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use url::Url;

use super::super::shelves::Shelves;
use super::super::{Error, Line};
use super::Collected;
use super::keeping::{Received, keep};
use super::outcome::{failed, unchanged};
use crate::feed::fetch::{Answer, Request};
use crate::feed::parse;
use crate::model::words::with_causes;
use crate::store::feed::Due;

/// One feed, from its request to its row. Also until when its host wants to be left alone, if it said so.
pub(super) async fn one(
    line: &Line,
    due: &Due,
    shelves: &Shelves,
    now: DateTime<Utc>,
) -> Result<(Collected, Option<DateTime<Utc>>), Error> {
    let mut tally = Collected { feeds: 1, ..Collected::default() };
    let declared = line.config.feeds.iter().find(|feed| feed.slug == due.slug);
    let Ok(url) = Url::parse(&due.url) else {
        failed(line, due, "its address cannot be read", now, None).await?;
        tally.failed = 1;
        return Ok((tally, None));
    };
    let request = Request {
        url,
        etag: due.etag.clone(),
        last_modified: due.last_modified.clone(),
        allow_private: declared.is_some_and(|feed| feed.allow_private),
    };
    let fetched = tokio::select! {
        fetched = line.fetcher.fetch(&request) => fetched,
        // Nothing was done yet: a feed that is slow to answer need not hold up the end.
        () = line.stopping.cancelled() => return Ok((Collected::default(), None)),
    };
    match fetched {
        Ok(Answer::Unchanged { freshness, .. }) => {
            unchanged(line, due, &freshness, now).await?;
            tally.unchanged = 1;
        }
        Ok(Answer::Document { body, content_type, etag, last_modified, url, moved_to, freshness }) => {
            let hash = digest(&SHA256, &body).as_ref().to_vec();
            if due.body_hash.as_ref() == Some(&hash) || (etag.is_some() && etag == due.etag) {
                unchanged(line, due, &freshness, now).await?;
                tally.unchanged = 1;
                return Ok((tally, None));
            }
            match parse::document(&body, content_type.as_deref(), Some(&url)) {
                Ok(document) => {
                    let moved = moved_to.map(|url| url.to_string());
                    let answer = Received { document, hash, etag, last_modified, moved, freshness };
                    let kept = keep(line, due, shelves, answer, now).await?;
                    (tally.new, tally.filed) = (kept.new, kept.numbered);
                }
                Err(no_feed) => {
                    failed(line, due, &no_feed.to_string(), now, None).await?;
                    tally.failed = 1;
                }
            }
        }
        Err(error) => {
            tally.failed = 1;
            let until = failed(line, due, &with_causes(&error), now, Some(&error)).await?;
            return Ok((tally, error.pauses_host().then_some(until)));
        }
    }
    Ok((tally, None))
}
