//! Saying an error with all its causes on one line, for a log or a row.

use std::error::Error;

/// `could not reach x: connection refused`. A cause that the text before it has said already is left out.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}
