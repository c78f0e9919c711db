//! What cannot be taken back, or is much, wants a yes.

use std::io::{BufRead, IsTerminal, Write};

use super::global::Global;

/// Asks on the terminal. False: nobody is there, or it is another word.
pub fn said(question: &str, global: &Global) -> std::io::Result<bool> {
    if global.no_input || !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    write!(std::io::stderr(), "{question} Type yes: ")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
