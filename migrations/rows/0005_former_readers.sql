-- A row of every kind, as the schema's fifth version has them, for the tests of what came after. Both engines read it; a
-- number that a row gets by itself is its place in the list.

UPDATE counter SET value = 3 WHERE name = 'position';
UPDATE counter SET value = 2 WHERE name = 'mark';
INSERT INTO setting (name, value) VALUES ('fingerprint', 'abc'), ('hold', 'a wrong picture');
INSERT INTO lease (token, holder, taken_at, expires_at) VALUES (x'0a', 'pid 7 on press', 1772438400000, 1772438430000);

INSERT INTO feed (slug, url, language, title, etag, body_hash, next_check_at, first_fetched_at, failures, error, identity) VALUES
    ('health-en', 'https://news.example.org/health', 'en', 'Health', '"1"', x'01ff', 1772438400000, 1772352000000, 0, NULL, 'guid'),
    ('gone', 'https://news.example.org/gone', NULL, NULL, NULL, NULL, 1772438400000, NULL, 3, 'answered 410', 'guid+link');
INSERT INTO topic (facet, slug, rank, retired_at, replaced_by) VALUES ('topic', 'health', 0, NULL, NULL), ('topic', 'climate', 1, NULL, NULL), ('region', 'africa', 0, NULL, NULL),
    ('topic', 'rain', 2, 1772400000000, 2);
INSERT INTO frequency (slug, cron, hour_choice, approve, rank) VALUES ('daily', '0 8 * * *', TRUE, FALSE, 0), ('weekly', '0 8 * * MON', TRUE, TRUE, 1);

INSERT INTO article (canonical_link, title, link, summary, language, categories, first_seen_at, mailed, corrected_title, corrected_at, pinned_at, withdrawn_at, mark, sweeping) VALUES
    ('https://news.example.org/1', 'A clinic opens', 'http://news.example.org/1?utm_source=feed', 'At last.', 'en', '["Health"]', 1772438300000, TRUE, NULL, NULL, NULL, NULL, NULL, FALSE),
    ('https://news.example.org/2', 'It rains', 'https://news.example.org/2', '', NULL, '[]', 1772438300001, TRUE, 'It pours', 1772438350000, 1772438340000, NULL, 1, FALSE),
    (NULL, 'A mistake', NULL, 'Never mind.', 'fr', '[]', 1772438300002, FALSE, NULL, NULL, NULL, 1772438360000, 2, TRUE);
INSERT INTO sighting (feed, identity, article, first_seen_at, last_seen_at, text_hash) VALUES (1, 'guid-1', 1, 1772438300000, 1772438390000, x'02');
INSERT INTO filing (article, topic, position, number_at, filed_at) VALUES
    (1, 1, 1, NULL, 1772438300000), (1, 3, 2, NULL, 1772438310000), (2, 2, 3, NULL, 1772438300001), (3, 2, NULL, 1772440000000, 1772438300002);

INSERT INTO subscriber (key, address, address_key, language, zone, hour, format, created_at, erased_at, changed_at, regions_changed_at) VALUES
    (x'11', 'Ana@example.org', 'ana@example.org', 'en', 'Africa/Nairobi', 8, 'full', 1772352000000, NULL, 1, 0),
    (x'12', 'ben@example.org', 'ben@example.org', 'fr', 'UTC', 20, 'text', 1772352000001, NULL, 0, -1),
    (x'13', NULL, NULL, 'en', 'UTC', 8, 'no-images', 1772352000002, 1772400000000, 0, -1);
INSERT INTO subscriber_region (subscriber, region) VALUES (1, 3);
INSERT INTO subscription (subscriber, topic, frequency, state, since, starts, rank, created_at, started_at, start_reason, paused_until, pause_reason, stopped_at, stop_reason) VALUES
    (1, 1, 1, 'active', 2, 0, 0, 1772352000000, 1772352000000, 'operator', NULL, NULL, NULL, NULL),
    (1, 2, 1, 'paused', 1, 0, 1, 1772352000000, 1772352000000, 'confirmed', '2026-04-01', 'reader', NULL, NULL),
    (2, 1, 2, 'pending', NULL, 0, NULL, 1772352000001, NULL, 'confirmed', NULL, NULL, NULL, NULL),
    (3, 1, 1, 'ended', NULL, 0, NULL, 1772352000002, 1772352000002, 'import', NULL, NULL, 1772400000000, 'erased');
