-- Ratings, and the journal of the commands that made them.

CREATE TABLE ratings (
    photo INTEGER PRIMARY KEY REFERENCES photos (id),
    -- NULL where nobody ever said anything.
    stars INTEGER CHECK (stars BETWEEN 0 AND 5),
    -- -1 rejected, 0 none, 1 picked.
    flag  INTEGER CHECK (flag BETWEEN -1 AND 1),
    -- 0 none, 1 red, 2 yellow, 3 green, 4 blue, 5 purple, 6 another.
    label INTEGER CHECK (label BETWEEN 0 AND 6),
    -- What the sidecars and the photo itself said when they were last read or
    -- written, as JSON: from it a change by another program is told.
    seen    TEXT NOT NULL,
    -- The fields whose sidecar is still to be written: 1 stars, 2 flag,
    -- 4 label. A command that was killed leaves them to the next one.
    pending INTEGER NOT NULL DEFAULT 0 CHECK (pending BETWEEN 0 AND 7),
    -- 1 where a sidecar could not be written and the user was told.
    failed  INTEGER NOT NULL DEFAULT 0 CHECK (failed IN (0, 1))
) STRICT;
CREATE INDEX ratings_pending ON ratings (photo) WHERE pending <> 0;

CREATE TABLE journal (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Seconds since 1970.
    at      INTEGER NOT NULL,
    -- In words, for the user.
    command TEXT NOT NULL,
    -- 0 done, 1 undone and can be redone, 2 undone for good.
    state   INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 2)
) STRICT;
CREATE INDEX journal_by_state ON journal (state, id);

-- What a command did to each photo; values as in ratings.
CREATE TABLE changes (
    command      INTEGER NOT NULL REFERENCES journal (id),
    photo        INTEGER NOT NULL REFERENCES photos (id),
    stars_before INTEGER,
    stars_after  INTEGER,
    flag_before  INTEGER,
    flag_after   INTEGER,
    label_before INTEGER,
    label_after  INTEGER,
    PRIMARY KEY (command, photo)
) STRICT, WITHOUT ROWID;
