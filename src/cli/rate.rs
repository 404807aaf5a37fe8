//! `keepers rate`: stars, flag and colour label, in the catalog and in sidecars.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use similar::TextDiff;

use super::catalog_args::CatalogArgs;
use super::console::Console;
use super::exit::Exit;
use super::{paths, sink, wording};
use crate::catalog::{Catalog, Options, Rated, Write};
use crate::engine::photos_of;
use crate::metadata::xmp::{Fields, Flag, Label, Naming, Rating, Stars};

const ABOUT: &str = "\
Rate photos: stars, flag, colour label

Ratings go into the catalog and into XMP sidecars beside the photos, where other \
programs find them; the photos themselves are never written. What is not named \
stays as it is. A sidecar is changed only where it has to be.";

const MORE: &str = "\
A photo's sidecar is IMG.xmp or IMG.CR2.xmp, whichever there is; a new one is
named as --sidecar says. Where another program changed a rating meanwhile, its
change counts, except for what this command sets.

Exit status: 0 all photos rated, in the catalog and in sidecars; 1 none; 3 some.";

#[derive(Debug, clap::Args)]
#[command(about = "Rate photos: stars, flag, colour label", long_about = ABOUT, after_long_help = MORE)]
pub struct Args {
    /// Photos and folders
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Enter the folders' sub-folders, to any depth
    #[arg(short, long)]
    recursive: bool,
    /// Stars, 0 (none) to 5
    #[arg(long, value_name = "0..5", value_parser = clap::value_parser!(u8).range(0..=5),
          required_unless_present_any = ["flag", "label"])]
    stars: Option<u8>,
    /// Flag
    #[arg(long, value_enum)]
    flag: Option<FlagArg>,
    /// Colour label
    #[arg(long, value_enum)]
    label: Option<LabelArg>,
    /// Print what would change in which sidecar, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

/// What all commands that write ratings take.
#[derive(Debug, clap::Args)]
pub struct Common {
    #[command(flatten)]
    pub catalog: CatalogArgs,
    /// How a new sidecar is named
    #[arg(long, value_enum, default_value_t)]
    pub sidecar: NamingArg,
    /// No notes on standard error
    #[arg(short, long)]
    pub quiet: bool,
}

