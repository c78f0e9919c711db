//! Samples of the mailbox's pages. They are an operator's and said in English alone.

use super::super::mailbox::{MailLine, MailList, OneMail, Shown, Switch, Way};
use super::super::page::Content;
use super::digest::moment;

const ZONE: &str = "Africa/Nairobi";

pub fn all() -> Vec<(&'static str, Content)> {
    let frame = |scheme, is_phone| Shown::Frame { url: "/sample".to_owned(), scheme, is_phone };
    vec![
        ("ordinary", list("", vec![line(Some("Rain comes early to the coast")), line(None)])),
        ("empty", list("", vec![])),
        ("nothing-to", list("nobody@", vec![])),
        ("html", mail(frame("", false))),
        ("phone", mail(frame("dark", true))),
        ("text", mail(Shown::Text("THE HARBOUR POST\n\nRain comes early to the coast\n".to_owned()))),
    ]
}

fn line(subject: Option<&str>) -> MailLine {
    MailLine {
        url: "/sample".to_owned(),
        to: "reader@example.org".to_owned(),
        subject: subject.map(str::to_owned),
        at: moment("2026-11-24T08:00:00"),
    }
}

fn list(to: &str, mails: Vec<MailLine>) -> Content {
    let older_url = (!mails.is_empty()).then(|| "/sample".to_owned());
    Content::Mailbox(Box::new(MailList {
        to: to.to_owned(),
        mails,
        newest_url: None,
        older_url,
        zone: ZONE.to_owned(),
    }))
}

fn mail(shown: Shown) -> Content {
    let switch = |name, ways: &[&'static str]| Switch {
        name,
        ways: ways.iter().enumerate().map(|(i, name)| Way { name, url: "/sample".to_owned(), here: i == 0 }).collect(),
    };
    let stop = "<https://digest.example.org/stop/sample>".to_owned();
    Content::Mail(Box::new(OneMail {
        subject: Some("Rain comes early to the coast, and 3 more".to_owned()),
        to: "reader@example.org".to_owned(),
        at: moment("2026-11-24T08:00:00"),
        zone: ZONE.to_owned(),
        fields: vec![("From", "The Harbour Post <digest@example.org>".to_owned()), ("List-Unsubscribe", stop)],
        switches: vec![switch("Show", &["HTML", "Text", "Source"]), switch("Width", &["Full", "Phone"])],
        shown,
        file_url: "/sample".to_owned(),
        list_url: "/sample".to_owned(),
    }))
}
