//! What composing promises, asked of an oracle: random worlds in which articles are filed, people change their minds and
//! runs are planned page by page, decided by the functions that the program itself uses.
//!
//! The oracle knows only what was filed while whom held what. An article is *owed* from its position if a subscription
//! is then active (or comes back later and catches up); it is *waived* when the subscription ends, a return takes only
//! what is new, or the reader's choice no longer matches; it *may* come when it matches only since the reader changed
//! their regions. At rest nothing is owed, nothing went twice, and nothing came that was never owed.
//!
//! Here the store is a few vectors; `tests::promises` tells such stories through the real one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono_tz::Tz;

use super::choice::{Candidate, Held, Ledger, Reader, Window, choose, choose_unasked};
use super::edition::{Content, Format, lay_out};
use super::holdings::{
    Ground, Holdings, Pause, PauseReason, Return, Settings, SlotKey, SlotState, StartReason, State, StopReason, Wanted,
};
use super::revision::Gone;

pub const READERS: i64 = 4;
pub const TOPICS: [i64; 4] = [1, 2, 3, 4];
pub const REGIONS: [i64; 2] = [5, 6];
const DAILY: i64 = 1;
const WEEKLY: i64 = 2;
const HOURLY: i64 = 3;
/// Readers planned in one transaction.
pub const PAGE: usize = 2;
const STEPS_OF_A_WORLD: usize = 60;

/// A rule that can be left out, to see that the oracle notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// While a run is planned and has not come to a reader, its lower is their bound.
    BoundWhilePlanning,
    /// A change carries the bound.
    CarriedBound,
    /// With regions, an article counts from the later of its filings.
    PositionWithRegions,
    /// Not served since a change of regions: any of its filings will do.
    AnyFilingAfterRegions,
    /// The ledger leaves out what was told.
    Told,
    /// What is claimed, in doubt or set aside counts as told.
    ToldBeforeSent,
    /// A change makes a reader one of whom the ledger is asked.
    ChangedAt,
    /// So does a second enrolment.
    Sole,
    /// A digest that ended unsent owes.
    Owing,
    /// It owes its first edition, whatever was taken out of it.
    FirstEdition,
    /// The enrolment keeps that there is something to fold in.
    Fold,
    /// What was ever in doubt is not folded.
    DoubtIsNotFolded,
    /// Of those who owe nothing, the ledger is asked only from the first run that can matter.
    EarliestToTell,
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % n as u64).unwrap()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn in_hundred(&mut self, n: usize) -> bool {
        self.below(100) < n
    }

    fn some<T: Copy>(&mut self, all: &[T], n: usize) -> Vec<T> {
        let mut left = all.to_vec();
        let mut taken = Vec::new();
        while taken.len() < n && !left.is_empty() {
            taken.push(left.swap_remove(self.below(left.len())));
        }
        taken
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Ready,
    Claimed,
    Uncertain,
    Sent,
    Unsent,
    Withdrawn,
}

struct Delivery {
    reader: i64,
    slot: SlotKey,
    /// The run's upper.
    upper: i64,
    first: BTreeSet<i64>,
    /// Less what was taken out before it left; none: nothing is left.
    carries: Option<Content>,
    fate: Fate,
    doubted: bool,
    /// The truth, which the program cannot see.
    relay_has: bool,
}

impl Delivery {
    fn articles(&self) -> BTreeSet<i64> {
        self.carries.iter().flat_map(Content::articles).collect()
    }

    fn waits(&self) -> bool {
        self.fate == Fate::Ready && !self.doubted
    }

    /// Has not reached `sending`: something can be taken out of it.
    fn has_not_left(&self) -> bool {
        matches!(self.fate, Fate::Ready | Fate::Claimed) && !self.doubted
    }
}

/// What somebody does to what they hold.
#[derive(Debug, Clone)]
pub enum Change {
    Grant(Wanted),
    Confirm,
    Pause(i64, Pause),
    Stop(Option<i64>, StopReason),
    /// None: all that is paused.
    Back(Option<i64>, Return),
    Wake,
    Move(Option<i64>, i64),
    Hour(i64),
    Order(i64),
    Regions(Vec<i64>),
}

