//! What a reader got in each run, and why not: told from the rows, as they are. It looks and changes nothing.
//!
//! What a reader held in the past is not kept, only that it changed: where it did after a run, the answer says so.

use std::collections::{BTreeMap, HashMap};

use super::shelves;
use crate::config::Config;
use crate::model::choice::{Candidate, Held, Reader, Window};
use crate::model::edition::Content;
use crate::model::explanation::{Missing, missing};
use crate::model::holdings::{Holdings, Pause, State, Stop, Subscription};
use crate::store::ledger::{self, Digest, Run, Told};
use crate::store::{self, Store, edition, filing, holdings};

/// Explains the mail of one reader.
pub struct Explaining<'a> {
    store: &'a Store,
    config: &'a Config,
    holdings: Holdings,
}

/// A run, or a digest on request, and what this reader got.
#[derive(Debug, Clone)]
pub struct Explained {
    /// None: on request.
    pub run: Option<Run>,
    pub digest: Option<Digest>,
    /// What it carries: its sections, and how many articles each.
    pub sections: Vec<(i64, usize)>,
    /// Why there was no digest.
    pub silence: Option<Silence>,
    /// Their choices may be others since: what is said of the silence is by those of today.
    pub chosen_since: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// The run was left to the next.
    Skipped,
    /// The run has not come to them yet.
    NotYet,
    /// They had not subscribed by then.
    BeforeTheyCame,
    /// Waits for their confirmation.
    Pending,
    Paused(Pause),
    Ended(Stop),
    /// Nothing was filed under these topics.
    NothingNew(Vec<i64>),
    /// There was something, and it was not for them: by topic and reason, how many.
    NotForThem(BTreeMap<(i64, Missing), usize>),
}

/// An article of a run's window, or of the digest, and where it went.
#[derive(Debug, Clone)]
pub struct Line {
    pub article: i64,
    pub title: String,
    pub topic: i64,
    pub place: Place,
}

#[derive(Debug, Clone, Copy)]
pub enum Place {
    Listed,
    /// Behind "and N more".
    Beyond,
    /// Was in the digest and left it before it was sent.
    TakenOut,
    Missing(Missing),
    /// Another digest has it.
    In(Told),
}

impl<'a> Explaining<'a> {
    /// None: there is no such reader.
    pub async fn of(store: &'a Store, config: &'a Config, reader: i64) -> Result<Option<Self>, store::Error> {
        let holdings = holdings::of_reader(store, reader).await?;
        Ok(holdings.map(|holdings| Self { store, config, holdings }))
    }

    pub fn holdings(&self) -> &Holdings {
        &self.holdings
    }

    /// The newest runs and digests, the newest first.
    pub async fn newest(&self, limit: i64) -> Result<Vec<Explained>, store::Error> {
        let reader = self.holdings.subscriber;
        let Some(since) = self.holdings.subscriptions.iter().map(|s| s.created_at).min() else { return Ok(vec![]) };
        let mut all = Vec::new();
        let digests = ledger::digests(self.store, reader, limit).await?;
        let mut of_run: HashMap<i64, Digest> = HashMap::new();
        for digest in digests {
            match digest.run {
                Some(run) => drop(of_run.insert(run, digest)),
                None => all.push(self.explained(None, Some(digest)).await?),
            }
        }
        for run in ledger::runs(self.store, reader, since, limit).await? {
            let digest = of_run.remove(&run.id);
            all.push(self.explained(Some(run), digest).await?);
        }
        all.sort_by_key(|one| std::cmp::Reverse(one.at()));
        all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(all)
    }

    /// One run, and every article that this reader could have had from it. None: there is no such run.
    pub async fn run(&self, id: i64) -> Result<Option<(Explained, Vec<Line>)>, store::Error> {
        let reader = self.holdings.subscriber;
        let Some(run) = ledger::run(self.store, reader, id).await? else { return Ok(None) };
        let digest = ledger::digests(self.store, reader, i64::MAX).await?.into_iter().find(|d| d.run == Some(id));
        let lines = self.lines(&run, digest.as_ref()).await?;
        Ok(Some((self.explained(Some(run), digest).await?, lines)))
    }

