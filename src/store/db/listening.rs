//! Saying who has work, and hearing of it on a connection of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;

use super::postgres::{CONNECT_MAX, Servers};
use super::values::Arg;
use super::{At, Conn, within};
use crate::store::{Scope, StoreError};

/// The name under which processes tell each other who has work.
const CHANNEL: &str = "railpoll";
/// A connection on which nothing was heard for so long is asked whether it is there.
const SILENCE_MAX: Duration = Duration::from_secs(60);

impl Servers {
    /// Tells `heard` what is told, until the connection ends. None: something may have been told that was not heard, for this
    /// listens `again`.
    ///
    /// # Errors
    /// [`StoreError::Database`]: why it ended, or never began.
    pub(in crate::store) async fn listen(
        &self,
        again: bool,
        heard: impl Fn(Option<&str>),
    ) -> Result<(), StoreError> {
        let mut preferred = self.preferred.subscribe();
        let index = *preferred.borrow_and_update();
        let server = self.all.get(index);
        let server = server.ok_or_else(|| StoreError::url("it names no server"))?.clone();
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(server);
        let mut listener = within(CONNECT_MAX, PgListener::connect_with(&pool)).await?;
        listener.eager_reconnect(false);
        within(CONNECT_MAX, listener.listen(CHANNEL)).await?;
        if again {
            heard(None);
        }
        // Whoever leaves says so to the server, beside all this, and waits for its answer. Where none comes that ends with the
        // connection: the kernel gives up what nobody acknowledges. There is one such farewell for each outage at most,
        // since the next one needs a server that has let us in.
        loop {
            let told = tokio::select! {
                told = timeout(SILENCE_MAX, listener.try_recv()) => told,
                // Another server takes the writes by now: whoever has work is told there.
                _ = preferred.changed() => return Ok(()),
            };
            match told {
                Ok(Ok(Some(told))) => heard(Some(told.payload())),
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => _ = within(CONNECT_MAX, (&mut listener).execute("SELECT 1")).await?,
            }
        }
    }
}

impl Conn<'_> {
    /// Says who has work by this transaction: they are told when it is committed.
    pub(in crate::store) async fn wake(
        &mut self,
        scopes: BTreeSet<Scope>,
    ) -> Result<(), StoreError> {
        match &self.at {
            At::Sqlite(_) => {
                if let Some(woken) = &mut self.woken {
                    woken.extend(scopes);
                }
                return Ok(());
            }
            At::Postgres(_) if scopes.is_empty() => return Ok(()),
            At::Postgres(_) => {}
        }
        let told = scopes.iter().map(ToString::to_string).collect();
        let sql = "SELECT pg_notify($1, told) FROM unnest($2::text[]) AS told";
        self.execute(sql, &[Arg::Text(CHANNEL), Arg::Texts(told)]).await.map(drop)
    }
}