impl Change {
    /// The topics that came back, and whether regions are others now.
    pub fn apply(&self, holdings: &mut Holdings, ground: &Ground) -> (Vec<i64>, bool) {
        let one = |topic: &Option<i64>| topic.map(|topic| vec![topic]);
        match self {
            Self::Grant(wanted) => drop(holdings.grant(wanted, ground)),
            Self::Confirm => drop(holdings.confirm(ground)),
            Self::Pause(topic, pause) => drop(holdings.pause(Some(&[*topic]), *pause, ground)),
            Self::Stop(topic, reason) => drop(holdings.stop(one(topic).as_deref(), *reason, ground)),
            Self::Back(topic, how) => {
                let mut back = holdings.resume(one(topic).as_deref(), *how, ground);
                if topic.is_some() {
                    back.extend(holdings.start_again(one(topic).as_deref(), *how, ground));
                }
                return (back, false);
            }
            Self::Wake => return (holdings.wake("2026-03-06".parse().unwrap(), ground), false),
            Self::Move(topic, frequency) => {
                drop(holdings.set_frequency(one(topic).as_deref(), *frequency, ground));
            }
            Self::Hour(hour) => {
                let settings = Settings { hour: *hour, ..holdings.settings.clone() };
                holdings.set(&settings, ground);
            }
            Self::Order(topic) => holdings.order(&[*topic], ground),
            Self::Regions(regions) => return (vec![], holdings.choose_regions(regions, ground)),
        }
        (vec![], false)
    }
}

/// What happened in a step, for a store that is to do the same.
#[derive(Debug, Clone)]
pub enum Act {
    /// An article, under these topics and regions, in this order.
    File(i64, Vec<i64>),
    Change(i64, Change),
    Withdraw(i64),
    Begin(SlotKey),
    /// And whether the planning ended with it.
    Page(SlotKey, bool),
    /// Of the delivery that was made as such, counted from 0; and whether it is in doubt, or was.
    Fate(usize, Fate, bool),
}

#[derive(Default)]
struct Slot {
    cutoff: i64,
    /// lower, upper, through
    run: Option<(i64, i64, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    Lost(i64, i64),
    Twice(i64, i64),
    NeverOwed(i64, i64),
    /// A steady reader was told a fresh article before.
    NotFresh(i64, i64),
}

pub struct World {
    dice: Dice,
    without: Option<Rule>,
    position: i64,
    subscriptions: i64,
    articles: BTreeMap<i64, Candidate>,
    slots: HashMap<SlotKey, Slot>,
    readers: BTreeMap<i64, Holdings>,
    /// Of (slot, reader): whether there is something to fold in.
    enrolments: HashMap<(SlotKey, i64), bool>,
    deliveries: Vec<Delivery>,
    // The oracle's.
    owed: BTreeSet<(i64, i64)>,
    waived: BTreeSet<(i64, i64)>,
    allowed: BTreeSet<(i64, i64)>,
    pending: HashMap<(i64, i64), BTreeSet<i64>>,
    wrong: Vec<Wrong>,
    said: Vec<String>,
    acts: Vec<Act>,
}

impl World {
    fn new(seed: u64, without: Option<Rule>) -> Self {
        let settings = Settings { language: "en".parse().unwrap(), zone: Tz::UTC, hour: 8, format: Format::Full };
        let reader = |id: i64| {
            let mut holdings = Holdings::of_new(id, settings.clone());
            holdings.regions = if id % 2 == 0 { vec![REGIONS[0]] } else { vec![] };
            (id, holdings)
        };
        Self {
            dice: Dice(seed),
            without,
            position: 0,
            subscriptions: 0,
            articles: BTreeMap::new(),
            slots: HashMap::new(),
            readers: (1..=READERS).map(reader).collect(),
            enrolments: HashMap::new(),
            deliveries: vec![],
            owed: BTreeSet::new(),
            waived: BTreeSet::new(),
            allowed: BTreeSet::new(),
            pending: HashMap::new(),
            wrong: vec![],
            said: vec![],
            acts: vec![],
        }
    }

    /// Everybody begins with something.
    pub fn open(seed: u64, without: Option<Rule>) -> Self {
        let mut world = Self::new(seed, without);
        for reader in 1..=READERS {
            for topic in world.dice.some(&TOPICS, 2) {
                let frequency = world.dice.of(&[DAILY, WEEKLY, HOURLY]);
                world.subscribe(reader, topic, frequency, false);
            }
        }
        world
    }

    /// What was done since this was asked last.
    pub fn acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }

    pub fn said(&self) -> String {
        self.said.join("\n")
    }

    /// Of each delivery ever made: whose it is, and the articles that it has, or had last.
    pub fn ledger_of_all(&self) -> Vec<(i64, BTreeSet<i64>)> {
        self.deliveries.iter().map(|delivery| (delivery.reader, delivery.articles())).collect()
    }

    fn lacks(&self, rule: Rule) -> bool {
        self.without == Some(rule)
    }

    fn say(&mut self, what: String) {
        self.said.push(what);
    }

    // ---- what is filed

