//! Bringing the database in line with a text: what it declares is put down at once; the readers of what it gives up, or of
//! hours that are no longer chosen, move a batch at a time; the fingerprint is stored last. Whoever is killed here, or
//! stops, is carried on with by the next who adopts a text.

use chrono::{DateTime, Utc};

use super::declared::{self, StillHeld};
use super::sql::{args, same, statements};
use super::{Error, Store, Tx, filing, holdings, setting};
use crate::model::declaration::Declaration;

statements! {
    /// Topics that are given up, and their successors, as long as somebody holds them; and the position up to which all
    /// of these have been served.
    INHERITANCES = same(
        "SELECT t.id, t.replaced_by,
            min(coalesce(s.since, CASE WHEN s.subscriber > r.through THEN r.lower ELSE l.cutoff END, s.starts))
         FROM topic t JOIN subscription s ON s.topic = t.id AND s.state IN ('active', 'paused')
         LEFT JOIN (enrolment e JOIN slot l ON l.id = e.slot) ON e.subscriber = s.subscriber AND l.frequency = s.frequency
         LEFT JOIN run r ON r.slot = l.id AND r.state = 'planning'
         WHERE t.facet = 'topic' AND t.replaced_by IS NOT NULL GROUP BY t.id, t.replaced_by ORDER BY t.id",
    );
    /// Whether anybody has to move: out of a topic, a frequency or a region that is given up, or to another hour. (Of
    /// regions that are over, the last one stays with its reader, who is paused for it.)
    ANYBODY = same(
        "SELECT EXISTS (SELECT 1 FROM topic t JOIN subscription s ON s.topic = t.id WHERE t.retired_at IS NOT NULL AND s.state <> 'ended')
         OR EXISTS (SELECT 1 FROM frequency f JOIN subscription s ON s.frequency = f.id WHERE f.retired_at IS NOT NULL AND s.state <> 'ended')
         OR EXISTS (SELECT 1 FROM topic t JOIN subscriber_region r ON r.region = t.id JOIN subscription s ON s.subscriber = r.subscriber
            WHERE t.retired_at IS NOT NULL AND (s.state = 'active' OR (s.state = 'paused' AND coalesce(s.pause_reason, 'reader') <> 'region')))
         OR EXISTS (SELECT 1 FROM frequency f JOIN slot l ON l.frequency = f.id JOIN enrolment e ON e.slot = l.id
            WHERE (l.hour >= 0) <> f.hour_choice)",
    );
    /// Those of them whose number lies in ($1, $2].
    CONCERNED = same(
        "SELECT s.subscriber FROM subscription s WHERE s.subscriber > $1 AND s.subscriber <= $2 AND s.state <> 'ended'
            AND (s.topic IN (SELECT t.id FROM topic t WHERE t.retired_at IS NOT NULL)
               OR s.frequency IN (SELECT f.id FROM frequency f WHERE f.retired_at IS NOT NULL))
         UNION SELECT r.subscriber FROM subscriber_region r JOIN topic t ON t.id = r.region
            WHERE r.subscriber > $1 AND r.subscriber <= $2 AND t.retired_at IS NOT NULL
         UNION SELECT e.subscriber FROM enrolment e JOIN slot l ON l.id = e.slot JOIN frequency f ON f.id = l.frequency
            WHERE e.subscriber > $1 AND e.subscriber <= $2 AND (l.hour >= 0) <> f.hour_choice
         ORDER BY 1",
    );
    LAST_SUBSCRIBER = same("SELECT coalesce(max(id), 0) FROM subscriber");
}

/// Readers' numbers that one transaction goes through. A reader costs a few rows.
const AT_ONCE: i64 = 500;

/// What the fingerprint is called while readers move: it is nobody's, so nobody composes meanwhile.
const UNDER_WAY: &str = "under way to ";

/// Where the text stands that is in force.
const SOURCE: &str = "configuration";

/// A text that the database is being brought in line with.
#[derive(Debug)]
pub struct Adoption<'a> {
    store: &'a Store,
    text: &'a Declaration,
    now: DateTime<Utc>,
    /// Topics, their successors, and the position up to which all their readers had been served.
    inheritances: Vec<(i64, i64, i64)>,
    stage: Stage,
    moved: usize,
    pub(crate) at_once: i64,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// What readers are still due is filed where they will find it.
    Filing,
    /// They move. Readers up to `through` have; before this way through them, `before` had.
    Moving { through: i64, before: usize },
    /// What others filed meanwhile follows, and the fingerprint.
    Last,
}

