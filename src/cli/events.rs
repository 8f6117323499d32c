//! `railpoll events`: the outbox, listed or followed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde_json::Value;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tokio::sync::oneshot;

use super::failure::Failure;
use super::lists::{Format, ListFlags, Listed, counted, walk};
use super::names::{ABOUT, expect_subject};
use super::output::Out;
use super::session::Session;
use super::table::{Column, Table};
use crate::config::nearest;
use crate::engine::{EventType, keyed, readable};
use crate::store::{EventFilter, Store, StoredEvent, Verified};
use crate::views::Viewed as _;

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
    /// Look whether history is still what it was when it was written
    #[command(after_help = VERIFY_HELP)]
    Verify,
}

const VERIFY_HELP: &str = "\
Every event is hashed anew, and compared with the seals that pollers made of it with each sweep. Exit code 1 if an event \
was changed, taken away or put in. Who may write to the database tells the pollers so, too, if that is news: the alert \
events_rewritten comes or goes with their next sweep.";

const LIST_EXAMPLES: &str = "\
Examples:
  railpoll events list --since 1h
  railpoll events list --type payment.state_changed --json
  railpoll events list --type 'alert.*' --newest
  railpoll events list --subject payment/acme/7d5c0d39*";

const TAIL_EXAMPLES: &str = "\
Examples:
  railpoll events tail
  railpoll events tail --type 'alert.*'
  railpoll events tail --from 0 --json

Events come in the order of their ids, and none comes before one that was printed: a program that remembers the last id and goes on with --from misses nothing.";

/// Which events to list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    flags: ListFlags,
    /// Only events that come after the one with this id in the list
    #[arg(long, value_name = "ID")]
    after: Option<i64>,
}

/// What is asked of an event.
#[derive(Debug, Args)]
struct WhichArgs {
    /// Only events of this type, such as alert.raised, or of several, such as 'alert.*'
    #[arg(long = "type", value_name = "TYPE", value_parser = event_type)]
    event_type: Option<String>,
    /// Only events about this: payment/NETWORK/PAYMENT, transfer/TRANSFER, alert/NAME; with * at its end about all that begin so
    #[arg(long)]
    subject: Option<String>,
}

/// Which events to follow, and from where.
#[derive(Debug, Args)]
pub(super) struct TailArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Begin after the event with this id [default: the newest]
    #[arg(long, value_name = "ID")]
    from: Option<i64>,
    /// How it is written [default: table]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

/// A type that there is, or a beginning of some with a star behind it.
fn event_type(text: &str) -> Result<String, String> {
    let types = || EventType::ALL.into_iter().map(EventType::as_str);
    let is_known = match text.strip_suffix('*') {
        Some(beginning) => types().any(|one| one.starts_with(beginning)),
        None => types().any(|one| one == text),
    };
    if is_known {
        return Ok(text.to_owned());
    }
    Err(match nearest(text, types()) {
        Some(near) => format!("there is no such type; did you mean {near}?"),
        None => {
            format!("there is no such type; there are: {}", types().collect::<Vec<_>>().join(", "))
        }
    })
}

pub(super) async fn run(
    session: &Session,
    command: EventsCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        EventsCommand::List(args) => list(session, args, out).await,
        EventsCommand::Tail(args) => tail(session, &args, out).await,
        EventsCommand::Verify => verify(session, out).await,
    }
}

