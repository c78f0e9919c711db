//! What is shown of a captured mail, and its HTML made fit for a frame.

use crate::mail::parsed::Parsed;

/// Ways to show the colours of a mail, and their names.
pub const SCHEMES: [(&str, &str); 3] = [("", "As your browser"), ("light", "Light"), ("dark", "Dark")];

/// Header fields that tell something about a mail of ours, apart from those that every reader sees.
const FIELDS: [&str; 4] = ["Reply-To", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post"];

/// Longer is nothing that a person reads in a list.
const LONGEST_VALUE: usize = 500;

/// Those of a mail, with its sender.
pub fn fields(mail: &Parsed<'_>) -> Vec<(&'static str, String)> {
    let all: Vec<(&str, String)> = mail.fields().collect();
    let value = |name: &'static str| {
        let (_, value) = all.iter().find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some((name, value.chars().take(LONGEST_VALUE).collect()))
    };
    let from = mail.from().map(|from| ("From", from));
    from.into_iter().chain(FIELDS.into_iter().filter_map(value)).collect()
}

/// Its links open beside the mailbox. What a mail program does in dark mode (or in light) is done whatever mode the
/// browser is in: the question that style sheets ask gets its answer here.
pub fn framed(html: &str, scheme: &str) -> String {
    let answer = match scheme {
        "dark" => Some("(min-width:0)"),
        "light" => Some("(max-width:0)"),
        _ => None,
    };
    let html = match answer {
        Some(answer) => ["(prefers-color-scheme: dark)", "(prefers-color-scheme:dark)"]
            .iter()
            .fold(html.to_owned(), |html, question| html.replace(question, answer)),
        None => html.to_owned(),
    };
    format!("{html}<base target=\"_blank\">")
}
