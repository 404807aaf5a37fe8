//! How fast a job runs and how long it will take. It counts photos, or a
//! download's bytes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Progress;

/// How far back the rate looks. Long enough to smooth batches, short enough to
/// follow a folder whose photos become larger.
const WINDOW: Duration = Duration::from_secs(10);

/// Shortest time between two reports.
const INTERVAL: Duration = Duration::from_millis(100);

/// Counts finished photos and says when to report them.
#[derive(Debug)]
pub(super) struct Meter {
    total: usize,
    done: usize,
    failed: usize,
    /// When how many photos were done, oldest first; the first entry is the
    /// window's start.
    history: VecDeque<(Instant, usize)>,
    reported: Option<Instant>,
}

impl Meter {
    /// A meter for `total` photos that begin now.
    pub(super) fn new(total: usize, now: Instant) -> Self {
        Self {
            total,
            done: 0,
            failed: 0,
            history: VecDeque::from([(now, 0)]),
            reported: None,
        }
    }

    /// Begins the rate anew: what is done so far took no work.
    pub(super) fn begin(&mut self, now: Instant) {
        self.history = VecDeque::from([(now, self.done)]);
    }

    /// Corrects how much there is to do.
    pub(super) fn expect(&mut self, total: usize) {
        self.total = total;
    }

    /// Counts a finished photo.
    pub(super) fn count(&mut self, failed: bool, now: Instant) {
        self.failed += usize::from(failed);
        self.advance(1, now);
    }

    /// Counts what was done without a failure.
    pub(super) fn advance(&mut self, done: usize, now: Instant) {
        self.done += done;
        let start = self.history.front().map_or(0, |&(_, done)| done);
        // One entry per interval is enough, however fast photos fail.
        match self.history.back_mut() {
            Some((at, done))
                if *done > start && now.saturating_duration_since(*at) < INTERVAL / 4 =>
            {
                *done = self.done;
            }
            _ => self.history.push_back((now, self.done)),
        }
    }

    /// A report, if the last one is old enough.
    pub(super) fn report(&mut self, now: Instant) -> Option<Progress> {
        let due = self
            .reported
            .is_none_or(|last| now.saturating_duration_since(last) >= INTERVAL);
        if !due {
            return None;
        }
        self.reported = Some(now);
        Some(self.progress(now))
    }

    fn progress(&mut self, now: Instant) -> Progress {
        // The newest entry older than the window stays: it is where the window
        // starts counting.
        while let Some(&(second, _)) = self.history.get(1)
            && now.saturating_duration_since(second) > WINDOW
        {
            self.history.pop_front();
        }
        let rate = self.history.front().map_or(0.0, |&(start, done)| {
            let seconds = now.saturating_duration_since(start).as_secs_f64();
            let finished = self.done - done;
            if seconds > 0.0 {
                finished as f64 / seconds
            } else {
                0.0
            }
        });
        let remaining = self.total.saturating_sub(self.done);
        let left = if remaining == 0 {
            Some(Duration::ZERO)
        } else {
            // Also refuses times too long to be a duration.
            Duration::try_from_secs_f64(remaining as f64 / rate).ok()
        };
        Progress {
            done: self.done,
            total: self.total,
            failed: self.failed,
            rate,
            left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_follows_the_last_while() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut meter = Meter::new(1000, start);
        let first = meter.report(start).unwrap();
        assert_eq!((first.rate, first.left), (0.0, None));

        // 10 photos a second for 20 s, then 2 a second.
        for i in 1..=200 {
            meter.count(false, at(i * 100));
        }
        let fast = meter.report(at(20_000)).unwrap();
        assert!((fast.rate - 10.0).abs() < 0.2, "{fast:?}");
        let left = fast.left.unwrap().as_secs_f64();
        assert!((left - 80.0).abs() < 2.0, "{left}");
        for i in 1..=40 {
            meter.count(i % 2 == 0, at(20_000 + i * 500));
        }
        let slow = meter.report(at(40_000)).unwrap();
        assert!((slow.rate - 2.0).abs() < 0.2, "{slow:?}");
        assert_eq!((slow.done, slow.failed), (240, 20));
    }

    #[test]
    fn photos_that_took_no_work_do_not_count_for_the_rate() {
        let start = Instant::now();
        let mut meter = Meter::new(1010, start);
        for _ in 0..1000 {
            meter.count(false, start);
        }
        meter.begin(start);
        meter.count(false, start + Duration::from_secs(1));
        let report = meter.report(start + Duration::from_secs(1)).unwrap();
        assert_eq!(report.done, 1001);
        assert!((report.rate - 1.0).abs() < 1e-9, "{report:?}");
    }

    #[test]
    fn a_stalled_job_knows_no_time_left() {
        let start = Instant::now();
        let mut meter = Meter::new(2, start);
        meter.count(false, start + Duration::from_secs(1));
        let stalled = meter.report(start + Duration::from_secs(60)).unwrap();
        assert!(stalled.rate < 0.1, "{stalled:?}");
        meter.count(false, start + Duration::from_secs(61));
        let through = meter.report(start + Duration::from_secs(61)).unwrap();
        assert_eq!(through.left, Some(Duration::ZERO));
    }

    #[test]
    fn reports_are_at_most_ten_a_second() {
        let start = Instant::now();
        let mut meter = Meter::new(10_000, start);
        let mut reports = 0;
        for ms in 0..1000 {
            let now = start + Duration::from_millis(ms);
            meter.count(true, now);
            reports += usize::from(meter.report(now).is_some());
        }
        assert_eq!(reports, 10);
        assert!(meter.history.len() <= 50, "{}", meter.history.len());
    }
}
