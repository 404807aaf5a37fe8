//! A list of photos' paths, read while they are being scored, so that it may be
//! longer than memory and come from a program that is still at it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::thread::Builder;

use anyhow::{Context, anyhow, bail};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::paths;
use crate::engine::Shard;

/// Paths that wait for the pipeline, at most.
const WAITING: usize = 1024;

/// Bytes of a path, at most: more than any system takes.
const LONGEST: usize = 128 << 10;

/// How paths are set apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// A path on each line.
    Line,
    /// A zero byte behind each path, so that it can hold line breaks.
    Null,
}

/// A list that is being read.
#[derive(Debug)]
pub struct List {
    /// Its paths, until it ends.
    pub paths: Receiver<PathBuf>,
    /// Why it was not read to its end, if so; there once `paths` has ended.
    pub trouble: Receiver<anyhow::Error>,
}

impl List {
    /// Begins to read the list in the file `from`, or in standard input where that
    /// is `-`; of its paths only those of `shard`, if there is one.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(from: &Path, separator: Separator, shard: Option<Shard>) -> anyhow::Result<Self> {
        let (name, file) = match from == Path::new("-") {
            true => ("standard input".to_owned(), None),
            false => {
                let name = paths::shown(from);
                let file = File::open(from).with_context(|| format!("{name}: cannot be read"))?;
                (name, Some(file))
            }
        };
        let (send, list) = bounded(WAITING);
        let (found, trouble) = bounded(1);
        let read = move || {
            let result = match file {
                Some(file) => read(BufReader::new(file), separator, shard, &send),
                None => read(io::stdin().lock(), separator, shard, &send),
            };
            if let Err(error) = result {
                // There is room for the one, unless nobody wants to know.
                let _ = found.try_send(error.context(name));
            }
            drop(send);
        };
        // Never waited for: it may be at a read that does not end.
        Builder::new()
            .name("keepers-list".to_owned())
            .spawn(read)
            .context("the system gave no thread to read the list")?;
        Ok(Self {
            paths: list,
            trouble,
        })
    }
}

/// Sends the paths of a list until it ends or nobody takes them.
fn read(
    mut list: impl BufRead,
    separator: Separator,
    shard: Option<Shard>,
    send: &Sender<PathBuf>,
) -> anyhow::Result<()> {
    let end = match separator {
        Separator::Line => b'\n',
        Separator::Null => 0,
    };
    let mut entry = Vec::new();
    for number in 1_u64.. {
        entry.clear();
        let most = LONGEST as u64 + 1;
        let mut limited = list.by_ref().take(most);
        if limited
            .read_until(end, &mut entry)
            .context("cannot be read")?
            == 0
        {
            break;
        }
        if entry.last() == Some(&end) {
            entry.pop();
        }
        let path = match separator {
            Separator::Line => line(&entry, number)?,
            Separator::Null => &entry,
        };
        if path.len() > LONGEST {
            bail!("path {number} is longer than any can be{}", hint(separator));
        }
        if path.is_empty() {
            continue;
        }
        let path = from_bytes(path);
        if shard.is_none_or(|shard| shard.takes(&path)) && send.send(path).is_err() {
            break;
        }
    }
    Ok(())
}

fn hint(separator: Separator) -> &'static str {
    match separator {
        Separator::Line => "",
        Separator::Null => "; a list with a path on each line is read without --null",
    }
}

/// A line without what does not belong to its path.
fn line(entry: &[u8], number: u64) -> anyhow::Result<&[u8]> {
    let mut path = entry;
    if number == 1 {
        if entry.starts_with(b"\xff\xfe") || entry.starts_with(b"\xfe\xff") {
            return Err(anyhow!(
                "is UTF-16, as PowerShell writes it; a list has to be UTF-8 (-Encoding utf8)"
            ));
        }
        path = path.strip_prefix(b"\xef\xbb\xbf").unwrap_or(path);
    }
    if path.contains(&0) {
        bail!("line {number} holds a zero byte; a list with one behind each path needs --null");
    }
    // Elsewhere it is as good as any other character of a name.
    if cfg!(windows) {
        path = path.strip_suffix(b"\r").unwrap_or(path);
    }
    Ok(path)
}

#[cfg(unix)]
fn from_bytes(path: &[u8]) -> PathBuf {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(path))
}

/// What is no UTF-8 names no file, and is answered so.
#[cfg(not(unix))]
fn from_bytes(path: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(path).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths_of(list: &[u8], separator: Separator) -> anyhow::Result<Vec<String>> {
        let (send, paths) = bounded(100);
        read(list, separator, None, &send)?;
        drop(send);
        Ok(paths.iter().map(|p| p.display().to_string()).collect())
    }

    #[test]
    fn a_path_on_each_line() {
        let paths = |list: &str| paths_of(list.as_bytes(), Separator::Line).unwrap();
        assert_eq!(paths(""), [""; 0]);
        assert_eq!(
            paths("a.jpg\n\n b c.jpg\nd.jpg"),
            ["a.jpg", " b c.jpg", "d.jpg"]
        );
        assert_eq!(paths("\u{feff}ä.jpg\n#.jpg\n"), ["ä.jpg", "#.jpg"]);
        let returned = if cfg!(windows) { "a.jpg" } else { "a.jpg\r" };
        assert_eq!(paths("a.jpg\r\n"), [returned]);
    }

    #[test]
    fn zero_bytes_let_paths_hold_line_breaks() {
        let paths = paths_of(b"a\nb.jpg\0\0c.jpg\0", Separator::Null).unwrap();
        assert_eq!(paths, ["a\nb.jpg", "c.jpg"]);
    }

    #[test]
    fn what_is_no_list_says_so() {
        let reason = |list: &[u8], separator| paths_of(list, separator).unwrap_err().to_string();
        let zero = reason(b"a.jpg\nb.jpg\0c.jpg\0", Separator::Line);
        assert!(zero.contains("line 2") && zero.contains("--null"), "{zero}");
        assert!(reason(b"\xff\xfea\0", Separator::Line).contains("UTF-16"));
        let long = vec![b'a'; 2 * LONGEST];
        assert!(reason(&long, Separator::Line).contains("path 1 is longer"));
        assert!(reason(&long, Separator::Null).contains("without --null"));
        assert_eq!(
            paths_of(&long[..LONGEST], Separator::Null).unwrap().len(),
            1
        );
    }

    #[test]
    fn a_share_leaves_the_others_out() {
        let list: String = (0..40).map(|i| format!("{i}.jpg\n")).collect();
        let mut all = Vec::new();
        for share in ["1/3", "2/3", "3/3"] {
            let (send, paths) = bounded(100);
            let shard = Some(share.parse().unwrap());
            read(list.as_bytes(), Separator::Line, shard, &send).unwrap();
            drop(send);
            all.extend(paths.iter());
        }
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 40);
    }
}
