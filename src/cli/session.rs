//! What a command needs: settings, the database, the time.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::future::Future;
use std::path::Path;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;

use super::failure::Failure;
use crate::config::{self, DatabaseUrl, Settings, Sources, hidden};
use crate::engine::Clock;
use crate::store::{OpenedFor, Store, StoreError};

/// What every command starts from.
#[derive(Debug)]
pub(super) struct Session {
    sources: Sources,
    clock: Clock,
    command_line: Vec<String>,
    filters: Option<String>,
    /// Read once: a command is to go by one reading from beginning to end.
    settings: OnceCell<Settings>,
}

impl Session {
    pub(super) fn new(
        sources: Sources,
        command_line: Vec<String>,
        filters: Option<String>,
    ) -> Self {
        let (clock, settings) = (Clock::system(), OnceCell::new());
        Self { sources, clock, command_line, filters, settings }
    }

    /// The words that this process was started with.
    pub(super) fn command_line(&self) -> &[String] {
        &self.command_line
    }

    /// What an empty list is told as: `nothing`, if nothing was asked of it.
    pub(super) fn nothing<'a>(&self, nothing: &'a str) -> Cow<'a, str> {
        match &self.filters {
            None => nothing.into(),
            Some(filters) => format!("nothing matches {}", hidden(filters)).into(),
        }
    }

    /// Where settings come from.
    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The time now.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The settings. No secret is looked for: an operator need not be able to read them.
    pub(super) fn settings(&self) -> Result<&Settings, Failure> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let read = config::load_without_secrets(&self.sources)?;
        Ok(self.settings.get_or_init(|| read))
    }

    /// The database that the settings name, for work on it. It must be there, and of this program's version.
    pub(super) async fn store(&self) -> Result<Store, Failure> {
        open_current(&self.settings()?.database.url, OpenedFor::Write).await
    }

    /// The same for looking: nothing is written or made, and what may only be read will do.
    pub(super) async fn look(&self) -> Result<Store, Failure> {
        open_current(&self.settings()?.database.url, OpenedFor::Look).await
    }

    /// Runs a command to its end, on this thread.
    pub(super) fn block_on(
        &self,
        command: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Defect(format!("no runtime: {error}")))?;
        runtime.block_on(command)
    }
}

/// Whether the settings name an SQLite file that is not there yet. One that may not be looked at counts as there:
/// opening it says what is wrong.
pub(super) fn is_missing(url: &DatabaseUrl) -> bool {
    match url {
        DatabaseUrl::Sqlite(path) => !path.try_exists().unwrap_or(true),
        DatabaseUrl::Postgres(_) => false,
    }
}

/// Opens the database for `purpose`. It must be there, and of this program's version.
pub(super) async fn open_current(url: &DatabaseUrl, purpose: OpenedFor) -> Result<Store, Failure> {
    if is_missing(url) {
        return Err(Failure::NoDatabase(url.to_string()));
    }
    let store = open(url, purpose).await?;
    store.expect_current().await?;
    Ok(store)
}

/// Opens the database for `purpose`.
pub(super) async fn open(url: &DatabaseUrl, purpose: OpenedFor) -> Result<Store, Failure> {
    let text = match url {
        DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        DatabaseUrl::Postgres(secret) => secret.expose_secret().to_owned(),
    };
    let opened = match purpose {
        OpenedFor::Create => Store::create(&text).await,
        OpenedFor::Write => Store::open(&text).await,
        OpenedFor::Look => Store::look(&text).await,
    };
    opened.map_err(|error| {
        let advice = match url {
            DatabaseUrl::Sqlite(path) => advice(path, purpose, &error),
            DatabaseUrl::Postgres(_) => error.advice().unwrap_or(
                "is the server running, and may you log in there? Try the same URL with `psql`",
            ),
        };
        Failure::Open { url: url.to_string(), error, advice }
    })
}

/// What to look at if an SQLite file cannot be opened.
fn advice(path: &Path, purpose: OpenedFor, error: &StoreError) -> &'static str {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if path.is_dir() {
        "this is a folder: name a file in it"
    } else if folder.is_some_and(|folder| !folder.exists()) {
        "its folder is not there"
    } else if error.is_of_another_kind() {
        "this file is no database of SQLite: `railpoll config show database` tells who names it"
    } else if let Some(advice) = error.advice() {
        advice
    } else if purpose == OpenedFor::Look {
        "the file must be readable for you: perhaps `sudo -u railpoll` is missing"
    } else {
        "the file and its folder must be readable and writable for you: perhaps `sudo -u railpoll` is missing"
    }
}
