use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tempfile::TempDir;

use super::*;
use crate::catalog::{Applied, Options};
use crate::metadata::xmp::{Rating, Stars};

thread_local! {
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    static DISKS: Cell<Disks> = const { Cell::new(Disks::One) };
}

/// What source and target are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disks {
    One,
    /// One that knows no rename that replaces nothing.
    OneOfOld,
    Two,
}

/// Ends the work as if it were killed, when so many steps are done.
pub(super) fn count_down() {
    match LEFT.get() {
        Some(0) => std::panic::resume_unwind(Box::new("killed")),
        Some(left) => LEFT.set(Some(left - 1)),
        None => {}
    }
}

/// Whether source and target are to be on two disks.
pub(super) fn two_disks() -> bool {
    DISKS.get() == Disks::Two
}

/// Whether the system cannot rename without replacing.
pub(super) fn old_disk() -> bool {
    DISKS.get() == Disks::OneOfOld
}

/// Does some work; `None` where it was killed after so many steps.
fn killed<T>(steps: usize, work: impl FnOnce() -> T) -> Option<T> {
    LEFT.set(Some(steps));
    let done = catch_unwind(AssertUnwindSafe(work));
    LEFT.set(None);
    done.ok()
}

/// A folder with photos, and a catalog elsewhere.
struct Shoot {
    folder: TempDir,
    home: TempDir,
    catalog: Catalog,
}

impl Shoot {
    fn new(names: &[&str]) -> Self {
        let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in names {
            fs::write(folder.path().join(name), format!("content of {name}")).unwrap();
        }
        let catalog = Catalog::open(&home.path().join("a.db")).unwrap().catalog;
        Self {
            folder,
            home,
            catalog,
        }
    }

    /// A pair with sidecars of both namings, and a photo alone, all rejected.
    fn usual() -> Self {
        let mut shoot = Self::new(&["a.CR2", "a.JPG", "b.jpg"]);
        shoot.rate(&["a.CR2", "b.jpg"], Flag::Reject);
        let sidecar = fs::read(shoot.path("a.xmp")).unwrap();
        fs::write(shoot.path("a.CR2.xmp"), &sidecar).unwrap();
        fs::write(shoot.path("a.JPG.xmp"), &sidecar).unwrap();
        shoot
    }

    /// As a program that is started after a kill.
    fn reopen(&mut self) {
        self.catalog = Catalog::open(&self.home.path().join("a.db"))
            .unwrap()
            .catalog;
    }

    fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap().join(name)
    }

    fn rate(&mut self, names: &[&str], flag: Flag) {
        let photos: Vec<PathBuf> = names.iter().map(|name| self.path(name)).collect();
        let rating = Rating {
            flag: Some(flag),
            stars: Stars::new(2),
            ..Rating::default()
        };
        let rated = self
            .catalog
            .rate(&photos, rating, "rated", Options::default());
        assert!(rated.unwrap().iter().all(|rated| rated.problems.is_empty()));
    }

    fn request(&self, names: &[&str], destination: Destination) -> Request {
        Request {
            photos: names.iter().map(|name| self.path(name)).collect(),
            destination,
            copy: false,
            on_conflict: OnConflict::Refuse,
        }
    }

    fn plan(&self, request: &Request) -> Plan {
        plan(Some(&self.catalog), request).unwrap()
    }

    fn carry_out(&mut self, plan: &Plan) -> Carried {
        self.carry_out_until(plan, &Cancel::default())
    }

    fn carry_out_until(&mut self, plan: &Plan, cancel: &Cancel) -> Carried {
        let mut watch = Watch {
            cancel,
            progress: &mut |_| {},
        };
        self.catalog.carry_out(plan, "moved", &mut watch).unwrap()
    }

    fn undo(&mut self) -> Carried {
        let undone: Applied = self.catalog.undo(Options::default()).unwrap().unwrap();
        undone.files.unwrap()
    }

    fn redo(&mut self) -> Carried {
        let redone = self.catalog.redo(Options::default()).unwrap().unwrap();
        redone.files.unwrap()
    }

    /// Everything below the folder, with its content.
    fn all(&self) -> BTreeMap<String, String> {
        fn walk(root: &Path, folder: &Path, all: &mut BTreeMap<String, String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(root).unwrap().to_string_lossy();
                let name = name.replace('\\', "/");
                if path.is_dir() {
                    all.insert(format!("{name}/"), String::new());
                    walk(root, &path, all);
                } else {
                    let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                    all.insert(name, text);
                }
            }
        }
        let mut all = BTreeMap::new();
        walk(self.folder.path(), self.folder.path(), &mut all);
        all
    }

    fn names(&self) -> Vec<String> {
        self.all().into_keys().collect()
    }

    fn rating(&self, name: &str) -> Option<Rating> {
        self.catalog.ratings(&[self.path(name)]).unwrap()[0]
    }
}

