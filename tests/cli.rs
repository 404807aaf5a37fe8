//! The program as its users run it: formats, exit status, notes.

mod clip;
mod evaluate;
mod extras;
mod fit;
#[cfg(unix)]
mod interrupt;
mod paths;
mod score;
