//! A body as it comes in, piece by piece: gzip is recognised by its first bytes, whatever the headers said, and what
//! comes out of it is counted against the limit while it flows. So a bomb costs no more than the limit.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use thiserror::Error;

/// RFC 1952 §2.3.1.
const GZIP: [u8; 2] = [0x1f, 0x8b];

pub(super) enum Body {
    /// Fewer bytes than it takes to tell.
    Unknown(Vec<u8>, Limited),
    Plain(Limited),
    Gzip(Box<MultiGzDecoder<Limited>>),
}

/// Collects, up to the limit.
pub(super) struct Limited {
    bytes: Vec<u8>,
    limit: u64,
}

#[derive(Debug, Error)]
#[error("more than the limit")]
struct OverLimit;

/// Whether this error of [`Body`] is the limit's, not the compression's.
pub(super) fn is_over_limit(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<OverLimit>())
}

impl Body {
    pub(super) fn up_to(limit: u64) -> Self {
        Self::Unknown(Vec::new(), Limited { bytes: Vec::new(), limit })
    }

    pub(super) fn push(self, piece: &[u8]) -> io::Result<Self> {
        match self {
            Self::Unknown(mut start, sink) => {
                start.extend_from_slice(piece);
                if start.len() < GZIP.len() {
                    return Ok(Self::Unknown(start, sink));
                }
                let known = if start.starts_with(&GZIP) {
                    Self::Gzip(MultiGzDecoder::new(sink).into())
                } else {
                    Self::Plain(sink)
                };
                known.push(&start)
            }
            Self::Plain(mut sink) => sink.write_all(piece).map(|()| Self::Plain(sink)),
            Self::Gzip(mut decoder) => decoder.write_all(piece).map(|()| Self::Gzip(decoder)),
        }
    }

    /// All of it. Compression that is cut off is an error.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Unknown(start, mut sink) => sink.write_all(&start).map(|()| sink.bytes),
            Self::Plain(sink) => Ok(sink.bytes),
            Self::Gzip(decoder) => decoder.finish().map(|sink| sink.bytes),
        }
    }
}

impl Write for Limited {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if (self.bytes.len() + piece.len()) as u64 > self.limit {
            return Err(io::Error::other(OverLimit));
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(pieces: &[&[u8]], limit: u64) -> io::Result<Vec<u8>> {
        pieces.iter().try_fold(Body::up_to(limit), |body, piece| body.push(piece))?.finish()
    }

    #[test]
    fn gzip_is_known_by_its_magic_even_when_it_drips_in() {
        let packed = gzip(b"<rss/>");
        let drops: Vec<&[u8]> = packed.chunks(1).collect();
        assert_eq!(read(&drops, 100).unwrap(), b"<rss/>");
        assert_eq!(read(&[b"<", b"rss/>"], 100).unwrap(), b"<rss/>");
        assert_eq!(read(&[b"<"], 100).unwrap(), b"<");
        assert_eq!(read(&[], 100).unwrap(), b"");
    }

    #[test]
    fn one_layer_is_taken_off_and_no_more() {
        let inner = gzip(b"<rss/>");
        assert_eq!(read(&[&gzip(&inner)], 100).unwrap(), inner);
    }

    #[test]
    fn the_limit_counts_what_comes_out() {
        assert_eq!(read(&[b"12345"], 5).unwrap(), b"12345");
        assert!(is_over_limit(&read(&[b"123", b"456"], 5).unwrap_err()));
        let bomb = gzip(&vec![0; 4 << 20]);
        assert!(bomb.len() < 8 << 10);
        assert!(is_over_limit(&read(&[&bomb], 1 << 20).unwrap_err()));
    }

    #[test]
    fn gzip_that_is_cut_off_or_broken_is_an_error_of_its_own() {
        let packed = gzip(b"a feed of some length, a feed of some length");
        assert!(!is_over_limit(&read(&[&packed[..packed.len() - 9]], 100).unwrap_err()));
        let mut broken = packed;
        broken[12] ^= 0xff;
        assert!(!is_over_limit(&read(&[&broken], 100).unwrap_err()));
    }
}
