//! The window, driven as its users drive it.

mod behaviour;
mod culling;
mod find;
mod inspector;
mod models;
mod snapshots;
mod window;
