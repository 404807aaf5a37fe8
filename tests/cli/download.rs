//! Downloading models, from a hub on this machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::hub::{self, COMMIT, Does, Hub};
use crate::support::program::{Program, Ran};
use crate::support::{formula, photos};

const CLIP: &str = "openai/clip-vit-base-patch16";
const AUTHORS: &str = "zzhowe/GRMP-IQA";

/// A hub with the repositories that Keepers knows, each with a small network,
/// and the program.
struct Setting {
    program: Program,
    hub: Hub,
    network: Vec<u8>,
}

impl Setting {
    fn new() -> Self {
        let hub = Hub::new();
        let network = formula::small_network(None);
        hub.serves(CLIP, "model.safetensors", &network);
        hub.serves(CLIP, "config.json", b"{}");
        hub.serves(AUTHORS, "clive_50_prompt_lda_5.0.pt", &network);
        hub.serves(AUTHORS, "some other.pt", &network);
        hub.serves(AUTHORS, "LIVE_224.mat", b"photos");
        Self {
            program: Program::new(),
            hub,
            network,
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self
            .program
            .command(["model", "download"].iter().chain(args));
        command
            .env("HF_ENDPOINT", &self.hub.endpoint)
            // The hub's usual cache is looked for here.
            .env("HOME", self.program.path("user"))
            .env("USERPROFILE", self.program.path("user"));
        for variable in [
            "HF_HOME",
            "HF_HUB_CACHE",
            "HF_HUB_OFFLINE",
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
        ] {
            command.env_remove(variable);
        }
        command
    }

    fn download(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// Downloads what has to fail; gives what is said about it.
    fn refused(&self, args: &[&str]) -> String {
        let ran = self.download(args);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
        ran.stderr
    }

    /// Every file in the program's home.
    fn left(&self) -> Vec<String> {
        files(self.program.home())
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(entry.file_name().into_string().unwrap());
        }
    }
    files.sort();
    files
}

#[test]
fn a_downloaded_model_scores() {
    let setting = Setting::new();
    let ran = setting.download(&["clip-vit-b16", "grmp-iqa-livec"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.starts_with("Installed \"clip-vit-b16\""),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains(&hub::sum(&setting.network)),
        "{}",
        ran.stdout
    );
    // Nothing but the models and their records.
    assert_eq!(
        setting.left(),
        [
            "clip-vit-b16.download.json",
            "clip-vit-b16.safetensors",
            "grmp-iqa-livec.download.json",
            "grmp-iqa-livec.safetensors"
        ]
    );
    let listed = setting
        .program
        .run(["model", "list", "--format", "json"])
        .json();
    assert_eq!(listed[1]["name"], "clip-vit-b16");
    assert_eq!(listed[1]["licence"], "MIT");

    setting.hub.log();
    photos::pattern(&setting.program.path("a.png"), 4);
    let score = [
        "score",
        "a.png",
        "--format",
        "json",
        "--model",
        "clip-vit-b16",
    ];
    let ran = Ran::of(
        setting
            .program
            .command(score)
            .env("HF_ENDPOINT", &setting.hub.endpoint),
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.json()[0]["score"].is_f64());
    let said = setting.refused(&["clip-vit-b16"]);
    assert!(said.contains("there is already a model"), "{said}");
    // Scoring asked the hub nothing, and a model that is there is not sent again.
    let log = setting.hub.log();
    assert!(log.iter().all(|line| line.contains("/api/")), "{log:?}");
}

#[test]
fn the_authors_repository_is_offered_whole() {
    let setting = Setting::new();
    let ran = setting.download(&["--list", "--format", "json"]);
    // KonIQ's checkpoint is missing from this hub.
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("no file for the model \"grmp-iqa-koniq\""),
        "{}",
        ran.stderr
    );
    let offers = ran.json();
    let names: Vec<_> = offers
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(
        names,
        [
            "clip-vit-b16",
            "grmp-iqa-livec",
            "clive_50_prompt_lda_5.0",
            "some-other"
        ]
    );
    assert_eq!(offers[3]["bytes"], setting.network.len());
    assert_eq!(offers[3]["sha256"], hub::sum(&setting.network));

    setting
        .hub
        .serves(AUTHORS, "Koniq_50_prompt.pt", &setting.network);
    let table = setting.download(&["--list"]);
    assert_eq!(table.status, 0, "{}", table.stderr);
    assert_eq!(table.stdout.lines().count(), 6, "{}", table.stdout);
    for name in ["some-other", "grmp-iqa-koniq"] {
        let ran = setting.download(&[name]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
    }
    let ran = setting.download(&["clip-vit-b16", "no-such"]);
    assert_eq!(ran.status, 3);
    assert!(
        ran.stderr
            .contains("no model \"no-such\" is offered; offered are clip-vit-b16"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_slow_download_arrives() {
    let setting = Setting::new();
    setting.hub.next(&[Does::Slowly]);
    let ran = setting.download(&["clip-vit-b16"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

#[test]
fn a_transfer_that_breaks_off_goes_on() {
    let setting = Setting::new();
    let third = setting.network.len() / 3;
    setting.hub.next(&[
        Does::CutsOff(third),
        Does::CutsOff(1000),
        Does::Refuses(503),
    ]);
    let ran = setting.download(&["clip-vit-b16"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let log = setting.hub.log();
    let ranges: Vec<&str> = log
        .iter()
        .filter(|line| line.starts_with("GET") && line.contains(COMMIT))
        .map(|line| line.rsplit_once(" from ").map_or("", |(_, from)| from))
        .collect();
    let (first, second) = (third.to_string(), (third + 1000).to_string());
    assert_eq!(ranges, ["", &first, &second, &second]);
}

#[test]
fn a_later_command_goes_on() {
    let setting = Setting::new();
    let refuses = [Does::Refuses(503); 4];
    setting
        .hub
        .next(&[&[Does::CutsOff(5000)], &refuses[..]].concat());
    let said = setting.refused(&["clip-vit-b16"]);
    assert!(
        said.contains("cut off after 5000 bytes (status 503)"),
        "{said}"
    );
    let left = setting.left();
    assert!(
        matches!(left.as_slice(), [part] if part.ends_with(".incomplete")),
        "{left:?}"
    );

    setting.hub.log();
    let ran = setting.download(&["clip-vit-b16"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        setting
            .hub
            .log()
            .iter()
            .any(|line| line.ends_with(" from 5000"))
    );
    assert_eq!(setting.left().len(), 2);

    // A server that knows no ranges sends everything, which is no more wrong.
    setting.hub.next(&[Does::CutsOff(5000), Does::IgnoresRange]);
    let ran = setting.download(&["grmp-iqa-livec"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

#[test]
fn wrong_content_leaves_nothing_behind() {
    let setting = Setting::new();
    setting.hub.lies(CLIP, "model.safetensors", &"0".repeat(64));
    let said = setting.refused(&["clip-vit-b16"]);
    assert!(
        said.contains("its SHA-256 is") && said.contains("the hub announces"),
        "{said}"
    );
    setting
        .hub
        .serves(AUTHORS, "bad.pt", b"no checkpoint at all");
    let said = setting.refused(&["bad"]);
    assert!(said.contains("bad.pt"), "{said}");
    assert_eq!(setting.left(), [""; 0]);
}

#[test]
fn a_changed_file_is_taken_only_when_told() {
    let setting = Setting::new();
    assert_eq!(setting.download(&["clip-vit-b16"]).status, 0);
    assert_eq!(
        setting
            .program
            .run(["model", "remove", "clip-vit-b16"])
            .status,
        0
    );
    let other = formula::small_network(Some(3));
    setting.hub.serves(CLIP, "model.safetensors", &other);
    let said = setting.refused(&["clip-vit-b16"]);
    assert!(said.contains("first downloaded"), "{said}");
    assert_eq!(setting.left(), ["clip-vit-b16.download.json"]);
    let ran = setting.download(&["clip-vit-b16", "--accept-changed"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

#[test]
fn what_cannot_be_had_is_said() {
    let setting = Setting::new();
    setting.hub.next(&[Does::Refuses(404)]);
    let said = setting.refused(&["clip-vit-b16"]);
    assert!(
        said.contains("model.safetensors: not found (404)"),
        "{said}"
    );
    let run = |name: &str, value: &str| {
        let mut command = setting.command(&["clip-vit-b16"]);
        let ran = Ran::of(command.env(name, value));
        assert_eq!(ran.status, 1, "{}", ran.stderr);
        ran.stderr
    };
    setting.hub.log();
    let said = run("HF_HUB_OFFLINE", "1");
    assert!(said.contains("HF_HUB_OFFLINE forbids"), "{said}");
    assert_eq!(setting.hub.log(), [""; 0]);
    let said = run("HF_ENDPOINT", "hub.example");
    assert!(said.contains("HF_ENDPOINT: \"hub.example\""), "{said}");
    // Nobody listens at a port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let said = run("HF_ENDPOINT", &format!("http://{port}"));
    assert!(said.contains("cannot be reached"), "{said}");
    assert_eq!(setting.left(), [""; 0]);
}

#[test]
fn the_users_cache_keeps_files_and_serves_them_offline() {
    let setting = Setting::new();
    let cache = setting.program.path("hub home");
    let run = |offline: &str| {
        let mut command = setting.command(&["clip-vit-b16"]);
        Ran::of(
            command
                .env("HF_HOME", &cache)
                .env("HF_HUB_OFFLINE", offline),
        )
    };
    assert_eq!(run("1").status, 1);
    let ran = run("0");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let snapshot = cache.join("hub/models--openai--clip-vit-base-patch16/snapshots");
    let file = snapshot.join(COMMIT).join("model.safetensors");
    assert_eq!(fs::read(&file).unwrap(), setting.network);
    assert_eq!(files(&cache), ["main", "model.safetensors"]);

    assert_eq!(
        setting
            .program
            .run(["model", "remove", "clip-vit-b16"])
            .status,
        0
    );
    setting.hub.log();
    let ran = run("ON");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(setting.hub.log(), [""; 0]);
    assert!(file.exists());
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_came() {
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    let setting = Setting::new();
    setting.hub.next(&[Does::Stalls]);
    let mut command = setting.command(&["clip-vit-b16"]);
    let child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    let came = || {
        let left = setting.left();
        left.iter().any(|name| name.ends_with(".incomplete"))
    };
    while !came() && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("Interrupted"), "{said}");
    setting.hub.log();
    assert_eq!(setting.download(&["clip-vit-b16"]).status, 0);
    let from = format!(" from {}", setting.network.len() / 3);
    assert!(setting.hub.log().iter().any(|line| line.ends_with(&from)));
}