    fn place(&self, reader: i64, article: i64, topic: i64) -> Option<i64> {
        self.articles.get(&article)?.position(topic, &self.readers[&reader].regions)
    }

    fn places(&self, article: i64) -> HashMap<(i64, i64), Option<i64>> {
        let readers = self.readers.keys();
        readers.flat_map(|r| TOPICS.map(|t| ((*r, t), self.place(*r, article, t)))).collect()
    }

    fn file(&mut self, late: bool) {
        let newest = i64::try_from(self.articles.len()).unwrap();
        let article = if late && newest > 0 {
            newest - i64::try_from(self.dice.below(usize::try_from(newest.min(6)).unwrap())).unwrap()
        } else {
            newest + 1
        };
        self.articles.entry(article).or_insert_with(|| Candidate {
            article,
            language: None,
            pinned: false,
            withdrawn: false,
            seen_at: 0,
            topics: vec![],
            inherited: vec![],
            regions: vec![],
        });
        let before = self.places(article);
        let mut under = vec![];
        let how_many = self.dice.of(&[0, 1, 1, 2, 3]);
        for topic in self.dice.some(&TOPICS, how_many) {
            if self.articles[&article].filed_under(topic).is_none() {
                self.position += 1;
                self.articles.get_mut(&article).unwrap().topics.push((topic, self.position));
                under.push(topic);
            }
        }
        for region in REGIONS {
            let is_there = self.articles[&article].regions.iter().any(|(r, _)| *r == region);
            if self.dice.in_hundred(40) && !is_there {
                self.position += 1;
                self.articles.get_mut(&article).unwrap().regions.push((region, self.position));
                under.push(region);
            }
        }
        self.acts.push(Act::File(article, under));
        self.say(format!("{:?}", self.articles[&article]));
        for ((reader, topic), place) in self.places(article) {
            if before[&(reader, topic)].is_some() || place.is_none() {
                continue;
            }
            match self.last(reader, topic) {
                Some(State::Active) => drop(self.owed.insert((reader, article))),
                Some(State::Paused | State::Ended) => {
                    self.pending.entry((reader, topic)).or_default().insert(article);
                }
                Some(State::Pending) | None => {}
            }
        }
    }

    /// Of a reader's last subscription to a topic; one that ended unconfirmed never was one.
    fn last(&self, reader: i64, topic: i64) -> Option<State> {
        let last = self.readers[&reader].subscriptions.iter().rev().find(|s| s.topic == topic);
        last.filter(|s| s.state != State::Ended || s.started_at.is_some()).map(|s| s.state)
    }

    // ---- what people do, each one transaction

    fn ground(&self) -> Ground {
        let state = |slot: &Slot| {
            let planning = slot.run.map(|(lower, _, through)| (lower, through));
            SlotState { cutoff: slot.cutoff, planning: planning.filter(|_| !self.lacks(Rule::BoundWhilePlanning)) }
        };
        Ground {
            position: self.position,
            frequencies: HashMap::from([(DAILY, true), (WEEKLY, true), (HOURLY, false)]),
            ranks: TOPICS.iter().map(|topic| (*topic, *topic)).collect(),
            slots: self.slots.iter().map(|(key, slot)| (*key, state(slot))).collect(),
            ..Ground::default()
        }
    }

    /// As `store::holdings::change` does it.
    fn change(&mut self, reader: i64, change: Change) -> (Vec<i64>, bool) {
        let ground = self.ground();
        let mut after = self.readers[&reader].clone();
        after.fold = self.enrolments.iter().any(|((_, r), fold)| *r == reader && *fold);
        let before = after.clone();
        let done = change.apply(&mut after, &ground);
        self.acts.push(Act::Change(reader, change));
        if self.lacks(Rule::CarriedBound) {
            for s in after.subscriptions.iter_mut().filter(|s| s.id.is_some()) {
                let was = before.subscriptions.iter().find(|b| b.id == s.id).and_then(|b| b.since);
                s.since = s.since.filter(|_| was.is_some());
            }
        }
        self.take_back(&mut after, &ground);
        for s in after.subscriptions.iter_mut().filter(|s| s.id.is_none()) {
            self.subscriptions += 1;
            s.id = Some(self.subscriptions);
        }
        let stays: BTreeSet<_> =
            after.enrolments(&ground).into_iter().map(|e| (e.slot.frequency, e.slot.hour)).collect();
        let keys: Vec<SlotKey> = after.enrolments(&ground).into_iter().map(|enrolment| enrolment.slot).collect();
        self.enrolments.retain(|(slot, r), _| *r != reader || stays.contains(&(slot.frequency, slot.hour)));
        for key in keys {
            let is_new = !self.enrolments.contains_key(&(key, reader));
            let slot = self.slots.entry(key).or_default();
            // A slot that gets its first reader takes the position now as its cut-off.
            if is_new && slot.run.is_none() && !self.enrolments.keys().any(|(k, _)| *k == key) {
                slot.cutoff = self.position;
            }
            self.enrolments.insert((key, reader), after.fold && !self.without.is_some_and(|r| r == Rule::Fold));
        }
        after.left.clear();
        after.enrolled = after.enrolments(&ground).into_iter().map(|enrolment| enrolment.slot).collect();
        self.readers.insert(reader, after);
        done
    }

