//! The pictures on the screen: what is kept of them, and what is asked for.
//!
//! Small pictures come with the scores and are kept in memory, textures on the
//! graphics card; both are let go again, least recently shown first, so that a
//! shoot of any size fits. What is missing when it is to be drawn is wanted
//! from the [`Gallery`].

use std::collections::HashMap;
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use egui::{TextureHandle, TextureOptions};
use image::RgbImage;

use super::backstage::{
    Gallery, Mailbox, Measured, PROOF, Picture, PictureKey, PictureRequest, PictureResult, Size,
    colour_image,
};
use super::histogram::Histogram;
use super::overlay::Overlay;
use super::state::{PhotoId, Shoot};
use crate::imaging::measures::Measures;

/// Bytes of small pictures in memory, at most.
const SMALL_BYTES: usize = 256 << 20;

/// Bytes of whole originals in memory, at most: five of 24 megapixels.
const FULL_BYTES: usize = 384 << 20;

/// Side in pixels of the pieces in which an original is shown: graphics cards
/// have a limit for one texture, and only what is in sight is copied to them.
pub const PIECE: u32 = 512;

/// Bytes of textures, at most.
const TEXTURE_BYTES: usize = 384 << 20;

/// Bytes of histograms, at most.
const HISTOGRAM_BYTES: usize = 4 << 20;

/// Textures made in one frame, at most: each is copied to the graphics card
/// while the frame waits.
const UPLOADS: usize = 24;

/// Sizes of large pictures go up in steps of this many pixels, so that a window
/// that is being resized does not decode anew at every pixel.
const STEP: u32 = 256;

/// Bytes of measures with their proofs, at most, and of one: two textures.
const MEASURED_BYTES: usize = 64 << 20;
const PROVEN_BYTES: usize = 2 * 4 * (PROOF[0] * PROOF[1]) as usize;

/// What was measured of a photo, with the parts of it that prove it.
#[derive(Clone)]
pub struct Proven {
    /// What was measured.
    pub measures: Measures,
    /// Around the sharpest area.
    pub sharpest: Option<TextureHandle>,
    /// Around the area with most clipped lights, which are marked.
    pub lights: Option<TextureHandle>,
}

/// The pictures on the screen.
pub struct Pictures {
    gallery: Gallery,
    arrived: Receiver<PictureResult>,
    small: Kept<PhotoId, Arc<RgbImage>>,
    full: Kept<PhotoId, Arc<RgbImage>>,
    measured: Kept<PhotoId, Proven>,
    textures: Kept<PictureKey, TextureHandle>,
    histograms: Kept<PhotoId, Histogram>,
    failed: HashMap<PictureKey, String>,
    wanted: Vec<PictureRequest>,
    asked: Vec<PictureKey>,
    uploads: usize,
    /// Whether the first large picture of this frame was there.
    large: Option<bool>,
}

impl Pictures {
    /// Starts the threads that decode pictures for the window of `ctx`.
    pub fn new(ctx: &egui::Context) -> Self {
        let (mail, arrived) = Mailbox::new(ctx);
        Self {
            gallery: Gallery::open(&mail),
            arrived,
            small: Kept::new(SMALL_BYTES),
            full: Kept::new(FULL_BYTES),
            measured: Kept::new(MEASURED_BYTES),
            textures: Kept::new(TEXTURE_BYTES),
            histograms: Kept::new(HISTOGRAM_BYTES),
            failed: HashMap::new(),
            wanted: Vec::new(),
            asked: Vec::new(),
            uploads: 0,
            large: None,
        }
    }

    /// Keeps a small picture that came with a score. What is shown of the photo
    /// is made anew.
    pub fn keep(&mut self, photo: PhotoId, picture: Arc<RgbImage>) {
        let bytes = picture.as_raw().len();
        self.small.insert(photo, picture, bytes);
    }

    /// Forgets all pictures.
    pub fn forget(&mut self) {
        self.small.clear();
        self.full.clear();
        self.measured.clear();
        self.textures.clear();
        self.histograms.clear();
        self.failed.clear();
    }

