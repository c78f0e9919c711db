-- What people change their minds about: runs that are cancelled, digests asked for, pauses with an end, frequencies that
-- give their readers to another.

-- Why a run was cancelled: `operator`, its articles are owed; `dropped`, they are not.
ALTER TABLE run ADD COLUMN cancel_reason TEXT CHECK (cancel_reason IN ('operator', 'dropped'));
CREATE INDEX run_cancelled ON run (id) WHERE cancelled_at IS NOT NULL AND state = 'planned';

-- "Send me today's now": asked by a reader, served by composing.
CREATE TABLE request (
    subscriber INTEGER PRIMARY KEY REFERENCES subscriber (id),
    asked_at INTEGER NOT NULL
) STRICT;

-- Who paused it; `region`: the last region that its reader had chosen has ended.
ALTER TABLE subscription ADD COLUMN pause_reason TEXT CHECK (pause_reason IN ('reader', 'operator', 'region'));

-- The local day after which the first of the reader's pauses here ends by itself.
ALTER TABLE enrolment ADD COLUMN wakes_after TEXT;
CREATE INDEX enrolment_wakes ON enrolment (slot, wakes_after) WHERE wakes_after IS NOT NULL;

-- The frequency that its readers move to.
ALTER TABLE frequency ADD COLUMN replaced_by INTEGER REFERENCES frequency (id);

-- What is set aside, by edition: a section can be taken out of it.
CREATE INDEX delivery_aside ON delivery (edition) WHERE state IN ('held', 'quarantined');

-- Withdrawals and pins are numbered, taken first in their transaction, so that a run that is being planned sees those it
-- has not seen. `sweeping`: withdrawn, and not yet taken out of all that waits.
INSERT INTO counter (name, value) VALUES ('mark', 0);
ALTER TABLE article ADD COLUMN mark INTEGER;
ALTER TABLE article ADD COLUMN sweeping INTEGER NOT NULL DEFAULT FALSE;
CREATE INDEX article_mark ON article (mark) WHERE mark IS NOT NULL;
CREATE INDEX article_sweeping ON article (id) WHERE sweeping;
