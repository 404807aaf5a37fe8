//! Scores as a table for reading.

use std::io::{self, Write};

use super::{Details, ranked};
use super::{paths, wording};
use crate::engine::PhotoResult;
use crate::model::Scene;

/// Width of the bar for a score of 100, in characters.
const BAR: usize = 10;

pub(super) fn write(
    photos: &[PhotoResult],
    details: Option<Details<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let scored = photos.iter().filter(|photo| photo.outcome.is_ok()).count();
    let scene = |photo: &PhotoResult| photo.outcome.as_ref().ok().and_then(|s| s.scene);
    let interval = |photo: &PhotoResult| details.and_then(|details| details.interval(photo));
    let intervals = photos.iter().any(|photo| interval(photo).is_some());
    let scenes = details.is_some() && photos.iter().any(|photo| scene(photo).is_some());
    // As wide as "Rank" at least.
    let width = scored.to_string().len().max(4);
    if scored > 0 {
        let size = if details.is_some() {
            "  Size       "
        } else {
            ""
        };
        let scene = if scenes { "  Scene     " } else { "" };
        // What the opinion of 8 in 10 photos with that score lies within.
        let within = if intervals { "  8 in 10" } else { "" };
        writeln!(
            out,
            "{:>width$}  Score  {:BAR$}{within}{size}{scene}  Photo",
            "Rank", ""
        )?;
    }
    for (rank, photo) in ranked(photos) {
        let (Some(rank), Ok(scored)) = (rank, &photo.outcome) else {
            continue;
        };
        let bar = bar(scored.score.value());
        let size = match details {
            Some(_) => format!("  {:11}", format!("{}×{}", scored.size.0, scored.size.1)),
            None => String::new(),
        };
        let scene = match scenes {
            true => format!("  {:10}", scored.scene.map_or("", Scene::name)),
            false => String::new(),
        };
        let within = match (intervals, interval(photo)) {
            (true, Some(i)) => format!("  {:>7}", format!("{:.0}–{:.0}", i.low, i.high)),
            (true, None) => " ".repeat(9),
            (false, _) => String::new(),
        };
        let path = paths::shown(&photo.path);
        writeln!(
            out,
            "{rank:>width$}  {:>5}  {bar:BAR$}{within}{size}{scene}  {path}",
            scored.score.to_string()
        )?;
    }
    let failed = photos.len() - scored;
    if failed > 0 {
        if scored > 0 {
            writeln!(out)?;
        }
        writeln!(
            out,
            "{} could not be scored:",
            wording::counted(failed, "photo")
        )?;
        for photo in photos {
            if let Err(reason) = &photo.outcome {
                writeln!(
                    out,
                    "  {}: {}",
                    paths::shown(&photo.path),
                    paths::clean(reason)
                )?;
            }
        }
    }
    if let Some(details) = details {
        let model = details.model.info();
        writeln!(
            out,
            "\nModel {} {} ({})",
            model.name, model.identity, model.backbone
        )?;
    }
    Ok(())
}

/// A thin bar for a score of 0 to 100, with half characters.
fn bar(score: f64) -> String {
    let halves = (score / 100.0 * (2 * BAR) as f64).round() as usize;
    let mut bar = "━".repeat(halves / 2);
    if halves % 2 == 1 {
        bar.push('╸');
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::tests::{photo, written};
    use super::bar;

    #[test]
    fn the_table_rounds_and_lists_failures_below() {
        let photos = [
            photo("good.jpg", Ok(0.8746)),
            photo("evil\u{1b}[2J.jpg", Ok(0.0441)),
            photo("broken.jpg", Err("the file\nis empty")),
        ];
        assert_eq!(
            written(Format::Table, &photos, false),
            "Rank  Score              Photo\n\
             \x20  1   87.5  ━━━━━━━━╸   good.jpg\n\
             \x20  2    4.4  ╸           evil\\u{1b}[2J.jpg\n\
             \n\
             1 photo could not be scored:\n\
             \x20 broken.jpg: the file\\nis empty\n"
        );
        assert_eq!(written(Format::Table, &[], false), "");
    }

    #[test]
    fn details_add_the_size_and_the_model() {
        assert_eq!(
            written(Format::Table, &[photo("a.jpg", Ok(1.0))], true),
            "Rank  Score              Size         Photo\n\
             \x20  1  100.0  ━━━━━━━━━━  6000×4000    a.jpg\n\
             \n\
             Model some-model 0123456789abcdef (some-backbone)\n"
        );
    }

    #[test]
    fn details_say_how_far_opinions_lie_apart() {
        let photos = [photo("a.jpg", Ok(1.0)), photo("b.jpg", Ok(0.5))];
        assert_eq!(
            written(Format::Table, &photos, true),
            "Rank  Score              8 in 10  Size         Photo\n\
             \x20  1  100.0  ━━━━━━━━━━           6000×4000    a.jpg\n\
             \x20  2   50.0  ━━━━━         40–62  6000×4000    b.jpg\n\
             \n\
             Model some-model 0123456789abcdef (some-backbone)\n"
        );
    }

    #[test]
    fn bars_stay_within_their_width() {
        assert_eq!(bar(0.0), "");
        assert_eq!(bar(50.0).chars().count(), 5);
        assert_eq!(bar(100.0).chars().count(), 10);
    }
}
