//! One feed: its request, and which of its ends it comes to.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use url::Url;

use super::super::shelves::Shelves;
use super::super::{Error, Line};
use super::Collected;
use super::keeping::{Received, keep};
use super::moves::moved;
use super::outcome::{Failure, Same, failed, unchanged};
use crate::feed::fetch::{Answer, Request};
use crate::feed::parse;
use crate::store::feed::Due;

/// What became of one feed.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) tally: Collected,
    /// The host that wants to be left alone, if one said so.
    pub(super) quiet: Option<String>,
    /// All the time it had passed without an answer, or without the end of one.
    pub(super) was_silent: bool,
}

/// From its request to its row.
pub(super) async fn one(line: &Line, due: &Due, shelves: &Shelves, now: DateTime<Utc>) -> Result<Asked, Error> {
    let fetched = match request(line, due) {
        Ok(request) => tokio::select! {
            fetched = line.fetcher.fetch(&request) => fetched.map_err(|error| Failure::of(&error)),
            // Nothing was done yet: a feed that is slow to answer need not hold up the end.
            () = line.stopping.cancelled() => return Ok(Asked::default()),
        },
        Err(failure) => Err(failure),
    };
    let ended = match fetched {
        Ok(answer) => match read(line, due, shelves, answer, now).await {
            Ok(read) => read,
            // One feed's words must not keep all others from being asked.
            Err(Error::Store(error)) if error.refuses_the_data() => Err(Failure::not_kept(&error)),
            Err(error) => return Err(error),
        },
        Err(failure) => Err(failure),
    };
    match ended {
        Ok(tally) => Ok(Asked { tally, ..Asked::default() }),
        Err(failure) => {
            failed(line, due, &failure, now).await?;
            let tally = Collected { feeds: 1, failed: 1, ..Collected::default() };
            Ok(Asked { tally, was_silent: failure.was_silence, quiet: failure.quiet() })
        }
    }
}

fn request(line: &Line, due: &Due) -> Result<Request, Failure> {
    let declared = line.config.feeds.iter().find(|feed| feed.slug == due.slug);
    let url = Url::parse(&due.url).map_err(|_| Failure::unread("its address cannot be read".to_owned(), None))?;
    Ok(Request {
        url,
        etag: due.etag.clone(),
        last_modified: due.last_modified.clone(),
        allow_private: declared.is_some_and(|feed| feed.allow_private),
    })
}

/// What an answer brings; a failure, if it is no feed.
async fn read(
    line: &Line,
    due: &Due,
    shelves: &Shelves,
    answer: Answer,
    now: DateTime<Utc>,
) -> Result<Result<Collected, Failure>, Error> {
    match answer {
        Answer::Unchanged { moved_to, freshness } => {
            let same = Same { moved: moved(due, moved_to.as_ref(), now), freshness, validators: None };
            unchanged(line, due, &same, now).await.map(Ok)
        }
        Answer::Document { body, content_type, etag, last_modified, url, moved_to, freshness } => {
            let moved = moved(due, moved_to.as_ref(), now);
            let hash = digest(&SHA256, &body).as_ref().to_vec();
            let is_known = due.body_hash.as_ref() == Some(&hash);
            if is_known || (etag.is_some() && etag == due.etag) {
                let validators = is_known.then_some((etag, last_modified));
                return unchanged(line, due, &Same { moved, freshness, validators }, now).await.map(Ok);
            }
            match parse::document(&body, content_type.as_deref(), Some(&url)) {
                Ok(document) => {
                    let received = Received { document, hash, etag, last_modified, moved, freshness };
                    keep(line, due, shelves, received, now).await.map(Ok)
                }
                Err(no_feed) => Ok(Err(Failure::unread(no_feed.to_string(), freshness.retry_after))),
            }
        }
    }
}
