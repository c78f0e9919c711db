//! What every message keeps to on the wire, asserted after building (RFC 5322 §2.1, §2.3; RFC 5321 §4.5.2).

use thiserror::Error;

/// RFC 5322 §2.1.1, without the CRLF.
const LONGEST_LINE: usize = 998;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Flaw {
    #[error("a line begins with a dot")]
    Dot,
    #[error("a line is longer than 998 octets")]
    LongLine,
    #[error("a CR or LF stands alone")]
    BareLineEnd,
    #[error("there is a control character in it")]
    Control,
    #[error("there is an octet beyond ASCII in it")]
    EightBit,
    #[error("the last line has no end")]
    OpenEnd,
}

/// Whether `bytes` are whole lines that can travel as they are; octets beyond ASCII only if `utf8` (RFC 6532).
pub(super) fn check(bytes: &[u8], utf8: bool) -> Result<(), Flaw> {
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let text = line.strip_suffix(b"\n").ok_or(Flaw::OpenEnd)?;
        let text = text.strip_suffix(b"\r").ok_or(Flaw::BareLineEnd)?;
        if text.starts_with(b".") {
            return Err(Flaw::Dot);
        }
        if text.len() > LONGEST_LINE {
            return Err(Flaw::LongLine);
        }
        if text.contains(&b'\r') {
            return Err(Flaw::BareLineEnd);
        }
        // Without an early end, which makes it several bytes at a time.
        if text.iter().fold(false, |any, &b| any | (b < b' ') & (b != b'\t') | (b == 0x7f)) {
            return Err(Flaw::Control);
        }
        if !utf8 && !text.is_ascii() {
            return Err(Flaw::EightBit);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flaw_is_found() {
        let long = [vec![b'a'; 999], b"\r\n".to_vec()].concat();
        for (bytes, flaw) in [
            (long.as_slice(), Flaw::LongLine),
            (b"a\r\n.\r\n", Flaw::Dot),
            (b"..a\r\n", Flaw::Dot),
            (b"a\n", Flaw::BareLineEnd),
            (b"a\rb\r\n", Flaw::BareLineEnd),
            (b"a\x00b\r\n", Flaw::Control),
            (b"a\x7fb\r\n", Flaw::Control),
            ("é\r\n".as_bytes(), Flaw::EightBit),
            (b"a", Flaw::OpenEnd),
        ] {
            assert_eq!(check(bytes, false), Err(flaw));
        }
        assert_eq!(check(b"Subject: a\r\n\tb\r\n\r\n", false), Ok(()));
        assert_eq!(check("To: <用户@example.org>\r\n".as_bytes(), true), Ok(()));
    }
}
