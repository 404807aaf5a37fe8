//! The program as its users run it: formats, exit status, notes.

mod bench;
mod calibrate;
mod clip;
mod distort;
mod download;
mod evaluate;
mod export;
mod extras;
mod fit;
mod group;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod killed;
mod move_photos;
mod paths;
mod pretrain;
mod rate;
mod score;
mod share;
