-- A feed that has far more at once than usual is held (`feed.held_since`): what it brings is filed without a position until
-- somebody releases it. `held_for`: the feed with whose release a filing gets its position.
ALTER TABLE filing ADD COLUMN held_for INTEGER REFERENCES feed (id);
CREATE INDEX filing_held ON filing (held_for) WHERE held_for IS NOT NULL;
