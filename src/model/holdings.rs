//! What one reader holds, and what a change does to it. Pure: the store reads it, a function here changes it, the store
//! writes what became of it. Commands, pages, import and a new configuration all change it through here.
//!
//! A change carries the **bound**, the position up to which a subscription has been served, in `since`: into another
//! slot, across a pause, past a stop. So nothing is lost by it; that nothing comes twice is the ledger's business.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::choice::Held;
use super::edition::Format;
use super::language::Language;

/// What a reader can set about themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub language: Language,
    pub zone: Tz,
    /// In their zone, 0 to 23.
    pub hour: i64,
    pub format: Format,
}

/// One reader: their settings, regions and subscriptions, the ended ones too, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdings {
    pub subscriber: i64,
    pub settings: Settings,
    /// None: all.
    pub regions: Vec<i64>,
    /// The slots that they are in.
    pub enrolled: Vec<SlotKey>,
    /// The position of the last change of any subscription or choice.
    pub changed_at: i64,
    pub regions_changed_at: i64,
    pub subscriptions: Vec<Subscription>,
    /// There may be something of an unsent digest to fold in.
    pub fold: bool,
    /// Topics stopped or paused by the change at hand: what waits leaves their sections out.
    pub left: Vec<i64>,
}

/// Subscriber × topic, at a frequency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its row; none before it is written.
    pub id: Option<i64>,
    pub topic: i64,
    pub frequency: i64,
    pub state: State,
    /// The bound, where it is not the slot's.
    pub since: Option<i64>,
    /// What was filed up to here was never promised.
    pub starts: i64,
    /// Its place among the reader's topics; none: the configuration's.
    pub rank: Option<i64>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub start_reason: StartReason,
    pub pause: Option<Pause>,
    pub stop: Option<Stop>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Waits for the reader's confirmation.
    Pending,
    Active,
    Paused,
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// The last day of it, in the reader's zone; none: until they resume.
    pub until: Option<NaiveDate>,
    pub reason: PauseReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    pub at: DateTime<Utc>,
    pub reason: StopReason,
}

/// An enum that is kept and shown as one word.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($variant),+ }

        impl $name {
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            pub fn of_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    StartReason { Operator = "operator", Confirmed = "confirmed", Import = "import", StartAgain = "start-again", }
}
words! {
    PauseReason { Reader = "reader", Operator = "operator", Region = "region", }
}
words! {
    StopReason {
        Reader = "reader",
        OneClick = "one-click",
        Operator = "operator",
        Suppressed = "suppressed",
        Erased = "erased",
        Retired = "retired",
        Unconfirmed = "unconfirmed",
    }
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Ended => "ended",
        }
    }

    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Active, Self::Paused, Self::Ended].into_iter().find(|state| state.word() == word)
    }
}

/// Readers whose digest falls due at the same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlotKey {
    pub frequency: i64,
    pub zone: Tz,
    /// −1 where the frequency offers no choice.
    pub hour: i64,
}

/// How far a slot has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotState {
    /// The upper position of the last run begun.
    pub cutoff: i64,
    /// A run that is being planned: its lower position, and the last subscriber planned.
    pub planning: Option<(i64, i64)>,
}

/// What a change stands on.
#[derive(Debug, Clone, Default)]
pub struct Ground {
    pub now: DateTime<Utc>,
    /// Of the newest filing.
    pub position: i64,
    /// Frequencies, and whether each offers a choice of the hour.
    pub frequencies: HashMap<i64, bool>,
    /// Topics in the configuration's order.
    pub ranks: HashMap<i64, i64>,
    pub slots: HashMap<SlotKey, SlotState>,
    /// Topics and regions that the newsroom has given up, and the one that takes their readers over; none: it is over.
    pub retired_topics: HashMap<i64, Option<i64>>,
    /// And frequencies.
    pub retired_frequencies: HashMap<i64, Option<i64>>,
    /// What a reader gets who does not choose.
    pub usual_frequency: Option<i64>,
}

