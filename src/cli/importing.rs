//! What all imports of files share: the file, its bar, and the lines that are wrong.

use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::failure::{Failure, say, say_json};
use super::lines::{self, FileFormat, Line};
use crate::daemon::Exit;
use crate::engine::keyed;

/// A person reads no more, and mends none of them one by one.
const TOLD_MAX: usize = 100;
/// Bytes in a file of which the whole is one thing: a claim, a notification.
const SMALL: u64 = 1 << 20;

/// Where the lines are.
#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// The file; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How it is written [default: csv for a name that ends in .csv, else json]
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// Find the mistakes, and create nothing
    #[arg(long)]
    pub(super) check: bool,
}

/// A line that is wrong: its number, and its faults.
pub(super) type Bad = (u64, Vec<String>);

impl FileArgs {
    /// The lines of the file.
    pub(super) fn lines(&self) -> Result<Vec<Line>, Failure> {
        self.read().map_err(|why| {
            Failure::Refused(format!("{} cannot be read: {why}", self.file.display()))
        })
    }

    fn read(&self) -> Result<Vec<Line>, String> {
        let is_csv = self.file.extension().is_some_and(|it| it.eq_ignore_ascii_case("csv"));
        let usual = if is_csv { FileFormat::Csv } else { FileFormat::Json };
        lines::read(open(&self.file)?, self.format.unwrap_or(usual))
    }
}

/// The text of a small file that somebody named, or of standard input.
pub(super) fn text_of(file: &Path) -> Result<String, Failure> {
    let failure =
        |why: String| Failure::Refused(format!("{} cannot be read: {why}", file.display()));
    let mut text = String::new();
    let read = open(file).map_err(failure)?.take(SMALL).read_to_string(&mut text);
    read.map_err(|error| failure(error.to_string()))?;
    Ok(text.trim().to_owned())
}

/// A file that somebody named, or standard input.
fn open(file: &Path) -> Result<Box<dyn Read>, String> {
    if file == Path::new("-") {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    Ok(Box::new(File::open(file).map_err(|error| error.to_string())?))
}

/// Names every line that is wrong.
pub(super) fn refused(bad: &[Bad], json: bool) -> Failure {
    if json {
        for (number, faults) in bad {
            for fault in faults {
                say_json(
                    &keyed! { "error": fault, "code": "bad_line", "hint": None::<&str>, "line": number },
                );
            }
        }
        return Failure::Told(Exit::Refused);
    }
    for (number, faults) in bad.iter().take(TOLD_MAX) {
        for fault in faults {
            say(&format!("line {number}: {fault}"));
        }
    }
    if let Some(more) = bad.len().checked_sub(TOLD_MAX).filter(|more| *more > 0) {
        say(&format!("and {more} lines more"));
    }
    let count = bad.len();
    let lines = if count == 1 { "line is" } else { "lines are" };
    say(&format!("{count} {lines} wrong: nothing was imported"));
    Failure::Told(Exit::Refused)
}

/// A bar for whoever waits at a terminal.
pub(super) fn progress(of: u64, message: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(of);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.set_message(message);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