    /// Takes in what was decoded since the last frame.
    pub fn collect(&mut self, ctx: &egui::Context, shoot: u64) {
        self.large = None;
        self.small.next_frame();
        self.full.next_frame();
        self.measured.next_frame();
        self.textures.next_frame();
        self.histograms.next_frame();
        for PictureResult { key, picture } in self.arrived.try_iter().collect::<Vec<_>>() {
            match picture {
                _ if key.shoot != shoot => {}
                Ok(Picture::Full(image)) => {
                    let bytes = image.as_raw().len();
                    self.full.insert(key.photo, image, bytes);
                }
                Ok(Picture::Measured(measured)) => {
                    let Measured {
                        measures,
                        sharpest,
                        lights,
                    } = *measured;
                    let proof = |image: Option<egui::ColorImage>| {
                        image.map(|image| ctx.load_texture("proof", image, TextureOptions::LINEAR))
                    };
                    let proven = Proven {
                        measures,
                        sharpest: proof(sharpest),
                        lights: proof(lights),
                    };
                    self.measured.insert(key.photo, proven, PROVEN_BYTES);
                }
                Ok(Picture::Whole(image)) => {
                    if key.size == Size::Tile {
                        let pixels = image.pixels.iter().map(|it| [it.r(), it.g(), it.b()]);
                        let histogram = Histogram::of_pixels(pixels);
                        let bytes = size_of::<Histogram>();
                        self.histograms.insert(key.photo, histogram, bytes);
                    }
                    self.show(ctx, key, image);
                }
                Err(reason) => {
                    self.failed.insert(key, reason);
                }
            }
        }
    }

    /// The picture for a tile, if it is there; otherwise it is wanted.
    pub fn tile(
        &mut self,
        ctx: &egui::Context,
        shoot: &Shoot,
        photo: PhotoId,
    ) -> Option<TextureHandle> {
        let key = PictureKey {
            shoot: shoot.number,
            photo,
            size: Size::Tile,
            overlay: Overlay::None,
        };
        if let Some(texture) = self.textures.get(&key) {
            return Some(texture.clone());
        }
        if let Some(picture) = self.small.get(&photo) {
            if self.uploads >= UPLOADS {
                ctx.request_repaint();
                return None;
            }
            self.uploads += 1;
            let image = colour_image(picture);
            self.show(ctx, key, image);
            return self.textures.get(&key).cloned();
        }
        // What the score brings needs not be decoded twice, and what failed to
        // be scored is not tried again here.
        if shoot.photo(photo)?.scored().is_some() {
            self.want(key, shoot);
        }
        None
    }

    /// How the tones of a photo's small picture are spread; where that picture
    /// is not there it is wanted.
    pub fn histogram(&mut self, shoot: &Shoot, photo: PhotoId) -> Option<&Histogram> {
        if self.histograms.get(&photo).is_none() {
            if let Some(picture) = self.small.get(&photo) {
                let histogram = Histogram::of(picture);
                self.histograms
                    .insert(photo, histogram, size_of::<Histogram>());
            } else if shoot.photo(photo)?.scored().is_some() {
                let key = PictureKey {
                    shoot: shoot.number,
                    photo,
                    size: Size::Tile,
                    overlay: Overlay::None,
                };
                self.want(key, shoot);
            }
        }
        self.histograms.get(&photo)
    }

    /// The picture to fit a box of so many pixels, or the reason why there is
    /// none; `None` while it is being decoded.
    pub fn large(
        &mut self,
        shoot: &Shoot,
        photo: PhotoId,
        pixels: egui::Vec2,
        overlay: Overlay,
    ) -> Option<Result<TextureHandle, String>> {
        let side = |length: f32| (length.max(1.0) as u32).div_ceil(STEP) * STEP;
        let key = PictureKey {
            shoot: shoot.number,
            photo,
            size: Size::Fit(side(pixels.x), side(pixels.y)),
            overlay,
        };
        let there = self.textures.get(&key).cloned();
        self.large = self.large.or(Some(there.is_some()));
        if let Some(texture) = there {
            return Some(Ok(texture));
        }
        if let Some(reason) = self.failed.get(&key) {
            return Some(Err(reason.clone()));
        }
        self.want(key, shoot);
        None
    }

