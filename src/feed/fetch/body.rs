//! A body as it comes in, piece by piece. One layer of compression is taken off it: the one that the headers name, or gzip
//! that its first bytes give away. What comes out is counted against the limit while it flows, and so is what goes in. So a
//! bomb costs no more than the limit.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use thiserror::Error;
use zstd::stream::raw;
use zstd::stream::write::Decoder;
use zstd::stream::zio::Writer;

/// RFC 1952 §2.3.1.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The base-two logarithm of 8 MiB, RFC 9659: a frame may ask for much more memory, and nobody who serves feeds does.
const ZSTD_WINDOW: u32 = 23;
/// Who packs what does not shrink sends a little more than there is.
const SLACK: u64 = 64 << 10;

pub(super) struct Body {
    reading: Reading,
    came: u64,
    limit: u64,
}

enum Reading {
    /// Fewer bytes than it takes to tell.
    Unknown(Vec<u8>, Limited),
    Known(Box<dyn Unpack>),
}

/// Takes a body's compression off.
trait Unpack: Write + Send {
    /// All of it. Compression that is cut off is an error.
    fn finish(self: Box<Self>) -> io::Result<Vec<u8>>;
}

/// Collects, up to the limit.
struct Limited {
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
    /// In the encoding that the headers name. None: we know no such encoding.
    pub(super) fn in_encoding(encoding: &str, limit: u64) -> Option<Self> {
        let sink = Limited { bytes: Vec::new(), limit };
        let reading = match encoding.trim().to_ascii_lowercase().as_str() {
            // Who says so need not do it, and who does it need not say so.
            "" | "identity" | "gzip" | "x-gzip" => Reading::Unknown(Vec::new(), sink),
            "deflate" => Reading::Known(Box::new(ZlibDecoder::new(sink))),
            "br" => Reading::Known(Box::new(DecompressorWriter::new(sink, 16 << 10))),
            "zstd" => Reading::Known(Box::new(zstd_decoder(sink).ok()?)),
            _ => return None,
        };
        Some(Self { reading, came: 0, limit })
    }

    pub(super) fn push(self, piece: &[u8]) -> io::Result<Self> {
        let came = self.came + piece.len() as u64;
        if came > self.limit.saturating_add(SLACK) {
            return Err(io::Error::other(OverLimit));
        }
        Ok(Self { reading: self.reading.push(piece)?, came, limit: self.limit })
    }

    /// All of it. Compression that is cut off is an error.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        match self.reading {
            Reading::Unknown(start, mut sink) => sink.write_all(&start).map(|()| sink.bytes),
            Reading::Known(unpack) => unpack.finish(),
        }
    }
}

impl Reading {
    fn push(self, piece: &[u8]) -> io::Result<Self> {
        match self {
            Self::Unknown(mut start, sink) => {
                start.extend_from_slice(piece);
                if start.len() < GZIP.len() {
                    return Ok(Self::Unknown(start, sink));
                }
                let known: Box<dyn Unpack> =
                    if start.starts_with(&GZIP) { Box::new(MultiGzDecoder::new(sink)) } else { Box::new(sink) };
                Self::Known(known).push(&start)
            }
            Self::Known(mut unpack) => unpack.write_all(piece).map(|()| Self::Known(unpack)),
        }
    }
}

fn zstd_decoder(sink: Limited) -> io::Result<Decoder<'static, Limited>> {
    let mut decoder = raw::Decoder::new()?;
    decoder.set_parameter(raw::DParameter::WindowLogMax(ZSTD_WINDOW))?;
    Ok(Decoder::with_writer(Writer::new(sink, decoder)))
}

impl Unpack for Limited {
    fn finish(self: Box<Self>) -> io::Result<Vec<u8>> {
        Ok(self.bytes)
    }
}

impl Unpack for MultiGzDecoder<Limited> {
    fn finish(self: Box<Self>) -> io::Result<Vec<u8>> {
        (*self).finish().map(|sink| sink.bytes)
    }
}

impl Unpack for ZlibDecoder<Limited> {
    fn finish(self: Box<Self>) -> io::Result<Vec<u8>> {
        (*self).finish().map(|sink| sink.bytes)
    }
}

impl Unpack for DecompressorWriter<Limited> {
    fn finish(mut self: Box<Self>) -> io::Result<Vec<u8>> {
        self.close()?;
        Ok(std::mem::take(&mut self.get_mut().bytes))
    }
}

impl Unpack for Decoder<'static, Limited> {
    fn finish(self: Box<Self>) -> io::Result<Vec<u8>> {
        (*self).finish().map(|sink| sink.bytes)
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
        pieces.iter().try_fold(Body::in_encoding("", limit).unwrap(), |body, piece| body.push(piece))?.finish()
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
