//! What is said on a connection, for a person who looks why a relay takes nothing. The login is left out, and of a message its
//! size is told.

use std::fmt;
use std::sync::Arc;

use super::reply::Reply;

/// More lines than all commands that are sent in one go.
const COMMANDS: usize = 4;

/// Who hears it, a line at a time: `> EHLO example.org`, `< 250 ok`.
#[derive(Clone)]
pub struct Listener(Arc<dyn Fn(&str) + Send + Sync>);

impl Listener {
    pub fn new(hears: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hears))
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

/// Of one connection. Without a listener nothing is written down.
#[derive(Debug)]
pub(super) struct Transcript {
    listener: Option<Listener>,
    /// A login is under way: what we say is for the relay alone.
    secret: bool,
}

impl Transcript {
    pub fn heard_by(listener: Option<Listener>) -> Self {
        Self { listener, secret: false }
    }

    pub fn sent(&mut self, bytes: &[u8]) {
        let Some(Listener(hears)) = &self.listener else { return };
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        if bytes.starts_with(b"AUTH ") {
            let mechanism = String::from_utf8_lossy(bytes).split_whitespace().nth(1).unwrap_or_default().to_owned();
            hears(&format!("> AUTH {mechanism} (the login is not shown)"));
            self.secret = true;
        } else if self.secret {
            hears("> (the login is not shown)");
        } else if lines.len() > COMMANDS {
            hears(&format!("> (the message, {} bytes)", bytes.len()));
        } else {
            lines.iter().for_each(|line| hears(&format!("> {}", String::from_utf8_lossy(line).trim_end())));
        }
    }

    pub fn came(&mut self, reply: &Reply) {
        // 334: the relay wants more of the login.
        self.secret &= reply.code == 334;
        if let Some(Listener(hears)) = &self.listener {
            let last = reply.lines.len().saturating_sub(1);
            for (i, line) in reply.lines.iter().enumerate() {
                let mark = if i == last { ' ' } else { '-' };
                let line: String = line.chars().filter(|c| !c.is_control()).collect();
                hears(&format!("< {}{mark}{line}", reply.code));
            }
        }
    }

    pub fn secured(&self) {
        if let Some(Listener(hears)) = &self.listener {
            hears("* under TLS, its certificate verified");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn the_login_and_the_message_are_not_shown() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let writes = Arc::clone(&heard);
        let listener = Listener::new(move |line| writes.lock().unwrap().push(line.to_owned()));
        let mut transcript = Transcript { listener: Some(listener), secret: false };
        let reply = |code, text: &str| Reply { code, lines: text.split('|').map(str::to_owned).collect() };
        transcript.came(&reply(220, "mx ready"));
        transcript.sent(b"EHLO example.org\r\n");
        transcript.came(&reply(250, "mx|AUTH LOGIN"));
        transcript.sent(b"AUTH LOGIN\r\n");
        transcript.came(&reply(334, "VXNlcm5hbWU6"));
        transcript.sent(b"c2VjcmV0\r\n");
        transcript.came(&reply(235, "2.7.0 ok"));
        transcript.sent(b"MAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n");
        transcript.came(&reply(354, "go on\u{7}"));
        transcript.sent("Subject: x\r\n\r\nhello\r\n1\r\n2\r\n".as_bytes());
        transcript.sent(b".\r\n");
        let expected = [
            "< 220 mx ready",
            "> EHLO example.org",
            "< 250-mx",
            "< 250 AUTH LOGIN",
            "> AUTH LOGIN (the login is not shown)",
            "< 334 VXNlcm5hbWU6",
            "> (the login is not shown)",
            "< 235 2.7.0 ok",
            "> MAIL FROM:<a@b.c>",
            "> RCPT TO:<d@e.f>",
            "> DATA",
            "< 354 go on",
            "> (the message, 27 bytes)",
            "> .",
        ];
        assert_eq!(*heard.lock().unwrap(), expected);
    }
}
