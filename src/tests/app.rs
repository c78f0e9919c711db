//! The whole program under a story's hand: a real database, real feeds over HTTP, a real relay over SMTP, and a clock
//! that stands until the story moves it.
//!
//! It is put together as the program itself is, from the text of a configuration; only what would be different on
//! every machine (ports, folders, the database) is given from here.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::engine::{Engine, TestDatabase};
use super::form::Form;
use super::mail::Mail;
use super::newsstand::{Item, Manner, Newsstand};
use super::relay::{Relay, Script};
use crate::app::{App, AppError, AtWork};
use crate::clock::{Chance, Clock};
use crate::config::{Config, ConfigErrors};
use crate::model::address::Address;
use crate::model::edition::Format;
use crate::model::holdings::{Ground, Holdings, Settings, StartReason, Wanted};
use crate::model::pulse::Pulse;
use crate::model::slug::Slug;
use crate::model::token::base32;
use crate::model::topic::Facet;
use crate::pipeline::{self, Line, Tally, compose};
use crate::store::claim::Claimed;
use crate::store::delivery::{self, Answer, Kind, Token};
use crate::store::mark::{Group, Sending};
use crate::store::subscriber;
use crate::store::subscription::{self, Granted, Wish};
use crate::store::{Db, Place, Tx, captured_mail, declared, feed, filing, holdings, slot};
use crate::web;

/// Three topics, each of its own feed. `FEEDS` stands for the address of the newsstand.
pub const NEWSROOM: &str = r#"
    [[feed]]
    slug = "health"
    url = "FEEDS/health"
    allow_private = true
    [[feed]]
    slug = "climate"
    url = "FEEDS/climate"
    allow_private = true
    [[feed]]
    slug = "sport"
    url = "FEEDS/sport"
    allow_private = true

    [[topic]]
    slug = "health"
    name = { en = "Health" }
    feeds = ["health"]
    [[topic]]
    slug = "climate"
    name = { en = "Climate" }
    feeds = ["climate"]
    [[topic]]
    slug = "sport"
    name = { en = "Sport" }
    feeds = ["sport"]
"#;

/// As the environment sets them: `DELIVERY__MODE`, and a value. `HERE` stands for where the pages are served.
pub type Options<'a> = &'a [(&'a str, &'a str)];

pub struct TestApp {
    pub app: App,
    pub newsstand: Newsstand,
    pub relay: Relay,
    pub clock: Clock,
    chance: Chance,
    work: Option<AtWork>,
    pages: Pages,
    text: String,
    options: Vec<(String, String)>,
    database: TestDatabase,
}

/// What a story begins with.
pub struct Setup<'a> {
    pub text: &'a str,
    pub options: Options<'a>,
    pub script: Script,
    pub newsstand: Newsstand,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self { text: NEWSROOM, options: &[], script: Script::default(), newsstand: Newsstand::open() }
    }
}

/// What a reader asks for.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    pub address: &'a str,
    pub topics: &'a [&'a str],
    pub regions: &'a [&'a str],
    pub frequency: &'a str,
    pub language: &'a str,
    pub zone: &'a str,
    pub hour: i64,
    /// Asked first, by mail.
    pub pending: bool,
}

impl<'a> Reader<'a> {
    pub fn of(address: &'a str, topics: &'a [&'a str]) -> Self {
        let (regions, frequency, language, zone) = (&[][..], "daily", "en", "UTC");
        Self { address, topics, regions, frequency, language, zone, hour: 8, pending: false }
    }
}

pub fn time(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a time such as 2026-03-02 07:00").and_utc()
}

impl TestApp {
    /// The newsroom of three topics, live, at work since `start`, its feeds asked once.
    pub async fn at(engine: Engine, start: &str) -> Self {
        Self::with(engine, start, &[]).await
    }

    pub async fn with(engine: Engine, start: &str, options: Options<'_>) -> Self {
        Self::of(engine, start, NEWSROOM, options).await
    }

    pub async fn of(engine: Engine, start: &str, text: &str, options: Options<'_>) -> Self {
        let app = Self::set_up(engine, start, Setup { text, options, ..Setup::default() }).await;
        app.run().await;
        app
    }

