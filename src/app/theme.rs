//! Colours, type and spacing. Greys are neutral, so that nothing around a photo
//! tints how it is judged; there is one accent.

use std::cell::Cell;

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke,
    TextStyle, Theme, Vec2, Visuals,
};

/// The colours that depend on whether the window is dark or light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Palette {
    canvas: Color32,
    panel: Color32,
    raised: Color32,
    hovered: Color32,
    line: Color32,
    text: Color32,
    strong: Color32,
    second: Color32,
    disabled: Color32,
    problem: Color32,
    star: Color32,
}

const DARK: Palette = Palette {
    canvas: Color32::from_gray(0x1C),
    panel: Color32::from_gray(0x24),
    raised: Color32::from_gray(0x2E),
    hovered: Color32::from_gray(0x3A),
    line: Color32::from_gray(0x3A),
    text: Color32::from_gray(0xE8),
    strong: Color32::WHITE,
    second: Color32::from_gray(0xA6),
    disabled: Color32::from_gray(0x70),
    problem: Color32::from_rgb(0xE5, 0x53, 0x4B),
    star: Color32::from_rgb(0xF2, 0xB3, 0x3D),
};

const LIGHT: Palette = Palette {
    canvas: Color32::from_gray(0xE4),
    panel: Color32::from_gray(0xEF),
    raised: Color32::from_gray(0xFA),
    hovered: Color32::from_gray(0xD6),
    line: Color32::from_gray(0xC6),
    text: Color32::from_gray(0x1E),
    strong: Color32::BLACK,
    second: Color32::from_gray(0x5A),
    disabled: Color32::from_gray(0x92),
    problem: Color32::from_rgb(0xB3, 0x26, 0x1E),
    star: Color32::from_rgb(0xC2, 0x7C, 0x0E),
};

thread_local! {
    /// The palette of the frame that this thread draws. Painting has no context
    /// to ask, and windows of other threads may look otherwise.
    static PALETTE: Cell<Palette> = const { Cell::new(DARK) };
}

/// Takes the palette that the window has in this frame.
pub fn begin(ctx: &Context) {
    PALETTE.set(palette(ctx.theme()));
}

fn palette(theme: Theme) -> Palette {
    match theme {
        Theme::Dark => DARK,
        Theme::Light => LIGHT,
    }
}

/// Behind photos.
pub fn canvas() -> Color32 {
    PALETTE.get().canvas
}

/// Bars and panels.
pub fn panel() -> Color32 {
    PALETTE.get().panel
}

/// Buttons, and what lies above a panel.
pub fn raised() -> Color32 {
    PALETTE.get().raised
}

/// A raised thing under the pointer.
pub fn hovered() -> Color32 {
    PALETTE.get().hovered
}

/// Lines between areas.
pub fn line() -> Color32 {
    PALETTE.get().line
}

/// Text.
pub fn text() -> Color32 {
    PALETTE.get().text
}

/// Text that matters less.
pub fn second() -> Color32 {
    PALETTE.get().second
}

/// Text of what cannot be used now.
pub fn disabled() -> Color32 {
    PALETTE.get().disabled
}

/// What went wrong.
pub fn problem() -> Color32 {
    PALETTE.get().problem
}

/// Stars.
pub fn star() -> Color32 {
    PALETTE.get().star
}

/// Selection, focus, the active view.
pub const ACCENT: Color32 = Color32::from_rgb(0x4C, 0x9E, 0xEB);
/// Text on it.
pub const ON_ACCENT: Color32 = Color32::from_gray(0x1C);
/// Behind what is written on a picture, in either theme.
pub const OVER: Color32 = Color32::from_gray(0x1C);
/// What is written there.
pub const ON_OVER: Color32 = Color32::from_gray(0xE8);
/// The cross of a rejected photo, on a picture.
pub const REJECTED: Color32 = Color32::from_rgb(0xE5, 0x53, 0x4B);

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
    // The window has keys of its own for that, and remembers it.
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
    ctx.set_theme(Theme::Dark);
    for theme in [Theme::Dark, Theme::Light] {
        ctx.style_mut_of(theme, |style| style.visuals = visuals(theme));
    }
    ctx.all_styles_mut(|style| {
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

fn visuals(theme: Theme) -> Visuals {
    let mut visuals = match theme {
        Theme::Dark => Visuals::dark(),
        Theme::Light => Visuals::light(),
    };
    let colours = palette(theme);
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(colours.second);
    visuals.panel_fill = colours.panel;
    visuals.window_fill = colours.panel;
    visuals.window_stroke = Stroke::new(1.0, colours.line);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.extreme_bg_color = colours.canvas;
    visuals.faint_bg_color = colours.panel;
    visuals.hyperlink_color = ACCENT;
    visuals.warn_fg_color = colours.problem;
    visuals.error_fg_color = colours.problem;
    visuals.selection.bg_fill = ACCENT;
    visuals.selection.stroke = Stroke::new(1.0, ON_ACCENT);
    visuals.slider_trailing_fill = false;
    let radius = CornerRadius::same(5);
    let widgets = &mut visuals.widgets;
    for (widget, fill, text) in [
        (&mut widgets.noninteractive, colours.panel, colours.text),
        (&mut widgets.inactive, colours.raised, colours.text),
        (&mut widgets.hovered, colours.hovered, colours.strong),
        (&mut widgets.active, colours.hovered, colours.strong),
        (&mut widgets.open, colours.hovered, colours.text),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::NONE;
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, colours.line);
    widgets.inactive.bg_fill = colours.hovered;
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
        for colours in [DARK, LIGHT] {
            for below in [colours.canvas, colours.panel, colours.raised] {
                assert!(contrast(colours.text, below) >= 4.5);
                assert!(contrast(colours.second, below) >= 4.5);
            }
            assert!(contrast(colours.problem, colours.panel) >= 4.0);
        }
        assert!(contrast(ON_ACCENT, ACCENT) >= 4.5);
        assert!(contrast(ON_OVER, OVER) >= 4.5);
    }

    #[test]
    fn greys_are_neutral() {
        for colours in [DARK, LIGHT] {
            for grey in [
                colours.canvas,
                colours.panel,
                colours.raised,
                colours.hovered,
                colours.line,
                colours.text,
                colours.strong,
                colours.second,
                colours.disabled,
            ] {
                assert!(grey.r() == grey.g() && grey.g() == grey.b());
            }
        }
    }
}
