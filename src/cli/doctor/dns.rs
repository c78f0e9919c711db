//! TXT records, asked of the system's resolvers: one question in one packet (RFC 1035), with room for long answers
//! (RFC 6891), and over TCP where it is longer still (RFC 7766). What is not needed for that is not here.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::clock::Chance;

const TXT: u16 = 16;
const OPT: u16 = 41;
/// What an answer in one packet may have without being cut up on the way.
const ROOM: u16 = 1232;
/// The flag of an answer that did not fit.
const TRUNCATED: u8 = 0x02;
const NO_SUCH_NAME: u8 = 3;

pub struct Resolvers {
    servers: Vec<SocketAddr>,
    /// For all of them together.
    patience: Duration,
    chance: Chance,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum NoAnswer {
    #[error("no resolver answers")]
    Silence,
    #[error("the resolver answers {0}")]
    Failed(String),
    #[error("`{0}` cannot be a name in the DNS")]
    Name(String),
}

impl Resolvers {
    pub fn of_the_system(patience: Duration, chance: Chance) -> Self {
        let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        Self::of(servers(&text), patience, chance)
    }

    pub fn of(servers: Vec<SocketAddr>, patience: Duration, chance: Chance) -> Self {
        Self { servers, patience, chance }
    }

    /// The TXT records of `name`, each put together from its strings; none where there is no such name.
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        let id = self.chance.bytes();
        let question = question(id, name).ok_or_else(|| NoAnswer::Name(name.to_owned()))?;
        let each = self.patience / u32::try_from(self.servers.len().max(1)).unwrap_or(1);
        let mut failed = NoAnswer::Silence;
        for server in &self.servers {
            let Ok(Ok(answer)) = timeout(each, ask(*server, id, &question)).await else { continue };
            match read(&answer) {
                Ok(records) => return Ok(records),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

/// The `nameserver` lines; without any, the one on this machine, as the system itself does.
fn servers(resolv_conf: &str) -> Vec<SocketAddr> {
    let address = |line: &str| {
        let mut words = line.split_whitespace();
        let address = words.next().filter(|word| *word == "nameserver").and(words.next())?;
        // A zone behind `%` names an interface; such a resolver is left to the system.
        Some(SocketAddr::new(address.parse::<IpAddr>().ok()?, 53))
    };
    let mut servers: Vec<SocketAddr> = resolv_conf.lines().filter_map(address).take(3).collect();
    if servers.is_empty() {
        servers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)));
    }
    servers
}

fn question(id: [u8; 2], name: &str) -> Option<Vec<u8>> {
    let mut out = id.to_vec();
    // One question and one additional record; recursion is desired.
    out.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1]);
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..64).contains(length) && label.is_ascii())?;
        out.push(length);
        out.extend(label.bytes());
    }
    out.push(0);
    if name.len() > 253 {
        return None;
    }
    out.extend([TXT.to_be_bytes(), [0, 1]].concat());
    out.push(0);
    out.extend([OPT.to_be_bytes(), ROOM.to_be_bytes()].concat());
    out.extend([0; 6]);
    Some(out)
}

async fn ask(server: SocketAddr, id: [u8; 2], question: &[u8]) -> io::Result<Vec<u8>> {
    let from: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((from, 0)).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut packet = vec![0; usize::from(ROOM)];
    loop {
        let length = socket.recv(&mut packet).await?;
        // What does not carry our number answers somebody else, or pretends to.
        if length >= 12 && packet[..2] == id && packet[2] & 0x80 != 0 {
            packet.truncate(length);
            break;
        }
    }
    if packet[2] & TRUNCATED == 0 { Ok(packet) } else { ask_at_length(server, question).await }
}

async fn ask_at_length(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).unwrap_or_default();
    stream.write_all(&[&length.to_be_bytes(), question].concat()).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

fn read(answer: &[u8]) -> Result<Vec<String>, NoAnswer> {
    let unreadable = || NoAnswer::Failed("something that cannot be read".to_owned());
    match answer.get(3).ok_or_else(unreadable)? & 0x0f {
        0 => records(answer).ok_or_else(unreadable),
        NO_SUCH_NAME => Ok(vec![]),
        2 => Err(NoAnswer::Failed("that it failed itself (SERVFAIL)".to_owned())),
        5 => Err(NoAnswer::Failed("that it will not (REFUSED)".to_owned())),
        code => Err(NoAnswer::Failed(format!("with the code {code}"))),
    }
}

/// Those of the TXT records in the answer, also of a name that another one stands for.
fn records(answer: &[u8]) -> Option<Vec<String>> {
    let mut at = Place { bytes: answer, at: 4 };
    let (questions, answers) = (at.number()?, at.number()?);
    at.skip(4)?;
    for _ in 0..questions {
        at.name()?;
        at.skip(4)?;
    }
    let mut records = Vec::new();
    for _ in 0..answers {
        at.name()?;
        let kind = at.number()?;
        at.skip(6)?;
        let length = at.number()?;
        let data = at.skip(length.into())?;
        if kind == TXT {
            records.push(text(data)?);
        }
    }
    Some(records)
}

/// A record's strings, each with its length before it.
fn text(data: &[u8]) -> Option<String> {
    let (mut bytes, mut at) = (Vec::new(), Place { bytes: data, at: 0 });
    while at.at < data.len() {
        let length = at.skip(1)?[0];
        bytes.extend(at.skip(length.into())?);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

struct Place<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Place<'a> {
    fn skip(&mut self, length: usize) -> Option<&'a [u8]> {
        let skipped = self.bytes.get(self.at..self.at + length)?;
        self.at += length;
        Some(skipped)
    }

    fn number(&mut self) -> Option<u16> {
        let two = self.skip(2)?;
        Some(u16::from_be_bytes([two[0], two[1]]))
    }

    /// Goes behind a name, which ends with nothing or points to where it goes on.
    fn name(&mut self) -> Option<()> {
        loop {
            match self.skip(1)?[0] {
                0 => return Some(()),
                pointer if pointer >= 0xc0 => return self.skip(1).map(drop),
                length => self.skip(length.into())?,
            };
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
