//! What `tidings topic match` foretells, and what then comes.

use super::app::{Reader, TestApp};
use super::engine::on_both_engines;
use super::topics::WORLD;
use crate::feed::parse;
use crate::model::slug::Slug;
use crate::pipeline::matching::{Matched, Matching};
use crate::store::article;

/// One item of a document, matched as if this feed had it now.
async fn matched(app: &TestApp, feed: &str, title: &str) -> Matched {
    let (store, config) = (&app.app.store, &app.app.config);
    let text = format!(
        "<rss version=\"2.0\"><channel><title>News</title><item><title>{title}</title>\
         <link>https://paper.example.org/{}</link></item></channel></rss>",
        title.to_lowercase().replace(' ', "-")
    );
    let document = parse::document(text.as_bytes(), None, None).unwrap();
    let feed = config.feeds.iter().find(|f| f.slug.as_str() == feed).expect("declared");
    let matching = Matching::open(store, config).await.unwrap();
    matching.document(feed, &document, app.clock.now()).await.unwrap().remove(0)
}

/// The newest article of a feed, matched as it was collected.
async fn newest(app: &TestApp, feed: &str) -> Matched {
    let feed: Slug = feed.parse().unwrap();
    let ids = article::newest_of_feed(&app.app.store, &feed, 1).await.unwrap();
    let matching = Matching::open(&app.app.store, &app.app.config).await.unwrap();
    matching.articles(&ids).await.unwrap().remove(0)
}

fn places(matched: &Matched) -> Vec<String> {
    let of_place = |place: &crate::pipeline::matching::Place| {
        let why = place.why.as_deref().unwrap_or("no more");
        format!("{}{}: {why}", place.slug, if place.filed { "" } else { " (not there)" })
    };
    matched.places.iter().map(of_place).collect()
}

/// `2 daily 2026-03-03 08:00`
fn runs(matched: &Matched) -> Vec<String> {
    let of_run = |audience: &crate::store::audience::Audience| {
        let at = audience.at.expect("planned").format("%Y-%m-%d %H:%M");
        format!("{} {} {at}", audience.readers, audience.frequency)
    };
    matched.audiences.iter().map(of_run).collect()
}

/// Readers of all kinds of health and climate.
async fn world(engine: super::engine::Engine) -> TestApp {
    let app = TestApp::of(engine, "2026-03-02 12:00", WORLD, &[]).await;
    app.add(Reader::of("one@example.org", &["health"])).await;
    app.add(Reader::of("two@example.org", &["health", "climate"])).await;
    app.add(Reader { frequency: "weekly", ..Reader::of("weekly@example.org", &["health"]) }).await;
    app.add(Reader { language: "fr", ..Reader::of("fr@example.org", &["health", "climate"]) }).await;
    app.add(Reader { zone: "Asia/Kathmandu", ..Reader::of("kathmandu@example.org", &["health"]) }).await;
    app.add(Reader { regions: &["africa"], ..Reader::of("africa@example.org", &["health"]) }).await;
    app.run().await;
    app
}

on_both_engines! {
    async fn an_item_goes_to_who_holds_its_topic_language_and_region(engine: Engine) {
        let app = world(engine).await;
        let item = matched(&app, "health-en", "A vaccine for all").await;
        assert_eq!(places(&item), ["health: it is in the feed health-en"]);
        assert_eq!(runs(&item), ["1 daily 2026-03-03 02:15", "2 daily 2026-03-03 08:00", "1 weekly 2026-03-09 08:00"]);
        let item = matched(&app, "health-fr", "Un vaccin pour tous").await;
        assert_eq!(runs(&item), ["1 daily 2026-03-03 08:00"], "in French");
        // The topic has nothing in French, so its French readers get the site's language.
        let item = matched(&app, "climate-en", "The river is back").await;
        assert_eq!(runs(&item), ["2 daily 2026-03-03 08:00"]);
        let item = matched(&app, "africa-en", "A bridge in Mopti").await;
        assert_eq!((places(&item), runs(&item).len()), (vec!["africa: it is in the feed africa-en".to_owned()], 0));
    }

    /// Region feeds come late: who chose a region hears of it when it is there, as foretold.
    async fn what_is_foretold_of_an_article_comes(engine: Engine) {
        let app = world(engine).await;
        app.publish("health-en", "A clinic in Kisumu");
        app.fetch().await;
        let item = newest(&app, "health-en").await;
        assert_eq!(runs(&item), ["1 daily 2026-03-03 02:15", "2 daily 2026-03-03 08:00", "1 weekly 2026-03-09 08:00"]);
        app.run_until("2026-03-03 12:00").await;
        let item = newest(&app, "health-en").await;
        assert_eq!(item.article.as_ref().map(article::Listed::state), Some("mailed"));
        assert_eq!(runs(&item), ["1 weekly 2026-03-09 08:00"], "the others have had it");
        let all = app.ask("SELECT state FROM delivery WHERE state = 'sent'").await;
        assert_eq!(all.len(), 3);

        app.publish("africa-en", "A clinic in Kisumu");
        app.fetch().await;
        let item = newest(&app, "health-en").await;
        assert_eq!(
            places(&item),
            ["health: it is in the feed health-en", "africa: it is in the feed africa-en"]
        );
        assert_eq!(runs(&item), ["1 daily 2026-03-04 08:00", "1 weekly 2026-03-09 08:00"]);
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(app.mail_to("africa@example.org").len(), 1);
        assert_eq!(app.ask("SELECT state FROM delivery WHERE state = 'sent'").await.len(), 4);
    }

    async fn a_reader_of_two_topics_is_counted_once_in_the_run_that_comes_first(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.add(Reader { frequency: "weekly", ..Reader::of("alice@example.org", &["health"]) }).await;
        app.add(Reader::of("alice@example.org", &["climate"])).await;
        app.run().await;
        app.publish("health", "Heat and the heart");
        app.fetch().await;
        assert_eq!(runs(&newest(&app, "health").await), ["1 weekly 2026-03-09 08:00"]);
        app.publish("climate", "Heat and the heart");
        app.fetch().await;
        assert_eq!(runs(&newest(&app, "health").await), ["1 daily 2026-03-03 08:00"]);
        app.run_until("2026-03-10 12:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1);
    }

    /// The first fetch of a feed is silent; what was collected before a rule stays where it was.
    async fn what_is_for_the_archive_goes_to_nobody(engine: Engine) {
        let app = TestApp::of(engine, "2026-03-02 12:00", WORLD, &[]).await;
        app.add(Reader::of("one@example.org", &["health"])).await;
        app.run().await;
        app.publish("health-en", "Goes");
        app.fetch().await;
        app.meddle("UPDATE filing SET position = NULL").await;
        let item = newest(&app, "health-en").await;
        assert_eq!(item.article.as_ref().map(article::Listed::state), Some("archive"));
        assert_eq!((places(&item).len(), runs(&item).len()), (1, 0));
        app.meddle("DELETE FROM filing").await;
        let item = newest(&app, "health-en").await;
        assert_eq!(places(&item), ["health (not there): it is in the feed health-en"]);
    }
}
