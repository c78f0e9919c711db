//! Every mail that leaves carries our signature, and others find it good; what somebody changed on the way does not.

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::app::{NEWSROOM, Reader, TestApp};
use super::engine::on_both_engines;
use super::verifiers::{Verdict, assert_signed, verdicts};
use crate::app::AppError;
use crate::mail::head::{Head, List, Mailbox};
use crate::mail::message::{Encoded, Message};
use crate::mail::sign::{Keys, Record, Signer, tests::keys};
use crate::model::address::Address;
use crate::model::delivery::Key;
use crate::model::rendering::{Holed, Places, Rendering};
use crate::model::trouble::{RelayLook, Seen};
use crate::pipeline::deliver::{alert, trial};
use crate::pipeline::troubles;
use crate::render::{Site, Subject, Templates, samples};

/// Long ago for whoever verifies: a signature from the future is none.
const START: &str = "2025-03-03 12:00";

/// A newsroom that signs, the folder with its key, and what stands in the DNS.
struct Signing {
    _folder: TempDir,
    options: Vec<(&'static str, String)>,
    records: Vec<Record>,
}

impl Signing {
    fn with(mode: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d1.pem");
        let mut keys = keys();
        std::fs::write(&file, keys.to_pem().unwrap().expose_secret()).unwrap();
        if mode == "rsa" {
            keys.ed25519 = None;
        }
        let options = vec![
            ("DKIM__MODE", mode.to_owned()),
            ("DKIM__SELECTOR", "d1".to_owned()),
            ("DKIM__DOMAIN", "example.org".to_owned()),
            ("DKIM__KEY_FILE", file.display().to_string()),
        ];
        Self { _folder: folder, options, records: Signer::new("example.org", "d1", keys).records() }
    }

    fn options<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let own = self.options.iter().map(|(name, value)| (*name, value.as_str()));
        own.chain(more.iter().copied()).collect()
    }
}

fn bytes(app: &TestApp) -> Vec<Vec<u8>> {
    app.relay.received().into_iter().map(|mail| mail.bytes).collect()
}

on_both_engines! {
    async fn mail_of_every_kind_is_signed_and_both_verifiers_accept_it(engine: Engine) {
        let signing = Signing::with("rsa+ed25519");
        let options = signing.options(&[("DELIVERY__GOODBYE", "true")]);
        let text = format!("[site]\nlanguage = \"en\"\nlanguages = [\"en\", \"ar\"]\n{NEWSROOM}");
        let app = TestApp::of(engine, START, &text, &options).await;
        app.subscribe("alice@example.org", &["health", "climate"]).await;
        app.add(Reader { language: "ar", ..Reader::of("amal@example.org", &["sport"]) }).await;
        app.add(Reader { pending: true, ..Reader::of("new@example.org", &["health"]) }).await;
        app.publish("health", "Salt & sugar: “3 < 5” – naïve 🎉");
        app.publish("sport", "عاجل: فوز الفريق & العودة إلى الديار (2–1)");
        app.run().await;
        let question = app.only_mail_to("new@example.org").link("/confirm/");
        app.submit(&question, "yes", &[]).await;
        app.run_until("2025-03-04 09:00").await;
        trial::greet(app.line(), &"me@example.org".parse().unwrap(), app.clock.now()).await.unwrap();
        let stop = app.only_mail_to("alice@example.org").one_click();
        app.post(&stop, "List-Unsubscribe=One-Click").await;
        app.run().await;

        let mails = bytes(&app);
        let mut to: Vec<String> = app.relay.received().into_iter().flat_map(|mail| mail.to).collect();
        to.sort();
        let (alice, amal, me, new) = ("alice@example.org", "amal@example.org", "me@example.org", "new@example.org");
        assert_eq!(to, [alice, alice, amal, me, new, new], "digests, a goodbye, a test, a question");
        assert_signed(&signing.records, &mails).await;
    }

    async fn operators_are_told_under_our_signature(engine: Engine) {
        let signing = Signing::with("rsa");
        let options = signing.options(&[("ALERTS__MAIL", "[\"ops@example.org\"]")]);
        let app = TestApp::with(engine, START, &options).await;
        let relay = RelayLook::Refuses("554 5.7.1 go away".to_owned());
        troubles::run(app.line(), &Seen { relay, ..Seen::default() }, app.clock.now()).await.unwrap();
        alert::send(app.line(), app.clock.now()).await.unwrap();
        assert_signed(&signing.records, &bytes(&app)).await;
    }

    async fn what_is_captured_is_signed_too(engine: Engine) {
        let signing = Signing::with("rsa");
        let app = TestApp::with(engine, START, &signing.options(&[("DELIVERY__MODE", "capture")])).await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "To be looked at");
        app.run_until("2025-03-04 09:00").await;
        let captured = app.captured_to("alice@example.org").await;
        assert_signed(&signing.records, &[captured[0].bytes.clone()]).await;
    }

    async fn another_attempt_has_the_same_signature(engine: Engine) {
        let signing = Signing::with("rsa+ed25519");
        let app = TestApp::with(engine, START, &signing.options(&[])).await;
        app.subscribe("drop-at-dot@example.org", &["health"]).await;
        app.publish("health", "In doubt");
        app.run_until("2025-03-04 09:00").await;
        let mails = bytes(&app);
        assert!(mails.len() > 1 && mails.iter().all(|mail| *mail == mails[0]), "{} attempts", mails.len());
        assert_signed(&signing.records, &mails).await;
    }

    /// Many at once, on all the threads that sign.
    async fn a_run_of_many_is_signed_to_the_last(engine: Engine) {
        let signing = Signing::with("rsa");
        let app = TestApp::with(engine, START, &signing.options(&[])).await;
        for n in 0..60 {
            app.subscribe(&format!("reader{n}@example.org"), &["health"]).await;
        }
        app.publish("health", "For all");
        app.run_until("2025-03-04 09:00").await;
        let mails = bytes(&app);
        assert_eq!(mails.len(), 60);
        assert_signed(&signing.records, &mails).await;
    }

    async fn a_key_that_cannot_be_used_refuses_the_start(engine: Engine) {
        let signing = Signing::with("rsa");
        let app = TestApp::with(engine, START, &signing.options(&[])).await;
        let elsewhere = tempfile::tempdir().unwrap();
        let file = elsewhere.path().join("d2.pem");
        for (text, words) in [(None, "could not read"), (Some("hunter2"), "cannot be used")] {
            if let Some(text) = text {
                std::fs::write(&file, text).unwrap();
            }
            let key = [("DKIM__KEY_FILE", file.to_str().unwrap())];
            let refused = app.beside(NEWSROOM, &key).await.unwrap().line().await.err().expect("no line");
            assert!(matches!(refused, AppError::Sign(_)) && refused.to_string().contains(words), "{refused}");
        }
        let one = Keys::generate(false).unwrap().to_pem().unwrap();
        std::fs::write(&file, one.expose_secret()).unwrap();
        let both = [("DKIM__KEY_FILE", file.to_str().unwrap()), ("DKIM__MODE", "rsa+ed25519")];
        let refused = app.beside(NEWSROOM, &both).await.unwrap().line().await.err().expect("no line");
        assert!(refused.to_string().contains("no Ed25519 key"), "{refused}");
    }
}

