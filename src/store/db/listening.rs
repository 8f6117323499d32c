//! Saying who has work, and hearing of it on a connection of its own.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;

use super::postgres::{CONNECT_MAX, Servers};
use super::values::Arg;
use super::{Conn, within};
use crate::store::{Scope, StoreError};

/// The name under which processes tell each other who has work.
const CHANNEL: &str = "railpoll";
/// A connection on which nothing was heard for so long is asked whether it is there.
const SILENCE_MAX: Duration = Duration::from_secs(60);

impl Servers {
    /// Tells `heard` what is told, until the connection ends: why it did.
    pub(in crate::store) async fn listen(&self, heard: impl Fn(&str)) -> StoreError {
        match self.try_listening(heard).await {
            Err(error) => error,
            Ok(()) => sqlx::Error::PoolClosed.into(),
        }
    }

    async fn try_listening(&self, heard: impl Fn(&str)) -> Result<(), StoreError> {
        let server = self.all.get(self.preferred.load(Ordering::Relaxed));
        let server = server.ok_or_else(|| StoreError::url("it names no server"))?.clone();
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(server);
        let mut listener = within(CONNECT_MAX, PgListener::connect_with(&pool)).await?;
        listener.eager_reconnect(false);
        within(CONNECT_MAX, listener.listen(CHANNEL)).await?;
        loop {
            match timeout(SILENCE_MAX, listener.try_recv()).await {
                Ok(Ok(Some(told))) => heard(told.payload()),
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
        if let Some(woken) = &mut self.woken {
            woken.extend(scopes);
            return Ok(());
        }
        if scopes.is_empty() {
            return Ok(());
        }
        let told = scopes.iter().map(ToString::to_string).collect();
        let sql = "SELECT pg_notify('railpoll', told) FROM unnest($1::text[]) AS told";
        self.execute(sql, &[Arg::Texts(told)]).await.map(drop)
    }
}
