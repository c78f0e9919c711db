//! Dates in words: RFC 822, asctime and their relatives, whatever the order of their parts.

use chrono::{DateTime, NaiveDate, Utc};

use super::clock::{Clock, zone};
use super::instant;

/// Korean feeds that write a date so mean the time in Korea.
const KOREA: i32 = 9 * 60;

#[derive(Default)]
struct Parts {
    month: Option<u32>,
    /// Numbers before it is known which is the day and which the year.
    numbers: Vec<(u32, usize)>,
    day: Option<NaiveDate>,
    clock: Option<Clock>,
    afternoon: Option<bool>,
    zone: Option<i32>,
}

pub(super) fn read(text: &str) -> Option<DateTime<Utc>> {
    let mut parts = Parts::default();
    for (at, token) in spaced(without_comments(text)).split_whitespace().enumerate() {
        let is_name = token.chars().all(|c| c.is_alphabetic() || c == '.');
        // What stands first is the day of the week, in whatever language, and says nothing new.
        parts.take(token).or_else(|| (at == 0 && is_name).then_some(()))?;
    }
    let clock = match (parts.clock, parts.afternoon) {
        (Some(clock), Some(afternoon)) => clock.of_half(afternoon)?,
        (clock, _) => clock.unwrap_or_default(),
    };
    instant(parts.day()?, clock, parts.zone.unwrap_or(0))
}

/// `… GMT+0100 (Central European Standard Time)`: RFC 822 allows a comment, and the last word of one may be a zone.
fn without_comments(text: &str) -> &str {
    match text.split_once('(') {
        Some((before, comment)) if before.contains(':') && comment.contains(' ') => before,
        _ => text,
    }
}

/// With a space at every seam: `Thu,01-Jan-2004`, `2004-július-13T9:15-05:00`, `2004년`.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        match c {
            ',' => out.push(' '),
            // A hyphen beside a letter joins the parts of a date; before digits alone it is a zone's sign.
            '-' if before.is_alphabetic() || next.is_alphabetic() => out.push(' '),
            '-' if before.is_ascii_digit() && out.contains(':') => out.push_str(" -"),
            '+' if before.is_ascii_digit() => out.push_str(" +"),
            'T' if before.is_ascii_digit() && next.is_ascii_digit() => out.push(' '),
            '년' | '월' | '일' => out.extend([c, ' ']),
            _ => out.push(c),
        }
        before = c;
    }
    out
}

impl Parts {
    /// None when the token has no place in a date.
    fn take(&mut self, token: &str) -> Option<()> {
        let lower = token.to_lowercase();
        let word = lower.trim_end_matches('.');
        if self.clock.is_none() && token.contains(':') && token.starts_with(|c: char| c.is_ascii_digit()) {
            return self.time(word);
        }
        if matches!(word, "-" | "–" | "de" | "at" | "à" | "um" | "г") && self.zone.is_none() {
            return Some(());
        }
        if let Some(number) = number(word) {
            self.numbers.push(number);
            return (self.numbers.len() <= 3).then_some(());
        }
        if let Some(day) = day_in_one(word) {
            self.day = Some(day);
            return Some(());
        }
        if let Some(afternoon) = half(word) {
            self.afternoon = Some(afternoon);
            return Some(());
        }
        match word {
            "오전" | "오후" => {
                self.afternoon = Some(word == "오후");
                self.zone = Some(KOREA);
            }
            _ if word.ends_with(['년', '월', '일']) => self.korean(word)?,
            _ if self.clock.is_some() && (self.zone.is_none() || token.starts_with('(')) => {
                self.zone = Some(self.zone.or(zone(word)).or(unknown_zone(word))?);
            }
            _ if is_weekday(word) => {}
            _ => self.month = Some(month(word)?),
        }
        Some(())
    }

    /// `19:48:21`, `7:48pm`.
    fn time(&mut self, word: &str) -> Option<()> {
        let end = word.find(|c: char| c.is_alphabetic()).unwrap_or(word.len());
        self.clock = Some(Clock::read(&word[..end])?);
        if end < word.len() {
            match half(&word[end..]) {
                Some(afternoon) => self.afternoon = Some(afternoon),
                None => self.zone = Some(zone(&word[end..])?),
            }
        }
        Some(())
    }

