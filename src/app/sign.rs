//! `[dkim]` → the signer as `mail` knows it.

use std::path::PathBuf;

use thiserror::Error;

use crate::config::{Config, Signing};
use crate::mail::sign::{KeyError, Keys, Signer};

#[derive(Debug, Error)]
pub enum SignSettingsError {
    #[error("could not read the key for DKIM from {}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    #[error("the key for DKIM in {} cannot be used", file.display())]
    Bad { file: PathBuf, source: KeyError },
    #[error("dkim.mode is \"rsa+ed25519\" but there is no Ed25519 key in {}", file.display())]
    NoEd25519 { file: PathBuf },
}

/// None where Tidings does not sign.
pub fn of(config: &Config) -> Result<Option<Signer>, SignSettingsError> {
    if config.dkim.mode == Signing::None { Ok(None) } else { prepared(config) }
}

/// The one that is configured, whether it signs yet or not.
pub fn prepared(config: &Config) -> Result<Option<Signer>, SignSettingsError> {
    let settings = &config.dkim;
    let (Some(selector), Some(domain), Some(file)) = (&settings.selector, &settings.domain, &settings.key_file) else {
        return Ok(None);
    };
    let text = std::fs::read(file).map_err(|source| SignSettingsError::Read { file: file.clone(), source })?;
    let mut keys = Keys::from_pem(&text).map_err(|source| SignSettingsError::Bad { file: file.clone(), source })?;
    match settings.mode {
        Signing::RsaAndEd25519 if keys.ed25519.is_none() => {
            return Err(SignSettingsError::NoEd25519 { file: file.clone() });
        }
        Signing::RsaAndEd25519 | Signing::None => {}
        Signing::Rsa => keys.ed25519 = None,
    }
    Ok(Some(Signer::new(domain, selector, keys)))
}