fn reasons(carried: &Carried) -> Vec<&str> {
    carried.failed.iter().map(|f| f.reason.as_str()).collect()
}

#[test]
fn what_belongs_together_goes_and_comes_back_with_its_ratings() {
    let mut shoot = Shoot::usual();
    let before = shoot.all();
    let plan = shoot.plan(&shoot.request(&["a.CR2", "b.jpg"], Destination::Rejected));
    assert_eq!((plan.photos(), plan.groups.len()), (3, 2));
    let length: usize = before.values().map(String::len).sum();
    assert_eq!(plan.bytes, length as u64);
    assert_eq!(plan.folders, [shoot.path(REJECTED)]);
    assert_eq!(shoot.all(), before, "a plan does nothing");

    let carried = shoot.carry_out(&plan);
    assert_eq!((carried.went.len(), reasons(&carried)), (7, vec![]));
    let gone = [
        "_rejected/",
        "_rejected/a.CR2",
        "_rejected/a.CR2.xmp",
        "_rejected/a.JPG",
        "_rejected/a.JPG.xmp",
        "_rejected/a.xmp",
        "_rejected/b.jpg",
        "_rejected/b.xmp",
    ];
    assert_eq!(shoot.names(), gone);
    assert_eq!(
        shoot.rating("_rejected/a.CR2").unwrap().stars,
        Stars::new(2)
    );
    assert_eq!(shoot.rating("a.CR2"), None);

    assert_eq!(shoot.undo().went.len(), 7);
    assert_eq!(shoot.all(), before);
    assert_eq!(shoot.rating("a.CR2").unwrap().flag, Some(Flag::Reject));
    assert_eq!(shoot.redo().went.len(), 7);
    assert_eq!(shoot.names(), gone);
    assert_eq!(shoot.undo().went.len(), 7);
    assert_eq!(shoot.all(), before);
    // The rating before it comes next.
    let undone = shoot.catalog.undo(Options::default()).unwrap().unwrap();
    assert_eq!(undone.command, "rated");
    assert!(shoot.catalog.check().unwrap().is_empty());
}

