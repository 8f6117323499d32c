//! `railpoll completions` and `railpoll man`: both from the definitions of the commands.

use std::io;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Cli;
use super::failure::Failure;
use super::output::Out;
use crate::daemon::command_of;
use crate::engine::Poller;

/// For which shell.
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
    /// The program that is completed
    #[arg(default_value = COMMAND, value_parser = PossibleValuesParser::new(programs()))]
    program: String,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  railpoll completions bash \\
    > /usr/share/bash-completion/completions/railpoll
  railpoll completions zsh \\
    > /usr/local/share/zsh/site-functions/_railpoll
  railpoll completions fish \\
    > ~/.config/fish/completions/railpoll.fish
  cd /usr/share/bash-completion/completions
  railpoll completions bash railpoll-accepted \\
    > railpoll-accepted";

/// The name of this program.
const COMMAND: &str = "railpoll";

/// This program and the daemons.
fn programs() -> impl Iterator<Item = &'static str> {
    std::iter::once(COMMAND).chain(Poller::ALL.map(Poller::binary))
}

/// Where to write manual pages.
#[derive(Debug, Args)]
#[command(after_help = MAN_EXAMPLES)]
pub(super) struct ManArgs {
    /// Write a page for every command and daemon into this folder, which is made if need be
    #[arg(long)]
    dir: Option<PathBuf>,
}

const MAN_EXAMPLES: &str = "\
Examples:
  railpoll man | man -l -
  railpoll man --dir /usr/local/share/man/man1";

pub(super) fn completions(args: &CompletionsArgs, out: &mut Out) -> Result<(), Failure> {
    // Into memory first: clap_complete panics where writing fails, and a pipe may be closed.
    let mut script = Vec::new();
    let daemon = Poller::ALL.into_iter().find(|poller| poller.binary() == args.program);
    let mut command = daemon.map_or_else(Cli::command, command_of);
    clap_complete::generate(args.shell, &mut command, args.program.as_str(), &mut script);
    out.write(&script)
}

pub(super) fn man(args: &ManArgs, out: &mut Out) -> Result<(), Failure> {
    let failure = |what: String| move |error| Failure::Write { what, error };
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        Man::new(Cli::command()).render(&mut page).map_err(failure("the page".to_owned()))?;
        return out.write(&page);
    };
    let place = dir.display().to_string();
    std::fs::create_dir_all(dir).map_err(failure(place.clone()))?;
    for command in std::iter::once(Cli::command()).chain(Poller::ALL.map(command_of)) {
        let mut command = command.disable_help_subcommand(true);
        command.build();
        pages(&command, dir).map_err(failure(place.clone()))?;
    }
    Ok(())
}

/// What the foot of each page says.
const SOURCE: &str = concat!("railpoll ", env!("CARGO_PKG_VERSION"));

/// Writes the page of a command, and of each below it: those have no version of their own, which `clap_mangen` would print.
fn pages(command: &Command, dir: &Path) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        pages(below, dir)?;
    }
    Man::new(command.clone()).source(SOURCE).generate_to(dir).map(drop)
}
