//! One connection to the inbox: commands, answers, and the message up to its dot.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Arrival, Receiver, Verdict};

const MOST_RECIPIENTS: usize = 100;
/// RFC 5321 §4.5.3.1.4 says 512; extensions make commands longer.
const LONGEST_COMMAND: usize = 2_000;
pub(super) const LARGEST_MESSAGE: usize = 10 << 20;
/// RFC 5321 §4.5.3.2.7.
const PATIENCE: Duration = Duration::from_secs(300);

/// One connection.
pub(super) struct Visit {
    io: BufReader<TcpStream>,
    receiver: Arc<dyn Receiver>,
    from: Option<String>,
    to: Vec<String>,
    /// Answers that wait for the visitor to stop talking (RFC 2920 §3.2).
    answers: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
enum Then {
    Stay,
    Data,
    Leave,
}

impl Visit {
    pub fn new(tcp: TcpStream, receiver: Arc<dyn Receiver>) -> Self {
        // Without it answers wait for acknowledgements; a socket that refuses it still works.
        let _ = tcp.set_nodelay(true);
        Self { io: BufReader::new(tcp), receiver, from: None, to: Vec::new(), answers: Vec::new() }
    }

    pub async fn run(mut self, stop: CancellationToken) -> io::Result<()> {
        self.answer("220 tidings ESMTP");
        loop {
            if self.io.buffer().is_empty() {
                self.flush().await?;
            }
            let command = tokio::select! {
                () = stop.cancelled() => None,
                command = timeout(PATIENCE, self.line(LONGEST_COMMAND)) => command.unwrap_or(Ok(None))?,
            };
            let Some(command) = command else {
                self.answer("421 4.3.2 goodbye");
                return self.flush().await;
            };
            match self.obey(&String::from_utf8_lossy(&command)) {
                Then::Stay => {}
                Then::Leave => return self.flush().await,
                Then::Data => {
                    self.flush().await?;
                    let message = tokio::select! {
                        // The dot has not come: the sender knows that we do not have it.
                        () = stop.cancelled() => return Ok(()),
                        message = timeout(PATIENCE, self.message()) => message??,
                    };
                    self.hand_on(message).await;
                }
            }
        }
    }

    fn obey(&mut self, command: &str) -> Then {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => self.hello(&format!(
                "250-tidings\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE {LARGEST_MESSAGE}"
            )),
            "HELO" => self.hello("250 tidings"),
            "MAIL" => self.mail(rest),
            "RCPT" => self.rcpt(rest),
            "DATA" => return self.data(),
            "RSET" => self.hello("250 2.0.0 forgotten"),
            "NOOP" => self.answer("250 2.0.0 yes"),
            "QUIT" => {
                self.answer("221 2.0.0 goodbye");
                return Then::Leave;
            }
            _ => self.answer("502 5.5.1 no such command here"),
        }
        Then::Stay
    }

    fn hello(&mut self, answer: &str) {
        self.forget();
        self.answer(answer);
    }

    fn mail(&mut self, rest: &str) {
        match path(rest, "FROM:") {
            _ if self.from.is_some() => self.answer("503 5.5.1 one at a time"),
            Some((_, parameters)) if too_large(parameters) => self.answer("552 5.3.4 too large"),
            Some((from, _)) => {
                self.from = Some(from.to_owned());
                self.answer("250 2.1.0 ok");
            }
            None => self.answer("501 5.5.4 MAIL FROM:<address>"),
        }
    }

    fn rcpt(&mut self, rest: &str) {
        match path(rest, "TO:") {
            _ if self.from.is_none() => self.answer("503 5.5.1 MAIL first"),
            _ if self.to.len() == MOST_RECIPIENTS => self.answer("452 4.5.3 too many recipients"),
            None | Some(("", _)) => self.answer("501 5.5.4 RCPT TO:<address>"),
            Some((to, _)) => match self.receiver.recipient(to) {
                Verdict::Accept => {
                    self.to.push(to.to_owned());
                    self.answer("250 2.1.5 ok");
                }
                Verdict::Refuse { code, text } => self.answer(&format!("{code} {text}")),
            },
        }
    }

    fn data(&mut self) -> Then {
        if self.to.is_empty() {
            self.answer("503 5.5.1 RCPT first");
            return Then::Stay;
        }
        self.answer("354 go on");
        Then::Data
    }

    async fn hand_on(&mut self, message: Option<Vec<u8>>) {
        let arrival = message.map(|bytes| Arrival {
            from: self.from.take().unwrap_or_default(),
            to: std::mem::take(&mut self.to),
            bytes,
        });
        self.forget();
        let verdict = match arrival {
            Some(arrival) => self.receiver.arrived(arrival).await,
            None => Verdict::Refuse { code: 552, text: "5.3.4 too large".to_owned() },
        };
        match verdict {
            Verdict::Accept => self.answer("250 2.0.0 ok"),
            Verdict::Refuse { code, text } => self.answer(&format!("{code} {text}")),
        }
    }

    /// Up to the line with a dot alone, which must end and begin with CRLF: what else could be read as an end would
    /// let a message carry another. `None`: too large, and read past.
    async fn message(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let mut fits = true;
        let mut at_line_start = true;
        loop {
            let start = bytes.len();
            // A line longer than this comes in pieces, of which only the first begins a line.
            if (&mut self.io).take(LARGEST_MESSAGE as u64).read_until(b'\n', &mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = &bytes[start..];
            if at_line_start && line == b".\r\n" {
                bytes.truncate(start);
                return Ok(fits.then_some(bytes));
            }
            let (dotted, ends) = (at_line_start && line.starts_with(b"."), line.ends_with(b"\r\n"));
            if dotted {
                bytes.remove(start);
            }
            at_line_start = ends;
            fits &= bytes.len() <= LARGEST_MESSAGE;
            if !fits {
                bytes.clear();
            }
        }
    }

    /// The next line without its end; `None` at the end of the stream or when it is longer than `limit`.
    async fn line(&mut self, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        (&mut self.io).take(limit as u64).read_until(b'\n', &mut line).await?;
        if line.pop() != Some(b'\n') {
            return Ok(None);
        }
        if line.ends_with(b"\r") {
            line.pop();
        }
        Ok(Some(line))
    }

    fn answer(&mut self, text: &str) {
        self.answers.extend_from_slice(text.as_bytes());
        self.answers.extend_from_slice(b"\r\n");
    }

    async fn flush(&mut self) -> io::Result<()> {
        let answers = std::mem::take(&mut self.answers);
        timeout(PATIENCE, self.io.get_mut().write_all(&answers)).await?
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

/// `FROM:<a@b> PARAMETERS`, in any case and with the space that some put after the colon.
fn path<'t>(rest: &'t str, word: &str) -> Option<(&'t str, &'t str)> {
    let (start, rest) = rest.split_at_checked(word.len())?;
    let rest = rest.trim_start().strip_prefix('<').filter(|_| start.eq_ignore_ascii_case(word))?;
    rest.split_once('>')
}

fn too_large(parameters: &str) -> bool {
    parameters.split(' ').any(|parameter| {
        let size = parameter.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("SIZE"));
        size.is_some_and(|(_, size)| size.parse::<usize>().is_ok_and(|size| size > LARGEST_MESSAGE))
    })
}