    /// At work, with nothing done yet.
    pub async fn set_up(engine: Engine, start: &str, setup: Setup<'_>) -> Self {
        let Setup { text, options, script, newsstand } = setup;
        let database = engine.database().expect("a story on PostgreSQL is told only where there is one");
        let relay = Relay::with(script);
        let (clock, chance) = (Clock::by_hand(time(start)), Chance::seeded(7));
        let secret = database.folder.path().join("secret");
        std::fs::write(&secret, format!("{}\n", base32(&chance.bytes::<32>()))).expect("the secret file");

        let door = Door::open();
        let options = usual(&database, &relay).into_iter().chain(owned(options));
        let options = options.map(|(name, value)| (name, value.replace("HERE", &door.base))).collect::<Vec<_>>();
        let text = text.replace("FEEDS", &newsstand.url());
        let config = config(&text, &options, database.folder.path()).expect("a configuration without mistakes");
        let app = App::open(config, clock.clone(), chance.clone()).await.expect("it opens");
        let pages = Pages::serve(&app, door).await;
        let mut test = Self { app, newsstand, relay, clock, chance, work: None, pages, text, options, database };
        test.start_work().await;
        test
    }

    /// Becomes the process at work.
    pub async fn start_work(&mut self) {
        let line = self.app.line().await.expect("a line");
        self.work = Some(self.app.at_work(line, "the program under test").await.expect("nobody else is at work"));
    }

    /// The process at work stops as it should.
    pub async fn leaves(&mut self) {
        if let Some(work) = self.work.take() {
            work.leave().await.expect("it leaves");
        }
    }

    /// The process at work is gone, and had no time to say so.
    pub fn dies(&mut self) {
        self.work = None;
    }

    /// The same installation, started again with other options.
    pub async fn restart(&mut self, options: Options<'_>) {
        self.leaves().await;
        self.options.extend(owned(options));
        self.app = self.beside(&self.text, &[]).await.expect("it opens again");
        self.pages = Pages::serve(&self.app, self.pages.door.clone()).await;
        self.start_work().await;
    }

    /// The same installation, started again with another text. `FEEDS` stands for the newsstand.
    pub async fn restart_as(&mut self, text: &str) {
        self.text = text.replace("FEEDS", &self.newsstand.url());
        self.restart(&[]).await;
    }

    /// Another process on the same database.
    pub async fn beside(&self, text: &str, options: Options<'_>) -> Result<App, AppError> {
        let options = self.options.iter().cloned().chain(owned(options)).collect::<Vec<_>>();
        let text = text.replace("FEEDS", &self.newsstand.url());
        let config = config(&text, &options, self.database.folder.path()).expect("a configuration without mistakes");
        App::open(config, self.clock.clone(), self.chance.clone()).await
    }

    pub fn line(&self) -> &Line {
        &self.work.as_ref().expect("a process at work").line
    }

    pub fn is_on_file(&self) -> bool {
        matches!(self.database.place, Place::File(_))
    }

    // ── The newsroom ────────────────────────────────────────────────────────────────────────────────────────────────

    pub fn publish(&self, feed: &str, title: &str) {
        self.newsstand.publish(feed, Item::titled(title));
    }

    pub fn behave(&self, feed: &str, manner: Manner) {
        self.newsstand.behave(feed, manner);
    }