/// What came of the first step.
#[derive(Debug)]
pub enum Begun<'a> {
    /// It is in force already.
    InForce,
    /// Readers hold what it drops. Nothing was changed.
    Refused(Vec<StillHeld>),
    /// To be carried on with until [`Adoption::go_on`] comes to an end.
    UnderWay(Adoption<'a>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Going,
    Done,
    /// Somebody began with another text meanwhile, which stands.
    Overtaken,
}

impl<'a> Adoption<'a> {
    /// Puts down what the text declares, unless readers hold what it drops without a word.
    pub async fn begin(store: &'a Store, text: &'a Declaration, now: DateTime<Utc>) -> Result<Begun<'a>, Error> {
        let mut tx = store.begin().await?;
        if setting::get_in(&mut tx, setting::FINGERPRINT).await?.as_deref() == Some(&text.fingerprint) {
            tx.rollback().await?;
            return Ok(Begun::InForce);
        }
        let held = declared::still_held(&mut tx, text).await?;
        if !held.is_empty() {
            tx.rollback().await?;
            return Ok(Begun::Refused(held));
        }
        declared::put(&mut tx, text, now).await?;
        setting::put(&mut tx, setting::FINGERPRINT, &format!("{UNDER_WAY}{}", text.fingerprint)).await?;
        let inheritances = tx.all(&INHERITANCES, args![]).await?;
        tx.commit().await?;
        Ok(Begun::UnderWay(Self { store, text, now, inheritances, stage: Stage::Filing, moved: 0, at_once: AT_ONCE }))
    }

    /// Does a bit of it, in a short transaction.
    pub async fn go_on(&mut self) -> Result<Progress, Error> {
        let mut tx = self.store.begin().await?;
        let mut progress = Progress::Going;
        match self.stage {
            Stage::Filing if self.file_some(&mut tx).await? > 0 => {}
            Stage::Filing => self.stage = self.another_way_through(&mut tx).await?,
            Stage::Moving { through, before } => self.move_some(&mut tx, through, before).await?,
            Stage::Last if self.file_some(&mut tx).await? > 0 => {}
            Stage::Last => progress = self.end(&mut tx).await?,
        }
        tx.commit().await?;
        Ok(progress)
    }

    async fn end(&self, tx: &mut Tx) -> Result<Progress, Error> {
        let ours = format!("{UNDER_WAY}{}", self.text.fingerprint);
        let found = setting::get_in(tx, setting::FINGERPRINT).await?.unwrap_or_default();
        if found != ours && found != self.text.fingerprint {
            return Ok(Progress::Overtaken);
        }
        setting::put(tx, setting::FINGERPRINT, &self.text.fingerprint).await?;
        setting::put(tx, SOURCE, &self.text.source).await?;
        Ok(Progress::Done)
    }

    async fn another_way_through(&self, tx: &mut Tx) -> Result<Stage, Error> {
        let (anybody,) = tx.one(&ANYBODY, args![]).await?;
        Ok(if anybody { Stage::Moving { through: 0, before: self.moved } } else { Stage::Last })
    }

    /// How many readers moved, by what has been done so far.
    pub fn moved(&self) -> usize {
        self.moved
    }

    async fn file_some(&self, tx: &mut Tx) -> Result<usize, Error> {
        for (old, successor, bound) in &self.inheritances {
            let filed = filing::inherit_some(tx, (*old, *successor), *bound, self.now).await?;
            if filed > 0 {
                return Ok(filed);
            }
        }
        Ok(0)
    }

    async fn move_some(&mut self, tx: &mut Tx, from: i64, before: usize) -> Result<(), Error> {
        let through = from + self.at_once;
        let rows: Vec<(i64,)> = tx.all(&CONCERNED, args![from, through]).await?;
        let readers: Vec<i64> = rows.into_iter().map(|(subscriber,)| subscriber).collect();
        if !readers.is_empty() {
            holdings::change(tx, &readers, self.now, |_, _| ()).await?;
            self.moved += readers.len();
        }
        let (last,): (i64,) = tx.one(&LAST_SUBSCRIBER, args![]).await?;
        self.stage = if through < last {
            Stage::Moving { through, before }
        } else if self.moved > before {
            // Whoever came in while the others moved is found now.
            self.another_way_through(tx).await?
        } else {
            Stage::Last
        };
        Ok(())
    }
}

/// Whether the database is in line with this text, by its fingerprint; None: with none yet.
pub async fn is_in_force(store: &Store, fingerprint: &str) -> Result<Option<bool>, Error> {
    Ok(setting::get(store, setting::FINGERPRINT).await?.map(|in_force| in_force == fingerprint))
}

/// Where the text stands that the database was last brought in line with.
pub async fn source(store: &Store) -> Result<Option<String>, Error> {
    setting::get(store, SOURCE).await
}
