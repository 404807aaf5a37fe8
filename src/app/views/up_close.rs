//! What was measured at a photo's own pixels, worst first, each with the part of
//! the photo that proves it.

use egui::{Color32, Rect, RichText, Sense, TextureHandle, Ui, WidgetInfo, pos2, vec2};

use super::controls;
use crate::app::pictures::{Pictures, Proven};
use crate::app::state::{PhotoId, State};
use crate::app::theme::{self, UNIT};
use crate::imaging::measures::{Measures, Motion, Sharpness};

/// Edge widths in pixels up to which a photo is sharp to the pixel, sharp, and a
/// little soft.
const CRISP: f32 = 0.9;
const SHARP: f32 = 1.6;
const SOFT: f32 = 2.8;

/// Share of clipped pixels that is worth saying.
const CLIPPED: f64 = 0.005;

/// Noise in levels of 255 that is worth saying, and that is much.
const NOISY: f32 = 3.0;
const VERY_NOISY: f32 = 7.0;

/// A sentence, how much it takes from the photo (0 is nothing), and its proof.
struct Reason {
    weight: f32,
    text: String,
    proof: Option<(TextureHandle, &'static str)>,
}

pub fn show(ui: &mut Ui, state: &State, pictures: &mut Pictures, id: PhotoId) {
    ui.label(RichText::new("Up close").family(theme::strong()));
    let proven = match pictures.measured(&state.shoot, id) {
        Some(Ok(proven)) => proven,
        Some(Err(reason)) => {
            return controls::small(ui, &format!("Could not be measured: {reason}"));
        }
        None => return controls::small(ui, "Measuring…"),
    };
    for reason in reasons(&proven) {
        ui.add(egui::Label::new(reason.text).wrap());
        if let Some((texture, name)) = reason.proof {
            proof(ui, &texture, name);
        }
    }
}

/// What there is to say, worst first.
fn reasons(proven: &Proven) -> Vec<Reason> {
    let measures = &proven.measures;
    let mut reasons = vec![Reason {
        weight: softness(measures),
        text: sharpness(measures),
        proof: proven
            .sharpest
            .clone()
            .map(|it| (it, "Sharpest here, at 100 %")),
    }];
    if let Some(motion) = measures.motion {
        reasons.push(Reason {
            weight: motion.width,
            text: moved(motion),
            proof: None,
        });
    }
    let (lights, darks) = (measures.lights.share, measures.darks.share);
    if lights >= CLIPPED {
        reasons.push(Reason {
            weight: (lights * 40.0) as f32,
            text: format!("Lights clipped: {} of the photo", percent(lights)),
            proof: proven
                .lights
                .clone()
                .map(|it| (it, "Clipped lights, in red")),
        });
    }
    if darks >= CLIPPED {
        reasons.push(Reason {
            weight: (darks * 10.0) as f32,
            text: format!("Black without detail: {} of the photo", percent(darks)),
            proof: None,
        });
    }
    if measures.noise >= NOISY {
        let much = if measures.noise >= VERY_NOISY {
            "Very noisy"
        } else {
            "Noisy"
        };
        reasons.push(Reason {
            weight: measures.noise / 2.0,
            text: format!(
                "{much}: {:.0} levels of 255 where it is even",
                measures.noise
            ),
            proof: None,
        });
    }
    reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    reasons
}

fn softness(measures: &Measures) -> f32 {
    let width = measures.sharpest.map(|it| it.width);
    width.map_or(0.0, |width| (width - SHARP).max(0.0))
}

/// How sharp a photo is, in words.
fn sharpness(measures: &Measures) -> String {
    let Some(Sharpness { width, .. }) = measures.sharpest else {
        return "No edges to judge sharpness by".to_owned();
    };
    let word = match width {
        width if width < CRISP => "Sharp to the pixel",
        width if width < SHARP => "Sharp",
        width if width < SOFT => "A little soft",
        _ => "Soft: nothing is sharp at 100 %",
    };
    match width {
        // Thin lines look narrower than any edge can be.
        width if width < 0.5 => format!("{word} (edges under half a pixel wide)"),
        _ => format!("{word} (edges {width:.1} pixels wide)"),
    }
}

fn moved(motion: Motion) -> String {
    let way = match motion.angle {
        angle if !(22.5..157.5).contains(&angle) => "sideways",
        angle if (67.5..112.5).contains(&angle) => "up and down",
        _ => "askew",
    };
    format!(
        "Moved {way}: edges {:.1} pixels wide that way, {:.1} the other",
        motion.width, motion.least
    )
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A part of the photo, each of its pixels one of the screen where there is room.
fn proof(ui: &mut Ui, texture: &TextureHandle, name: &str) {
    let size = texture.size_vec2() / ui.pixels_per_point();
    let shown = vec2(ui.available_width().min(size.x), (30.0 * UNIT).min(size.y));
    let (rect, response) = ui.allocate_exact_size(shown, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, name));
    let middle = pos2(0.5, 0.5);
    let part = Rect::from_center_size(middle, shown / size);
    ui.painter().image(texture.id(), rect, part, Color32::WHITE);
    response.on_hover_text(name);
    controls::small(ui, name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::measures::{Area, Clipped};

    fn measures(width: f32, lights: f64, noise: f32) -> Measures {
        let area = Area {
            left: 0,
            top: 0,
            width: 1,
            height: 1,
        };
        let clipped = |share| Clipped { share, area: None };
        Measures {
            sharpest: Some(Sharpness { width, area }),
            motion: None,
            noise,
            lights: clipped(lights),
            darks: clipped(0.0),
        }
    }

    fn said(measures: Measures) -> Vec<String> {
        let proven = Proven {
            measures,
            sharpest: None,
            lights: None,
        };
        reasons(&proven).into_iter().map(|it| it.text).collect()
    }

    #[test]
    fn what_is_wrong_comes_first_and_what_is_not_is_not_said() {
        assert_eq!(
            said(measures(0.7, 0.001, 1.0)),
            ["Sharp to the pixel (edges 0.7 pixels wide)"]
        );
        assert_eq!(
            said(measures(1.2, 0.031, 8.2)),
            [
                "Very noisy: 8 levels of 255 where it is even",
                "Lights clipped: 3.1 % of the photo",
                "Sharp (edges 1.2 pixels wide)",
            ]
        );
        let soft = said(measures(6.0, 0.0, 0.0));
        assert!(soft[0].starts_with("Soft"));
    }

    #[test]
    fn movement_is_said_by_its_direction() {
        let motion = |angle| Motion {
            angle,
            width: 4.0,
            least: 1.0,
        };
        for (angle, way) in [(0.0, "sideways"), (90.0, "up and down"), (45.0, "askew")] {
            assert!(moved(motion(angle)).starts_with(&format!("Moved {way}:")));
        }
    }
}
