//! `railpoll events`: the outbox, listed or followed.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tokio::sync::oneshot;

use super::document::embedded;
use super::failure::Failure;
use super::output::{Out, next_page};
use super::session::Session;
use super::table::{Column, Table};
use super::times::Moment;
use crate::engine::{iso, readable};
use crate::store::{EventFilter, Store, StoredEvent};

/// How often the outbox is looked at while it is followed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// As many events are read at a time while it is followed.
const READ_MAX: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum EventsCommand {
    /// List events, oldest first
    #[command(after_help = LIST_EXAMPLES)]
    List(ListArgs),
    /// Print events as they happen, until it is stopped
    #[command(after_help = TAIL_EXAMPLES)]
    Tail(TailArgs),
}

const LIST_EXAMPLES: &str = "\
Examples:
  railpoll events list --since 1h
  railpoll events list --type payment.state_changed --json
  railpoll events list --subject payment/acme/7d5c0d39";

const TAIL_EXAMPLES: &str = "\
Examples:
  railpoll events tail                               from now on
  railpoll events tail --from 0 --json               everything that ever happened, and what will

Events come in the order of their ids, and none comes before one that was printed: a program that remembers the last
id and goes on with --from misses nothing.";

/// Which events to list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only events since then: a date, a time, or a time back such as 2h
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Only events of this type, such as alert.raised
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only events about this: payment/NETWORK/PAYMENT or alert/NAME
    #[arg(long)]
    subject: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "50")]
    limit: NonZeroU32,
    /// Only events after the one with this id
    #[arg(long, value_name = "ID", default_value = "0")]
    after: i64,
}

/// Where to begin.
#[derive(Debug, Args)]
pub(super) struct TailArgs {
    /// Begin after the event with this id [default: the newest]
    #[arg(long, value_name = "ID")]
    from: Option<i64>,
}

#[derive(Debug, Serialize)]
struct EventJson<'a> {
    id: i64,
    #[serde(rename = "type")]
    event_type: &'a str,
    subject: &'a str,
    version: i64,
    at: String,
    data: Box<RawValue>,
}

pub(super) async fn run(
    session: &Session,
    command: EventsCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        EventsCommand::List(args) => list(session, args, out).await,
        EventsCommand::Tail(args) => tail(session, &args, out).await,
    }
}

async fn list(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let filter = EventFilter {
        after: args.after,
        since: args.since.map(|since| since.before(session.now())),
        event_type: args.event_type,
        subject: args.subject,
        // One more tells whether there is a next page.
        limit: args.limit.get().saturating_add(1),
    };
    let mut events = session.look().await?.events(&filter).await?;
    let shown = usize::try_from(args.limit.get()).unwrap_or(usize::MAX);
    let more = events.len() > shown;
    events.truncate(shown);
    if out.is_json() {
        return events.iter().try_for_each(|event| json(event, out));
    }
    if events.is_empty() {
        return out.line("no events");
    }
    let mut table = Table::new(&[
        Column::right("ID"),
        Column::left("AT"),
        Column::left("TYPE"),
        Column::left("SUBJECT"),
        Column::prose("FACTS"),
    ]);
    for event in &events {
        table.row([
            event.id.to_string().into(),
            readable(event.occurred_at).into(),
            event.event_type.as_str().into(),
            event.subject.as_str().into(),
            facts(&event.data).into(),
        ]);
    }
    out.table(&table)?;
    let next = events.last().filter(|_| more).map(|last| last.id.to_string());
    out.notes(next.map(|token| next_page(session.command_line(), &token)).as_slice())
}

async fn tail(session: &Session, args: &TailArgs, out: &mut Out) -> Result<(), Failure> {
    let stop = stop()?;
    let store = session.look().await?;
    let from = match args.from {
        Some(id) => id,
        None => store.newest_event().await?,
    };
    // It can be stopped between two readings, and while it waits for one: all that was read is printed by then.
    tokio::select! {
        _ = stop => Ok(()),
        end = follow(&store, from, out) => end,
    }
}

async fn follow(store: &Store, from: i64, out: &mut Out) -> Result<(), Failure> {
    let mut last = from;
    loop {
        let events = store.events_after(last, READ_MAX).await?;
        for event in &events {
            if out.is_json() {
                json(event, out)?;
            } else {
                out.line(line(event))?;
            }
            last = event.id;
        }
        out.flush()?;
        if events.len() < usize::try_from(READ_MAX).unwrap_or(usize::MAX) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Answers once this process is told to stop. A second signal ends it where it is: perhaps nobody reads what it writes.
fn stop() -> Result<oneshot::Receiver<()>, Failure> {
    let error = |error| Failure::Defect(format!("signals cannot be caught: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(error)?;
    let (told, stop) = oneshot::channel();
    std::thread::spawn(move || {
        let mut signals = signals.forever();
        if signals.next().is_some() {
            told.send(()).ok();
        }
        if let Some(signal) = signals.next() {
            emulate_default_handler(signal).ok();
        }
    });
    Ok(stop)
}

fn json(event: &StoredEvent, out: &mut Out) -> Result<(), Failure> {
    out.json(&EventJson {
        id: event.id,
        event_type: &event.event_type,
        subject: &event.subject,
        version: event.version,
        at: iso(event.occurred_at),
        data: embedded(&event.data)?,
    })
}

/// An event in a line, with columns as wide as they usually are: the next events are not known yet.
fn line(event: &StoredEvent) -> String {
    format!(
        "{:>8}  {}  {:<21}  {}  {}",
        event.id,
        readable(event.occurred_at),
        event.event_type,
        event.subject,
        facts(&event.data)
    )
}

/// The facts of an event for people: each with its name, but for those that the subject tells.
fn facts(data: &str) -> String {
    let Ok(Value::Object(facts)) = serde_json::from_str::<Value>(data) else {
        return data.to_owned();
    };
    let told = |name: &str| name == "network" || name == "payment_id";
    let facts = facts.iter().filter(|(name, _)| !told(name)).filter_map(|(name, value)| {
        Some(match value {
            Value::Null => return None,
            Value::String(text) if text.is_empty() => return None,
            Value::String(text) => format!("{name}={text}"),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                format!("{name}={value}")
            }
        })
    });
    facts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_those_that_the_subject_does_not_tell() {
        let data = r#"{"network":"acme","payment_id":"p1","state":"LOCKED","code":null,"amount":"1.10","was":{"a":1}}"#;
        assert_eq!(facts(data), r#"amount=1.10 state=LOCKED was={"a":1}"#);
        assert_eq!(facts("not json"), "not json");
    }
}
