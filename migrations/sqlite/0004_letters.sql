-- Letters: mail to an address that is no reader's, not yet or no more: a sign-up that waits for its confirmation, a change of
-- address. Until somebody has said yes, the address is nowhere to be read: `hash` tells that it is the same one, `sealed` is
-- for the outgoing mail alone and goes when that has gone; from then on the link in the mail is the only copy.
-- `key` is that of its delivery. `subscriber`: whose address changes; none for a sign-up. `topics`: [id, …].
CREATE TABLE letter (
    key BLOB PRIMARY KEY,
    hash BLOB NOT NULL,
    sealed BLOB,
    subscriber INTEGER REFERENCES subscriber (id),
    topics TEXT NOT NULL,
    frequency INTEGER REFERENCES frequency (id),
    language TEXT NOT NULL,
    zone TEXT NOT NULL,
    hour INTEGER NOT NULL,
    origin TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    answered_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX letter_hash ON letter (hash, asked_at);
CREATE INDEX letter_sealed ON letter (key) WHERE sealed IS NOT NULL;
CREATE INDEX letter_asked ON letter (asked_at);

-- What a reader said yes to: when, to which wording, in which language, and where they came from. `topics`: [slug, …].
CREATE TABLE consent (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber INTEGER NOT NULL REFERENCES subscriber (id),
    given_at INTEGER NOT NULL,
    wording TEXT NOT NULL,
    language TEXT NOT NULL,
    origin TEXT NOT NULL,
    topics TEXT NOT NULL
) STRICT;
CREATE INDEX consent_subscriber ON consent (subscriber);
