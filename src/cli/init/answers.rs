//! The answers that a configuration is made of. What may be answered is for the configuration to say: each is held
//! against its rules, and refused in its words.

use std::path::Path;

use chrono_tz::Tz;
use url::Url;

use super::text;
use crate::config::{Config, ConfigErrors, FILE, is_loopback_name, quoted};
use crate::model::language::Language;

#[derive(Debug)]
pub struct Answers {
    pub name: String,
    /// None: an example stands in.
    pub feeds: Vec<Url>,
    pub language: Language,
    pub zone: Tz,
    /// The public address of the pages.
    pub url: Option<Url>,
    pub relay: Option<Relay>,
}

/// A mail server as one types it: `smtp.example.org`, `smtp.example.org:587`, `[::1]:2525`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    pub host: String,
    pub port: Option<u16>,
    /// As `relay.tls` has it.
    pub tls: &'static str,
}

pub fn name(typed: &str) -> Result<String, String> {
    let name = typed.trim().to_owned();
    held(&format!("[site]\nname = {}", quoted(&name)), "site.name")?;
    Ok(name)
}

pub fn feed(typed: &str) -> Result<Url, String> {
    held(&format!("[[feed]]\nslug = \"feed\"\nurl = {}", quoted(typed)), "feed.url").map_err(|why| {
        if typed.contains("://") { why } else { format!("{why}; write all of it, such as https://{typed}") }
    })?;
    typed.parse().map_err(|why| format!("`{typed}` is not a URL ({why})"))
}

/// As one types them: with spaces in between.
pub fn feeds(typed: &str) -> Result<Vec<Url>, String> {
    typed.split([' ', ',']).filter(|word| !word.is_empty()).map(feed).collect()
}

pub fn language(typed: &str) -> Result<Language, String> {
    typed.parse().map_err(|bad: crate::model::language::BadLanguage| bad.to_string())
}

pub fn zone(typed: &str) -> Result<Tz, String> {
    held(&format!("[site]\ntimezone = {}", quoted(typed)), "site.timezone")?;
    typed.parse().map_err(|_| format!("`{typed}` is not a time zone"))
}

pub fn url(typed: &str) -> Result<Url, String> {
    held(&format!("[site]\nurl = {}", quoted(typed)), "site.url")?;
    typed.parse().map_err(|why| format!("`{typed}` is not a URL ({why})"))
}

pub fn relay(typed: &str) -> Result<Relay, String> {
    let relay = split(typed)?;
    held(&text::relay_settings(&relay), "relay.host")?;
    Ok(relay)
}

fn split(typed: &str) -> Result<Relay, String> {
    let is_address = typed.parse::<std::net::IpAddr>().is_ok();
    let (host, port) = match typed.rsplit_once(':').filter(|_| !is_address) {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (typed, None),
    };
    let port = port.map(|port| port.parse().map_err(|_| format!("`{port}` is not a port: a number up to 65535")));
    let port = port.transpose()?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    // A port that is not the one of implicit TLS speaks in the clear first; to this machine nothing else is needed.
    let tls = match port {
        Some(465) => "implicit",
        _ if is_loopback_name(&host) => "none",
        None => "implicit",
        Some(_) => "starttls",
    };
    Ok(Relay { host, port, tls })
}

/// Whether the configuration would take this, or what it says instead.
fn held(text: &str, key: &str) -> Result<(), String> {
    match Config::from_text(text, FILE, Path::new(""), []) {
        Ok(_) => Ok(()),
        Err(ConfigErrors::Wrong(problems)) => {
            let message = problems.first().map_or("", |problem| problem.message.as_str());
            Err(message.strip_prefix(&format!("`{key}`: ")).unwrap_or(message).to_owned())
        }
        Err(unreadable) => Err(unreadable.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_answer_is_refused_in_the_configurations_words() {
        assert_eq!(
            zone("Africa/Nairobbi").unwrap_err(),
            "`Africa/Nairobbi` is not a time zone; did you mean `Africa/Nairobi`?"
        );
        assert_eq!(name("\t").unwrap_err(), "`site.name` must be one line of text: it stands in every mail");
        assert!(url("https://example.org/digest").unwrap_err().contains("has more than a host in it"));
        assert!(feed("news.example.org/rss").unwrap_err().ends_with("such as https://news.example.org/rss"));
        assert!(feed("ftp://news.example.org/rss").unwrap_err().contains("neither http nor https"));
        assert!(language("english").is_err());
        assert!(relay("smtp.example.org:smtp").unwrap_err().contains("is not a port"));
        assert!(relay("smtp://smtp.example.org").is_err());
        assert!(relay("a b").is_err());
    }

    #[test]
    fn how_a_relay_is_reached_follows_from_its_host_and_port() {
        let read = |typed: &str| {
            let Relay { host, port, tls } = relay(typed).unwrap();
            (host, port, tls)
        };
        assert_eq!(read("smtp.example.org"), ("smtp.example.org".into(), None, "implicit"));
        assert_eq!(read("smtp.example.org:465"), ("smtp.example.org".into(), Some(465), "implicit"));
        assert_eq!(read("smtp.example.org:587"), ("smtp.example.org".into(), Some(587), "starttls"));
        assert_eq!(read("localhost"), ("localhost".into(), None, "none"));
        assert_eq!(read("127.0.0.1:2525"), ("127.0.0.1".into(), Some(2525), "none"));
        assert_eq!(read("[::1]:2525"), ("::1".into(), Some(2525), "none"));
        assert_eq!(read("::1"), ("::1".into(), None, "none"));
    }

    #[test]
    fn feeds_are_typed_one_after_the_other() {
        let two = feeds("https://a.example.org/rss, https://b.example.org/rss").unwrap();
        assert_eq!(two.len(), 2);
        assert!(feeds("https://a.example.org/rss b").is_err());
    }
}
