use rusqlite::params;

use super::*;

/// What a catalog of each version may hold, beyond the version before.
const CONTENT: [&str; 4] = [
    "INSERT INTO folders (id, path) VALUES (1, x'2F61');
     INSERT INTO photos (id, folder, name, size, modified, changed, settled, content)
     VALUES (7, 1, x'622E6A7067', 10, 20, 30, 1, zeroblob(32));
     INSERT INTO models (id, identity, profile, pipeline) VALUES (1, 'some', '', 1);
     INSERT INTO scores VALUES (zeroblob(32), 1, 61.5, 6000, 4000);",
    "INSERT INTO ratings (photo, stars, flag, label, seen) VALUES (7, 3, 1, NULL, '{}');
     INSERT INTO journal (id, at, command) VALUES (1, 5, '3 stars');
     INSERT INTO changes VALUES (1, 7, NULL, 3, NULL, 1, NULL, NULL);",
    "INSERT INTO journal (id, at, command) VALUES (2, 6, 'moved');
     INSERT INTO moves VALUES (2, 0, 0, 0, 7, x'2F61', x'2F62', 10, 20, zeroblob(32), 1);
     INSERT INTO moving VALUES (2, 0);",
    "INSERT INTO photos (id, folder, name, size, modified, changed, settled, content)
     VALUES (8, 1, x'632E6A7067', 10, 20, 30, 1, zeroblob(32));
     INSERT INTO bonds VALUES (7, 8, 1);
     INSERT INTO bond_changes VALUES (1, 7, 8, NULL, 1);",
];

/// A catalog as the program of that version left it.
fn of_version(path: &Path, version: i64) {
    let mut db = Connection::open(path).unwrap();
    migrate(&mut db, version).unwrap();
    for content in CONTENT.iter().take(version as usize) {
        db.execute_batch(content).unwrap();
    }
}

fn schema(db: &Connection) -> Vec<String> {
    db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn every_older_version_is_upgraded_with_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let newest = Catalog::open(&folder.path().join("new.db"))
        .unwrap()
        .catalog;
    for version in 0..=VERSION {
        let path = folder.path().join(format!("{version}.db"));
        of_version(&path, version);
        let opened = Catalog::open(&path).unwrap();
        assert_eq!(opened.set_aside, None);
        let db = &opened.catalog.db;
        assert_eq!(marks(db).unwrap(), (VERSION, APPLICATION));
        assert_eq!(schema(db), schema(&newest.db));
        assert!(opened.catalog.check().unwrap().is_empty());
        let info = opened.catalog.info().unwrap();
        assert_eq!(info.scores, i64::from(version >= 1));
        assert_eq!(info.rated, i64::from(version >= 2));
    }
}

#[test]
fn an_upgrade_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    of_version(&path, 1);
    let db = Connection::open(&path).unwrap();
    // In the way of the next version.
    db.execute_batch("CREATE TABLE journal (x)").unwrap();
    drop(db);
    assert!(Catalog::open(&path).is_err());
    let db = Connection::open(&path).unwrap();
    assert_eq!(marks(&db).unwrap().0, 1);
    let ratings: i64 = db
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'ratings'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(ratings, 0);
}

#[test]
fn a_newer_catalog_is_refused_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keepers.db");
    of_version(&path, VERSION);
    let db = Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", VERSION + 1).unwrap();
    drop(db);
    let before = fs::read(&path).unwrap();
    let error = Catalog::open(&path).unwrap_err();
    assert!(matches!(error, CatalogError::Newer { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_catalog_is_set_aside_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keepers.db");
    for number in 1..=2 {
        let bytes = format!("no database, number {number}").into_bytes();
        fs::write(&path, &bytes).unwrap();
        let opened = Catalog::open(&path).unwrap();
        let aside = opened.set_aside.unwrap();
        let name = format!("keepers-damaged-{number}.db");
        assert_eq!(aside, folder.path().join(name));
        assert_eq!(fs::read(&aside).unwrap(), bytes);
        assert_eq!(opened.catalog.info().unwrap().photos, 0);
        assert!(Catalog::open(&path).unwrap().set_aside.is_none());
    }
}

#[test]
fn damage_inside_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("elsewhere.db");
    of_version(&path, VERSION);
    let mut bytes = fs::read(&path).unwrap();
    // The list of tables is on the first page.
    for byte in bytes.iter_mut().skip(100).take(900) {
        *byte = 0xA5;
    }
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(
        Catalog::open_existing(&path),
        Err(CatalogError::Damaged { .. })
    ));
    let aside = Catalog::open(&path).unwrap().set_aside.unwrap();
    assert_eq!(fs::read(aside).unwrap(), bytes);
}

#[test]
fn other_files_are_refused_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.db");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "not a database, but dear to somebody").unwrap();
    let photo = folder.path().join("empty.jpg");
    fs::write(&photo, "").unwrap();
    for path in [&other, &text, &photo] {
        let before = fs::read(path).unwrap();
        let error = Catalog::open(path).unwrap_err().to_string();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
        assert_eq!(fs::read(path).unwrap(), before);
    }
    assert!(
        Catalog::open_existing(&folder.path().join("none.db"))
            .unwrap()
            .is_none()
    );
}

#[test]
fn two_processes_can_have_it_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keepers.db");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| Catalog::open(&path).unwrap().catalog.info().unwrap());
        }
    });
    let (a, b) = (
        Catalog::open(&path).unwrap().catalog,
        Catalog::open(&path).unwrap().catalog,
    );
    a.db.execute("INSERT INTO folders (path) VALUES (?1)", params![b"/a"])
        .unwrap();
    assert_eq!(b.info().unwrap().folders, 1);
    assert_eq!(a.id, b.id);
}

#[test]
fn a_full_disk_is_named_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keepers.db");
    let catalog = Catalog::open(&path).unwrap().catalog;
    let pages: i64 = catalog
        .db
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    catalog
        .db
        .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
        .unwrap();
    let error = loop {
        let blob = vec![7_u8; 3000];
        let inserted = catalog.db.execute(
            "INSERT INTO folders (path) VALUES (CAST(?1 || hex(randomblob(8)) AS BLOB))",
            [blob],
        );
        if let Err(error) = inserted {
            break catalog.failed()(error);
        }
    };
    assert!(matches!(error, CatalogError::Full { .. }), "{error}");
    assert!(catalog.check().unwrap().is_empty());
}
