//! Whether a stage has had its turn: nobody is told of a run that is not made, or of mail that does not go, before those
//! who see to it have looked once.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A stage that takes longer has something to do, or cannot: then one looks all the same.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Compose,
    Deliver,
}

/// When the turn of each began that ended last. Clones share it.
#[derive(Debug, Clone)]
pub struct Turns(watch::Sender<[Option<Instant>; 2]>);

impl Default for Turns {
    fn default() -> Self {
        Self(watch::Sender::new([None; 2]))
    }
}

pub struct Turn<'a> {
    turns: &'a Turns,
    stage: Stage,
    began: Instant,
}

impl Turns {
    pub fn begin(&self, stage: Stage) -> Turn<'_> {
        Turn { turns: self, stage, began: Instant::now() }
    }

    /// Waits until each has had a turn that began after `asked`; for a minute at most, or until everything stops.
    pub async fn of_each(&self, asked: Instant, stopping: &CancellationToken) {
        let mut turns = self.0.subscribe();
        let all = turns.wait_for(|last| last.iter().all(|began| began.is_some_and(|began| began >= asked)));
        tokio::select! {
            _ = all => {}
            () = tokio::time::sleep(PATIENCE) => {}
            () = stopping.cancelled() => {}
        }
    }
}

impl Turn<'_> {
    pub fn ends(self) {
        self.turns.0.send_modify(|last| last[self.stage as usize] = Some(self.began));
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_turn_that_had_begun_before_does_not_count() {
        let (turns, stopping) = (Turns::default(), CancellationToken::new());
        let early = turns.begin(Stage::Compose);
        // The clock must have gone on.
        while early.began == Instant::now() {}
        let mut waits = pin!(turns.of_each(Instant::now(), &stopping));
        assert!((&mut waits).now_or_never().is_none());
        early.ends();
        turns.begin(Stage::Deliver).ends();
        assert!((&mut waits).now_or_never().is_none());
        turns.begin(Stage::Compose).ends();
        assert!((&mut waits).now_or_never().is_some());

        let mut waits = pin!(turns.of_each(Instant::now(), &stopping));
        assert!((&mut waits).now_or_never().is_none(), "another turn of each is wanted");
        stopping.cancel();
        assert!((&mut waits).now_or_never().is_some());
    }
}
