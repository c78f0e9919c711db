//! `[[throttle]]`: how fast the mail servers of a domain are written to.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::findings::Findings;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// In A-labels and small letters; `*`: each other one by itself.
    #[serde(deserialize_with = "domains")]
    pub domains: Vec<String>,
    #[serde(default)]
    pub messages_per_second: Option<f64>,
    /// Messages for them that are handed over at the same time.
    #[serde(default)]
    pub connections: Option<usize>,
}

pub(super) fn check(throttles: &[Throttle], findings: &mut Findings<'_>) {
    let mut before: Vec<&String> = Vec::new();
    for (n, throttle) in throttles.iter().enumerate() {
        let path = |key: &str| format!("throttle.{n}.{key}");
        if let Some(rate) = throttle.messages_per_second {
            check_rate(&path("messages_per_second"), rate, findings);
        }
        if throttle.connections == Some(0) {
            findings
                .wrong(&path("connections"), "`connections` of a throttle is 0: nothing would leave; use at least 1");
        }
        if throttle.messages_per_second.is_none() && throttle.connections.is_none() {
            findings.wrong(
                &path("domains"),
                "a throttle needs `messages_per_second` or `connections`; without them it changes nothing",
            );
        }
        if let Some(twice) = throttle.domains.iter().find(|domain| before.contains(domain)) {
            findings.wrong(&path("domains"), format!("`{twice}` is in two throttles; keep one"));
        }
        before.extend(&throttle.domains);
    }
}

pub(super) fn check_rate(path: &str, rate: f64, findings: &mut Findings<'_>) {
    if !(0.01..=100_000.0).contains(&rate) {
        findings.wrong(path, format!("`messages_per_second` is {rate}: use 0.01 to 100000"));
    }
}

fn domains<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let domains = Vec::<String>::deserialize(from)?;
    if domains.is_empty() {
        return Err(D::Error::custom("`domains` is empty: name at least one, or \"*\" for all others"));
    }
    let known = |domain: String| match domain.as_str() {
        "*" => Ok(domain),
        _ => match idna::domain_to_ascii_strict(&domain) {
            Ok(ascii) if ascii.contains('.') => Ok(ascii),
            _ => Err(D::Error::custom(format!(
                "`{domain}` is not a domain: write \"example.org\", or \"*\" for all others"
            ))),
        },
    };
    domains.into_iter().map(known).collect()
}
