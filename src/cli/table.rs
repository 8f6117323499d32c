//! Tables for people: no borders, columns that line up, numbers to the right.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Width, presets};

use super::output::{Look, printable};

/// Between two columns.
const GAP: u16 = 2;
/// A column of prose that is longer is never narrower.
const PROSE_MIN: u16 = 20;
/// A word that is longer is cut where the line ends: an address, a hash. A shorter one is kept whole: a word, an amount.
const WHOLE_MAX: usize = 40;

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    title: &'static str,
    right: bool,
    wraps: bool,
    spare: bool,
}

/// A cell of a table.
#[derive(Debug, Default)]
pub(super) struct Cell {
    text: String,
    paint: Option<Paint>,
}

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// All is well.
    Good,
    /// Somebody should look.
    Watch,
    /// Something is wrong.
    Bad,
    /// Of less interest.
    Faint,
}

impl Column {
    /// Words that are kept whole, to be read and copied.
    pub(super) const fn left(title: &'static str) -> Self {
        Self { title, right: false, wraps: false, spare: false }
    }

    /// Numbers.
    pub(super) const fn right(title: &'static str) -> Self {
        Self { title, right: true, wraps: false, spare: false }
    }

    /// Prose: it takes the room that there is, and goes on in the next line.
    pub(super) const fn prose(title: &'static str) -> Self {
        Self { title, right: false, wraps: true, spare: false }
    }

    /// The same, left out where the terminal is too narrow for all columns: the last one first.
    pub(super) const fn spare(self) -> Self {
        Self { spare: true, ..self }
    }
}

impl Cell {
    /// The same in a colour, where there are colours. Prose has none.
    pub(super) fn paint(self, paint: Paint) -> Self {
        Self { paint: Some(paint), ..self }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, paint: None }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// What is not there is a dash.
impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        text.map_or_else(|| Self::from("-").paint(Paint::Faint), Self::from)
    }
}

impl Paint {
    /// A character without width that stands for the colour while the table is laid out.
    const fn mark(self) -> char {
        match self {
            Self::Good => '\u{2061}',
            Self::Watch => '\u{2062}',
            Self::Bad => '\u{2063}',
            Self::Faint => '\u{2064}',
        }
    }

    const fn escape(self) -> &'static str {
        match self {
            Self::Good => "\x1b[32m",
            Self::Watch => "\x1b[33m",
            Self::Bad => "\x1b[31m",
            Self::Faint => "\x1b[2m",
        }
    }
}

const PAINTS: [Paint; 4] = [Paint::Good, Paint::Watch, Paint::Bad, Paint::Faint];
const PAINT_END: char = '\u{2060}';
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

impl Table {
    pub(super) fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub(super) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines of text. The titles are left out if none of the columns has one.
    pub(super) fn lines(&self, look: Look) -> Vec<String> {
        self.laid_out(look, None)
    }

    /// The lines of a table that goes on under another one, whose columns are so wide.
    pub(super) fn further_lines(&self, look: Look, widths: &[u16]) -> Vec<String> {
        self.laid_out(look, Some(widths))
    }

