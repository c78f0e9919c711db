//! No feed can hurt: whatever its host does, it ends at its limit, its row says why, and all others are kept.

use std::time::{Duration, Instant};

use super::app::{Setup, TestApp};
use super::engine::on_both_engines;
use super::hostile::{Host, KINDS};
use crate::store::feed;

const GOOD: usize = 25;
const BYTES: usize = 20_000;

on_both_engines! {
    async fn hostile_feeds_end_at_their_limits_and_the_good_ones_are_kept(engine: Engine) {
        let host = Host::open(BYTES).await;
        let text = host.declared(GOOD) + "[[topic]]\nslug = \"all\"\nname = { en = \"All\" }\nfeeds = [\"good-0\"]\n";
        let options = [
            ("COLLECT__CONNECT_TIMEOUT", "1s"),
            ("COLLECT__FETCH_TIMEOUT", "5s"),
            ("COLLECT__AT_ONCE", "16"),
        ];
        let app = TestApp::set_up(engine, "2026-03-02 12:00", Setup { text: &text, options: &options, ..Setup::default() }).await;
        let started = Instant::now();
        app.run().await;
        let took = started.elapsed();

        let feeds = feed::list(&app.app.store).await.unwrap();
        assert_eq!(feeds.len(), GOOD + KINDS.len());
        for feed in &feeds {
            let error = feed.error.clone().unwrap_or_default();
            match KINDS.iter().find(|kind| kind.name == feed.slug.as_str()) {
                Some(kind) if kind.says.is_empty() => assert!(error.is_empty() || error.contains("no feed"), "{}: {error}", kind.name),
                Some(kind) => assert!(error.contains(kind.says), "{}: {error:?} is not {:?}", kind.name, kind.says),
                None => assert_eq!(error, "", "{} is good", feed.slug),
            }
        }
        let kept = app.ask("SELECT CAST(count(*) AS TEXT) FROM sighting s JOIN feed f ON f.id = s.feed WHERE f.slug LIKE 'good-%'").await;
        assert_eq!(kept, [(GOOD * Host::entries(BYTES)).to_string()]);
        // The longest limit, and what this machine takes for documents of ten megabytes, unoptimised.
        assert!(took < Duration::from_secs(60), "{took:?}");
    }
}
