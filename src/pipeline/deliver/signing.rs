//! Between the press and the connections: every message gets its signature.
//!
//! RSA takes some 0.3 ms of a core for a message, which is more than all the rest of it. So it is done ahead, on threads
//! of its own, one for each core: no session waits for another's signature, and the runtime's threads stay free.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};

use super::{Parcel, Shared};
use crate::mail::message::Message;
use crate::mail::sign::Signer;
use crate::model::words::with_causes;
use crate::pipeline::Line;

/// Parcels that wait for each signer …
const AHEAD: usize = 8;
/// … and that it takes at once: to wait for each of them would be a change of threads each time.
const AT_ONCE: usize = 4;

/// Where parcels are put for the connections; on the way they are signed, if we sign.
pub(super) struct Desk {
    /// To the signers, or straight to the connections.
    entry: mpsc::Sender<Parcel>,
    signed: mpsc::Sender<Parcel>,
}

impl Desk {
    /// The signers end when the desk is dropped and what lies on it is signed; `tasks` has them.
    pub fn open(shared: &Arc<Shared>, signed: mpsc::Sender<Parcel>, tasks: &mut JoinSet<()>) -> Self {
        let Some(signer) = &shared.line.signer else { return Self { entry: signed.clone(), signed } };
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let (entry, unsigned) = mpsc::channel(AHEAD * threads);
        let unsigned = Arc::new(Mutex::new(unsigned));
        for _ in 0..threads {
            let (shared, signer) = (Arc::clone(shared), Arc::clone(signer));
            let (unsigned, signed) = (Arc::clone(&unsigned), signed.clone());
            tasks.spawn_blocking(move || sign_all(&shared, &signer, &unsigned, &signed));
        }
        Self { entry, signed }
    }

    /// Whether parcels lie here that a connection could take. Where signing is what takes time, more connections would only
    /// wait beside each other.
    pub fn is_busy(&self) -> bool {
        self.signed.capacity() < self.signed.max_capacity()
    }

    /// Where a message is put in.
    pub fn entry(&self) -> &mpsc::Sender<Parcel> {
        &self.entry
    }
}

/// What cannot be signed does not leave: everything goes back, and nobody is charged.
fn sign_all(shared: &Shared, signer: &Signer, unsigned: &Mutex<mpsc::Receiver<Parcel>>, signed: &mpsc::Sender<Parcel>) {
    let mut some = Vec::with_capacity(AT_ONCE);
    let take = |some: &mut Vec<Parcel>| {
        unsigned.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv_many(some, AT_ONCE) > 0
    };
    while take(&mut some) {
        for parcel in some.drain(..) {
            let (id, date) = (parcel.claimed.id, parcel.date());
            let back = match signer.signed(parcel.message, date) {
                Ok(message) => signed.blocking_send(Parcel { message, ..parcel }).is_err(),
                Err(error) => {
                    Handle::current().block_on(shared.relay_fault(with_causes(&error)));
                    true
                }
            };
            if back {
                Handle::current().block_on(shared.release(id));
            }
        }
    }
}

/// A single message, as it leaves. In words, why it cannot be signed.
pub(super) async fn signed(line: &Line, message: Message, at: DateTime<Utc>) -> Result<Message, String> {
    let Some(signer) = line.signer.clone() else { return Ok(message) };
    let signing = spawn_blocking(move || signer.signed(message, at).map_err(|error| with_causes(&error)));
    signing.await.map_err(|broken| with_causes(&broken))?
}
