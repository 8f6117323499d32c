//! `railpoll`: the operator's command. See docs/commands.md.

fn main() -> std::process::ExitCode {
    railpoll::cli::main()
}