/// Every sample of every kind of mail in every language, as HTML with text and as text alone, with a list's fields.
fn every_sample() -> Vec<Message> {
    let templates = Templates::load(None, &"en".parse().unwrap(), None).unwrap();
    let site = Site {
        name: "The Harbour Post, été".into(),
        url: "https://news.example.org/".into(),
        postal_address: "12 Quay Street, Port Example".into(),
        reply_to: Some("readers@example.org".into()),
        logo: None,
        footer: Default::default(),
        language: "en".parse().unwrap(),
    };
    let mut messages = Vec::new();
    for language in templates.languages() {
        for sample in samples(&site, language) {
            let Subject::Mail(mail) = &sample.content else { continue };
            let (rendering, places) = (mail.render(&templates).unwrap(), mail.places(&templates));
            messages.push(spliced(&rendering, &places, sample.kind == "mail/digest"));
            let plain = Rendering { html: Holed::default(), ..rendering };
            messages.push(spliced(&plain, &places, sample.kind == "mail/digest"));
        }
    }
    messages
}

fn spliced(rendering: &Rendering, places: &Places, is_digest: bool) -> Message {
    let address = |text: &str| -> Address { text.parse().unwrap() };
    let from = Mailbox { name: Some("Nachrichten für \"alle\"".into()), address: address("news@example.org") };
    let (to, owner) = (address("ana@bücher.example"), address("desk@example.org"));
    let list = List {
        id: "news.example.org",
        name: "Le journal, été",
        unsubscribe_url: "https://news.example.org/stop/abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst",
        unsubscribe_address: None,
        help_url: "https://news.example.org/help",
        owner: &owner,
        archive_url: "https://news.example.org/archive",
    };
    let head = Head {
        from: &from,
        to: &to,
        reply_to: is_digest.then_some(&owner),
        date: "2025-03-03T07:00:00Z".parse().unwrap(),
        key: Key([7; 16]),
        message_id_domain: "example.org",
        list: is_digest.then_some(list),
        feedback_id: Some("run17:digest:tidings"),
    };
    Encoded::of(rendering).unwrap().splice(&head, places).unwrap()
}

fn signer() -> Signer {
    Signer::new("example.org", "d1", keys())
}

