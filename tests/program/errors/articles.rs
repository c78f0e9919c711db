//! `tidings article`

use insta::assert_snapshot;

use super::{Refusals, with_a_reader};
use crate::newsroom::Newsroom;

#[test]
fn articles_that_are_not_there_or_not_ours_any_more() {
    let newsroom = Newsroom::open();
    let house = with_a_reader(&newsroom);
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("article withdraw 17")
        .refuses("article pin https://news.example.org/17")
        .refuses("article list --topic helth")
        .does("article withdraw 1")
        .refuses("article pin 1");
    let told = page.told();
    assert_snapshot!(told);
}
