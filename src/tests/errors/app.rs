//! What keeps the program from being opened, or from going on.

use insta::assert_snapshot;
use rustls::pki_types::pem;

use super::{denied, disk_full, logged, nowhere, page, printed, refused};
use crate::app::{AppError, RelaySettingsError, RelayTrialError, SecretError, SignSettingsError};
use crate::feed::fetch::FetchError;
use crate::mail::fault::{Fault, RelayError, SessionError};
use crate::mail::inbox::InboxError;
use crate::mail::sign::{KeyError, SignError};
use crate::store::declared::StillHeld;

#[test]
fn what_cannot_be_opened() {
    let unfit = reqwest::Client::builder().user_agent("Tidings\n").build().unwrap_err();
    let address = "127.0.0.1:2525".parse().unwrap();
    let told = page([
        printed(AppError::Folder { folder: "/var/lib/tidings".into() }),
        printed(AppError::Mailbox(InboxError::Listen { address, source: super::in_use() })),
        printed(AppError::Fetcher(FetchError::Setup { source: unfit })),
    ]);
    assert_snapshot!(told);
}

#[test]
fn configurations_that_are_not_put_in_force() {
    let held = |what, slug: &str, readers| StillHeld { what, slug: slug.parse().unwrap(), readers };
    let other = |theirs: Option<&str>| AppError::OtherConfiguration {
        holder: "`tidings run` with process id 4711, since 2026-03-02 07:00:00 UTC".to_owned(),
        ours: "/etc/tidings/tidings.toml".to_owned(),
        theirs: theirs.map(str::to_owned),
    };
    let told = page([
        printed(AppError::StillHeld(vec![held("topic", "health", 1)])),
        printed(AppError::StillHeld(vec![held("region", "africa", 12), held("frequency", "weekly", 3)])),
        printed(other(Some("/srv/tidings.toml"))),
        printed(other(Some("/etc/tidings/tidings.toml"))),
        printed(other(None)),
        printed(AppError::Overtaken),
        printed(AppError::HalfAdopted),
        printed(AppError::LeaseLost),
        logged(AppError::OtherDatabase),
    ]);
    assert_snapshot!(told);
}

#[test]
fn the_keys_of_the_links() {
    let file = || "/var/lib/tidings/secrets/site".into();
    let told = page([
        printed(SecretError::Read { file: file(), source: denied() }),
        printed(AppError::Secret(SecretError::Missing { file: file() })),
        printed(AppError::Secret(SecretError::Make { file: file(), source: disk_full() })),
        printed(AppError::Secret(SecretError::Bad { file: file(), line: 3 })),
        printed(AppError::Secret(SecretError::Empty { file: file() })),
    ]);
    assert_snapshot!(told);
}

#[test]
fn what_the_relay_is_reached_with() {
    let (password, certificates) = ("/etc/tidings/secrets/smtp".into(), "/etc/tidings/ca.pem".into());
    let away = RelayError::Connect { relay: "smtp.example.org:587".to_owned(), source: Fault::Io(refused()) };
    let told = page([
        printed(AppError::Relay(RelaySettingsError::Password { file: password, source: denied() })),
        printed(RelaySettingsError::NoPassword { file: "/etc/tidings/secrets/smtp".into() }),
        printed(RelaySettingsError::Certificates { file: certificates, source: pem::Error::NoItemsFound }),
        printed(RelaySettingsError::Tls(rustls::Error::General("no certificates of the system".to_owned()))),
        printed(RelayTrialError::Session(SessionError::Relay(away))),
    ]);
    assert_snapshot!(told);
}

#[test]
fn a_key_that_does_not_sign() {
    let file = || "/etc/tidings/secrets/d1.pem".into();
    let bad = |source| printed(AppError::Sign(SignSettingsError::Bad { file: file(), source }));
    let told = page([
        printed(AppError::Sign(SignSettingsError::Read { file: file(), source: denied() })),
        printed(AppError::Sign(SignSettingsError::Read { file: file(), source: nowhere() })),
        bad(KeyError::NotPem(pem::Error::NoItemsFound)),
        bad(KeyError::NoRsa),
        bad(KeyError::Twice),
        bad(KeyError::Short(1024)),
        bad(KeyError::Unknown),
        printed(SignSettingsError::NoEd25519 { file: file() }),
        logged(SignError::from(aws_lc_rs::error::Unspecified)),
    ]);
    assert_snapshot!(told);
}
