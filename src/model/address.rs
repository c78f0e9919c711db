//! An e-mail address, as we accept it at every door (spec: RFC 5321 §4.5.3.1 sizes, a dot in the domain, no IP literal).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// An address fit to be mailed. Keeps what was typed for showing; the domain in envelope and headers is its A-label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    local: String,
    /// As typed, for showing.
    shown_domain: String,
    /// Lower case, A-labels.
    domain: String,
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{address}` is not an e-mail address: {why}")]
pub struct BadAddress {
    pub address: String,
    pub why: &'static str,
}

impl Address {
    /// What goes on the wire: `local@a-label`.
    pub fn wire(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// Under which two spellings are one reader: the wire form in lower case.
    pub fn key(&self) -> String {
        self.wire().to_lowercase()
    }

    /// A text without this address in it, however it is spelt: relays repeat it in what they answer.
    pub fn hidden_in(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for own in [self.wire(), self.to_string()] {
            let own = own.to_ascii_lowercase();
            while let Some(at) = text.to_ascii_lowercase().find(&own) {
                text.replace_range(at..at + own.len(), "…");
            }
        }
        text
    }

    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain in A-labels, lower case.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether the local part goes beyond ASCII, so that the relay must offer SMTPUTF8 (RFC 6531).
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(typed: &str) -> Result<Self, BadAddress> {
        let typed = typed.trim();
        let bad = |why| BadAddress { address: typed.to_owned(), why };

        let (local, shown) = typed.rsplit_once('@').ok_or_else(|| bad("there is no @ in it"))?;
        if local.is_empty() {
            return Err(bad("nothing stands before the @"));
        }
        if local.len() > 64 {
            return Err(bad("more than 64 bytes stand before the @"));
        }
        let banned = |c: char| {
            c.is_control()
                || c.is_whitespace()
                || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '\\' | '"' | '@')
        };
        if local.chars().any(banned) {
            return Err(bad("what stands before the @ has a character that mail does not allow there"));
        }
        if shown.starts_with('[') {
            return Err(bad("an IP address cannot stand in place of a domain"));
        }
        let domain = idna::domain_to_ascii_strict(shown).map_err(|_| bad("what follows the @ is not a domain"))?;
        if !domain.contains('.') || domain.ends_with('.') {
            return Err(bad("the domain has no dot in it"));
        }
        if domain.rsplit('.').next().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit())) {
            return Err(bad("an IP address cannot stand in place of a domain"));
        }
        if local.len() + 1 + domain.len() > 254 {
            return Err(bad("it is longer than 254 bytes"));
        }
        Ok(Self { local: local.to_owned(), shown_domain: shown.to_owned(), domain })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.shown_domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_travels_as_its_a_label_and_is_shown_as_typed() {
        let address: Address = "Ana@Bücher.example".parse().unwrap();
        assert_eq!(address.wire(), "Ana@xn--bcher-kva.example");
        assert_eq!(address.key(), "ana@xn--bcher-kva.example");
        assert_eq!(address.to_string(), "Ana@Bücher.example");
        assert!("用户@example.org".parse::<Address>().unwrap().needs_smtputf8());
    }

    #[test]
    fn an_address_is_hidden_however_it_is_spelt() {
        let address: Address = "Ana@bücher.example".parse().unwrap();
        let said = "550 5.1.1 <ANA@XN--BCHER-KVA.EXAMPLE>: ana@bücher.example is unknown, ü";
        assert_eq!(address.hidden_in(said), "550 5.1.1 <…>: … is unknown, ü");
        assert_eq!(address.hidden_in("250 ok"), "250 ok");
    }

    #[test]
    fn real_addresses_are_taken_and_broken_ones_are_not() {
        for good in ["a.@docomo.ne.jp", "o'brien+news@example.org", "x@a-b.co.uk"] {
            assert!(good.parse::<Address>().is_ok(), "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            "a",
            "@example.org",
            "a@",
            "a@localhost",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a b@example.org",
            "a\r\n@example.org",
            "a@exa mple.org",
            "a@@example.org",
            "a@-x.org",
            "a\u{7f}@example.org",
            long.as_str(),
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad:?}");
        }
    }
}
