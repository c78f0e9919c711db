//! The keys that sign: an RSA key, and an Ed25519 key beside it, as PEM files have them.

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject};
use secrecy::SecretString;
use thiserror::Error;

/// RFC 8301 §3.2: signers use at least so much.
const LEAST: usize = 2048;

pub enum Key {
    Rsa(rsa::KeyPair),
    Ed25519(Ed25519KeyPair),
}

/// What a key file holds.
pub struct Keys {
    pub rsa: Key,
    pub ed25519: Option<Key>,
}

#[derive(Debug, Error)]
pub enum KeyError {
    #[error("it is no PEM file")]
    NotPem(#[source] pem::Error),
    #[error("it holds no RSA key")]
    NoRsa,
    #[error("it holds two keys of a kind: keep one RSA key in it, and one Ed25519 key beside it if you like")]
    Twice,
    #[error("its RSA key has {0} bits; receivers want {LEAST} at least")]
    Short(usize),
    #[error("a key in it is neither RSA of 2048 bits or more, nor Ed25519")]
    Unknown,
}

impl Keys {
    /// PKCS#8 or, for RSA, PKCS#1; in any order.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let (mut rsa, mut ed25519) = (None, None);
        for der in PrivateKeyDer::pem_slice_iter(text) {
            let key = Key::from_der(&der.map_err(KeyError::NotPem)?)?;
            let place = if matches!(key, Key::Rsa(_)) { &mut rsa } else { &mut ed25519 };
            if place.replace(key).is_some() {
                return Err(KeyError::Twice);
            }
        }
        Ok(Self { rsa: rsa.ok_or(KeyError::NoRsa)?, ed25519 })
    }

    /// New ones, from the system's own chance.
    pub fn generate(with_ed25519: bool) -> Result<Self, Unspecified> {
        let ed25519 = if with_ed25519 { Some(Key::Ed25519(Ed25519KeyPair::generate()?)) } else { None };
        Ok(Self { rsa: Key::Rsa(rsa::KeyPair::generate(KeySize::Rsa2048)?), ed25519 })
    }

    pub fn to_pem(&self) -> Result<SecretString, Unspecified> {
        let mut text = String::new();
        for key in [Some(&self.rsa), self.ed25519.as_ref()].into_iter().flatten() {
            let der = key.to_pkcs8()?;
            let base64 = STANDARD.encode(der.as_ref());
            text.push_str("-----BEGIN PRIVATE KEY-----\n");
            for at in (0..base64.len()).step_by(64) {
                text.push_str(&base64[at..base64.len().min(at + 64)]);
                text.push('\n');
            }
            text.push_str("-----END PRIVATE KEY-----\n");
        }
        Ok(text.into())
    }
}

impl Key {
    fn from_der(der: &PrivateKeyDer<'_>) -> Result<Self, KeyError> {
        let bytes = der.secret_der();
        let key = match der {
            PrivateKeyDer::Pkcs1(_) => rsa::KeyPair::from_der(bytes).ok().map(Self::Rsa),
            PrivateKeyDer::Pkcs8(_) => (rsa::KeyPair::from_pkcs8(bytes).ok().map(Self::Rsa))
                .or_else(|| Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).ok().map(Self::Ed25519)),
            _ => None,
        };
        match key {
            Some(Self::Rsa(pair)) if pair.public_modulus_len() * 8 < LEAST => {
                Err(KeyError::Short(pair.public_modulus_len() * 8))
            }
            key => key.ok_or(KeyError::Unknown),
        }
    }

    fn to_pkcs8(&self) -> Result<Pkcs8V1Der<'static>, Unspecified> {
        match self {
            Self::Rsa(pair) => pair.as_der(),
            Self::Ed25519(pair) => pair.as_der(),
        }
    }

    /// As `a=` names it.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa-sha256",
            Self::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// As `k=` of the record names it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa",
            Self::Ed25519(_) => "ed25519",
        }
    }

    /// What `p=` of the record encodes: a SubjectPublicKeyInfo for RSA (RFC 6376 §3.6.1 with its erratum), the bare 32
    /// octets for Ed25519 (RFC 8463 §4).
    pub(super) fn public(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => {
                let der: Result<PublicKeyX509Der<'_>, _> = pair.public_key().as_der();
                der.expect("a key that signs can be written down").as_ref().to_vec()
            }
            Self::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// The other form that RFC 6376 allows an RSA key in `p=`: an RSAPublicKey.
    pub(super) fn bare(&self) -> &[u8] {
        match self {
            Self::Rsa(pair) => pair.public_key().as_ref(),
            Self::Ed25519(pair) => pair.public_key().as_ref(),
        }
    }

    /// The same for the same data: neither PKCS#1 v1.5 nor Ed25519 leaves anything to chance.
    pub(super) fn sign(&self, data: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature)?;
                Ok(signature)
            }
            // RFC 8463 §3: Ed25519 signs the hash.
            Self::Ed25519(pair) => Ok(pair.sign(digest::digest(&digest::SHA256, data).as_ref()).as_ref().to_vec()),
        }
    }
}
