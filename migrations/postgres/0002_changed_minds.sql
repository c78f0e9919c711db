-- What people change their minds about: runs that are cancelled, digests asked for, pauses with an end, frequencies that
-- give their readers to another.

-- Why a run was cancelled: `operator`, its articles are owed; `dropped`, they are not.
ALTER TABLE run ADD COLUMN cancel_reason TEXT CHECK (cancel_reason IN ('operator', 'dropped'));
CREATE INDEX run_cancelled ON run (id) WHERE cancelled_at IS NOT NULL AND state = 'planned';

-- "Send me today's now": asked by a reader, served by composing.
CREATE TABLE request (
    subscriber BIGINT PRIMARY KEY REFERENCES subscriber (id),
    asked_at BIGINT NOT NULL
);

-- Who paused it; `region`: the last region that its reader had chosen has ended.
ALTER TABLE subscription ADD COLUMN pause_reason TEXT CHECK (pause_reason IN ('reader', 'operator', 'region'));

-- The local day after which the first of the reader's pauses here ends by itself.
ALTER TABLE enrolment ADD COLUMN wakes_after TEXT;
CREATE INDEX enrolment_wakes ON enrolment (slot, wakes_after) WHERE wakes_after IS NOT NULL;

-- What is given up: the frequency, topic or region that its readers move to; none, though it is retired: it is over.
ALTER TABLE frequency ADD COLUMN replaced_by BIGINT REFERENCES frequency (id);
ALTER TABLE topic ADD COLUMN replaced_by BIGINT REFERENCES topic (id);

-- An index by reader is written at another place for each delivery of a run, so there is one such index, and it serves both
-- questions: what a reader was told from a run on, and by no run at all. A day is unique where there is one.
ALTER TABLE delivery DROP CONSTRAINT delivery_subscriber_day_key;
DROP INDEX delivery_subscriber;
CREATE INDEX delivery_subscriber ON delivery (subscriber, run);
CREATE UNIQUE INDEX delivery_day ON delivery (subscriber, day) WHERE day IS NOT NULL;

-- What owes: a digest that ended unsent, or that lost an article before it left.
CREATE INDEX delivery_owing ON delivery (subscriber) WHERE state IN ('expired', 'not sent', 'cancelled') OR edition <> first_edition;
CREATE INDEX run_upper ON run (upper);

-- What is set aside, by edition: a section can be taken out of it.
CREATE INDEX delivery_aside ON delivery (edition) WHERE state IN ('held', 'quarantined');

-- Withdrawals and pins are numbered, taken first in their transaction, so that a run that is being planned sees those it
-- has not seen. `sweeping`: withdrawn, and not yet taken out of all that waits.
INSERT INTO counter (name, value) VALUES ('mark', 0);
ALTER TABLE article ADD COLUMN mark BIGINT;
ALTER TABLE article ADD COLUMN sweeping BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX article_mark ON article (mark) WHERE mark IS NOT NULL;
CREATE INDEX article_sweeping ON article (id) WHERE sweeping;
