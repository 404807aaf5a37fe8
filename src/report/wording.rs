//! Numbers and times in words.

use std::time::Duration;

use crate::engine::Progress;

/// A count with thousands separators: `3,012`.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 photo`, `3,012 photos`.
pub fn counted(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(n))
}

/// A size: `734 bytes`, `1.2 MB`.
pub fn bytes(n: u64) -> String {
    if n < 1000 {
        return format!("{n} bytes");
    }
    let mut value = n as f64;
    let mut unit = "";
    for next in ["kB", "MB", "GB", "TB"] {
        // What would be rounded up to a thousand is one of the next unit.
        if value < 999.95 {
            break;
        }
        (value, unit) = (value / 1000.0, next);
    }
    format!("{value:.1} {unit}")
}

/// A time to wait: `45 s`, `3 min 05 s`, `2 h 07 min`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A time that has passed: `1.8 s`, otherwise as [`duration`].
pub fn took(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        duration(time)
    }
}

/// A rate: `14 photos/s`, `3.2 photos/s`.
pub fn rate(per_second: f64) -> String {
    if per_second >= 10.0 {
        format!("{per_second:.0} photos/s")
    } else {
        format!("{per_second:.1} photos/s")
    }
}

/// `Scoring 412 of 3,012 · 14 photos/s · 3 min 05 s left`; `Scoring 412` where the
/// total is not known.
pub fn progress(doing: &str, progress: &Progress) -> String {
    let mut text = format!("{doing} {}", count(progress.done));
    if progress.total > 0 {
        text += &format!(" of {}", count(progress.total));
    }
    if progress.failed > 0 {
        text += &format!(" · {} failed", count(progress.failed));
    }
    if progress.rate > 0.0 {
        text += &format!(" · {}", rate(progress.rate));
    }
    if let Some(left) = progress.left {
        text += &format!(" · {} left", duration(left));
    }
    text
}

/// `Downloading clip-vit-b16 · 120.3 MB of 598.6 MB · 12.3 MB/s · 40 s left`, of
/// a progress that counts bytes; a total of 0 is one that is not known.
pub fn transfer(doing: &str, progress: &Progress) -> String {
    let mut text = format!("{doing} · {}", bytes(progress.done as u64));
    if progress.total > 0 {
        text += &format!(" of {}", bytes(progress.total as u64));
    }
    if progress.rate >= 1.0 {
        text += &format!(" · {}/s", bytes(progress.rate as u64));
    }
    match progress.left {
        Some(left) if progress.total > 0 => text + &format!(" · {} left", duration(left)),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        let words = [0, 7, 999, 1000, 65_535, 1_234_567].map(count);
        assert_eq!(words, ["0", "7", "999", "1,000", "65,535", "1,234,567"]);
        assert_eq!(counted(1, "photo"), "1 photo");
        assert_eq!(counted(0, "photo"), "0 photos");
    }

    #[test]
    fn sizes_have_units() {
        let words = [0, 999, 1000, 999_940, 999_950, 1_234_567_890].map(bytes);
        let expected = [
            "0 bytes",
            "999 bytes",
            "1.0 kB",
            "999.9 kB",
            "1.0 MB",
            "1.2 GB",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn times_are_rounded_up_to_what_matters() {
        let words = [0.0, 0.2, 59.0, 59.5, 185.0, 3599.5, 7620.0]
            .map(|seconds| duration(Duration::from_secs_f64(seconds)));
        let expected = [
            "0 s",
            "1 s",
            "59 s",
            "1 min 00 s",
            "3 min 05 s",
            "1 h 00 min",
            "2 h 07 min",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn progress_says_only_what_is_known() {
        let mut report = Progress {
            done: 412,
            total: 3012,
            failed: 0,
            rate: 14.2,
            left: Some(Duration::from_secs(185)),
        };
        assert_eq!(
            progress("Scoring", &report),
            "Scoring 412 of 3,012 · 14 photos/s · 3 min 05 s left"
        );
        (report.done, report.failed, report.rate, report.left) = (0, 2, 0.0, None);
        assert_eq!(
            progress("Scoring", &report),
            "Scoring 0 of 3,012 · 2 failed"
        );
        (report.total, report.rate) = (0, 14.2);
        assert_eq!(
            progress("Scoring", &report),
            "Scoring 0 · 2 failed · 14 photos/s"
        );
    }
    #[test]
    fn a_transfer_says_only_what_is_known() {
        let mut report = Progress {
            done: 120_300_000,
            total: 598_600_000,
            failed: 0,
            rate: 12.3e6,
            left: Some(Duration::from_secs(39)),
        };
        assert_eq!(
            transfer("Downloading it", &report),
            "Downloading it · 120.3 MB of 598.6 MB · 12.3 MB/s · 39 s left"
        );
        (report.total, report.rate) = (0, 0.0);
        assert_eq!(
            transfer("Downloading it", &report),
            "Downloading it · 120.3 MB"
        );
    }
}
