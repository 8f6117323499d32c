//! The help of every command, as the command itself tells it: so a new one cannot be forgotten.

use std::process::Command;

use super::world::{binary, finish};

/// What a command says of itself.
pub(crate) struct Help {
    /// Its words, without `railpoll`.
    pub(crate) words: Vec<String>,
    pub(crate) text: String,
}

impl Help {
    /// The subcommands that it lists.
    fn below(&self) -> Vec<String> {
        let lines = self.text.lines().skip_while(|line| *line != "Commands:").skip(1);
        // What stands further to the right goes on with what the line before began.
        let names = lines.take_while(|line| !line.is_empty());
        let names = names.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        let names = names.filter_map(|line| line.split_whitespace().next());
        names.filter(|name| *name != "help").map(str::to_owned).collect()
    }

    /// Whether it does something itself, and is not only a name for others.
    pub(crate) fn acts(&self) -> bool {
        let usage = self.text.lines().skip_while(|line| !line.starts_with("Usage: "));
        let mut usage = usage.take_while(|line| !line.is_empty());
        usage.any(|line| !line.ends_with("<COMMAND>"))
    }
}

/// The help of every command, for a terminal so wide.
pub(crate) fn helps(columns: Option<u16>) -> Vec<Help> {
    let mut all = Vec::new();
    add(Vec::new(), columns, &mut all);
    assert!(all.len() > 40, "only {} commands were found", all.len());
    all
}

fn add(words: Vec<String>, columns: Option<u16>, all: &mut Vec<Help>) {
    let mut command = Command::new(binary("railpoll"));
    command.env_clear().args(&words).arg("--help");
    if let Some(columns) = columns {
        command.env("COLUMNS", columns.to_string());
    }
    let help = Help { words, text: finish(&mut command).expect(0).stdout };
    let (words, below) = (help.words.clone(), help.below());
    all.push(help);
    for name in below {
        add([&words[..], &[name]].concat(), columns, all);
    }
}