    /// As `store::revision` does it: what still waits leaves out what the reader has given up.
    fn take_back(&mut self, after: &mut Holdings, ground: &Ground) {
        if after.left.is_empty() {
            return;
        }
        let gone = Gone {
            withdrawn: self.articles.values().filter(|c| c.withdrawn).map(|c| c.article).collect(),
            dropped: after.left.clone(),
            held: after.active(ground),
            regions: after.regions.clone(),
            filed: self.articles.iter().map(|(id, c)| (*id, c.clone())).collect(),
        };
        let is_gone = after.is_gone();
        for delivery in self.deliveries.iter_mut().filter(|d| d.reader == after.subscriber && d.has_not_left()) {
            let Some(content) = &delivery.carries else { continue };
            let left = if is_gone { None } else { content.without(&gone) };
            match left {
                None => {
                    delivery.fate = Fate::Unsent;
                    after.fold = true;
                }
                Some(left) => {
                    after.fold |= left.articles().count() < content.articles().count();
                    delivery.carries = Some(left);
                }
            }
        }
    }

    fn subscribe(&mut self, reader: i64, topic: i64, frequency: i64, pending: bool) {
        if self.last(reader, topic).is_some_and(|state| state != State::Ended) {
            return;
        }
        self.give_up(reader, topic);
        let reason = StartReason::Operator;
        let wanted = Wanted { topics: vec![topic], frequency, reason, pending, respects_stops: false };
        self.change(reader, Change::Grant(wanted));
    }

    /// What this topic still owes need not come (nor may it twice).
    fn give_up(&mut self, reader: i64, topic: i64) {
        self.pending.remove(&(reader, topic));
        let articles = &self.articles;
        let owed = self.owed.iter().filter(|(r, a)| *r == reader && articles[a].filed_under(topic).is_some());
        self.waived.extend(owed.copied());
    }

    fn comes_back(&mut self, reader: i64, topics: &[i64], how: Return) {
        for &topic in topics {
            if how == Return::FromNow {
                self.give_up(reader, topic);
            }
            let missed = self.pending.remove(&(reader, topic)).unwrap_or_default();
            self.owed.extend(missed.into_iter().map(|article| (reader, article)));
        }
    }

    fn choose_regions(&mut self, reader: i64, regions: &[i64]) {
        if !self.change(reader, Change::Regions(regions.to_vec())).1 {
            return;
        }
        for topic in TOPICS {
            if self.last(reader, topic).is_none() {
                continue;
            }
            let under: Vec<i64> =
                self.articles.values().filter(|c| c.filed_under(topic).is_some()).map(|c| c.article).collect();
            for article in under {
                let now_matches = self.place(reader, article, topic).is_some();
                let set = if now_matches { &mut self.allowed } else { &mut self.waived };
                set.insert((reader, article));
            }
            let kept: BTreeSet<i64> = self.pending.remove(&(reader, topic)).unwrap_or_default();
            let kept = kept.into_iter().filter(|article| self.place(reader, *article, topic).is_some()).collect();
            self.pending.insert((reader, topic), kept);
        }
    }

    fn withdraw(&mut self, article: i64) {
        if std::mem::replace(&mut self.articles.get_mut(&article).unwrap().withdrawn, true) {
            return;
        }
        self.acts.push(Act::Withdraw(article));
        let gone = Gone { withdrawn: HashSet::from([article]), ..Gone::default() };
        let mut unsent = vec![];
        for delivery in self.deliveries.iter_mut().filter(|d| d.has_not_left()) {
            let Some(content) = &delivery.carries else { continue };
            match content.without(&gone) {
                Some(left) => delivery.carries = Some(left),
                None => {
                    delivery.fate = Fate::Withdrawn;
                    unsent.push(delivery.reader);
                }
            }
        }
        // What a stop had taken out of it before is still owed.
        unsent.into_iter().for_each(|reader| self.wants_folding(reader));
    }

    // ---- runs

