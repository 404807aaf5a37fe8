//! The program talks to nobody unless it is told to download a model.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::hub::{Does, Hub};
use crate::support::photos::greys;
use crate::support::program::Program;

/// What a running process has open that leads out of it, as `/proc` shows it.
fn sockets(process: u32) -> Vec<String> {
    let Ok(open) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return Vec::new();
    };
    open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .map(|target| target.to_string_lossy().into_owned())
        .filter(|target| target.starts_with("socket:"))
        .collect()
}

/// Runs the program to its end; how often it was looked at, and the sockets that
/// were seen.
fn watched(mut command: Command, hub: &Hub) -> (usize, Vec<String>) {
    // Whatever asks the net for anything is led to where it shows.
    for variable in ["HF_ENDPOINT", "HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        command.env(variable, &hub.endpoint);
    }
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut looks, mut seen) = (0, Vec::new());
    while child.try_wait().unwrap().is_none() {
        seen.extend(sockets(child.id()));
        looks += 1;
        std::thread::sleep(Duration::from_micros(200));
    }
    (looks, seen)
}

/// Only the room for downloads knows the network.
#[test]
fn nothing_but_downloads_names_the_network() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = 0;
    for entry in walkdir::WalkDir::new(&source) {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        files += 1;
        let text = fs::read_to_string(&path).unwrap();
        let named = ["std::net", "ureq", "TcpStream", "UdpSocket", "UnixStream"];
        let named = named.iter().find(|word| text.contains(*word));
        let inside = path.starts_with(source.join("engine/download"));
        assert!(inside || named.is_none(), "{}: {named:?}", path.display());
    }
    assert!(files > 100);
}

#[test]
fn no_socket_is_opened_unless_a_download_is_asked_for() {
    let (program, hub) = (Program::new(), Hub::new());
    greys(program.folder.path(), 12);
    let commands: [&[&str]; 7] = [
        &["score", "."],
        &["rate", ".", "--stars", "3"],
        &["undo"],
        &["catalog", "check"],
        &["xmp", "show", "."],
        &["model", "list"],
        &["score", ".", "--model", "no-such-model"],
    ];
    for args in commands {
        let (looks, seen) = watched(program.command(args), &hub);
        assert!(looks > 0, "{args:?}");
        assert!(seen.is_empty(), "{args:?}: {seen:?}");
    }
    assert!(hub.log().is_empty(), "{:?}", hub.log());
    // The same eyes see the one command that may.
    hub.serves("some/where", "model.safetensors", &vec![0; 5000]);
    hub.next(&[Does::Slowly]);
    let command = program.command(["model", "download", "some/where"]);
    let (_, seen) = watched(command, &hub);
    assert!(!seen.is_empty() && !hub.log().is_empty());
}
