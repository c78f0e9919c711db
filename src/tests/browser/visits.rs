//! From the line under an article to the first digest and back out, as a reader goes, in English and in Arabic.

use chrono::TimeDelta;

use super::{Browser, Look, NAME};
use crate::tests::app::TestApp;
use crate::tests::engine::{Engine, on_both_engines};

const ANA: &str = "ana@example.net";

/// A newsroom in two languages, that sends nothing and shows what it would have sent.
const NEWSROOM: &str = r#"
    [site]
    languages = ["en", "ar"]

    [[feed]]
    slug = "health"
    url = "FEEDS/health"
    allow_private = true
    [[feed]]
    slug = "sihha"
    url = "FEEDS/sihha"
    language = "ar"
    allow_private = true
    [[feed]]
    slug = "climate"
    url = "FEEDS/climate"
    allow_private = true

    [[topic]]
    slug = "health"
    name = { en = "Health", ar = "الصحة" }
    feeds = ["health", "sihha"]
    [[topic]]
    slug = "climate"
    name = { en = "Climate", ar = "المناخ" }
    feeds = ["climate"]
"#;

/// A reader of one language, at their browser.
pub struct Visit {
    pub app: TestApp,
    pub browser: Browser,
    pub language: &'static str,
}

impl Visit {
    /// On a Monday at noon, with one article of health in each language.
    pub async fn begin(engine: Engine, language: &'static str) -> Option<Self> {
        let browser = Browser::open(Look::desk()).await?;
        let options = [("SITE__URL", "HERE"), ("DELIVERY__MODE", "capture"), ("SITE__TIMEZONE", "Africa/Nairobi")];
        let app = TestApp::of(engine, "2026-11-23 12:00", NEWSROOM, &options).await;
        app.publish("health", "A vaccine for all");
        app.publish("sihha", "لقاح للجميع");
        app.fetch().await;
        Some(Self { app, browser, language })
    }

    pub async fn go(&self, path: &str) {
        self.browser.go(&format!("{}{path}", self.app.here())).await;
    }

    /// Looks at the page on a desk in light, and on a phone in the dark; `speaks`: in which language it is.
    pub async fn look(&self, name: &str, speaks: &str) {
        let direction = if speaks == "ar" { "rtl" } else { "ltr" };
        let html = [self.browser.attribute("html", "lang").await, self.browser.attribute("html", "dir").await];
        assert_eq!(html.map(Option::unwrap_or_default), [speaks, direction], "{name}");
        // They are the same on another database.
        let devices = [("desk", Look::desk()), ("phone-dark", Look::phone().dark())];
        for (device, look) in devices.into_iter().filter(|_| self.app.is_on_file()) {
            self.browser.take(look).await;
            self.browser.picture(&format!("{}-{name}-{device}", self.language)).await;
            self.browser.keeps_the_rules().await;
        }
        self.browser.take(Look::desk()).await;
        assert_eq!(self.browser.complaints().await, Vec::<String>::new(), "{name}");
    }

    /// The newest mail to Ana, in the mailbox.
    pub async fn open_newest_mail(&self) {
        self.go(&format!("/mailbox?to={ANA}")).await;
        self.browser.follow(".mails a").await;
    }

    /// Follows a link of the mail that is open, into a tab of its own.
    pub async fn follow(&self, link: &str) {
        self.browser.enter_frame("iframe").await;
        self.browser.press(link).await;
        self.browser.follow_to_new_tab().await;
    }

    pub async fn subscriptions(&self) -> Vec<(String, String)> {
        self.app.subscriptions(ANA).await.into_iter().map(|(topic, state, _)| (topic, state)).collect()
    }
}

fn states(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(topic, state)| ((*topic).to_owned(), (*state).to_owned())).collect()
}