    /// Asks every feed now, as `tidings feed fetch` does.
    pub async fn fetch(&self) -> Tally {
        let mut tx = self.app.store.begin().await.unwrap();
        feed::make_all_due(&mut tx, self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        self.run().await
    }

    pub async fn feed(&self, slug: &str) -> feed::Listed {
        let feeds = feed::list(&self.app.store).await.unwrap();
        feeds.into_iter().find(|feed| feed.slug.as_str() == slug).expect("such a feed")
    }

    // ── Readers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Daily at 8 UTC, in English.
    pub async fn subscribe(&self, address: &str, topics: &[&str]) -> Granted {
        self.add(Reader::of(address, topics)).await
    }

    pub async fn subscribe_in(&self, address: &str, zone: &str, topics: &[&str]) -> Granted {
        self.add(Reader { zone, ..Reader::of(address, topics) }).await
    }

    pub async fn add(&self, reader: Reader<'_>) -> Granted {
        add(&self.app, reader).await
    }

    /// How each subscription of a reader stands: topic, state, and why it ended.
    /// Does a change to what a reader holds, as commands and pages do.
    pub async fn change<T>(&self, address: &str, does: impl FnMut(&mut Holdings, &Ground) -> T) -> T {
        let reader = self.reader(address).await;
        let mut tx = self.app.store.begin().await.expect("a transaction");
        let done = holdings::change(&mut tx, &[reader], self.clock.now(), does).await.expect("a change").remove(0);
        tx.commit().await.expect("a commit");
        compose::plan_ahead(&self.app.store, self.clock.now()).await.expect("a plan");
        done
    }

    pub async fn reader(&self, address: &str) -> i64 {
        let address: Address = address.parse().expect("an address");
        subscriber::by_address(&self.app.store, &address).await.expect("an answer").expect("a reader").id
    }

    pub async fn topic(&self, slug: &str) -> i64 {
        let topics = declared::topics(&self.app.store).await.expect("topics");
        topics.into_iter().find(|t| t.facet == Facet::Topic && t.slug.as_str() == slug).expect("declared").id
    }

    pub async fn subscriptions(&self, address: &str) -> Vec<(String, String, Option<String>)> {
        let address: Address = address.parse().unwrap();
        let reader = subscriber::by_address(&self.app.store, &address).await.unwrap().expect("a reader");
        let all = subscription::of_reader(&self.app.store, reader.id).await.unwrap();
        all.into_iter().map(|s| (s.topic.to_string(), s.state, s.stop_reason)).collect()
    }

    // ── Time ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Does what is due now.
    pub async fn run(&self) -> Tally {
        pipeline::run_due(self.line(), self.clock.now()).await.expect("the stages work")
    }

    /// Lets time pass as a daemon would: it stops wherever something falls due, and does it.
    pub async fn run_until(&self, until: &str) {
        let until = time(until);
        assert!(until >= self.clock.now(), "time runs forward");
        while let Some(next) = self.next_due().await.filter(|next| *next <= until) {
            self.clock.set(next);
            self.run().await;
        }
        self.clock.set(until);
        self.run().await;
    }

    /// Nothing happened until then: the program was not running.
    pub fn sleep_until(&self, then: &str) {
        self.clock.set(time(then));
    }

    /// When the next thing is due after now. What is due and cannot be done is looked at every five minutes.
    async fn next_due(&self) -> Option<DateTime<Utc>> {
        let (now, store) = (self.clock.now(), &self.app.store);
        let due = [
            feed::next_check(store).await.unwrap(),
            filing::next_ripe(store).await.unwrap(),
            slot::next_run(store).await.unwrap(),
            delivery::next_attempt(store).await.unwrap(),
        ];
        due.into_iter().flatten().map(|due| if due > now { due } else { now + TimeDelta::minutes(5) }).min()
    }

    // ── What came of it ─────────────────────────────────────────────────────────────────────────────────────────────

    /// What the relay took for this address.
    pub fn mail_to(&self, address: &str) -> Vec<Mail> {
        self.relay.mail_to(address).into_iter().map(Mail::sent).collect()
    }

    pub fn only_mail_to(&self, address: &str) -> Mail {
        let mut mails = self.mail_to(address);
        assert_eq!(mails.len(), 1, "one mail to {address}");
        mails.remove(0)
    }

    /// What the mailbox inside Tidings took for this address.
    pub async fn captured_to(&self, address: &str) -> Vec<Mail> {
        let all = captured_mail::after(&self.app.store, 0, 1000).await.unwrap();
        all.into_iter().filter(|mail| mail.envelope_to == address).map(Mail::captured).collect()
    }

    /// A table's text as SQL selects it: one column, as text.
    pub async fn ask(&self, sql: &'static str) -> Vec<String> {
        match self.app.store.db() {
            Db::Lite { read, .. } => sqlx::query_scalar(sql).fetch_all(read).await,
            Db::Pg { pool, .. } => sqlx::query_scalar(sql).fetch_all(pool).await,
        }
        .expect("one column of text")
    }

    /// What the mark before the dot of a claimed digest compares.
    pub fn sending(&self, claimed: &Claimed) -> Sending {
        let address = claimed.address.as_ref().expect("a reader's address");
        Sending {
            id: claimed.id,
            edition: claimed.edition,
            address_key: address.key(),
            hash: self.app.keys.hash_of_address(address),
        }
    }

    /// Writes the mark before the dot of what `token` claimed; whether it is granted.
    pub async fn marks(&self, tx: &mut Tx, token: &Token, claimed: &Claimed) -> bool {
        let sending = self.sending(claimed);
        let group = Group { sendings: vec![&sending], ..Group::default() };
        let granted = group.write_in(tx, token, self.clock.now()).await.expect("the database works");
        granted.contains(&claimed.id)
    }

    /// Does to the database what no program of ours would.
    pub async fn meddle(&self, sql: &'static str) {
        match self.app.store.db() {
            Db::Lite { write, .. } => {
                let mut writer = write.acquire().await.unwrap();
                sqlx::query(sql).execute(&mut *writer).await.expect("a statement");
            }
            Db::Pg { pool, .. } => drop(sqlx::query(sql).execute(pool).await.expect("a statement")),
        }
    }

    /// The states of all digests, in the order of their making.
    pub async fn digests(&self) -> Vec<String> {
        self.ask("SELECT state FROM delivery WHERE kind = 'digest' ORDER BY id").await
    }

    // ── The pages ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Follows a link of a mail.
    pub async fn visit(&self, link: &str) -> (u16, String) {
        self.pages.ask(reqwest::Method::GET, link, "", &[]).await
    }

    /// The scheduler's, as the pages have it. Nobody but the story lets it beat.
    pub fn pulse(&self) -> &Pulse {
        &self.pages.pulse
    }

    /// Where the pages are served: `http://127.0.0.1:PORT`.
    pub fn here(&self) -> &str {
        &self.pages.door.base
    }

    /// The whole answer to whoever asks with these headers.
    pub async fn ask_for(&self, link: &str, headers: &[(&str, &str)]) -> Response {
        self.pages.answer(reqwest::Method::GET, link, "", headers).await
    }

    /// Sends a form to a link of a mail.
    pub async fn post(&self, link: &str, form: &str) -> (u16, String) {
        self.pages.ask(reqwest::Method::POST, link, form, &[]).await
    }

    /// The whole answer to it.
    pub async fn answer_to(&self, link: &str, form: &str) -> Response {
        self.pages.answer(reqwest::Method::POST, link, form, &[]).await
    }

    /// The same from a page of another site, as browsers say it.
    pub async fn post_from_elsewhere(&self, link: &str, form: &str) -> (u16, String) {
        let said = [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://elsewhere.example")];
        self.pages.ask(reqwest::Method::POST, link, form, &said).await
    }

    /// Looks at a page, fills in the form that has `mark` in it, and sends it, as a browser does. A person takes a while.
    pub async fn submit(&self, link: &str, mark: &str, entered: &[(&str, &str)]) -> (u16, String) {
        let (status, page) = self.visit(link).await;
        let Some(form) = Form::find(&page, mark) else { return (status, page) };
        if entered.iter().any(|(name, _)| *name == "address") {
            self.clock.advance(TimeDelta::seconds(5));
        }
        self.post(&form.action, &form.filled(entered)).await
    }
}

/// Adds a reader as the commands do, through any process.
pub async fn add(app: &App, reader: Reader<'_>) -> Granted {
    let topics = declared::topics(&app.store).await.unwrap();
    let ids = |facet: Facet, slugs: &[&str]| -> Vec<i64> {
        let id =
            |slug: &&str| topics.iter().find(|t| t.facet == facet && t.slug.as_str() == *slug).expect("declared").id;
        slugs.iter().map(id).collect()
    };
    let frequencies = declared::frequencies(&app.store).await.unwrap();
    let frequency: Slug = reader.frequency.parse().unwrap();
    let regions = ids(Facet::Region, reader.regions);
    let wish = Wish {
        address: reader.address.parse().unwrap(),
        key: app.chance.key(),
        settings: Settings {
            language: reader.language.parse().unwrap(),
            zone: reader.zone.parse().unwrap(),
            hour: reader.hour,
            format: Format::Full,
        },
        set: false,
        regions: (!regions.is_empty()).then_some(regions),
        wanted: Wanted {
            topics: ids(Facet::Topic, reader.topics),
            frequency: frequencies.iter().find(|f| f.slug == frequency).expect("declared").id,
            reason: if reader.pending { StartReason::Confirmed } else { StartReason::Operator },
            pending: reader.pending,
            respects_stops: false,
        },
    };
    let mut tx = app.store.begin().await.unwrap();
    let granted = subscription::grant(&mut tx, &wish, app.clock.now()).await.unwrap();
    if reader.pending {
        let (key, mode) = (app.chance.key(), app.config.delivery.mode);
        let subscriber = Some(granted.subscriber);
        let question = Answer { kind: Kind::Confirm, key, mode, subscriber, withheld: None };
        delivery::answer(&mut tx, &question, app.clock.now()).await.unwrap();
    }
    tx.commit().await.unwrap();
    granted
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let half_sent = "SELECT state FROM delivery WHERE state IN ('claimed', 'sending')";
        let left = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.ask(half_sent)));
        assert!(left.is_empty(), "left half-sent: {left:?}");
    }
}

