//! Sorting and filtering, and what of it is on.

use egui::{
    Align, Button, ComboBox, DragValue, Frame, Layout, Margin, Panel as Side, RichText, ScrollArea,
    TextEdit, Ui, WidgetInfo,
};

use super::{controls, rating};
use crate::app::command::Command;
use crate::app::icons;
use crate::app::state::{Filter, Photo, Shoot, Sort, State};
use crate::app::theme::{self, UNIT};
use crate::metadata::xmp::{Flag, Label};
use crate::report::wording;

/// The panel with all controls.
pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let frame = Frame::new()
        .fill(theme::panel())
        .inner_margin(Margin::same(12));
    Side::left("find")
        .default_size(58.0 * UNIT)
        .size_range(52.0 * UNIT..=90.0 * UNIT)
        .frame(frame)
        .show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.label(RichText::new("Find").font(theme::score()));
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        controls::button(ui, state, Command::ClearFilter, commands);
                    });
                });
                sort(ui, state, commands);
                ui.add_space(2.0 * UNIT);
                let mut filter = state.find.filter.clone();
                controls_of(ui, state, &mut filter);
                if filter != state.find.filter {
                    commands.push(Command::SetFilter(filter));
                }
            });
        });
}

fn sort(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let now = state.find.sort;
    caption(ui, "Sort by");
    ui.horizontal(|ui| {
        let shown = ComboBox::from_id_salt("sort")
            .selected_text(now.label())
            .width(30.0 * UNIT)
            .show_ui(ui, |ui| {
                for sort in Sort::ALL {
                    if ui.selectable_label(sort == now, sort.label()).clicked() {
                        commands.push(Command::SortBy(sort));
                    }
                }
            });
        let text = format!("Sort by {}", now.label());
        shown
            .response
            .widget_info(|| WidgetInfo::labeled(egui::Role::ComboBox, true, &text));
        let arrow = if state.find.reversed { "↑" } else { "↓" };
        let response = ui.add(Button::new(arrow).selected(state.find.reversed));
        controls::finish(response, Command::ReverseSort, commands);
    });
}

fn caption(ui: &mut Ui, text: &str) {
    ui.add_space(UNIT);
    let text = RichText::new(text)
        .font(theme::small())
        .color(theme::second());
    ui.label(text);
}

fn controls_of(ui: &mut Ui, state: &State, filter: &mut Filter) {
    caption(ui, "Name");
    let edit = TextEdit::singleline(&mut filter.text)
        .hint_text("Part of a name")
        .desired_width(f32::INFINITY);
    ui.add(edit);
    ui.horizontal_wrapped(|ui| {
        ui.checkbox(&mut filter.unrated, "Not rated");
        ui.checkbox(&mut filter.unreadable, "Without a score");
    });
    caption(ui, "Flag");
    ui.horizontal_wrapped(|ui| {
        for (flag, name) in [
            (Flag::Pick, "Picked"),
            (Flag::None, "No flag"),
            (Flag::Reject, "Rejected"),
        ] {
            member(ui, &mut filter.flags, flag, name, None);
        }
    });
    caption(ui, "Stars");
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.5 * UNIT;
        for n in 1..=5 {
            let on = n <= filter.least_stars;
            let response = ui.add(Button::new("").min_size(egui::Vec2::splat(7.0 * UNIT)));
            rating::star(ui.painter(), response.rect.center(), 7.0, on);
            let name = match n {
                5 => "5 stars only".to_owned(),
                n => format!("{n} or more stars"),
            };
            response.widget_info(|| WidgetInfo::selected(egui::Role::CheckBox, true, on, &name));
            if response.on_hover_text(&name).clicked() {
                filter.least_stars = if filter.least_stars == n { 0 } else { n };
            }
        }
    });
    caption(ui, "Colour label");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = UNIT;
        for (label, name) in [
            (Label::Red, "Red label"),
            (Label::Yellow, "Yellow label"),
            (Label::Green, "Green label"),
            (Label::Blue, "Blue label"),
            (Label::Purple, "Purple label"),
        ] {
            let colour = rating::label_colour(label);
            member(ui, &mut filter.labels, label, name, Some(colour));
        }
        member(ui, &mut filter.labels, Label::None, "No label", None);
    });
    caption(ui, "Score");
    scores(ui, &state.shoot, filter);
    ui.horizontal(|ui| {
        let (least, most) = (filter.least_score, filter.most_score);
        score(ui, &mut filter.least_score, 0..=most, "Lowest score");
        ui.label("to");
        score(ui, &mut filter.most_score, least..=100, "Highest score");
    });
    let shoot = &state.shoot;
    one_of(ui, "Camera", shoot, Photo::camera, &mut filter.camera);
    let lens = |photo: &Photo| photo.lens().map(str::to_owned);
    one_of(ui, "Lens", shoot, lens, &mut filter.lens);
    one_of(ui, "File type", shoot, Photo::kind, &mut filter.kind);
}

