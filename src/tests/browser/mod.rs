//! The pages in a real browser, as a person sees and uses them: Chromium without a window, led over WebDriver.
//!
//! ```ignore
//! let Some(mut browser) = Browser::open(Look::phone().dark()).await else { return };
//! browser.go("http://127.0.0.1:8025/en/").await;
//! browser.follow("main a.button").await;
//! assert_eq!(browser.heading().await, "Get The Paper by email");
//! browser.keeps_the_rules().await;
//! ```
//!
//! Things on a page are named by CSS selectors. Scripts are on, so that one that slipped in would be noticed. Nothing but
//! loopback can be reached. A set `TIDINGS_TEST_PICTURES` names a folder, and [`Browser::picture`] writes there.

mod access;
mod driver;
mod hostile;
mod keyboard;
mod visits;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use driver::{BROWSER, driver};

/// What the standard calls the field that holds an element's name.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// A name for this machine that a browser does not take for loopback.
pub const NAME: &str = "news.test";
/// Something that a page does by itself is done by then.
const SOON: Duration = Duration::from_secs(10);

const AXE: &str = include_str!("../../../tests/browser/axe/axe.min.js");

/// What the person has in hand.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// CSS pixels.
    pub width: u32,
    pub is_dark: bool,
}

impl Look {
    /// The narrowest that WCAG asks for (1.4.10).
    pub fn phone() -> Self {
        Self { width: 320, is_dark: false }
    }

    pub fn desk() -> Self {
        Self { width: 1280, is_dark: false }
    }

    pub fn dark(self) -> Self {
        Self { is_dark: true, ..self }
    }
}

