//! `tidings topic`

use insta::assert_snapshot;

use super::{Refusals, with_a_reader, write};
use crate::commands::configuration;
use crate::house::free_port;
use crate::newsroom::Newsroom;

const NOWHERE: &str = "<rss version=\"2.0\"><channel><title>News</title></channel></rss>";
const ELSEWHERE: &str =
    "<rss version=\"2.0\"><channel><title>News</title><link>https://elsewhere.example.org/</link></channel></rss>";
const HERE: &str = "<rss version=\"2.0\"><channel><title>News</title><link>http://127.0.0.1/</link></channel></rss>";

#[test]
fn what_goes_to_no_topic() {
    let newsroom = Newsroom::open();
    let house = with_a_reader(&newsroom);
    write(&house, "page.html", "<html><body>No feed</body></html>");
    write(&house, "nowhere.xml", NOWHERE);
    write(&house, "elsewhere.xml", ELSEWHERE);
    write(&house, "here.xml", HERE);
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("topic embed helth")
        .refuses("topic embed sport")
        .refuses("topic match none.xml")
        .refuses("topic match page.html --feed news")
        .refuses("topic match nowhere.xml")
        .refuses("topic match elsewhere.xml")
        .refuses("topic match here.xml --feed nws")
        .refuses("topic match https://elsewhere.example.org/rss.xml")
        .refuses(&format!("topic match {} --feed news", newsroom.url()));
    let other = Newsroom::open();
    let more = format!("\n[[feed]]\nslug = \"other\"\nurl = \"{}\"\nallow_private = true\n", other.url());
    house.configure(&format!("{}{more}", configuration(&newsroom, free_port())));
    page.does("status").refuses(&format!("topic match {}", other.url())).refuses("topic match here.xml");
    let told = page.told();
    assert_snapshot!(told);
}
