//! `tidings mail`

use insta::assert_snapshot;

use super::{Refusals, with_a_reader};
use crate::newsroom::Newsroom;

#[test]
fn mails_that_are_not_tried_again() {
    let newsroom = Newsroom::open();
    let house = with_a_reader(&newsroom);
    newsroom.publish("A clinic opens");
    Refusals::at(&house, "2026-03-02 07:00").does("run --once");
    Refusals::at(&house, "2026-03-02 08:00").does("run --once");
    let mut page = Refusals::at(&house, "2026-03-02 09:00");
    page.refuses("mail retry 7").refuses("mail retry 1").refuses("mail suppressions remove ana@example.org");
    let told = page.told();
    assert_snapshot!(told);
}
