//! `keepers bench`: how fast this machine is, as a table for a report.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::console::{self, Console};
use super::exit::Exit;
use super::model::ListFormat;
use super::{interrupt, output::paths, run, sink};
use crate::engine::bench::{self, BenchError, Photos, Rates};
use crate::engine::models::{self, Device, DeviceError, Entry};
use crate::engine::{Cancel, photos_of};
use crate::home::Home;
use crate::model::simd::Level;
use crate::model::{ModelError, QualityModel};

const ABOUT: &str = "\
Measure how fast this machine decodes and scores

For every installed model on every device that works: decoding alone, the network \
alone, both together, and how much of their common ceiling that is. Without --photos \
it makes a JPEG of 24 megapixels. Nothing of it is kept.";

const ROUNDS: usize = 3;

#[derive(Debug, clap::Args)]
#[command(about = "Measure how fast this machine decodes and scores", long_about = ABOUT)]
pub struct Args {
    /// Measure with these photos, or those in these folders; they are only read
    #[arg(long, value_name = "PATHS", num_args = 1..)]
    photos: Vec<PathBuf>,
    /// Only this model; can be given several times
    #[arg(long = "model", value_name = "NAME|FILE")]
    models: Vec<PathBuf>,
    /// Only this device
    #[arg(long, value_name = "DEVICE")]
    device: Option<Device>,
    /// How many photos to measure with [default: by the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    count: Option<u16>,
    /// Fewer photos and one round, for a first impression
    #[arg(long)]
    quick: bool,
    /// Format of the figures
    #[arg(long, value_enum, default_value_t)]
    format: ListFormat,
    /// No notes on standard error
    #[arg(short, long)]
    quiet: bool,
}

/// All that a report says; the order of the fields is the order of its keys.
#[derive(Serialize)]
struct Report {
    keepers: &'static str,
    machine: Machine,
    photos: About,
    rounds: usize,
    results: Vec<Row>,
}

#[derive(Serialize)]
struct Machine {
    system: &'static str,
    architecture: &'static str,
    processor: Option<String>,
    cores: usize,
    /// The best instructions that networks can use.
    instructions: &'static str,
    /// Average number of busy threads over the last minute, before the start.
    load: Option<f64>,
}

#[derive(Serialize)]
struct About {
    count: usize,
    megapixels: f64,
    bytes: f64,
    made: bool,
}

/// Photos per second; null where it failed.
#[derive(Serialize)]
struct Row {
    model: String,
    device: String,
    decode: Option<f64>,
    network: Option<f64>,
    pipeline: Option<f64>,
    ceiling: Option<f64>,
    share: Option<f64>,
    error: Option<String>,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.quiet);
    let home = run::home(&mut console);
    let machine = Machine::here();
    if cfg!(debug_assertions) {
        console.note("This build checks itself while it runs, so its figures are too low");
    }
    let models = asked(&args.models, home.as_ref())?;
    let devices = args.device.map_or_else(Device::working, |one| vec![one]);
    let usual = bench::usual_count(args.quick);
    let count = args.count.map_or(usual, usize::from);
    let photos = match args.photos.as_slice() {
        [] => {
            console.note("Making a photo");
            Photos::make(count)?
        }
        paths => {
            let found = photos_of(paths, false);
            let found: Vec<PathBuf> = found.into_iter().map(|(path, _)| path).collect();
            Photos::of(&found, count)?
        }
    };
    let cancel = Cancel::default();
    interrupt::cancels(&cancel);
    let rounds = if args.quick { 1 } else { ROUNDS };
    let mut results = Vec::new();
    for model in &models {
        for &device in &devices {
            console.note(&format!(
                "Measuring {} on {device}",
                paths::clean(&model.name)
            ));
            match measured(model, device, &photos, rounds, &cancel) {
                Ok(rates) => results.push(Row::new(model, device, Ok(rates))),
                Err(Failure::DoesNotRun) if args.device.is_none() => {}
                Err(Failure::Cancelled) => return Ok(Exit::Interrupted),
                Err(failure) => {
                    let error = anyhow::anyhow!("{} on {device}: {failure}", model.name);
                    console::error(&error);
                    results.push(Row::new(model, device, Err(failure.to_string())));
                }
            }
        }
    }
    let done = results.iter().filter(|row| row.error.is_none()).count();
    let exit = Exit::of(done, results.len() - done);
    let report = Report {
        keepers: env!("CARGO_PKG_VERSION"),
        machine,
        photos: About {
            count: photos.count(),
            megapixels: photos.megapixels,
            bytes: photos.bytes,
            made: photos.made,
        },
        rounds,
        results,
    };
    let mut out = Vec::new();
    match args.format {
        ListFormat::Table => report.table(&mut out)?,
        ListFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &report)?;
            out.push(b'\n');
        }
    }
    sink::checked(io::stdout().write_all(&out))?;
    Ok(exit)
}

