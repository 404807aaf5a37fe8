//! A small hub on this machine that can be slow, break off and lie.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

/// The commit that every repository of the hub is at.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What happens to a request for a file.
#[derive(Debug, Clone, Copy)]
pub enum Does {
    /// It is answered in pieces with pauses.
    Slowly,
    /// It is answered with so many bytes, and then the connection ends.
    CutsOff(usize),
    /// It is answered with this status.
    Refuses(u16),
    /// It is answered as if no range had been asked for.
    IgnoresRange,
    /// It begins and then nothing comes any more.
    Stalls,
}

#[derive(Debug, Default)]
struct State {
    /// Content by `repository/file`.
    files: HashMap<String, Vec<u8>>,
    /// Sums that are announced in place of the right ones.
    sums: HashMap<String, String>,
    /// What happens to the next requests for files.
    next: VecDeque<Does>,
    /// Request lines, with the range that was asked for.
    log: Vec<String>,
}

/// The hub; it ends with the test.
pub struct Hub {
    pub endpoint: String,
    state: Arc<Mutex<State>>,
}

impl Hub {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that leaves early is no fault of the hub's.
                thread::spawn(move || drop(answer(&stream, &state)));
            }
        });
        Self { endpoint, state }
    }

    pub fn serves(&self, repository: &str, file: &str, content: &[u8]) {
        let mut state = self.state.lock().unwrap();
        let name = format!("{repository}/{file}");
        state.files.insert(name, content.to_owned());
    }

    /// Announces a sum that is not the file's.
    pub fn lies(&self, repository: &str, file: &str, sum: &str) {
        let mut state = self.state.lock().unwrap();
        state
            .sums
            .insert(format!("{repository}/{file}"), sum.to_owned());
    }

    /// What happens to the next requests for files; those after are answered.
    pub fn next(&self, does: &[Does]) {
        self.state.lock().unwrap().next = does.iter().copied().collect();
    }

    /// The requests since the last call.
    pub fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().log)
    }
}

pub fn sum(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn answer(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let mut from = None;
    for line in lines {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok();
        }
    }
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let range = from.map_or_else(String::new, |from: usize| format!(" from {from}"));
    let mut state = state.lock().unwrap();
    state.log.push(format!("{method} {path}{range}"));
    let mut out = stream;
    if let Some(repository) = path.strip_prefix("/api/models/") {
        let repository = repository.split('?').next().unwrap_or("");
        let listing = listing(&state, repository);
        let status = if listing.is_some() { 200 } else { 404 };
        let body = listing.unwrap_or_default();
        let length = body.len();
        write!(
            out,
            "HTTP/1.1 {status} -\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )?;
        return out.shutdown(Shutdown::Both);
    }
    let name = path
        .trim_start_matches('/')
        .replace(&format!("resolve/{COMMIT}/"), "")
        .replace("%20", " ");
    let does = (method == "GET").then(|| state.next.pop_front()).flatten();
    let content = state.files.get(&name).cloned();
    let announced = state.sums.get(&name).cloned();
    drop(state);
    let refused = match does {
        Some(Does::Refuses(status)) => Some(status),
        _ => content.is_none().then_some(404),
    };
    if let Some(status) = refused {
        write!(
            out,
            "HTTP/1.1 {status} -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )?;
        return out.shutdown(Shutdown::Both);
    }
    let content = content.unwrap_or_default();
    let from = from.filter(|_| !matches!(does, Some(Does::IgnoresRange)));
    let total = content.len();
    let sum = announced.unwrap_or_else(|| sum(&content));
    let rest = &content[from.unwrap_or(0).min(total)..];
    let status = if from.is_some() { 206 } else { 200 };
    write!(
        out,
        "HTTP/1.1 {status} -\r\nContent-Length: {}\r\n",
        rest.len()
    )?;
    if let Some(from) = from {
        write!(out, "Content-Range: bytes {from}-{}/{total}\r\n", total - 1)?;
    }
    write!(
        out,
        "ETag: \"{sum}\"\r\nX-Linked-ETag: \"{sum}\"\r\nX-Linked-Size: {total}\r\n\
         X-Repo-Commit: {COMMIT}\r\nAccept-Ranges: bytes\r\nConnection: close\r\n\r\n"
    )?;
    if method == "HEAD" {
        return out.shutdown(Shutdown::Both);
    }
    match does {
        Some(Does::CutsOff(bytes)) => out.write_all(&rest[..bytes.min(rest.len())])?,
        Some(Does::Slowly) => {
            for piece in rest.chunks(rest.len() / 12 + 1) {
                out.write_all(piece)?;
                thread::sleep(Duration::from_millis(100));
            }
        }
        Some(Does::Stalls) => {
            out.write_all(&rest[..rest.len() / 3])?;
            thread::sleep(Duration::from_secs(60));
        }
        _ => out.write_all(rest)?,
    }
    out.shutdown(Shutdown::Both)
}

/// What the hub says of a repository. A sum stands there for large files only,
/// so here for those that are not safetensors.
fn listing(state: &State, repository: &str) -> Option<String> {
    let prefix = format!("{repository}/");
    let mut files: Vec<_> = state
        .files
        .iter()
        .filter_map(|(name, content)| {
            let file = name.strip_prefix(&prefix)?;
            let (size, sum) = (content.len(), state.sums.get(name).cloned());
            let sum = sum.unwrap_or_else(|| self::sum(content));
            Some(match file.ends_with(".safetensors") {
                true => serde_json::json!({"rfilename": file}),
                false => serde_json::json!({"rfilename": file, "size": size,
                    "lfs": {"sha256": sum, "size": size, "pointerSize": 134}}),
            })
        })
        .collect();
    files.sort_by_key(|file| file["rfilename"].to_string());
    let answer = serde_json::json!({"id": repository, "sha": COMMIT, "siblings": files});
    (!files.is_empty()).then(|| answer.to_string())
}
