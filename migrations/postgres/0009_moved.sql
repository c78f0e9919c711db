-- When a reader last changed their address; none: never. Links that were mailed to the old one show and change nothing.
ALTER TABLE subscriber ADD COLUMN moved_at BIGINT;
