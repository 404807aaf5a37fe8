-- What the user says of groups, and the commands that said so.

-- Of two photos, whether they belong together (1) or never do (0); no row where
-- nobody said anything.
CREATE TABLE bonds (
    one      INTEGER NOT NULL REFERENCES photos (id),
    other    INTEGER NOT NULL REFERENCES photos (id),
    together INTEGER NOT NULL CHECK (together IN (0, 1)),
    PRIMARY KEY (one, other),
    CHECK (one < other)
) STRICT, WITHOUT ROWID;

-- What a command did to them; NULL where there was or is no row.
CREATE TABLE bond_changes (
    command INTEGER NOT NULL REFERENCES journal (id),
    one     INTEGER NOT NULL REFERENCES photos (id),
    other   INTEGER NOT NULL REFERENCES photos (id),
    before  INTEGER,
    after   INTEGER,
    PRIMARY KEY (command, one, other)
) STRICT, WITHOUT ROWID;
