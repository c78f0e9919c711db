//! Questions on a terminal: the default in brackets, the answer checked at once.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::Context;

use crate::cli::exit::{Exit, Failure};
use crate::cli::global::Global;

pub struct Question<T> {
    pub words: &'static str,
    /// What nothing but Enter means, as it is shown.
    pub shown: String,
    pub default: T,
    pub read: fn(&str) -> Result<T, String>,
}

/// Who answers.
pub enum Asker<I, O> {
    Person {
        input: I,
        out: O,
    },
    /// A script: what it does not say takes its default.
    Nobody,
}

impl Asker<io::StdinLock<'static>, io::Stderr> {
    pub fn of(global: &Global) -> Self {
        if global.no_input || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Self::Nobody;
        }
        Self::Person { input: io::stdin().lock(), out: io::stderr() }
    }
}

impl<I: BufRead, O: Write> Asker<I, O> {
    /// What was given already, else what is answered, else the default.
    pub fn missing<T>(&mut self, given: Option<T>, question: Question<T>) -> anyhow::Result<T> {
        match (given, self) {
            (Some(given), _) => Ok(given),
            (None, Self::Nobody) => Ok(question.default),
            (None, Self::Person { input, out }) => ask(input, out, question),
        }
    }
}

fn ask<T>(input: &mut impl BufRead, out: &mut impl Write, question: Question<T>) -> anyhow::Result<T> {
    loop {
        write!(out, "{} [{}]: ", question.words, question.shown)?;
        out.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line).context("could not read the answer")? == 0 {
            return Err(Failure::new(Exit::Interrupted, "no answer came, so nothing was written")
                .then("each question is a flag as well (`tidings init --help`); --no-input takes what stands in the brackets")
                .into());
        }
        match line.trim() {
            "" => return Ok(question.default),
            typed => match (question.read)(typed) {
                Ok(answer) => return Ok(answer),
                Err(why) => writeln!(out, "  {why}")?,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(typed: &str) -> (anyhow::Result<u8>, String) {
        let mut out = Vec::new();
        let mut asker = Asker::Person { input: typed.as_bytes(), out: &mut out };
        let read = |typed: &str| typed.parse::<u8>().map_err(|_| format!("`{typed}` is no hour"));
        let question = Question { words: "Hour", shown: "8".into(), default: 8, read };
        let answer = asker.missing(None, question);
        (answer, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_wrong_answer_is_asked_again_and_nothing_means_the_default() {
        let (answer, shown) = answered("noon\n20\n");
        assert_eq!((answer.unwrap(), shown.as_str()), (20, "Hour [8]:   `noon` is no hour\nHour [8]: "));
        assert_eq!(answered("\n").0.unwrap(), 8);
        assert_eq!(crate::cli::exit::of(&answered("").0.unwrap_err()), Exit::Interrupted);
    }
}