    fn wants_folding(&mut self, reader: i64) {
        if self.lacks(Rule::Fold) {
            return;
        }
        self.enrolments.iter_mut().filter(|((_, r), _)| *r == reader).for_each(|(_, fold)| *fold = true);
    }

    fn begin(&mut self, key: SlotKey) {
        let position = self.position;
        let has_readers = self.enrolments.keys().any(|(slot, _)| *slot == key);
        if let Some(slot) = self.slots.get_mut(&key)
            && slot.run.is_none()
            && has_readers
        {
            slot.run = Some((slot.cutoff, position, 0));
            slot.cutoff = position;
            self.acts.push(Act::Begin(key));
        }
    }

    /// As `compose::plan` does it.
    fn page(&mut self, key: SlotKey) {
        let Some((lower, upper, through)) = self.slots.get(&key).and_then(|slot| slot.run) else { return };
        let mut readers: Vec<i64> =
            self.enrolments.keys().filter(|(slot, r)| *slot == key && *r > through).map(|(_, r)| *r).collect();
        readers.sort_unstable();
        readers.truncate(PAGE);
        for &reader in &readers {
            self.plan(key, lower, upper, reader);
            self.slots.get_mut(&key).unwrap().run = Some((lower, upper, reader));
        }
        let has_ended = readers.len() < PAGE;
        if has_ended {
            self.slots.get_mut(&key).unwrap().run = None;
        }
        self.acts.push(Act::Page(key, has_ended));
    }

    fn plan(&mut self, key: SlotKey, lower: i64, upper: i64, reader: i64) {
        let ground = self.ground();
        let holdings = &self.readers[&reader];
        let enrolments = holdings.enrolments(&ground);
        let Some(mine) = enrolments.iter().find(|e| e.slot == key) else { return };
        let topics: Vec<Held> = mine.topics.clone();
        let as_run_sees = Reader {
            topics: topics.clone(),
            regions: holdings.regions.clone(),
            language: holdings.settings.language.clone(),
            changed_at: if self.lacks(Rule::ChangedAt) { 0 } else { holdings.changed_at },
            regions_changed_at: match self.lacks(Rule::AnyFilingAfterRegions) {
                true => -1,
                false => holdings.regions_changed_at,
            },
            sole: enrolments.len() == 1 || self.lacks(Rule::Sole),
        };
        let mut folded = false;
        let folds_doubt = self.lacks(Rule::DoubtIsNotFolded);
        for delivery in self.deliveries.iter_mut().filter(|d| d.reader == reader && d.slot == key) {
            if delivery.waits() || (folds_doubt && delivery.fate == Fate::Ready) {
                delivery.fate = Fate::Unsent;
                folded = true;
            }
        }
        let window = self.window(lower, upper);
        let owes = folded || self.enrolments[&(key, reader)];
        let unasked = if owes { None } else { choose_unasked(&window, &as_run_sees) };
        let told = self.told(reader, 0);
        let sections = match unasked {
            Some(sections) => {
                for article in sections.iter().flat_map(|section| &section.articles) {
                    if told.contains(article) {
                        self.wrong.push(Wrong::NotFresh(reader, *article));
                    }
                }
                sections
            }
            None => {
                let floor = as_run_sees.lowest_bound(&window);
                choose(&window, &as_run_sees, &self.ledger(reader, window.earliest(floor)))
            }
        };
        let settings = self.readers[&reader].settings.clone();
        for s in self.readers.get_mut(&reader).unwrap().subscriptions.iter_mut() {
            let is_served = s.state == State::Active && topics.iter().any(|held| held.topic == s.topic);
            if is_served && ground.slot(s.frequency, &settings) == key && s.since.is_some_and(|since| since <= upper) {
                s.since = None;
            }
        }
        self.enrolments.insert((key, reader), false);
        if sections.is_empty() {
            return;
        }
        let held: Vec<i64> = topics.iter().map(|held| held.topic).collect();
        let content = Content {
            frequency: Some(key.frequency),
            zone: "UTC".to_owned(),
            language: as_run_sees.language.clone(),
            format: Format::Full,
            parts: lay_out(&sections, &held, &window),
            from: 0,
            to: 0,
            late: false,
            template_version: String::new(),
        };
        let first: BTreeSet<i64> = content.articles().collect();
        self.say(format!("run of {key:?} in ({lower}, {upper}] gives {reader} {first:?}"));
        let carries = Some(content);
        let (fate, doubted, relay_has) = (Fate::Ready, false, false);
        self.deliveries.push(Delivery { reader, slot: key, upper, first, carries, fate, doubted, relay_has });
    }

