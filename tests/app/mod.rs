//! The window, driven as its users drive it.

mod behaviour;
mod snapshots;
mod window;
