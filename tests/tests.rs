//! All tests that go through the library's and the binary's public doors, as
//! one test binary with a module per room.

mod app;
mod cli;
mod engine;
mod imaging;
mod metadata;
mod model;
mod reliability;
mod support;
