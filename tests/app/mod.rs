//! The window, driven as its users drive it.

mod behaviour;
mod culling;
mod files;
mod find;
mod inspector;
mod looking;
mod models;
mod settings;
mod snapshots;
mod window;
