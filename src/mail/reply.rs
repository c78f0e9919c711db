//! What an SMTP server answers (RFC 5321 §4.2), read as servers write it: Latin-1 text, lines ended by LF alone and a
//! bare code are all taken; endless ones are not.

use std::fmt;

use thiserror::Error;

/// RFC 5321 §4.5.3.1.5 says 512; servers write more.
const LONGEST_LINE: usize = 2_000;
const MOST_LINES: usize = 100;
const MOST_BYTES: usize = 100_000;
/// As much of a reply as is worth keeping on a row.
const SHOWN: usize = 500;

/// A whole answer: one code and the text of each line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    pub lines: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadReply {
    #[error("a line of the answer is longer than {LONGEST_LINE} octets")]
    LongLine,
    #[error("the answer has no end")]
    Endless,
    #[error("`{0}` is not an SMTP answer")]
    NotSmtp(String),
    #[error("the lines of the answer have different codes")]
    CodesDiffer,
}

impl Reply {
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }
}

impl fmt::Display for Reply {
    /// The code and the text on one line, without control characters, cut at a length that suits a row and a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        let words = self.lines.iter().flat_map(|line| line.split_whitespace());
        let mut length = 0;
        for word in words {
            length += 1 + word.len();
            if length > SHOWN {
                return f.write_str(" …");
            }
            f.write_str(" ")?;
            word.chars().filter(|c| !c.is_control()).try_for_each(|c| write!(f, "{c}"))?;
        }
        Ok(())
    }
}

/// A reply of which the last line is yet to come.
#[derive(Debug, Default)]
pub(super) struct Partial {
    code: Option<u16>,
    lines: Vec<String>,
    bytes: usize,
}

impl Partial {
    /// Takes the next line, without its LF. Gives the reply when that was the last one.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, BadReply> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.bytes += line.len();
        if line.len() > LONGEST_LINE {
            return Err(BadReply::LongLine);
        }
        if self.lines.len() == MOST_LINES || self.bytes > MOST_BYTES {
            return Err(BadReply::Endless);
        }
        let code = code(line).ok_or_else(|| BadReply::NotSmtp(start_of(line)))?;
        if *self.code.get_or_insert(code) != code {
            return Err(BadReply::CodesDiffer);
        }
        self.lines.push(String::from_utf8_lossy(line.get(4..).unwrap_or_default()).into_owned());
        let last = line.get(3) != Some(&b'-');
        Ok(last.then(|| Reply { code, lines: std::mem::take(&mut self.lines) }))
    }

    /// Whether so much has come without a line end that it will not be a line.
    pub fn refuses(&self, unended: &[u8]) -> Result<(), BadReply> {
        if unended.len() > LONGEST_LINE + 2 { Err(BadReply::LongLine) } else { Ok(()) }
    }
}

fn code(line: &[u8]) -> Option<u16> {
    let digits = line.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let separated = matches!(line.get(3), None | Some(b' ' | b'-'));
    (separated && (200..600).contains(&code)).then_some(code)
}

fn start_of(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(&line[..line.len().min(60)]);
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Option<Reply>, BadReply> {
        let mut partial = Partial::default();
        for line in text.split_inclusive(|&b| b == b'\n') {
            if let Some(reply) = partial.line(line.strip_suffix(b"\n").unwrap())? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    #[test]
    fn replies_are_read_as_servers_write_them() {
        let reply = |text: &[u8]| read(text).unwrap().unwrap();
        assert_eq!(reply(b"250 2.0.0 Ok\r\n").to_string(), "250 2.0.0 Ok");
        assert_eq!(reply(b"250\n"), Reply { code: 250, lines: vec![String::new()] });
        assert_eq!(reply(b"571-no\r\n571 way\r\n").to_string(), "571 no way");
        assert_eq!(reply(b"550 Empf\xe4nger unbekannt\r\n").to_string(), "550 Empf\u{fffd}nger unbekannt");
        assert_eq!(reply(b"250-a\x07\r\n250-\r\n250 b\r\n").to_string(), "250 a b");
        assert_eq!(read(b"250-more\r\n"), Ok(None));
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for (text, bad) in [
            (b"HTTP/1.1 400 Bad Request\r\n".as_slice(), BadReply::NotSmtp("HTTP/1.1 400 Bad Request".into())),
            (b"25 ok\r\n", BadReply::NotSmtp("25 ok".into())),
            (b"2500 ok\r\n", BadReply::NotSmtp("2500 ok".into())),
            (b"150 ok\r\n", BadReply::NotSmtp("150 ok".into())),
            (b"\r\n", BadReply::NotSmtp(String::new())),
            (b"250-a\r\n550 b\r\n", BadReply::CodesDiffer),
        ] {
            assert_eq!(read(text), Err(bad));
        }
        assert_eq!(read(&b"250-x\r\n".repeat(200)), Err(BadReply::Endless));
        assert_eq!(read(&[b"250 ".as_slice(), &[b'x'; 2000], b"\r\n"].concat()), Err(BadReply::LongLine));
    }

    #[test]
    fn a_long_reply_is_cut_at_a_word() {
        let reply = Reply { code: 550, lines: vec!["word ".repeat(300)] };
        assert!(reply.to_string().len() < 520 && reply.to_string().ends_with("word …"));
    }
}