    fn window(&self, lower: i64, upper: i64) -> Window {
        let mut window = Window::new(lower, upper, "en".parse().unwrap());
        for candidate in self.articles.values() {
            let mut candidate = candidate.clone();
            if self.lacks(Rule::PositionWithRegions) {
                candidate.regions.iter_mut().for_each(|(_, position)| *position = 0);
            }
            window.add(candidate);
        }
        window
    }

    /// What this reader has got or is about to get, by runs that can tell of this position.
    fn told(&self, reader: i64, earliest: i64) -> HashSet<i64> {
        let counts = |fate: Fate| match fate {
            Fate::Ready | Fate::Claimed | Fate::Uncertain => !self.lacks(Rule::ToldBeforeSent),
            Fate::Sent => true,
            Fate::Unsent | Fate::Withdrawn => false,
        };
        let theirs = self.deliveries.iter().filter(|d| d.reader == reader && d.upper >= earliest && counts(d.fate));
        theirs.flat_map(Delivery::articles).collect()
    }

    fn ledger(&self, reader: i64, earliest: i64) -> Ledger {
        if self.lacks(Rule::Told) {
            return Ledger::default();
        }
        let unsent = |d: &&Delivery| matches!(d.fate, Fate::Unsent | Fate::Withdrawn) || d.articles() != d.first;
        let mut owing: HashSet<i64> = HashSet::new();
        if !self.lacks(Rule::Owing) {
            for delivery in self.deliveries.iter().filter(|d| d.reader == reader).filter(unsent) {
                match self.lacks(Rule::FirstEdition) {
                    true => owing.extend(delivery.articles()),
                    false => owing.extend(&delivery.first),
                }
            }
        }
        let earliest = if owing.is_empty() || self.lacks(Rule::EarliestToTell) { earliest } else { 0 };
        let told = self.told(reader, earliest);
        owing.retain(|article| !told.contains(article));
        Ledger { told, owing }
    }

    // ---- what becomes of deliveries

    fn pick(&mut self, fate: Fate) -> Option<usize> {
        let all: Vec<usize> = (0..self.deliveries.len()).filter(|i| self.deliveries[*i].fate == fate).collect();
        (!all.is_empty()).then(|| self.dice.of(&all))
    }

    fn settle(&mut self, how: &str) {
        let from = match how {
            "claim" => Fate::Ready,
            "resend" => Fate::Uncertain,
            _ => Fate::Claimed,
        };
        let Some(i) = self.pick(from) else { return };
        let chance = (self.dice.in_hundred(50), self.dice.in_hundred(70));
        let delivery = &mut self.deliveries[i];
        let reader = delivery.reader;
        match how {
            "claim" => delivery.fate = Fate::Claimed,
            "sent" => delivery.fate = Fate::Sent,
            "crash" => {
                (delivery.fate, delivery.doubted) = (Fate::Uncertain, true);
                delivery.relay_has |= chance.0;
            }
            // The relay may have it: the same message again, not folded; or a person settles it.
            "resend" if chance.1 => delivery.fate = Fate::Ready,
            "resend" => delivery.fate = if delivery.relay_has { Fate::Sent } else { Fate::Unsent },
            // One that was in doubt is never called unsent by a failed retry.
            _ if delivery.doubted => delivery.fate = Fate::Uncertain,
            _ => delivery.fate = Fate::Unsent,
        }
        let (fate, doubted) = (delivery.fate, delivery.doubted);
        self.acts.push(Act::Fate(i, fate, doubted));
        if fate == Fate::Unsent {
            self.wants_folding(reader);
        }
    }

    /// An operator cancels what a run has made and what has not left.
    fn cancel(&mut self, key: SlotKey) {
        let mut readers = vec![];
        for (i, delivery) in self.deliveries.iter_mut().enumerate().filter(|(_, d)| d.slot == key && d.waits()) {
            delivery.fate = Fate::Unsent;
            readers.push(delivery.reader);
            self.acts.push(Act::Fate(i, Fate::Unsent, false));
        }
        readers.into_iter().for_each(|reader| self.wants_folding(reader));
    }

    // ---- one step, and the end

    pub fn step(&mut self) {
        const WEIGHTS: [(&str, usize); 24] = [
            ("file", 70),
            ("late", 90),
            ("subscribe", 50),
            ("confirm", 10),
            ("pause", 20),
            ("stop", 40),
            ("stop all", 5),
            ("back", 20),
            ("from now", 20),
            ("move", 40),
            ("move all", 15),
            ("hour", 10),
            ("regions", 10),
            ("withdraw", 3),
            ("begin", 80),
            ("page", 90),
            ("claim", 50),
            ("sent", 40),
            ("not sent", 30),
            ("crash", 10),
            ("resend", 10),
            ("cancel", 3),
            ("wake", 5),
            ("order", 3),
        ];
        let total: usize = WEIGHTS.iter().map(|(_, weight)| weight).sum();
        let mut at = self.dice.below(total);
        let found = WEIGHTS.iter().find(|(_, weight)| match at.checked_sub(*weight) {
            Some(less) => {
                at = less;
                false
            }
            None => true,
        });
        self.act(found.map_or("file", |(what, _)| what));
    }

