//! Ends that are not well, and their exit codes.

use std::io::{self, Write as _};

use thiserror::Error;

use crate::actions::ActionError;
use crate::config::{ConfigErrors, hidden};
use crate::daemon::Exit;
use crate::engine::{Keyed, Refusal, keyed};
use crate::networks::NetworkError;
use crate::store::StoreError;

/// Why a command did not do what it was asked.
#[derive(Debug, Error)]
pub(super) enum Failure {
    /// The command line is wrong in a way that only the command sees.
    #[error("{0}")]
    Usage(String),
    /// The settings are wrong.
    #[error("{0}")]
    Config(#[from] ConfigErrors),
    /// What was asked for is refused, or is not there.
    #[error("{0}")]
    Refused(String),
    /// An action is refused.
    #[error("{0}")]
    Action(Refusal),
    /// There is no database yet.
    #[error(
        "there is no database at {0}\n  `railpoll migrate` makes it, and so does the first poller that starts; \
         `railpoll config show` tells which settings are in effect"
    )]
    NoDatabase(String),
    /// The database, which is named, cannot be opened.
    #[error("the database {url} cannot be opened: {error}\n  {advice}")]
    Open {
        /// Where it is, without a password.
        url: String,
        /// What it said.
        error: StoreError,
        /// What to look at.
        advice: &'static str,
    },
    /// The database refused, or went away.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Something could not be written.
    #[error("cannot write {what}: {error}")]
    Write {
        /// What.
        what: String,
        /// Why.
        error: io::Error,
    },
    /// The network does not let us through.
    #[error("network: {0}")]
    Network(NetworkError),
    /// The reader of our output has seen enough.
    #[error("the output was closed")]
    Closed,
    /// What went wrong has been said already, thing by thing.
    #[error("not all was done")]
    Told(Exit),
    /// What cannot be.
    #[error("a defect of railpoll: {0}")]
    Defect(String),
}

impl From<ActionError> for Failure {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Refused(refusal) => Self::Action(refusal),
            ActionError::Store(error) => Self::Store(error),
            ActionError::Network(error) => Self::Network(error),
            ActionError::Defect(what) => Self::Defect(what),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Action(refusal)
    }
}

impl Failure {
    /// How the process ends.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Config(_) => Exit::Config,
            Self::Refused(_) | Self::Action(_) | Self::Write { .. } => Exit::Refused,
            Self::NoDatabase(_) => Exit::Unavailable,
            Self::Open { error, .. } | Self::Store(error) => Exit::of_store(error),
            Self::Network(error) => Exit::of_network(error),
            Self::Closed => Exit::Done,
            Self::Told(exit) => *exit,
            Self::Defect(_) => Exit::Defect,
        }
    }

    /// Which kind of end it is, for programs.
    const fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::Config(_) => "config",
            Self::Refused(_) | Self::Store(StoreError::Refused(_)) => "refused",
            Self::Action(refusal) => refusal.code.as_str(),
            Self::NoDatabase(_) => "no_database",
            Self::Open { .. } | Self::Store(_) => "database",
            Self::Network(_) => "network",
            Self::Write { .. } => "write",
            Self::Closed | Self::Told(_) => "told",
            Self::Defect(_) => "defect",
        }
    }

    /// What went wrong, and below it what to do about it.
    fn parts(&self) -> (String, Option<String>) {
        if let Self::Action(refusal) = self {
            return (refusal.text.clone(), refusal.hint.clone());
        }
        let text = self.to_string();
        // What clap has to say goes over several lines, and ends with an empty one.
        let end = if matches!(self, Self::Usage(_)) { "\n\n" } else { "\n" };
        if let Self::Store(error) = self {
            return (text, error.advice().map(str::to_owned));
        }
        match (self, text.split_once(end)) {
            (Self::Usage(_), None) => (joined(&text), None),
            (Self::Usage(_), Some((error, hint))) => (joined(error), Some(hint.trim().to_owned())),
            (Self::Config(_), _) | (_, None) => (text, None),
            (_, Some((error, hint))) => (error.to_owned(), Some(hint.trim().to_owned())),
        }
    }

    /// Says it on standard error, unless there is nothing to say: to people, or as an object to programs.
    pub(super) fn tell(&self, json: bool) {
        match self {
            Self::Closed | Self::Told(_) => {}
            Self::Usage(_)
            | Self::Config(_)
            | Self::Refused(_)
            | Self::Action(_)
            | Self::NoDatabase(_)
            | Self::Open { .. }
            | Self::Store(_)
            | Self::Network(_)
            | Self::Write { .. }
            | Self::Defect(_)
                if json =>
            {
                let (error, hint) = self.parts();
                say_json(&keyed! { "error": error, "code": self.code(), "hint": hint });
            }
            Self::Usage(_)
            | Self::Config(_)
            | Self::Refused(_)
            | Self::Action(_)
            | Self::NoDatabase(_)
            | Self::Open { .. }
            | Self::Store(_)
            | Self::Network(_)
            | Self::Write { .. }
            | Self::Defect(_) => {
                let advice = if let Self::Store(error) = self { error.advice() } else { None };
                let advice = advice.map(|advice| format!("\n  {advice}"));
                say(&format!("{self}{}", advice.unwrap_or_default()));
            }
        }
    }
}

/// What clap says of a mistake, in one line.
fn joined(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Says something to programs on standard error.
pub(super) fn say_json(object: &Keyed) {
    let text = object.to_string();
    drop(writeln!(io::stderr().lock(), "{}", hidden(&text)));
}

/// Says something on standard error. Nobody can be told if that fails.
pub(super) fn say(text: &str) {
    let mut stderr = io::stderr().lock();
    let text = hidden(text);
    for (index, line) in text.lines().enumerate() {
        let lead = if index == 0 { "railpoll: " } else { "" };
        drop(writeln!(stderr, "{lead}{}", super::output::printable(line)));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Sources, load};

    #[test]
    fn each_end_has_its_code() {
        let bad = Sources { set: vec!["no.such=key".to_owned()], ..Sources::default() };
        let table = [
            (Failure::Usage(String::new()), 64),
            (Failure::Config(load(&bad).unwrap_err()), 78),
            (Failure::Refused(String::new()), 1),
            (Failure::NoDatabase(String::new()), 69),
            (Failure::Store(StoreError::Refused(String::new())), 1),
            (Failure::Store(StoreError::Url(String::new())), 78),
            (Failure::Store(StoreError::Older { found: 0, own: 1 }), 69),
            (Failure::Store(StoreError::Newer { found: 2, own: 1 }), 69),
            (Failure::Store(StoreError::Slow(Duration::ZERO)), 69),
            (Failure::Store(StoreError::Database(sqlx::Error::PoolTimedOut)), 69),
            (Failure::Closed, 0),
            (Failure::Told(Exit::Refused), 1),
            (Failure::Defect(String::new()), 70),
        ];
        for (failure, code) in table {
            assert_eq!(failure.exit().code(), code, "{failure:?}");
        }
    }
}
