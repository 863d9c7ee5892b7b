-- +goose Up
-- A run that has a name is not removed.
CREATE TABLE baselines (
    name TEXT PRIMARY KEY,
    run  TEXT NOT NULL REFERENCES runs (id)
) STRICT;
