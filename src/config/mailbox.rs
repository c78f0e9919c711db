//! A name and an address: `Newsroom <digest@news.example.org>`.

use std::fmt;
use std::str::FromStr;

use crate::model::address::Address;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: Address,
}

impl FromStr for Mailbox {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, address)) => (name.trim(), address),
            None => ("", text),
        };
        let address = address.parse().map_err(|why: crate::model::address::BadAddress| why.to_string())?;
        let name = match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\\\"", "\"").replace("\\\\", "\\"),
            None => name.to_owned(),
        };
        if name.chars().any(char::is_control) {
            return Err(format!("the name in `{}` has a control character in it", text.escape_debug()));
        }
        Ok(Self { name: Some(name).filter(|name| !name.is_empty()), address })
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => write!(f, "{}", self.address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_has_an_address_and_perhaps_a_name() {
        let name = |text: &str| text.parse::<Mailbox>().unwrap().name;
        assert_eq!(name("digest@example.org"), None);
        assert_eq!(name("<digest@example.org>"), None);
        assert_eq!(name("Newsroom <digest@example.org>").as_deref(), Some("Newsroom"));
        assert_eq!(name("\"News, \\\"daily\\\"\" <digest@example.org>").as_deref(), Some("News, \"daily\""));
        for bad in ["", "Newsroom", "Newsroom <digest>", "a\r\nBcc: b <digest@example.org>"] {
            assert!(bad.parse::<Mailbox>().is_err(), "{bad:?}");
        }
    }
}
