//! How the relay takes our mail, as the stage that delivers finds it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::model::trouble::RelayLook;
use crate::pipeline::deliver::Delivered;
use crate::pipeline::troubles;

/// Clones share it.
#[derive(Debug, Clone, Default)]
pub struct RelayState(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    look: RelayLook,
    accepted: bool,
}

impl RelayState {
    /// After a run of deliveries. One that offered the relay nothing says nothing of it.
    pub fn learn(&self, done: &Delivered) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.accepted |= done.sent > 0;
        match troubles::look_of(done) {
            RelayLook::Unknown => {}
            known => state.look = known,
        }
    }

    /// How it takes our mail, and whether mail was accepted since somebody asked last.
    pub fn look(&self) -> (RelayLook, bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (state.look.clone(), std::mem::take(&mut state.accepted))
    }
}
