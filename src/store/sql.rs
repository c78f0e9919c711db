//! One statement for two engines, its arguments, and how a row is read.
//!
//! With `db`, the only place that knows which engine is behind. A text that serves both is [`same`]; where the
//! engines differ it is [`two`], with the reason beside it.

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, Row as _, ValueRef};

use super::Error;
use crate::model::delivery::Key;

/// A statement. `places` is the highest `$n` in it: SQLite takes NULL for a missing argument and both engines take
/// one too many, so we count.
#[derive(Debug)]
pub struct Sql {
    pub(super) lite: &'static str,
    pub(super) pg: &'static str,
    pub(super) places: usize,
}

/// One text that serves both engines.
pub const fn same(text: &'static str) -> Sql {
    two(text, text)
}

/// Two texts with the same places.
pub const fn two(lite: &'static str, pg: &'static str) -> Sql {
    let places = highest_place(lite);
    assert!(places == highest_place(pg), "the two texts have different places");
    Sql { lite, pg, places }
}

const fn highest_place(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut highest, mut i) = (0, 0);
    while i < bytes.len() {
        if bytes[i] == b'$' {
            let mut n = 0;
            while i + 1 < bytes.len() && bytes[i + 1].is_ascii_digit() {
                n = n * 10 + (bytes[i + 1] - b'0') as usize;
                i += 1;
            }
            if n > highest {
                highest = n;
            }
        }
        i += 1;
    }
    highest
}

/// Declares the statements of a file, and the list of them by which the tests find every one.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* const $name: crate::store::sql::Sql = $sql;)+

        /// Every statement of this file, for the tests over all of them.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &crate::store::sql::Sql)] = &[$((stringify!($name), &$name)),+];
    };
}
pub(super) use statements;

/// A condition on `delivery`, for `concat!`: a digest goes only to a reader who still holds something. Letters answer
/// whoever asked.
macro_rules! still_wanted {
    () => {
        "(kind <> 'digest' OR EXISTS (SELECT 1 FROM subscription p WHERE p.subscriber = delivery.subscriber AND p.state <> 'ended'))"
    };
}
pub(super) use still_wanted;

/// An argument. One type per place, never an untyped NULL: PostgreSQL caches a statement by its text.
#[derive(Debug, Clone, Copy)]
pub enum Arg<'a> {
    Bool(bool),
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
    Ints(&'a [i64]),
    Blobs(&'a [Vec<u8>]),
    OptInt(Option<i64>),
    OptText(Option<&'a str>),
    OptBlob(Option<&'a [u8]>),
}

/// `args![slug, now, id]`: each by its own conversion into [`Arg`].
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$(crate::store::sql::Arg::from($value)),*][..] };
}
pub(super) use args;

macro_rules! arg_from {
    ($($type:ty => |$v:ident| $arg:expr;)+) => {
        $(impl<'a> From<$type> for Arg<'a> { fn from($v: $type) -> Self { $arg } })+
    };
}
arg_from! {
    bool => |v| Arg::Bool(v);
    i64 => |v| Arg::Int(v);
    Option<i64> => |v| Arg::OptInt(v);
    &'a str => |v| Arg::Text(v);
    &'a String => |v| Arg::Text(v);
    Option<&'a str> => |v| Arg::OptText(v);
    &'a Option<String> => |v| Arg::OptText(v.as_deref());
    &'a [u8] => |v| Arg::Blob(v);
    &'a Vec<u8> => |v| Arg::Blob(v);
    &'a [u8; 16] => |v| Arg::Blob(v);
    &'a Option<Vec<u8>> => |v| Arg::OptBlob(v.as_deref());
    Option<&'a [u8]> => |v| Arg::OptBlob(v);
    &'a Key => |v| Arg::Blob(&v.0);
    &'a [i64] => |v| Arg::Ints(v);
    &'a Vec<i64> => |v| Arg::Ints(v);
    &'a [Vec<u8>] => |v| Arg::Blobs(v);
    DateTime<Utc> => |v| Arg::Int(v.timestamp_millis());
    Option<DateTime<Utc>> => |v| Arg::OptInt(v.map(|t| t.timestamp_millis()));
}

/// U+0000 is dropped at the doors; here it is dropped once more, since PostgreSQL refuses a whole batch for one.
fn storable(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "").into() } else { text.into() }
}

