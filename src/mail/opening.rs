//! From nothing to a session: connect, TLS, greeting, EHLO, login. Whatever fails here is the relay's fault or the
//! operator's, and says nothing about any message.

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Ehlo, Starttls};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret;

use super::fault::{Fault, RelayError, Step};
use super::offers::Offers;
use super::relay::{Login, Relay, Tls};
use super::reply::Reply;
use super::stream::{Wire, within};

pub(super) async fn open(relay: &Relay) -> Result<(Wire, Offers), RelayError> {
    let mut opening = Opening { relay, wire: connect(relay).await? };
    if let Tls::Implicit(_) = relay.tls {
        opening = opening.secure().await?;
    }
    opening.greeting().await?;
    let mut offers = opening.hello().await?;
    if let Tls::StartTls(_) = relay.tls {
        opening.start_tls(&offers).await?;
        opening = opening.secure().await?;
        // What was offered in the clear may have come from anybody (RFC 3207 §4.2).
        offers = opening.hello().await?;
    }
    if let Some(login) = &relay.login {
        opening.login(login, &offers).await?;
    }
    // Whatever came beyond the answers would be taken for the next one.
    opening.wire.still_quiet().map_err(|source| opening.lost(Step::Hello, source))?;
    Ok((opening.wire, offers))
}

async fn connect(relay: &Relay) -> Result<Wire, RelayError> {
    let name = || relay.name();
    if relay.login.is_some() && matches!(relay.tls, Tls::None) {
        return Err(RelayError::LoginInTheClear { relay: name() });
    }
    let wire = within(relay.deadlines.connect, Wire::connect(&relay.host, relay.port, relay.listener.clone()))
        .await
        .map_err(|source| RelayError::Connect { relay: name(), source })?;
    if matches!(relay.tls, Tls::None) && !wire.is_local() {
        return Err(RelayError::InTheClear { relay: name() });
    }
    Ok(wire)
}

struct Opening<'r> {
    relay: &'r Relay,
    wire: Wire,
}

impl<'r> Opening<'r> {
    async fn secure(self) -> Result<Opening<'r>, RelayError> {
        let relay = self.relay;
        let (Tls::Implicit(roots) | Tls::StartTls(roots)) = &relay.tls else { return Ok(self) };
        if self.wire.has_unread() {
            return Err(RelayError::Injected { relay: relay.name() });
        }
        let wire = within(relay.deadlines.command, self.wire.secure(&relay.host, roots.0.clone()))
            .await
            .map_err(|source| RelayError::Tls { relay: relay.name(), source })?;
        Ok(Self { relay, wire })
    }

    async fn greeting(&mut self) -> Result<(), RelayError> {
        let reply = self.answer(Step::Greeting).await?;
        self.expect(220, Step::Greeting, reply)
    }

    async fn hello(&mut self) -> Result<Offers, RelayError> {
        let name = &self.relay.hello;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(RelayError::Unspeakable { what: "the name for EHLO" });
        }
        let hello = Ehlo::new(ClientId::Domain(name.clone()));
        let mut reply = self.ask(Step::Hello, &hello.to_string()).await?;
        let mut offers = Offers::of(&reply);
        if reply.is_permanent() {
            reply = self.ask(Step::Hello, &format!("HELO {name}\r\n")).await?;
            offers = Offers::default();
        }
        self.expect(250, Step::Hello, reply)?;
        Ok(offers)
    }

    async fn start_tls(&mut self, offers: &Offers) -> Result<(), RelayError> {
        if !offers.starttls {
            return Err(RelayError::NoStartTls { relay: self.relay.name() });
        }
        let reply = self.ask(Step::StartTls, &Starttls.to_string()).await?;
        self.expect(220, Step::StartTls, reply)
    }

    async fn login(&mut self, login: &Login, offers: &Offers) -> Result<(), RelayError> {
        let Some(mechanism) = offers.mechanism() else {
            return Err(RelayError::NoLogin { relay: self.relay.name(), offered: offers.auth.join(" ") });
        };
        let credentials = Credentials::new(login.user.clone(), login.password.expose_secret().to_owned());
        // LOGIN asks twice, in its own words and language: the first answer is the user, the second the password.
        let questions: &[Option<&str>] = match mechanism {
            Mechanism::Login => &[None, Some("Username"), Some("Password")],
            _ => &[None],
        };
        let mut asked = None;
        for (n, question) in questions.iter().enumerate() {
            let command = Auth::new(mechanism, credentials.clone(), question.map(str::to_owned))
                .map_err(|_| RelayError::Unspeakable { what: "the login" })?;
            let reply = self.ask(Step::Login, &command.to_string()).await?;
            let goes_on = reply.code == 334 && n + 1 < questions.len();
            asked = Some(reply);
            if !goes_on {
                break;
            }
        }
        match asked {
            Some(reply) if reply.code != 235 => {
                Err(RelayError::LoginRefused { relay: self.relay.name(), user: login.user.clone(), reply })
            }
            _ => Ok(()),
        }
    }

    async fn ask(&mut self, step: Step, command: &str) -> Result<Reply, RelayError> {
        within(self.relay.deadlines.command, self.wire.send(command.as_bytes()))
            .await
            .map_err(|source| self.lost(step, source))?;
        self.answer(step).await
    }

    async fn answer(&mut self, step: Step) -> Result<Reply, RelayError> {
        within(self.relay.deadlines.command, self.wire.reply()).await.map_err(|source| self.lost(step, source))
    }

    fn lost(&self, step: Step, source: Fault) -> RelayError {
        RelayError::Lost { relay: self.relay.name(), step, source }
    }

    fn expect(&self, code: u16, step: Step, reply: Reply) -> Result<(), RelayError> {
        if reply.code == code { Ok(()) } else { Err(RelayError::Refused { relay: self.relay.name(), step, reply }) }
    }
}