pub struct Browser {
    client: reqwest::Client,
    /// `http://127.0.0.1:PORT/session/ID`.
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// None: there is no Chromium on this machine, and nobody insists on it.
    pub async fn open(look: Look) -> Option<Self> {
        let driver = driver()?;
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("an HTTP client");
        let profile = tempfile::Builder::new().prefix("tidings-browser").tempdir().expect("a folder");
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--window-size=1280,800".to_owned(),
            "--lang=en".to_owned(),
            format!("--host-resolver-rules=MAP {NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": BROWSER, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let mut browser = Self { client, session: format!("{}/session", driver.url), _profile: profile };
        let opened = browser.ask("", wanted).await.expect("a session");
        let id = opened["sessionId"].as_str().expect("its name");
        browser.session = format!("{}/session/{id}", driver.url);
        browser.take(look).await;
        Some(browser)
    }

    /// Takes another device into the hand.
    pub async fn take(&self, look: Look) {
        self.stretch(i64::from(look.width), 800).await;
        let scheme = if look.is_dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    async fn stretch(&self, width: i64, height: i64) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    pub async fn go(&self, url: &str) {
        self.ask("/url", json!({"url": url})).await.expect("it goes there");
    }

    pub async fn url(&self) -> String {
        self.script("return location.href").await.as_str().expect("an address").to_owned()
    }

    /// Presses what changes this page, or opens a tab.
    pub async fn press(&self, selector: &str) {
        let element = self.find(selector).await;
        self.ask(&format!("/element/{element}/click"), json!({}))
            .await
            .unwrap_or_else(|why| panic!("{selector}: {why}"));
    }

    /// Presses a link or button, and waits for the page that it leads to.
    pub async fn follow(&self, selector: &str) {
        self.leave().await;
        self.press(selector).await;
        self.arrive(selector).await;
    }

    /// Another page will come.
    pub async fn leave(&self) {
        self.script("window.left = true").await;
    }

    /// The page after [`Browser::leave`] is there; `how` is how it was asked for.
    pub async fn arrive(&self, how: &str) {
        let until = Instant::now() + SOON;
        while self.script("return !window.left && document.readyState === 'complete'").await != true {
            assert!(Instant::now() < until, "{how} leads nowhere from {}", self.url().await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Enters a text in place of what stands there.
    pub async fn fill(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.ask(&format!("/element/{element}/clear"), json!({})).await.expect("it is emptied");
        self.ask(&format!("/element/{element}/value"), json!({"text": text})).await.expect("it takes a text");
    }

    /// The text of the page's main heading.
    pub async fn heading(&self) -> String {
        self.text("h1").await
    }

    /// What a person reads in the first such element.
    pub async fn text(&self, selector: &str) -> String {
        let text = self.script(&format!("return document.querySelector({})?.innerText", quoted(selector))).await;
        text.as_str().unwrap_or_else(|| panic!("{selector} is not there")).trim().to_owned()
    }

    pub async fn has(&self, selector: &str) -> bool {
        self.script(&format!("return document.querySelector({}) !== null", quoted(selector))).await == true
    }

    pub async fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let (selector, name) = (quoted(selector), quoted(name));
        let value = self.script(&format!("return document.querySelector({selector})?.getAttribute({name})")).await;
        value.as_str().map(str::to_owned)
    }

    /// From here on inside of a frame, until [`Browser::leave_frame`].
    pub async fn enter_frame(&self, selector: &str) {
        let element = self.find(selector).await;
        self.ask("/frame", json!({"id": {ELEMENT: element}})).await.expect("a frame");
    }

    pub async fn leave_frame(&self) {
        self.ask("/frame", json!({"id": null})).await.expect("the page again");
    }

    /// Goes on in the tab that a link has opened.
    pub async fn follow_to_new_tab(&self) {
        let until = Instant::now() + SOON;
        loop {
            let tabs = self.ask_for("/window/handles").await.expect("tabs");
            let tabs = tabs.as_array().expect("a list").clone();
            if tabs.len() > 1 {
                self.ask("/window", json!({"handle": tabs[tabs.len() - 1]})).await.expect("the new tab");
                break;
            }
            assert!(Instant::now() < until, "no new tab was opened");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        while self.script("return document.readyState").await != "complete" || self.url().await == "about:blank" {
            assert!(Instant::now() < until, "the new tab does not load");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Presses keys one after the other, wherever the focus is.
    pub async fn keys(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|way| json!({"type": way, "value": key.to_string()})))
            .collect();
        let actions = json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]});
        self.ask("/actions", actions).await.expect("keys");
    }

    /// Runs a script of the test's, whatever the page allows, and gives what it returns.
    pub async fn script(&self, script: &str) -> Value {
        self.ask("/execute/sync", json!({"script": script, "args": []})).await.expect("a result")
    }

    /// The rules of WCAG 2.2 AA, and that nothing has to be scrolled sideways.
    pub async fn keeps_the_rules(&self) {
        let found = self.broken_rules().await;
        assert!(found.is_empty(), "{}:\n{}", self.url().await, found.join("\n"));
    }

    /// A line for each place that breaks a rule.
    pub async fn broken_rules(&self) -> Vec<String> {
        const RUN: &str = "const done = arguments[0];
            const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
            axe.run(document, {runOnly: tags, iframes: false, resultTypes: ['violations']}).then(
                result => done(result.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${rule.help}: ${node.html}`))),
                error => done([`axe failed: ${error}`]));";
        if self.script("return typeof axe").await != "object" {
            self.script(AXE).await;
        }
        let found = self.ask("/execute/async", json!({"script": RUN, "args": []})).await.expect("an answer");
        let mut found: Vec<String> = serde_json::from_value(found).expect("a list");
        let wide = "return document.scrollingElement.scrollWidth - document.documentElement.clientWidth";
        let too_wide = self.script(wide).await.as_i64().expect("pixels");
        if too_wide > 0 {
            found.push(format!("the page is {too_wide} px too wide"));
        }
        found
    }

    /// What the browser complained of since the last time: what the policy of a page forbids, what cannot be loaded.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.ask("/se/log", json!({"type": "browser"})).await.expect("a log");
        let lines = log.as_array().expect("a list").iter().map(|line| line["message"].as_str().unwrap_or_default());
        // That is how a form that was filled in wrongly comes back.
        lines.filter(|line| !line.contains("with a status of 422")).map(str::to_owned).collect()
    }

    /// For a person to look at: `NAME.png`, the whole page.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("TIDINGS_TEST_PICTURES").map(std::path::PathBuf::from) else { return };
        let pixels = async |what: &str| self.script(&format!("return {what}")).await.as_i64().expect("pixels");
        let (width, height) = (pixels("innerWidth").await, pixels("innerHeight").await);
        self.stretch(width, height.max(pixels("document.scrollingElement.scrollHeight").await)).await;
        // What was changed a moment ago is painted.
        const PAINTED: &str = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))";
        self.ask("/execute/async", json!({"script": PAINTED, "args": []})).await.expect("a frame");
        let taken = self.devtools("Page.captureScreenshot", json!({})).await;
        self.stretch(width, height).await;
        let bytes = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            taken["data"].as_str().expect("a picture"),
        );
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.png")), bytes.expect("base64")).expect("a file");
    }

    async fn find(&self, selector: &str) -> String {
        let found = self.ask("/element", json!({"using": "css selector", "value": selector})).await;
        let found = match found {
            Ok(found) => found,
            Err(why) => panic!("{selector} is not on {}: {why}", self.url().await),
        };
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let asked = json!({"cmd": command, "params": parameters});
        self.ask("/goog/cdp/execute", asked).await.unwrap_or_else(|why| panic!("{command}: {why}"))
    }

    async fn ask(&self, path: &str, body: Value) -> Result<Value, String> {
        let request = self.client.post(format!("{}{path}", self.session)).body(body.to_string());
        Self::value(request.header("Content-Type", "application/json").send().await).await
    }

    async fn ask_for(&self, path: &str) -> Result<Value, String> {
        Self::value(self.client.get(format!("{}{path}", self.session)).send().await).await
    }

    /// What the standard calls the value of an answer, or the message of an error.
    async fn value(answer: reqwest::Result<reqwest::Response>) -> Result<Value, String> {
        let answer = answer.map_err(|error| error.to_string())?;
        let is_well = answer.status().is_success();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        let mut whole: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        let value = whole["value"].take();
        if is_well { Ok(value) } else { Err(value["message"].as_str().unwrap_or_default().to_owned()) }
    }
}

/// As a string in a script.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string")
}

impl Drop for Browser {
    /// Closes it, without waiting on anything asynchronous.
    fn drop(&mut self) {
        let Some((host, path)) = self.session.strip_prefix("http://").and_then(|rest| rest.split_once('/')) else {
            return;
        };
        let Ok(mut stream) = TcpStream::connect(host) else { return };
        let _ = stream.set_read_timeout(Some(SOON));
        let asked = format!("DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        if stream.write_all(asked.as_bytes()).is_ok() {
            let _ = stream.read_to_end(&mut Vec::new());
        }
    }
}
