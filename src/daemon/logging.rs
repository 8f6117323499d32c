//! Logs, on standard error.

use std::fmt;
use std::io::{self, IsTerminal as _};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Compact, Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::LogFormat;

/// What is logged if `RAILPOLL_LOG` does not say otherwise. The scheduler and the database driver talk too much.
const DEFAULT_FILTER: &str = "info,tokio_cron_scheduler=warn,sqlx=warn";

/// Sends logs to standard error from now on. A second call changes nothing.
pub fn start(format: Option<LogFormat>) {
    let filter =
        EnvFilter::try_from_env("RAILPOLL_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
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