impl Sql {
    fn check(&self, args: &[Arg<'_>]) {
        assert_eq!(self.places, args.len(), "places and arguments differ in {}", self.lite);
    }

    pub(super) fn lite_arguments(&self, args: &[Arg<'_>]) -> Result<SqliteArguments, Error> {
        self.check(args);
        let mut out = SqliteArguments::default();
        for arg in args {
            match *arg {
                Arg::Bool(v) => out.add(v),
                Arg::Int(v) => out.add(v),
                Arg::Text(v) => out.add(storable(v).into_owned()),
                Arg::Blob(v) => out.add(v.to_vec()),
                Arg::Ints(v) => out.add(json_of(v)),
                Arg::Blobs(v) => out.add(json_of_hex(v)),
                Arg::OptInt(v) => out.add(v),
                Arg::OptText(v) => out.add(v.map(|v| storable(v).into_owned())),
                Arg::OptBlob(v) => out.add(v.map(<[u8]>::to_vec)),
            }
            .map_err(Error::argument)?;
        }
        Ok(out)
    }

    pub(super) fn pg_arguments(&self, args: &[Arg<'_>]) -> Result<PgArguments, Error> {
        self.check(args);
        let mut out = PgArguments::default();
        for arg in args {
            match *arg {
                Arg::Bool(v) => out.add(v),
                Arg::Int(v) => out.add(v),
                Arg::Text(v) => out.add(storable(v).into_owned()),
                Arg::Blob(v) => out.add(v),
                Arg::Ints(v) => out.add(v),
                Arg::Blobs(v) => out.add(v),
                Arg::OptInt(v) => out.add(v),
                Arg::OptText(v) => out.add(v.map(|v| storable(v).into_owned())),
                Arg::OptBlob(v) => out.add(v),
            }
            .map_err(Error::argument)?;
        }
        Ok(out)
    }
}

/// Ids as a JSON array: how SQLite takes a list (`IN (SELECT value FROM json_each($1))`).
fn json_of(ids: &[i64]) -> String {
    let mut out = String::with_capacity(ids.len() * 8 + 2);
    out.push('[');
    for (i, id) in ids.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(&id.to_string());
    }
    out.push(']');
    out
}

/// Bytes as a JSON array of hexadecimal words (`IN (SELECT unhex(value) FROM json_each($1))`).
fn json_of_hex(list: &[Vec<u8>]) -> String {
    serde_json::Value::from_iter(list.iter().map(hex::encode)).to_string()
}

/// A row of either engine.
pub enum Row {
    Lite(SqliteRow),
    Pg(PgRow),
}

/// A column's value. SQLite reads NULL as 0 without a word, so NULL is looked for first, always.
pub trait Cell: Sized {
    fn of(row: &Row, i: usize) -> Result<Self, Error>;
}

/// A whole row as a value.
pub trait Record: Sized {
    fn of(row: &Row) -> Result<Self, Error>;
}

fn is_null(row: &Row, i: usize) -> Result<bool, Error> {
    Ok(match row {
        Row::Lite(row) => row.try_get_raw(i).map_err(Error::from)?.is_null(),
        Row::Pg(row) => row.try_get_raw(i).map_err(Error::from)?.is_null(),
    })
}

macro_rules! cell {
    ($($type:ty),+) => {
        $(impl Cell for $type {
            fn of(row: &Row, i: usize) -> Result<Self, Error> {
                if is_null(row, i)? {
                    return Err(Error::Null { column: i });
                }
                Ok(match row {
                    Row::Lite(row) => row.try_get(i)?,
                    Row::Pg(row) => row.try_get(i)?,
                })
            }
        })+
    };
}
cell!(bool, i64, String, Vec<u8>);

impl<C: Cell> Cell for Option<C> {
    fn of(row: &Row, i: usize) -> Result<Self, Error> {
        if is_null(row, i)? { Ok(None) } else { C::of(row, i).map(Some) }
    }
}

impl Cell for DateTime<Utc> {
    fn of(row: &Row, i: usize) -> Result<Self, Error> {
        let millis = i64::of(row, i)?;
        Self::from_timestamp_millis(millis).ok_or_else(|| Error::unreadable(i, millis.to_string()))
    }
}

impl Cell for Key {
    fn of(row: &Row, i: usize) -> Result<Self, Error> {
        let bytes = Vec::<u8>::of(row, i)?;
        Ok(Self(bytes.try_into().map_err(|_| Error::unreadable(i, "a key that is not 16 bytes".into()))?))
    }
}

/// Cells that are kept as text and read by parsing.
macro_rules! parsed_cell {
    ($($type:ty),+ $(,)?) => {
        $(impl Cell for $type {
            fn of(row: &Row, i: usize) -> Result<Self, Error> {
                let text = String::of(row, i)?;
                text.parse().map_err(|_| Error::unreadable(i, text))
            }
        })+
    };
}
parsed_cell!(
    crate::model::slug::Slug,
    crate::model::language::Language,
    crate::model::address::Address,
    chrono_tz::Tz,
    chrono::NaiveDateTime,
);

macro_rules! tuple {
    ($($name:ident $i:tt),+) => {
        impl<$($name: Cell),+> Record for ($($name,)+) {
            fn of(row: &Row) -> Result<Self, Error> {
                Ok(($($name::of(row, $i)?,)+))
            }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);

/// Reads a struct's fields from a row, in the order of the statement's columns.
macro_rules! record {
    ($type:ty { $($field:ident),+ $(,)? }) => {
        impl crate::store::sql::Record for $type {
            #[allow(unused_assignments, reason = "the last column's number is counted past")]
            fn of(row: &crate::store::sql::Row) -> Result<Self, crate::store::Error> {
                let mut i = 0;
                $(let $field = crate::store::sql::Cell::of(row, i)?; i += 1;)+
                Ok(Self { $($field),+ })
            }
        }
    };
}
pub(super) use record;