/// Subscriber × slot, derived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    pub slot: SlotKey,
    /// The active ones, in the reader's order.
    pub topics: Vec<Held>,
    /// The day after which the first of the reader's pauses here ends by itself.
    pub wakes_after: Option<NaiveDate>,
}

/// A wish for topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub topics: Vec<i64>,
    pub frequency: i64,
    pub reason: StartReason,
    /// Ask the reader first.
    pub pending: bool,
    /// Leave alone what the reader (or an operator) stopped.
    pub respects_stops: bool,
}

/// What came of it, by topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    pub added: Vec<i64>,
    /// Had already, left as they were.
    pub already: Vec<i64>,
    /// Waited for a confirmation, and are now active.
    pub started: Vec<i64>,
    /// Stopped once, and left so.
    pub stopped: Vec<i64>,
}

/// How a reader comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// With what they missed.
    CatchUp,
    /// With what is new from now on.
    FromNow,
}

impl SlotState {
    /// The position up to which this reader has been served here, unless a `since` of theirs says otherwise.
    pub fn bound_of(&self, subscriber: i64) -> i64 {
        match self.planning {
            Some((lower, through)) if subscriber > through => lower,
            _ => self.cutoff,
        }
    }
}

impl Ground {
    pub fn slot(&self, frequency: i64, settings: &Settings) -> SlotKey {
        let hour_choice = self.frequencies.get(&frequency).copied().unwrap_or(false);
        SlotKey { frequency, zone: settings.zone, hour: if hour_choice { settings.hour } else { -1 } }
    }

    fn bound_of(&self, subscriber: i64, slot: SlotKey) -> i64 {
        self.slots.get(&slot).map_or(self.position, |state| state.bound_of(subscriber))
    }

    /// The topic, or region, that stands for this one by now. None: it is over.
    pub fn topic_now(&self, topic: i64) -> Option<i64> {
        now_for(topic, &self.retired_topics)
    }

    fn frequency_now(&self, frequency: i64) -> Option<i64> {
        now_for(frequency, &self.retired_frequencies)
    }
}

/// Follows the line of successors to the one that is in force.
fn now_for(one: i64, retired: &HashMap<i64, Option<i64>>) -> Option<i64> {
    let mut last = one;
    // A line is no longer than the list; so a circle, which no text of ours makes, ends.
    for _ in 0..=retired.len() {
        match retired.get(&last) {
            None => return Some(last),
            Some(successor) => last = (*successor)?,
        }
    }
    None
}

impl Subscription {
    pub fn is_live(&self) -> bool {
        self.state != State::Ended
    }

    fn comes_back(&mut self, how: Return, ground: &Ground) {
        self.state = State::Active;
        self.pause = None;
        // One that was never confirmed has no bound: nothing was promised.
        if how == Return::FromNow || self.since.is_none() {
            self.since = Some(ground.position);
            self.starts = ground.position;
        }
    }
}

impl Holdings {
    /// Of somebody who has nothing yet.
    pub fn of_new(subscriber: i64, settings: Settings) -> Self {
        Self {
            subscriber,
            settings,
            regions: vec![],
            enrolled: vec![],
            changed_at: 0,
            regions_changed_at: -1,
            subscriptions: vec![],
            fold: false,
            left: vec![],
        }
    }

    pub fn live(&self) -> impl Iterator<Item = &Subscription> {
        self.subscriptions.iter().filter(|s| s.is_live())
    }

    pub fn is_gone(&self) -> bool {
        self.live().next().is_none()
    }

    /// Topics that come, in the reader's order, whatever the slot.
    pub fn active(&self, ground: &Ground) -> Vec<i64> {
        self.in_order(ground).into_iter().filter(|s| s.state == State::Active).map(|s| s.topic).collect()
    }

