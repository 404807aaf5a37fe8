//! Colours, type and spacing. Greys are neutral, so that nothing around a photo
//! tints how it is judged; there is one accent.

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke,
    TextStyle, Vec2, Visuals,
};

/// Behind photos.
pub const CANVAS: Color32 = Color32::from_gray(0x1C);
/// Bars and panels.
pub const PANEL: Color32 = Color32::from_gray(0x24);
/// Buttons, and what lies above a panel.
pub const RAISED: Color32 = Color32::from_gray(0x2E);
/// A raised thing under the pointer.
pub const HOVERED: Color32 = Color32::from_gray(0x3A);
/// Lines between areas.
pub const LINE: Color32 = Color32::from_gray(0x3A);
/// Text.
pub const TEXT: Color32 = Color32::from_gray(0xE8);
/// Text that matters less.
pub const SECOND: Color32 = Color32::from_gray(0xA6);
/// Text of what cannot be used now.
pub const DISABLED: Color32 = Color32::from_gray(0x70);
/// Selection, focus, the active view.
pub const ACCENT: Color32 = Color32::from_rgb(0x4C, 0x9E, 0xEB);
/// What went wrong.
pub const PROBLEM: Color32 = Color32::from_rgb(0xE5, 0x53, 0x4B);

/// Stars.
pub const STAR: Color32 = Color32::from_rgb(0xF2, 0xB3, 0x3D);
/// Colour labels: red, yellow, green, blue, purple.
pub const LABELS: [Color32; 5] = [
    Color32::from_rgb(0xE0, 0x50, 0x4A),
    Color32::from_rgb(0xE6, 0xC8, 0x45),
    Color32::from_rgb(0x58, 0xB3, 0x5F),
    Color32::from_rgb(0x4A, 0x8C, 0xE0),
    Color32::from_rgb(0xA5, 0x6B, 0xD2),
];

/// The unit of spacing in points.
pub const UNIT: f32 = 4.0;

/// Text of 13 points.
pub fn body() -> FontId {
    FontId::proportional(13.0)
}

/// Text of 12 points, for what matters less.
pub fn small() -> FontId {
    FontId::proportional(12.0)
}

/// Semi-bold text of 15 points, for scores.
pub fn score() -> FontId {
    FontId::new(15.0, strong())
}

/// Semi-bold text of 20 points, for titles.
pub fn title() -> FontId {
    FontId::new(20.0, strong())
}

/// The semi-bold family.
pub fn strong() -> FontFamily {
    FontFamily::Name("strong".into())
}

/// Gives the window its look.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    ctx.set_theme(egui::Theme::Dark);
    ctx.all_styles_mut(|style| {
        style.visuals = visuals();
        style.text_styles = [
            (TextStyle::Small, small()),
            (TextStyle::Body, body()),
            (TextStyle::Button, body()),
            (TextStyle::Monospace, body()),
            (TextStyle::Heading, title()),
        ]
        .into();
        let spacing = &mut style.spacing;
        spacing.item_spacing = Vec2::splat(2.0 * UNIT);
        spacing.button_padding = Vec2::new(2.5 * UNIT, 1.0 * UNIT);
        spacing.interact_size.y = 7.0 * UNIT;
        spacing.window_margin = Margin::same(16);
        spacing.menu_margin = Margin::same(8);
        spacing.scroll.bar_width = 2.0 * UNIT;
        style.animation_time = 0.1;
        style.interaction.selectable_labels = false;
    });
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let faces: [(&str, &'static [u8]); 3] = [
        (
            "Inter",
            include_bytes!("../../assets/fonts/Inter-Regular.ttf"),
        ),
        (
            "Inter SemiBold",
            include_bytes!("../../assets/fonts/Inter-SemiBold.ttf"),
        ),
        (
            "Phosphor",
            include_bytes!("../../assets/fonts/Phosphor.ttf"),
        ),
    ];
    for (name, bytes) in faces {
        let mut data = FontData::from_static(bytes);
        if name == "Phosphor" {
            // Its icons stand on the line; beside text they are centred.
            data.tweak.y_offset_factor = 0.08;
        }
        fonts.font_data.insert(name.to_owned(), data.into());
    }
    let family = |first: &str| vec![first.to_owned(), "Phosphor".to_owned()];
    fonts
        .families
        .insert(FontFamily::Proportional, family("Inter"));
    fonts
        .families
        .insert(FontFamily::Monospace, family("Inter"));
    fonts.families.insert(strong(), family("Inter SemiBold"));
    fonts
}

fn visuals() -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(SECOND);
    visuals.panel_fill = PANEL;
    visuals.window_fill = PANEL;
    visuals.window_stroke = Stroke::new(1.0, LINE);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.extreme_bg_color = CANVAS;
    visuals.faint_bg_color = PANEL;
    visuals.hyperlink_color = ACCENT;
    visuals.warn_fg_color = PROBLEM;
    visuals.error_fg_color = PROBLEM;
    visuals.selection.bg_fill = ACCENT;
    visuals.selection.stroke = Stroke::new(1.0, CANVAS);
    visuals.slider_trailing_fill = false;
    let radius = CornerRadius::same(5);
    let widgets = &mut visuals.widgets;
    for (widget, fill, text) in [
        (&mut widgets.noninteractive, PANEL, TEXT),
        (&mut widgets.inactive, RAISED, TEXT),
        (&mut widgets.hovered, HOVERED, Color32::WHITE),
        (&mut widgets.active, HOVERED, Color32::WHITE),
        (&mut widgets.open, HOVERED, TEXT),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::NONE;
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, LINE);
    widgets.inactive.bg_fill = HOVERED;
    // The keyboard's place has to be seen.
    widgets.hovered.bg_stroke = Stroke::NONE;
    widgets.active.bg_stroke = Stroke::new(1.5, ACCENT);
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast as WCAG 2.1 reckons it.
    fn contrast(a: Color32, b: Color32) -> f32 {
        let luminance = |colour: Color32| {
            let [r, g, b, _] = egui::Rgba::from(colour).to_array();
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_everything_below_it() {
        for below in [CANVAS, PANEL, RAISED] {
            assert!(contrast(TEXT, below) >= 4.5);
            assert!(contrast(SECOND, below) >= 4.5);
        }
        assert!(contrast(CANVAS, ACCENT) >= 4.5);
    }

    #[test]
    fn greys_are_neutral() {
        for grey in [CANVAS, PANEL, RAISED, HOVERED, LINE, TEXT, SECOND, DISABLED] {
            assert!(grey.r() == grey.g() && grey.g() == grey.b());
        }
    }
}
