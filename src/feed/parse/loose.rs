//! JSON values that need not be of the type they should be.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use url::Url;

use super::chars;
use super::dates;
use super::links;

/// A list in JSON is heard up to this many.
const MANY: usize = 64;

/// A text, or a number as one; anything else is nothing.
#[derive(Default)]
pub(super) struct Loose(Option<String>);

impl Loose {
    pub(super) fn text(self) -> Option<String> {
        let mut text = String::new();
        chars::push(&mut text, self.0?.trim());
        Some(text).filter(|text| !text.is_empty())
    }

    pub(super) fn link(&self, base: Option<&Url>) -> Option<String> {
        links::resolve(base, self.0.as_deref()?)
    }

    pub(super) fn date(self) -> Option<DateTime<Utc>> {
        dates::read(&self.0?)
    }
}

/// A list, or nothing.
pub(super) struct Many<T>(pub Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A text, or a thing with a `name`.
#[derive(Default)]
pub(super) struct Named(pub Loose);

/// What a visitor does with a value it has no use for: it reads past it.
macro_rules! pass_over {
    ($nothing:expr; $($kind:ident),*) => { $(pass_over!(@$kind $nothing);)* };
    (@scalars $nothing:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
    (@numbers $nothing:expr) => {
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
    (@text $nothing:expr) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
    (@list $nothing:expr) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
    (@map $nothing:expr) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose(Some(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    pass_over!(Loose(None); scalars, list, map);
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(LooseVisitor)
    }
}

struct NamedVisitor;

impl<'de> Visitor<'de> for NamedVisitor {
    type Value = Named;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Named, E> {
        Ok(Named(Loose(Some(text.to_owned()))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named, A::Error> {
        let mut named = Named::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "name" {
                named.0 = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(named)
    }

    pass_over!(Named::default(); scalars, numbers, list);
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(NamedVisitor)
    }
}

struct ManyVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ManyVisitor<T> {
    type Value = Many<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Many<T>, A::Error> {
        let mut many = Vec::new();
        while many.len() < MANY {
            match list.next_element()? {
                Some(one) => many.push(one),
                None => return Ok(Many(many)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Many(many))
    }

    pass_over!(Many(Vec::new()); scalars, numbers, text, map);
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(ManyVisitor(std::marker::PhantomData))
    }
}
