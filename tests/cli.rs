//! The program as its users run it: formats, exit status, notes.

mod calibrate;
mod clip;
mod download;
mod evaluate;
mod extras;
mod fit;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod killed;
mod paths;
mod rate;
mod score;