    async fn explained(&self, run: Option<Run>, digest: Option<Digest>) -> Result<Explained, store::Error> {
        let content = self.content(digest.as_ref().and_then(|digest| digest.edition)).await?;
        let count = |content: Content| -> Vec<(i64, usize)> {
            content.parts.iter().map(|part| (part.topic, part.shown.len() + part.beyond.len())).collect()
        };
        let silence = match (&run, &digest) {
            (Some(run), None) => Some(self.silence(run).await?),
            _ => None,
        };
        let chosen_since = run.as_ref().is_some_and(|run| self.holdings.changed_at >= run.upper);
        Ok(Explained { run, digest, sections: content.map(count).unwrap_or_default(), silence, chosen_since })
    }

    async fn content(&self, edition: Option<i64>) -> Result<Option<Content>, store::Error> {
        let Some(edition) = edition else { return Ok(None) };
        Ok(edition::by_id(self.store, edition).await?.map(|edition| edition.content))
    }

    async fn silence(&self, run: &Run) -> Result<Silence, store::Error> {
        if run.state == "skipped" {
            return Ok(Silence::Skipped);
        }
        if !run.came_to_them {
            return Ok(Silence::NotYet);
        }
        let theirs: Vec<&Subscription> =
            self.holdings.subscriptions.iter().filter(|s| s.frequency == run.frequency).collect();
        let reader = self.reader(run);
        if reader.topics.is_empty() {
            return Ok(Self::why_none_was_active(run, &theirs));
        }
        if theirs.iter().all(|s| s.started_at.is_some_and(|at| at > run.begun_at)) {
            return Ok(Silence::BeforeTheyCame);
        }
        let (window, candidates) = self.window(run, &reader).await?;
        let articles: Vec<i64> = candidates.iter().map(|c| c.article).collect();
        let told = self.told(&articles).await?;
        let mut reasons: BTreeMap<(i64, Missing), usize> = BTreeMap::new();
        for candidate in &candidates {
            if let Some(reason) = missing(&window, &reader, candidate, told.contains_key(&candidate.article)) {
                *reasons.entry(reason).or_default() += 1;
            }
        }
        // Who had not paused by then would have got it.
        let was_due = reasons.keys().any(|(_, reason)| *reason == Missing::ChosenSince);
        if was_due && theirs.iter().all(|s| s.state != State::Active) {
            return Ok(Self::why_none_was_active(run, &theirs));
        }
        Ok(match reasons.is_empty() {
            true => Silence::NothingNew(reader.topics.iter().map(|held| held.topic).collect()),
            false => Silence::NotForThem(reasons),
        })
    }

    /// A stop that came later is the cause of nothing here.
    fn why_none_was_active(run: &Run, theirs: &[&Subscription]) -> Silence {
        let last = theirs.iter().rev().filter(|s| s.stop.is_none_or(|stop| stop.at <= run.begun_at));
        let paused = last.clone().find_map(|s| s.pause);
        let pending = last.clone().any(|s| s.state == State::Pending);
        let ended = last.clone().find_map(|s| s.stop);
        match (paused, pending, ended) {
            (Some(pause), ..) => Silence::Paused(pause),
            (None, true, _) => Silence::Pending,
            (None, false, Some(stop)) => Silence::Ended(stop),
            (None, false, None) => Silence::BeforeTheyCame,
        }
    }

    /// The reader as a run of this frequency finds them today, with what they stopped only after it. Where they may have
    /// paused everything after it, with all of that.
    fn reader(&self, run: &Run) -> Reader {
        let theirs = || self.holdings.subscriptions.iter().filter(|s| s.frequency == run.frequency);
        let held = |s: &Subscription| Held { topic: s.topic, since: s.since, starts: s.starts };
        let mut topics: Vec<Held> =
            theirs().filter(|s| s.state == State::Active || was_stopped_after(s, run)).map(held).collect();
        if topics.is_empty() && self.holdings.changed_at >= run.upper {
            topics = theirs().filter(|s| s.state == State::Paused).map(held).collect();
        }
        Reader {
            topics,
            regions: self.holdings.regions.clone(),
            language: self.holdings.settings.language.clone(),
            changed_at: self.holdings.changed_at,
            regions_changed_at: self.holdings.regions_changed_at,
            sole: true,
        }
    }

