//! The scripted relay: an SMTP server that misbehaves by recipient address (see [`behaviour`]) or for everybody (see
//! [`Script`]), and keeps what it accepted to be asked about.
//!
//! It answers on plain threads with sockets of its own, so it needs no runtime and outlives the program under test.
//! Every accepted message is in its log, and the log on the disk, before the 250 leaves.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, crypto::aws_lc_rs};
use tempfile::TempDir;

use crate::mail::relay::{Deadlines, Login, Roots, Tls};

pub mod behaviour;
mod visit;

/// A message that the relay accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    /// With the dots undoubled.
    pub bytes: Vec<u8>,
    /// Counted from 1.
    pub connection: u64,
}

/// How the relay is to everybody.
#[derive(Debug, Clone)]
pub struct Script {
    pub pipelining: bool,
    pub smtputf8: bool,
    pub security: Security,
    /// What the login must be; it offers AUTH only if there is one.
    pub login: Option<(String, String)>,
    /// As in the answer to EHLO, such as `AUTH PLAIN LOGIN`.
    pub auth_line: &'static str,
    /// EHLO is answered 502.
    pub helo_only: bool,
    /// Says 421 to MAIL after so many messages on one connection.
    pub messages_per_connection: Option<usize>,
    /// Closes every connection at this one of the 12 steps (see [`behaviour`]).
    pub close_at: Option<u8>,
    /// Instead of `220 …`.
    pub greeting: Option<&'static str>,
    /// Says so to every MAIL.
    pub mail_answer: Option<&'static str>,
    /// Between keeping a message and its 250, as a relay that works takes.
    pub pause: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    None,
    Implicit,
    StartTls,
    /// Says something in the clear behind the answer to STARTTLS, as an attacker would.
    Injecting,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            pipelining: true,
            smtputf8: true,
            security: Security::None,
            login: None,
            auth_line: "AUTH PLAIN LOGIN",
            helo_only: false,
            messages_per_connection: None,
            close_at: None,
            greeting: None,
            mail_answer: None,
            pause: Duration::ZERO,
        }
    }
}

pub struct Relay {
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    certificate: CertificateDer<'static>,
    _folder: TempDir,
}

struct Shared {
    script: Mutex<Script>,
    tls: Arc<ServerConfig>,
    received: Mutex<Vec<Received>>,
    arrival: Condvar,
    turned_away: Mutex<Vec<Received>>,
    log_path: PathBuf,
    log: Mutex<File>,
    /// Every command verb, in the order of its coming.
    commands: Mutex<Vec<String>>,
    connections: AtomicU64,
    open: Mutex<HashMap<u64, TcpStream>>,
    most_open: AtomicU64,
    over: AtomicBool,
}

impl Relay {
    pub fn start() -> Self {
        Self::with(Script::default())
    }