async fn all_the_way(engine: Engine, language: &'static str) {
    let Some(visit) = Visit::begin(engine, language).await else { return };
    let Visit { app, browser, .. } = &visit;

    visit.go(&format!("/{language}/")).await;
    visit.look("home", language).await;
    browser.follow("main h2 a").await;
    visit.look("topic", language).await;
    browser.follow("main a.button").await;
    visit.look("subscribe", language).await;
    assert!(browser.has("#topic-health:checked").await && !browser.has("#topic-climate:checked").await);
    browser.press("label[for=topic-climate]").await;
    app.clock.advance(TimeDelta::seconds(5));
    browser.follow("#form").await;
    visit.look("subscribe-wrong", language).await;
    assert!(browser.has(".faults:focus").await, "what is wrong is said first");
    browser.fill("#address", ANA).await;
    app.clock.advance(TimeDelta::seconds(5));
    browser.follow("#form").await;
    assert!(browser.url().await.ends_with(&format!("/{language}/sent")));
    visit.look("sent", language).await;

    app.run().await;
    visit.go("/mailbox").await;
    visit.look("mailbox", "en").await;
    visit.open_newest_mail().await;
    visit.look("mail", "en").await;
    visit.follow("a[href*='/confirm/']").await;
    visit.look("confirm", language).await;
    browser.follow("main form button").await;
    visit.look("confirmed", language).await;
    assert_eq!(visit.subscriptions().await, states(&[("health", "active"), ("climate", "active")]));

    browser.follow("main a[href*='/preferences/']").await;
    visit.look("preferences", language).await;
    browser.press("label[for=topic-climate]").await;
    browser.follow("section[aria-labelledby=topics-heading] button").await;
    assert!(browser.has(".said:focus").await, "what was done is said first");
    visit.look("preferences-saved", language).await;
    assert_eq!(visit.subscriptions().await, states(&[("health", "active"), ("climate", "ended")]));

    let (headline, feed) = if language == "ar" { ("خبر الغد", "sihha") } else { ("News of tomorrow", "health") };
    app.publish(feed, headline);
    app.run_until("2026-11-24 12:00").await;
    visit.open_newest_mail().await;
    visit.look("digest", "en").await;
    browser.enter_frame("iframe").await;
    assert_eq!(browser.text("h3").await, headline);
    browser.leave_frame().await;

    visit.follow("a[href*='/stop/']:not([href*='topic='])").await;
    visit.look("stop", language).await;
    browser.follow("main form button").await;
    visit.look("stopped", language).await;
    assert_eq!(visit.subscriptions().await, states(&[("health", "ended"), ("climate", "ended")]));
    browser.follow("main form[action*='/again/'] button").await;
    visit.look("started-again", language).await;
    let started = [("health", "ended"), ("health", "active"), ("climate", "ended")];
    assert_eq!(visit.subscriptions().await, states(&started));
    assert!(browser.heading().await.chars().any(char::is_alphabetic));
}

on_both_engines! {
    async fn a_reader_comes_and_goes_and_comes_again_in_english(engine: Engine) {
        all_the_way(engine, "en").await;
    }

    async fn a_reader_comes_and_goes_and_comes_again_in_arabic(engine: Engine) {
        all_the_way(engine, "ar").await;
    }

    async fn every_button_works_over_plain_http_under_a_name(engine: Engine) {
        let Some(visit) = Visit::begin(engine, "en").await else { return };
        let Visit { app, browser, .. } = &visit;
        let named = |link: &str| link.replace("127.0.0.1", NAME);
        browser.go(&named(&format!("{}/en/subscribe?topic=health", app.here()))).await;
        browser.fill("#address", ANA).await;
        app.clock.advance(TimeDelta::seconds(5));
        browser.follow("#form").await;
        assert!(browser.url().await.ends_with("/en/sent"));

        app.run().await;
        browser.go(&named(&app.captured_to(ANA).await[0].link("/confirm/"))).await;
        browser.follow("main form button").await;
        assert_eq!(browser.heading().await, "Your subscription is confirmed");
        browser.follow("main a[href*='/preferences/']").await;
        browser.press("label[for=topic-climate]").await;
        browser.follow("section[aria-labelledby=topics-heading] button").await;
        assert!(browser.has(".said:focus").await);
        browser.follow("section[aria-labelledby=stop-heading] a").await;
        browser.follow("main form button").await;
        browser.follow("main form[action*='/again/'] button").await;
        assert_eq!(browser.heading().await, "Your emails have started again");
        assert!(browser.url().await.contains(NAME));
    }
}
