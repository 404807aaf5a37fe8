//! Photos per second from file to score, on 24-megapixel JPEGs, with the
//! shares of the stages and the peak of memory.
//!
//! Run by `cargo bench --bench score_throughput`. The photos are made here:
//! an enlarged sample photo with fresh texture and grain, so that they decode
//! as camera files do.

mod memory;

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, resize};
use image::{Rgb, RgbImage};
use keepers::engine::{Event, Options, Request, Summary, start};
use keepers::model::{self, QualityModel};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What one run of the bench does.
struct Plan {
    width: u32,
    height: u32,
    /// Photos of different content.
    different: u32,
    /// Files in all.
    files: usize,
    runs: usize,
}

const FULL: Plan = Plan {
    width: 6000,
    height: 4000,
    different: 4,
    files: 32,
    runs: 3,
};

/// Shows that the bench works, without `cargo bench`.
const TRIAL: Plan = Plan {
    width: 600,
    height: 400,
    different: 1,
    files: 2,
    runs: 1,
};

fn main() {
    let measured = std::env::args().any(|argument| argument == "--bench");
    let plan = if measured { FULL } else { TRIAL };
    let folder = tempfile::tempdir().expect("a folder for the photos");
    let bytes = make_photos(folder.path(), &plan);
    println!(
        "{} JPEGs of {}x{} pixels, {:.1} MB each",
        plan.files,
        plan.width,
        plan.height,
        bytes as f64 / plan.files as f64 / 1e6
    );
    let model = model::embedded().expect("the built-in model");
    let options = Options::default();
    println!(
        "{} decoding threads, batches of {}, {} slots",
        options.decoders, options.batch, options.decoded
    );
    let before = memory::peak();
    let mut summaries: Vec<Summary> = (0..plan.runs)
        .map(|_| score(folder.path(), model.clone(), &options))
        .collect();
    summaries.sort_by_key(|summary| summary.timings.wall);
    report(&summaries[summaries.len() / 2]);
    match (before, memory::peak()) {
        (Some(before), Some(after)) => println!(
            "peak memory {:.0} MB (before the first photo {:.0} MB)",
            after as f64 / 1e6,
            before as f64 / 1e6
        ),
        _ => println!("peak memory not known on this system"),
    }
}

/// The median run.
fn report(summary: &Summary) {
    let timings = &summary.timings;
    let photos = summary.scored as f64;
    println!(
        "{:.2} photos/s (median of the runs), {} decoded photos alive at most",
        photos / timings.wall.as_secs_f64(),
        summary.peak_decoded
    );
    let stages = [
        ("decode", timings.decode),
        ("resize", timings.resize),
        ("inference", timings.inference),
    ];
    let busy: Duration = stages.iter().map(|(_, time)| *time).sum();
    for (name, time) in stages {
        println!(
            "  {name:<10}{:6.1} ms per photo, {:4.1} % of the stages' time",
            1e3 * time.as_secs_f64() / photos,
            100.0 * time.as_secs_f64() / busy.as_secs_f64()
        );
    }
}

fn score(folder: &Path, model: Arc<dyn QualityModel>, options: &Options) -> Summary {
    let request = Request {
        paths: vec![folder.to_owned()],
        recursive: false,
        thumbnail: None,
    };
    let job = start(request, model, options.clone());
    for event in &job.events {
        match event {
            Event::Photo(photo) => {
                photo.outcome.expect("a photo that can be scored");
            }
            Event::Finished(summary) => return summary,
            Event::Scanned(_) | Event::Progress(_) => {}
        }
    }
    panic!("the job stopped before its end");
}

/// Writes the photos; returns how many bytes they have in all.
fn make_photos(folder: &Path, plan: &Plan) -> u64 {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/samples/dogs.jpg");
    let sample = image::open(sample).expect("the sample photo").to_rgb8();
    let large = resize(&sample, plan.width, plan.height, FilterType::CatmullRom);
    let originals: Vec<PathBuf> = (0..plan.different)
        .map(|seed| {
            let path = folder.join(format!("{seed:04}.jpg"));
            let file = BufWriter::new(File::create(&path).expect("a file"));
            JpegEncoder::new_with_quality(file, 90)
                .encode_image(&textured(&large, seed))
                .expect("an encoded photo");
            path
        })
        .collect();
    let mut bytes = 0;
    for n in 0..plan.files {
        let original = &originals[n % originals.len()];
        let path = folder.join(format!("{n:04}.jpg"));
        if !originals.contains(&path) {
            fs::copy(original, &path).expect("a copy");
        }
        bytes += fs::metadata(&path).expect("a file").len();
    }
    bytes
}

/// The photo with the detail that enlarging cannot give: grain in every pixel,
/// and coarser texture in blocks of four.
fn textured(photo: &RgbImage, seed: u32) -> RgbImage {
    RgbImage::from_fn(photo.width(), photo.height(), |x, y| {
        let grain = i32::from(hash(x, y, seed) as u8 & 15) - 8;
        let texture = i32::from(hash(x / 4, y / 4, !seed) as u8 & 31) - 16;
        let Rgb(pixel) = *photo.get_pixel(x, y);
        Rgb(pixel.map(|value| (i32::from(value) + grain + texture).clamp(0, 255) as u8))
    })
}

/// Well mixed bits of a place (the finaliser of MurmurHash3).
fn hash(x: u32, y: u32, seed: u32) -> u32 {
    let mut h = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ seed;
    h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
    h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}
