//! A feed that has far more at once than usual: nobody is mailed before somebody has looked, and nothing is lost.

use super::app::{NEWSROOM, TestApp};
use super::engine::on_both_engines;
use super::newsstand::Item;
use crate::model::trouble::{RelayLook, Seen};
use crate::pipeline::troubles;
use crate::store::flood::{self, Release};
use crate::store::trouble;

/// `titles` are the oldest first.
fn publish_all(app: &TestApp, feed: &str, titles: impl IntoIterator<Item = String>) {
    titles.into_iter().for_each(|title| app.publish(feed, &title));
}

fn numbered(word: &str, n: usize) -> impl Iterator<Item = String> + use<'_> {
    (1..=n).map(move |i| format!("{word} {i}"))
}

async fn release(app: &TestApp, feed: &str, how: Release) {
    let (id, _) = flood::find(&app.app.store, &feed.to_owned().try_into().unwrap()).await.unwrap().unwrap();
    flood::release(&app.app.store, id, how).await.unwrap();
}

/// The titles that got a position, in their order.
async fn news(app: &TestApp) -> Vec<String> {
    app.ask("SELECT a.title FROM filing f JOIN article a ON a.id = f.article WHERE f.position IS NOT NULL ORDER BY f.position").await
}

async fn held(app: &TestApp, feed: &str) -> i64 {
    app.feed(feed).await.held
}

