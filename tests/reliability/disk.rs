//! Disks that are full.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::photos::greys;
use crate::support::program::{Program, Ran};

/// Runs a script of the shell with the program as `$KEEPERS`.
fn script(program: &Program, shell: &[&str], script: &str) -> Ran {
    let keepers = program.command(["--version"]);
    let (shell, args) = shell.split_first().unwrap();
    Ran::of(
        Command::new(shell)
            .args(args)
            .args(["sh", "-c", script])
            .env("KEEPERS", keepers.get_program())
            .env("KEEPERS_HOME", program.home())
            .current_dir(program.folder.path()),
    )
}

/// What makes a file system of its own for one script: the superuser may, and
/// others where the system lets them have a name space.
fn own_mounts() -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["unshare", "-m"], &["unshare", "-Urm"]];
    let probe = "mount -t tmpfs -o size=64k none /mnt";
    let way = ways.into_iter().find(|way| {
        let (unshare, args) = way.split_first().unwrap();
        let mut command = Command::new(unshare);
        let ran = command.args(args).args(["sh", "-c", probe]).output();
        ran.is_ok_and(|output| output.status.success())
    });
    if way.is_none() {
        println!("skipped: a small disk cannot be made on this machine");
    }
    way
}

fn ratings(program: &Program, args: &[&str]) -> Vec<Value> {
    let ran = program.run(args);
    assert_eq!(ran.status, 0, "{ran:?}");
    match serde_json::from_str(&ran.stdout) {
        Ok(Value::Array(rows)) => rows,
        _ => (ran.stdout.lines())
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    }
}

#[test]
fn a_card_that_is_full_loses_no_rating_and_keeps_no_half_sidecar() {
    let Some(mounts) = own_mounts() else { return };
    let program = Program::new();
    greys(program.folder.path(), 8);
    let ran = script(
        &program,
        mounts,
        "mkdir card kept; mount -t tmpfs -o size=256k none card || exit 99
         mv *.png card
         \"$KEEPERS\" rate card/000.png --stars 1 || exit 98
         cp card/000.xmp kept/before.xmp
         head -c 999999 /dev/zero > card/filler 2>/dev/null
         \"$KEEPERS\" rate card --stars 4; echo \"full: $?\"
         ls -A card > kept/names; cp card/000.xmp kept/after.xmp
         rm card/filler
         \"$KEEPERS\" rate card --label red; echo \"room: $?\"
         ls -A card | grep -c part; cp card/* .",
    );
    assert_eq!(ran.stdout, "full: 1\nroom: 0\n0\n", "{ran:?}");
    assert!(ran.stderr.contains("001.xmp: cannot be written"), "{ran:?}");
    assert!(
        ran.stderr.contains("the rating is in the catalog"),
        "{ran:?}"
    );
    let names = fs::read_to_string(program.path("kept/names")).unwrap();
    assert!(
        !names.contains(".part") && !names.contains("001.xmp"),
        "{names}"
    );
    let kept = |name: &str| fs::read(program.path("kept").join(name)).unwrap();
    assert_eq!(kept("before.xmp"), kept("after.xmp"));
    // With room again, the next command brought the rest along.
    for photo in 0..8 {
        let sidecar = fs::read_to_string(program.path(&format!("{photo:03}.xmp"))).unwrap();
        assert!(sidecar.contains("xmp:Rating=\"4\""), "{sidecar}");
        assert!(sidecar.contains("xmp:Label="), "{sidecar}");
    }
}

#[test]
fn a_full_disk_under_the_catalog_is_named_and_loses_nothing() {
    let Some(mounts) = own_mounts() else { return };
    let program = Program::new();
    greys(program.folder.path(), 30);
    let ran = script(
        &program,
        mounts,
        "mkdir \"$KEEPERS_HOME/catalog\"
         mount -t tmpfs -o size=400k none \"$KEEPERS_HOME/catalog\" || exit 99
         \"$KEEPERS\" rate 000.png 001.png --stars 2 || exit 98
         head -c 999999 /dev/zero > \"$KEEPERS_HOME/catalog/filler\" 2>/dev/null
         \"$KEEPERS\" rate . --stars 4; echo \"full: $?\"
         \"$KEEPERS\" score 000.png 001.png --format csv | wc -l
         rm \"$KEEPERS_HOME/catalog/filler\"
         \"$KEEPERS\" catalog check; echo \"check: $?\"
         \"$KEEPERS\" catalog export --format jsonl > before.jsonl; ls *.xmp > before
         \"$KEEPERS\" rate . --stars 5; echo \"room: $?\"",
    );
    assert!(ran.stdout.starts_with("full: 1\n3\n"), "{ran:?}");
    assert!(ran.stdout.contains("check: 0\n") && ran.stdout.ends_with("room: 0\n"));
    assert!(ran.stderr.contains("the disk is full"), "{}", ran.stderr);
    // The command that failed rated none.
    let sidecars = fs::read_to_string(program.path("before")).unwrap();
    assert_eq!(sidecars, "000.xmp\n001.xmp\n");
    let rows = fs::read_to_string(program.path("before.jsonl")).unwrap();
    let rated = rows.lines().filter(|row| !row.contains("\"stars\":null"));
    assert!(
        rated.clone().all(|row| row.contains("\"stars\":2")),
        "{rows}"
    );
    assert_eq!(rated.count(), 2);
}

/// The same without a disk of its own: no file may grow beyond a few kilobytes,
/// so that whatever is written next fails in the middle.
#[test]
fn a_write_that_fails_in_the_middle_leaves_all_or_nothing() {
    let program = Program::new();
    greys(program.folder.path(), 40);
    assert_eq!(program.run(["rate", "000.png", "--stars", "1"]).status, 0);
    for blocks in [0, 1, 8, 64, 160, 200] {
        let limited = format!(
            "trap '' XFSZ; ulimit -f {blocks} || exit 99; exec \"$KEEPERS\" rate . --stars 3"
        );
        let ran = script(&program, &["env"], &limited);
        assert!(matches!(ran.status, 0 | 1 | 3), "{blocks}: {ran:?}");
        assert_eq!(program.run(["catalog", "check"]).status, 0, "{blocks}");
        for entry in fs::read_dir(program.folder.path()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.starts_with('.'), "{blocks}: {name} is left");
            if name.ends_with(".xmp") {
                let whole = fs::read_to_string(program.path(&name)).unwrap();
                assert!(whole.trim_end().ends_with("?>"), "{blocks}: {whole}");
            }
        }
        let stars = ratings(&program, &["catalog", "export", "--format", "jsonl"]);
        let all = stars.iter().filter(|row| row["stars"] == 3).count();
        assert!(all == 0 || all == 40, "{blocks}: {all} of 40");
        if all == 40 {
            assert_eq!(program.run(["undo"]).status, 0);
        }
        assert_eq!(program.run(["rate", "000.png", "--stars", "1"]).status, 0);
    }
}
