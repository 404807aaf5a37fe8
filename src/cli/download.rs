//! `keepers model download`: gets models from the hub.

use std::io::{self, Write};

use serde::Serialize;

use super::console::{self, Console};
use super::exit::Exit;
use super::model::ListFormat;
use super::{interrupt, paths, sink, wording};
use crate::engine::Cancel;
use crate::engine::download::{DownloadError, Downloaded, Downloads, Offer};

/// Download models and put them into the folder of models
///
/// Models come from the Hugging Face hub: clip-vit-b16, grmp-iqa-livec,
/// grmp-iqa-koniq, and every checkpoint in the repository of GRMP-IQA's authors
/// by its name. No other command uses the network. A download that was cut off
/// goes on when it is asked for again.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Names of models
    #[arg(value_name = "NAME", required_unless_present = "list")]
    names: Vec<String>,
    /// List what is offered instead of downloading
    #[arg(long, conflicts_with = "names")]
    list: bool,
    /// Format of the list
    #[arg(long, value_enum, default_value_t, requires = "list")]
    format: ListFormat,
    /// Take a file that is not the one first downloaded for this model
    #[arg(long)]
    accept_changed: bool,
    /// Keep notes and progress back
    #[arg(short, long)]
    quiet: bool,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let downloads = Downloads::new(&super::import::home()?)?;
    let cancel = Cancel::default();
    interrupt::cancels(&cancel);
    if args.list {
        return list(&downloads, args.format, &cancel);
    }
    let mut console = Console::new(args.quiet);
    let (mut done, mut failed) = (0, 0);
    for name in &args.names {
        match one(&downloads, name, args.accept_changed, &cancel, &mut console) {
            Ok(downloaded) => {
                done += 1;
                say(name, &downloaded)?;
            }
            Err(DownloadError::Cancelled) => {
                console
                    .note("Interrupted: what was downloaded is kept, and the same command goes on");
                return Ok(Exit::Interrupted);
            }
            Err(error) => {
                failed += 1;
                console.clear();
                console::error(&anyhow::Error::from(error).context(paths::clean(name)));
            }
        }
    }
    Ok(Exit::of(done, failed))
}

fn one(
    downloads: &Downloads,
    name: &str,
    accept_changed: bool,
    cancel: &Cancel,
    console: &mut Console,
) -> Result<Downloaded, DownloadError> {
    let offer = downloads.offer(name, cancel)?;
    console.note(&format!(
        "{name}: {} of {}{}",
        paths::clean(&offer.file),
        offer.repository,
        offer
            .bytes
            .map_or_else(String::new, |bytes| format!(", {}", wording::bytes(bytes)))
    ));
    let doing = format!("Downloading {name}");
    let mut progress = |progress| console.transfer(&doing, &progress);
    let downloaded = downloads.install(&offer, accept_changed, cancel, &mut progress);
    console.clear();
    downloaded
}

fn say(name: &str, downloaded: &Downloaded) -> anyhow::Result<()> {
    let text = format!(
        "Installed \"{name}\": {}, identity {} ({} downloaded, SHA-256 {})\n",
        paths::clean(&downloaded.info.backbone),
        downloaded.info.identity,
        wording::bytes(downloaded.bytes),
        downloaded.sha256
    );
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(())
}

/// An offer in the list.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    repository: &'a str,
    file: &'a str,
    commit: &'a str,
    bytes: Option<u64>,
    sha256: Option<&'a str>,
    licence: Option<&'a str>,
}

fn list(downloads: &Downloads, format: ListFormat, cancel: &Cancel) -> anyhow::Result<Exit> {
    let (offers, errors) = downloads.offers(cancel);
    if cancel.is_cancelled() {
        return Ok(Exit::Interrupted);
    }
    let mut out = Vec::new();
    match format {
        ListFormat::Table => table(&offers, &mut out)?,
        ListFormat::Json => {
            let rows: Vec<Row> = offers.iter().map(row).collect();
            serde_json::to_writer_pretty(&mut out, &rows)?;
            out.push(b'\n');
        }
    }
    sink::checked(io::stdout().write_all(&out))?;
    let failed = errors.len();
    for error in errors {
        console::error(&error.into());
    }
    Ok(Exit::of(offers.len(), failed))
}

fn row(offer: &Offer) -> Row<'_> {
    Row {
        name: &offer.name,
        repository: &offer.repository,
        file: &offer.file,
        commit: &offer.commit,
        bytes: offer.bytes,
        sha256: offer.sha256.as_deref(),
        licence: offer.licence.as_deref(),
    }
}

fn table(offers: &[Offer], out: &mut impl Write) -> io::Result<()> {
    let widest = offers.iter().map(|offer| offer.name.len()).max();
    let width = widest.unwrap_or(0);
    for offer in offers {
        let size = offer.bytes.map_or_else(|| "?".to_owned(), wording::bytes);
        writeln!(
            out,
            "{:width$}  {size:>9}  {:<4}  {}, {}",
            offer.name,
            offer.licence.as_deref().unwrap_or("?"),
            offer.repository,
            paths::clean(&offer.file)
        )?;
    }
    Ok(())
}
