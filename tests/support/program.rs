//! The program itself, run as its users run it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The built program with a home of its own, so that a test neither sees nor
/// changes anything of the user's.
pub struct Program {
    /// A folder for the test's files; the program's working folder.
    pub folder: TempDir,
    home: TempDir,
}

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            home: tempfile::tempdir().expect("a home"),
        }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A file in the working folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with these arguments, in the working folder.
    pub fn command<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keepers"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("KEEPERS_HOME", self.home.path())
            .env_remove("KEEPERS_LOG")
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Ran {
        Ran::of(&mut self.command(args))
    }
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let ran = Self {
            status: output.status.code().expect("an exit status"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }

    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("JSON")
    }
}