    fn in_order(&self, ground: &Ground) -> Vec<&Subscription> {
        let mut all: Vec<&Subscription> = self.live().collect();
        // One without a row yet comes after those that have one.
        all.sort_by_key(|s| {
            (s.rank.or(ground.ranks.get(&s.topic).copied()).unwrap_or(i64::MAX), s.id.unwrap_or(i64::MAX))
        });
        all
    }

    fn changed(&mut self, ground: &Ground) {
        self.changed_at = ground.position;
    }

    /// Sets `since` to the bound of every active subscription that `moves`.
    fn freeze(&mut self, ground: &Ground, moves: impl Fn(&Subscription) -> bool) {
        let (subscriber, settings, enrolled) = (self.subscriber, self.settings.clone(), self.enrolled.clone());
        for s in self.subscriptions.iter_mut().filter(|s| s.state == State::Active) {
            if s.since.is_none() && moves(s) {
                // Where they are, which the configuration may have changed since.
                let slot = enrolled.iter().find(|slot| slot.frequency == s.frequency).copied();
                let slot = slot.unwrap_or_else(|| ground.slot(s.frequency, &settings));
                s.since = Some(ground.bound_of(subscriber, slot));
            }
        }
    }

    /// Gives a subscription for each topic that the reader does not have.
    pub fn grant(&mut self, wanted: &Wanted, ground: &Ground) -> Given {
        let mut given = Given::default();
        let has_left = wanted.respects_stops && self.is_gone() && self.subscriptions.iter().any(was_stopped);
        for topic in wanted.topics.iter().filter_map(|topic| ground.topic_now(*topic)) {
            let last = self.subscriptions.iter_mut().rev().find(|s| s.topic == topic);
            match last {
                Some(s) if s.state == State::Pending && !wanted.pending => {
                    s.frequency = ground.frequency_now(wanted.frequency).unwrap_or(s.frequency);
                    start(s, ground);
                    given.started.push(topic);
                }
                Some(s) if s.is_live() => given.already.push(topic),
                Some(s) if wanted.respects_stops && was_stopped(s) => given.stopped.push(topic),
                _ if has_left => given.stopped.push(topic),
                _ => {
                    self.subscriptions.push(begun(topic, wanted, ground));
                    given.added.push(topic);
                }
            }
        }
        if !given.added.is_empty() || !given.started.is_empty() {
            self.changed(ground);
        }
        given
    }

    /// Makes what waits for the reader's word active. How many did.
    pub fn confirm(&mut self, ground: &Ground) -> usize {
        let mut started = 0;
        for s in self.subscriptions.iter_mut().filter(|s| s.state == State::Pending) {
            start(s, ground);
            started += 1;
        }
        if started > 0 {
            self.changed(ground);
        }
        started
    }

    /// Ends these topics; None: all. Which ended.
    pub fn stop(&mut self, topics: Option<&[i64]>, reason: StopReason, ground: &Ground) -> Vec<i64> {
        let concerned = |s: &Subscription| s.is_live() && of(topics, s);
        self.freeze(ground, concerned);
        let mut ended = Vec::new();
        for s in self.subscriptions.iter_mut().filter(|s| concerned(s)) {
            s.state = State::Ended;
            s.pause = None;
            s.stop = Some(Stop { at: ground.now, reason });
            ended.push(s.topic);
        }
        self.leaves(&ended, ground);
        ended
    }

    /// Pauses these topics; None: all. Which are paused now that were not, or otherwise.
    pub fn pause(&mut self, topics: Option<&[i64]>, pause: Pause, ground: &Ground) -> Vec<i64> {
        // Who has no region left has to choose first; another pause would let them out of that.
        let concerned = |s: &Subscription| match s.state {
            State::Active => of(topics, s),
            State::Paused => of(topics, s) && !waits_for_a_choice(s),
            State::Pending | State::Ended => false,
        };
        self.freeze(ground, concerned);
        let mut paused = Vec::new();
        for s in self.subscriptions.iter_mut().filter(|s| concerned(s) && s.pause != Some(pause)) {
            s.state = State::Paused;
            s.pause = Some(pause);
            paused.push(s.topic);
        }
        self.leaves(&paused, ground);
        paused
    }

