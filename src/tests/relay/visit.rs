//! One connection to the scripted relay, from its greeting to its end.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::{ServerConnection, StreamOwned};

use super::behaviour::{Act, Moment, act, opens_anyway};
use super::{Received, Script, Security, Shared, lock};

trait Io: Read + Write + Send {}
impl<T: Read + Write + Send> Io for T {}

struct Visit<'s> {
    shared: &'s Shared,
    /// As it was when the visitor came.
    script: Script,
    number: u64,
    io: Box<dyn Io>,
    tcp: TcpStream,
    unread: Vec<u8>,
    from: Option<String>,
    to: Vec<String>,
    /// A recipient that was refused, whose DATA is opened all the same.
    open_anyway: bool,
    messages: usize,
}

/// The visitor or the script ended the connection.
struct Over;

impl From<io::Error> for Over {
    fn from(_: io::Error) -> Self {
        Self
    }
}

type Step<T = ()> = Result<T, Over>;

pub(super) fn run(tcp: TcpStream, number: u64, shared: &Shared) {
    let _ = tcp.set_nodelay(true);
    let io: Box<dyn Io> = Box::new(tcp.try_clone().unwrap());
    let mut visit = Visit {
        shared,
        script: lock(&shared.script).clone(),
        number,
        io,
        tcp,
        unread: Vec::new(),
        from: None,
        to: Vec::new(),
        open_anyway: false,
        messages: 0,
    };
    let _ = visit.run();
}