    /// How wide each column is, the gap behind it left out; 0 of one that is left out.
    pub(super) fn widths(&self, look: Look) -> Vec<u16> {
        let titles = |column: &Column| column.title.chars().count();
        let widest = |(at, column): (usize, &Column)| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            let widest =
                cells.map(|cell| cell.text.chars().count()).fold(titles(column), usize::max);
            u16::try_from(widest).unwrap_or(u16::MAX)
        };
        let widths: Vec<u16> = self.columns.iter().enumerate().map(widest).collect();
        let hidden = self.hidden(&widths, look.width);
        widths.iter().zip(hidden).map(|(width, hidden)| if hidden { 0 } else { *width }).collect()
    }

    fn laid_out(&self, look: Look, above: Option<&[u16]>) -> Vec<String> {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        let titled = above.is_none() && self.columns.iter().any(|column| !column.title.is_empty());
        if titled {
            table.set_header(self.columns.iter().map(|column| column.title));
        }
        for row in &self.rows {
            let cells = row.iter().zip(&self.columns).map(|(cell, column)| {
                let text = printable(&cell.text);
                match cell.paint {
                    Some(paint) if look.colour && !column.wraps => {
                        format!("{}{text}{PAINT_END}", paint.mark())
                    }
                    Some(_) | None => text.into_owned(),
                }
            });
            table.add_row(cells);
        }
        if let Some(width) = look.width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        let widths = table.column_max_content_widths();
        let hidden = match above {
            Some(above) => above.iter().map(|width| *width == 0).collect(),
            None => self.hidden(&widths, look.width),
        };
        let above = |at: usize| above.and_then(|above| above.get(at)).copied().unwrap_or(0);
        let all = self.columns.iter().zip(widths).zip(hidden).zip(table.column_iter_mut());
        for (at, (((column, width), hidden), laid_out)) in all.enumerate() {
            laid_out.set_padding((0, GAP)).set_constraint(if hidden {
                ColumnConstraint::Hidden
            } else if column.wraps {
                ColumnConstraint::LowerBoundary(Width::Fixed(self.least(at, width) + GAP))
            } else if above(at) > 0 {
                ColumnConstraint::Absolute(Width::Fixed(width.max(above(at)) + GAP))
            } else {
                ColumnConstraint::ContentWidth
            });
            if column.right {
                laid_out.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines = table.lines().enumerate().map(|(index, line)| {
            let line = line.trim_end();
            if look.colour { painted(line, titled && index == 0) } else { line.to_owned() }
        });
        lines.collect()
    }

    /// How wide the column `at` must be at least, if `width` is what its widest cell takes.
    fn least(&self, at: usize, width: u16) -> u16 {
        if !self.columns.get(at).is_some_and(|column| column.wraps) {
            return width;
        }
        let cells = self.rows.iter().filter_map(|row| row.get(at));
        let words = cells.flat_map(|cell| cell.text.split_whitespace());
        let longest = words.map(|word| word.chars().count()).filter(|length| *length <= WHOLE_MAX);
        let longest = longest.max().and_then(|length| u16::try_from(length).ok()).unwrap_or(0);
        width.min(PROSE_MIN.max(longest))
    }

    /// Which columns are left out, so that the others fit as far as they can.
    fn hidden(&self, widths: &[u16], room: Option<u16>) -> Vec<bool> {
        let mut hidden = vec![false; self.columns.len()];
        let Some(room) = room else { return hidden };
        let needed = |(at, width)| u32::from(self.least(at, width) + GAP);
        let needs: Vec<u32> = widths.iter().copied().enumerate().map(needed).collect();
        let mut total: u32 = needs.iter().sum();
        let spare = self.columns.iter().zip(needs).zip(&mut hidden).rev();
        for ((_, need), hidden) in spare.filter(|((column, _), _)| column.spare) {
            if total > u32::from(room) {
                *hidden = true;
                total -= need;
            }
        }
        hidden
    }
}

fn painted(line: &str, is_title: bool) -> String {
    let mut line = line.replace(PAINT_END, PLAIN);
    for paint in PAINTS {
        line = line.replace(paint.mark(), paint.escape());
    }
    if is_title { format!("{BOLD}{line}{PLAIN}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table =
            Table::new(&[Column::left("NAME"), Column::right("N"), Column::prose("WHY")]);
        table.row([
            "a".into(),
            Cell::from("10").paint(Paint::Bad),
            "one two three four five".into(),
        ]);
        table.row(["bcdef".into(), "7".into(), None.into()]);
        table
    }

    #[test]
    fn columns_line_up_and_numbers_stand_right() {
        let lines = table().lines(Look::default());
        assert_eq!(lines, ["NAME    N  WHY", "a      10  one two three four five", "bcdef   7  -"]);
    }

    #[test]
    fn prose_wraps_where_the_terminal_ends() {
        let lines = table().lines(Look { colour: false, width: Some(33) });
        assert_eq!(lines[1], "a      10  one two three four");
        assert_eq!(lines[2], "           five");
    }

    #[test]
    fn words_and_amounts_are_kept_whole() {
        let mut table = Table::new(&[Column::left("NAME"), Column::prose("FACTS")]);
        let facts = "72747.95057878912345678901 came and 0.5 was_kept_by_the_rail_itself";
        table.row(["a".into(), facts.into()]);
        for width in 10..80 {
            let told = table.lines(Look { colour: false, width: Some(width) }).join("\n");
            for word in facts.split(' ') {
                assert!(told.contains(word), "{width}: {told}");
            }
        }
        let mut table = Table::new(&[Column::prose("FACTS"), Column::left("MORE").spare()]);
        table.row(["72747.95057878912345678901".into(), "spare".into()]);
        let told = table.lines(Look { colour: false, width: Some(30) });
        assert_eq!(told, ["FACTS", "72747.95057878912345678901"]);
    }

    #[test]
    fn spare_columns_give_way() {
        let mut table = Table::new(&[
            Column::left("NAME"),
            Column::left("ONE").spare(),
            Column::right("TWO").spare(),
        ]);
        table.row(["a".into(), "b".into(), "c".into()]);
        let titles = |width| table.lines(Look { colour: false, width: Some(width) }).remove(0);
        assert_eq!(titles(16), "NAME  ONE  TWO");
        assert_eq!(titles(15), "NAME  ONE");
        assert_eq!(titles(5), "NAME");
    }

    #[test]
    fn colours_take_no_room() {
        let lines = table().lines(Look { colour: true, width: None });
        assert_eq!(lines[0], "\x1b[1mNAME    N  WHY\x1b[0m");
        assert_eq!(lines[1], "a      \x1b[31m10\x1b[0m  one two three four five");
    }

    #[test]
    fn a_cell_cannot_bring_its_own_colours() {
        let mut table = Table::new(&[Column::left("")]);
        table.row(["\x1b[31mred\u{2063}".into()]);
        let lines = table.lines(Look { colour: true, width: None });
        assert_eq!(lines, ["\u{fffd}[31mred\u{fffd}"]);
    }
}