/// After a kill at every step there is: what belongs together is together,
/// nothing is lost or left over, and undoing gives what was there before.
fn survives_kills(disks: Disks, copy: bool) {
    DISKS.set(disks);
    let together = |all: &BTreeMap<String, String>| {
        for group in [
            vec!["a.CR2", "a.JPG", "a.xmp", "a.CR2.xmp"],
            vec!["b.jpg", "b.xmp"],
        ] {
            let there = |name: &&&str| all.contains_key(&format!("out/{name}"));
            let moved = group.iter().filter(there).count();
            assert!(moved == 0 || moved == group.len(), "{all:?}");
            for name in &group {
                let here = all.contains_key(*name);
                assert_eq!(here, copy || moved == 0, "{name}: {all:?}");
            }
        }
        assert!(all.keys().all(|name| !name.contains(".part")), "{all:?}");
    };
    let mut kills = 0;
    for steps in 0..200 {
        let mut shoot = Shoot::usual();
        let before = shoot.all();
        let mut request = shoot.request(&["a.CR2", "b.jpg"], Destination::Folder("out".into()));
        request.destination = Destination::Folder(shoot.path("out"));
        request.copy = copy;
        let plan = shoot.plan(&request);
        let through = killed(steps, || shoot.carry_out(&plan)).is_some();
        kills += usize::from(!through);
        shoot.reopen();
        shoot
            .catalog
            .finish_interrupted(Options::default())
            .unwrap();
        together(&shoot.all());
        let moved = shoot.path("out/a.CR2").exists();
        let name = if moved && !copy { "out/a.CR2" } else { "a.CR2" };
        assert_eq!(shoot.rating(name).unwrap().flag, Some(Flag::Reject));

        if moved {
            // Killed on the way back as well.
            let back = killed(steps, || shoot.undo()).is_some();
            shoot.reopen();
            shoot
                .catalog
                .finish_interrupted(Options::default())
                .unwrap();
            together(&shoot.all());
            if !back && shoot.path("out/a.CR2").exists() {
                shoot.undo();
            }
        }
        let mut now = shoot.all();
        if now.contains_key("out/b.jpg") {
            shoot.undo();
            now = shoot.all();
        }
        now.remove("out/");
        assert_eq!(now, before, "after {steps} steps");
        assert!(shoot.catalog.check().unwrap().is_empty());
        if through {
            assert!(kills >= 10, "only {kills} kills");
            DISKS.set(Disks::One);
            return;
        }
    }
    panic!("it is never through");
}

#[test]
fn kills_leave_nothing_half_moved() {
    survives_kills(Disks::One, false);
}

#[test]
fn kills_leave_nothing_half_moved_between_disks() {
    survives_kills(Disks::Two, false);
}

#[test]
fn kills_leave_nothing_half_moved_on_an_old_disk() {
    survives_kills(Disks::OneOfOld, false);
}

#[test]
fn kills_leave_nothing_half_copied() {
    survives_kills(Disks::One, true);
}

#[test]
fn between_disks_content_and_times_are_kept() {
    DISKS.set(Disks::Two);
    let mut shoot = Shoot::new(&["a.jpg"]);
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    let file = fs::File::options()
        .write(true)
        .open(shoot.path("a.jpg"))
        .unwrap();
    file.set_modified(long_ago).unwrap();
    drop(file);
    let request = shoot.request(&["a.jpg"], Destination::Folder(shoot.path("x/y")));
    let plan = shoot.plan(&request);
    assert_eq!(plan.folders, [shoot.path("x"), shoot.path("x/y")]);
    assert_eq!(shoot.carry_out(&plan).went.len(), 1);
    assert_eq!(shoot.names(), ["x/", "x/y/", "x/y/a.jpg"]);
    let metadata = fs::metadata(shoot.path("x/y/a.jpg")).unwrap();
    assert_eq!(metadata.modified().unwrap(), long_ago);
    assert_eq!(shoot.undo().went.len(), 1);
    assert_eq!(shoot.names(), ["a.jpg"], "folders that were made are gone");
    DISKS.set(Disks::One);
}

#[test]
fn a_taken_name_is_refused_skipped_or_numbered_and_never_replaced() {
    let mut shoot = Shoot::new(&["a.CR2", "a.JPG", "b.jpg", "c.jpg"]);
    fs::create_dir(shoot.path("out")).unwrap();
    fs::write(shoot.path("out/a.JPG"), "another").unwrap();
    fs::copy(shoot.path("b.jpg"), shoot.path("out/b.jpg")).unwrap();
    let before = shoot.all();
    let mut request = shoot.request(
        &["a.CR2", "b.jpg", "c.jpg"],
        Destination::Folder(shoot.path("out")),
    );
    let plan = shoot.plan(&request);
    let taken: Vec<Taken> = plan.conflicts.iter().map(|c| c.taken).collect();
    assert_eq!(taken, [Taken::Different, Taken::Same]);
    assert!(plan.is_blocked());
    let carried = shoot.carry_out(&plan);
    assert_eq!((carried.went.len(), carried.failed.len()), (0, 2));
    assert_eq!(shoot.all(), before);

    request.on_conflict = OnConflict::Skip;
    let plan = shoot.plan(&request);
    assert_eq!(shoot.carry_out(&plan).went.len(), 1);
    assert!(shoot.path("a.CR2").exists(), "the pair stays together");
    assert!(shoot.path("out/c.jpg").exists());
    shoot.undo();
    assert_eq!(shoot.all(), before);

    request.on_conflict = OnConflict::Rename;
    let plan = shoot.plan(&request);
    assert_eq!(shoot.carry_out(&plan).went.len(), 4);
    let names = [
        "a (2).CR2",
        "a (2).JPG",
        "a.JPG",
        "b (2).jpg",
        "b.jpg",
        "c.jpg",
    ];
    let expected: Vec<String> = std::iter::once("out/".to_owned())
        .chain(names.iter().map(|name| format!("out/{name}")))
        .collect();
    assert_eq!(shoot.names(), expected);
    assert_eq!(fs::read(shoot.path("out/a.JPG")).unwrap(), b"another");
    shoot.undo();
    assert_eq!(shoot.all(), before);
}