    /// Every pixel of a photo, or the reason why not; `None` while it is being
    /// decoded.
    pub fn full(&mut self, shoot: &Shoot, photo: PhotoId) -> Option<Result<Arc<RgbImage>, String>> {
        if let Some(image) = self.full.get(&photo) {
            return Some(Ok(Arc::clone(image)));
        }
        let key = PictureKey {
            shoot: shoot.number,
            photo,
            size: Size::Full,
            overlay: Overlay::None,
        };
        if let Some(reason) = self.failed.get(&key) {
            return Some(Err(reason.clone()));
        }
        self.want(key, shoot);
        None
    }

    /// What was measured of a photo, or the reason why not; `None` while it is
    /// being measured.
    pub fn measured(&mut self, shoot: &Shoot, photo: PhotoId) -> Option<Result<Proven, String>> {
        if let Some(proven) = self.measured.get(&photo) {
            return Some(Ok(proven.clone()));
        }
        let key = PictureKey {
            shoot: shoot.number,
            photo,
            size: Size::Measured,
            overlay: Overlay::None,
        };
        if let Some(reason) = self.failed.get(&key) {
            return Some(Err(reason.clone()));
        }
        self.want(key, shoot);
        None
    }

    /// Has every pixel of a photo decoded that is not looked at yet, where there is
    /// room for it beside those of the `shown` one.
    pub fn full_ahead(&mut self, shoot: &Shoot, shown: PhotoId, photo: PhotoId) {
        let bytes = |id| {
            let (width, height) = shoot.photo(id)?.scored()?.size;
            Some(width as usize * height as usize * 3)
        };
        let together = bytes(shown).zip(bytes(photo)).map(|(a, b)| a + b);
        if together.is_some_and(|together| together <= FULL_BYTES) {
            // Whether it is there already does not matter.
            let _ = self.full(shoot, photo);
        }
    }

    /// The piece of a photo in a column and row of squares of [`PIECE`] pixels;
    /// `None` where it is outside, or has to wait for the next frame.
    pub fn piece(
        &mut self,
        ctx: &egui::Context,
        shoot: &Shoot,
        photo: PhotoId,
        image: &RgbImage,
        (column, row): (u32, u32),
        overlay: Overlay,
    ) -> Option<TextureHandle> {
        let key = PictureKey {
            shoot: shoot.number,
            photo,
            size: Size::Piece(column, row),
            overlay,
        };
        if let Some(texture) = self.textures.get(&key) {
            return Some(texture.clone());
        }
        if self.uploads >= UPLOADS {
            ctx.request_repaint();
            return None;
        }
        let (left, top) = (column.checked_mul(PIECE)?, row.checked_mul(PIECE)?);
        let width = image.width().checked_sub(left)?.min(PIECE);
        let height = image.height().checked_sub(top)?.min(PIECE);
        if width == 0 || height == 0 {
            return None;
        }
        self.uploads += 1;
        let cut = image::imageops::crop_imm(image, left, top, width, height).to_image();
        let mut cut = colour_image(&cut);
        overlay.draw(&mut cut);
        self.show(ctx, key, cut);
        self.textures.get(&key).cloned()
    }

    /// Ends a frame: hands over what was missing in it, in the order in which
    /// it was asked for.
    pub fn order(&mut self) {
        self.uploads = 0;
        let asked: Vec<PictureKey> = self.wanted.iter().map(|wish| wish.key).collect();
        // The same wishes again would only wake the threads.
        if asked != self.asked {
            self.asked = asked;
            self.gallery.want(std::mem::take(&mut self.wanted));
        }
        self.wanted.clear();
    }

    /// Whether the last frame wanted nothing that is still missing.
    pub fn are_there(&self) -> bool {
        self.asked.is_empty()
    }

