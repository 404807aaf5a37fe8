//! The most memory this process has held, in bytes, as its system tells.

/// Peak resident memory; `None` where the system does not say.
#[cfg(target_os = "linux")]
pub fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Peak working set.
#[cfg(windows)]
pub fn peak() -> Option<u64> {
    let query = format!("(Get-Process -Id {}).PeakWorkingSet64", std::process::id());
    output("powershell", &["-NoProfile", "-Command", &query])?
        .parse()
        .ok()
}

/// The largest resident size seen so far: this system tells only the present
/// one without unsafe code, so a thread looks at it from the first call on.
#[cfg(not(any(target_os = "linux", windows)))]
pub fn peak() -> Option<u64> {
    use std::sync::Once;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    static WATCH: Once = Once::new();
    static PEAK: AtomicU64 = AtomicU64::new(0);

    fn look() -> Option<u64> {
        let id = std::process::id().to_string();
        let kilobytes: u64 = output("ps", &["-o", "rss=", "-p", &id])?.parse().ok()?;
        Some(
            PEAK.fetch_max(kilobytes * 1024, Ordering::SeqCst)
                .max(kilobytes * 1024),
        )
    }

    WATCH.call_once(|| {
        std::thread::spawn(|| {
            while look().is_some() {
                std::thread::sleep(Duration::from_millis(50));
            }
        });
    });
    look()
}

/// What a command prints, trimmed.
#[cfg(not(target_os = "linux"))]
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = std::process::Command::new(program)
        .args(arguments)
        .output()
        .ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
