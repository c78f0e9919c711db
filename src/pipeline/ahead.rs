//! After the clock was set back: what waits for a time farther ahead than any of our own settings can name is due now.
//! (Composing sees to the next runs itself: a slot's next firing is counted anew each time.)

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Error, Line};
use crate::store::ahead;

/// Rows in one transaction.
const AT_ONCE: i64 = 5000;
/// The longest that a feed or its host may ask us to stay away (`Retry-After`, `max-age`).
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A mail that is ready waits for a relay that was at fault, and no longer.
const READY: Duration = Duration::from_secs(2 * 60);

/// How many feeds, mails and filings were set right.
pub async fn run(line: &Line, now: DateTime<Utc>) -> Result<u64, Error> {
    let (collect, delivery) = (&line.config.collect, &line.config.delivery);
    // Checks are spread by a tenth.
    let longest_check = collect.max_interval.max(A_DAY).mul_f64(1.2);
    let longest_retry = delivery.retry.iter().max().copied().unwrap_or_default() + READY;

    let mut tx = line.store.begin().await?;
    let mut set_right = ahead::feeds(&mut tx, after(now, longest_check), now).await?;
    set_right += ahead::held_back(&mut tx, after(now, collect.hold_back)).await?;
    tx.commit().await?;
    loop {
        let mut tx = line.store.begin().await?;
        let mut some = ahead::ready(&mut tx, after(now, READY), AT_ONCE, now).await?;
        some += ahead::put_off(&mut tx, after(now, longest_retry), AT_ONCE, now).await?;
        tx.commit().await?;
        set_right += some;
        if some == 0 {
            return Ok(set_right);
        }
        line.store.let_others_in().await;
    }
}

fn after(now: DateTime<Utc>, length: Duration) -> DateTime<Utc> {
    let length = TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(length).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
