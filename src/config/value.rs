//! Values written as text that reads itself.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::model::address::Address;

/// A `T` written as text.
struct Written<T>(T);

struct TextVisitor<T> {
    expected: &'static str,
    kind: PhantomData<T>,
}

impl<T> Visitor<'_> for TextVisitor<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// `expected` completes "… is wanted".
pub(super) fn text<'de, D, T>(from: D, expected: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: fmt::Display,
{
    from.deserialize_str(TextVisitor { expected, kind: PhantomData })
}

impl<'de, T> Deserialize<'de> for Written<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text(from, "a string").map(Self)
    }
}

pub(super) fn parsed<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: fmt::Display,
{
    Written::deserialize(from).map(|written| written.0)
}

/// For a key that may be absent; with `#[serde(default)]`.
pub(super) fn optional<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: fmt::Display,
{
    parsed(from).map(Some)
}

pub(super) fn list<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: fmt::Display,
{
    Ok(Vec::<Written<T>>::deserialize(from)?.into_iter().map(|written| written.0).collect())
}

/// The name of a domain that takes mail, in A-labels; for a key that may be absent.
pub(super) fn domain<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    match format!("bounce@{text}").parse::<Address>() {
        Ok(address) => Ok(Some(address.domain().to_owned())),
        Err(bad) => Err(D::Error::custom(format!("`{text}` is not a domain: {}", bad.why))),
    }
}
