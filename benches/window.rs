//! The window over a large shoot: processor time of a frame while the grid scrolls
//! past 50,000 photos, and the time from a key to the next photo in Loupe. Frames
//! are laid out and tessellated, not drawn: the graphics card's part is left out.
//!
//! `KEEPERS_BENCH_PHOTOS=5000` takes fewer photos.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::Key;
use egui_kittest::Harness;
use image::{Rgb, RgbImage};
use keepers::app::{App, Dialogs, Options, Reply, Settings};
use keepers::engine::models::{Device, Source};
use keepers::home::Home;

const PHOTOS: usize = 50_000;
const FRAMES: usize = 600;

/// A window that nobody asks for files.
#[derive(Debug)]
struct Silent;

impl Dialogs for Silent {
    fn folders(&self, _: Reply) {}
    fn photos(&self, _: Reply) {}
    fn weights(&self, _: Reply) {}
    fn table(&self, _: &str, _: Reply) {}
}

fn window(home: &Path, paths: Vec<PathBuf>) -> Harness<'static, App> {
    let options = Options {
        paths,
        model: Source::BuiltIn,
        profile: None,
        device: Device::Cpu,
        settings: Settings::default(),
        trouble: None,
        home: Some(Home::under(home)),
        catalog: None,
        hub: None,
        dialogs: Box::new(Silent),
    };
    Harness::builder()
        .with_size([1280.0, 720.0])
        .build_eframe(|cc| App::new(&cc.egui_ctx, options))
}

/// A photo of so many pixels with something in it, different for each seed.
fn photo(path: &Path, (width, height): (u32, u32), seed: u32) {
    let image = RgbImage::from_fn(width, height, |x, y| {
        let wave = ((x * (seed % 7 + 1)) ^ (y * 3)) / 16 % 64;
        let noise = x.wrapping_mul(2_654_435_761).wrapping_add(y * seed) >> 28;
        let level = |shift: u32| u8::try_from((wave * 2 + noise + shift) % 256).unwrap_or(0);
        Rgb([level(seed), level(40), level(90)])
    });
    image.save(path).expect("a photo");
}

/// Frames until nothing is being scored and every picture is there.
fn settle(window: &mut Harness<'static, App>) {
    loop {
        window.step();
        let app = window.state();
        let state = app.state();
        let idle = state.scoring.is_none() && !state.shoot.is_empty();
        if idle && app.has_pictures() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The value that this share of all is below.
fn quantile(times: &mut [Duration], share: f64) -> f64 {
    times.sort();
    let place = ((times.len() - 1) as f64 * share).round() as usize;
    times[place].as_secs_f64() * 1000.0
}

fn scrolling(folder: &Path) {
    let count = std::env::var("KEEPERS_BENCH_PHOTOS");
    let count: usize = count.ok().and_then(|it| it.parse().ok()).unwrap_or(PHOTOS);
    let (home, shoot) = (folder.join("home"), folder.join("many"));
    fs::create_dir_all(&shoot).expect("a folder");
    let first = shoot.join("00000.jpg");
    photo(&first, (600, 400), 1);
    // One content under many names: known after the first.
    for n in 1..count {
        fs::hard_link(&first, shoot.join(format!("{n:05}.jpg"))).expect("a link");
    }
    let mut window = window(&home, vec![shoot]);
    let start = Instant::now();
    settle(&mut window);
    let opened = start.elapsed();
    let mut times = Vec::with_capacity(FRAMES);
    let middle = egui::pos2(640.0, 400.0);
    window.hover_at(middle);
    for _ in 0..FRAMES {
        window.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -400.0),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: egui::Modifiers::NONE,
        });
        let start = Instant::now();
        window.step();
        let output = window.output();
        let shapes = output.shapes.clone();
        window.ctx.tessellate(shapes, output.pixels_per_point);
        times.push(start.elapsed());
    }
    println!(
        "{count} photos opened and scored in {:.1} s",
        opened.as_secs_f64()
    );
    println!(
        "a frame while the grid scrolls: p50 {:.2} ms, p99 {:.2} ms of {FRAMES}",
        quantile(&mut times, 0.5),
        quantile(&mut times, 0.99)
    );
}

fn next_photo(folder: &Path) {
    const COUNT: u32 = 24;
    let shoot = folder.join("large");
    fs::create_dir_all(&shoot).expect("a folder");
    for n in 0..COUNT {
        photo(&shoot.join(format!("{n:02}.jpg")), (6000, 4000), n + 1);
    }
    let mut window = window(&folder.join("home2"), vec![shoot]);
    settle(&mut window);
    window.key_press(Key::E);
    settle(&mut window);
    let go = |window: &mut Harness<'static, App>, key: Key, wait: Duration| -> Vec<Duration> {
        (1..COUNT)
            .map(|_| {
                std::thread::sleep(wait);
                window.step();
                window.key_press(key);
                let start = Instant::now();
                window.step();
                while !window.state().has_large() {
                    std::thread::sleep(Duration::from_millis(1));
                    window.step();
                }
                start.elapsed()
            })
            .collect()
    };
    // Three seconds for a look are enough for the next to be decoded ahead; no
    // time at all is too little.
    let mut looked = go(&mut window, Key::ArrowRight, Duration::from_secs(3));
    window.key_press(Key::Home);
    settle(&mut window);
    let mut hurried = go(&mut window, Key::ArrowRight, Duration::ZERO);
    for (name, times) in [("decoded ahead", &mut looked), ("in a hurry", &mut hurried)] {
        println!(
            "a key to the next 24-megapixel photo in Loupe, {name}: p50 {:.0} ms, p95 {:.0} ms",
            quantile(times, 0.5),
            quantile(times, 0.95)
        );
    }
}

fn main() {
    // `cargo test --benches` only asks whether it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    scrolling(folder.path());
    next_photo(folder.path());
}
