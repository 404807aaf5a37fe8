//! The window, driven as its users drive it.

mod behaviour;
mod culling;
mod find;
mod inspector;
mod looking;
mod models;
mod snapshots;
mod window;