/// What every story needs and none is about. Intervals are long: a story that waits for a feed says so.
fn usual(database: &TestDatabase, relay: &Relay) -> Vec<(String, String)> {
    let url = match &database.place {
        Place::File(file) => format!("sqlite:{}", file.display()),
        Place::Server { url, .. } => url.clone(),
    };
    let port = relay.addr.port().to_string();
    owned(&[
        ("STORAGE__URL", &url),
        ("SITE__URL", "https://digest.example.org"),
        ("SITE__NAME", "The Paper"),
        ("SITE__SECRET_FILE", "secret"),
        ("SITE__POSTAL_ADDRESS", "1 Paper Lane"),
        ("DELIVERY__MODE", "live"),
        ("DELIVERY__FROM", "The Paper <digest@example.org>"),
        ("DELIVERY__LEASE", "10m"),
        ("RELAY__HOST", "localhost"),
        ("RELAY__PORT", &port),
        ("RELAY__TLS", "none"),
        ("COLLECT__INTERVAL", "6h"),
        ("COLLECT__PER_HOST_DELAY", "0ms"),
    ])
}

fn owned(options: Options<'_>) -> Vec<(String, String)> {
    options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn config(text: &str, options: &[(String, String)], folder: &Path) -> Result<Config, ConfigErrors> {
    // The last word on an option counts.
    let options: std::collections::BTreeMap<String, String> =
        options.iter().map(|(name, value)| (format!("TIDINGS__{name}"), value.clone())).collect();
    Config::from_text(text, "story.toml", folder, options)
}

/// A port of loopback.
#[derive(Clone)]
struct Door {
    listener: Arc<std::net::TcpListener>,
    /// `http://127.0.0.1:PORT`.
    base: String,
}

impl Door {
    fn open() -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a listener that does not wait");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        Self { listener: Arc::new(listener), base }
    }
}