async fn verify(session: &Session, out: &mut Out) -> Result<(), Failure> {
    let store = session.look().await?;
    let verified = store.verify_events().await?;
    if out.is_json() {
        let differences = verified.differences.iter().map(|one| {
            keyed! {
                "after_id": one.after_id, "last_id": one.last_id, "sealed": one.sealed, "found": one.found,
            }
        });
        out.json(&keyed! {
            "events": verified.events,
            "seals": verified.seals,
            "last_id": verified.head.last_id,
            "hash": verified.head.hash.to_string(),
            "differences": differences.collect::<Vec<_>>(),
        })?;
    } else {
        for one in &verified.differences {
            out.line(format!(
                "behind event {}, up to event {}: {} events were sealed, {} are there, and they are not the same",
                one.after_id, one.last_id, one.sealed, one.found
            ))?;
        }
        let (last_id, hash) = (verified.head.last_id, verified.head.hash);
        out.line(format!("{} events up to event {last_id}, hash {hash}", verified.events))?;
    }
    let is_news = store.outlook(0).await?.rewritten != verified.detail();
    let told = if is_news { tell_pollers(session, &verified).await } else { Ok(()) };
    match (verified.detail(), told) {
        (None, Ok(())) => Ok(()),
        (Some(detail), Ok(())) => Err(Failure::Refused(detail)),
        (Some(detail), Err(error)) => {
            Err(Failure::Refused(format!("{detail}\n  the pollers do not know it: {error}")))
        }
        (None, Err(error)) => Err(Failure::Refused(format!(
            "nothing is wrong, but the alert events_rewritten cannot be ended: {error}"
        ))),
    }
}

/// Writes down what was found, for the pollers.
async fn tell_pollers(session: &Session, verified: &Verified) -> Result<(), Failure> {
    let store = session.store().await?;
    Ok(store.record_verified(verified, session.now()).await?)
}

async fn list(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let ListArgs { which, flags, after } = args;
    let only_count = flags.begin(out)?;
    let now = session.now();
    let mut filter = EventFilter {
        after,
        since: flags.since(now),
        until: flags.until(now),
        event_type: which.event_type,
        subject: which.subject,
        newest: flags.newest,
        limit: 0,
    };
    let store = session.look().await?;
    expect_subject(session.settings()?, &store, &ABOUT, filter.subject.as_deref()).await?;
    if only_count {
        return counted::<StoredEvent>(store.events_count(&filter).await?, out);
    }
    let step = async |room, place: Option<i64>| {
        filter.after = place.or(filter.after);
        filter.limit = room;
        Ok(store.events_step(&filter).await?)
    };
    walk(session, &flags, out, "no events", step, i64::to_string).await
}

impl Listed for StoredEvent {
    const NAME: &'static str = "events";

    fn table(rows: &[Self], _now: DateTime<Utc>) -> Table {
        let mut table = Table::new(&[
            Column::right("ID"),
            Column::left("AT"),
            Column::left("TYPE"),
            Column::left("SUBJECT"),
            Column::prose("FACTS"),
        ]);
        for event in rows {
            table.row([
                event.id.to_string().into(),
                readable(event.occurred_at).into(),
                event.event_type.as_str().into(),
                event.subject.as_str().into(),
                facts(&event.data).into(),
            ]);
        }
        table
    }
}

async fn tail(session: &Session, args: &TailArgs, out: &mut Out) -> Result<(), Failure> {
    let stop = stop()?;
    if let Some(format) = args.format {
        out.write_as(format)?;
    }
    let store = session.look().await?;
    let subject = args.which.subject.as_deref();
    expect_subject(session.settings()?, &store, &ABOUT, subject).await?;
    let from = match args.from {
        Some(id) => id,
        None => store.newest_event().await?,
    };
    // It can be stopped between two readings, and while it waits for one: all that was read is printed by then.
    tokio::select! {
        _ = stop => Ok(()),
        end = follow(&store, &args.which, from, out) => end,
    }
}

async fn follow(store: &Store, which: &WhichArgs, from: i64, out: &mut Out) -> Result<(), Failure> {
    let mut filter = EventFilter {
        after: Some(from),
        event_type: which.event_type.clone(),
        subject: which.subject.clone(),
        limit: READ_MAX,
        ..EventFilter::default()
    };
    if out.is_csv() {
        out.csv_heading(StoredEvent::KEYS)?;
    }
    loop {
        let step = store.events_step(&filter).await?;
        for event in &step.rows {
            if out.is_json() {
                out.json(&event.view())?;
            } else if out.is_csv() {
                out.csv_row(StoredEvent::KEYS, &event.view())?;
            } else {
                out.line(line(event))?;
            }
        }
        out.flush()?;
        let last = step.rows.last().map(|event| event.id);
        filter.after = step.next.or(last).or(filter.after);
        if step.next.is_none() {
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
