//! What somebody types, one thing after the other, and what is said to it: as it stands in a file.

use std::process::Command;

use super::stable::Names;
use crate::support::world::{Ended, World, finish};

/// A story under way.
pub(crate) struct Story<'a> {
    world: &'a World,
    pub(crate) names: Names,
    text: String,
}

impl<'a> Story<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        let mut names = Names::default();
        names.know(world.database.url.clone(), "DATABASE");
        names.know(world.database.url.trim_start_matches("sqlite:"), "DATABASE");
        names.know(world.folder.path().display().to_string(), "FOLDER");
        Self { world, names, text: String::new() }
    }

    /// Somebody types `railpoll` with these words, which may be quoted.
    pub(crate) fn tell(&mut self, line: &str) -> Ended {
        let mut command = self.world.command("railpoll", &[]);
        command.args(words(line));
        let ended = self.run(&format!("railpoll {line}"), &mut command);
        self.answer(&ended.stdout);
        self.answer(&ended.stderr);
        ended
    }

    /// A daemon sweeps once. What it does at once may be told in any order, and what it logs is no contract.
    pub(crate) fn sweep(&mut self, poller: &str, line: &str) {
        let mut command = self.world.command(poller, &[]);
        command.args(words(line));
        let ended = self.run(&format!("railpoll-{poller} {line}"), &mut command);
        let mut lines: Vec<&str> = ended.stdout.lines().collect();
        let told = lines.iter().map(|line| self.names.stable(line)).collect::<Vec<_>>();
        let mut both: Vec<(String, &str)> = told.into_iter().zip(lines.drain(..)).collect();
        both.sort_unstable();
        self.text.extend(both.into_iter().map(|(told, _)| told));
    }

    /// A remark of the teller.
    pub(crate) fn remark(&mut self, text: &str) {
        self.text.push_str(&format!("\n# {text}\n"));
    }

    /// Compares it with the one on file.
    pub(crate) fn same(&self, name: &str) {
        super::same(name, &self.text);
    }

    fn run(&mut self, line: &str, command: &mut Command) -> Ended {
        let ended = finish(command);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        self.text.push_str(&format!("\n$ {}", self.names.stable(line)));
        if ended.code != Some(0) {
            self.text.push_str(&format!("[{}]\n", ended.code.unwrap()));
        }
        ended
    }

    fn answer(&mut self, said: &str) {
        // What is logged beside a command tells of the same, in words that are no contract.
        let is_log = |line: &&str| line.starts_with("{\"timestamp\":");
        let said: Vec<&str> = said.lines().filter(|line| !is_log(line)).collect();
        if !said.is_empty() {
            let told = self.names.stable(&said.join("\n"));
            self.text.push_str(&told);
        }
    }
}

/// The words of a line, as a shell finds them: what stands between ' is one.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (nth, part) in line.split('\'').enumerate() {
        if nth % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}
