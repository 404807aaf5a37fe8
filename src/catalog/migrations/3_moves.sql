-- What commands did to files: moved, copied, or put into the system's bin.

CREATE TABLE moves (
    command  INTEGER NOT NULL REFERENCES journal (id),
    -- Their order.
    step     INTEGER NOT NULL,
    -- Files with the same number go together or not at all.
    together INTEGER NOT NULL,
    -- 0 move, 1 copy, 2 into the bin, 3 a folder is made (the target).
    act      INTEGER NOT NULL CHECK (act BETWEEN 0 AND 3),
    -- The photo whose file it is; NULL for sidecars, and for photos that were
    -- not known.
    photo    INTEGER REFERENCES photos (id),
    -- Paths as in folders; the target is NULL for the bin.
    source   BLOB NOT NULL,
    target   BLOB,
    -- The file's length and time of writing where it is now, and its content
    -- where that is known.
    size     INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    content  BLOB CHECK (length(content) = 32),
    -- 0 to be done, 1 done, 2 taken back, 3 never done.
    state    INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
    PRIMARY KEY (command, step)
) STRICT, WITHOUT ROWID;

-- The command whose files are on their way: the next command ends what a killed
-- one began. "back" is 1 while it is being undone.
CREATE TABLE moving (
    command INTEGER PRIMARY KEY REFERENCES journal (id),
    back    INTEGER NOT NULL CHECK (back IN (0, 1))
) STRICT;
