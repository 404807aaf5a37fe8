//! Learning the user's eye: a photo to rate, and how far that has got.

use egui::{
    Align, Align2, Frame, Label, Layout, Margin, Panel, Pos2, Rect, RichText, ScrollArea, Sense,
    Stroke, TextEdit, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::Memory;
use super::controls;
use super::rating::{self, Rated};
use super::stage::Stage;
use super::tile::fitted;
use crate::app::command::{Command, Step};
use crate::app::icons;
use crate::app::pictures::Pictures;
use crate::app::state::{Expected, Learning, Lesson, Mover, Phase, State, TARGET};
use crate::app::theme::{self, UNIT};
use crate::learning::calibrate::FEWEST;
use crate::learning::calibrate::check::{Agreement, Report};
use crate::report::wording;

/// Width of the panel beside the photo in points.
const WIDTH: f32 = 84.0 * UNIT;

pub fn show(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    memory: &mut Memory,
    commands: &mut Vec<Command>,
) {
    let frame = Frame::new()
        .fill(theme::panel())
        .inner_margin(Margin::same(16));
    Panel::right("learning")
        .exact_size(WIDTH)
        .frame(frame)
        .show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 1.5 * UNIT;
                side(ui, state, pictures, commands);
            });
        });
    match &state.learning.phase {
        Phase::Ready { .. } => to_rate(ui, state, pictures, memory, commands),
        Phase::Failed(reason) => {
            let text = format!("This cannot be learned: {reason}");
            controls::message(ui.painter(), ui.max_rect(), icons::WARNING, &text);
        }
        Phase::Off | Phase::Describing(_) => looking(ui, state),
    }
}

/// While the network looks at the photos.
fn looking(ui: &mut Ui, state: &State) {
    let text = match &state.learning.phase {
        Phase::Describing(Some(progress)) => wording::progress("Looking at your photos:", progress),
        _ => "Looking at your photos…".to_owned(),
    };
    controls::message(ui.painter(), ui.max_rect(), icons::LEARN, &text);
    if let Phase::Describing(Some(progress)) = &state.learning.phase {
        let middle = ui.max_rect().center() + vec2(0.0, 10.0 * UNIT);
        let rect = Rect::from_center_size(middle, vec2(60.0 * UNIT, UNIT));
        ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
            controls::progress_bar(ui, 60.0 * UNIT, progress);
        });
    }
}

/// The photo to rate.
fn to_rate(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    memory: &mut Memory,
    commands: &mut Vec<Command>,
) {
    let Some((id, photo)) = state.focused() else {
        let text = "There is no photo to rate";
        return controls::message(ui.painter(), ui.max_rect(), icons::IMAGES, text);
    };
    controls::bottom_bar(ui, "to rate", 14.0 * UNIT, |ui| {
        rating::row(ui, Rated { id, photo }, commands);
        let hint = "How much do you like it? 1 to 5, or X; → for another one";
        ui.label(RichText::new(hint).color(theme::second()));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            controls::icon_button(ui, state, Command::Go(Step::Next), commands);
            controls::icon_button(ui, state, Command::Go(Step::Previous), commands);
            let name = RichText::new(&photo.name).color(theme::second());
            ui.add(Label::new(name).truncate());
        });
    });
    let stage = Stage {
        id,
        photo,
        area: ui.available_rect_before_wrap(),
        name: format!("{}, to rate", photo.name),
    };
    let response = stage.show(ui, state, pictures, memory, commands);
    if response.clicked() {
        commands.push(Command::ToggleZoom(memory.pointed_at));
    }
    // The next one, so that no key waits.
    let pixels = stage.area.size() * ui.pixels_per_point();
    let proposals = state.learning.proposals.iter();
    for id in proposals.filter(|other| **other != id).take(2) {
        let _ = pictures.large(&state.shoot, *id, pixels, state.looking.overlay);
    }
}

