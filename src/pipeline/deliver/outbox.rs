//! What is ready to be handed over, in the order in which connections take it: answers to a person first, then digests,
//! and nobody's faster than the relay and their domain take them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use super::Parcel;
use super::traffic::{Leave, Traffic};
use crate::model::address::Address;
use crate::model::throttle::Turn;
use crate::store::delivery::Kind;

/// Digests that lie here, whole: enough for all connections while the next batch is made.
const DIGESTS: usize = 100;
const ANSWERS: usize = 50;
/// Mails for domains that take no more now wait here, if it is for so long at most …
const A_MOMENT: Duration = Duration::from_secs(3);
/// … and if they are no more than so many.
const WAITING: usize = 200;

/// Where parcels are put.
pub struct Slots {
    pub answers: Sender<Parcel>,
    pub digests: Sender<Parcel>,
    /// By connections that cannot carry what they have taken.
    pub back: Sender<Parcel>,
}

pub struct Outbox {
    arriving: Arriving,
    /// It is not their domain's turn.
    waiting: VecDeque<Parcel>,
    traffic: Traffic,
    /// Nothing more is handed over: everything comes out at once, to be given back.
    halt: CancellationToken,
}

struct Arriving {
    back: Receiver<Parcel>,
    answers: Receiver<Parcel>,
    digests: Receiver<Parcel>,
}

/// What comes out.
pub enum Next {
    /// Its turn has come.
    Parcel(Parcel, Option<Leave>),
    /// It would wait here for too long, and is to come back later.
    TooEarly(Parcel, Duration),
}

impl Next {
    /// From whom it goes to whom, if it goes and to the same server.
    pub fn envelope(&self, captured: bool) -> Option<(&str, &Address)> {
        match self {
            Self::Parcel(parcel, _) if parcel.captured == captured => Some((&parcel.envelope_from, &parcel.to)),
            _ => None,
        }
    }
}

impl Outbox {
    /// `connections`: how many there are at most.
    pub fn open(traffic: &Traffic, connections: usize, halt: &CancellationToken) -> (Slots, Self) {
        let (answers, from_answers) = mpsc::channel(ANSWERS);
        let (digests, from_digests) = mpsc::channel(DIGESTS);
        let (back, from_back) = mpsc::channel(connections);
        let outbox = Self {
            arriving: Arriving { back: from_back, answers: from_answers, digests: from_digests },
            waiting: VecDeque::new(),
            traffic: traffic.clone(),
            halt: halt.clone(),
        };
        (Slots { answers, digests, back }, outbox)
    }

    /// None: there is nothing more, and no more digests come.
    pub async fn next(&mut self) -> Option<Next> {
        while !self.halt.is_cancelled() {
            match self.traffic.of_relay() {
                Turn::Now => {}
                turn => {
                    self.wait_for(turn).await;
                    continue;
                }
            }
            if let Some(ripe) = self.ripe() {
                return Some(ripe);
            }
            let (halt, traffic, wakes) = (self.halt.clone(), self.traffic.clone(), self.first_turn());
            let parcel = tokio::select! {
                biased;
                () = halt.cancelled() => break,
                parcel = self.arriving.next() => parcel,
                () = another(&traffic, wakes), if wakes.is_some() => continue,
            };
            match parcel.map(|parcel| self.sort(parcel)) {
                Some(None) => {}
                Some(next) => return next,
                None => return None,
            }
        }
        Some(Next::Parcel(self.left().await?, None))
    }

    /// Whatever the turn, of what does not go any more. None: there is nothing more, and no more digests come.
    pub async fn left(&mut self) -> Option<Parcel> {
        match self.waiting.pop_front() {
            None => self.arriving.next().await,
            waiting => waiting,
        }
    }

    /// The next, if it can go at once; nobody waits for it.
    pub fn at_hand(&mut self) -> Option<Next> {
        if self.halt.is_cancelled() || self.traffic.of_relay() != Turn::Now {
            return None;
        }
        if let Some(ripe) = self.ripe() {
            return Some(ripe);
        }
        loop {
            let parcel = self.arriving.at_hand()?;
            if let Some(next) = self.sort(parcel) {
                return Some(next);
            }
        }
    }

    async fn wait_for(&self, turn: Turn) {
        tokio::select! {
            () = self.halt.cancelled() => {}
            () = another(&self.traffic, Some(turn)) => {}
        }
    }

    fn ripe(&mut self) -> Option<Next> {
        let ripe = self.waiting.iter().position(|parcel| self.traffic.of_domain(parcel.to.domain()) == Turn::Now)?;
        let parcel = self.waiting.remove(ripe)?;
        Some(self.goes(parcel))
    }

    fn sort(&mut self, parcel: Parcel) -> Option<Next> {
        // The mailbox inside takes everything.
        if parcel.captured {
            return Some(Next::Parcel(parcel, None));
        }
        let domain = parcel.to.domain();
        if self.traffic.of_domain(domain) == Turn::Now {
            return Some(self.goes(parcel));
        }
        // An answer comes before its domain's digests here, too.
        let is_answer = parcel.claimed.kind != Kind::Digest;
        let ahead = match is_answer {
            true => 0,
            false => self.waiting.iter().filter(|waiting| waiting.to.domain() == domain).count(),
        };
        if self.waiting.len() == WAITING || self.traffic.wait(domain, ahead) > A_MOMENT {
            let wait = self.traffic.put_off(domain, ahead);
            return Some(Next::TooEarly(parcel, wait));
        }
        if is_answer {
            self.waiting.push_front(parcel);
        } else {
            self.waiting.push_back(parcel);
        }
        None
    }

    fn goes(&self, parcel: Parcel) -> Next {
        let leave = self.traffic.enter(parcel.to.domain());
        Next::Parcel(parcel, Some(leave))
    }

    /// Of those that wait: whose comes first. None: none waits.
    fn first_turn(&self) -> Option<Turn> {
        let mut first = None;
        for parcel in &self.waiting {
            match (self.traffic.of_domain(parcel.to.domain()), first) {
                (Turn::Now, _) => return Some(Turn::Now),
                (Turn::At(then), Some(Turn::At(before))) if before <= then => {}
                (Turn::At(then), _) => first = Some(Turn::At(then)),
                (Turn::AfterAnother, None) => first = Some(Turn::AfterAnother),
                (Turn::AfterAnother, Some(_)) => {}
            }
        }
        first
    }
}

impl Arriving {
    /// The next: what was taken once already, then an answer. None: no more digests come, and nothing else is here.
    async fn next(&mut self) -> Option<Parcel> {
        let last = tokio::select! {
            biased;
            Some(back) = self.back.recv() => Some(back),
            Some(answer) = self.answers.recv() => Some(answer),
            digest = self.digests.recv() => digest,
        };
        last.or_else(|| self.at_hand())
    }

    fn at_hand(&mut self) -> Option<Parcel> {
        let first = self.back.try_recv().or_else(|_| self.answers.try_recv());
        first.or_else(|_| self.digests.try_recv()).ok()
    }
}

/// Comes back when it may be somebody's turn: at that time, or when one that was on its way has come to its end.
async fn another(traffic: &Traffic, turn: Option<Turn>) {
    let at = match turn {
        Some(Turn::At(then)) => Some(then),
        Some(Turn::Now) => Some(Instant::now()),
        Some(Turn::AfterAnother) | None => None,
    };
    tokio::select! {
        () = traffic.one_has_ended() => {}
        () = sleep_until(at.unwrap_or_else(Instant::now).into()), if at.is_some() => {}
    }
}