    fn act(&mut self, what: &str) {
        let reader = i64::try_from(1 + self.dice.below(usize::try_from(READERS).unwrap())).unwrap();
        let topic = self.dice.of(&TOPICS);
        let frequency = self.dice.of(&[DAILY, WEEKLY, HOURLY]);
        let mut keys: Vec<SlotKey> = self.slots.keys().copied().collect();
        keys.sort_by_key(|key| (key.frequency, key.hour));
        self.say(format!("{what}: reader {reader}, topic {topic}, frequency {frequency}"));
        match what {
            "file" | "late" => self.file(what == "late"),
            "subscribe" => {
                let pending = self.dice.in_hundred(10);
                self.subscribe(reader, topic, frequency, pending);
            }
            "confirm" => drop(self.change(reader, Change::Confirm)),
            "pause" => {
                let until = self.dice.in_hundred(50).then(|| "2026-03-05".parse().unwrap());
                self.change(reader, Change::Pause(topic, Pause { until, reason: PauseReason::Reader }));
            }
            "stop" => drop(self.change(reader, Change::Stop(Some(topic), StopReason::Reader))),
            "stop all" => drop(self.change(reader, Change::Stop(None, StopReason::OneClick))),
            "back" | "from now" => {
                let how = if what == "back" { Return::CatchUp } else { Return::FromNow };
                let (back, _) = self.change(reader, Change::Back(Some(topic), how));
                self.comes_back(reader, &back, how);
            }
            "wake" => {
                let (back, _) = self.change(reader, Change::Wake);
                self.comes_back(reader, &back, Return::CatchUp);
            }
            "move" => drop(self.change(reader, Change::Move(Some(topic), frequency))),
            "move all" => drop(self.change(reader, Change::Move(None, frequency))),
            "hour" => {
                let hour = self.dice.of(&[8, 18]);
                self.change(reader, Change::Hour(hour));
            }
            "order" => drop(self.change(reader, Change::Order(topic))),
            "regions" => {
                let how_many = self.dice.of(&[0, 1, 1, 2]);
                let regions = self.dice.some(&REGIONS, how_many);
                self.choose_regions(reader, &regions);
            }
            "withdraw" if !self.articles.is_empty() => {
                let article = 1 + self.dice.below(self.articles.len());
                self.withdraw(i64::try_from(article).unwrap());
            }
            "begin" if !keys.is_empty() => {
                let key = self.dice.of(&keys);
                self.begin(key);
            }
            "page" if !keys.is_empty() => {
                let key = self.dice.of(&keys);
                self.page(key);
            }
            "cancel" if !keys.is_empty() => {
                let key = self.dice.of(&keys);
                self.cancel(key);
            }
            "claim" | "sent" | "not sent" | "crash" | "resend" => self.settle(what),
            _ => {}
        }
    }

    /// Those who paused come back, those who ended stay so; runs come until nothing is left.
    pub fn rest(&mut self) {
        for reader in 1..=READERS {
            let (back, _) = self.change(reader, Change::Back(None, Return::CatchUp));
            self.comes_back(reader, &back, Return::CatchUp);
            self.waive_what_ended(reader);
        }
        for _ in 0..3 {
            let mut keys: Vec<SlotKey> = self.slots.keys().copied().collect();
            keys.sort_by_key(|key| (key.frequency, key.hour));
            for key in keys {
                self.begin(key);
                while self.slots[&key].run.is_some() {
                    self.page(key);
                }
            }
            for (i, delivery) in self.deliveries.iter_mut().enumerate() {
                if matches!(delivery.fate, Fate::Ready | Fate::Claimed | Fate::Uncertain) {
                    delivery.fate = Fate::Sent;
                    self.acts.push(Act::Fate(i, Fate::Sent, delivery.doubted));
                }
            }
        }
    }

