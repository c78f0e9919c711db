//! What is odd about a feed that can be read: what its readers or its host will notice, in a sentence each that says what
//! follows from it. Nothing here is a reason to refuse a feed.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use encoding_rs::{Encoding, UTF_8};
use serde::Serialize;

use super::discover::Found;
use super::document::{Document, Entry};
use super::identity::{self, Policy};
use super::parse;

/// A feed whose newest entry is older has probably been given up.
const ASLEEP: TimeDelta = TimeDelta::days(90);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Oddity {
    /// For programs; the sentence may change, this does not.
    pub kind: &'static str,
    pub text: String,
}

/// All of them, those of the way before those of the document before those of its entries.
pub fn of(found: &Found, now: DateTime<Utc>) -> Vec<Oddity> {
    let mut odd = Odd(Vec::new());
    odd.way(found);
    odd.document(found);
    if !found.document.entries.is_empty() {
        odd.identity(&found.document.entries);
        odd.links(found);
        odd.dates(&found.document.entries, now);
        odd.titles(&found.document.entries);
    }
    odd.0
}

struct Odd(Vec<Oddity>);

impl Odd {
    fn say(&mut self, kind: &'static str, text: impl Into<String>) {
        self.0.push(Oddity { kind, text: text.into() });
    }

    fn way(&mut self, found: &Found) {
        if let Some(to) = &found.moved_to {
            self.say("moved", format!("it has moved for good to {to}: declare that address"));
        }
        if found.at.scheme() == "http" {
            self.say("http", "it comes over http: whoever is on the way can change what is mailed; try https");
        }
        if found.etag.is_none() && found.last_modified.is_none() {
            let text = "no validators (neither ETag nor Last-Modified): every check costs the whole document";
            self.say("no-validators", text);
        }
        let sent_as = found.content_type.as_deref().unwrap_or_default().to_ascii_lowercase();
        if !["xml", "rss", "atom", "json", "rdf"].iter().any(|word| sent_as.contains(word)) {
            let named = if sent_as.is_empty() { "no type at all" } else { &sent_as };
            self.say(
                "content-type",
                format!("it is sent as {named}, which is none of a feed; it is read all the same"),
            );
        }
    }

    fn document(&mut self, found: &Found) {
        let document = &found.document;
        if let Some(damage) = &document.damaged {
            self.say("damaged", format!("it is damaged, and read as far as it goes: {damage}"));
        }
        if let Some(text) = encoding(&found.body, found.content_type.as_deref()) {
            self.say("encoding", text);
        }
        if unreadable(document) {
            self.say("unreadable-characters", "some of its characters cannot be read and stand as \u{fffd}");
        }
        let of_entries = || document.entries.iter().any(|entry| entry.language.is_some());
        if document.language.is_none() && !of_entries() {
            self.say(
                "no-language",
                "it does not say its language, so it counts as the site's; `language` on the feed says it",
            );
        }
        if document.entries.is_empty() {
            self.say("empty", "it has no entries now");
        }
    }

    fn identity(&mut self, entries: &[Entry]) {
        let guids: Vec<&str> = entries.iter().filter_map(|entry| entry.guid.as_deref()).collect();
        let different: HashSet<&str> = guids.iter().copied().collect();
        if different.len() < guids.len() {
            let how = match identity::policy(entries, Policy::Guid) {
                Policy::Guid => "two equal entries are one",
                Policy::GuidAndLink => "entries are told apart by id and link",
            };
            let text = format!("guids repeat ({} in {} entries): {how}", different.len(), guids.len());
            self.say("guids-repeat", text);
        }
        let nameless = entries.iter().filter(|entry| entry.guid.is_none() && entry.link.is_none()).count();
        if nameless > 0 {
            let text = format!(
                "{} neither an id nor a link: told apart by their text, so that a correction is a new article",
                have(nameless, entries)
            );
            self.say("no-identity", text);
        }
    }

    fn links(&mut self, found: &Found) {
        let entries = &found.document.entries;
        let without = entries.iter().filter(|entry| entry.link.is_none()).count();
        if without > 0 {
            self.say("no-links", format!("{} no link: readers cannot go on from there", have(without, entries)));
        }
        // Read once more without its address, what was relative is not a link.
        let alone = parse::document(&found.body, found.content_type.as_deref(), None);
        let absolute = alone.map_or(0, |alone| alone.entries.iter().filter(|entry| entry.link.is_some()).count());
        let relative = (entries.len() - without).saturating_sub(absolute);
        if relative > 0 {
            let text =
                format!("links are relative in {relative} of {} entries: completed with its address", entries.len());
            self.say("links-relative", text);
        }
    }

