//! The program: starts the library's command line, which does everything.

use std::process::ExitCode;

/// Decoding allocates and frees large buffers on many threads at once, which
/// the systems' own allocators serve slowly and give back late.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keepers::cli::main(std::env::args_os()).into()
}
