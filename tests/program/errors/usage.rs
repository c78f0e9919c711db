//! The command line itself.

use insta::assert_snapshot;

use super::Refusals;
use crate::house::House;

#[test]
fn a_command_line_that_cannot_be_read() {
    let house = House::new();
    house.configure("");
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("subscribe")
        .refuses("subscriber ad")
        .refuses("subscriber add")
        .refuses("subscriber add reader.example.org --topic health")
        .refuses("subscriber add ana@example.org --topic Health!")
        .refuses("subscriber add ana@example.org --topic health --hour 24")
        .refuses("subscriber add ana@example.org --topic health --zone Africa/Nairoby")
        .refuses("subscriber add ana@example.org --topic health --zone home")
        .refuses("subscriber add ana@example.org --topic health --language english")
        .refuses("subscriber add ana@example.org --topic health --format fancy")
        .refuses("subscriber set ana@example.org")
        .refuses("subscriber pause ana@example.org --until tomorrow")
        .refuses("digest show first")
        .refuses("digest preview ana@example.org --html --eml")
        .refuses("article pin story")
        .refuses("db copy mysql://localhost/tidings")
        .refuses("init --language english")
        .refuses("topic embed health")
        .refuses("status --at noon")
        .refuses("run --jsn");
    let told = page.told();
    assert_snapshot!(told);
}
