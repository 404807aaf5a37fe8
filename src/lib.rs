//! Keepers finds the keepers in a photo shoot.
//!
//! The library holds everything; the binary only starts it. The rooms and what
//! each may know of the others are described in `ARCHITECTURE.md`.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod app;
pub mod catalog;
pub mod cli;
pub mod engine;
mod guard;
pub mod home;
pub mod imaging;
pub mod learning;
pub mod metadata;
pub mod model;
mod regular;
pub mod report;