#[test]
fn a_name_taken_after_the_plan_is_that_files_failure() {
    let mut shoot = Shoot::new(&["a.CR2", "a.JPG", "b.jpg"]);
    let request = shoot.request(&["a.CR2", "b.jpg"], Destination::Rejected);
    let plan = shoot.plan(&request);
    fs::create_dir(shoot.path(REJECTED)).unwrap();
    fs::write(shoot.path("_rejected/a.JPG"), "another").unwrap();
    let carried = shoot.carry_out(&plan);
    assert_eq!(carried.went.len(), 1);
    assert!(
        reasons(&carried)[0].contains("is there already"),
        "{carried:?}"
    );
    assert_eq!(carried.failed[0].path, shoot.path("a.JPG"));
    let names = [
        "_rejected/",
        "_rejected/a.JPG",
        "_rejected/b.jpg",
        "a.CR2",
        "a.JPG",
    ];
    assert_eq!(shoot.names(), names);
    assert_eq!(fs::read(shoot.path("_rejected/a.JPG")).unwrap(), b"another");
}

#[test]
fn two_photos_of_one_name_do_not_meet() {
    let mut shoot = Shoot::new(&["a.jpg"]);
    fs::create_dir(shoot.path("sub")).unwrap();
    fs::write(shoot.path("sub/a.jpg"), "another").unwrap();
    let mut request = shoot.request(
        &["a.jpg", "sub/a.jpg", "sub/../a.jpg"],
        Destination::Folder(shoot.path("out")),
    );
    let plan = shoot.plan(&request);
    assert_eq!(plan.conflicts.len(), 1);
    assert_eq!(plan.conflicts[0].taken, Taken::Planned);
    request.on_conflict = OnConflict::Rename;
    let plan = shoot.plan(&request);
    shoot.carry_out(&plan);
    assert_eq!(
        shoot.names(),
        ["out/", "out/a (2).jpg", "out/a.jpg", "sub/"]
    );
}

#[test]
fn sidecars_are_not_mixed_up() {
    let mut shoot = Shoot::new(&["a.CR2", "b.jpg"]);
    shoot.rate(&["b.jpg"], Flag::Pick);
    fs::create_dir(shoot.path("out")).unwrap();
    // One whose photo is gone, and a photo that b.xmp would become part of.
    fs::copy(shoot.path("b.xmp"), shoot.path("out/a.xmp")).unwrap();
    fs::write(shoot.path("out/b.CR2"), "raw").unwrap();
    let request = shoot.request(&["a.CR2", "b.jpg"], Destination::Folder(shoot.path("out")));
    let plan = shoot.plan(&request);
    let taken: Vec<Taken> = plan.conflicts.iter().map(|c| c.taken).collect();
    assert_eq!(taken, [Taken::Sidecar, Taken::Sidecar]);
}

