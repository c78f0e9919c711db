-- Who was a reader and is forgotten: a keyed hash alone, so that an import does not bring back who had stopped. Whoever signs
-- up again is a reader like any other.
CREATE TABLE former_reader (
    hash BLOB PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