    fn leaves(&mut self, topics: &[i64], ground: &Ground) {
        if !topics.is_empty() {
            self.left.extend(topics);
            self.changed(ground);
        }
    }

    /// Ends the pauses of these topics; None: all. Which. One that waits for a choice of regions goes on waiting.
    pub fn resume(&mut self, topics: Option<&[i64]>, how: Return, ground: &Ground) -> Vec<i64> {
        let concerned = |s: &Subscription| s.state == State::Paused && of(topics, s) && !waits_for_a_choice(s);
        self.come_back(concerned, how, ground)
    }

    /// The reader asks for a digest now: it moves no bound, but the ledger is asked from here on.
    pub fn asks(&mut self, ground: &Ground) {
        self.changed(ground);
    }

    /// Ends the pauses whose last day was before `day`. Which.
    pub fn wake(&mut self, day: NaiveDate, ground: &Ground) -> Vec<i64> {
        let over = |s: &Subscription| s.pause.and_then(|pause| pause.until).is_some_and(|until| until < day);
        self.come_back(over, Return::CatchUp, ground)
    }

    fn come_back(&mut self, concerned: impl Fn(&Subscription) -> bool, how: Return, ground: &Ground) -> Vec<i64> {
        let mut back = Vec::new();
        for s in self.subscriptions.iter_mut().filter(|s| concerned(s)) {
            s.comes_back(how, ground);
            back.push(s.topic);
        }
        self.is_back(&back, ground);
        back
    }

    fn is_back(&mut self, topics: &[i64], ground: &Ground) {
        if !topics.is_empty() {
            // A digest that was cancelled when they left owes.
            self.fold = true;
            self.changed(ground);
        }
    }

    /// Starts again what ended: these topics, or None: all that ended last. Which. The old row stays, as history.
    pub fn start_again(&mut self, topics: Option<&[i64]>, how: Return, ground: &Ground) -> Vec<i64> {
        let last_stop = self.subscriptions.iter().filter_map(|s| s.stop.map(|stop| stop.at)).max();
        let mut again: Vec<Subscription> = Vec::new();
        for s in self.subscriptions.iter().rev().filter(|s| s.state == State::Ended) {
            let concerned = match topics {
                Some(topics) => topics.contains(&s.topic),
                None => s.stop.map(|stop| stop.at) == last_stop,
            };
            let Some(topic) = ground.topic_now(s.topic) else { continue };
            let taken = self.live().any(|l| l.topic == topic) || again.iter().any(|a| a.topic == topic);
            if concerned && !taken {
                let mut back = Subscription { id: None, topic, stop: None, ..s.clone() };
                back.frequency = ground.frequency_now(s.frequency).or(ground.usual_frequency).unwrap_or(s.frequency);
                back.start_reason = StartReason::StartAgain;
                back.created_at = ground.now;
                back.started_at = Some(ground.now);
                back.comes_back(how, ground);
                again.push(back);
            }
        }
        again.reverse();
        let back: Vec<i64> = again.iter().map(|s| s.topic).collect();
        self.subscriptions.extend(again);
        self.is_back(&back, ground);
        back
    }

    /// Moves live subscriptions of these topics (None: all) to a frequency. Which moved.
    pub fn set_frequency(&mut self, topics: Option<&[i64]>, frequency: i64, ground: &Ground) -> Vec<i64> {
        let moves = |s: &Subscription| s.is_live() && of(topics, s) && s.frequency != frequency;
        self.freeze(ground, moves);
        let mut moved = Vec::new();
        for s in self.subscriptions.iter_mut().filter(|s| moves(s)) {
            s.frequency = frequency;
            moved.push(s.topic);
        }
        if !moved.is_empty() {
            self.changed(ground);
        }
        moved
    }