fn side(ui: &mut Ui, state: &State, pictures: &mut Pictures, commands: &mut Vec<Command>) {
    let learning = &state.learning;
    ui.label(RichText::new("Learn your eye").font(theme::title()));
    controls::second(
        ui,
        "Rate photos as you like them. Keepers learns where you differ from most people, on this \
         computer, and shows whether it came any closer.",
    );
    ui.add_space(UNIT);
    count(ui, learning);
    if let Phase::Ready { failed } = learning.phase
        && failed > 0
    {
        let photos = wording::counted(failed, "photo");
        controls::second(
            ui,
            &format!("{photos} could not be looked at and are left out"),
        );
    }
    if let Some(lesson) = &learning.lesson {
        ui.add_space(UNIT);
        outcome(ui, state, lesson, commands);
        if !lesson.movers.is_empty() {
            ui.add_space(2.0 * UNIT);
            movers(ui, state, pictures, &lesson.movers, commands);
        }
    }
    if learning.phase != Phase::Off {
        ui.add_space(2.0 * UNIT);
        controls::button(ui, state, Command::LearnAnew, commands);
    }
}

/// How many ratings there are, of how many.
fn count(ui: &mut Ui, learning: &Learning) {
    let rated = learning.told.len();
    let text = match rated {
        rated if rated < TARGET => format!("{rated} of {TARGET} rated"),
        rated => wording::counted(rated, "rated photo"),
    };
    ui.label(RichText::new(text).font(theme::score()));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), UNIT), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::ProgressIndicator, true, "Ratings"));
    ui.painter().rect_filled(rect, 2.0, theme::line());
    let mut done = rect;
    done.set_width(rect.width() * (rated as f32 / TARGET as f32).min(1.0));
    ui.painter().rect_filled(done, 2.0, theme::ACCENT);
    if rated < FEWEST {
        controls::second(ui, &format!("From {FEWEST} on you see what was learned"));
    } else if learning.studying {
        controls::second(ui, "Learning…");
    } else if learning.helps {
        controls::second(ui, "More ratings still help");
    } else {
        controls::second(ui, "More ratings of these photos would hardly add anything");
    }
}

fn outcome(ui: &mut Ui, state: &State, lesson: &Lesson, commands: &mut Vec<Command>) {
    let report = match &lesson.report {
        Ok(report) => report,
        // With fewer it goes without saying.
        Err(_) if lesson.labels < FEWEST => return,
        Err(reason) => return controls::second(ui, &format!("Nothing was learned: {reason}")),
    };
    ui.label(RichText::new("Agreement with you").font(theme::score()))
        .on_hover_text(
            "Rank correlation with your ratings, on photos not learned from: 1 is the same \
             order, 0 none. The line is the interval that holds it in nine of ten cases.",
        );
    agreement(ui, "As it is", report.uncalibrated, false);
    agreement(ui, "With your eye", report.calibrated, true);
    agreement(ui, "Your ratings alone", report.ridge, false);
    curve(ui, &state.learning);
    scatter(ui, state, &lesson.expected, commands);
    ui.label(report.explanation());
    keep(ui, state, report, commands);
}

