//! All of it without a mouse: Tab, Space, Enter, and the letters of an address. Where the focus is can always be seen.

use chrono::TimeDelta;

use super::visits::Visit;
use crate::tests::engine::on_both_engines;

/// The keys of WebDriver §17.4.2.
const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";
/// More stops than any page of ours has.
const STOPS: usize = 80;

impl Visit {
    /// Tabs on until the focus is on what `selector` names.
    async fn tab_to(&self, selector: &str) {
        for _ in 0..STOPS {
            self.browser.keys(TAB).await;
            let focus = format!("return document.activeElement.matches({})", super::quoted(selector));
            if self.browser.script(&focus).await == true {
                return;
            }
        }
        panic!("nobody gets to {selector} on {} by Tab", self.browser.url().await);
    }

    async fn assert_seen(&self) {
        let outline = "const style = getComputedStyle(document.activeElement);
            return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2";
        assert_eq!(self.browser.script(outline).await, true, "the focus is seen on {}", self.browser.url().await);
    }

    /// Goes by a link, or sends a form.
    async fn enter(&self, selector: &str) {
        self.tab_to(selector).await;
        self.assert_seen().await;
        self.browser.leave().await;
        self.browser.keys(ENTER).await;
        self.browser.arrive(selector).await;
    }

    async fn tick(&self, selector: &str) {
        self.tab_to(selector).await;
        self.assert_seen().await;
        self.browser.keys(" ").await;
    }

    /// A link in the newest mail, in the mailbox.
    async fn enter_in_newest_mail(&self, link: &str) {
        self.go("/mailbox").await;
        self.enter(".mails a").await;
        self.tab_to("iframe").await;
        self.browser.enter_frame("iframe").await;
        let is_there = format!("return document.activeElement.matches({})", super::quoted(link));
        for _ in 0..STOPS {
            if self.browser.script(&is_there).await == true {
                self.browser.keys(ENTER).await;
                self.browser.follow_to_new_tab().await;
                return;
            }
            self.browser.keys(TAB).await;
        }
        panic!("nobody gets to {link} in a mail by Tab");
    }
}

on_both_engines! {
    async fn a_reader_without_a_mouse_comes_and_goes_and_comes_again(engine: Engine) {
        let Some(visit) = Visit::begin(engine, "en").await else { return };
        let Visit { app, browser, .. } = &visit;
        visit.go("/en/").await;
        browser.keys(TAB).await;
        assert!(browser.has("a.skip:focus").await, "the first stop leads past the head");
        visit.assert_seen().await;
        browser.keys(ENTER).await;
        assert!(browser.url().await.ends_with("#main"));
        visit.enter("main a.button").await;

        visit.tick("#topic-climate").await;
        visit.tab_to("#address").await;
        visit.assert_seen().await;
        browser.keys("ana@example.net").await;
        app.clock.advance(TimeDelta::seconds(5));
        visit.enter("#form").await;
        assert!(browser.url().await.ends_with("/en/sent"));

        app.run().await;
        visit.enter_in_newest_mail("a[href*='/confirm/']").await;
        visit.enter("main form button").await;
        assert_eq!(visit.subscriptions().await.len(), 1, "climate alone was ticked");
        visit.enter("main a[href*='/preferences/']").await;
        visit.tick("#topic-health").await;
        visit.enter("section[aria-labelledby=topics-heading] button").await;
        assert!(browser.has(".said:focus").await);
        visit.assert_seen().await;
        assert_eq!(visit.subscriptions().await.len(), 2);

        visit.enter("section[aria-labelledby=stop-heading] a").await;
        visit.enter("main form button").await;
        assert!(visit.subscriptions().await.iter().all(|(_, state)| state == "ended"));
        visit.enter("main form[action*='/again/'] button").await;
        let active = visit.subscriptions().await.into_iter().filter(|(_, state)| state == "active");
        assert_eq!(active.count(), 2);
    }
}
