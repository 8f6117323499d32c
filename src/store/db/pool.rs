//! Connections that are lent and given back.
//!
//! A connection is given back only if it is known to be sound: its last statement was answered, or broke a constraint.
//! After anything else (a full disk, a server that turned read-only, an answer that did not come, a task that was dropped
//! in the middle) nobody knows what the connection is in: in a transaction or not, between two answers or inside one. It
//! is closed, and the next one is new. Nothing here waits for ever.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Connection;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::within;
use crate::store::StoreError;

/// Who was given no connection by then is told so.
const LENT_WITHIN: Duration = Duration::from_secs(30);
/// A connection that has been idle for longer is asked whether it is there, before anything is asked of it.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// It answers by then, or it is not there.
const PONG_WITHIN: Duration = Duration::from_secs(3);
/// What was begun and not committed is taken back by then, or the connection is closed.
const ROLLED_BACK_WITHIN: Duration = Duration::from_secs(5);
/// None is kept for longer, so that a server that came back gets its share.
const AGE_MAX: Duration = Duration::from_secs(30 * 60);
/// None is kept for longer that nobody needs.
const IDLE_MAX: Duration = Duration::from_secs(10 * 60);

/// Where connections come from.
pub(in crate::store) trait Source: fmt::Debug + Send + Sync + 'static {
    /// A connection.
    type Conn: Connection + Send + 'static;
    /// What a connection was made for: one with another mark is of no use.
    type Mark: PartialEq + Send;

    /// Makes a connection, within a bound of its own.
    fn connect(&self) -> impl Future<Output = Result<Self::Conn, StoreError>> + Send;

    /// What a connection is to be made for now.
    ///
    /// # Errors
    /// The database is not the one that was opened.
    fn mark(&self) -> Result<Self::Mark, StoreError>;

    /// Runs a statement that begins or ends a transaction.
    fn run(
        conn: &mut Self::Conn,
        sql: &'static str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

/// Some connections. Copies share them.
pub(in crate::store) struct Pool<S: Source>(Arc<Inner<S>>);

struct Inner<S: Source> {
    source: S,
    idle: Mutex<Vec<Idle<S>>>,
    permits: Arc<Semaphore>,
    size: u32,
}

struct Idle<S: Source> {
    conn: S::Conn,
    mark: S::Mark,
    born: Instant,
    since: Instant,
}

/// A connection that is lent.
pub(in crate::store) struct Lent<S: Source> {
    /// There until it is given back.
    conn: Option<Idle<S>>,
    pool: Pool<S>,
    permit: Option<OwnedSemaphorePermit>,
    /// Whether its state is known.
    sound: bool,
    /// Whether something was begun on it that is neither committed nor taken back.
    open: bool,
}

impl<S: Source> Clone for Pool<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Source> fmt::Debug for Pool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.0.source).finish()
    }
}

impl<S: Source> Pool<S> {
    /// At most `size` connections of `source`. None is made yet.
    pub(in crate::store) fn new(source: S, size: u32) -> Self {
        let permits = usize::try_from(size).unwrap_or(1);
        let permits = Arc::new(Semaphore::new(permits));
        Self(Arc::new(Inner { source, idle: Mutex::default(), permits, size }))
    }

    /// Where its connections come from.
    pub(in crate::store) fn source(&self) -> &S {
        &self.0.source
    }

    /// Lends a connection: one that is idle, or a new one.
    pub(in crate::store) async fn lend(&self) -> Result<Lent<S>, StoreError> {
        let permit = self.permit().await?;
        let mark = self.0.source.mark()?;
        while let Some(idle) = self.pop() {
            if idle.mark == mark && idle.born.elapsed() < AGE_MAX {
                return Ok(Lent::of(self, permit, idle));
            }
        }
        self.connect(permit).await
    }

    /// The same, with an answer to a ping if it has been idle for some time: for what cannot be asked again.
    pub(in crate::store) async fn lend_tested(&self) -> Result<Lent<S>, StoreError> {
        let mut lent = self.lend().await?;
        let is_trusted = lent.idle_for() < TRUSTED_IDLE;
        if is_trusted || matches!(timeout(PONG_WITHIN, lent.conn().ping()).await, Ok(Ok(()))) {
            return Ok(lent);
        }
        lent.doubt();
        drop(lent);
        self.lend_new().await
    }

