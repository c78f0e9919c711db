-- A run writes a delivery for each of its readers, up to millions: what a row costs is what planning costs.

-- The edition of a delivery is one of its run: one key says both. What is only a note of what was (the first edition, the
-- digest it was folded into) is not looked up for each row.
CREATE UNIQUE INDEX edition_of_run ON edition (id, run);

-- A reader is never deleted (an erasure keeps the row), and a run takes its readers from `enrolment`, which refers to them:
-- they are not looked up once more.

-- SQLite makes a table of a list for each row that is checked against it, so these are alternatives, the usual first.
CREATE TABLE delivery_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind = 'digest' OR kind = 'confirm' OR kind = 'welcome' OR kind = 'preferences-link'
        OR kind = 'address-change' OR kind = 'address-changed' OR kind = 'goodbye' OR kind = 'test'),
    lane INTEGER NOT NULL,
    mode TEXT NOT NULL CHECK (mode = 'live' OR mode = 'capture' OR mode = 'allowlist'),
    run INTEGER,
    subscriber INTEGER,
    address TEXT,
    day TEXT,
    edition INTEGER,
    first_edition INTEGER,
    state TEXT NOT NULL CHECK (state = 'ready' OR state = 'claimed' OR state = 'sending' OR state = 'sent'
        OR state = 'deferred' OR state = 'refused' OR state = 'uncertain' OR state = 'cancelled' OR state = 'expired'
        OR state = 'held' OR state = 'quarantined' OR state = 'not sent'),
    created_at INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    doubts INTEGER NOT NULL DEFAULT 0,
    token BLOB,
    claimed_at INTEGER,
    sending_at INTEGER,
    settled_at INTEGER,
    reply TEXT,
    reason TEXT,
    folded_into INTEGER,
    topics TEXT,
    UNIQUE (run, subscriber),
    FOREIGN KEY (edition, run) REFERENCES edition (id, run)
) STRICT;
INSERT INTO delivery_new SELECT * FROM delivery;
DROP TABLE delivery;
ALTER TABLE delivery_new RENAME TO delivery;
CREATE INDEX delivery_waiting ON delivery (lane, edition, id) WHERE state IN ('ready', 'deferred');
CREATE INDEX delivery_next ON delivery (next_attempt_at) WHERE state IN ('ready', 'deferred');
CREATE INDEX delivery_open ON delivery (token) WHERE state IN ('claimed', 'sending');
CREATE INDEX delivery_doubt ON delivery (id) WHERE state = 'uncertain';
CREATE INDEX delivery_subscriber ON delivery (subscriber, run);
CREATE UNIQUE INDEX delivery_day ON delivery (subscriber, day) WHERE day IS NOT NULL;
CREATE INDEX delivery_owing ON delivery (subscriber) WHERE state IN ('expired', 'not sent', 'cancelled') OR edition <> first_edition;
CREATE INDEX delivery_aside ON delivery (edition) WHERE state IN ('held', 'quarantined');

-- What an edition carries is read by edition: the key is the table.
CREATE TABLE edition_article_new (
    edition INTEGER NOT NULL REFERENCES edition (id),
    article INTEGER NOT NULL REFERENCES article (id),
    PRIMARY KEY (edition, article)
) STRICT, WITHOUT ROWID;
INSERT INTO edition_article_new SELECT edition, article FROM edition_article ORDER BY edition, article;
DROP TABLE edition_article;
ALTER TABLE edition_article_new RENAME TO edition_article;
CREATE INDEX edition_article_article ON edition_article (article);
