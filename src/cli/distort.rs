//! `keepers distort`: a photo made worse on purpose.

use std::fs::OpenOptions;
use std::io::{Cursor, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::ValueEnum;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};
use rayon::prelude::*;

use super::console::Console;
use super::exit::Exit;
use super::sink::Sink;
use super::{paths, wording};
use crate::imaging::distortion::{Distortion, Level};
use crate::imaging::{Limits, Want, decode, thumbnail};

const ABOUT: &str = "\
Make a photo worse on purpose

Applies one of KADID-10k's 25 types of distortion, or one of those that cameras \
and their users make, in one of five levels; or draws a contact sheet of all of \
them. It is what \"keepers evaluate --distortions\" measures with and \"keepers \
pretrain\" trains with.";

#[derive(Debug, clap::Args)]
#[command(about = "Make a photo worse on purpose", long_about = ABOUT)]
pub struct Args {
    /// The photo; it is only read
    photo: PathBuf,
    /// Which distortion
    #[arg(long = "type", value_enum, value_name = "TYPE", requires = "out")]
    kind: Option<Distortion>,
    /// How strong, 1 (can just be seen) to 5 (bad)
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=5))]
    level: u8,
    /// The picture to write, .png or .jpg; one that is there already is left
    /// alone
    #[arg(long, value_name = "FILE", requires = "kind")]
    out: Option<PathBuf>,
    /// Write a contact sheet of all types and levels, an .svg for any browser
    #[arg(long, value_name = "FILE", required_unless_present = "kind")]
    sheet: Option<PathBuf>,
    /// The seed of noise, places and directions
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// No notes on standard error
    #[arg(short, long)]
    quiet: bool,
}

impl ValueEnum for Distortion {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.quiet);
    let photo = decode(&args.photo, Want::Full, &Limits::default())?.image;
    if let (Some(kind), Some(out)) = (args.kind, &args.out) {
        let level = Level::new(args.level).context("a level is 1 to 5")?;
        write_picture(out, &kind.apply(&photo, level, args.seed))?;
        console.note(&format!("Wrote {}", paths::shown(out)));
    }
    if let Some(path) = &args.sheet {
        let mut sink = Sink::open(Some(path))?;
        let sheet = sheet(&photo, args.seed)?;
        sink.write(|out| out.write_all(sheet.as_bytes()))?;
        sink.finish()?;
        let kinds = wording::counted(Distortion::ALL.len(), "type");
        console.note(&format!("Wrote {}: {kinds}", paths::shown(path)));
    }
    Ok(Exit::Done)
}

/// Writes a picture to a file that must not be there yet.
fn write_picture(path: &Path, picture: &RgbImage) -> anyhow::Result<()> {
    let name = paths::shown(path);
    let format = match ImageFormat::from_path(path) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg)) => format,
        _ => bail!("{name}: the name has to end in .png, .jpg or .jpeg"),
    };
    let mut bytes = Cursor::new(Vec::new());
    match format {
        // Not another distortion on top.
        ImageFormat::Jpeg => {
            JpegEncoder::new_with_quality(&mut bytes, 97).encode_image(picture)?;
        }
        _ => picture.write_to(&mut bytes, format)?,
    }
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = match file {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{name}: is there already, and Keepers never writes over a picture")
        }
        file => file.with_context(|| format!("{name}: cannot be written"))?,
    };
    file.write_all(bytes.get_ref())
        .with_context(|| format!("{name}: cannot be written"))
}

/// Side of a picture on the sheet, in pixels.
const CELL: u32 = 200;

/// The sheet as SVG: a row for each type, the photo itself first.
fn sheet(photo: &RgbImage, seed: u64) -> anyhow::Result<String> {
    // The middle of it, square, at the size that lengths are given for.
    let side = photo.width().min(photo.height());
    let (x, y) = ((photo.width() - side) / 2, (photo.height() - side) / 2);
    let square = image::imageops::crop_imm(photo, x, y, side, side).to_image();
    let square = thumbnail(&square, 384);
    let rows: Vec<(Distortion, Option<Level>)> = Distortion::ALL
        .into_iter()
        .flat_map(|kind| {
            let levels = Level::ALL.into_iter().map(Some);
            std::iter::once(None).chain(levels).map(move |l| (kind, l))
        })
        .collect();
    let pictures = rows
        .par_iter()
        .map(|&(kind, level)| {
            let worse = level.map(|level| kind.apply(&square, level, seed));
            let mut file = Vec::new();
            let mut encoder = JpegEncoder::new_with_quality(&mut file, 88);
            encoder.encode_image(worse.as_ref().unwrap_or(&square))?;
            Ok(BASE64_STANDARD.encode(file))
        })
        .collect::<anyhow::Result<Vec<String>>>()?;
    let columns = Level::ALL.len() as u32 + 1;
    let (gap, head) = (6, 24);
    let (width, height) = (
        columns * (CELL + gap) + gap,
        Distortion::ALL.len() as u32 * (CELL + head) + gap,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" \
         xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#222\"/>\n"
    );
    for (i, ((kind, level), picture)) in rows.iter().zip(&pictures).enumerate() {
        let (row, column) = (i as u32 / columns, i as u32 % columns);
        let (x, y) = (gap + column * (CELL + gap), row * (CELL + head));
        let label = match level {
            None => kind.name().to_owned(),
            Some(level) => level.number().to_string(),
        };
        svg += &format!(
            "<text x=\"{x}\" y=\"{}\" fill=\"#eee\">{label}</text>\n<image x=\"{x}\" y=\"{}\" \
             width=\"{CELL}\" height=\"{CELL}\" xlink:href=\"data:image/jpeg;base64,{picture}\"/>\n",
            y + 17,
            y + head,
        );
    }
    Ok(svg + "</svg>\n")
}
