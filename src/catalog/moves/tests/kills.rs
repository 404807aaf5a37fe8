//! Kills at every step.

use super::*;

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
