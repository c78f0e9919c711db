//! Tells each step of the demo, with the time that it took, on standard error.

use std::time::{Duration, Instant};

use crate::cli::output::Output;

pub struct Teller<'a> {
    output: &'a Output,
    began: Instant,
    step_began: Instant,
}

impl<'a> Teller<'a> {
    pub fn new(output: &'a Output) -> Self {
        let now = Instant::now();
        Self { output, began: now, step_began: now }
    }

    /// What was done since the last step.
    pub fn step(&mut self, text: &str) {
        self.step_until(text, Instant::now());
    }

    /// A step begins now; what passed before it was somebody else's time.
    pub fn begin_step(&mut self) {
        self.step_began = Instant::now();
    }

    /// What was done from the last step until then; what came after belongs to the next.
    pub fn step_until(&mut self, text: &str, end: Instant) {
        let took = end.duration_since(self.step_began).as_secs_f64();
        self.output.say(&format!("{took:>6.2} s  {text}"));
        self.step_began = end;
    }

    /// Something more about the step before.
    pub fn more(&self, text: &str) {
        self.output.say(&format!("{:>10}{text}", ""));
    }

    pub fn plain(&self, text: &str) {
        self.output.say(text);
    }

    pub fn all(&self) -> Duration {
        self.began.elapsed()
    }
}