    fn korean(&mut self, word: &str) -> Option<()> {
        let mut characters = word.chars();
        let unit = characters.next_back()?;
        let (value, digits) = number(characters.as_str())?;
        match unit {
            '월' => self.month = Some(value),
            _ => self.numbers.push((value, digits)),
        }
        self.zone = Some(KOREA);
        Some(())
    }

    fn day(&self) -> Option<NaiveDate> {
        if let Some(day) = self.day {
            return Some(day);
        }
        let [first, second] = self.numbers.as_slice() else { return None };
        // The year is the one of four digits; where both have two, it comes last.
        let (day, (year, digits)) = if first.1 >= 3 { (second.0, *first) } else { (first.0, *second) };
        let year = match digits {
            1 | 2 if year < 90 => 2000 + year,
            1 | 2 => 1900 + year,
            4 => year,
            _ => return None,
        };
        NaiveDate::from_ymd_opt(year as i32, self.month?, day)
    }
}

/// The value and how many digits it was written with; `1st` is 1.
fn number(word: &str) -> Option<(u32, usize)> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
    let plain = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok().map(|value| (value, digits.len()))).flatten()
}

/// `2006/09/15`, or with hyphens; `15.09.2006`. What has slashes and the year last may be read two ways, so it is not.
fn day_in_one(word: &str) -> Option<NaiveDate> {
    if let Some([(day, _), (month, _), (year, 4)]) = three(word, &['.']) {
        return NaiveDate::from_ymd_opt(year as i32, month, day);
    }
    let [(year, 4), (month, _), (day, _)] = three(word, &['/', '-'])? else { return None };
    NaiveDate::from_ymd_opt(year as i32, month, day)
}

fn three(word: &str, separators: &[char]) -> Option<[(u32, usize); 3]> {
    let parts: Vec<_> = word.split(separators).map(number).collect::<Option<_>>()?;
    parts.try_into().ok()
}

/// A name we do not know is taken as UTC; an offset that cannot be is a mistake.
fn unknown_zone(word: &str) -> Option<i32> {
    (!word.starts_with(['+', '-']) && word.starts_with(|c: char| c.is_alphabetic() || c == '(')).then_some(0)
}

fn half(word: &str) -> Option<bool> {
    match word {
        "am" | "a.m" => Some(false),
        "pm" | "p.m" => Some(true),
        _ => None,
    }
}

fn is_weekday(word: &str) -> bool {
    const ENGLISH: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    const GREEK: [&str; 7] = ["κυρ", "δευ", "τρι", "τετ", "πεμ", "παρ", "σαβ"];
    ENGLISH.iter().chain(&GREEK).any(|day| word.starts_with(day))
}

/// By its first letters, in the languages that feeds have been seen to write dates in. Those that begin another (`jun`
/// and `juni`, `mar` and `mars`) agree with it.
fn month(word: &str) -> Option<u32> {
    const MONTHS: [&[&str]; 12] = [
        &["jan", "jän", "ene", "gen", "styc", "янв", "січ", "ιαν"],
        &["feb", "fév", "fev", "lut", "фев", "лют", "φεβ"],
        &["mar", "mär", "maa", "mrt", "már", "мар", "бер", "μάρ", "μαρ", "μαώ"],
        &["apr", "avr", "abr", "ápr", "kwi", "апр", "кві", "απρ"],
        &["may", "mai", "mag", "maj", "máj", "mei", "май", "мая", "тра", "μάι", "μαϊ", "μαι"],
        &["jun", "juin", "giu", "jún", "cze", "июн", "чер", "ιούν", "ιον"],
        &["jul", "juil", "lug", "júl", "lip", "июл", "лип", "ιούλ", "ιολ"],
        &["aug", "aoû", "aou", "ago", "sie", "авг", "сер", "αύγ", "αυγ"],
        &["sep", "set", "szept", "wrz", "сен", "вер", "σεπ"],
        &["oct", "okt", "out", "ott", "paź", "окт", "жов", "οκτ"],
        &["nov", "lis", "ноя", "лис", "νοέ", "νοε"],
        &["dec", "déc", "dez", "dic", "gru", "дек", "гру", "δεκ"],
    ];
    MONTHS.iter().position(|names| names.iter().any(|name| word.starts_with(name))).map(|at| at as u32 + 1)
}