fn signed(message: Message) -> Vec<u8> {
    signer().signed(message, "2025-03-03T07:00:00Z".parse().unwrap()).unwrap().into_bytes()
}

#[tokio::test]
async fn both_verifiers_accept_every_sample() {
    let messages: Vec<Vec<u8>> = every_sample().into_iter().map(signed).collect();
    assert!(messages.len() > 40, "{}", messages.len());
    assert_signed(&signer().records(), &messages).await;
}

/// An English digest, in its two forms.
fn two_digests() -> [Vec<u8>; 2] {
    let is_english = |message: &Message| String::from_utf8_lossy(message).contains("Content-Language: en\r\n");
    let mut samples = every_sample().into_iter().filter(is_english);
    [samples.next().unwrap(), samples.next().unwrap()].map(signed)
}

/// Each change alone.
fn changed(message: &[u8], changes: &[(&str, &str)]) -> Vec<Vec<u8>> {
    let text = String::from_utf8(message.to_vec()).unwrap();
    let one = |(from, to): &(&str, &str)| {
        assert!(text.contains(from), "{from} in {text}");
        text.replacen(from, to, 1).into_bytes()
    };
    changes.iter().map(one).collect()
}

#[tokio::test]
async fn a_second_field_on_top_or_below_breaks_every_signature() {
    for message in two_digests() {
        let mut messages = Vec::new();
        for field in [
            "From: <chief@example.org>",
            "To: <all@example.org>",
            "Cc: <all@example.org>",
            "Subject: Send money",
            "Reply-To: <thief@example.net>",
            "Date: Mon, 03 Mar 2025 08:00:00 +0000",
            "Message-ID: <1@example.net>",
            "MIME-Version: 1.0",
            "Content-Type: text/html",
            "List-Unsubscribe: <https://example.net/>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ] {
            messages.push([field.as_bytes(), b"\r\n", &message].concat());
            let end = message.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 2;
            messages.push([&message[..end], field.as_bytes(), b"\r\n", &message[end..]].concat());
        }
        assert_all_broken(&messages).await;
    }
}

#[tokio::test]
async fn what_is_changed_on_the_way_breaks_every_signature() {
    let [html, plain] = two_digests();
    let changes = [
        ("\r\nSubject: ", "\r\nSubject: Not "),
        ("\r\nContent-Language: ", "\r\nContent-Language: x-"),
        ("\r\nList-Id: ", "\r\nList-Id: Another "),
        ("/stop/abcdef", "/stop/abcdeg"),
        ("\r\nAuto-Submitted: auto-generated", "\r\nAuto-Submitted: no"),
        ("\r\nFeedback-ID: run17", "\r\nFeedback-ID: run18"),
        ("\r\nList-Help: <https://news", "\r\nList-Help: <https://olds"),
        ("\r\nList-Owner: <mailto:desk", "\r\nList-Owner: <mailto:disk"),
        ("\r\nList-Archive: <https://news", "\r\nList-Archive: <https://olds"),
        ("\r\nList-Post: NO", "\r\nList-Post: <mailto:a@example.net>"),
        ("Harbour", "Harboor"),
    ];
    assert_all_broken(&changed(&html, &changes)).await;
    assert_all_broken(&changed(&plain, &changes)).await;
    let end = |message: &[u8], more: &[u8]| [message, more].concat();
    assert_all_broken(&[end(&html, b"P.S. Send money\r\n"), end(&plain, b"P.S. Send money\r\n")]).await;
}

/// White space at the end of a line, and how a field is folded and its name written.
#[tokio::test]
async fn what_relays_do_leaves_signatures_good() {
    let records = signer().records();
    for message in two_digests() {
        let mut messages = changed(
            &message,
            &[
                ("\r\nSubject: ", "\r\nSUBJECT:   "),
                ("\r\nSubject: ", "\r\nSubject:\r\n\t"),
                ("\r\nPrecedence: bulk", ""),
                (
                    "DKIM-Signature: v=1",
                    "Received: from a by b; Mon, 03 Mar 2025 08:00:00 +0000\r\nDKIM-Signature: v=1",
                ),
                ("DKIM-Signature: v=1;", "DKIM-Signature:   v=1;"),
                (".\r\n", ".  \t\r\n"),
            ],
        );
        // Empty ones: one of white space alone, which the standard lets pass too, mail-auth holds for text.
        messages.push([&message[..], b"\r\n\r\n"].concat());
        assert_signed(&records, &messages).await;
    }
}

async fn assert_all_broken(messages: &[Vec<u8>]) {
    let records = signer().records();
    for (message, verdict) in messages.iter().zip(verdicts(&records, messages).await) {
        assert_eq!(verdict, Verdict { there: 2, good: 0 }, "{}", String::from_utf8_lossy(message));
    }
}
