//! Logs: always on standard error, so that standard output is for programs.

use std::fmt;
use std::io::{self, IsTerminal as _};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// For a person at a terminal
    Pretty,
    /// One JSON object per line
    Json,
    /// For systemd's journal, which adds the time itself and reads the level from the line's beginning
    Journal,
}

/// Nothing below a warning is worth an operator's attention while a command runs.
const FILTER: &str = "warn";

/// Starts logging, in `format` or what fits the place that logs go to.
pub(super) fn start(format: Option<LogFormat>) {
    let format = format.unwrap_or_else(fitting);
    let builder = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(format == LogFormat::Pretty && io::stderr().is_terminal())
        .with_env_filter(EnvFilter::new(FILTER));
    let started = match format {
        LogFormat::Pretty => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
        LogFormat::Journal => builder.event_format(Journal).try_init(),
    };
    // It can only fail if somebody in this process logs already, which is just as well.
    drop(started);
}

/// Systemd sets `JOURNAL_STREAM` for what it connects to the journal.
fn fitting() -> LogFormat {
    if io::stderr().is_terminal() {
        LogFormat::Pretty
    } else if std::env::var_os("JOURNAL_STREAM").is_some() {
        LogFormat::Journal
    } else {
        LogFormat::Json
    }
}

/// Lines that begin with syslog's number of their level, as in `<4>`.
struct Journal;

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
        write!(writer, "<{}>", syslog_number(*event.metadata().level()))?;
        Format::default().without_time().with_level(false).format_event(context, writer, event)
    }
}

fn syslog_number(level: Level) -> u8 {
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
    fn levels_are_those_of_syslog() {
        assert_eq!([Level::ERROR, Level::WARN, Level::INFO].map(syslog_number), [3, 4, 6]);
    }
}
