//! `tidings template`

use insta::assert_snapshot;

use super::{Refusals, write};
use crate::house::House;

#[test]
fn texts_that_are_not_there_or_do_not_fit() {
    let house = House::new();
    house.configure("");
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("template eject mail/digest")
        .refuses("template eject mail/digst.txt --to mine")
        .does("template eject mail/digest/body.txt --to mine")
        .refuses("template eject mail/digest/body.txt --to mine");
    write(&house, "taken", "");
    page.refuses("template eject mail/digest --to taken")
        .refuses("template preview mail/digst")
        .refuses("template preview mail/digest --language xx")
        .refuses("template preview pages/privacy --format text")
        .refuses("template preview --out taken");
    let told = page.told();
    assert_snapshot!(told);
}

#[test]
fn texts_of_our_own_that_are_broken() {
    let house = House::new();
    house.configure("[site]\ntemplates = \"templates\"\n");
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    write(&house, "templates/mail/digest/body.txt", "Good morning\n{% if %}\n");
    page.refuses("template lint").refuses("check").refuses("status");
    write(&house, "templates/mail/digest/body.txt", "Good morning\n{{ nonsense }}\n");
    page.refuses("check");
    write(&house, "templates/locale/fr.toml", "[messages]\nnonsense = \"Bonjour\"\n");
    page.refuses("check");
    let told = page.told();
    assert_snapshot!(told);
}
