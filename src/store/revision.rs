//! Placeholder until merged.
use super::{Error, Tx};
use chrono::{DateTime, Utc};
#[derive(Debug, Default)]
pub struct Revised {
    pub changed: usize,
    pub cancelled: usize,
    pub taken_out: bool,
}
pub async fn leave_out(
    _tx: &mut Tx,
    _s: i64,
    _d: &[i64],
    _h: &[i64],
    _r: &[i64],
    _why: &'static str,
    _now: DateTime<Utc>,
) -> Result<Revised, Error> {
    Ok(Revised::default())
}
