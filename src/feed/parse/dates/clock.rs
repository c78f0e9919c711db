//! Times of day, and how far a zone is from UTC.

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Clock {
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
}

impl Clock {
    /// `19:48:21.5`, `19:48`, `194821`, `1948`, `19`. A second 60 is one that leaps, hour 24 is the next midnight.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.split(['.', ',']).next()?;
        if !text.bytes().all(|b| b.is_ascii_digit() || b == b':') {
            return None;
        }
        let parts: Vec<&str> = match text.len() {
            _ if text.contains(':') => text.split(':').collect(),
            2 | 4 | 6 => (0..text.len()).step_by(2).map(|at| &text[at..at + 2]).collect(),
            _ => return None,
        };
        if parts.len() > 3 || parts.iter().any(|part| !(1..=2).contains(&part.len())) {
            return None;
        }
        let part = |at: usize| parts.get(at).map_or(Some(0), |part| part.parse::<u32>().ok());
        let clock = Self { hour: part(0)?, minute: part(1)?, second: part(2)? };
        let midnight = clock.hour == 24 && clock.minute == 0 && clock.second == 0;
        ((clock.hour < 24 || midnight) && clock.minute < 60 && clock.second <= 60).then_some(clock)
    }

    /// 12 a.m. is midnight, 12 p.m. is noon.
    pub(super) fn of_half(self, afternoon: bool) -> Option<Self> {
        (self.hour <= 12).then_some(Self { hour: self.hour % 12 + if afternoon { 12 } else { 0 }, ..self })
    }

    pub(super) fn seconds(self) -> i64 {
        i64::from(self.hour * 3600 + self.minute * 60 + self.second)
    }
}

/// Minutes east of UTC: `+0530`, `-08:00`, `+5`, `GMT+2`, `EST`, `Z`, `(CET)`, `Etc/UTC`.
pub(super) fn zone(text: &str) -> Option<i32> {
    let lower = text.trim_matches(['(', ')']).to_ascii_lowercase();
    let name = lower.strip_prefix("etc/").unwrap_or(&lower);
    let offset = ["gmt", "utc", "ut"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    match offset.as_bytes() {
        [] if !name.is_empty() => Some(0),
        [sign @ (b'+' | b'-'), ..] => {
            let minutes = distance(&offset[1..])?;
            Some(if *sign == b'-' { -minutes } else { minutes })
        }
        _ => named(name),
    }
}

fn distance(digits: &str) -> Option<i32> {
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() <= 2 => (digits, "0"),
        None if digits.len() <= 4 && digits.is_ascii() => digits.split_at(digits.len() - 2),
        None => return None,
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i32>().ok()).flatten();
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 15 && minutes < 60).then(|| hours * 60 + minutes)
}

fn named(name: &str) -> Option<i32> {
    let half_hours = match name {
        "z" | "wet" => 0,
        "nst" => -7,
        "ndt" => -5,
        "adt" => -6,
        "ast" | "at" | "edt" => -8,
        "est" | "et" | "cdt" => -10,
        "cst" | "ct" | "mdt" => -12,
        "mst" | "mt" | "pdt" => -14,
        "pst" | "pt" | "akdt" => -16,
        "akst" => -18,
        "hst" => -20,
        "bst" | "cet" | "met" | "mez" | "west" => 2,
        "cest" | "mest" | "mesz" | "eet" | "sast" => 4,
        "eest" | "msk" => 6,
        "gst" => 8,
        "pkt" => 10,
        "ist" => 11,
        "hkt" | "sgt" | "awst" => 16,
        "jst" | "kst" => 18,
        "acst" => 19,
        "aest" => 20,
        "aedt" => 22,
        "nzst" => 24,
        "nzdt" => 26,
        _ => return military(name),
    };
    Some(half_hours * 30)
}

/// The letters of RFC 822 §5.1, with the signs it gave them.
fn military(name: &str) -> Option<i32> {
    let [letter] = name.as_bytes() else { return None };
    let hours = match letter {
        b'a'..=b'i' => -i32::from(letter - b'a' + 1),
        b'k'..=b'm' => -i32::from(letter - b'a'),
        b'n'..=b'y' => i32::from(letter - b'n' + 1),
        _ => return None,
    };
    Some(hours * 60)
}