/// The models to measure: those that were asked for, otherwise all there are.
fn asked(names: &[PathBuf], home: Option<&Home>) -> anyhow::Result<Vec<Entry>> {
    if names.is_empty() {
        return Ok(models::list(home));
    }
    let entry = |name: &PathBuf| {
        Ok(Entry {
            name: paths::text(name).into_owned(),
            source: models::find(Some(name), home)?,
        })
    };
    names.iter().map(entry).collect()
}

/// Why there are no figures for a model on a device.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the model does not run there")]
    DoesNotRun,
    #[error("interrupted")]
    Cancelled,
    #[error(transparent)]
    Model(ModelError),
    #[error(transparent)]
    Bench(BenchError),
}

fn measured(
    model: &Entry,
    device: Device,
    photos: &Photos,
    rounds: usize,
    cancel: &Cancel,
) -> Result<Rates, Failure> {
    let model: Arc<dyn QualityModel> =
        models::open(&model.source, device).map_err(|error| match error {
            ModelError::Device(DeviceError::ProcessorOnly { .. }) => Failure::DoesNotRun,
            error => Failure::Model(error),
        })?;
    let shared = device == Device::Cpu;
    bench::measure(photos, &model, shared, rounds, cancel).map_err(|error| match error {
        BenchError::Cancelled => Failure::Cancelled,
        error => Failure::Bench(error),
    })
}

impl Row {
    fn new(model: &Entry, device: Device, rates: Result<Rates, String>) -> Self {
        let rate = |of: fn(&Rates) -> f64| rates.as_ref().ok().map(of);
        Self {
            model: model.name.clone(),
            device: device.to_string(),
            decode: rate(|rates| rates.decode),
            network: rate(|rates| rates.network),
            pipeline: rate(|rates| rates.pipeline),
            ceiling: rate(|rates| rates.ceiling),
            share: rate(Rates::share),
            error: rates.as_ref().err().cloned(),
        }
    }
}

