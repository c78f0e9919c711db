//! How the relay takes our mail, as the stage that delivers finds it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::model::trouble::RelayLook;
use crate::pipeline::deliver::Delivered;

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
        let answered = done.sent - done.captured + done.deferred + done.refused;
        match &done.relay_fault {
            Some(why) => state.look = RelayLook::Refuses(why.clone()),
            None if answered > 0 => state.look = RelayLook::Takes,
            None => {}
        }
    }

    /// How it takes our mail, and whether mail was accepted since somebody asked last.
    pub fn look(&self) -> (RelayLook, bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (state.look.clone(), std::mem::take(&mut state.accepted))
    }
}
