//! `tidings subscriber`

use insta::assert_snapshot;

use super::{Refusals, with_a_reader, write};
use crate::commands::configuration;
use crate::house::free_port;
use crate::newsroom::Newsroom;

#[test]
fn readers_who_are_not_there_or_cannot_have_it() {
    let newsroom = Newsroom::open();
    let house = with_a_reader(&newsroom);
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("subscriber show nobody@example.org")
        .refuses("subscriber explain nobody@example.org")
        .refuses("subscriber explain ana@example.org --run 7")
        .refuses("subscriber add bo@example.org --topic helth")
        .refuses("subscriber add bo@example.org --topic sport")
        .refuses("subscriber add bo@example.org --topic health --region afrika")
        .refuses("subscriber add bo@example.org --topic health --frequency weakly")
        .refuses("subscriber add bo@example.org --topic health --language de")
        .refuses("subscriber add bo@example.org --topic health --frequency as-it-happens --hour 9")
        .refuses("subscriber pause ana@example.org --until 2026-03-01")
        .refuses("subscriber resume ana@example.org --topic health")
        .refuses("subscriber stop ana@example.org --topic climate")
        .refuses("subscriber erase ana@example.org")
        .does("subscriber set ana@example.org --frequency as-it-happens")
        .refuses("subscriber set ana@example.org --hour 9")
        .does("subscriber add cy@example.org --topic health --confirm")
        .refuses("subscriber pause cy@example.org --topic health")
        .does("subscriber stop ana@example.org")
        .does("mail suppressions add ana@example.org")
        .refuses("subscriber start-again ana@example.org")
        .refuses("subscriber add ana@example.org --topic health");
    let told = page.told();
    assert_snapshot!(told);
}

#[test]
fn a_reader_whose_last_region_has_ended() {
    let newsroom = Newsroom::open();
    let house = with_a_reader(&newsroom);
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.does("subscriber set ana@example.org --region africa");
    let text = configuration(&newsroom, free_port());
    house.configure(&text.replace("slug = \"africa\"", "slug = \"africa\"\nend_subscriptions = true"));
    page.refuses("subscriber resume ana@example.org -n")
        .does("feed fetch")
        .refuses("subscriber resume ana@example.org");
    house.configure(&text.replacen("slug = \"health\"", "slug = \"sport\"", 1));
    page.refuses("subscriber resume ana@example.org");
    let told = page.told();
    assert_snapshot!(told);
}

#[test]
fn files_of_readers_that_cannot_be_read_or_written() {
    let newsroom = Newsroom::open();
    let house = with_a_reader(&newsroom);
    write(&house, "singular.csv", "address,topic\na@example.org,health\n");
    write(&house, "odd.csv", "address,topics,birthday\na@example.org,health,1 March\n");
    write(&house, "twice.csv", "address,topics,address\na@example.org,health,b@example.org\n");
    write(&house, "empty.csv", "");
    write(&house, "latin.csv", b"address,topics,\xe4\n");
    write(&house, "folder/file.csv", "");
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("subscriber import none.csv")
        .refuses("subscriber import singular.csv")
        .refuses("subscriber import odd.csv")
        .refuses("subscriber import twice.csv")
        .refuses("subscriber import empty.csv")
        .refuses("subscriber import latin.csv")
        .refuses("subscriber export -o none/readers.csv")
        .refuses("subscriber export -o folder/file.csv/readers.csv")
        .refuses("subscriber export -o folder");
    let told = page.told();
    assert_snapshot!(told);
}