/// One figure with its interval on a line from -1 to 1.
fn agreement(ui: &mut Ui, name: &str, figure: Agreement, strong: bool) {
    let text = format!(
        "{name}: {:.2} ({:.2} to {:.2})",
        figure.srcc, figure.low, figure.high
    );
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), 6.0 * UNIT), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &text));
    let painter = ui.painter();
    let colour = if strong {
        theme::text()
    } else {
        theme::second()
    };
    let left = rect.left_center();
    painter.text(left, Align2::LEFT_CENTER, name, theme::body(), colour);
    let value = format!("{:.2}", figure.srcc);
    let end = rect.right_center();
    painter.text(end, Align2::RIGHT_CENTER, value, theme::score(), colour);
    let line = Rect::from_min_max(
        pos2(rect.left() + 32.0 * UNIT, rect.top()),
        pos2(rect.right() - 12.0 * UNIT, rect.bottom()),
    );
    let x = |srcc: f64| line.left() + line.width() * ((srcc.clamp(-1.0, 1.0) + 1.0) / 2.0) as f32;
    let y = line.center().y;
    painter.hline(line.x_range(), y, Stroke::new(1.0, theme::line()));
    let zero = pos2(x(0.0), y);
    painter.vline(zero.x, y - 3.0..=y + 3.0, Stroke::new(1.0, theme::line()));
    let mark = if strong {
        theme::ACCENT
    } else {
        theme::second()
    };
    painter.hline(
        x(figure.low)..=x(figure.high),
        y,
        Stroke::new(3.0, mark.gamma_multiply(0.5)),
    );
    painter.circle_filled(pos2(x(figure.srcc), y), 4.0, mark);
}

/// How agreement grew, once there is more than one point.
fn curve(ui: &mut Ui, learning: &Learning) {
    let points = &learning.curve;
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return;
    };
    if first.labels == last.labels {
        return;
    }
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), 20.0 * UNIT), Sense::hover());
    let text = format!(
        "Agreement from {:.2} at {} ratings to {:.2} at {}",
        first.after, first.labels, last.after, last.labels
    );
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &text));
    let plot = rect.shrink2(vec2(0.0, 3.0 * UNIT));
    let painter = ui.painter();
    painter.rect_stroke(
        plot,
        2.0,
        Stroke::new(1.0, theme::line()),
        egui::StrokeKind::Inside,
    );
    let span = (last.labels - first.labels) as f32;
    let at = |labels: usize, srcc: f64| -> Pos2 {
        let x = (labels - first.labels) as f32 / span;
        let y = ((1.0 - srcc.clamp(-1.0, 1.0)) / 2.0) as f32;
        plot.min + vec2(x, y) * plot.size()
    };
    let before: Vec<Pos2> = points.iter().map(|it| at(it.labels, it.before)).collect();
    let after: Vec<Pos2> = points.iter().map(|it| at(it.labels, it.after)).collect();
    painter.line(before, Stroke::new(1.5, theme::second()));
    painter.line(after, Stroke::new(2.0, theme::ACCENT));
    let small = theme::small();
    let below = vec2(0.0, 0.5 * UNIT);
    let from = format!("{} ratings", first.labels);
    painter.text(
        plot.left_bottom() + below,
        Align2::LEFT_TOP,
        from,
        small.clone(),
        theme::second(),
    );
    let to = last.labels.to_string();
    painter.text(
        plot.right_bottom() + below,
        Align2::RIGHT_TOP,
        to,
        small,
        theme::second(),
    );
}

/// Your ratings beside what was expected of them; a point goes to its photo.
fn scatter(ui: &mut Ui, state: &State, points: &[Expected], commands: &mut Vec<Command>) {
    let labels = points.iter().map(|it| it.label);
    let low = labels.clone().fold(f64::INFINITY, f64::min);
    let span = labels.fold(f64::NEG_INFINITY, f64::max) - low;
    if points.is_empty() || !span.is_finite() || span <= 0.0 {
        return;
    }
    controls::second(
        ui,
        "Your ratings, left to right, and what was expected, bottom to top",
    );
    let size = vec2(ui.available_width(), 32.0 * UNIT);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let frame = Stroke::new(1.0, theme::line());
    ui.painter()
        .rect_stroke(rect, 2.0, frame, egui::StrokeKind::Inside);
    let plot = rect.shrink(3.0 * UNIT);
    let diagonal = [plot.left_bottom(), plot.right_top()];
    ui.painter().line_segment(diagonal, frame);
    for point in points {
        let Some(photo) = state.shoot.photo(point.photo) else {
            continue;
        };
        let x = ((point.label - low) / span) as f32;
        let y = point.expected.clamp(-0.1, 1.1) as f32;
        let at = pos2(
            plot.left() + x * plot.width(),
            plot.bottom() - y * plot.height(),
        );
        let spot = Rect::from_center_size(at, Vec2::splat(3.0 * UNIT));
        let id = ui.scope_id().with(("expected", point.photo));
        let response = ui.interact(spot, id, Sense::CLICK);
        let name = format!("{}, rated {}", photo.name, point.label);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
        let radius = if response.hovered() { 5.0 } else { 3.5 };
        ui.painter().circle_filled(at, radius, theme::ACCENT);
        if response.clicked() {
            commands.push(Command::Focus(point.photo));
        }
        response.on_hover_text(name);
    }
}

