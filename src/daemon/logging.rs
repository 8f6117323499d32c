//! Logs, on standard error.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::Mutex;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Compact, Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::LogFormat;

/// What a daemon logs if `RAILPOLL_LOG` does not say otherwise. The scheduler and the database driver talk too much.
pub const DAEMON: &str = "info,tokio_cron_scheduler=warn,sqlx=warn";
/// The same for a command: nothing below a warning is worth a person's attention while it runs.
pub const COMMAND: &str = "warn";

/// Sends logs to standard error from now on. `usually` is what is logged without `RAILPOLL_LOG`. A second call
/// changes nothing.
pub fn start(format: Option<LogFormat>, usually: &str) {
    let filter =
        EnvFilter::try_from_env("RAILPOLL_LOG").unwrap_or_else(|_| EnvFilter::new(usually));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match format.unwrap_or_else(usual) {
        LogFormat::Pretty => {
            logs.with_ansi(io::stderr().is_terminal()).with_target(false).try_init()
        }
        LogFormat::Json => logs.json().flatten_event(true).with_span_list(false).try_init(),
        LogFormat::Journal => logs.event_format(Journal::new()).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logs go where they went before");
    }
}

/// Sends a daemon's logs to a file from now on, as JSON.
///
/// # Errors
/// The file cannot be written.
pub fn start_to(file: &Path) -> io::Result<()> {
    let file = File::create(file)?;
    let logs = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(DAEMON));
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