INSERT INTO request (subscriber, asked_at) VALUES (2, 1772438400000);
INSERT INTO slot (frequency, zone, hour, cutoff, next_run_at) VALUES (1, 'Africa/Nairobi', 8, 2, 1772514000000), (2, 'UTC', 20, 0, NULL);
INSERT INTO enrolment (slot, subscriber, topics, regions, language, format, changed_at, regions_changed_at, sole, fold, wakes_after) VALUES
    (1, 1, '[[1,2,0]]', '[3]', 'en', 'full', 1, 0, TRUE, TRUE, '2026-04-01');

INSERT INTO run (slot, period, lower, upper, through, due_at, begun_at, planned_at, covers_from, late, mode, state, held_at, held_reason, cancelled_at, cancel_reason) VALUES
    (1, '2026-03-01T08:00:00', 0, 1, 1, 1772341200000, 1772341200500, 1772341201000, 1772254800000, FALSE, 'live', 'planned', NULL, NULL, NULL, NULL),
    (1, '2026-03-02T08:00:00', 1, 2, 0, 1772427600000, 1772438400000, NULL, 1772341200000, TRUE, 'live', 'planning', 1772438400000, 'waits for approval', NULL, NULL),
    (2, '2026-03-01T20:00:00', 0, 0, 0, 1772395200000, 1772395200000, 1772395200000, 1772395200000, TRUE, 'capture', 'skipped', NULL, NULL, NULL, NULL),
    (2, '2026-03-02T20:00:00', 0, 0, 0, 1772481600000, 1772481600000, 1772481600000, 1772395200000, FALSE, 'live', 'cancelled', NULL, NULL, 1772481700000, 'operator');
INSERT INTO edition (run, key, content, created_at, render_marks, quarantined_at, quarantine_reason) VALUES
    (1, x'21', '{"parts":[]}', 1772341200500, 0, NULL, NULL), (1, x'22', '{"parts":[1]}', 1772341200501, 4, 1772341300000, 'three attempts');
INSERT INTO edition_article (edition, article) VALUES (1, 1), (2, 1), (2, 2);
INSERT INTO delivery (key, kind, lane, mode, run, subscriber, address, day, edition, first_edition, state, created_at, next_attempt_at, attempts, doubts, token, settled_at, reply, reason, topics) VALUES
    (x'31', 'digest', 1, 'live', 1, 1, NULL, NULL, 2, 1, 'quarantined', 1772341200500, 1772341200500, 2, 0, NULL, NULL, '451 later', 'three attempts', '[1,2]'),
    (x'32', 'digest', 1, 'live', 1, 2, NULL, NULL, 1, 1, 'uncertain', 1772341200500, 1772341200500, 1, 1, x'0a', NULL, NULL, NULL, '[1]'),
    (x'33', 'confirm', 0, 'live', NULL, 2, NULL, NULL, NULL, NULL, 'sent', 1772352000001, 1772352000001, 1, 0, NULL, 1772352001000, '250 ok', NULL, NULL),
    (x'34', 'test', 0, 'capture', NULL, NULL, 'me@example.org', NULL, NULL, NULL, 'sent', 1772352000001, 1772352000001, 1, 0, NULL, 1772352001000, '250 ok', NULL, NULL);
UPDATE delivery SET folded_into = 1 WHERE key = x'32';
INSERT INTO suppression (hash, reason, detail, since) VALUES (x'41', 'hard', '550 unknown', 1772352000000);
INSERT INTO captured_mail (received_at, envelope_from, envelope_to, bytes) VALUES (1772352000000, 'b+x@example.org', 'me@example.org', x'0d0a');
INSERT INTO letter (key, hash, sealed, subscriber, topics, frequency, language, zone, hour, origin, asked_at, answered_at) VALUES
    (x'51', x'52', x'53', NULL, '[1,2]', 1, 'en', 'Africa/Nairobi', 8, '/en/subscribe', 1772352000000, NULL),
    (x'54', x'52', NULL, 1, '[]', NULL, 'fr', 'UTC', 20, '/preferences', 1772352000001, 1772352060000);
INSERT INTO consent (subscriber, given_at, wording, language, origin, topics) VALUES
    (1, 1772352060000, 'abc', 'en', '/en/subscribe', '["health"]');
INSERT INTO former_reader (hash, since) VALUES (x'61', 1772352060000);
