//! Where a command's results go: standard output, or a file that appears whole
//! or not at all.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use anyhow::Context;

use crate::report::Place;

/// A place for results.
#[derive(Debug)]
pub enum Sink {
    /// Standard output.
    Stdout(BufWriter<io::Stdout>),
    /// A file that will be there when all is written.
    File(Place),
}

/// Whether there is still somebody to write for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was written.
    Yes,
    /// The reader of standard output has left.
    ReaderGone,
}

impl Sink {
    /// Opens `path`, or standard output.
    ///
    /// # Errors
    /// As [`Place::open`].
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        Ok(match path {
            Some(path) => Self::File(Place::open(path)?),
            None => Self::Stdout(BufWriter::new(io::stdout())),
        })
    }

    /// The file that holds what is written until it is finished.
    pub fn unfinished(&self) -> Option<&Path> {
        match self {
            Self::File(place) => place.unfinished(),
            Self::Stdout(_) => None,
        }
    }

    /// Writes with `write`.
    ///
    /// # Errors
    /// When it cannot be written; a reader of standard output that has left is
    /// no error.
    pub fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<Written> {
        match self {
            Self::Stdout(out) => checked(write(out).and_then(|()| out.flush())),
            Self::File(place) => {
                place.write(write)?;
                Ok(Written::Yes)
            }
        }
    }

    /// Puts a file in its place.
    ///
    /// # Errors
    /// As [`Place::finish`].
    pub fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::File(place) => Ok(place.finish()?),
            Self::Stdout(_) => Ok(()),
        }
    }
}

/// Sorts out what happened to standard output.
///
/// # Errors
/// Any but that its reader has left.
pub fn checked(result: io::Result<()>) -> anyhow::Result<Written> {
    match result {
        Ok(()) => Ok(Written::Yes),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Written::ReaderGone),
        Err(error) => Err(error).context("standard output cannot be written"),
    }
}
