//! What is known about the focused photo: its score among the others, what the
//! camera wrote, and its tones.

use egui::{Color32, Frame, Grid, Margin, Panel as Side, RichText, ScrollArea, Sense, Ui, Vec2};
use egui::{Mesh, Rect, Shape, Stroke, WidgetInfo, pos2};

use super::controls;
use super::rating::{self, Rated};
use super::up_close;
use crate::app::command::Command;
use crate::app::histogram::{BINS, Histogram};
use crate::app::pictures::Pictures;
use crate::app::state::{Photo, PhotoId, Shoot, State};
use crate::app::theme::{self, UNIT};
use crate::metadata::Exif;
use crate::model::Scene;
use crate::report::paths;

pub fn show(ui: &mut Ui, state: &State, pictures: &mut Pictures, commands: &mut Vec<Command>) {
    let frame = Frame::new()
        .fill(theme::panel())
        .inner_margin(Margin::same(12));
    Side::right("inspector")
        .default_size(68.0 * UNIT)
        .size_range(60.0 * UNIT..=110.0 * UNIT)
        .frame(frame)
        .show(ui, |ui| {
            ScrollArea::vertical()
                .auto_shrink(false)
                .show(ui, |ui| match state.focused() {
                    Some((id, photo)) => about(ui, state, pictures, id, photo, commands),
                    None => controls::second(ui, "No photo is selected"),
                });
        });
}

fn about(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    id: PhotoId,
    photo: &Photo,
    commands: &mut Vec<Command>,
) {
    ui.add(egui::Label::new(RichText::new(&photo.name).font(theme::score())).truncate())
        .on_hover_text(paths::shown(&photo.path));
    rating::row(ui, Rated { id, photo }, commands);
    ui.add_space(2.0 * UNIT);
    match &photo.outcome {
        Some(Ok(scored)) => {
            ui.label(RichText::new(scored.score.to_string()).font(theme::title()));
            ui.add(egui::Label::new(standing(&state.shoot, id)).wrap());
            if let Some(scene) = scored.scene {
                controls::second(ui, &format!("Scene: {}", scene_name(scene)));
            }
        }
        Some(Err(reason)) => {
            ui.label(RichText::new("No score").font(theme::score()));
            controls::second(ui, &paths::clean(reason));
        }
        None => controls::second(ui, "Waits for its score"),
    }
    ui.add_space(2.0 * UNIT);
    if let Some(histogram) = pictures.histogram(&state.shoot, id) {
        draw(ui, histogram);
        ui.add_space(2.0 * UNIT);
    }
    if photo.problem().is_none() {
        up_close::show(ui, state, pictures, id);
        ui.add_space(2.0 * UNIT);
    }
    facts(ui, photo);
}

