//! Logs, on standard error: how they look, and how much there is of them.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Mutex;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Compact, Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::LogFormat;
use super::patient::Patient;

/// What a daemon logs if `RAILPOLL_LOG` does not say otherwise.
pub const DAEMON: &str = "info";
/// The same for a command: nothing below a warning is worth a person's attention while it runs.
pub const COMMAND: &str = "warn";
/// They talk too much, unless they are asked by name.
const QUIET: &str =
    "tokio_cron_scheduler=warn,sqlx=warn,hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn";
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Sends logs to standard error from now on. `usually` is what is logged without `RAILPOLL_LOG`. A second call
/// changes nothing.
///
/// # Errors
/// `RAILPOLL_LOG` cannot be understood, in words. Nothing is logged then.
pub fn start(format: Option<LogFormat>, usually: &str) -> Result<(), String> {
    let wish = std::env::var_os("RAILPOLL_LOG").unwrap_or_default();
    let wish = wish.to_str().ok_or("RAILPOLL_LOG is no text")?;
    let filter = filter(wish, usually)?;
    let format = format.unwrap_or_else(usual);
    let logs = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    let logs = logs.with_writer(move || Patient(format));
    let started = match format {
        LogFormat::Pretty => logs.with_ansi(is_colourful()).with_target(false).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).with_span_list(false).try_init(),
        LogFormat::Journal => logs.event_format(Journal::new()).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logs go where they went before");
    }
    Ok(())
}

/// What `wish` asks for: a level, or levels by module. Nothing is `usually`.
fn filter(wish: &str, usually: &str) -> Result<EnvFilter, String> {
    let wish = if wish.trim().is_empty() { usually } else { wish };
    // A word without a level would be taken for a module, and all others be silent.
    let is_level = |word: &str| LEVELS.contains(&word.to_lowercase().as_str());
    let is_strange = |part: &&str| !part.contains(['=', '[', ']', '}']) && !is_level(part.trim());
    let strange =
        wish.split(',').find(is_strange).map(|word| format!("`{}` is no level", word.trim()));
    let parsed = match strange {
        Some(why) => Err(why),
        None => {
            EnvFilter::builder().parse(format!("{QUIET},{wish}")).map_err(|error| error.to_string())
        }
    };
    parsed.map_err(|why| {
        format!(
            "RAILPOLL_LOG: {why}: it takes {}, or MODULE=LEVEL, several with a comma between",
            LEVELS.join(", ")
        )
    })
}

/// Whether a person looks at it who likes colours.
fn is_colourful() -> bool {
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|wish| !wish.is_empty());
    io::stderr().is_terminal() && !is_plain
}

/// Sends a daemon's logs to a file from now on, as JSON. Only its owner can read it.
///
/// # Errors
/// The file cannot be written.
pub fn start_to(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(file)?;
    let filter = filter("", DAEMON).map_err(io::Error::other)?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    let started = logs.with_writer(Mutex::new(file)).json().flatten_event(true).try_init();
    started.map_err(io::Error::other)
}

/// What suits the place where standard error goes.
fn usual() -> LogFormat {
    #[expect(
        clippy::disallowed_methods,
        reason = "systemd's word on where stderr goes, no setting"
    )]
    let under_systemd = std::env::var("JOURNAL_STREAM").is_ok();
    if io::stderr().is_terminal() {
        LogFormat::Pretty
    } else if under_systemd {
        LogFormat::Journal
    } else {
        LogFormat::Json
    }
}

/// A line with a priority that journald understands (sd-daemon(3)).
struct Journal(Format<Compact, ()>);

impl Journal {
    fn new() -> Self {
        let format = tracing_subscriber::fmt::format();
        Self(format.compact().without_time().with_ansi(false).with_level(false).with_target(false))
    }
}

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

/// syslog's number for a level.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_no_wish_and_an_unknown_word_is_a_mistake() {
        for (wish, means) in [
            ("", "info"),
            ("  ", "info"),
            ("debug", "debug"),
            ("WARN", "warn"),
            ("warn,railpoll::networks=debug", "railpoll::networks=debug"),
            ("info,sqlx=debug", "sqlx=debug"),
            ("off", "off"),
        ] {
            let filter = filter(wish, DAEMON).unwrap().to_string();
            assert!(filter.split(',').any(|part| part == means), "{wish}: {filter}");
        }
        for wish in ["debgu", "warning", "verbose", "info,railpoll", "railpoll=loud", "info,,debug"]
        {
            let why = filter(wish, DAEMON).unwrap_err();
            assert!(why.contains("RAILPOLL_LOG") && why.contains("debug"), "{wish}: {why}");
        }
    }
}