    /// Whether anything is different now.
    pub fn set(&mut self, settings: &Settings, ground: &Ground) -> bool {
        if self.settings == *settings {
            return false;
        }
        let before = self.settings.clone();
        self.freeze(ground, |s| ground.slot(s.frequency, &before) != ground.slot(s.frequency, settings));
        self.settings = settings.clone();
        self.changed(ground);
        true
    }

    /// Whether anything is different now. No regions: all. What waited for this choice goes on.
    pub fn choose_regions(&mut self, regions: &[i64], ground: &Ground) -> bool {
        let goes_on = !self.come_back(waits_for_a_choice, Return::CatchUp, ground).is_empty();
        self.narrow(regions, ground) || goes_on
    }

    fn narrow(&mut self, regions: &[i64], ground: &Ground) -> bool {
        let mut regions = regions.to_vec();
        regions.sort_unstable();
        regions.dedup();
        if self.regions == regions {
            return false;
        }
        self.regions = regions;
        self.regions_changed_at = ground.position;
        self.changed(ground);
        true
    }

    /// The topics in the order given; those not named come after them, in the configuration's.
    pub fn order(&mut self, topics: &[i64], ground: &Ground) {
        for s in self.subscriptions.iter_mut().filter(|s| s.is_live()) {
            s.rank = topics.iter().position(|topic| *topic == s.topic).and_then(|place| i64::try_from(place).ok());
        }
        // Named ones have to stand before all that keep the configuration's rank.
        let named = i64::try_from(topics.len()).unwrap_or(0);
        for s in self.subscriptions.iter_mut().filter(|s| s.is_live()) {
            s.rank = s.rank.map(|place| place - named);
        }
        self.changed(ground);
    }

    /// Follows what the newsroom has changed: to the successors of what it gave up, out of what is over, to another hour
    /// where a choice of it came or went; the bounds are carried. It comes before every change of a reader, so that
    /// none is done on old ground.
    pub fn follow(&mut self, ground: &Ground) {
        if self.is_elsewhere(ground) {
            let (settings, enrolled) = (self.settings.clone(), self.enrolled.clone());
            self.freeze(ground, |s| !enrolled.contains(&ground.slot(s.frequency, &settings)));
            self.changed(ground);
        }
        self.follow_frequencies(ground);
        self.follow_topics(ground);
        self.follow_regions(ground);
    }

    /// Whether a choice of hour came or went, so that they are no longer where they belong.
    pub fn is_elsewhere(&self, ground: &Ground) -> bool {
        self.enrolled.iter().any(|slot| *slot != ground.slot(slot.frequency, &self.settings))
    }

    fn follow_frequencies(&mut self, ground: &Ground) {
        let gone: Vec<(i64, i64)> = self
            .live()
            .filter(|s| ground.retired_frequencies.contains_key(&s.frequency))
            .map(|s| (s.topic, s.frequency))
            .collect();
        for (topic, frequency) in gone {
            match ground.frequency_now(frequency) {
                Some(successor) => drop(self.set_frequency(Some(&[topic]), successor, ground)),
                None => drop(self.stop(Some(&[topic]), StopReason::Retired, ground)),
            }
        }
    }

    fn follow_topics(&mut self, ground: &Ground) {
        let gone: Vec<i64> =
            self.live().map(|s| s.topic).filter(|topic| ground.retired_topics.contains_key(topic)).collect();
        for old in gone {
            match ground.topic_now(old) {
                Some(successor) => self.replace_topic(old, successor, ground),
                None => drop(self.stop(Some(&[old]), StopReason::Retired, ground)),
            }
        }
    }

