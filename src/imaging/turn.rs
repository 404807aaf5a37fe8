//! Turning a decoded picture upright.

use image::RgbImage;

use crate::metadata::Orientation;

/// Side of the squares in which a picture is transposed, so that both the
/// pixels read and those written stay in the cache.
const TILE: u32 = 32;

/// The picture turned as `orientation` says.
pub(super) fn upright(image: RgbImage, orientation: Orientation) -> RgbImage {
    let (width, height) = image.dimensions();
    match orientation {
        Orientation::Upright => image,
        Orientation::Mirrored | Orientation::Rotated180 | Orientation::Flipped => {
            in_place(image, orientation)
        }
        Orientation::Transposed => transposed(&image, |x, y| (y, x)),
        Orientation::Rotated90 => transposed(&image, |x, y| (y, height - 1 - x)),
        Orientation::Transversed => transposed(&image, |x, y| (width - 1 - y, height - 1 - x)),
        Orientation::Rotated270 => transposed(&image, |x, y| (width - 1 - y, x)),
    }
}

fn in_place(mut image: RgbImage, orientation: Orientation) -> RgbImage {
    match orientation {
        Orientation::Mirrored => image::imageops::flip_horizontal_in_place(&mut image),
        Orientation::Flipped => image::imageops::flip_vertical_in_place(&mut image),
        _ => image::imageops::rotate180_in_place(&mut image),
    }
    image
}

/// A picture with sides exchanged: `from` tells which pixel of the old one
/// stands at a place of the new one.
fn transposed(image: &RgbImage, from: impl Fn(u32, u32) -> (u32, u32)) -> RgbImage {
    let (new_width, new_height) = (image.height(), image.width());
    let mut turned = RgbImage::new(new_width, new_height);
    for top in (0..new_height).step_by(TILE as usize) {
        for left in (0..new_width).step_by(TILE as usize) {
            for y in top..(top + TILE).min(new_height) {
                for x in left..(left + TILE).min(new_width) {
                    let (old_x, old_y) = from(x, y);
                    turned.put_pixel(x, y, *image.get_pixel(old_x, old_y));
                }
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, imageops};

    /// A picture on which no two pixels are alike.
    fn picture(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            Rgb([x as u8, y as u8, (x >> 8) as u8])
        })
    }

    #[test]
    fn turns_are_those_of_the_names() {
        for (width, height) in [(1, 1), (5, 3), (70, 33), (300, 2)] {
            let p = picture(width, height);
            let turn = |orientation| upright(p.clone(), orientation);
            assert_eq!(turn(Orientation::Upright), p);
            assert_eq!(turn(Orientation::Mirrored), imageops::flip_horizontal(&p));
            assert_eq!(turn(Orientation::Flipped), imageops::flip_vertical(&p));
            assert_eq!(turn(Orientation::Rotated90), imageops::rotate90(&p));
            assert_eq!(turn(Orientation::Rotated180), imageops::rotate180(&p));
            assert_eq!(turn(Orientation::Rotated270), imageops::rotate270(&p));
            let mirrored = imageops::flip_horizontal(&p);
            assert_eq!(
                turn(Orientation::Transversed),
                imageops::rotate90(&mirrored)
            );
            assert_eq!(
                turn(Orientation::Transposed),
                imageops::rotate270(&mirrored)
            );
        }
    }

    #[test]
    fn one_turn_after_the_other_is_their_composition() {
        let p = picture(4, 3);
        let all = || (1..=8).filter_map(Orientation::from_exif);
        for a in all() {
            for b in all() {
                assert_eq!(
                    upright(upright(p.clone(), a), b),
                    upright(p.clone(), a.then(b))
                );
            }
        }
    }
}
