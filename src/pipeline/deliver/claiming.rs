//! Claims what is due, makes messages of it and puts them where the connections take them; as many connections as there is
//! work for.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::error::{SendTimeoutError, TrySendError};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};
use tracing::error;

use super::connection::{Connection, Source};
use super::outbox::Outbox;
use super::press::Press;
use super::signing::{Desk, signed};
use super::{Parcel, Shared, held};
use crate::pipeline::Error;
use crate::store::claim::{Claimed, Lanes};
use crate::store::delivery::Kind;

/// Digests claimed at once.
const BATCH: i64 = 200;
/// While digests are on their way, whoever waits for an answer is looked for so often.
const ANSWERS: Duration = Duration::from_secs(1);

pub(super) struct Claimer {
    shared: Arc<Shared>,
    press: Press,
    /// None: no more digests come.
    desk: Option<Desk>,
    answers: mpsc::Sender<Parcel>,
    source: Source,
    connections: JoinSet<()>,
    signers: JoinSet<()>,
}

impl Claimer {
    pub async fn open(shared: &Arc<Shared>) -> Result<Self, Error> {
        let most = shared.line.config.relay.connections;
        let (slots, outbox) = Outbox::open(&shared.line.traffic, most, &shared.halt);
        let mut signers = JoinSet::new();
        Ok(Self {
            press: Press::open(&shared.line).await?,
            desk: Some(Desk::open(shared, slots.digests, &mut signers)),
            answers: slots.answers,
            source: Source { outbox: Arc::new(Mutex::new(outbox)), back: slots.back },
            connections: JoinSet::new(),
            signers,
            shared: Arc::clone(shared),
        })
    }

    /// Until nothing is due, and what is in hand has come to its end. That it does, whatever breaks off.
    pub async fn work(mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let worked = self.claim_all(now).await;
        if worked.is_err() {
            self.shared.halt.cancel();
        }
        // Nothing is in hand now, or all of it comes back.
        self.desk = None;
        self.wind_up().await;
        worked
    }

    /// Goes on while the last messages wait for their answers: what falls due meanwhile would wait for minutes for one that
    /// is not answered.
    async fn claim_all(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let (halt, in_hand) = (self.shared.halt.clone(), self.press.in_hand.clone());
        loop {
            self.claim_what_is_due(now).await?;
            self.see_to_connections();
            tokio::select! {
                () = halt.cancelled() => return Ok(()),
                () = in_hand.wait() => return Ok(()),
                () = sleep(ANSWERS) => {}
            }
        }
    }

    async fn claim_what_is_due(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        while self.may_go_on().await? {
            let batch = self.shared.claim(&mut self.press, BATCH, Lanes::All, now).await?;
            if batch.is_empty() {
                break;
            }
            for claimed in batch {
                self.put(claimed, now).await?;
            }
        }
        Ok(())
    }

    /// Connections end, and signers do.
    async fn wind_up(&mut self) {
        let mut look = interval(ANSWERS);
        loop {
            tokio::select! {
                done = self.connections.join_next() => match done {
                    Some(done) => tell("a connection's", done),
                    None => break,
                },
                // What one gave back when the others had ended already.
                _ = look.tick() => self.see_to_connections(),
            }
        }
        // What came when the last connection had gone. If all of them broke off it is much, and signers wait for room.
        let mut outbox = self.source.outbox.lock().await;
        while let Some(left) = outbox.left().await {
            self.shared.release(left.claimed.id).await;
        }
        while let Some(done) = self.signers.join_next().await {
            tell("a signer's", done);
        }
    }

    /// Whoever has written to us waits for no digest. No more than there is room for.
    async fn claim_answers(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let room = i64::try_from(self.answers.capacity()).unwrap_or(BATCH);
        if room > 0 && self.may_go_on().await? {
            for claimed in self.shared.claim(&mut self.press, room, Lanes::Answers, now).await? {
                self.put_answer(claimed, now).await?;
            }
        }
        Ok(())
    }

    async fn may_go_on(&self) -> Result<bool, Error> {
        Ok(!self.shared.is_stopping() && held(&self.shared.line).await?.is_none())
    }

