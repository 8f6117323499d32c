//! The flags that all daemons take.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};

use crate::config::Sources;
use crate::engine::Poller;
use crate::jobs::Stage;

/// The flags that every command of railpoll takes.
#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// A configuration file; may be given more than once, later files win.
    ///
    /// Without it: /etc/railpoll/railpoll.toml, or else config/railpoll.toml. A conf.d/*.toml beside the last one is
    /// read too.
    #[arg(long, short, value_name = "FILE", global = true, help_heading = "Everywhere")]
    pub config: Vec<PathBuf>,
    /// Overrides one key, e.g. `--set pollers.accepted.fixed_delay=5s`
    #[arg(long, value_name = "KEY=VALUE", global = true, help_heading = "Everywhere")]
    pub set: Vec<String>,
    /// How logs look. They go to standard error always.
    ///
    /// Default: pretty on a terminal, journal under systemd, else json.
    #[arg(long, value_name = "FORMAT", global = true, help_heading = "Everywhere")]
    pub log_format: Option<LogFormat>,
    /// One JSON object per line on standard output, errors too on standard error.
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
}

impl CommonArgs {
    /// The same with every file and key that stands among `words`, the process's own, in their order. clap keeps those
    /// of the last command only: what stood before it would be dropped without a word.
    #[must_use]
    pub fn gathered(mut self, words: &[OsString]) -> Self {
        let (config, set) = gather(words);
        (self.config, self.set) = (config, set);
        self
    }

    /// Where the settings come from.
    #[must_use]
    pub fn sources(&self) -> Sources {
        Sources::from_process(self.config.clone(), self.set.clone())
    }
}

/// The files and keys on a command line that was found to be right.
fn gather(words: &[OsString]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut config, mut set) = (Vec::new(), Vec::new());
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if text == "--" {
            break;
        }
        if text == "--set" {
            set.extend(words.next().map(|value| value.to_string_lossy().into_owned()));
        } else if let Some(value) = text.strip_prefix("--set=") {
            set.push(value.to_owned());
        } else if text == "--config" || text == "-c" {
            config.extend(words.next().map(PathBuf::from));
        } else if let Some(value) = text.strip_prefix("--config=") {
            config.push(value.into());
        } else if let Some(value) = text.strip_prefix("-c").filter(|_| !text.starts_with("--")) {
            config.push(value.strip_prefix('=').unwrap_or(value).into());
        }
    }
    (config, set)
}

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For a person at a terminal.
    Pretty,
    /// One JSON object per line.
    Json,
    /// For systemd's journal: its priorities, and no time, which the journal knows.
    Journal,
}

/// The flags of a daemon.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true, max_term_width = 100)]
pub(super) struct DaemonArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// One sweep, then exit (the default): for cron, timers and a person.
    #[arg(long, conflicts_with = "loop")]
    pub(super) once: bool,
    /// Run for ever: initial delay, sweep, fixed delay, sweep, …
    #[arg(long)]
    pub(super) r#loop: bool,
    /// Collect and decide, print what would be recorded and done, and change nothing, here or at the network.
    #[arg(long, conflicts_with = "loop")]
    pub(super) dry_run: bool,
}

/// The flags of `railpoll-outgoing`.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true, max_term_width = 100)]
pub(super) struct OutgoingArgs {
    #[command(flatten)]
    daemon: DaemonArgs,
    /// Only this part of the work [default: both]
    #[arg(long)]
    stage: Option<Stage>,
}

/// The command line of a poller's binary.
pub(super) fn command(poller: Poller) -> clap::Command {
    // It alone has work in two stages.
    let command =
        if poller == Poller::Outgoing { OutgoingArgs::command() } else { DaemonArgs::command() };
    command.name(poller.binary()).about(poller.facts().about)
}

/// What the command line of a poller's binary says; its stage only where there are several.
pub(super) fn parse(
    poller: Poller,
    words: impl IntoIterator<Item = OsString>,
) -> Result<(DaemonArgs, Option<Stage>), clap::Error> {
    let told = command(poller).try_get_matches_from(words)?;
    if poller == Poller::Outgoing {
        let OutgoingArgs { daemon, stage } = OutgoingArgs::from_arg_matches(&told)?;
        Ok((daemon, stage))
    } else {
        Ok((DaemonArgs::from_arg_matches(&told)?, None))
    }
}

/// How a daemon runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunMode {
    /// One sweep.
    Once,
    /// For ever.
    Loop,
    /// One sweep that changes nothing.
    DryRun,
}

impl DaemonArgs {
    pub(super) fn mode(&self) -> RunMode {
        if self.r#loop {
            RunMode::Loop
        } else if self.dry_run {
            RunMode::DryRun
        } else {
            RunMode::Once
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(poller: Poller, flags: &[&str]) -> Option<(RunMode, Option<Stage>)> {
        let words = std::iter::once(poller.binary()).chain(flags.iter().copied());
        let parsed = parse(poller, words.map(OsString::from)).ok();
        parsed.map(|(args, stage)| (args.mode(), stage))
    }

    #[test]
    fn the_flags_are_sound() {
        DaemonArgs::command().debug_assert();
        OutgoingArgs::command().debug_assert();
    }

    #[test]
    fn files_and_keys_are_taken_wherever_they_stand() {
        let words = "railpoll -c a --set x=1 payments --config=b list --set=y=2 -cc -- --set z=3";
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        let (config, set) = gather(&words);
        assert_eq!(config, [PathBuf::from("a"), PathBuf::from("b"), PathBuf::from("c")]);
        assert_eq!(set, ["x=1", "y=2"]);
    }

    #[test]
    fn one_sweep_is_the_default() {
        let mode = |flags: &[&str]| parsed(Poller::Accepted, flags).map(|(mode, _)| mode);
        assert_eq!(mode(&[]), Some(RunMode::Once));
        assert_eq!(mode(&["--once"]), Some(RunMode::Once));
        assert_eq!(mode(&["--loop", "-c", "a.toml", "-c", "b.toml"]), Some(RunMode::Loop));
        assert_eq!(mode(&["--dry-run", "--json"]), Some(RunMode::DryRun));
        assert_eq!(mode(&["--loop", "--once"]), None);
    }

    #[test]
    fn outgoing_alone_has_stages() {
        let stage = |flags: &[&str]| parsed(Poller::Outgoing, flags);
        assert_eq!(stage(&["--loop"]), Some((RunMode::Loop, None)));
        let execute = ["--loop", "--stage", "execute"];
        assert_eq!(stage(&execute), Some((RunMode::Loop, Some(Stage::Execute))));
        assert_eq!(stage(&["--stage=poll"]), Some((RunMode::Once, Some(Stage::Poll))));
        assert_eq!(stage(&["--stage", "lock"]), None);
        assert_eq!(parsed(Poller::PendingDeposits, &execute), None);
    }
}
