//! The words of serde's errors, put for someone who has never heard of serde.

use super::suggest::or_else_list;

/// `place` is the key that the error is about (`relay.port`), or the table around it when a key is unknown or missing.
pub(super) fn of(message: &str, place: &str) -> String {
    let message = message.trim_end();
    if let Some((field, known)) = unknown(message, "unknown field") {
        let what = if place.contains('.') { "key" } else { "section" };
        return format!("unknown {what} `{field}`{}", or_else_list(field, &known));
    }
    if let Some((variant, known)) = unknown(message, "unknown variant") {
        return format!("`{place}` is `{variant}`{}", or_else_list(variant, &known));
    }
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("this {place} has no {field}");
    }
    match message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: ")) {
        Some(rest) => match rest.rsplit_once(", expected ") {
            Some((found, wanted)) => format!("`{place}` is {}: {} is wanted", plain(found), kind(wanted)),
            None => format!("`{place}`: {rest}"),
        },
        None => format!("`{place}`: {message}"),
    }
}

/// The keys that the text of an "unknown field" error lists.
pub(super) fn unknown<'a>(message: &'a str, what: &str) -> Option<(&'a str, Vec<&'a str>)> {
    let mut quoted = message.strip_prefix(what)?.split('`').skip(1).step_by(2);
    let field = quoted.next()?;
    Some((field, quoted.collect()))
}

fn plain(found: &str) -> &str {
    match found {
        "map" => "a table",
        "sequence" => "a list",
        other => other.strip_prefix("string ").or_else(|| other.strip_prefix("integer ")).unwrap_or(other),
    }
}

fn kind(wanted: &str) -> &str {
    match wanted {
        "a string" => "text in quotes",
        "a boolean" => "true or false",
        "a sequence" => "a list, such as [\"…\"],",
        "a map" => "a table, such as { en = \"…\" },",
        "u16" => "a whole number from 0 to 65535",
        "u8" | "u32" | "u64" | "usize" => "a whole number",
        wanted if wanted.starts_with("struct ") => "a section of its own",
        wanted => wanted,
    }
}