    /// A new connection: what is idle may be as dead as the one that was tried.
    pub(in crate::store) async fn lend_new(&self) -> Result<Lent<S>, StoreError> {
        drop(std::mem::take(&mut *self.idle()));
        let permit = self.permit().await?;
        self.connect(permit).await
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let permits = Arc::clone(&self.0.permits);
        let closed = |_| sqlx::Error::PoolClosed;
        within(LENT_WITHIN, async { permits.acquire_owned().await.map_err(closed) }).await
    }

    async fn connect(&self, permit: OwnedSemaphorePermit) -> Result<Lent<S>, StoreError> {
        let mark = self.0.source.mark()?;
        let conn = self.0.source.connect().await?;
        let now = Instant::now();
        Ok(Lent::of(self, permit, Idle { conn, mark, born: now, since: now }))
    }

    fn pop(&self) -> Option<Idle<S>> {
        self.idle().pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle<S>>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, mut idle: Idle<S>) {
        if self.0.permits.is_closed() {
            return;
        }
        // A connection keeps room for the largest batch that it ever carried, and there are several.
        idle.conn.shrink_buffers();
        idle.since = Instant::now();
        let mut all = self.idle();
        all.retain(|one| one.since.elapsed() < IDLE_MAX);
        all.push(idle);
    }

    /// Waits for what is lent, and closes all.
    pub(in crate::store) async fn close(&self) {
        let all = self.0.permits.acquire_many(self.0.size).await;
        self.0.permits.close();
        drop(all);
        while let Some(idle) = self.pop() {
            if let Err(error) = idle.conn.close().await {
                tracing::debug!(%error, "a connection to the database was not closed in order");
            }
        }
    }
}

impl<S: Source> Lent<S> {
    fn of(pool: &Pool<S>, permit: OwnedSemaphorePermit, idle: Idle<S>) -> Self {
        let pool = pool.clone();
        Self { conn: Some(idle), pool, permit: Some(permit), sound: true, open: false }
    }

    /// The connection, and whether its state is known: who asks something of it says so before and after.
    pub(in crate::store) fn parts(&mut self) -> (&mut S::Conn, &mut bool) {
        let idle = self.conn.as_mut().expect("it is taken when it is given back, and not before");
        (&mut idle.conn, &mut self.sound)
    }

    pub(in crate::store) fn conn(&mut self) -> &mut S::Conn {
        self.parts().0
    }

    fn idle_for(&self) -> Duration {
        self.conn.as_ref().map(|idle| idle.since.elapsed()).unwrap_or_default()
    }

    /// Nobody knows what it is in: it will not be used again.
    pub(in crate::store) fn doubt(&mut self) {
        self.sound = false;
    }

    /// Begins a transaction with `sql`.
    pub(in crate::store) async fn begin(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        self.turn(sql).await?;
        self.open = true;
        Ok(())
    }

    /// Makes what was begun last.
    pub(in crate::store) async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.turn("COMMIT").await?;
        self.open = false;
        Ok(())
    }

    async fn turn(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        self.sound = false;
        S::run(self.conn(), sql).await?;
        self.sound = true;
        Ok(())
    }
}

impl<S: Source> Drop for Lent<S> {
    fn drop(&mut self) {
        let (Some(idle), permit) = (self.conn.take(), self.permit.take()) else { return };
        let is_done = self.sound && !self.open;
        if is_done {
            self.pool.keep(idle);
            return;
        }
        // Without a runtime nobody waits for a connection: dropped, it is closed.
        let Ok(runtime) = Handle::try_current() else { return };
        let (pool, sound) = (self.pool.clone(), self.sound);
        drop(runtime.spawn(async move {
            give_back(&pool, idle, sound).await;
            drop(permit);
        }));
    }
}

/// Takes back what was begun on a sound connection, and closes any other.
async fn give_back<S: Source>(pool: &Pool<S>, mut idle: Idle<S>, sound: bool) {
    let undone = async { sound && S::run(&mut idle.conn, "ROLLBACK").await.is_ok() };
    if timeout(ROLLED_BACK_WITHIN, undone).await.unwrap_or(false) {
        pool.keep(idle);
        return;
    }
    tracing::debug!("a connection to the database is closed, for nobody knows what it is in");
    if let Ok(Err(error)) = timeout(ROLLED_BACK_WITHIN, idle.conn.close()).await {
        tracing::debug!(%error, "it was not closed in order");
    }
}