#[test]
fn the_same_folder_is_refused() {
    let mut shoot = Shoot::new(&["a.jpg"]);
    let plan = shoot.plan(&shoot.request(&["a.jpg"], Destination::Folder(shoot.path("x/.."))));
    assert!(
        plan.groups.is_empty() && !plan.refused.is_empty(),
        "{plan:?}"
    );
    let plan = shoot.plan(&shoot.request(&["a.jpg"], Destination::Folder(shoot.path(""))));
    assert_eq!(plan.refused[0].reason, "is in that folder already");
    let plan = shoot.plan(&shoot.request(&["a.jpg"], Destination::Rejected));
    shoot.carry_out(&plan);
    let plan = shoot.plan(&shoot.request(&["_rejected/a.jpg"], Destination::Rejected));
    assert_eq!(plan.refused[0].reason, "is in a folder _rejected already");
}

#[test]
fn what_is_no_folder_takes_nothing() {
    let shoot = Shoot::new(&["a.jpg", "b.jpg"]);
    for folder in ["b.jpg", "b.jpg/x"] {
        let folder = Destination::Folder(shoot.path(folder));
        let plan = shoot.plan(&shoot.request(&["a.jpg", "none.jpg"], folder));
        assert!(plan.groups.is_empty());
        assert!(plan.refused[0].reason.ends_with("is no folder"), "{plan:?}");
        assert!(
            plan.refused[1].reason.starts_with("cannot be read"),
            "{plan:?}"
        );
    }
}

/// A folder in which nobody can make anything, not even the administrator.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_nothing_loses_nothing() {
    let mut shoot = Shoot::usual();
    let before = shoot.all();
    let request = shoot.request(
        &["a.CR2", "b.jpg"],
        Destination::Folder("/proc/self".into()),
    );
    let plan = shoot.plan(&request);
    assert_eq!(plan.groups.len(), 2);
    let carried = shoot.carry_out(&plan);
    assert_eq!((carried.went.len(), carried.failed.len()), (0, 2));
    assert_eq!(shoot.all(), before);
    let undone = shoot.catalog.undo(Options::default()).unwrap().unwrap();
    assert_eq!(undone.command, "rated", "what did nothing is not undone");
}

#[cfg(unix)]
#[test]
fn links_stay_where_they_are() {
    use std::os::unix::fs::symlink;
    let mut shoot = Shoot::new(&["a.jpg", "c.jpg"]);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("b.jpg"), "theirs").unwrap();
    symlink(elsewhere.path().join("b.jpg"), shoot.path("b.jpg")).unwrap();
    symlink(elsewhere.path().join("side"), shoot.path("c.xmp")).unwrap();
    fs::write(elsewhere.path().join("side"), crate::metadata::xmp::blank()).unwrap();
    let request = shoot.request(&["a.jpg", "b.jpg", "c.jpg"], Destination::Rejected);
    let plan = shoot.plan(&request);
    assert_eq!(plan.groups.len(), 1);
    let refused: Vec<&Path> = plan.refused.iter().map(|r| r.path.as_path()).collect();
    assert_eq!(refused, [shoot.path("b.jpg"), shoot.path("c.xmp")]);
    assert!(plan.refused[0].reason.starts_with("is a link"));
    // A photo that became a link since stays as well.
    fs::remove_file(shoot.path("a.jpg")).unwrap();
    symlink(elsewhere.path().join("b.jpg"), shoot.path("a.jpg")).unwrap();
    assert!(reasons(&shoot.carry_out(&plan))[0].starts_with("is a link"));

    // Photos are led nowhere by a link in the folder's place.
    symlink(elsewhere.path(), shoot.path(REJECTED)).unwrap();
    fs::write(shoot.path("d.jpg"), "d").unwrap();
    let plan = shoot.plan(&shoot.request(&["d.jpg"], Destination::Rejected));
    assert!(
        plan.refused[0].reason.ends_with("_rejected: is a link"),
        "{plan:?}"
    );
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 2);
}

