//! What goes to standard output: what a sweep did, or would do.

use std::io::{self, IsTerminal as _, Write as _};

use crate::engine::{Keyed, escaped, iso, keyed, printable};
use crate::jobs::Note;
use crate::store::{Scope, SweepRow};

/// How to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Nothing: the log tells.
    Silent,
    /// A line of text for each thing that a dry run would do.
    Text,
    /// A JSON object for each thing.
    Json,
}

impl Output {
    /// Tells of something that a sweep did, or would do.
    pub(super) fn note(self, scope: &Scope, note: &Note) {
        match self {
            Self::Silent => {}
            Self::Text => {
                if let Note::Would { payment_id, what, detail } = note {
                    line(&would(payment_id, what, detail));
                }
            }
            Self::Json => {
                if let Some((what, note)) = note.to_json() {
                    line(&json_line(&at(what, scope).and(note)));
                }
            }
        }
    }

    /// Tells of a whole sweep.
    pub(super) fn sweep(self, scope: &Scope, row: &SweepRow) {
        match self {
            Self::Silent => {}
            Self::Text => {
                let (new, changed) = (row.tally.new, row.tally.changed);
                let (unchanged, pages) = (row.tally.unchanged, row.pages);
                line(&printable(&format!(
                    "{} on {}: {new} new, {changed} changed, {unchanged} unchanged on {pages} pages ({})",
                    scope.poller, scope.network, row.outcome
                )));
            }
            Self::Json => line(&json_line(&at("sweep", scope).and(sweep_json(row)))),
        }
    }
}

/// A sweep for programs, with the keys of `railpoll status --json`.
fn sweep_json(row: &SweepRow) -> Keyed {
    keyed! {
        "started_at": iso(row.started_at),
        "finished_at": iso(row.finished_at),
        "outcome": row.outcome.as_str(),
        "pages": row.pages,
        "requests": row.requests,
        "new": row.tally.new,
        "changed": row.tally.changed,
        "unchanged": row.tally.unchanged,
        "stale": row.tally.stale,
        "quarantined": row.tally.quarantined,
        "acted": row.acted,
        "reason": row.error,
    }
}

/// What is told of, and who tells.
fn at(what: &str, scope: &Scope) -> Keyed {
    keyed! { "what": what, "poller": scope.poller.name(), "place": scope.network }
}

/// What a dry run would do, for people: names and ids come from others.
fn would(payment_id: &str, what: &str, detail: &str) -> String {
    printable(&format!("would {what:<10} {payment_id}  {detail}")).into_owned()
}

/// A terminal takes some characters as orders. Inside a JSON string they can be written as escapes.
fn json_line(object: &Keyed) -> String {
    let text = object.to_string();
    if io::stdout().is_terminal() { escaped(&text).into_owned() } else { text }
}

/// A reader that went away is no reason to stop a daemon.
fn line(text: &str) {
    if let Err(error) = writeln!(io::stdout().lock(), "{text}") {
        tracing::debug!(%error, "standard output is closed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_gives_no_orders() {
        let told = would("p\x1b[2J", "lock", "10 to A\u{202e}nn");
        assert_eq!(told, "would lock       p\u{fffd}[2J  10 to A\u{fffd}nn");
    }
}
