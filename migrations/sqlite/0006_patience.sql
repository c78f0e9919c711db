-- What a feed asked of us that a 304 does not repeat, and what was told of it.

-- The `ttl` of its last document, in minutes.
ALTER TABLE feed ADD COLUMN ttl_minutes INTEGER;

-- When its present error was told; none: there is none, or not yet.
ALTER TABLE feed ADD COLUMN told_at INTEGER;
UPDATE feed SET told_at = error_since;

-- Since when it has answered 404.
ALTER TABLE feed ADD COLUMN missing_since INTEGER;