    async fn put(&mut self, claimed: Claimed, now: DateTime<Utc>) -> Result<(), Error> {
        if claimed.kind != Kind::Digest {
            return self.put_answer(claimed, now).await;
        }
        let Some(parcel) = self.made(claimed, now).await? else { return Ok(()) };
        let id = parcel.claimed.id;
        let mut parcel = *parcel;
        while let Some(entry) = self.desk.as_ref().map(Desk::entry) {
            match entry.try_send(parcel) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Closed(_)) => break,
                Err(TrySendError::Full(back)) => parcel = back,
            }
            let room = room_for_many(entry.clone());
            tokio::select! {
                () = room => {}
                () = sleep(ANSWERS) => {
                    self.see_to_connections();
                    self.claim_answers(now).await?;
                }
            }
        }
        self.shared.release(id).await;
        Ok(())
    }

    async fn put_answer(&mut self, claimed: Claimed, now: DateTime<Utc>) -> Result<(), Error> {
        let Some(parcel) = self.made(claimed, now).await? else { return Ok(()) };
        let (id, date, parcel) = (parcel.claimed.id, parcel.date(), *parcel);
        match signed(&self.shared.line, parcel.message, date).await {
            Ok(message) => {
                if self.put_among_answers(Parcel { message, ..parcel }).await {
                    return Ok(());
                }
            }
            Err(why) => self.shared.relay_fault(why).await,
        }
        self.shared.release(id).await;
        Ok(())
    }

    /// Waits until there is room. False: nobody takes it any more.
    async fn put_among_answers(&mut self, mut parcel: Parcel) -> bool {
        loop {
            match self.answers.send_timeout(parcel, ANSWERS).await {
                Ok(()) => return true,
                Err(SendTimeoutError::Closed(_)) => return false,
                Err(SendTimeoutError::Timeout(back)) => parcel = back,
            }
            self.see_to_connections();
        }
    }

    /// The message, and a connection for it. None: it has come to its end here.
    async fn made(&mut self, claimed: Claimed, now: DateTime<Utc>) -> Result<Option<Box<Parcel>>, Error> {
        if self.shared.is_stopping() {
            self.shared.release(claimed.id).await;
            return Ok(None);
        }
        let made = self.shared.pressed(&mut self.press, claimed, now).await?;
        let busy = self.connections.is_empty() || self.desk.as_ref().is_some_and(Desk::is_busy);
        if made.is_some() && busy && self.has_room() {
            self.connect();
        }
        Ok(made)
    }

    fn has_room(&self) -> bool {
        self.connections.len() < self.shared.line.config.relay.connections
    }

    fn connect(&mut self) {
        let carries = Connection::new(&self.shared).carry(self.source.clone());
        self.connections.spawn_on(carries, self.shared.thread.handle());
    }

    /// One more, if something lies there that those that are left do not take: they wait for answers, or have broken off.
    fn see_to_connections(&mut self) {
        while let Some(done) = self.connections.try_join_next() {
            tell("a connection's", done);
        }
        let nobody_takes_it = self.connections.is_empty() && !self.press.in_hand.is_empty();
        if (nobody_takes_it || self.something_waits()) && self.has_room() {
            self.connect();
        }
    }

    fn something_waits(&self) -> bool {
        let lies_in = |slot: &mpsc::Sender<Parcel>| slot.capacity() < slot.max_capacity();
        lies_in(&self.source.back) || lies_in(&self.answers) || self.desk.as_ref().is_some_and(Desk::is_busy)
    }
}

/// The relay was at fault when it was asked last: one message shows how it stands, while all others wait.
pub(super) async fn try_one(shared: &Arc<Shared>, now: DateTime<Utc>) -> Result<(), Error> {
    let line = &shared.line;
    let mut press = Press::open(line).await?;
    let mut connection = Connection::new(shared);
    // What is captured says nothing of the relay, nor does what ends before it comes to it.
    while line.breaker.is_open() && !shared.is_stopping() && held(line).await?.is_none() {
        let Some(claimed) = shared.claim(&mut press, 1, Lanes::All, now).await?.pop() else { break };
        let id = claimed.id;
        let Some(parcel) = shared.pressed(&mut press, claimed, now).await? else { continue };
        let (date, parcel) = (parcel.date(), *parcel);
        match signed(line, parcel.message, date).await {
            Ok(message) => {
                let captured = parcel.captured;
                connection.deliver(&Parcel { message, ..parcel }, None).await;
                if !captured && line.breaker.is_open() && !shared.is_stopping() {
                    shared.relay_fault("it takes messages and does not answer".to_owned()).await;
                }
            }
            Err(why) => {
                shared.relay_fault(why).await;
                shared.release(id).await;
            }
        }
    }
    connection.quit().await;
    Ok(())
}

/// Comes back when half of the places are free: a claimer that is woken for each of them changes threads each time.
async fn room_for_many(entry: mpsc::Sender<Parcel>) {
    // If nobody takes any more, the next try says so.
    let _ = entry.reserve_many(entry.max_capacity().div_ceil(2)).await;
}

fn tell(whose: &str, done: Result<(), tokio::task::JoinError>) {
    if let Err(broken) = done {
        error!("{whose} task broke off; what it had in hand is in doubt or ready again: {broken}");
    }
}