/// A scene in words.
pub fn scene_name(scene: Scene) -> String {
    let name = scene.name().replace('_', " ");
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Where a photo's score stands among those of its shoot, as a sentence.
pub fn standing(shoot: &Shoot, id: PhotoId) -> String {
    let Some(scored) = shoot.photo(id).and_then(Photo::scored) else {
        return String::new();
    };
    let of = |id: &PhotoId| shoot.photo(*id).and_then(Photo::scored);
    let ranked = shoot.order().get(..shoot.scored()).unwrap_or_default();
    let not_lower = ranked.partition_point(|id| of(id).is_some_and(|it| it.score >= scored.score));
    let lower = ranked.len().saturating_sub(not_lower);
    let others = ranked.len().saturating_sub(1);
    match (lower, others) {
        (_, 0) => "The only photo with a score".to_owned(),
        (lower, others) if lower == others => "The best of this shoot".to_owned(),
        (0, _) => "No photo of this shoot has a lower score".to_owned(),
        // Rounded down, so that only the best is better than all.
        (lower, others) => format!("Better than {} % of this shoot", lower * 100 / others),
    }
}

/// What the camera wrote, in one block.
fn facts(ui: &mut Ui, photo: &Photo) {
    let Some(exif) = &photo.exif else {
        return;
    };
    let mut rows = exif_rows(exif);
    if let Some(scored) = photo.scored() {
        let (width, height) = scored.size;
        rows.push(("Size", format!("{width} × {height} pixels")));
    }
    if rows.is_empty() {
        return controls::second(ui, "The camera wrote nothing about it");
    }
    Grid::new("facts")
        .num_columns(2)
        .spacing([3.0 * UNIT, 1.0 * UNIT])
        .show(ui, |ui| {
            for (name, value) in rows {
                let name = RichText::new(name)
                    .font(theme::small())
                    .color(theme::second());
                ui.label(name);
                let value = RichText::new(paths::clean(&value)).font(theme::small());
                ui.add(egui::Label::new(value).wrap());
                ui.end_row();
            }
        });
}

/// The fields that there are, in the order in which photographers read them.
fn exif_rows(exif: &Exif) -> Vec<(&'static str, String)> {
    let exposure = [
        exif.exposure_seconds.map(shutter),
        exif.f_number.map(|f| format!("f/{}", short(f))),
        exif.iso.map(|iso| format!("ISO {iso}")),
    ];
    let exposure: Vec<String> = exposure.into_iter().flatten().collect();
    let focal = exif.focal_length_mm.map(|mm| match exif.focal_length_35mm {
        Some(full) if full != mm => format!("{} mm ({} mm)", short(mm), short(full)),
        _ => format!("{} mm", short(mm)),
    });
    let rows = [
        ("Taken", exif.captured.map(|moment| moment.to_string())),
        ("Camera", exif.camera()),
        ("Lens", exif.lens.clone()),
        ("Focal length", focal),
        (
            "Exposure",
            (!exposure.is_empty()).then(|| exposure.join(" · ")),
        ),
        (
            "Compensation",
            exif.exposure_bias.map(|stops| format!("{stops:+.1} EV")),
        ),
        (
            "Flash",
            exif.flash
                .map(|fired| if fired { "Fired" } else { "Off" }.to_owned()),
        ),
    ];
    let rows = rows.into_iter();
    rows.filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// A shutter time as cameras write it: `1/250 s`, `0.4 s`, `2 s`.
fn shutter(seconds: f64) -> String {
    if seconds > 0.0 && seconds < 0.3 {
        format!("1/{:.0} s", 1.0 / seconds)
    } else {
        format!("{} s", short(seconds))
    }
}

/// A number with one decimal at most.
fn short(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The tones: luminance filled, the channels as lines.
fn draw(ui: &mut Ui, histogram: &Histogram) {
    let size = Vec2::new(ui.available_width(), 20.0 * UNIT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, "Histogram"));
    let painter = ui.painter();
    painter.rect_filled(rect, 3.0, theme::canvas());
    let most = histogram.height() as f32;
    let point = |bin: usize, count: u32| {
        let x = rect.left() + rect.width() * bin as f32 / (BINS - 1) as f32;
        let height = (count as f32 / most).min(1.0) * (rect.height() - 2.0);
        pos2(x, rect.bottom() - height)
    };
    let mut mesh = Mesh::default();
    for (bin, &count) in histogram.luminance.iter().enumerate() {
        let top = point(bin, count);
        mesh.colored_vertex(top, Color32::from_gray(0x70));
        mesh.colored_vertex(pos2(top.x, rect.bottom()), Color32::from_gray(0x70));
    }
    for left in (0..BINS as u32 - 1).map(|bin| 2 * bin) {
        mesh.add_triangle(left, left + 1, left + 2);
        mesh.add_triangle(left + 1, left + 2, left + 3);
    }
    painter.add(mesh);
    let colours = [theme::LABELS[0], theme::LABELS[2], theme::LABELS[3]];
    for (bins, colour) in histogram.channels.iter().zip(colours) {
        let line = bins.iter().enumerate();
        let line = line.map(|(bin, &count)| point(bin, count)).collect();
        painter.add(Shape::line(line, Stroke::new(1.0, colour)));
    }
    clipped(ui, rect, histogram);
    response.on_hover_text("Luminance, and red, green and blue as lines, of the small picture");
}

/// How much is black and white, where that is worth a look.
fn clipped(ui: &mut Ui, rect: Rect, histogram: &Histogram) {
    let all: u32 = histogram.luminance.iter().sum();
    let share = |bin: usize| {
        let count = histogram.luminance.get(bin).copied().unwrap_or(0);
        100.0 * f64::from(count) / f64::from(all.max(1))
    };
    let ends = [
        (0, rect.left_top(), egui::Align2::LEFT_TOP),
        (BINS - 1, rect.right_top(), egui::Align2::RIGHT_TOP),
    ];
    for (bin, corner, align) in ends {
        if share(bin) >= 1.0 {
            let text = format!(" {:.0} % ", share(bin));
            let painter = ui.painter();
            painter.text(corner, align, text, theme::small(), theme::second());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::tests::scored;

    #[test]
    fn a_score_is_put_among_the_others() {
        let mut shoot = Shoot::default();
        let names = ["a", "b", "c", "d", "e", "f"].map(Into::into);
        let ids = shoot.add(names.into());
        for (id, probability) in ids.iter().zip([0.9, 0.5, 0.5, 0.3, 0.1]) {
            shoot.set(*id, Ok(scored(probability)));
        }
        shoot.rank();
        let said: Vec<String> = ids.iter().map(|id| standing(&shoot, *id)).collect();
        assert_eq!(
            said,
            [
                "The best of this shoot",
                "Better than 50 % of this shoot",
                "Better than 50 % of this shoot",
                "Better than 25 % of this shoot",
                "No photo of this shoot has a lower score",
                "",
            ]
        );
    }

    #[test]
    fn what_cameras_write_is_read_as_photographers_do() {
        let times = [0.004, 1.0 / 8000.0, 0.4, 2.0, 30.0].map(shutter);
        assert_eq!(times, ["1/250 s", "1/8000 s", "0.4 s", "2 s", "30 s"]);
        let exif = Exif {
            make: Some("NIKON CORPORATION".to_owned()),
            model: Some("NIKON Z 8".to_owned()),
            f_number: Some(2.8),
            iso: Some(400),
            exposure_bias: Some(-0.7),
            ..Exif::default()
        };
        let rows = exif_rows(&exif);
        let values: Vec<&str> = rows.iter().map(|row| row.1.as_str()).collect();
        assert_eq!(values, ["NIKON Z 8", "f/2.8 · ISO 400", "-0.7 EV"]);
    }
}
