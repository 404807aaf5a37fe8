//! The hub's protocol: listing a repository and asking for its files.

use std::io::Read;
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use serde::Deserialize;
use ureq::Agent;
use ureq::http::{HeaderMap, Response};

use super::DownloadError;
use crate::engine::Cancel;

/// Where the hub is unless `HF_ENDPOINT` says otherwise.
const ENDPOINT: &str = "https://huggingface.co";

/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// How often a wait looks up to see whether it was cancelled.
const TICK: Duration = Duration::from_millis(100);

/// Bytes of a repository's description, at most.
const LONGEST: u64 = 16 << 20;

/// Bytes of a piece of a file.
const PIECE: usize = 128 << 10;

/// Pieces that wait to be written, at most.
const WAITING: usize = 16;

/// A hub to ask. Nothing is asked until a method is called.
#[derive(Debug, Clone)]
pub(super) struct Hub {
    agent: Agent,
    endpoint: String,
}

/// A repository's content.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    /// The commit that it is of.
    pub(super) commit: String,
    pub(super) files: Vec<Listed>,
}

/// A file in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its path in the repository: parts that are plain names, joined by `/`.
    pub(super) path: String,
    pub(super) bytes: Option<u64>,
    /// Lower-case hexadecimal.
    pub(super) sha256: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    sha: Option<String>,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: Option<String>,
    size: Option<u64>,
}

/// A part of a file's answer.
pub(super) enum Part {
    /// The answer begins: its status, where in the file it begins, and the whole file's size.
    Begin {
        status: u16,
        from: u64,
        total: Option<u64>,
    },
    /// Some bytes.
    Bytes(Vec<u8>),
    /// It is through, or broke off.
    End(Result<(), String>),
}

