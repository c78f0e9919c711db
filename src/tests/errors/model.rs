//! What is typed or written in a configuration and is not what it should be.

use insta::assert_snapshot;

use super::{logged, page};
use crate::model::address::Address;
use crate::model::colour::Colour;
use crate::model::language::Language;
use crate::model::schedule::Schedule;
use crate::model::slug::Slug;

#[test]
fn words_that_are_not_what_they_should_be() {
    let told = page([
        logged("reader.example.org".parse::<Address>().unwrap_err()),
        logged("english".parse::<Language>().unwrap_err()),
        logged("blue".parse::<Colour>().unwrap_err()),
        logged("Health News".parse::<Slug>().unwrap_err()),
    ]);
    assert_snapshot!(told);
}

#[test]
fn frequencies_that_say_no_time() {
    let bad = |text: &str| logged(Schedule::parse(text).unwrap_err());
    let told = page([
        bad("daily"),
        bad("0 8 * *"),
        bad("0 25 * * *"),
        bad("60 8 * * *"),
        bad("0 8-6 * * *"),
        bad("0 8 * * MO"),
        bad("*/0 8 * * *"),
        bad("0 8 1 * MON"),
        bad("0 8 30 2 *"),
    ]);
    assert_snapshot!(told);
}