    fn dates(&mut self, entries: &[Entry], now: DateTime<Utc>) {
        let dates: Vec<DateTime<Utc>> = entries.iter().filter_map(|entry| entry.date).collect();
        if dates.is_empty() {
            self.say("no-dates", "no dates: articles show the day they were first seen");
        } else if dates.len() < entries.len() {
            let text = format!(
                "{} no date: they show the day they were first seen",
                have(entries.len() - dates.len(), entries)
            );
            self.say("some-without-date", text);
        }
        let ahead = dates.iter().filter(|date| **date > now + TimeDelta::days(1)).count();
        if ahead > 0 {
            self.say(
                "future",
                format!("{} a date in the future: they show the day they were first seen", have(ahead, entries)),
            );
        }
        if let Some(time) = always_at(&dates) {
            let text = format!(
                "all dates are at {} UTC: made up, so the order within a day is not known",
                time.format("%H:%M")
            );
            self.say("one-time-of-day", text);
        }
        if let Some(newest) = dates.iter().max().filter(|newest| **newest < now - ASLEEP) {
            let text = format!("nothing new since {}: has it been given up?", newest.format("%Y-%m-%d"));
            self.say("asleep", text);
        }
    }

    fn titles(&mut self, entries: &[Entry]) {
        let title = |entry: &Entry| entry.title.as_deref().unwrap_or_default().trim().to_owned();
        let titles: Vec<String> = entries.iter().map(title).collect();
        let empty = titles.iter().filter(|title| title.is_empty()).count();
        if empty > 0 {
            let text = format!("{} no title: the first words of the text stand in", have(empty, entries));
            self.say("titles-empty", text);
        }
        let marked: Vec<&String> = titles.iter().filter(|title| has_markup(title)).collect();
        if let Some(first) = marked.first() {
            let text = format!(
                "HTML stands in the text of {} of {} titles, and is mailed as it is: {first}",
                marked.len(),
                entries.len()
            );
            self.say("titles-html", text);
        }
    }
}

/// `3 of 20 entries have`.
fn have(n: usize, entries: &[Entry]) -> String {
    format!("{n} of {} entries {}", entries.len(), if n == 1 { "has" } else { "have" })
}

/// The time of day that all of three dates or more have, on more days than one.
fn always_at(dates: &[DateTime<Utc>]) -> Option<NaiveTime> {
    let times: HashSet<NaiveTime> = dates.iter().map(DateTime::time).collect();
    let days: HashSet<NaiveDate> = dates.iter().map(DateTime::date_naive).collect();
    (dates.len() >= 3 && days.len() > 1 && times.len() == 1).then(|| dates[0].time())
}

