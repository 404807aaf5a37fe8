-- Photos and their scores.

-- Which catalog this is: names its temporary files apart from another's.
CREATE TABLE identity (
    id INTEGER NOT NULL
) STRICT;
INSERT INTO identity (id) VALUES (random());

CREATE TABLE folders (
    id   INTEGER PRIMARY KEY,
    -- The real path: bytes on Unix, UTF-16 (low byte first) on Windows.
    path BLOB NOT NULL UNIQUE
) STRICT;

CREATE TABLE photos (
    id      INTEGER PRIMARY KEY,
    folder  INTEGER NOT NULL REFERENCES folders (id),
    -- As the folder's path.
    name    BLOB NOT NULL,
    -- The file's state when its content was looked at. Times in nanoseconds
    -- since 1970; "changed" is Unix's ctime, 0 elsewhere.
    size     INTEGER NOT NULL CHECK (size >= 0),
    modified INTEGER NOT NULL,
    changed  INTEGER NOT NULL,
    -- 0 where the file was so young then that a later change may show in no
    -- time stamp.
    settled  INTEGER NOT NULL CHECK (settled IN (0, 1)),
    -- Hash of the content, 32 bytes.
    content  BLOB NOT NULL CHECK (length(content) = 32),
    UNIQUE (folder, name)
) STRICT;
CREATE INDEX photos_by_content ON photos (content);
CREATE INDEX photos_by_size ON photos (size);

-- What gives a score: weights, a profile, and the way pixels reach them.
CREATE TABLE models (
    id       INTEGER PRIMARY KEY,
    identity TEXT NOT NULL,
    -- Identity of the taste profile, empty for none.
    profile  TEXT NOT NULL,
    pipeline INTEGER NOT NULL,
    UNIQUE (identity, profile, pipeline)
) STRICT;

-- By content, so that a moved, renamed or copied photo has its score and an
-- edited one has none.
CREATE TABLE scores (
    content BLOB NOT NULL CHECK (length(content) = 32),
    model   INTEGER NOT NULL REFERENCES models (id),
    score   REAL NOT NULL CHECK (score BETWEEN 0 AND 100),
    -- Of the original in pixels, upright.
    width   INTEGER NOT NULL CHECK (width > 0),
    height  INTEGER NOT NULL CHECK (height > 0),
    PRIMARY KEY (content, model)
) STRICT, WITHOUT ROWID;