    pub fn with(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let log_path = folder.path().join("accepted.log");
        let (certificate, tls) = certificate();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            tls,
            received: Mutex::default(),
            arrival: Condvar::new(),
            turned_away: Mutex::default(),
            log: Mutex::new(File::create(&log_path).unwrap()),
            log_path,
            commands: Mutex::default(),
            connections: AtomicU64::new(0),
            open: Mutex::default(),
            most_open: AtomicU64::new(0),
            over: AtomicBool::new(false),
        });
        let answering = Arc::clone(&shared);
        thread::spawn(move || answer(&listener, &answering));
        Self { addr, shared, certificate, _folder: folder }
    }

    /// Treats so whoever comes from here on.
    #[allow(dead_code, reason = "the stories of a relay that changes")]
    pub fn becomes(&self, script: Script) {
        *lock(&self.shared.script) = script;
    }

    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// How many messages it accepted.
    #[allow(dead_code, reason = "the tests of the whole program wait for mail")]
    pub fn accepted(&self) -> usize {
        lock(&self.shared.received).len()
    }

    /// Waits until it has accepted so many. False: it did not come to that in time.
    #[allow(dead_code, reason = "the tests of the whole program wait for mail")]
    pub fn wait_for(&self, accepted: usize, at_most: Duration) -> bool {
        let received = lock(&self.shared.received);
        let waited = self.shared.arrival.wait_timeout_while(received, at_most, |received| received.len() < accepted);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// The same, without keeping others from their work.
    #[allow(dead_code, reason = "for stories in which something happens while mail is sent")]
    pub async fn arrives(&self, accepted: usize) -> bool {
        let shared = Arc::clone(&self.shared);
        let waited = tokio::task::spawn_blocking(move || {
            let received = lock(&shared.received);
            let patience = Duration::from_secs(20);
            let waited = shared.arrival.wait_timeout_while(received, patience, |received| received.len() < accepted);
            !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
        });
        waited.await.unwrap_or(false)
    }

    /// What it accepted for this address, which is compared as it stood in RCPT.
    pub fn mail_to(&self, address: &str) -> Vec<Received> {
        self.received().into_iter().filter(|mail| mail.to.iter().any(|to| to == address)).collect()
    }

    /// Whole messages that it did not accept.
    pub fn turned_away(&self) -> Vec<Received> {
        lock(&self.shared.turned_away).clone()
    }

    /// One line per accepted message: connection, sender, recipients and Message-ID, separated by tabs.
    pub fn log(&self) -> &Path {
        &self.shared.log_path
    }

    /// How many connections were ever made.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The most that were open at one time.
    pub fn most_open(&self) -> u64 {
        self.shared.most_open.load(Ordering::SeqCst)
    }

    /// The verbs of all commands so far, and `.` for each end of a message.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.shared.commands).clone()
    }

    /// The relay as our side would be configured for it.
    pub fn configured(&self) -> crate::mail::relay::Relay {
        let script = lock(&self.shared.script);
        let roots = Roots::only([self.certificate.clone()]).unwrap();
        let login =
            |(user, password): &(String, String)| Login { user: user.clone(), password: password.clone().into() };
        crate::mail::relay::Relay {
            host: "localhost".into(),
            port: self.addr.port(),
            tls: match script.security {
                Security::None => Tls::None,
                Security::Implicit => Tls::Implicit(roots),
                Security::StartTls | Security::Injecting => Tls::StartTls(roots),
            },
            login: script.login.as_ref().map(login),
            hello: "tidings.example.org".into(),
            deadlines: Deadlines::default(),
            listener: None,
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        for tcp in lock(&self.shared.open).values() {
            let _ = tcp.shutdown(Shutdown::Both);
        }
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.addr);
    }
}

impl Shared {
    fn keep(&self, mail: Received) {
        let id = String::from_utf8_lossy(&mail.bytes)
            .lines()
            .take_while(|line| !line.is_empty())
            .find_map(|line| line.strip_prefix("Message-ID: ").map(str::to_owned))
            .unwrap_or_default();
        let mut log = lock(&self.log);
        writeln!(log, "{}\t{}\t{}\t{id}", mail.connection, mail.from, mail.to.join(",")).unwrap();
        log.sync_data().unwrap();
        lock(&self.received).push(mail);
        self.arrival.notify_all();
    }

    fn turn_away(&self, mail: Received) {
        lock(&self.turned_away).push(mail);
    }

    fn saw(&self, command: &str) {
        lock(&self.commands).push(command.to_owned());
    }
}

fn answer(listener: &TcpListener, shared: &Arc<Shared>) {
    for tcp in listener.incoming().flatten() {
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let mut open = lock(&shared.open);
        open.insert(number, tcp.try_clone().unwrap());
        shared.most_open.fetch_max(open.len() as u64, Ordering::SeqCst);
        drop(open);
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            visit::run(tcp, number, &shared);
            // A clone is still in the table: closing takes a word.
            if let Some(tcp) = lock(&shared.open).remove(&number) {
                let _ = tcp.shutdown(Shutdown::Both);
            }
        });
    }
}

fn certificate() -> (CertificateDer<'static>, Arc<ServerConfig>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (made.cert.der().clone(), Arc::new(config))
}

/// A test that failed elsewhere must not hide what the relay knows.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