    /// What an ended subscription owed need not come, unless by another.
    fn waive_what_ended(&mut self, reader: i64) {
        let held: Vec<i64> =
            self.readers[&reader].live().filter(|s| s.state == State::Active).map(|s| s.topic).collect();
        let ended: Vec<i64> = TOPICS.into_iter().filter(|t| self.last(reader, *t) == Some(State::Ended)).collect();
        let mut waived = vec![];
        for &(r, article) in self.owed.iter().filter(|(r, _)| *r == reader) {
            let candidate = &self.articles[&article];
            let is_under = |topic: &i64| candidate.filed_under(*topic).is_some();
            let has_ended = ended.iter().any(is_under);
            let is_held = held.iter().any(is_under);
            if !is_held || (has_ended && !held.iter().any(|topic| self.is_promised(reader, article, *topic))) {
                waived.push((r, article));
            }
        }
        self.waived.extend(waived);
    }

    fn is_promised(&self, reader: i64, article: i64, topic: i64) -> bool {
        let starts = self.readers[&reader].live().find(|s| s.topic == topic).map(|s| s.starts);
        let place = self.place(reader, article, topic);
        place.zip(starts).is_some_and(|(place, starts)| place > starts) && !self.allowed.contains(&(reader, article))
    }

    pub fn wrong(&self) -> Vec<Wrong> {
        let mut came: BTreeMap<(i64, i64), usize> = BTreeMap::new();
        for delivery in self.deliveries.iter().filter(|d| d.fate == Fate::Sent || d.relay_has) {
            for article in delivery.articles() {
                *came.entry((delivery.reader, article)).or_default() += 1;
            }
        }
        let mut wrong = self.wrong.clone();
        let excused = |key: &(i64, i64)| self.waived.contains(key) || self.articles[&key.1].withdrawn;
        wrong.extend(self.owed.iter().filter(|k| !came.contains_key(k) && !excused(k)).map(|k| Wrong::Lost(k.0, k.1)));
        wrong.extend(came.iter().filter(|(_, n)| **n > 1).map(|(k, _)| Wrong::Twice(k.0, k.1)));
        let unasked = came.keys().filter(|k| !self.owed.contains(k) && !self.allowed.contains(k));
        wrong.extend(unasked.map(|k| Wrong::NeverOwed(k.0, k.1)));
        wrong
    }
}

/// Plays worlds until one goes wrong or so many steps are played. After how many it went wrong, and how.
fn play(seed: u64, steps: usize, without: Option<Rule>) -> Result<usize, (usize, u64, Vec<Wrong>, Vec<String>)> {
    let mut played = 0;
    let mut owed = 0;
    let mut world_seed = seed;
    while played < steps {
        let mut world = World::open(world_seed, without);
        for _ in 0..STEPS_OF_A_WORLD {
            world.step();
        }
        world.rest();
        played += STEPS_OF_A_WORLD;
        owed += world.owed.len();
        let wrong = world.wrong();
        if !wrong.is_empty() {
            return Err((played, world_seed, wrong, world.said));
        }
        world_seed = world_seed.wrapping_add(1);
    }
    Ok(owed)
}

pub fn seed() -> u64 {
    std::env::var("TIDINGS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

fn keeps_its_promises(steps: usize) {
    match play(seed(), steps, None) {
        Ok(owed) => {
            assert!(owed > steps / 50, "{owed} owed in {steps} steps: the worlds are too quiet to prove anything")
        }
        Err((played, world, wrong, said)) => {
            panic!("after {played} steps, TIDINGS_SEED={world}: {wrong:?}\n{}", said.join("\n"))
        }
    }
}

#[test]
fn nothing_is_lost_and_nothing_comes_twice_in_20_000_steps() {
    keeps_its_promises(20_000);
}

#[test]
#[ignore = "long: a million steps"]
fn nothing_is_lost_and_nothing_comes_twice_in_a_million_steps() {
    keeps_its_promises(1_000_000);
}

/// Each rule left out once: the oracle must complain. (That a topic which is given up leaves what waits is for the reader's
/// eyes, and that a bound is cleared when it is served is for speed: left out, neither is missed here.) (`cargo test oracle -- --ignored --nocapture` tells after how many
/// steps.)
#[test]
#[ignore = "long: looks for rare errors"]
fn no_rule_can_be_left_out() {
    use Rule::*;
    let rules = [
        BoundWhilePlanning,
        CarriedBound,
        PositionWithRegions,
        AnyFilingAfterRegions,
        Told,
        ToldBeforeSent,
        ChangedAt,
        Sole,
        Owing,
        FirstEdition,
        Fold,
        DoubtIsNotFolded,
        EarliestToTell,
    ];
    for rule in rules {
        match play(seed(), 2_000_000, Some(rule)) {
            Ok(_) => panic!("{rule:?} can be left out, and nobody notices"),
            Err((steps, _, wrong, _)) => println!("without {rule:?}: {:?} after {steps} steps", wrong[0]),
        }
    }
}
