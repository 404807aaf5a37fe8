//! Series that are one picture to be: exposure brackets, focus stacks,
//! panoramas, as far as EXIF bears them out.

use super::order::time;
use super::{Kind, Photo};

/// Longest time between two shots of a bracket or stack, in milliseconds,
/// besides what the exposure itself takes.
const QUICK: i64 = 3_000;

/// The same, for a camera that is turned by hand.
const TURNING: i64 = 15_000;

/// Shots of a bracket, at most; cameras take nine.
const LONGEST_BRACKET: usize = 9;

/// Steps of a bracket in stops: by compensation cameras offer thirds; the
/// shutter alone may change by as much in changing light.
const LEAST_STEP: f64 = 0.3;
const LEAST_SHUTTER_STEP: f64 = 0.6;

/// By how much the steps of a bracket may differ, in stops: cameras round.
const UNEVEN: f64 = 0.2;

/// The series among the shots of one camera in the order of capture: places, each
/// in one series at most.
pub(super) fn find(shots: &[&Photo]) -> Vec<(Kind, Vec<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = shots.get(at..).filter(|rest| rest.len() > 1) {
        let series = [
            (Kind::ExposureBracket, bracket(rest)),
            (Kind::FocusStack, stack(rest)),
            (Kind::Panorama, panorama(rest)),
        ];
        match series.into_iter().find(|(_, length)| *length > 0) {
            Some((kind, length)) => {
                found.push((kind, (at..at + length).collect()));
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

/// How many shots from the first on follow each other by `follows`.
fn run(shots: &[&Photo], follows: impl Fn(&Photo, &Photo) -> bool) -> usize {
    let pairs = shots.windows(2).take_while(|pair| match *pair {
        [a, b] => follows(a, b),
        _ => false,
    });
    pairs.count() + 1
}

/// Whether a shot came right after another.
fn soon(a: &Photo, b: &Photo, gap: i64) -> bool {
    let (Some(first), Some(second)) = (time(a), time(b)) else {
        return false;
    };
    // A long exposure may be followed by as long a one against noise.
    let exposing = 2000.0 * a.exif.exposure_seconds.unwrap_or(0.0).min(600.0);
    second - first <= gap + exposing as i64
}

fn near(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 0.02 * a.abs().max(b.abs()),
        (None, None) => true,
        _ => false,
    }
}

/// Whether two shots were exposed alike, which both have to say.
fn exposed_alike(a: &Photo, b: &Photo) -> bool {
    let (a, b) = (&a.exif, &b.exif);
    a.exposure_seconds.is_some()
        && near(a.exposure_seconds, b.exposure_seconds)
        && near(a.f_number, b.f_number)
        && a.iso == b.iso
        && near(a.focal_length_mm, b.focal_length_mm)
}

/// The length of the bracket that begins here, 0 for none: exposures that are all
/// different and, put in order, equally far apart.
fn bracket(shots: &[&Photo]) -> usize {
    let length = run(shots, |a, b| {
        soon(a, b, QUICK) && near(a.exif.focal_length_mm, b.exif.focal_length_mm)
    });
    let said = |photo: &&Photo| photo.exif.auto_bracket == Some(true);
    for length in (2..=length.min(LONGEST_BRACKET)).rev() {
        let shots = shots.get(..length).unwrap_or_default();
        let marked = shots.iter().all(said);
        // Two exposures are a bracket only where the camera says so.
        if length == 2 && !marked {
            continue;
        }
        let biases: Option<Vec<f64>> = shots.iter().map(|p| p.exif.exposure_bias).collect();
        if biases.is_some_and(|biases| even(biases, LEAST_STEP)) {
            return length;
        }
        let alike = shots.windows(2).all(|pair| match *pair {
            [a, b] => {
                let (a, b) = (&a.exif, &b.exif);
                near(a.f_number, b.f_number) && a.iso == b.iso && a.exposure_bias == b.exposure_bias
            }
            _ => false,
        });
        let stops: Option<Vec<f64>> = shots
            .iter()
            .map(|p| p.exif.exposure_seconds.map(f64::log2))
            .collect();
        let least = if marked {
            LEAST_STEP
        } else {
            LEAST_SHUTTER_STEP
        };
        if alike && stops.is_some_and(|stops| even(stops, least)) {
            return length;
        }
    }
    0
}

/// Whether numbers, put in order, are equally far apart, by `least` or more.
fn even(mut values: Vec<f64>, least: f64) -> bool {
    values.sort_by(f64::total_cmp);
    let steps: Vec<f64> = values
        .windows(2)
        .filter_map(|pair| Some(pair.last()? - pair.first()?))
        .collect();
    let smallest = steps.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = steps.iter().copied().fold(0.0, f64::max);
    smallest >= least && largest - smallest <= UNEVEN
}

/// The length of the focus stack that begins here, 0 for none: four shots or
/// more, exposed alike, whose focus goes one way by steps that are even in
/// dioptres, as a focusing motor makes them.
fn stack(shots: &[&Photo]) -> usize {
    let dioptres = |photo: &Photo| photo.exif.subject_distance_m.map(|metres| 1.0 / metres);
    let step = |a: &Photo, b: &Photo| Some(dioptres(b)? - dioptres(a)?);
    let [first, second, ..] = shots else {
        return 0;
    };
    let Some(usual) = step(first, second).filter(|step| *step != 0.0) else {
        return 0;
    };
    let length = run(shots, |a, b| {
        let even = step(a, b).is_some_and(|step| (0.5..=2.0).contains(&(step / usual)));
        even && soon(a, b, QUICK) && exposed_alike(a, b)
    });
    if length >= 4 { length } else { 0 }
}

/// The length of the panorama that begins here, 0 for none: three shots or more,
/// exposed alike, between which the camera turned one way, by 5 to 60 degrees
/// each time. Only cameras with a compass say so.
fn panorama(shots: &[&Photo]) -> usize {
    let turn = |a: &Photo, b: &Photo| {
        let (a, b) = (a.exif.direction_degrees?, b.exif.direction_degrees?);
        Some((b - a + 540.0).rem_euclid(360.0) - 180.0)
    };
    let [first, second, ..] = shots else {
        return 0;
    };
    let Some(way) = turn(first, second).map(f64::signum) else {
        return 0;
    };
    let length = run(shots, |a, b| {
        let turned = turn(a, b).is_some_and(|turn| (5.0..=60.0).contains(&(turn * way)));
        turned && soon(a, b, TURNING) && exposed_alike(a, b)
    });
    if length >= 3 { length } else { 0 }
}
