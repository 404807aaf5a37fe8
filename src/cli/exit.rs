//! The exit status of every command.

use std::process::ExitCode;

/// How a command ended, as the number its caller sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything was done.
    Done = 0,
    /// Nothing could be done.
    Nothing = 1,
    /// The command line was not understood.
    Usage = 2,
    /// A part was done, the rest failed.
    Partly = 3,
    /// It was done, but is advised against.
    AdvisedAgainst = 4,
    /// The user interrupted it; what was done until then is kept.
    Interrupted = 130,
}

impl Exit {
    /// The status for so many things done and so many failed.
    pub fn of(done: usize, failed: usize) -> Self {
        match (done, failed) {
            (0, _) => Self::Nothing,
            (_, 0) => Self::Done,
            _ => Self::Partly,
        }
    }

    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_follows_the_counts() {
        assert_eq!(Exit::of(3, 0).code(), 0);
        assert_eq!(Exit::of(0, 0).code(), 1);
        assert_eq!(Exit::of(0, 2).code(), 1);
        assert_eq!(Exit::of(1, 2).code(), 3);
    }
}
