//! Curves over epochs, as a table and as a picture.

use std::fmt::Write;

/// A curve: its name and one value per epoch from 0 on; one that is not finite
/// is left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What it shows.
    pub name: &'static str,
    /// Its values.
    pub values: Vec<f64>,
}

/// CSV with a column for each curve.
pub fn csv(curves: &[Curve]) -> String {
    let mut text = "epoch".to_owned();
    for curve in curves {
        text = text + "," + curve.name;
    }
    text.push('\n');
    let longest = curves.iter().map(|curve| curve.values.len()).max();
    for epoch in 0..longest.unwrap_or(0) {
        text += &epoch.to_string();
        for curve in curves {
            text.push(',');
            if let Some(value) = curve.values.get(epoch).filter(|v| v.is_finite()) {
                text += &value.to_string();
            }
        }
        text.push('\n');
    }
    text
}

/// Size of a panel, and the space around it.
const PANEL: (f64, f64) = (520.0, 260.0);
const MARGIN: f64 = 56.0;
const COLOURS: [&str; 4] = ["#2266cc", "#cc5522", "#228844", "#884499"];

/// SVG with a panel for each group of curves, one below the other; `mark` is
/// the epoch that was kept.
pub fn svg(panels: &[(&str, Vec<Curve>)], mark: usize) -> String {
    let (width, height) = (PANEL.0 + 2.0 * MARGIN, PANEL.1 + 2.0 * MARGIN);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        height * panels.len() as f64
    );
    for (i, (title, curves)) in panels.iter().enumerate() {
        panel(&mut text, title, curves, mark, height * i as f64 + MARGIN);
    }
    text + "</svg>\n"
}

/// Draws a panel whose upper edge is at `top`. Writing to a string cannot fail.
fn panel(text: &mut String, title: &str, curves: &[Curve], mark: usize, top: f64) {
    let values = || {
        curves
            .iter()
            .flat_map(|c| &c.values)
            .filter(|v| v.is_finite())
    };
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| {
        (low.min(v), high.max(v))
    });
    let (low, high) = match (low.is_finite(), high > low) {
        (true, true) => (low, high),
        (true, false) => (low - 0.5, low + 0.5),
        _ => (0.0, 1.0),
    };
    let epochs = curves.iter().map(|c| c.values.len()).max().unwrap_or(0);
    let x = |epoch: usize| MARGIN + PANEL.0 * epoch as f64 / epochs.saturating_sub(1).max(1) as f64;
    let y = |value: f64| top + PANEL.1 * (high - value) / (high - low);
    let _ = writeln!(
        text,
        "<text x=\"{MARGIN}\" y=\"{}\" font-weight=\"bold\">{title}</text>\n\
         <rect x=\"{MARGIN}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#999\"/>",
        top - 24.0,
        PANEL.0,
        PANEL.1
    );
    for value in [low, (low + high) / 2.0, high] {
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{value:.3}</text>",
            MARGIN - 6.0,
            y(value) + 4.0
        );
    }
    for epoch in [0, epochs.saturating_sub(1)] {
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{epoch}</text>",
            x(epoch),
            top + PANEL.1 + 16.0
        );
    }
    let _ = writeln!(
        text,
        "<line x1=\"{0}\" x2=\"{0}\" y1=\"{top}\" y2=\"{1}\" stroke=\"#bbb\" stroke-dasharray=\"4\"/>",
        x(mark),
        top + PANEL.1
    );
    for (i, (curve, colour)) in curves.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let points: Vec<String> = curve
            .values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_finite())
            .map(|(epoch, &value)| format!("{:.1},{:.1}", x(epoch), y(value)))
            .collect();
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\n\
             <text x=\"{}\" y=\"{}\" fill=\"{colour}\">{}</text>",
            points.join(" "),
            MARGIN + 130.0 * i as f64,
            top - 8.0,
            curve.name
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_stay_gaps() {
        let curve = |name, values: &[f64]| Curve {
            name,
            values: values.to_vec(),
        };
        let curves = vec![
            curve("loss", &[f64::NAN, 0.5]),
            curve("srcc", &[0.25, 0.75]),
        ];
        assert_eq!(csv(&curves), "epoch,loss,srcc\n0,,0.25\n1,0.5,0.75\n");
        let picture = svg(&[("Agreement", curves)], 1);
        assert!(roxmltree::Document::parse(&picture).is_ok(), "{picture}");
        assert!(!picture.contains("NaN"));
        assert!(roxmltree::Document::parse(&svg(&[("None", vec![])], 0)).is_ok());
    }
}
