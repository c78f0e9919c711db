//! Two verifiers of DKIM signatures that others wrote, and that share nothing with ours but the standard: the Rust
//! library mail-auth, and dkimpy, a Python program. Neither asks the DNS.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};

use crate::mail::sign::Record;

/// How many signatures a message has, and how many of them verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub there: usize,
    pub good: usize,
}

/// What both say of each message. Without dkimpy, and nobody insisting on it, what the other says.
pub async fn verdicts(records: &[Record], messages: &[Vec<u8>]) -> Vec<Verdict> {
    let first = by_mail_auth(records, messages).await;
    if let Some(second) = by_dkimpy(records, messages) {
        for (i, message) in messages.iter().enumerate() {
            assert_eq!(first[i], second[i], "mail-auth and dkimpy say different things of {}", text(message));
        }
    }
    first
}

/// Asserts that both accept every signature of every message, and that there are so many.
pub async fn assert_signed(records: &[Record], messages: &[Vec<u8>]) {
    assert!(!messages.is_empty());
    let all_good = Verdict { there: records.len(), good: records.len() };
    for (message, verdict) in messages.iter().zip(verdicts(records, messages).await) {
        assert_eq!(verdict, all_good, "{}", text(message));
    }
}

fn text(message: &[u8]) -> String {
    String::from_utf8_lossy(message).into_owned()
}

/// The DNS, as far as it goes here.
struct Zone(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Zone {
    fn get<Q: Hash + Eq + ?Sized>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q: Hash + Eq + ?Sized>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

async fn by_mail_auth(records: &[Record], messages: &[Vec<u8>]) -> Vec<Verdict> {
    let entry = |record: &Record| {
        let key = DomainKey::parse(record.value.as_bytes()).expect("a record that can be read");
        (format!("{}.", record.name).into_boxed_str(), Txt::DomainKey(Arc::new(key)))
    };
    let zone = Zone(records.iter().map(entry).collect());
    let nobody = ResolverConfig::from_parts(None, vec![], vec![]);
    let verifier = MessageAuthenticator::new(nobody, ResolverOpts::default()).expect("a verifier");
    let mut verdicts = Vec::new();
    for message in messages {
        let message = AuthenticatedMessage::parse(message).expect("a message");
        let said = verifier.verify_dkim(Parameters::new(&message).with_txt_cache(&zone)).await;
        let good = said.iter().filter(|one| *one.result() == DkimResult::Pass).count();
        verdicts.push(Verdict { there: said.len(), good });
    }
    verdicts
}

/// None: it is not installed, and nobody insists on it.
fn by_dkimpy(records: &[Record], messages: &[Vec<u8>]) -> Option<Vec<Verdict>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/dkimpy/bin/python");
    if !python.exists() {
        assert!(
            std::env::var("TIDINGS_TEST_DKIMPY").map_or(true, |word| word != "require"),
            "dkimpy is required (TIDINGS_TEST_DKIMPY=require) and not installed in target/dkimpy"
        );
        // Past the test harness's capture: whoever reads the result must know what it does not say.
        let words = b"\nSKIPPED: what dkimpy says of signatures; `scripts/test` installs it\n";
        let _ = std::io::stderr().write_all(words);
        return None;
    }
    let zone: HashMap<&str, &str> = records.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
    let messages: Vec<String> = messages.iter().map(|message| STANDARD.encode(message)).collect();
    let mut asked = Command::new(python)
        .arg(root.join("tests/dkim/dkimpy.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("dkimpy starts");
    let question = serde_json::json!({ "zone": zone, "messages": messages }).to_string();
    asked.stdin.take().expect("its input").write_all(question.as_bytes()).expect("dkimpy listens");
    let said = asked.wait_with_output().expect("dkimpy ends");
    assert!(said.status.success(), "dkimpy failed");
    let verdicts: Vec<(usize, usize)> = serde_json::from_slice(&said.stdout).expect("its verdicts");
    Some(verdicts.into_iter().map(|(there, good)| Verdict { there, good }).collect())
}