    /// Whether the large picture that was asked for first in the last frame, the
    /// one that is looked at, was there.
    pub fn large_was_there(&self) -> bool {
        self.large == Some(true)
    }

    fn want(&mut self, key: PictureKey, shoot: &Shoot) {
        let (Some(photo), false) = (shoot.photo(key.photo), self.failed.contains_key(&key)) else {
            return;
        };
        let path: &Path = &photo.path;
        self.wanted.push(PictureRequest {
            key,
            path: path.to_owned(),
        });
    }

    fn show(&mut self, ctx: &egui::Context, key: PictureKey, image: egui::ColorImage) {
        let bytes = image.pixels.len() * 4;
        let texture = ctx.load_texture("photo", image, TextureOptions::LINEAR);
        self.textures.insert(key, texture, bytes);
    }
}

/// Things by key, of so many bytes at most; what was used least recently goes
/// first.
struct Kept<K: Hash + Eq, V> {
    things: lru::LruCache<K, Thing<V>>,
    bytes: usize,
    most: usize,
    /// Counts the frames.
    frame: u64,
}

/// A kept thing, its bytes, and the frame that used it last.
struct Thing<V> {
    value: V,
    bytes: usize,
    used: u64,
}

impl<K: Hash + Eq, V> Kept<K, V> {
    fn new(most: usize) -> Self {
        Self {
            things: lru::LruCache::unbounded(),
            bytes: 0,
            most,
            frame: 0,
        }
    }

    fn get(&mut self, key: &K) -> Option<&V> {
        let frame = self.frame;
        let thing = self.things.get_mut(key)?;
        thing.used = frame;
        Some(&thing.value)
    }

    fn next_frame(&mut self) {
        self.frame += 1;
    }

    fn insert(&mut self, key: K, value: V, bytes: usize) {
        self.bytes += bytes;
        let thing = Thing {
            value,
            bytes,
            used: self.frame,
        };
        if let Some((_, before)) = self.things.push(key, thing) {
            self.bytes -= before.bytes;
        }
        // What the last two frames used stays, however large: it would only be
        // made again for the next.
        while self.bytes > self.most {
            let idle = |(_, thing): (&K, &Thing<V>)| thing.used + 1 < self.frame;
            if !self.things.peek_lru().is_some_and(idle) {
                break;
            }
            if let Some((_, thing)) = self.things.pop_lru() {
                self.bytes -= thing.bytes;
            }
        }
    }

    fn clear(&mut self) {
        self.things.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut kept = Kept::new(100);
        kept.insert("a", 1, 40);
        kept.insert("b", 2, 40);
        later(&mut kept);
        assert_eq!(kept.get(&"a"), Some(&1));
        kept.insert("c", 3, 40);
        assert_eq!(kept.get(&"b"), None);
        assert_eq!(kept.get(&"a"), Some(&1));
        assert_eq!(kept.get(&"c"), Some(&3));
        assert_eq!(kept.bytes, 80);
        kept.insert("a", 4, 10);
        assert_eq!(kept.bytes, 50);
        later(&mut kept);
        kept.insert("huge", 5, 1000);
        assert_eq!(kept.get(&"huge"), Some(&5));
        assert_eq!(kept.things.len(), 1);
    }

    fn later(kept: &mut Kept<&'static str, i32>) {
        kept.next_frame();
        kept.next_frame();
    }

    #[test]
    fn what_the_screen_shows_stays_however_large_it_is_together() {
        let mut kept = Kept::new(100);
        kept.insert("left", 1, 80);
        kept.next_frame();
        assert_eq!(kept.get(&"left"), Some(&1));
        kept.insert("right", 2, 80);
        kept.next_frame();
        assert_eq!(kept.get(&"left"), Some(&1));
        assert_eq!(kept.get(&"right"), Some(&2));
        later(&mut kept);
        kept.insert("next", 3, 80);
        assert_eq!(kept.bytes, 80);
    }
}
