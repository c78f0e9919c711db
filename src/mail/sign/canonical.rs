//! Relaxed canonicalisation (RFC 6376 §3.4.2 and §3.4.4): what a signature is made of, so that a relay may fold a field
//! anew or drop white space at the end of a line.

/// A field, with or without the CRLF at its end: its name in small letters, its value on one line.
pub fn field(field: &[u8], out: &mut Vec<u8>) {
    let colon = field.iter().position(|&b| b == b':').unwrap_or(field.len());
    out.extend(field[..colon].trim_ascii_end().iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let begin = out.len();
    let mut space = false;
    for &byte in field.get(colon + 1..).unwrap_or_default() {
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            space = true;
            continue;
        }
        if space && out.len() > begin {
            out.push(b' ');
        }
        space = false;
        out.push(byte);
    }
    out.extend_from_slice(b"\r\n");
}

/// A body, passed on piece by piece. What stays as it is, which is nearly all of what we write, is passed on in long
/// runs and never copied.
pub fn body(bytes: &[u8], mut feed: impl FnMut(&[u8])) {
    if stays_as_it_is(bytes) {
        let mut rest = bytes;
        while let Some(before) = rest.strip_suffix(b"\r\n") {
            rest = before;
        }
        if !rest.is_empty() {
            feed(rest);
            feed(b"\r\n");
        }
        return;
    }
    // Whole lines that stay as they are, not passed on yet.
    let mut run = 0..0;
    // Empty lines behind it: they count only if something follows.
    let mut blanks = 0;
    let mut is_open = false;
    let mut at = 0;
    while at < bytes.len() {
        let (end, next) = line(bytes, at);
        let text = &bytes[at..end];
        if text.iter().copied().all(is_space) {
            blanks += 1;
        } else {
            is_open = next == end;
            let (is_next, is_even) = (run.end + 2 * blanks == at, is_even(text));
            if !(is_next && is_even) {
                feed(&bytes[run]);
                (0..blanks).for_each(|_| feed(b"\r\n"));
                run = at..at;
            }
            if !is_even {
                squeeze(text, &mut feed);
                run = end..end;
            }
            run.end = next;
            blanks = 0;
        }
        at = next;
    }
    feed(&bytes[run]);
    if is_open {
        feed(b"\r\n");
    }
}

/// Whether no line of a body changes, but for empty ones at its end: what we write ourselves, mostly. Without an early end,
/// which makes it sixteen bytes at a time.
fn stays_as_it_is(bytes: &[u8]) -> bool {
    let Some((last, _)) = bytes.split_last() else { return true };
    let white = |b: u8| (b == b' ') | (b == b'\t');
    let drops = |b: u8, next: u8| (b == b'\t') | (b == b' ') & (white(next) | (next == b'\r'));
    let changes = bytes.iter().zip(&bytes[1..]).fold(false, |any, (&b, &next)| any | drops(b, next));
    !changes && !white(*last)
}

/// Where the line that begins at `at` ends, without and with its CRLF.
fn line(bytes: &[u8], at: usize) -> (usize, usize) {
    let feeds = memchr::memchr_iter(b'\n', &bytes[at..]).map(|feed| at + feed);
    let mut ends = feeds.filter(|&feed| feed > at && bytes[feed - 1] == b'\r');
    ends.next().map_or((bytes.len(), bytes.len()), |feed| (feed - 1, feed + 1))
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Whether nothing of a line is dropped: no tab, no two spaces side by side, none at its end. Without an early exit,
/// which makes it several bytes at a time.
fn is_even(text: &[u8]) -> bool {
    let tabs = text.iter().fold(false, |any, &b| any | (b == b'\t'));
    let pairs = text.iter().zip(text.get(1..).unwrap_or_default());
    let double = pairs.fold(false, |any, (&a, &b)| any | ((a == b' ') & (b == b' ')));
    !tabs && !double && text.last() != Some(&b' ')
}

fn squeeze(text: &[u8], feed: &mut impl FnMut(&[u8])) {
    let end = text.iter().rposition(|&b| !is_space(b)).map_or(0, |last| last + 1);
    let mut rest = &text[..end];
    while !rest.is_empty() {
        let word = rest.iter().position(|&b| is_space(b)).unwrap_or(rest.len());
        feed(&rest[..word]);
        rest = &rest[word..];
        if let Some(next) = rest.iter().position(|&b| !is_space(b)) {
            rest = &rest[next..];
            feed(b" ");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body_of(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        body(text, |piece| out.extend_from_slice(piece));
        out
    }

    fn field_of(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        field(text, &mut out);
        out
    }

    /// §3.4.4, word by word.
    fn plainly(text: &[u8]) -> Vec<u8> {
        let mut lines: Vec<Vec<u8>> = vec![Vec::new()];
        for (i, &byte) in text.iter().enumerate() {
            let line = lines.last_mut().unwrap();
            if byte == b'\n' && i > 0 && text[i - 1] == b'\r' {
                line.pop();
                lines.push(Vec::new());
            } else {
                line.push(byte);
            }
        }
        for line in &mut lines {
            line.iter_mut().filter(|b| **b == b'\t').for_each(|b| *b = b' ');
            line.dedup_by(|a, b| *a == b' ' && *b == b' ');
            if line.last() == Some(&b' ') {
                line.pop();
            }
        }
        while lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        lines.into_iter().flat_map(|line| [line, b"\r\n".to_vec()].concat()).collect()
    }

    /// RFC 6376 §3.4.5, first and third example.
    #[test]
    fn the_example_of_the_standard() {
        assert_eq!(field_of(b"A: X\r\n"), b"a:X\r\n");
        assert_eq!(field_of(b"B : Y\t\r\n\tZ  \r\n"), b"b:Y Z\r\n");
        assert_eq!(body_of(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
    }

    #[test]
    fn a_body_of_nothing_is_nothing() {
        for text in [&b""[..], b"\r\n", b" \t\r\n\r\n", b" "] {
            assert_eq!(body_of(text), b"");
        }
        assert_eq!(body_of(b"a"), b"a\r\n");
        assert_eq!(field_of(b"Subject:\r\n"), b"subject:\r\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_body_is_what_the_standard_says(pieces in prop::collection::vec("( |\t|\r\n|a|bc|\r|\n|\\.){0,6}", 0..12)) {
            let text = pieces.concat();
            prop_assert_eq!(body_of(text.as_bytes()), plainly(text.as_bytes()));
        }

        #[test]
        fn a_field_may_be_folded_anywhere(words in prop::collection::vec("[!-~]{1,9}", 1..9), ends in prop::collection::vec("( |\t|\r\n |\r\n\t){1,3}", 9)) {
            let folded: String = words.iter().zip(&ends).map(|(word, end)| format!("{word}{end}")).collect();
            let expected = format!("x-field:{}\r\n", words.join(" "));
            prop_assert_eq!(field_of(format!("X-Field:{folded}\r\n").as_bytes()), expected.as_bytes());
        }
    }
}