impl Machine {
    fn here() -> Self {
        Self {
            system: std::env::consts::OS,
            architecture: std::env::consts::ARCH,
            processor: processor(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            instructions: Level::best().name(),
            load: load(),
        }
    }
}

/// The processor's name, as its system tells.
fn processor() -> Option<String> {
    let name = if cfg!(target_os = "linux") {
        let about = std::fs::read_to_string("/proc/cpuinfo").ok()?;
        let line = about.lines().find(|line| line.starts_with("model name"))?;
        line.split_once(':')?.1.to_owned()
    } else if cfg!(target_os = "macos") {
        let mut query = std::process::Command::new("sysctl");
        let answer = query.args(["-n", "machdep.cpu.brand_string"]).output();
        String::from_utf8(answer.ok()?.stdout).ok()?
    } else {
        std::env::var("PROCESSOR_IDENTIFIER").ok()?
    };
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn load() -> Option<f64> {
    let about = std::fs::read_to_string("/proc/loadavg").ok()?;
    about.split_whitespace().next()?.parse().ok()
}

impl Report {
    /// A heading and a table in Markdown, which reads as it is and can be pasted.
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let machine = &self.machine;
        writeln!(
            out,
            "Keepers {} on {} {}",
            self.keepers, machine.system, machine.architecture
        )?;
        let processor = machine.processor.as_deref().map(paths::clean);
        let processor = processor.as_deref().unwrap_or("processor not known");
        write!(
            out,
            "{processor}, {} cores, {}",
            machine.cores, machine.instructions
        )?;
        match machine.load {
            Some(load) => writeln!(out, "; load before the start {load:.1}")?,
            None => writeln!(out)?,
        }
        let made = if self.photos.made {
            ", made for this"
        } else {
            ""
        };
        writeln!(
            out,
            "{} photos of {:.1} megapixels and {:.1} MB{made}; rounds: {}\n",
            self.photos.count,
            self.photos.megapixels,
            self.photos.bytes / 1e6,
            self.rounds
        )?;
        let names = self
            .results
            .iter()
            .map(|row| cell(&row.model).chars().count());
        let width = names.max().unwrap_or(0).max("model".len());
        writeln!(
            out,
            "| {:width$} | device | decoding | network | file to score | ceiling | share |",
            "model"
        )?;
        writeln!(
            out,
            "|-{:-<width$}-|--------|---------:|--------:|--------------:|--------:|------:|",
            ""
        )?;
        for row in &self.results {
            let share = row.share.map(|share| format!("{:.0} %", 100.0 * share));
            writeln!(
                out,
                "| {:width$} | {:6} | {:>8} | {:>7} | {:>13} | {:>7} | {:>5} |",
                cell(&row.model),
                row.device,
                rate(row.decode),
                rate(row.network),
                rate(row.pipeline),
                rate(row.ceiling),
                share.unwrap_or_else(|| "-".to_owned())
            )?;
        }
        writeln!(
            out,
            "\nPhotos per second. The ceiling is what decoding and network, measured alone,\n\
             allow together."
        )
    }
}

/// A name that is one cell of a Markdown table.
fn cell(name: &str) -> String {
    paths::clean(name).replace('|', "\\|")
}

/// A rate with three digits.
fn rate(rate: Option<f64>) -> String {
    match rate {
        Some(rate) if rate >= 100.0 => format!("{rate:.0}"),
        Some(rate) if rate >= 10.0 => format!("{rate:.1}"),
        Some(rate) => format!("{rate:.2}"),
        None => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read_and_pasted() {
        let row = |model: &str, error: Option<&str>| Row {
            model: model.to_owned(),
            device: "cpu".to_owned(),
            decode: error.is_none().then_some(10.0),
            network: error.is_none().then_some(123.4),
            pipeline: error.is_none().then_some(8.3),
            ceiling: error.is_none().then_some(9.25),
            share: error.is_none().then_some(0.897),
            error: error.map(str::to_owned),
        };
        let report = Report {
            keepers: "1.2.3",
            machine: Machine {
                system: "linux",
                architecture: "x86_64",
                processor: Some("Some processor".to_owned()),
                cores: 4,
                instructions: "AVX2",
                load: Some(0.12),
            },
            photos: About {
                count: 32,
                megapixels: 24.0,
                bytes: 7.1e6,
                made: true,
            },
            rounds: 3,
            results: vec![row("keepers-compact", None), row("a|b", Some("no"))],
        };
        let mut out = Vec::new();
        report.table(&mut out).unwrap();
        let expected = "\
Keepers 1.2.3 on linux x86_64
Some processor, 4 cores, AVX2; load before the start 0.1
32 photos of 24.0 megapixels and 7.1 MB, made for this; rounds: 3

| model           | device | decoding | network | file to score | ceiling | share |
|-----------------|--------|---------:|--------:|--------------:|--------:|------:|
| keepers-compact | cpu    |     10.0 |     123 |          8.30 |    9.25 |  90 % |
| a\\|b            | cpu    |        - |       - |             - |       - |     - |

Photos per second. The ceiling is what decoding and network, measured alone,
allow together.
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
