//! Tuning a CLIP network to labels, from pixels to scores.

use candle_core::{Device, Tensor};
use keepers::learning::calibrate::CalibrateError;
use keepers::learning::calibrate::qgr::clip::Student;
use keepers::learning::calibrate::qgr::tune::{Options, Progress, Tuned, tune};
use keepers::model::clip::{Config, Crop, cropped, input};

use super::clip::Golden;

/// Photos of blocks, brighter by and by, resized as the network wants them.
fn photos(config: &Config, count: usize) -> Vec<Vec<u8>> {
    let side = config.resize_side();
    let pixel = |n: usize, i: usize| {
        let (x, y) = (i / 3 % side, i / 3 / side);
        let block = (x / 7 + y / 5 + n) % 3;
        (n * 160 / count + 30 * block + 5 * (i % 3)) as u8
    };
    (0..count)
        .map(|n| (0..side * side * 3).map(|i| pixel(n, i)).collect())
        .collect()
}

fn tuned(golden: &Golden, lambda: f64, epochs: usize) -> (Student, Result<Tuned, CalibrateError>) {
    let photos = photos(&golden.config, 10);
    let photos: Vec<&[u8]> = photos.iter().map(Vec::as_slice).collect();
    let labels: Vec<f64> = (0..10).map(f64::from).collect();
    let student = Student::new(&golden.weights, 2, &Device::Cpu).unwrap();
    let options = Options {
        lambda,
        rate: 0.02,
        epochs,
        crops: 2,
        ..Options::default()
    };
    let tuned = tune(
        &student,
        &golden.config,
        &photos,
        &labels,
        &options,
        &mut |_| true,
    );
    (student, tuned)
}

#[test]
fn tuning_learns_labels_and_repeats() {
    let golden = Golden::all().remove(0);
    let loss = |epochs: usize| tuned(&golden, 0.0, epochs).1.unwrap().loss;
    let (first, last) = (loss(1), loss(30));
    assert!(last < 0.9 * first, "{first} {last}");
    assert_eq!(loss(3), loss(3));
    let (_, regulated) = tuned(&golden, 5.0, 10);
    let (_, free) = tuned(&golden, 0.0, 10);
    let (regulated, free) = (regulated.unwrap(), free.unwrap());
    assert_eq!(regulated.drift.0, free.drift.0);
    assert!(regulated.drift.1.is_finite() && regulated.drift.1 != free.drift.1);
}

#[test]
fn what_is_kept_of_the_constant_blocks_changes_nothing() {
    let golden = Golden::all().remove(0);
    let (student, tuned) = tuned(&golden, 5.0, 3);
    tuned.unwrap();
    // From the pixels again, after learning: the constant blocks are constant.
    let photo = &photos(&golden.config, 10)[4];
    let side = golden.config.image_size();
    let values = input(&golden.config, photo).unwrap();
    let pixels = Tensor::from_vec(values, (1, 3, side, side), &Device::Cpu).unwrap();
    let fresh = Student::new(&golden.weights, 2, &Device::Cpu).unwrap();
    let (kept, again) = (
        fresh.constant(&pixels).unwrap(),
        student.constant(&pixels).unwrap(),
    );
    let numbers = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(numbers(&kept), numbers(&again));
    assert_ne!(student.scores(&kept).unwrap(), fresh.scores(&kept).unwrap());
}

#[test]
fn tuning_stops_when_asked() {
    let golden = Golden::all().remove(0);
    let photos = photos(&golden.config, 8);
    let photos: Vec<&[u8]> = photos.iter().map(Vec::as_slice).collect();
    let labels: Vec<f64> = (0..8).map(f64::from).collect();
    let student = Student::new(&golden.weights, 2, &Device::Cpu).unwrap();
    let mut seen: Vec<Progress> = Vec::new();
    let stopped = tune(
        &student,
        &golden.config,
        &photos,
        &labels,
        &Options::default(),
        &mut |progress| {
            seen.push(progress);
            progress.epoch < 2
        },
    );
    assert!(matches!(stopped, Err(CalibrateError::Interrupted)));
    assert_eq!(seen.last().map(|progress| progress.epoch), Some(2));
}

#[test]
fn crops_are_pieces_of_the_photo() {
    let config = Golden::all().remove(0).config;
    let photo = &photos(&config, 3)[1];
    let middle = Crop::middle(&config);
    let plain = cropped(&config, photo, middle).unwrap();
    assert_eq!(plain, input(&config, photo).unwrap());
    let mirrored = Crop {
        mirrored: true,
        ..middle
    };
    let mirrored = cropped(&config, photo, mirrored).unwrap();
    let side = config.image_size();
    for (row, mirror) in plain.chunks(side).zip(mirrored.chunks(side)) {
        assert!(row.iter().eq(mirror.iter().rev()));
    }
    let corner = Crop {
        top: 0,
        left: 0,
        mirrored: false,
    };
    assert_ne!(cropped(&config, photo, corner).unwrap(), plain);
    assert!(cropped(&config, &photo[1..], corner).is_err());
}
