//! What a server offers in its answer to EHLO (RFC 5321 §4.1.1.1).

use lettre::transport::smtp::authentication::Mechanism;

use super::reply::Reply;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offers {
    pub pipelining: bool,
    pub starttls: bool,
    pub smtputf8: bool,
    /// As written, for errors.
    pub auth: Vec<String>,
}

impl Offers {
    /// From a positive answer; its first line is the server's name.
    pub fn of(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            // Some servers write "AUTH=PLAIN LOGIN" for clients older than RFC 2554.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty()).map(str::to_ascii_uppercase);
            match words.next().as_deref() {
                Some("PIPELINING") => offers.pipelining = true,
                Some("STARTTLS") => offers.starttls = true,
                Some("SMTPUTF8") => offers.smtputf8 = true,
                Some("AUTH") => offers.auth.extend(words),
                _ => {}
            }
        }
        offers
    }

    /// The first of those we know that the server offers.
    pub fn mechanism(&self) -> Option<Mechanism> {
        let offered = |name| self.auth.iter().any(|mechanism| mechanism == name);
        [("PLAIN", Mechanism::Plain), ("LOGIN", Mechanism::Login)]
            .into_iter()
            .find_map(|(name, mechanism)| offered(name).then_some(mechanism))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_read_in_any_case_and_in_the_old_form() {
        let lines = ["mx.example.org", "pipelining", "Size 1000", "AUTH=login", "SMTPUTF8"];
        let offers = Offers::of(&Reply { code: 250, lines: lines.map(str::to_owned).into() });
        assert!(offers.pipelining && offers.smtputf8 && !offers.starttls);
        assert_eq!(offers.mechanism(), Some(Mechanism::Login));
    }

    #[test]
    fn the_servers_name_is_no_offer() {
        let offers = Offers::of(&Reply { code: 250, lines: vec!["PIPELINING".into()] });
        assert_eq!(offers, Offers::default());
    }
}
