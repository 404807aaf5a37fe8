//! Decodes pictures for the eye, those first that are on the screen.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use egui::ColorImage;
use image::RgbImage;

use super::{Mailbox, spawn};
use crate::app::overlay::Overlay;
use crate::app::state::PhotoId;
use crate::guard::guarded;
use crate::imaging::measures::{Area, Measures, measure};
use crate::imaging::{Limits, Want, decode, thumbnail};

/// Threads that decode pictures.
const THREADS: usize = 2;

/// Which picture of which photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureKey {
    /// The number of the photo's shoot.
    pub shoot: u64,
    /// The photo.
    pub photo: PhotoId,
    /// How large.
    pub size: Size,
    /// What is drawn over it.
    pub overlay: Overlay,
}

/// How large a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Size {
    /// As on a tile of the grid.
    Tile,
    /// To fit a box of so many pixels, width and height.
    Fit(u32, u32),
    /// Every pixel of the original.
    Full,
    /// What can be measured of the original.
    Measured,
    /// The column and row of a square piece of the original.
    Piece(u32, u32),
}

/// A decoded picture.
#[derive(Debug)]
pub enum Picture {
    /// To be shown as it is.
    Whole(ColorImage),
    /// All of the original, to be shown in pieces.
    Full(Arc<RgbImage>),
    /// What was measured of the original.
    Measured(Box<Measured>),
}

/// A picture that is wanted.
#[derive(Debug, Clone)]
pub struct PictureRequest {
    /// Which one.
    pub key: PictureKey,
    /// The photo's file.
    pub path: PathBuf,
}

/// A picture, or the reason why there is none.
#[derive(Debug)]
pub struct PictureResult {
    /// Which one.
    pub key: PictureKey,
    /// What became of it.
    pub picture: Result<Picture, String>,
}

/// What was measured of a photo, and the parts of it that prove it, at its own
/// pixels.
#[derive(Debug)]
pub struct Measured {
    /// What was measured.
    pub measures: Measures,
    /// Around the sharpest area.
    pub sharpest: Option<ColorImage>,
    /// Around the area with most clipped lights, which are marked.
    pub lights: Option<ColorImage>,
}

/// Size in pixels of those parts.
pub const PROOF: [u32; 2] = [480, 240];

/// The way to the threads that decode pictures.
#[derive(Debug)]
pub struct Gallery {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    wishes: Mutex<Wishes>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Wishes {
    /// The most wanted last.
    wanted: Vec<PictureRequest>,
    /// Being decoded.
    busy: HashSet<PictureKey>,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Wishes> {
        // Whoever panicked left a list of wishes, which is always sound.
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gallery {
    /// Starts the threads; their pictures go to `mail`.
    pub fn open(mail: &Mailbox<PictureResult>) -> Self {
        let shared = Arc::new(Shared::default());
        for n in 0..THREADS {
            let (shared, mail) = (Arc::clone(&shared), mail.clone());
            let spawned = spawn(&format!("keepers-picture-{n}"), move || run(&shared, &mail));
            if let Err(error) = spawned {
                tracing::warn!("decoding pictures on {n} threads: {error}");
                break;
            }
        }
        Self { shared }
    }

    /// Replaces what is wanted: the most wanted first. What is no longer wanted
    /// and not begun is not decoded.
    pub fn want(&self, mut wanted: Vec<PictureRequest>) {
        wanted.reverse();
        let mut wishes = self.shared.lock();
        wishes.wanted = wanted;
        if !wishes.wanted.is_empty() {
            self.shared.changed.notify_all();
        }
    }
}

impl Drop for Gallery {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

fn run(shared: &Shared, mail: &Mailbox<PictureResult>) {
    while let Some(PictureRequest { key, path }) = next(shared) {
        let picture = guarded(|| picture(&path, key))
            .unwrap_or_else(|panic| Err(format!("the decoder broke down: {panic}")));
        let sent = mail.send(PictureResult { key, picture });
        shared.lock().busy.remove(&key);
        if !sent {
            return;
        }
    }
}

fn next(shared: &Shared) -> Option<PictureRequest> {
    let mut wishes = shared.lock();
    loop {
        if wishes.closed {
            return None;
        }
        if let Some(request) = wishes.wanted.pop() {
            if wishes.busy.insert(request.key) {
                return Some(request);
            }
            continue;
        }
        wishes = shared
            .changed
            .wait(wishes)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

fn picture(path: &Path, key: PictureKey) -> Result<Picture, String> {
    let (width, height) = match key.size {
        Size::Tile => (super::scoring::THUMBNAIL, super::scoring::THUMBNAIL),
        Size::Fit(width, height) => (width, height),
        // Pieces are cut from the whole.
        Size::Full | Size::Piece(..) => return Ok(Picture::Full(Arc::new(original(path)?))),
        Size::Measured => return Ok(Picture::Measured(Box::new(measured(&original(path)?)))),
    };
    // In a box of this size no photo's shorter side is longer than the box's.
    let want = Want::AtLeast(width.min(height));
    let decoded = decode(path, want, &Limits::default()).map_err(|e| e.reason.to_string())?;
    let (w, h) = decoded.image.dimensions();
    let scale = (f64::from(width) / f64::from(w.max(1)))
        .min(f64::from(height) / f64::from(h.max(1)))
        .min(1.0);
    let longest = (f64::from(w.max(h)) * scale).round() as u32;
    let small = thumbnail(&decoded.image, longest.max(1));
    let mut image = colour_image(&small);
    key.overlay.draw(&mut image);
    Ok(Picture::Whole(image))
}

/// Every pixel of a photo.
fn original(path: &Path) -> Result<RgbImage, String> {
    let decoded = decode(path, Want::Full, &Limits::default());
    Ok(decoded.map_err(|error| error.reason.to_string())?.image)
}

fn measured(image: &RgbImage) -> Measured {
    let measures = measure(image);
    let mut lights = measures.lights.area.map(|area| part(image, area));
    if let Some(lights) = &mut lights {
        Overlay::Clipping.draw(lights);
    }
    Measured {
        measures,
        sharpest: measures.sharpest.map(|it| part(image, it.area)),
        lights,
    }
}

/// A part of a photo around an area.
fn part(image: &RgbImage, area: Area) -> ColorImage {
    let [width, height] = [PROOF[0].min(image.width()), PROOF[1].min(image.height())];
    let from = |start: u32, length: u32, part: u32, whole: u32| {
        (start + length / 2)
            .saturating_sub(part / 2)
            .min(whole - part)
    };
    let left = from(area.left, area.width, width, image.width());
    let top = from(area.top, area.height, height, image.height());
    let cut = image::imageops::crop_imm(image, left, top, width, height).to_image();
    colour_image(&cut)
}

/// Pixels as the window takes them.
pub fn colour_image(image: &RgbImage) -> ColorImage {
    let size = [image.width() as usize, image.height() as usize];
    ColorImage::from_rgb(size, image.as_raw())
}
