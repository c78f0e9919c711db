//! A source file, as far as it takes to find the words in it: its literals, and the rest without them.

use std::path::Path;

/// What begins the words of an error; each goes to where its bracket closes, but a `let` to its semicolon.
const BEGINNINGS: [&str; 9] =
    ["#[error(", "Failure::new(", "bail!(", "anyhow!(", "context(", "let message =", "let next =", ".then(", " then("];

pub struct Source {
    /// The same length as the file, with blanks for literals and comments.
    code: Vec<u8>,
    literals: Vec<Literal>,
}

pub struct Literal {
    at: usize,
    pub line: usize,
    pub text: String,
}

impl Source {
    pub fn read(file: &Path) -> Self {
        Self::of(&std::fs::read_to_string(file).unwrap())
    }

    pub fn of(text: &str) -> Self {
        let mut source = Self { code: text.as_bytes().to_vec(), literals: Vec::new() };
        let mut at = 0;
        while at < text.len() {
            at = source.piece(text, at);
        }
        source
    }

    /// Takes what begins at `at`; gives where it ends.
    fn piece(&mut self, text: &str, at: usize) -> usize {
        let rest = &text[at..];
        let inside_word = text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if !inside_word && (rest.starts_with("r\"") || rest.starts_with("r#")) {
            match raw(rest) {
                Some((value, length)) => {
                    self.keep(text, at, value.to_owned());
                    length
                }
                None => return at + 1,
            }
        } else if rest.starts_with('"') {
            let length = quoted(rest);
            self.keep(text, at, unescaped(&rest[1..length - 1]));
            length
        } else if rest.starts_with('\'') {
            match character(rest) {
                Some(length) => length,
                None => return at + 1,
            }
        } else {
            return at + rest.chars().next().map_or(1, char::len_utf8);
        };
        self.code[at..at + length].fill(b' ');
        at + length
    }

    fn keep(&mut self, text: &str, at: usize, value: String) {
        let line = text[..at].matches('\n').count() + 1;
        self.literals.push(Literal { at, line, text: value });
    }

    /// What comes before a module of tests.
    pub fn without_tests(mut self) -> Self {
        if let Some(end) = find(&self.code, "#[cfg(test)]\nmod tests {", 0) {
            self.code.truncate(end);
            self.literals.retain(|literal| literal.at < end);
        }
        self
    }

    /// The literals that words of errors are made of.
    pub fn errors(&self) -> Vec<&Literal> {
        let of_commands = find(&self.code, "Failure", 0).is_some();
        let mut found: Vec<&Literal> = Vec::new();
        for beginning in BEGINNINGS {
            let mut from = 0;
            while let Some(at) = find(&self.code, beginning, from) {
                from = at + beginning.len();
                // Many things have a message, or a next one.
                let of_commands_only = beginning.starts_with("let ") || beginning.ends_with("then(");
                if of_commands_only && !of_commands {
                    continue;
                }
                let end = if beginning.ends_with('(') { self.closing(from) } else { self.semicolon(from) };
                let inside = self.literals.iter().filter(|literal| (from..end).contains(&literal.at));
                // What follows the words of a type is what stands in their places.
                let most = if beginning == "#[error(" { 1 } else { usize::MAX };
                found.extend(inside.take(most));
            }
        }
        found.sort_by_key(|literal| literal.at);
        found.dedup_by_key(|literal| literal.at);
        found.retain(|literal| !literal.text.starts_with('%'));
        found.retain(|literal| {
            super::shown::pieces(&literal.text).iter().any(|piece| piece.contains(char::is_alphabetic))
        });
        found
    }

    /// The snapshots that stand in the file.
    pub fn snapshots(&self) -> impl Iterator<Item = &str> {
        let inline = |literal: &&Literal| {
            let before = &self.code[..literal.at];
            before.ends_with(b"@")
        };
        self.literals.iter().filter(inline).map(|literal| literal.text.as_str())
    }

    fn closing(&self, from: usize) -> usize {
        let mut depth = 1;
        for (at, byte) in self.code.iter().enumerate().skip(from) {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at;
            }
        }
        self.code.len()
    }

    fn semicolon(&self, from: usize) -> usize {
        let mut depth = 0;
        for (at, byte) in self.code.iter().enumerate().skip(from) {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth -= 1,
                b';' if depth == 0 => return at,
                _ => {}
            }
        }
        self.code.len()
    }
}

fn find(code: &[u8], words: &str, from: usize) -> Option<usize> {
    code[from..].windows(words.len()).position(|there| there == words.as_bytes()).map(|at| from + at)
}

/// `r#"…"#`: what is in it, and how long it is.
fn raw(rest: &str) -> Option<(&str, usize)> {
    let marks = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
    let inside = rest[1 + marks..].strip_prefix('"')?;
    let end = inside.find(&format!("\"{}", "#".repeat(marks)))?;
    Some((&inside[..end], 2 + marks + end + 1 + marks))
}

/// How long the literal at the beginning is.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    panic!("a literal has no end: {rest}")
}

/// How long the character at the beginning is; None: it is a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut inside = rest[1..].char_indices();
    let (_, first) = inside.next()?;
    if first == '\\' {
        return rest[3..].find('\'').map(|end| 3 + end + 1);
    }
    inside.next().filter(|(_, second)| *second == '\'').map(|(at, _)| 1 + at + 1)
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut left = text.chars().peekable();
    while let Some(c) = left.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match left.next() {
            // It goes on in the next line.
            Some('\n') => while left.next_if(|c| c.is_whitespace()).is_some() {},
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[test]
fn the_words_of_errors_are_found() {
    let text = r##"
        /// "not this" {
        #[error("{url} answered {status}, {}", "and \"not\" this")]
        fn f<'a>(c: char) {
            let message = match c { '"' => "one".to_owned(), _ => format!(r#"two "{c}""#) };
            Err(Failure::new(Exit::Usage, message).then("three \
                four"))
        }
    "##;
    let source = Source::of(text);
    let found: Vec<_> = source.errors().into_iter().map(|literal| (literal.line, literal.text.as_str())).collect();
    assert_eq!(found, [(3, "{url} answered {status}, {}"), (5, "one"), (5, "two \"{c}\""), (6, "three four")]);
}
