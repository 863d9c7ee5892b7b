-- +goose Up
PRAGMA application_id = 0x48736f6b; -- "Hsok": the file is a history

-- A migration that two processes try at once is applied by one of them.
CREATE UNIQUE INDEX applied_once ON goose_db_version (version_id) WHERE is_applied;

-- Times are Unix nanoseconds. ended is NULL until the run has ended, exit and
-- conclusion until it was judged. seed is unsigned, which no INTEGER holds.
CREATE TABLE runs (
    id         TEXT PRIMARY KEY,
    started    INTEGER NOT NULL,
    written    INTEGER NOT NULL,
    ended      INTEGER,
    target     TEXT NOT NULL,
    plan       TEXT NOT NULL,
    scenario   TEXT NOT NULL,
    seed       TEXT NOT NULL,
    batches    INTEGER NOT NULL DEFAULT 0,
    requests   INTEGER NOT NULL DEFAULT 0,
    chunks     INTEGER NOT NULL DEFAULT 0,
    exit       INTEGER,
    conclusion TEXT
) STRICT;

-- A chunk is some events of a run in their order, gzipped JSON lines.
CREATE TABLE chunks (
    run    TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    events BLOB NOT NULL,
    PRIMARY KEY (run, number)
) STRICT;