/// The pages of the program, on a port of their own.
struct Pages {
    door: Door,
    pulse: Pulse,
    task: JoinHandle<()>,
}

impl Pages {
    async fn serve(app: &App, door: Door) -> Self {
        let listener = door.listener.try_clone().and_then(TcpListener::from_std).expect("a listener");
        let pages = app.pages();
        let pulse = pages.pulse.clone();
        let serving = web::serve(pages, listener, std::future::pending());
        Self { door, pulse, task: tokio::spawn(async move { serving.await.unwrap_or_default() }) }
    }

    async fn ask(&self, method: reqwest::Method, link: &str, form: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let answer = self.answer(method, link, form, headers).await;
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    async fn answer(&self, method: reqwest::Method, link: &str, form: &str, headers: &[(&str, &str)]) -> Response {
        let path = link.strip_prefix("https://digest.example.org").unwrap_or(link);
        assert!(path.starts_with('/'), "{link} is not ours");
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let mut request = client.request(method, format!("{}{path}", self.door.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !form.is_empty() {
            let urlencoded = HeaderValue::from_static("application/x-www-form-urlencoded");
            request = request.header(CONTENT_TYPE, urlencoded).body(form.to_owned());
        }
        request.send().await.expect("the pages answer")
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.task.abort();
    }
}
