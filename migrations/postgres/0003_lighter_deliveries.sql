-- A run writes a delivery for each of its readers, up to millions: what a row costs is what planning costs. Half of it was
-- five foreign keys.

-- The edition of a delivery is one of its run: one key says both. What is only a note of what was (the first edition, the
-- digest it was folded into) is not looked up for each row.
CREATE UNIQUE INDEX edition_of_run ON edition (id, run);
ALTER TABLE delivery DROP CONSTRAINT delivery_run_fkey;
ALTER TABLE delivery DROP CONSTRAINT delivery_edition_fkey;
ALTER TABLE delivery DROP CONSTRAINT delivery_first_edition_fkey;
ALTER TABLE delivery DROP CONSTRAINT delivery_folded_into_fkey;
ALTER TABLE delivery ADD FOREIGN KEY (edition, run) REFERENCES edition (id, run);

-- A reader is never deleted (an erasure keeps the row), and a run takes its readers from `enrolment`, which refers to them:
-- to look each of them up once more, and lock them, was an eighth of planning.
ALTER TABLE delivery DROP CONSTRAINT delivery_subscriber_fkey;