    /// What was filed for the run under the reader's topics.
    async fn window(&self, run: &Run, reader: &Reader) -> Result<(Window, Vec<Candidate>), store::Error> {
        let window = shelves::window(self.store, self.config, run.lower, run.upper).await?;
        let mut tx = self.store.begin().await?;
        let mut candidates = filing::window(&mut tx, run.lower, run.upper).await?;
        tx.rollback().await?;
        let is_theirs =
            |c: &Candidate| c.topics.iter().any(|(topic, _)| reader.topics.iter().any(|h| h.topic == *topic));
        candidates.retain(is_theirs);
        candidates.sort_by_key(|candidate| candidate.article);
        Ok((window, candidates))
    }

    /// The last digest that has each article.
    async fn told(&self, articles: &[i64]) -> Result<HashMap<i64, Told>, store::Error> {
        let told = ledger::told(self.store, self.holdings.subscriber, articles).await?;
        Ok(told.into_iter().map(|told| (told.article, told)).collect())
    }

    async fn lines(&self, run: &Run, digest: Option<&Digest>) -> Result<Vec<Line>, store::Error> {
        let mut places: Vec<(i64, i64, Place)> = Vec::new();
        let now = self.content(digest.and_then(|digest| digest.edition)).await?;
        let first = self.content(digest.and_then(|digest| digest.first_edition)).await?;
        for part in now.iter().flat_map(|content| &content.parts) {
            places.extend(part.shown.iter().map(|placed| (placed.article, part.topic, Place::Listed)));
            places.extend(part.beyond.iter().map(|placed| (placed.article, part.topic, Place::Beyond)));
        }
        let carried: Vec<i64> = places.iter().map(|(article, ..)| *article).collect();
        for part in first.iter().flat_map(|content| &content.parts) {
            let gone = part.shown.iter().chain(&part.beyond).filter(|placed| !carried.contains(&placed.article));
            places.extend(gone.map(|placed| (placed.article, part.topic, Place::TakenOut)));
        }
        let known: Vec<i64> = places.iter().map(|(article, ..)| *article).collect();
        let reader = self.reader(run);
        let (window, candidates) = self.window(run, &reader).await?;
        let articles: Vec<i64> = candidates.iter().map(|c| c.article).collect();
        let told = self.told(&articles).await?;
        for candidate in candidates.iter().filter(|candidate| !known.contains(&candidate.article)) {
            let told = told.get(&candidate.article);
            if let Some((topic, why)) = missing(&window, &reader, candidate, told.is_some()) {
                let place = told.filter(|_| why == Missing::Told).map_or(Place::Missing(why), |told| Place::In(*told));
                places.push((candidate.article, topic, place));
            }
        }
        let articles: Vec<i64> = places.iter().map(|(article, ..)| *article).collect();
        let stories = store::article::stories(self.store, &articles, store::article::Version::Mailed).await?;
        let title = |article: &i64| stories.get(article).map(|story| story.title.clone()).unwrap_or_default();
        Ok(places
            .into_iter()
            .map(|(article, topic, place)| Line { article, title: title(&article), topic, place })
            .collect())
    }
}

/// It was active when the run began.
fn was_stopped_after(subscription: &Subscription, run: &Run) -> bool {
    subscription.stop.is_some_and(|stop| stop.at > run.begun_at)
        && subscription.started_at.is_some_and(|at| at <= run.begun_at)
}

impl Explained {
    /// When it was due, or asked for.
    fn at(&self) -> i64 {
        let due = self.run.as_ref().map(|run| run.due_at);
        due.or(self.digest.as_ref().map(|digest| digest.created_at)).map_or(0, |at| at.timestamp_millis())
    }
}