#[test]
fn undoing_leaves_what_was_changed_or_is_in_the_way() {
    let mut shoot = Shoot::new(&["a.jpg", "b.jpg", "c.jpg", "d.jpg"]);
    let names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"];
    let plan = shoot.plan(&shoot.request(&names, Destination::Rejected));
    shoot.carry_out(&plan);
    fs::write(shoot.path("_rejected/a.jpg"), "edited by somebody").unwrap();
    fs::write(shoot.path("b.jpg"), "new").unwrap();
    fs::remove_file(shoot.path("_rejected/c.jpg")).unwrap();
    let undone = shoot.undo();
    assert_eq!(undone.went.len(), 1);
    let mut failed = undone.failed.clone();
    failed.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(failed[0].reason, "has changed since");
    assert!(
        failed[1].reason.ends_with("b.jpg is there already"),
        "{failed:?}"
    );
    assert!(failed[2].reason.starts_with("cannot be read"), "{failed:?}");
    let left = [
        "_rejected/",
        "_rejected/a.jpg",
        "_rejected/b.jpg",
        "b.jpg",
        "d.jpg",
    ];
    assert_eq!(shoot.names(), left);
    assert_eq!(fs::read(shoot.path("b.jpg")).unwrap(), b"new");

    // Out of the way, it can be tried again.
    fs::remove_file(shoot.path("b.jpg")).unwrap();
    assert_eq!(shoot.redo().went.len(), 1);
    let undone = shoot.undo();
    assert_eq!((undone.went.len(), undone.failed.len()), (2, 2));
}

#[test]
fn a_sidecar_that_came_since_keeps_its_photo() {
    let mut shoot = Shoot::new(&["a.jpg"]);
    let plan = shoot.plan(&shoot.request(&["a.jpg"], Destination::Rejected));
    fs::write(shoot.path("a.xmp"), crate::metadata::xmp::blank()).unwrap();
    let carried = shoot.carry_out(&plan);
    assert_eq!(reasons(&carried), ["was not there when this was planned"]);
    fs::remove_file(shoot.path("a.xmp")).unwrap();
    let plan = shoot.plan(&shoot.request(&["a.jpg"], Destination::Rejected));
    assert_eq!(shoot.carry_out(&plan).went.len(), 1);
    fs::write(shoot.path("_rejected/a.xmp"), crate::metadata::xmp::blank()).unwrap();
    let undone = shoot.undo();
    assert_eq!(undone.failed[0].path, shoot.path("_rejected/a.xmp"));
}

#[test]
fn copies_are_taken_back_only_while_their_originals_are_there() {
    let mut shoot = Shoot::new(&["a.jpg", "b.jpg", "c.jpg"]);
    let mut request = shoot.request(
        &["a.jpg", "b.jpg", "c.jpg"],
        Destination::Folder(shoot.path("out")),
    );
    request.copy = true;
    let plan = shoot.plan(&request);
    assert_eq!(shoot.carry_out(&plan).went.len(), 3);
    fs::remove_file(shoot.path("a.jpg")).unwrap();
    fs::write(shoot.path("out/b.jpg"), "edited").unwrap();
    let undone = shoot.undo();
    assert_eq!((undone.went.len(), undone.failed.len()), (1, 2));
    let names = ["b.jpg", "c.jpg", "out/", "out/a.jpg", "out/b.jpg"];
    assert_eq!(shoot.names(), names);
}

#[test]
fn a_pair_of_which_one_is_picked_and_one_rejected_stays() {
    let mut shoot = Shoot::new(&["a.CR2", "a.JPG", "b.jpg", "b.png"]);
    shoot.rate(&["a.JPG"], Flag::Reject);
    shoot.rate(&["a.CR2"], Flag::Pick);
    let plan = shoot.plan(&shoot.request(&["a.JPG", "b.jpg"], Destination::Rejected));
    assert!(plan.refused[0].reason.contains("its pair"), "{plan:?}");
    // Photos of one name are no pair without a RAW file.
    assert_eq!(plan.photos(), 1);
}