/// What is written twice as HTML is still HTML after it was read once.
fn has_markup(title: &str) -> bool {
    let reference = |after: &str| {
        let name = after.split(';').next().unwrap_or_default().trim_start_matches('#');
        after.contains(';') && (2..=8).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let closes = title.split("</").skip(1).any(|after| after.starts_with(|c: char| c.is_ascii_alphabetic()));
    closes || title.contains("<br") || title.split('&').skip(1).any(reference)
}

/// What it says of its encoding, where that is not what it has.
fn encoding(body: &[u8], content_type: Option<&str>) -> Option<String> {
    let declared = parse::declared_encoding(body, content_type)?;
    let is_utf8 = std::str::from_utf8(body).is_ok();
    match Encoding::for_label(declared.as_bytes()) {
        None => Some(format!("it says that its encoding is `{declared}`, which nobody knows; it was guessed")),
        Some(encoding) if encoding == UTF_8 && !is_utf8 => {
            Some("it says UTF-8 and is not: some characters may be wrong".to_owned())
        }
        Some(other) if other != UTF_8 && is_utf8 && !body.is_ascii() => {
            Some(format!("it says that its encoding is {declared}, and is UTF-8; it is read as that"))
        }
        Some(_) => None,
    }
}

fn unreadable(document: &Document) -> bool {
    document.entries.iter().any(|entry| {
        let text = entry.summary_or_content().map(|text| text.value.as_str());
        [entry.title.as_deref(), text].into_iter().flatten().any(|text| text.contains('\u{fffd}'))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use url::Url;

    use super::*;

    fn found(url: &str, content_type: &str, body: &[u8]) -> Found {
        let url: Url = url.parse().unwrap();
        Found {
            document: parse::document(body, Some(content_type), Some(&url)).unwrap(),
            at: url.clone(),
            url,
            moved_to: None,
            body: body.to_vec(),
            content_type: Some(content_type.to_owned()),
            etag: Some("x".to_owned()),
            last_modified: None,
            took: Duration::ZERO,
            behind: None,
        }
    }

    fn kinds(found: &Found) -> Vec<&'static str> {
        of(found, "2026-03-05T00:00:00Z".parse().unwrap()).iter().map(|odd| odd.kind).collect()
    }

    fn rss(items: &str) -> Vec<u8> {
        format!("<rss version='2.0'><channel><title>T</title><language>en</language>{items}</channel></rss>")
            .into_bytes()
    }

    const HTTPS: &str = "https://paper.example.org/rss";

    fn odd_in(items: &str) -> Vec<&'static str> {
        kinds(&found(HTTPS, "application/rss+xml", &rss(items)))
    }

    fn item(n: usize, date: &str) -> String {
        format!("<item><title>Story {n}</title><link>https://a.example/{n}</link><guid>{n}</guid>{date}</item>")
    }

    #[test]
    fn nothing_is_odd_about_a_good_feed() {
        let dates = ["04 Mar 2026 12:01", "03 Mar 2026 12:00", "02 Mar 2026 12:00"];
        let items: String =
            dates.iter().enumerate().map(|(n, at)| item(n, &format!("<pubDate>{at} GMT</pubDate>"))).collect();
        assert_eq!(odd_in(&items), Vec::<&str>::new());
    }

    #[test]
    fn dates_that_were_made_up_are_told() {
        let at = |n, at: &str| item(n, &format!("<pubDate>{at} GMT</pubDate>"));
        let noon: String = (1..4).map(|n| at(n, &format!("0{n} Mar 2026 12:00"))).collect();
        assert_eq!(odd_in(&noon), ["one-time-of-day"]);
        assert_eq!(odd_in(&(item(1, "") + &item(2, ""))), ["no-dates"]);
        assert_eq!(odd_in(&(at(1, "04 Mar 2026 12:00") + &item(2, ""))), ["some-without-date"]);
        assert_eq!(odd_in(&at(1, "04 Mar 2027 12:00")), ["future"]);
        assert_eq!(odd_in(&at(1, "04 Mar 2024 12:00")), ["asleep"]);
        assert_eq!(odd_in(""), ["empty"]);
    }

    #[test]
    fn what_readers_would_notice_is_told() {
        let date = "<pubDate>04 Mar 2026 12:00 GMT</pubDate>";
        let one = |inner: &str| odd_in(&format!("<item>{inner}{date}</item>"));
        assert_eq!(one("<title>A</title><link>/a</link><guid isPermaLink='false'>1</guid>"), ["links-relative"]);
        assert_eq!(one("<title>A</title><guid isPermaLink='false'>1</guid>"), ["no-links"]);
        assert_eq!(one("<title>A</title>"), ["no-identity", "no-links"]);
        assert_eq!(one("<link>https://a.example/</link>"), ["titles-empty"]);
        let twice = "<title>&amp;lt;b&amp;gt;A&amp;lt;/b&amp;gt;</title><link>https://a.example/</link>";
        assert_eq!(one(twice), ["titles-html"]);
        let same: String = (0..9)
            .map(|n| format!("<item><title>{n}</title><link>https://a.example/{n}</link><guid>x</guid>{date}</item>"))
            .collect();
        assert_eq!(odd_in(&same), ["guids-repeat"]);
    }

    #[test]
    fn the_way_and_the_encoding_are_looked_at() {
        let date = "<pubDate>04 Mar 2026 12:00 GMT</pubDate>";
        let good = rss(&item(1, date));
        let mut by_http = found("http://paper.example.org/rss", "text/html", &good);
        by_http.etag = None;
        by_http.moved_to = Some(HTTPS.parse().unwrap());
        assert_eq!(kinds(&by_http), ["moved", "http", "no-validators", "content-type"]);

        let accents = rss(&item(1, date).replace("Story", "Été"));
        assert_eq!(kinds(&found(HTTPS, "text/xml; charset=iso-8859-1", &accents)), ["encoding"]);
        assert_eq!(kinds(&found(HTTPS, "text/xml; charset=klingon", &accents)), ["encoding"]);
        let latin: Vec<u8> = accents.iter().copied().filter(|b| *b != 0xc3).collect();
        assert!(kinds(&found(HTTPS, "text/xml; charset=utf-8", &latin)).contains(&"encoding"));
        let prolog = [b"<?xml version='1.0' encoding='latin1'?>".as_slice(), &accents].concat();
        assert_eq!(kinds(&found(HTTPS, "text/xml", &prolog)), ["encoding"]);
    }
}