impl Hub {
    /// The hub that `endpoint` (the value of `HF_ENDPOINT`) names.
    ///
    /// # Errors
    /// [`DownloadError::Endpoint`] when that is no address.
    pub(super) fn new(endpoint: Option<&str>) -> Result<Self, DownloadError> {
        let endpoint = endpoint.unwrap_or(ENDPOINT).trim_end_matches('/');
        let is_address = ["https://", "http://"]
            .iter()
            .any(|scheme| endpoint.len() > scheme.len() && endpoint.starts_with(scheme));
        if !is_address {
            return Err(DownloadError::Endpoint(endpoint.to_owned()));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .user_agent(concat!("keepers/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            agent: config.into(),
            endpoint: endpoint.to_owned(),
        })
    }

    /// What a repository holds now.
    ///
    /// # Errors
    /// [`DownloadError`] when it cannot be had.
    pub(super) fn list(&self, repository: &str, cancel: &Cancel) -> Result<Listing, DownloadError> {
        let address = format!("{}/api/models/{repository}", self.endpoint);
        let agent = self.agent.clone();
        let request = format!("{address}?blobs=true");
        let text = waited(cancel, move || {
            let mut response = agent.get(&request).call()?;
            let status = response.status().as_u16();
            let body = response.body_mut().with_config().limit(LONGEST);
            Ok((status, body.read_to_string()))
        })?;
        let (status, text) = text.map_err(|error| unreachable(&address, &error))?;
        check(&address, status)?;
        let text = text.map_err(|error| unreachable(&address, &error))?;
        listing(&text).map_err(|reason| DownloadError::Answer { address, reason })
    }

    /// The address of a file.
    pub(super) fn address(&self, repository: &str, commit: &str, file: &str) -> String {
        format!(
            "{}/{repository}/resolve/{commit}/{}",
            self.endpoint,
            encoded(file)
        )
    }

    /// What the hub says of a file without sending it, for a listing that did
    /// not say. The hub answers for large files itself and sends the reader
    /// elsewhere, so this follows nothing.
    ///
    /// # Errors
    /// [`DownloadError`] when it cannot be reached.
    pub(super) fn describe(
        &self,
        address: &str,
        cancel: &Cancel,
    ) -> Result<(Option<u64>, Option<String>), DownloadError> {
        let (agent, request) = (self.agent.clone(), address.to_owned());
        let answer = waited(cancel, move || {
            let request = agent.head(&request).config().max_redirects(0);
            request.max_redirects_will_error(false).build().call()
        })?;
        let response = answer.map_err(|error| unreachable(address, &error))?;
        let headers = response.headers();
        let own = response.status().is_success();
        if !own && !response.status().is_redirection() {
            // Some mirrors answer no such question; the file's own answer tells.
            return Ok((None, None));
        }
        let length = own.then(|| number(headers, "content-length")).flatten();
        let bytes = number(headers, "x-linked-size").or(length);
        let linked = header(headers, "x-linked-etag").map(|etag| etag.trim_matches('"'));
        Ok((bytes, linked.and_then(sum)))
    }

    /// Asks for a file from a byte on. What comes is read on a thread of its
    /// own, so that a silent server keeps nobody from cancelling.
    ///
    /// # Errors
    /// [`DownloadError::Answer`] when the system gives no thread.
    pub(super) fn parts(&self, address: &str, from: u64) -> Result<Receiver<Part>, DownloadError> {
        let (send, parts) = bounded(WAITING);
        let (agent, request) = (self.agent.clone(), address.to_owned());
        let read = move || {
            let mut request = agent.get(&request);
            if from > 0 {
                request = request.header("Range", format!("bytes={from}-"));
            }
            let response = match request.call() {
                Ok(response) => response,
                Err(error) => return drop(send.send(Part::End(Err(error.to_string())))),
            };
            if send.send(begin(&response)).is_err() {
                return;
            }
            let mut body = response.into_body().into_with_config().reader();
            loop {
                let mut piece = vec![0; PIECE];
                let part = match body.read(&mut piece) {
                    Ok(0) => Part::End(Ok(())),
                    Ok(length) => {
                        piece.truncate(length);
                        Part::Bytes(piece)
                    }
                    Err(error) => Part::End(Err(error.to_string())),
                };
                let last = matches!(part, Part::End(_));
                if send.send(part).is_err() || last {
                    return;
                }
            }
        };
        match Builder::new()
            .name("keepers-download".to_owned())
            .spawn(read)
        {
            Ok(_) => Ok(parts),
            Err(error) => Err(DownloadError::Answer {
                address: address.to_owned(),
                reason: error.to_string(),
            }),
        }
    }
}

fn begin<B>(response: &Response<B>) -> Part {
    let headers = response.headers();
    let status = response.status().as_u16();
    let length = number(headers, "content-length");
    // "bytes 5-9/10"
    let range = header(headers, "content-range").and_then(|range| range.strip_prefix("bytes "));
    let (from, total) = match range.and_then(|range| range.split_once('/')) {
        Some((span, total)) if status == 206 => {
            let from = span.split('-').next().and_then(|from| from.parse().ok());
            (from.unwrap_or(0), total.parse().ok())
        }
        _ => (0, length),
    };
    Part::Begin {
        status,
        from,
        total,
    }
}

/// The next message, unless it is cancelled before.
///
/// # Errors
/// [`DownloadError::Cancelled`]; `None` when the sender is gone.
pub(super) fn next<T>(
    messages: &Receiver<T>,
    cancel: &Cancel,
    mut idle: impl FnMut(),
) -> Result<Option<T>, DownloadError> {
    loop {
        if cancel.is_cancelled() {
            return Err(DownloadError::Cancelled);
        }
        match messages.recv_timeout(TICK) {
            Ok(message) => return Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => idle(),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
}

/// Does something that may take long on a thread of its own.
fn waited<T: Send + 'static>(
    cancel: &Cancel,
    work: impl FnOnce() -> Result<T, ureq::Error> + Send + 'static,
) -> Result<Result<T, ureq::Error>, DownloadError> {
    let (send, answer) = bounded(1);
    let spawned = Builder::new()
        .name("keepers-hub".to_owned())
        .spawn(move || drop(send.send(work())));
    if let Err(error) = spawned {
        return Ok(Err(ureq::Error::Io(error)));
    }
    let gone = || Err(ureq::Error::ConnectionFailed);
    Ok(next(&answer, cancel, || {})?.unwrap_or_else(gone))
}

fn unreachable(address: &str, error: &ureq::Error) -> DownloadError {
    DownloadError::Unreachable {
        address: address.to_owned(),
        reason: error.to_string(),
    }
}

/// Whether a status is that of an answer.
///
/// # Errors
/// [`DownloadError::NotFound`] or [`DownloadError::Status`].
pub(super) fn check(address: &str, status: u16) -> Result<(), DownloadError> {
    match status {
        200..300 => Ok(()),
        404 => Err(DownloadError::NotFound(address.to_owned())),
        status => Err(DownloadError::Status {
            address: address.to_owned(),
            status,
        }),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    header(headers, name)?.parse().ok()
}

/// A SHA-256 in lower case, if it is one.
fn sum(text: &str) -> Option<String> {
    let is_sum = text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit());
    is_sum.then(|| text.to_ascii_lowercase())
}

fn listing(text: &str) -> Result<Listing, String> {
    let answer: Answer = serde_json::from_str(text)
        .map_err(|error| format!("is no description of a repository: {error}"))?;
    // Becomes part of a path on this machine.
    let commit = answer.sha.unwrap_or_else(|| "main".to_owned());
    if commit.is_empty() || !commit.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(format!("names no commit but \"{commit}\""));
    }
    let siblings = answer.siblings.into_iter();
    let files = siblings.filter(|sibling| is_plain(&sibling.rfilename));
    let files = files.map(|sibling| {
        let (sha256, size) = sibling
            .lfs
            .map_or((None, None), |lfs| (lfs.sha256, lfs.size));
        Listed {
            path: sibling.rfilename,
            bytes: size.or(sibling.size),
            sha256: sha256.as_deref().and_then(sum),
        }
    });
    Ok(Listing {
        commit,
        files: files.collect(),
    })
}

/// Whether a path is made of names that are files' names on every system and
/// lead nowhere else.
fn is_plain(path: &str) -> bool {
    let is_name = |part: &str| {
        let fits = |c: char| !c.is_control() && !r#"<>:"\|?*"#.contains(c);
        !part.is_empty() && part != "." && part != ".." && part.chars().all(fits)
    };
    path.len() < 200 && path.split('/').all(is_name)
}

/// A path as it stands in an address.
fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_keeps_what_leads_nowhere_else() {
        let sum = "Ab".repeat(32);
        let text = format!(
            r#"{{"sha": "c0ffee", "downloads": 3, "siblings": [
                {{"rfilename": "a b.pt", "size": 7, "lfs": {{"sha256": "{sum}", "size": 9}}}},
                {{"rfilename": "../../etc/passwd"}}, {{"rfilename": "/x.pt"}},
                {{"rfilename": "c:\\x.pt"}}, {{"rfilename": "sub/x.pt"}}]}}"#
        );
        let listing = listing(&text).unwrap();
        assert_eq!(listing.commit, "c0ffee");
        let paths: Vec<&str> = listing.files.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["a b.pt", "sub/x.pt"]);
        assert_eq!(listing.files[0].bytes, Some(9));
        assert_eq!(listing.files[0].sha256, Some(sum.to_lowercase()));
        assert_eq!(listing.files[1].bytes, None);
        assert!(super::listing(r#"{"sha": "../x"}"#).is_err());
        assert!(super::listing("<html>").is_err());
    }

    #[test]
    fn addresses_are_encoded() {
        let hub = Hub::new(Some("http://127.0.0.1:1/")).unwrap();
        assert_eq!(
            hub.address("a/b", "main", "sub/ü 1.pt"),
            "http://127.0.0.1:1/a/b/resolve/main/sub/%C3%BC%201.pt"
        );
        for bad in ["", "https://", "hub.example", "ftp://x"] {
            assert!(Hub::new(Some(bad)).is_err(), "{bad}");
        }
    }
}