#[test]
fn cancelling_leaves_whole_groups() {
    let mut shoot = Shoot::usual();
    let before = shoot.all();
    let plan = shoot.plan(&shoot.request(&["a.CR2", "b.jpg"], Destination::Rejected));
    let cancel = Cancel::default();
    cancel.cancel();
    let carried = shoot.carry_out_until(&plan, &cancel);
    assert!(carried.cancelled && carried.went.is_empty());
    assert_eq!(shoot.all(), before, "nor is there an empty folder");

    let cancel = Cancel::default();
    let mut watch = Watch {
        cancel: &cancel,
        progress: &mut |progress| {
            assert!(progress.done <= progress.total);
            cancel.cancel();
        },
    };
    let carried = shoot.catalog.carry_out(&plan, "moved", &mut watch).unwrap();
    assert!(carried.cancelled);
    assert_eq!(carried.went.len(), 5, "the pair with its sidecars");
    shoot.undo();
    assert_eq!(shoot.all(), before);
}

#[test]
fn two_at_once_are_refused_and_ratings_go_on() {
    let mut shoot = Shoot::usual();
    let photo = shoot.path("b.jpg");
    let plan = shoot.plan(&shoot.request(&["a.CR2", "b.jpg"], Destination::Rejected));
    let cancel = Cancel::default();
    let _moves = crate::catalog::lock::MovesLock::take(shoot.catalog.path()).unwrap();
    let mut watch = Watch {
        cancel: &cancel,
        progress: &mut |_| {},
    };
    let busy = shoot.catalog.carry_out(&plan, "moved", &mut watch);
    assert!(matches!(busy, Err(CatalogError::Busy { .. })));
    let rated = shoot.catalog.rate(
        &[photo],
        Rating {
            stars: Stars::new(4),
            ..Rating::default()
        },
        "rated",
        Options::default(),
    );
    assert!(rated.unwrap()[0].in_catalog);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_go_and_come_back() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let mut shoot = Shoot::new(&[]);
    let name = |end: &[u8]| {
        let bytes = [b"caf\xe9".as_slice(), end].concat();
        PathBuf::from(OsString::from_vec(bytes))
    };
    let folder = fs::canonicalize(shoot.folder.path()).unwrap();
    for end in [b".CR2".as_slice(), b".jpg", b".xmp"] {
        let content = if end == b".xmp" {
            crate::metadata::xmp::blank()
        } else {
            "x".into()
        };
        fs::write(folder.join(name(end)), content).unwrap();
    }
    fs::create_dir(folder.join("out")).unwrap();
    fs::write(folder.join("out").join(name(b".CR2")), "another").unwrap();
    let request = Request {
        photos: vec![folder.join(name(b".CR2"))],
        destination: Destination::Folder(folder.join("out")),
        copy: false,
        on_conflict: OnConflict::Rename,
    };
    let plan = shoot.plan(&request);
    assert_eq!(shoot.carry_out(&plan).went.len(), 3);
    for end in [b" (2).CR2".as_slice(), b" (2).jpg", b" (2).xmp", b".CR2"] {
        assert!(folder.join("out").join(name(end)).exists());
    }
    assert_eq!(shoot.undo().went.len(), 3);
    assert!(folder.join(name(b".xmp")).exists());
}

#[test]
fn a_photo_that_was_there_once_keeps_its_rating() {
    let mut shoot = Shoot::new(&["a.jpg"]);
    fs::create_dir(shoot.path("out")).unwrap();
    fs::write(shoot.path("out/a.jpg"), "an older one").unwrap();
    shoot.rate(&["out/a.jpg"], Flag::Reject);
    shoot.rate(&["a.jpg"], Flag::Pick);
    for gone in ["out/a.jpg", "out/a.xmp"] {
        fs::remove_file(shoot.path(gone)).unwrap();
    }
    let plan = shoot.plan(&shoot.request(&["a.jpg"], Destination::Folder(shoot.path("out"))));
    assert_eq!(shoot.carry_out(&plan).went.len(), 2);
    assert_eq!(shoot.rating("out/a.jpg").unwrap().flag, Some(Flag::Pick));
    shoot.undo();
    assert_eq!(shoot.rating("a.jpg").unwrap().flag, Some(Flag::Pick));
    assert_eq!(shoot.rating("out/a.jpg").unwrap().flag, Some(Flag::Reject));
}
