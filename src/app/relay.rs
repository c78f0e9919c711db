//! `[relay]` → the relay as `mail` knows it.

use std::path::PathBuf;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use secrecy::SecretString;
use thiserror::Error;

use crate::config::{self, Config};
use crate::mail::fault::SessionError;
use crate::mail::relay::{Deadlines, Login, Relay, Roots, Tls};
use crate::mail::session::Session;

#[derive(Debug, Error)]
pub enum RelaySettingsError {
    #[error("could not read the relay's password from {}", file.display())]
    Password { file: PathBuf, source: std::io::Error },
    #[error("the file {} of the relay's password is empty", file.display())]
    NoPassword { file: PathBuf },
    #[error("could not read the relay's certificates from {}", file.display())]
    Certificates { file: PathBuf, source: rustls::pki_types::pem::Error },
    #[error("could not set up TLS")]
    Tls(#[from] rustls::Error),
}

/// Why the relay cannot be worked with.
#[derive(Debug, Error)]
pub enum RelayTrialError {
    #[error(transparent)]
    Settings(#[from] RelaySettingsError),
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// Goes to the relay and back without a mail: it is connected to, greeted, secured, and logged in to where a login is
/// configured. No step may take longer than `patience`. Without a relay there is nothing to try.
pub async fn try_out(config: &Config, patience: Duration) -> Result<(), RelayTrialError> {
    let Some(mut relay) = of(config)? else { return Ok(()) };
    let deadlines = &mut relay.deadlines;
    deadlines.connect = deadlines.connect.min(patience);
    deadlines.command = deadlines.command.min(patience);
    Session::open(&relay).await?.quit().await;
    Ok(())
}

/// None without a host: everything is captured.
pub fn of(config: &Config) -> Result<Option<Relay>, RelaySettingsError> {
    let settings = &config.relay;
    let Some(host) = settings.host.clone() else { return Ok(None) };
    let hello = settings.ehlo_name.clone().or_else(|| config.site.url.host_str().map(str::to_owned));
    Ok(Some(Relay {
        host,
        port: settings.port(),
        tls: tls(settings)?,
        login: login(settings)?,
        hello: hello.unwrap_or_else(|| "localhost".to_owned()),
        deadlines: deadlines(settings),
        listener: None,
    }))
}

pub fn deadlines(settings: &config::Relay) -> Deadlines {
    Deadlines {
        connect: settings.connect_timeout,
        command: settings.command_timeout,
        data: settings.data_timeout,
        body_rate: u32::try_from(settings.slowest_body).unwrap_or(u32::MAX),
        answer: settings.final_answer_timeout,
        messages: settings.renew_after_messages,
        session: settings.renew_after,
    }
}

fn tls(settings: &config::Relay) -> Result<Tls, RelaySettingsError> {
    let roots = || match &settings.ca_file {
        None => Ok::<_, RelaySettingsError>(Roots::of_the_system()?),
        Some(file) => {
            let unreadable = |source| RelaySettingsError::Certificates { file: file.clone(), source };
            let certificates = CertificateDer::pem_file_iter(file).map_err(unreadable)?;
            let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
            if certificates.is_empty() {
                return Err(unreadable(pem::Error::NoItemsFound));
            }
            Ok(Roots::only(certificates)?)
        }
    };
    Ok(match settings.tls {
        config::Tls::Implicit => Tls::Implicit(roots()?),
        config::Tls::Starttls => Tls::StartTls(roots()?),
        config::Tls::None => Tls::None,
    })
}

fn login(settings: &config::Relay) -> Result<Option<Login>, RelaySettingsError> {
    let Some(user) = settings.username.clone() else { return Ok(None) };
    let password = match (&settings.password, &settings.password_file) {
        (Some(password), _) => password.clone(),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .map_err(|source| RelaySettingsError::Password { file: file.clone(), source })?;
            let password = text.trim_end_matches(['\r', '\n']);
            if password.is_empty() {
                return Err(RelaySettingsError::NoPassword { file: file.clone() });
            }
            SecretString::from(password)
        }
        (None, None) => SecretString::from(""),
    };
    Ok(Some(Login { user, password }))
}
