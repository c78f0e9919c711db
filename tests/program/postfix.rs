//! A Postfix as Debian has it takes ten thousand signed digests: what our own relay would let pass, it may not.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::house::{House, free_port};
use crate::kill::{AFTER_EIGHT, configuration, make_ready, runtime};
use crate::newsroom::Newsroom;

const READERS: usize = 10_000;
const CONNECTIONS: usize = 8;

#[test]
#[ignore = "long: ten thousand digests through a Postfix"]
fn a_real_postfix_takes_ten_thousand_signed_digests() {
    let Some(postfix) = Postfix::start() else { return };
    let (house, newsroom) = (House::new(), Newsroom::open());
    let text = configuration(postfix.port, &newsroom, CONNECTIONS);
    house.configure(&text);
    house.make_secret();
    runtime().block_on(make_ready(&house, &newsroom, READERS));
    let key = ["dkim", "generate", "--selector", "d1", "--domain", "example.org", "--out", "d1.pem", "--ed25519"];
    house.tidings(&key).ended(0);
    house.configure(&format!(
        "{text}\n[dkim]\nmode = \"rsa+ed25519\"\nselector = \"d1\"\ndomain = \"example.org\"\nkey_file = \"d1.pem\"\n"
    ));

    let mut once = house.start(&["run", "--once", "--at", AFTER_EIGHT]);
    assert_eq!(once.end_within(Duration::from_secs(600)), 0, "{}", once.said());
    assert_eq!(runtime().block_on(house.states()).count("sent"), READERS);
    postfix.has_passed_on(READERS);
}

/// A Postfix with a folder of its own, that takes mail from this machine and throws it away.
struct Postfix {
    folder: TempDir,
    port: u16,
}

impl Postfix {
    /// None: this machine has none, or we may not start it.
    fn start() -> Option<Self> {
        let is_here = Path::new("/usr/sbin/postfix").exists() && Path::new("/usr/lib/postfix/sbin/master").exists();
        let is_root = fs::metadata("/proc/self").is_ok_and(|us| std::os::unix::fs::MetadataExt::uid(&us) == 0);
        if !is_here || !is_root {
            assert!(std::env::var("TIDINGS_TEST_POSTFIX").is_err(), "Postfix is required, and root to start it");
            println!("skipped: there is no Postfix here, or nobody who may start it");
            return None;
        }
        let postfix = Self { folder: tempfile::tempdir().unwrap(), port: free_port() };
        let folder = postfix.folder.path();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["conf", "queue", "data"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        run(Command::new("chown").arg("postfix").arg(folder.join("data")));
        fs::write(folder.join("conf/main.cf"), MAIN.replace("FOLDER", &folder.display().to_string())).unwrap();
        fs::write(folder.join("conf/master.cf"), MASTER.replace("PORT", &postfix.port.to_string())).unwrap();
        postfix.command("start");
        Some(postfix)
    }

    fn command(&self, word: &str) {
        run(Command::new("/usr/sbin/postfix").arg("-c").arg(self.folder.path().join("conf")).arg(word));
    }

    /// Waits until so many different messages have gone where it sends everything.
    fn has_passed_on(&self, messages: usize) {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let log = fs::read_to_string(self.folder.path().join("mail.log")).unwrap();
            let ids: HashSet<&str> =
                log.lines().filter_map(|line| line.split_once("message-id=")).map(|(_, id)| id).collect();
            let sent = log.lines().filter(|line| line.contains("status=sent")).count();
            if sent >= messages {
                assert_eq!((sent, ids.len()), (messages, messages));
                return;
            }
            assert!(
                Instant::now() < deadline,
                "only {sent} of {messages} have gone: {}",
                log.lines().last().unwrap_or("")
            );
            thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.command("stop");
    }
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

const MAIN: &str = "\
compatibility_level = 3.6
queue_directory = FOLDER/queue
data_directory = FOLDER/data
maillog_file = FOLDER/mail.log
maillog_file_prefixes = /tmp, /var
myhostname = relay.example.org
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_restrictions =
strict_rfc821_envelopes = yes
default_transport = discard
alias_maps =
alias_database =
";

const MASTER: &str = "\
127.0.0.1:PORT inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
anvil unix - - n - 1 anvil
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
pickup unix n - n 60 1 pickup
showq unix n - n - - showq
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
";
