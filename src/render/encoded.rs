//! How large a part will be once encoded for the wire, told before `mail` encodes it.

use crate::model::rendering::{Holed, Piece};

/// About what a link with its token takes.
const HOLE: usize = 120;

/// Bytes of the part in the shorter of quoted-printable and base64, line ends included; a little too many rather than
/// too few.
pub fn size(part: &Holed) -> usize {
    let (mut plain, mut other) = (0, 0);
    for piece in &part.0 {
        match piece {
            Piece::Hole(_) => plain += HOLE,
            Piece::Fixed(text) => {
                let bytes = text.bytes().filter(|b| !matches!(b, b' '..=b'<' | b'>'..=b'~')).count();
                other += bytes;
                plain += text.len() - bytes;
            }
        }
    }
    let quoted = plain + 3 * other;
    let base64 = (plain + other).div_ceil(3) * 4;
    lines(quoted, 72).min(lines(base64, 76))
}

/// With a line end (and a soft break) after every `width` bytes.
fn lines(bytes: usize, width: usize) -> usize {
    bytes + bytes.div_ceil(width) * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arabic_is_counted_in_base64_and_english_as_it_stands() {
        let size_of = |text: &str| size(&Holed(vec![Piece::Fixed(text.repeat(1000))]));
        assert_eq!(size_of("plain text"), 10_000 + 139 * 3);
        assert!((25_700..27_000).contains(&size_of("سلام عليكم")), "{}", size_of("سلام عليكم"));
    }
}