impl Visit<'_> {
    fn run(&mut self) -> Step {
        self.close_at(1)?;
        if self.script.security == Security::Implicit {
            self.secure()?;
        }
        if self.script.close_at == Some(2) {
            self.raw(b"220 rel")?;
            return Err(Over);
        }
        self.say(self.script.greeting.unwrap_or("220 relay.test ESMTP"))?;
        loop {
            let line = self.line()?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let verb = verb.to_ascii_uppercase();
            self.shared.saw(&verb);
            match verb.as_str() {
                "EHLO" => self.ehlo()?,
                "HELO" | "NOOP" => self.say("250 ok")?,
                "STARTTLS" => self.start_tls()?,
                "AUTH" => self.auth(rest)?,
                "MAIL" => self.mail(rest)?,
                "RCPT" => self.rcpt(rest)?,
                "DATA" => self.data()?,
                "RSET" => {
                    self.forget();
                    self.say("250 2.0.0 forgotten")?;
                }
                "QUIT" => return self.say("221 2.0.0 goodbye"),
                _ => self.say("500 5.5.1 what?")?,
            }
        }
    }

    fn ehlo(&mut self) -> Step {
        self.close_at(3)?;
        let script = &self.script;
        if script.helo_only {
            return self.say("502 5.5.1 no");
        }
        let mut lines = vec!["relay.test", "8BITMIME", "SIZE 50000000", "ENHANCEDSTATUSCODES"];
        lines.extend(script.pipelining.then_some("PIPELINING"));
        lines.extend(script.smtputf8.then_some("SMTPUTF8"));
        lines.extend(matches!(script.security, Security::StartTls | Security::Injecting).then_some("STARTTLS"));
        lines.extend(script.login.is_some().then_some(script.auth_line));
        let last = lines.len() - 1;
        let text: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(n, line)| format!("250{}{line}", if n == last { ' ' } else { '-' }))
            .collect();
        self.say(&text.join("\r\n"))?;
        self.close_at(4)
    }

    fn start_tls(&mut self) -> Step {
        if self.script.security == Security::Injecting {
            return self.say("220 go on\r\n250-relay.test\r\n250 AUTH PLAIN");
        }
        self.say("220 go on")?;
        self.secure()
    }

    fn secure(&mut self) -> Step {
        let connection = ServerConnection::new(self.shared.tls.clone()).map_err(|_| Over)?;
        self.io = Box::new(StreamOwned::new(connection, self.tcp.try_clone()?));
        Ok(())
    }

    fn auth(&mut self, rest: &str) -> Step {
        let Some((user, password)) = self.script.login.clone() else { return self.say("502 5.5.1 no") };
        let right = match rest.split_once(' ') {
            Some(("PLAIN", response)) => decoded(response) == format!("\0{user}\0{password}"),
            _ if rest == "LOGIN" => {
                // In words that are not RFC 4616's, as some servers do.
                let mut answers = Vec::new();
                for question in ["Benutzer:", "Kennwort:"] {
                    self.say(&format!("334 {}", STANDARD.encode(question)))?;
                    answers.push(decoded(&String::from_utf8_lossy(&self.line()?)));
                }
                answers == [user, password]
            }
            _ => false,
        };
        self.say(if right { "235 2.7.0 welcome" } else { "535 5.7.8 Authentication failed" })
    }

    fn mail(&mut self, rest: &str) -> Step {
        self.close_at(5)?;
        if self.script.messages_per_connection.is_some_and(|most| self.messages >= most) {
            self.say("421 4.3.2 enough for this connection")?;
            return Err(Over);
        }
        if let Some(answer) = self.script.mail_answer {
            return self.say(answer);
        }
        self.forget();
        self.from = Some(path(rest));
        self.say("250 2.1.0 ok")?;
        self.close_at(6)
    }

    fn rcpt(&mut self, rest: &str) -> Step {
        self.close_at(7)?;
        let to = path(rest);
        match act(Moment::Rcpt, &to) {
            _ if self.from.is_none() => return self.say("503 5.5.1 MAIL first"),
            Act::Proceed => {
                self.to.push(to);
                self.say("250 2.1.5 ok")?;
            }
            other => {
                self.open_anyway |= opens_anyway(&to);
                self.misbehave(other)?;
            }
        }
        self.close_at(8)
    }

    fn data(&mut self) -> Step {
        self.close_at(9)?;
        if self.to.is_empty() && !self.open_anyway {
            return self.say(if self.from.is_none() {
                "503 5.5.1 MAIL first"
            } else {
                "554 5.5.1 no valid recipients"
            });
        }
        match self.manners(Moment::Data) {
            Act::Proceed => self.say("354 go on")?,
            Act::Answer(answer) if answer.starts_with("354") => self.say(&answer)?,
            other => return self.misbehave(other),
        }
        self.close_at(10)?;
        let bytes = self.message()?;
        self.shared.saw(".");
        self.close_at(12)?;
        let mail = Received {
            from: self.from.take().unwrap_or_default(),
            to: self.to.clone(),
            bytes,
            connection: self.number,
        };
        let manners = self.manners(Moment::Dot);
        self.forget();
        if mail.to.is_empty() {
            return self.say("554 5.5.1 no valid recipients");
        }
        self.messages += 1;
        match manners {
            Act::Answer(_) | Act::Close | Act::Endless | Act::Hang => {
                self.shared.turn_away(mail);
                self.misbehave(manners)
            }
            kept => {
                self.shared.keep(mail);
                thread::sleep(self.script.pause);
                if kept == Act::Proceed { self.say("250 2.0.0 ok") } else { self.misbehave(kept) }
            }
        }
    }

    fn manners(&self, moment: Moment) -> Act {
        let acts = self.to.iter().map(|to| act(moment, to));
        acts.into_iter().find(|act| *act != Act::Proceed).unwrap_or(Act::Proceed)
    }

    fn misbehave(&mut self, how: Act) -> Step {
        match how {
            Act::Proceed => Ok(()),
            Act::Answer(answer) => self.say(&answer),
            Act::AnswerAndClose(answer) => {
                self.say(&answer)?;
                Err(Over)
            }
            Act::Close | Act::KeepAndClose => Err(Over),
            Act::Hang | Act::KeepAndHang => loop {
                self.read()?;
            },
            Act::Endless => loop {
                self.say("250-and")?;
            },
            Act::Split => b"250-2.0.0\r\n250 ok\r\n".iter().try_for_each(|octet| self.raw(&[*octet])),
        }
    }

    /// Up to the line with the dot alone.
    fn message(&mut self) -> Step<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let line = self.line()?;
            if line == b"." {
                return Ok(bytes);
            }
            self.close_at(11)?;
            if self.manners(Moment::Body) == Act::Close {
                return Err(Over);
            }
            bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            bytes.extend_from_slice(b"\r\n");
        }
    }

    fn line(&mut self) -> Step<Vec<u8>> {
        let mut from = 0;
        loop {
            if let Some(at) = self.unread[from..].windows(2).position(|pair| pair == b"\r\n") {
                let line = self.unread[..from + at].to_vec();
                self.unread.drain(..from + at + 2);
                return Ok(line);
            }
            from = self.unread.len().saturating_sub(1);
            self.read()?;
        }
    }

    fn read(&mut self) -> Step {
        let mut buffer = [0; 16 * 1024];
        match self.io.read(&mut buffer)? {
            0 => Err(Over),
            length => {
                self.unread.extend_from_slice(&buffer[..length]);
                Ok(())
            }
        }
    }

    fn say(&mut self, text: &str) -> Step {
        self.raw(format!("{text}\r\n").as_bytes())
    }

    fn raw(&mut self, bytes: &[u8]) -> Step {
        self.io.write_all(bytes)?;
        Ok(self.io.flush()?)
    }

    fn close_at(&self, step: u8) -> Step {
        if self.script.close_at == Some(step) { Err(Over) } else { Ok(()) }
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
        self.open_anyway = false;
    }
}

fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&STANDARD.decode(text).unwrap_or_default()).into_owned()
}

/// `FROM:<a@b> …` → `a@b`.
fn path(rest: &str) -> String {
    let inner = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(path, _)| path.to_owned())
}
