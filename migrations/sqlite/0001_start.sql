-- The whole first schema. Times are UTC milliseconds, positions and ids are 64-bit, JSON is text.
-- The other engine's file has the same name; a test holds the two against each other.

-- ── Once per database ────────────────────────────────────────────────────────────────────────────────────────────────

-- `position`: the number of the newest filing. Taken first in the filing transaction, so that the order of numbers is
-- the order of commits.
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO counter (name, value) VALUES ('position', 0);

-- `fingerprint`: the configuration the database was last brought in line with. `hold`: all mail is stopped, and why.
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Who is at work. A daemon's claims carry its token; when the lease is over, anybody may release them.
CREATE TABLE lease (
    token BLOB PRIMARY KEY,
    holder TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- ── What the configuration declares: brought in line with the text by slug, retired, never deleted ──────────────────

CREATE TABLE feed (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    slug TEXT NOT NULL UNIQUE,
    url TEXT NOT NULL,
    language TEXT,
    retired_at INTEGER,
    -- what is known of it
    title TEXT,
    document_language TEXT,
    etag TEXT,
    last_modified TEXT,
    body_hash BLOB,
    next_check_at INTEGER NOT NULL,
    first_fetched_at INTEGER,
    last_success_at INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    error_since INTEGER,
    gone_at INTEGER,
    damaged TEXT,
    identity TEXT NOT NULL DEFAULT 'guid' CHECK (identity IN ('guid', 'guid+link')),
    moved_to TEXT,
    moved_since INTEGER,
    adopted_url TEXT,
    held_since INTEGER
) STRICT;
CREATE INDEX feed_due ON feed (next_check_at) WHERE retired_at IS NULL AND gone_at IS NULL;

-- Topics and regions: two facets of one thing.
CREATE TABLE topic (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    facet TEXT NOT NULL CHECK (facet IN ('topic', 'region')),
    slug TEXT NOT NULL,
    rank INTEGER NOT NULL,
    retired_at INTEGER,
    UNIQUE (facet, slug)
) STRICT;

CREATE TABLE frequency (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    slug TEXT NOT NULL UNIQUE,
    cron TEXT NOT NULL,
    hour_choice INTEGER NOT NULL CHECK (hour_choice IN (0, 1)),
    approve INTEGER NOT NULL CHECK (approve IN (0, 1)),
    rank INTEGER NOT NULL,
    retired_at INTEGER
) STRICT;

-- ── Articles ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- `title`, `summary` and so on are what is mailed: they follow the feed until the article is in an edition and stand
-- from then on. A later correction is kept beside them and shown on pages.
CREATE TABLE article (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    canonical_link TEXT UNIQUE,
    title TEXT NOT NULL,
    link TEXT,
    summary TEXT NOT NULL,
    image_url TEXT,
    image_alt TEXT,
    language TEXT,
    author TEXT,
    categories TEXT NOT NULL,
    published_at INTEGER,
    first_seen_at INTEGER NOT NULL,
    mailed INTEGER NOT NULL DEFAULT FALSE CHECK (mailed IN (0, 1)),
    corrected_title TEXT,
    corrected_summary TEXT,
    corrected_at INTEGER,
    pinned_at INTEGER,
    withdrawn_at INTEGER
) STRICT;
CREATE INDEX article_newest ON article (first_seen_at);

-- An entry's identity in its feed, and a hash of its text there: what another feed says of the same article is no
-- correction. Kept at least 90 days after it was last seen.
CREATE TABLE sighting (
    feed INTEGER NOT NULL REFERENCES feed (id),
    identity TEXT NOT NULL,
    article INTEGER NOT NULL REFERENCES article (id),
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    text_hash BLOB NOT NULL,
    PRIMARY KEY (feed, identity)
) STRICT;
CREATE INDEX sighting_article ON sighting (article);

-- Article × topic (or region). `position` is its number in the order of filing; none: for the archive only, or not
-- before `number_at`.
CREATE TABLE filing (
    article INTEGER NOT NULL REFERENCES article (id),
    topic INTEGER NOT NULL REFERENCES topic (id),
    position INTEGER UNIQUE,
    number_at INTEGER,
    filed_at INTEGER NOT NULL,
    PRIMARY KEY (article, topic)
) STRICT;
CREATE INDEX filing_waiting ON filing (number_at) WHERE number_at IS NOT NULL;
CREATE INDEX filing_topic ON filing (topic, filed_at);

-- ── Readers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

-- `key` is what links carry. After an erasure the row stays, without address.
CREATE TABLE subscriber (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key BLOB NOT NULL UNIQUE,
    address TEXT,
    address_key TEXT UNIQUE,
    language TEXT NOT NULL,
    zone TEXT NOT NULL,
    hour INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
    format TEXT NOT NULL CHECK (format IN ('full', 'no-images', 'text')),
    created_at INTEGER NOT NULL,
    erased_at INTEGER,
    -- positions: of the last change of any subscription or choice, and of the last change of regions
    changed_at INTEGER NOT NULL DEFAULT 0,
    regions_changed_at INTEGER NOT NULL DEFAULT -1
) STRICT;

CREATE TABLE subscriber_region (
    subscriber INTEGER NOT NULL REFERENCES subscriber (id),
    region INTEGER NOT NULL REFERENCES topic (id),
    PRIMARY KEY (subscriber, region)
) STRICT;

-- `since` is the bound where it is not the slot's; `starts` the position from which anything was promised at all.
CREATE TABLE subscription (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber INTEGER NOT NULL REFERENCES subscriber (id),
    topic INTEGER NOT NULL REFERENCES topic (id),
    frequency INTEGER NOT NULL REFERENCES frequency (id),
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'paused', 'ended')),
    since INTEGER,
    starts INTEGER NOT NULL,
    rank INTEGER,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    start_reason TEXT NOT NULL CHECK (start_reason IN ('operator', 'confirmed', 'import', 'start-again')),
    paused_until TEXT,
    stopped_at INTEGER,
    stop_reason TEXT CHECK (stop_reason IN ('reader', 'operator', 'one-click', 'suppressed', 'erased', 'retired', 'unconfirmed')),
    CHECK ((state = 'ended') = (stop_reason IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX subscription_live ON subscription (subscriber, topic) WHERE state <> 'ended';
CREATE INDEX subscription_subscriber ON subscription (subscriber);
CREATE INDEX subscription_topic ON subscription (topic, state);

-- Readers whose digest falls due at the same instant. Never deleted; hour -1 where the frequency offers no choice.
CREATE TABLE slot (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    frequency INTEGER NOT NULL REFERENCES frequency (id),
    zone TEXT NOT NULL,
    hour INTEGER NOT NULL CHECK (hour BETWEEN -1 AND 23),
    cutoff INTEGER NOT NULL,
    next_run_at INTEGER,
    UNIQUE (frequency, zone, hour)
) STRICT;
CREATE INDEX slot_due ON slot (next_run_at) WHERE next_run_at IS NOT NULL;

-- Subscriber × slot, derived from the subscriptions in the transaction that changes them.
-- topics: [[topic, since or null, starts], …] in the reader's order; regions: [id, …].
CREATE TABLE enrolment (
    slot INTEGER NOT NULL REFERENCES slot (id),
    subscriber INTEGER NOT NULL REFERENCES subscriber (id),
    topics TEXT NOT NULL,
    regions TEXT NOT NULL,
    language TEXT NOT NULL,
    format TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    regions_changed_at INTEGER NOT NULL,
    sole INTEGER NOT NULL CHECK (sole IN (0, 1)),
    fold INTEGER NOT NULL DEFAULT FALSE CHECK (fold IN (0, 1)),
    PRIMARY KEY (slot, subscriber)
) STRICT;
CREATE INDEX enrolment_subscriber ON enrolment (subscriber);

-- ── Runs, editions, deliveries ───────────────────────────────────────────────────────────────────────────────────────

-- One firing of one slot, covering the positions (lower, upper]. `period` is the naive local time of the firing.
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    slot INTEGER NOT NULL REFERENCES slot (id),
    period TEXT NOT NULL,
    lower INTEGER NOT NULL,
    upper INTEGER NOT NULL,
    through INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    planned_at INTEGER,
    covers_from INTEGER NOT NULL,
    late INTEGER NOT NULL CHECK (late IN (0, 1)),
    mode TEXT NOT NULL CHECK (mode IN ('capture', 'allowlist', 'live')),
    state TEXT NOT NULL CHECK (state IN ('planning', 'planned', 'skipped', 'cancelled')),
    held_at INTEGER,
    held_reason TEXT,
    cancelled_at INTEGER,
    UNIQUE (slot, period)
) STRICT;
CREATE UNIQUE INDEX run_planning ON run (slot) WHERE state = 'planning';

-- What readers who are due the same articles get: frozen, keyed by its content.
CREATE TABLE edition (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER REFERENCES run (id),
    key BLOB NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    render_marks INTEGER NOT NULL DEFAULT 0,
    quarantined_at INTEGER,
    quarantine_reason TEXT,
    UNIQUE (run, key)
) STRICT;
CREATE INDEX edition_key ON edition (key);

CREATE TABLE edition_article (
    edition INTEGER NOT NULL REFERENCES edition (id),
    article INTEGER NOT NULL REFERENCES article (id),
    PRIMARY KEY (edition, article)
) STRICT;
CREATE INDEX edition_article_article ON edition_article (article);

-- One message to one address, and what became of it. `run` is null for what was asked for; `subscriber` after nobody's
-- asking (a test) or an erasure. `first_edition` is what it carried before something was taken out; `topics` what the reader
-- held when it was planned, for the "why" in it.
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('digest', 'confirm', 'welcome', 'preferences-link',
        'address-change', 'address-changed', 'goodbye', 'test')),
    lane INTEGER NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('capture', 'allowlist', 'live')),
    run INTEGER REFERENCES run (id),
    subscriber INTEGER REFERENCES subscriber (id),
    address TEXT,
    day TEXT,
    edition INTEGER REFERENCES edition (id),
    first_edition INTEGER REFERENCES edition (id),
    state TEXT NOT NULL CHECK (state IN ('ready', 'claimed', 'sending', 'sent', 'deferred', 'refused', 'uncertain',
        'cancelled', 'expired', 'held', 'quarantined', 'not sent')),
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
    folded_into INTEGER REFERENCES delivery (id),
    topics TEXT,
    UNIQUE (run, subscriber),
    UNIQUE (subscriber, day)
) STRICT;
CREATE INDEX delivery_waiting ON delivery (lane, edition, id) WHERE state IN ('ready', 'deferred');
CREATE INDEX delivery_next ON delivery (next_attempt_at) WHERE state IN ('ready', 'deferred');
CREATE INDEX delivery_open ON delivery (token) WHERE state IN ('claimed', 'sending');
CREATE INDEX delivery_doubt ON delivery (id) WHERE state = 'uncertain';
CREATE INDEX delivery_subscriber ON delivery (subscriber, id);

-- Addresses we do not send to, as keyed hashes that outlive an erasure.
CREATE TABLE suppression (
    hash BLOB PRIMARY KEY,
    reason TEXT NOT NULL CHECK (reason IN ('hard', 'soft', 'complaint', 'operator', 'not-me')),
    detail TEXT,
    since INTEGER NOT NULL
) STRICT;

-- The mailbox inside Tidings: what would have been sent.
CREATE TABLE captured_mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    envelope_from TEXT NOT NULL,
    envelope_to TEXT NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX captured_mail_received ON captured_mail (received_at);