    /// Who has both keeps the successor's; what waits goes out as it is.
    fn replace_topic(&mut self, old: i64, new: i64, ground: &Ground) {
        self.freeze(ground, |s| s.topic == old);
        let find = |all: &[Subscription], topic| all.iter().position(|s| s.is_live() && s.topic == topic);
        let Some(olds) = find(&self.subscriptions, old) else { return };
        let Some(news) = find(&self.subscriptions, new) else {
            self.subscriptions[olds].topic = new;
            return self.changed(ground);
        };
        let old = self.subscriptions[olds].clone();
        let kept = &mut self.subscriptions[news];
        // What was promised under either stays promised.
        kept.starts = kept.starts.min(old.starts);
        if kept.state == State::Pending && old.state != State::Pending {
            (kept.state, kept.pause, kept.frequency) = (old.state, old.pause, old.frequency);
            (kept.since, kept.starts, kept.started_at) = (old.since, old.starts, old.started_at);
        }
        let over = &mut self.subscriptions[olds];
        over.state = State::Ended;
        over.pause = None;
        over.stop = Some(Stop { at: ground.now, reason: StopReason::Retired });
        self.changed(ground);
    }

    /// A region that is over leaves the choices. The last one stays among them, as that which its reader is to be asked
    /// about, and everything is paused: they are never widened to all.
    pub fn follow_regions(&mut self, ground: &Ground) {
        if !self.regions.iter().any(|region| ground.retired_topics.contains_key(region)) {
            return;
        }
        let left: Vec<i64> = self.regions.iter().filter_map(|region| ground.topic_now(*region)).collect();
        if left.is_empty() {
            self.pause(None, Pause { until: None, reason: PauseReason::Region }, ground);
        } else {
            self.narrow(&left, ground);
        }
    }

    /// The enrolments that follow from it, a slot each.
    pub fn enrolments(&self, ground: &Ground) -> Vec<Enrolment> {
        let mut all: BTreeMap<(i64, i64), Enrolment> = BTreeMap::new();
        for s in self.in_order(ground) {
            let until = s.pause.and_then(|pause| pause.until);
            if s.state != State::Active && until.is_none() {
                continue;
            }
            let slot = ground.slot(s.frequency, &self.settings);
            let enrolment =
                all.entry((slot.frequency, slot.hour)).or_insert(Enrolment { slot, topics: vec![], wakes_after: None });
            if s.state == State::Active {
                enrolment.topics.push(Held { topic: s.topic, since: s.since, starts: s.starts });
            }
            enrolment.wakes_after = [enrolment.wakes_after, until].into_iter().flatten().min();
        }
        all.into_values().collect()
    }
}

fn of(topics: Option<&[i64]>, s: &Subscription) -> bool {
    topics.is_none_or(|topics| topics.contains(&s.topic))
}

fn waits_for_a_choice(s: &Subscription) -> bool {
    s.pause.is_some_and(|pause| pause.reason == PauseReason::Region)
}

/// By a person; not because the newsroom retired its topic.
fn was_stopped(s: &Subscription) -> bool {
    use StopReason::{Erased, OneClick, Operator, Reader, Suppressed};
    s.stop.is_some_and(|stop| matches!(stop.reason, Reader | OneClick | Operator | Suppressed | Erased))
}

fn start(s: &mut Subscription, ground: &Ground) {
    s.state = State::Active;
    s.since = Some(ground.position);
    s.starts = ground.position;
    s.started_at = Some(ground.now);
}

fn begun(topic: i64, wanted: &Wanted, ground: &Ground) -> Subscription {
    let mut s = Subscription {
        id: None,
        topic,
        frequency: ground.frequency_now(wanted.frequency).or(ground.usual_frequency).unwrap_or(wanted.frequency),
        state: State::Pending,
        since: None,
        starts: ground.position,
        rank: None,
        created_at: ground.now,
        started_at: None,
        start_reason: wanted.reason,
        pause: None,
        stop: None,
    };
    if !wanted.pending {
        start(&mut s, ground);
    }
    s
}

#[cfg(test)]
mod tests;
