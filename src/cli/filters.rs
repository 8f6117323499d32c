//! What a command line asks of a list: a list that is empty because of that must not read as if there were nothing at all.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::output::shell_word;

/// Flags with a value that say how a list is shown, and not what is in it.
const HOW: [&str; 5] = ["limit", "format", "config", "set", "log-format"];

/// The filters on a command line that was found to be right, as they may be typed. None: it has none.
pub(super) fn given(command: &Command, matches: &ArgMatches) -> Option<String> {
    let (mut command, mut matches) = (command, matches);
    while let Some((name, below)) = matches.subcommand() {
        (command, matches) = (command.find_subcommand(name)?, below);
    }
    let mut words = Vec::new();
    for arg in command.get_arguments().filter(|arg| arg.get_action().takes_values()) {
        let Some(long) = arg.get_long().filter(|long| !HOW.contains(long)) else { continue };
        let id = arg.get_id().as_str();
        if matches.value_source(id) == Some(ValueSource::CommandLine) {
            let values = matches.get_raw(id).into_iter().flatten();
            let values = values.map(|value| shell_word(&value.to_string_lossy()));
            words.push(format!("--{long}"));
            words.extend(values);
        }
    }
    if words.is_empty() { None } else { Some(words.join(" ")) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::super::Cli;
    use super::*;

    #[test]
    fn filters_are_what_narrows_a_list() {
        let given = |line: &str| {
            let command = Cli::command();
            let matches = command.clone().try_get_matches_from(line.split(' ')).unwrap();
            given(&command, &matches)
        };
        let told = |line| given(line).unwrap_or_default();
        assert_eq!(told("railpoll payments list --limit 3 --newest --set a.b=c --json"), "");
        assert_eq!(told("railpoll transfers incoming list --all"), "");
        assert_eq!(
            told("railpoll events list --type alert.* --limit 3 --since 2h"),
            "--type 'alert.*' --since 2h"
        );
        assert_eq!(told("railpoll audit list --by o'neill"), r"--by 'o'\''neill'");
    }
}