fn keep(ui: &mut Ui, state: &State, report: &Report, commands: &mut Vec<Command>) {
    let learning = &state.learning;
    ui.add_space(UNIT);
    let mut name = learning.name.clone();
    ui.horizontal(|ui| {
        let field = TextEdit::singleline(&mut name).desired_width(30.0 * UNIT);
        let response = ui.add(field);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::TextInput, true, "Profile name"));
        if response.changed() {
            commands.push(Command::NameProfile(name.clone()));
        }
        let text = match (learning.replace, report.verdict().advised()) {
            (true, _) => "Replace it",
            (false, true) => Command::KeepProfile.label(),
            // It can be had, but is not recommended.
            (false, false) => "Keep and use anyway",
        };
        let possible = crate::app::apply::possible(state, &Command::KeepProfile);
        let response = ui.add_enabled(possible, egui::Button::new(text));
        controls::finish_as(response, text, Command::KeepProfile, commands);
    });
    if let Some(problem) = &learning.problem {
        let text = format!("{}  {problem}", icons::WARNING);
        ui.label(RichText::new(text).color(theme::problem()));
    }
}

/// What would change most, as small pictures with their places.
fn movers(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    movers: &[Mover],
    commands: &mut Vec<Command>,
) {
    ui.label(RichText::new("What changes most").font(theme::score()));
    let cell = Vec2::new((ui.available_width() - 3.0 * UNIT) / 4.0, 22.0 * UNIT);
    let rises = |mover: &&Mover| mover.after < mover.before;
    let (up, down): (Vec<&Mover>, Vec<&Mover>) = movers.iter().partition(rises);
    for (name, row) in [("Rises", up), ("Falls", down)] {
        if row.is_empty() {
            continue;
        }
        controls::second(ui, name);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = UNIT;
            for mover in row {
                one_mover(ui, state, pictures, mover, cell, commands);
            }
        });
    }
}

fn one_mover(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    mover: &Mover,
    size: Vec2,
    commands: &mut Vec<Command>,
) {
    let Some(photo) = state.shoot.photo(mover.photo) else {
        return;
    };
    let (rect, response) = ui.allocate_exact_size(size, Sense::CLICK);
    let places = format!("{} → {}", mover.before, mover.after);
    let name = format!(
        "{}: from place {} to {}",
        photo.name, mover.before, mover.after
    );
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
    if response.clicked() {
        commands.push(Command::Focus(mover.photo));
    }
    let area = Rect::from_min_max(rect.min, rect.max - vec2(0.0, 5.0 * UNIT));
    if let Some(texture) = pictures.tile(ui.ctx(), &state.shoot, mover.photo) {
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        let place = fitted(texture.size_vec2(), area);
        ui.painter()
            .image(texture.id(), place, whole, egui::Color32::WHITE);
    } else {
        ui.painter().rect_filled(area, 3.0, theme::raised());
    }
    let below = pos2(rect.center().x, rect.bottom() - 2.0 * UNIT);
    let font = theme::small();
    ui.painter()
        .text(below, Align2::CENTER_CENTER, places, font, theme::second());
    response.on_hover_text(name);
}
