//! What could not be done with a file that somebody named.

use std::io::{Error, ErrorKind};
use std::path::Path;

use super::exit::{Exit, Failure};

/// `could not("write", …)`, for `map_err`.
pub fn could_not(what: &str, file: &Path) -> impl Fn(Error) -> Failure {
    let message = format!("could not {what} {}", file.display());
    move |cause| {
        let (exit, next) = match cause.kind() {
            ErrorKind::NotFound => (Exit::NotFound, Some("is it spelt as meant, and is its folder there?")),
            ErrorKind::PermissionDenied => {
                (Exit::Outside, Some("whoever runs this command must be allowed to; or name another place"))
            }
            ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
                (Exit::NotFound, Some("a folder stands where a file is meant, or the other way round"))
            }
            ErrorKind::AlreadyExists => (Exit::Refused, Some("nothing is written over: name another place")),
            ErrorKind::StorageFull => (Exit::Outside, Some("make room on the disk, or name another place")),
            _ => (Exit::Outside, None),
        };
        let failure = Failure::new(exit, message.clone()).because(cause);
        match next {
            Some(next) => failure.then(next),
            None => failure,
        }
    }
}