impl Common {
    pub fn options(&self) -> Options {
        Options {
            naming: self.sidecar.into(),
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FlagArg {
    /// Picked
    Pick,
    /// Rejected
    Reject,
    /// Neither
    None,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LabelArg {
    Red,
    Yellow,
    Green,
    Blue,
    Purple,
    /// No label
    None,
}

/// How a new sidecar is named.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum NamingArg {
    /// IMG.xmp for IMG.CR2
    #[default]
    Stem,
    /// IMG.CR2.xmp for IMG.CR2
    Full,
}

impl From<NamingArg> for Naming {
    fn from(naming: NamingArg) -> Self {
        match naming {
            NamingArg::Stem => Self::Stem,
            NamingArg::Full => Self::Full,
        }
    }
}

impl Args {
    fn rating(&self) -> Rating {
        Rating {
            stars: self.stars.and_then(Stars::new),
            flag: self.flag.map(|flag| match flag {
                FlagArg::Pick => Flag::Pick,
                FlagArg::Reject => Flag::Reject,
                FlagArg::None => Flag::None,
            }),
            label: self.label.map(|label| match label {
                LabelArg::Red => Label::Red,
                LabelArg::Yellow => Label::Yellow,
                LabelArg::Green => Label::Green,
                LabelArg::Blue => Label::Blue,
                LabelArg::Purple => Label::Purple,
                LabelArg::None => Label::None,
            }),
        }
    }
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.common.quiet);
    let (photos, failed) = photos(&args.paths, args.recursive, &mut console);
    let (rating, options) = (args.rating(), args.common.options());
    let rated = if args.dry_run {
        let catalog = args.common.catalog.existing()?;
        let previews = Catalog::preview(catalog.as_ref(), &photos, rating, options)?;
        let diff: String = previews.iter().map(changes).collect();
        sink::checked(io::stdout().write_all(diff.as_bytes()))?;
        previews
    } else if photos.is_empty() {
        Vec::new()
    } else {
        let mut catalog = args.common.catalog.open(&mut console)?;
        let command = format!("{rating} for {}", wording::counted(photos.len(), "photo"));
        catalog.rate(&photos, rating, &command, options)?
    };
    let done = tell(&rated, &mut console);
    if !args.dry_run && done > 0 {
        let photos = wording::counted(done, "photo");
        console.note(&format!("Rated {photos}: {rating}"));
    }
    Ok(Exit::of(done, rated.len() - done + failed))
}

/// The photos to rate; the number of those that cannot be is the second.
pub fn photos(paths: &[PathBuf], recursive: bool, console: &mut Console) -> (Vec<PathBuf>, usize) {
    let (mut photos, mut failed) = (Vec::new(), 0);
    for (path, problem) in photos_of(paths, recursive) {
        let is_sidecar = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("xmp"));
        let problem = match problem {
            None if is_sidecar => Some("is a sidecar; name its photo".to_owned()),
            problem => problem,
        };
        match problem {
            Some(reason) => {
                failed += 1;
                console.warn(&format!(
                    "{}: {}",
                    paths::shown(&path),
                    paths::clean(&reason)
                ));
            }
            None => photos.push(path),
        }
    }
    if photos.is_empty() && failed == 0 {
        console.note("Found no photos");
    }
    (photos, failed)
}

/// Says what was noteworthy; the answer is how many photos went without a
/// problem.
pub fn tell(rated: &[Rated], console: &mut Console) -> usize {
    let mut done = 0;
    for photo in rated {
        let name = paths::shown(&photo.photo);
        if photo.disagreement.any() {
            console.warn(&format!(
                "{name}: its two sidecars contradict each other ({})",
                fields(photo.disagreement)
            ));
        }
        if photo.changed_elsewhere.any() {
            let now = Rating::default().with(photo.before, photo.changed_elsewhere);
            console.warn(&format!(
                "{name}: was changed by another program to {now}, which is taken over"
            ));
        }
        if photo.kept.any() {
            console.warn(&format!(
                "{name}: was rated again since; left as it is ({})",
                fields(photo.kept)
            ));
        }
        for problem in &photo.problems {
            let kept = if photo.in_catalog {
                "; the rating is in the catalog"
            } else {
                ""
            };
            console.warn(&format!("{}{kept}", paths::clean(problem)));
        }
        done += usize::from(photo.problems.is_empty());
    }
    done
}

fn fields(fields: Fields) -> String {
    let named = [
        (fields.stars, "stars"),
        (fields.flag, "flag"),
        (fields.label, "label"),
    ];
    let names: Vec<&str> = named
        .iter()
        .filter(|(has, _)| *has)
        .map(|(_, n)| *n)
        .collect();
    names.join(", ")
}

/// What would change about a photo: its rating, then its sidecars as a unified
/// diff.
pub fn changes(photo: &Rated) -> String {
    let mut text = String::new();
    if photo.before != photo.after && photo.problems.is_empty() {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# {}: {} -> {}",
            paths::shown(&photo.photo),
            photo.before,
            photo.after
        );
    }
    for write in &photo.preview {
        text += &diff(write);
    }
    text
}

fn diff(write: &Write) -> String {
    let side = |bytes: &Option<Vec<u8>>| readable(bytes.as_deref().unwrap_or_default());
    let (old, new) = (side(&write.old), side(&write.new));
    let name = |side: &str, bytes: &Option<Vec<u8>>, path: &Path| match bytes {
        Some(_) => format!("{side}/{}", paths::shown(path)),
        None => "/dev/null".to_owned(),
    };
    TextDiff::from_lines(&old, &new)
        .unified_diff()
        .header(
            &name("a", &write.old, &write.path),
            &name("b", &write.new, &write.path),
        )
        .to_string()
}

/// A sidecar's text for the eye, whatever its encoding.
fn readable(bytes: &[u8]) -> String {
    let pairs = |swap: bool| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .filter_map(|pair| {
                let pair = *pair.first_chunk()?;
                Some(if swap {
                    u16::from_be_bytes(pair)
                } else {
                    u16::from_le_bytes(pair)
                })
            })
            .collect();
        String::from_utf16_lossy(&units)
    };
    let text = match bytes {
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => pairs(false),
        [0xFE, 0xFF, ..] | [0, b'<', ..] => pairs(true),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    // Lines stay lines; nothing else moves the cursor.
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => paths::clean(line.strip_suffix('\r').unwrap_or(line)) + "\n",
            None => paths::clean(line),
        })
        .collect()
}
