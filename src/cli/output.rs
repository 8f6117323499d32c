//! Standard output: lines, JSON lines and tables, safe for a terminal and for a pipe that is closed early.

use std::collections::HashMap;
use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, StdoutLock, Write as _};

use clap::Command;
use serde::Serialize;
use serde_json::value::RawValue;

use super::failure::Failure;
use super::lists::Format;
use super::table::Table;
use crate::engine::escaped;
pub(super) use crate::engine::printable;

/// Where a command's answer goes.
pub(super) struct Out {
    stdout: BufWriter<StdoutLock<'static>>,
    format: Format,
    look: Look,
    terminal: bool,
    /// The columns' widths of the table whose next part is to come.
    widths: Vec<u16>,
}

/// What the place that we write to can show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether colours are shown, and wanted.
    pub(super) colour: bool,
    /// Characters in a line; none where nothing has to fit.
    pub(super) width: Option<u16>,
}

impl Out {
    /// Standard output of this process.
    pub(super) fn stdout(json: bool) -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let look = if is_terminal { terminal() } else { Look::default() };
        let format = if json { Format::Json } else { Format::Table };
        let stdout = BufWriter::new(stdout.lock());
        Self { stdout, format, look, terminal: is_terminal, widths: Vec::new() }
    }

    /// Whether programs read us: then only [`Self::json`] is to be called.
    pub(super) const fn is_json(&self) -> bool {
        matches!(self.format, Format::Json)
    }

    /// Whether it is written for a spreadsheet.
    pub(super) const fn is_csv(&self) -> bool {
        matches!(self.format, Format::Csv)
    }

    /// Writes in another format from now on. With `--json` no other is possible.
    pub(super) fn write_as(&mut self, format: Format) -> Result<(), Failure> {
        if self.is_json() && format != Format::Json {
            return Err(Failure::Usage("--json is --format json: give one of them".to_owned()));
        }
        self.format = format;
        Ok(())
    }

    /// Writes the names of the columns of a list for a spreadsheet.
    pub(super) fn csv_heading(&mut self, keys: &[&str]) -> Result<(), Failure> {
        self.csv(keys.iter().map(|key| (*key).to_owned()))
    }

    /// Writes a row of it: what is not there is empty, and what is no text is JSON.
    pub(super) fn csv_row(&mut self, keys: &[&str], row: &impl Serialize) -> Result<(), Failure> {
        let defect = |error| Failure::Defect(format!("not JSON: {error}"));
        let text = serde_json::to_string(row).map_err(defect)?;
        let mut fields: HashMap<String, Box<RawValue>> =
            serde_json::from_str(&text).map_err(defect)?;
        let fields = keys.iter().map(|key| {
            let Some(raw) = fields.remove(*key) else { return Ok(String::new()) };
            match raw.get() {
                "null" => Ok(String::new()),
                text if text.starts_with('"') => serde_json::from_str(text).map_err(defect),
                other => Ok(other.to_owned()),
            }
        });
        let fields = fields.collect::<Result<Vec<String>, Failure>>()?;
        self.csv(fields)
    }

    fn csv(&mut self, fields: impl IntoIterator<Item = String>) -> Result<(), Failure> {
        let mut writer = csv::Writer::from_writer(&mut self.stdout);
        let is_terminal = self.terminal;
        let fields = fields.into_iter().map(|field| cell(field, is_terminal));
        let written = writer.write_record(fields).and_then(|()| writer.flush().map_err(Into::into));
        written.map_err(|error| failure(error.into()))
    }

    /// Writes a part of a long table, under the columns of its first part.
    pub(super) fn part_of_table(&mut self, table: &Table, first: bool) -> Result<(), Failure> {
        if first {
            self.widths = table.widths(self.look);
            return self.table(table);
        }
        for line in table.further_lines(self.look, &self.widths) {
            self.write(line.as_bytes())?;
            self.write(b"\n")?;
        }
        Ok(())
    }

    /// Writes a line for people.
    pub(super) fn line(&mut self, text: impl Display) -> Result<(), Failure> {
        let text = text.to_string();
        self.write(format!("{}\n", printable(&text)).as_bytes())
    }

    /// Writes the lines, if there are any, after an empty one.
    pub(super) fn notes(&mut self, notes: &[String]) -> Result<(), Failure> {
        if !notes.is_empty() {
            self.write(b"\n")?;
        }
        notes.iter().try_for_each(|note| self.line(note))
    }

    /// Writes a line for people that stands over what follows.
    pub(super) fn heading(&mut self, text: &str) -> Result<(), Failure> {
        let text = printable(text);
        let line =
            if self.look.colour { format!("\x1b[1m{text}\x1b[0m\n") } else { format!("{text}\n") };
        self.write(line.as_bytes())
    }

    /// Writes an object for programs, in a line of its own.
    pub(super) fn json(&mut self, object: &impl Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(object)
            .map_err(|error| Failure::Defect(format!("not JSON: {error}")))?;
        // A terminal takes some characters as orders. Inside a JSON string they can be written as escapes.
        let line = if self.terminal { escaped(&line).into_owned() } else { line };
        self.write(format!("{line}\n").as_bytes())
    }

    /// Writes a table.
    pub(super) fn table(&mut self, table: &Table) -> Result<(), Failure> {
        for line in table.lines(self.look) {
            self.write(line.as_bytes())?;
            self.write(b"\n")?;
        }
        Ok(())
    }

    /// Writes bytes as they are: a script, a manual page.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stdout.write_all(bytes).map_err(failure)
    }

    /// Sees to it that all of it was written.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.stdout.flush().map_err(failure)
    }
}