/// How many photos have which score; drawing over it chooses a range.
fn scores(ui: &mut Ui, shoot: &Shoot, filter: &mut Filter) {
    const BINS: usize = 25;
    let mut bins = [0_u32; BINS];
    let scored = shoot.order().iter().take(shoot.scored());
    for scored in scored.filter_map(|id| shoot.photo(*id)?.scored()) {
        let bin = (scored.score.value() / 100.0 * BINS as f64) as usize;
        bins[bin.min(BINS - 1)] += 1;
    }
    let size = egui::vec2(ui.available_width(), 14.0 * UNIT);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click_and_drag());
    let name = "Scores of all photos; draw over it to choose a range";
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, name));
    let most = bins.iter().copied().max().unwrap_or(0).max(1);
    let width = rect.width() / BINS as f32;
    for (bin, count) in bins.into_iter().enumerate() {
        let middle = (bin as f32 + 0.5) * 100.0 / BINS as f32;
        let inside =
            (f32::from(filter.least_score)..=f32::from(filter.most_score)).contains(&middle);
        let height = rect.height() * count as f32 / most as f32;
        let left = rect.left() + bin as f32 * width;
        let bar = egui::Rect::from_min_max(
            egui::pos2(left, rect.bottom() - height),
            egui::pos2(left + width - 1.0, rect.bottom()),
        );
        let colour = if inside { theme::ACCENT } else { theme::line() };
        ui.painter().rect_filled(bar, 0.0, colour);
    }
    ui.painter().hline(
        rect.x_range(),
        rect.bottom(),
        egui::Stroke::new(1.0, theme::line()),
    );
    let value = |pos: egui::Pos2| {
        let share = ((pos.x - rect.left()) / rect.width()).clamp(0.0, 1.0);
        (share * 100.0).round() as u8
    };
    let from = ui.input(|input| input.pointer.press_origin());
    if response.dragged()
        && let (Some(from), Some(to)) = (from, response.interact_pointer_pos())
    {
        let (a, b) = (value(from), value(to));
        (filter.least_score, filter.most_score) = (a.min(b), a.max(b));
    } else if response.clicked() {
        (filter.least_score, filter.most_score) = (0, 100);
    }
    response.on_hover_text(name);
}

/// One of the values that photos have, or any.
fn one_of(
    ui: &mut Ui,
    name: &str,
    shoot: &Shoot,
    of: impl Fn(&Photo) -> Option<String>,
    chosen: &mut Option<String>,
) {
    caption(ui, name);
    let shown = chosen.clone().unwrap_or_else(|| "Any".to_owned());
    let response = ComboBox::from_id_salt(name)
        .selected_text(&shown)
        .width(ui.available_width())
        .truncate()
        .show_ui(ui, |ui| {
            ui.selectable_value(chosen, None, "Any");
            // Only while it is open: a shoot may have very many photos.
            let photos = shoot.order().iter().filter_map(|id| shoot.photo(*id));
            let values: std::collections::BTreeSet<String> = photos.filter_map(of).collect();
            for value in values {
                ui.selectable_value(chosen, Some(value.clone()), value);
            }
        });
    let text = format!("{name}: {shown}");
    response
        .response
        .widget_info(|| WidgetInfo::labeled(egui::Role::ComboBox, true, &text));
}

fn score(ui: &mut Ui, value: &mut u8, range: std::ops::RangeInclusive<u8>, name: &'static str) {
    let response = ui.add(DragValue::new(value).range(range));
    let value = f64::from(*value);
    response.widget_info(|| WidgetInfo::drag_value(true, value));
    response.on_hover_text(name);
}

/// A switch for one of several things that are let through.
fn member<T: PartialEq + Copy>(
    ui: &mut Ui,
    all: &mut Vec<T>,
    one: T,
    name: &'static str,
    dot: Option<egui::Color32>,
) {
    let on = all.contains(&one);
    let button = match dot {
        Some(_) => Button::new("").min_size(egui::Vec2::splat(7.0 * UNIT)),
        None => Button::new(name),
    };
    let response = ui.add(button.selected(on));
    if let Some(colour) = dot {
        ui.painter()
            .circle_filled(response.rect.center(), 6.0, colour);
    }
    response.widget_info(|| WidgetInfo::selected(egui::Role::CheckBox, true, on, name));
    if response.on_hover_text(name).clicked() {
        match on {
            true => all.retain(|it| *it != one),
            false => all.push(one),
        }
    }
}

/// What of the filter is on, each part to be taken out, and how many photos it
/// leaves.
pub fn chips(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let filter = &state.find.filter;
    if !filter.is_on() {
        return;
    }
    let frame = Frame::new()
        .fill(theme::panel())
        .inner_margin(Margin::symmetric(12, 4));
    Side::top("chips").frame(frame).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            let shown = format!(
                "{} of {} shown",
                wording::count(state.shoot.shown().len()),
                wording::count(state.shoot.len())
            );
            ui.label(RichText::new(shown).family(theme::strong()));
            for (text, rest) in filter.parts() {
                let stars = text.chars().take_while(|c| *c == '★').count();
                let shown = match stars {
                    0 => text.clone(),
                    // The typeface has no stars.
                    n => text.replacen(&"★".repeat(n), &wording::counted(n, "star"), 1),
                };
                let response = ui.button(format!("{shown}  {}", icons::X));
                let name = format!("Without: {shown}");
                controls::finish_as(response, &name, Command::SetFilter(rest), commands);
            }
        });
    });
}