on_both_engines! {
    async fn a_flood_is_held_and_told_and_mailed_when_it_is_released(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "A clinic opens");
        app.run_until("2026-03-03 12:00").await;
        assert!(app.only_mail_to("alice@example.org").says("A clinic opens"));

        publish_all(&app, "health", numbered("Old story", 51));
        app.publish("climate", "It rains");
        app.subscribe("bob@example.org", &["climate"]).await;
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1, "nobody is mailed");
        assert!(app.only_mail_to("bob@example.org").says("It rains"), "the other feeds go on");
        assert_eq!(held(&app, "health").await, 51);
        troubles::run(app.line(), &Seen { relay: RelayLook::Takes, ..Seen::default() }, app.clock.now()).await.unwrap();
        let known = trouble::known(&app.app.store).await.unwrap();
        let words = &known["feed-held:health"].words;
        assert!(words.contains("holds 51 articles since 2026-03-03") && words.contains("`tidings feed release health`"), "{words}");

        // Shown again, after a restart too, it is neither news nor kept twice; what comes now waits with it.
        app.restart(&[]).await;
        app.publish("health", "A new story");
        app.run_until("2026-03-05 12:00").await;
        assert_eq!((held(&app, "health").await, app.mail_to("alice@example.org").len()), (52, 1));

        release(&app, "health", Release::News).await;
        let in_order: Vec<String> = numbered("Old story", 51).chain(["A new story".to_owned()]).collect();
        assert_eq!(news(&app).await[2..], in_order, "in the order of the feed");
        let feed = app.feed("health").await;
        assert_eq!((feed.held, feed.held_since), (0, None));
        app.run_until("2026-03-06 12:00").await;
        let mails = app.mail_to("alice@example.org");
        assert_eq!(mails.len(), 2);
        assert!(mails[1].says("A new story") && mails[1].says("Old story 51") && !mails[1].says("A clinic opens"));

        app.publish("health", "The day after");
        app.run_until("2026-03-07 12:00").await;
        assert!(app.mail_to("alice@example.org")[2].says("The day after"), "it goes on as before");
        assert_eq!(app.ask("SELECT title FROM article").await.len(), 55, "each was kept once");
    }

    async fn a_flood_for_the_archive_is_kept_and_never_mailed(engine: Engine) {
        let app = TestApp::with(engine, "2026-03-02 12:00", &[("COLLECT__MAX_NEW", "5")]).await;
        app.subscribe("alice@example.org", &["health"]).await;
        publish_all(&app, "health", numbered("Old story", 6));
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(held(&app, "health").await, 6);
        let day = "/en/topic/health/2026-03-02";
        assert!(!app.visit(day).await.1.contains("Old story"), "nobody has seen whether it is fit to be shown");
        release(&app, "health", Release::Archive).await;
        assert!(app.visit(day).await.1.contains("Old story 6"));
        app.publish("health", "A new story");
        app.run_until("2026-03-04 12:00").await;
        let mail = app.only_mail_to("alice@example.org");
        assert!(mail.says("A new story") && !mail.says("Old story"), "{}", mail.text());
        assert_eq!(app.ask("SELECT title FROM article").await.len(), 7);
    }

    async fn many_are_no_flood_when_they_are_usual_or_not_so_many(engine: Engine) {
        let app = TestApp::with(engine, "2026-03-02 12:00", &[("COLLECT__MAX_NEW", "5")]).await;
        publish_all(&app, "health", numbered("Five", 5));
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(held(&app, "health").await, 0, "as many as are let through");
        publish_all(&app, "health", numbered("Five more", 5));
        app.run_until("2026-03-04 12:00").await;
        publish_all(&app, "health", numbered("Twenty", 20));
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(held(&app, "health").await, 0, "not five times what it did twice");
        publish_all(&app, "health", numbered("Hundred", 100));
        app.run_until("2026-03-06 12:00").await;
        assert_eq!(held(&app, "health").await, 100);
    }

    /// The site was made anew: the same stories, with other guids.
    async fn old_stories_under_new_names_are_held(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        let renamed = |app: &TestApp, round: usize| {
            app.newsstand.clear("health");
            for title in numbered("Story", 6) {
                app.newsstand.publish("health", Item { guid: format!("{title} ({round})"), ..Item::titled(&title) });
            }
        };
        app.sleep_until("2026-03-02 12:01");
        app.meddle("UPDATE feed SET first_fetched_at = NULL").await;
        renamed(&app, 1);
        app.fetch().await;
        assert_eq!(news(&app).await, [""; 0], "a first fetch mails nothing");
        renamed(&app, 2);
        app.run_until("2026-03-03 12:00").await;
        assert_eq!((held(&app, "health").await, app.mail_to("alice@example.org").len()), (6, 0));
        assert_eq!(app.ask("SELECT title FROM article").await.len(), 6);
    }

    async fn a_feed_whose_entries_are_all_others_is_held_before_it_is_many(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.publish("health", "A clinic opens");
        app.fetch().await;
        app.newsstand.clear("health");
        publish_all(&app, "health", numbered("Casino", 12));
        app.fetch().await;
        assert_eq!(held(&app, "health").await, 12);
        app.publish("climate", "It rains");
        app.fetch().await;
        app.newsstand.clear("climate");
        publish_all(&app, "climate", numbered("It rains again", 3));
        app.fetch().await;
        assert_eq!(held(&app, "climate").await, 0, "it shows its newest three");
    }

    /// Another feed vouches for it.
    async fn a_held_article_that_comes_in_another_feed_is_news(engine: Engine) {
        let app = TestApp::with(engine, "2026-03-02 12:00", &[("COLLECT__MAX_NEW", "5")]).await;
        app.subscribe("alice@example.org", &["health"]).await;
        publish_all(&app, "health", numbered("Story", 6));
        app.fetch().await;
        app.publish("climate", "Story 3");
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(app.only_mail_to("alice@example.org").headlines(), ["Story 3"]);
        assert_eq!(held(&app, "health").await, 5);
    }

    /// Their successor has them, and they still wait.
    async fn held_articles_move_with_their_topic(engine: Engine) {
        let mut app = TestApp::with(engine, "2026-03-02 12:00", &[("COLLECT__MAX_NEW", "5")]).await;
        app.subscribe("alice@example.org", &["health"]).await;
        publish_all(&app, "health", numbered("Story", 6));
        app.fetch().await;
        let given_up = "slug = \"health\"\n    name = { en = \"Health\" }\n    feeds = [\"health\"]";
        assert!(NEWSROOM.contains(given_up));
        app.restart_as(&NEWSROOM.replace(given_up, "slug = \"health\"\n    replaced_by = \"climate\"")).await;
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 0);
        release(&app, "health", Release::News).await;
        app.run_until("2026-03-04 12:00").await;
        let mut headlines = app.only_mail_to("alice@example.org").headlines();
        headlines.sort();
        assert_eq!(headlines, numbered("Story", 6).collect::<Vec<_>>());
    }

    async fn a_held_feed_that_is_declared_no_more_can_still_be_released(engine: Engine) {
        let mut app = TestApp::with(engine, "2026-03-02 12:00", &[("COLLECT__MAX_NEW", "5")]).await;
        publish_all(&app, "sport", numbered("Game", 6));
        app.fetch().await;
        let text = NEWSROOM.replace("slug = \"sport\"\n    url = \"FEEDS/sport\"", "slug = \"games\"\n    url = \"FEEDS/games\"");
        let text = text.replace("feeds = [\"sport\"]", "feeds = [\"games\"]");
        app.restart_as(&text).await;
        release(&app, "sport", Release::News).await;
        assert_eq!(news(&app).await.len(), 6);
    }
}
