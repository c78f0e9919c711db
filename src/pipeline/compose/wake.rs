//! Pauses with a last day end by themselves, before the first run after it is planned.

use chrono::{DateTime, Utc};
use tracing::info;

use crate::pipeline::{Error, Line};
use crate::store::holdings;
use crate::store::run::Run;

/// Readers woken in one transaction.
const AT_ONCE: i64 = 500;

/// Ends the pauses of this run's readers that were to end before its day. They catch up in this very run.
pub(super) async fn wake(line: &Line, run: &Run, now: DateTime<Utc>) -> Result<(), Error> {
    let day = run.period.date();
    let (mut last, mut woken) = (0, 0);
    loop {
        let mut tx = line.store.begin().await?;
        let readers = holdings::waking(&mut tx, run.slot, day, last, AT_ONCE).await?;
        let Some(&last_of_these) = readers.last() else {
            tx.rollback().await?;
            break;
        };
        holdings::change(&mut tx, &readers, now, |holdings, ground| holdings.wake(day, ground)).await?;
        tx.commit().await?;
        last = last_of_these;
        woken += readers.len();
    }
    if woken > 0 {
        info!(run = run.id, woken, "the pauses of {woken} readers have ended");
    }
    Ok(())
}