/// A field for a spreadsheet: a file gets what there is, and a terminal would take some of it as orders.
fn cell(field: String, is_terminal: bool) -> String {
    if is_terminal { printable(&field).into_owned() } else { field }
}

fn failure(error: io::Error) -> Failure {
    if error.kind() == ErrorKind::BrokenPipe {
        return Failure::Closed;
    }
    Failure::Write { what: "to standard output".to_owned(), error }
}

fn terminal() -> Look {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    Look { colour: !set("NO_COLOR") && !dumb, width: u16::try_from(columns()).ok() }
}

/// The terminal's width. clap knows it, because it fits help texts into it: a text of short words shows it.
fn columns() -> usize {
    let ruler = Command::new("ruler").about("i ".repeat(2000)).help_template("{about}");
    let ruler = ruler.max_term_width(1000).render_help().to_string();
    ruler.lines().map(str::len).fold(0, usize::max)
}

/// Tells how to see the next page: `command` with `--after token` in place of any other.
pub(super) fn next_page(command: &[String], token: &str) -> String {
    let mut words = Vec::new();
    let mut command = command.iter();
    while let Some(word) = command.next() {
        if word == "--after" {
            command.next();
        } else if !word.starts_with("--after=") {
            words.push(shell_word(word));
        }
    }
    words.extend(["--after".to_owned(), shell_word(token)]);
    format!("more: {}", words.join(" "))
}

/// A word as a shell takes it, whatever is in it.
pub(super) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_on_a_terminal_gives_no_orders() {
        let field = "Ann\x1b[2J\u{202e}".to_owned();
        assert_eq!(cell(field.clone(), false), field);
        assert_eq!(cell(field, true), "Ann\u{fffd}[2J\u{fffd}");
    }

    #[test]
    fn the_next_page_is_the_same_command_with_another_token() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let first = words("railpoll payments list --limit 2");
        assert_eq!(
            next_page(&first, "t/n/p"),
            "more: railpoll payments list --limit 2 --after t/n/p"
        );
        let second = words("railpoll payments list --after t/n/p --limit 2");
        assert_eq!(
            next_page(&second, "u/n/q"),
            "more: railpoll payments list --limit 2 --after u/n/q"
        );
        let third = words("railpoll payments list --after=t/n/p");
        assert_eq!(next_page(&third, "$(x)'"), r"more: railpoll payments list --after '$(x)'\'''");
    }

    #[test]
    fn the_terminal_has_a_width() {
        assert!(columns() > 0);
    }
}
