//! What is drawn over a photo's pixels: what is clipped, and what is sharp.

use egui::{Color32, ColorImage};

use crate::imaging::measures::{BLACK, LIGHT};

/// An overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Overlay {
    /// The photo as it is.
    #[default]
    None,
    /// Clipped lights red, black blue.
    Clipping,
    /// Steep edges green.
    Peaking,
}

/// Levels from one pixel to the next but one from which an edge is marked.
const STEEP: i32 = 48;

const CLIPPED: Color32 = Color32::from_rgb(0xFF, 0x20, 0x20);
const BLACKENED: Color32 = Color32::from_rgb(0x20, 0x60, 0xFF);
const SHARP: Color32 = Color32::from_rgb(0x30, 0xFF, 0x50);

impl Overlay {
    /// Draws it over a picture.
    pub fn draw(self, image: &mut ColorImage) {
        match self {
            Self::None => {}
            Self::Clipping => {
                for pixel in &mut image.pixels {
                    let channels = [pixel.r(), pixel.g(), pixel.b()];
                    if channels.iter().any(|value| *value >= LIGHT) {
                        *pixel = CLIPPED;
                    } else if channels.iter().all(|value| *value <= BLACK) {
                        *pixel = BLACKENED;
                    }
                }
            }
            Self::Peaking => peaking(image),
        }
    }
}

fn peaking(image: &mut ColorImage) {
    let [width, height] = image.size;
    let grey: Vec<i32> = image
        .pixels
        .iter()
        .map(|p| (2 * i32::from(p.r()) + 5 * i32::from(p.g()) + i32::from(p.b())) / 8)
        .collect();
    let at = |x: usize, y: usize| grey.get(y * width + x).copied().unwrap_or(0);
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            let dx = at(x + 1, y) - at(x - 1, y);
            let dy = at(x, y + 1) - at(x, y - 1);
            if dx.abs().max(dy.abs()) >= STEEP
                && let Some(pixel) = image.pixels.get_mut(y * width + x)
            {
                *pixel = SHARP;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(levels: &[u8]) -> ColorImage {
        let pixels: Vec<u8> = (0..3)
            .flat_map(|_| levels.iter().flat_map(|level| [*level; 3]))
            .collect();
        ColorImage::from_rgb([levels.len(), 3], &pixels)
    }

    #[test]
    fn what_is_clipped_is_red_and_black_is_blue() {
        let mut image = picture(&[0, 100, 255]);
        Overlay::Clipping.draw(&mut image);
        let row = &image.pixels[..3];
        assert_eq!(row, [BLACKENED, Color32::from_gray(100), CLIPPED]);
    }

    #[test]
    fn steep_edges_are_marked_and_gentle_ones_are_not() {
        let mut image = picture(&[10, 10, 200, 200, 210, 220, 230]);
        Overlay::Peaking.draw(&mut image);
        let marked: Vec<usize> = (0..7).filter(|x| image.pixels[7 + x] == SHARP).collect();
        assert_eq!(marked, [1, 2]);
    }
}
