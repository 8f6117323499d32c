//! PostgreSQL: which server, and what a session is told.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _};
use tokio::sync::watch;
use tokio::time::timeout;

use super::pool::Source;
use super::within;
use crate::store::StoreError;

/// A server that lets nobody in by then is not going to.
pub(super) const CONNECT_MAX: Duration = Duration::from_secs(5);
/// A question that waits for longer waits for somebody else's transaction.
const AWAITED: Duration = Duration::from_millis(1_200);
/// What each session is told, whatever the server's settings are:
/// - a process that is stopped or cut off in the middle of a transaction holds its locks, and with them every writer, no
///   longer than this, which is less than a lease;
/// - a statement ends by itself before we give it up, and a session whose other end is gone ends soon;
/// - a transaction that waited for its turn sees what the one before it wrote;
/// - what was committed survives a crash of the server;
/// - every question of ours has an index. A plan that was made while a table was all but empty must not read through it
///   when it is full, nor be compiled for that.
///
/// The answer says whether this server takes writes.
const SESSION: &str = "
    SET lock_timeout = '20s';
    SET statement_timeout = '25s';
    SET idle_in_transaction_session_timeout = '10s';
    SET tcp_keepalives_idle = 10;
    SET tcp_keepalives_interval = 5;
    SET tcp_keepalives_count = 3;
    SELECT set_config('tcp_user_timeout', '20000', false) WHERE current_setting('tcp_user_timeout', true) IS NOT NULL;
    SET default_transaction_isolation = 'read committed';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    SET enable_seqscan = off;
    SET jit = off";
const TAKES_WRITES: &str =
    "SELECT current_setting('transaction_read_only') = 'off' AS takes_writes";
/// Whoever only looks is kept from anything else.
const LOOK: &str = "SET default_transaction_read_only = on";

/// The servers of a URL.
#[derive(Debug)]
pub(in crate::store) struct Servers {
    pub(super) all: Vec<PgConnectOptions>,
    /// The one that let us in last: it is asked first. Whoever listens goes there too.
    pub(super) preferred: watch::Sender<usize>,
    only_looks: bool,
}

impl Servers {
    /// The servers that `url` names.
    pub(super) fn of(url: &str, only_looks: bool) -> Result<Self, StoreError> {
        let mut all = Vec::new();
        for one in one_by_one(url)? {
            let options = PgConnectOptions::from_str(&one).map_err(StoreError::url)?;
            // sqlx takes the brackets of an IPv6 address for a part of its name.
            let host = options.get_host().trim_matches(['[', ']']).to_owned();
            let options = options.host(&host).application_name("railpoll").extra_float_digits(None);
            all.push(options);
        }
        Ok(Self { all, preferred: watch::Sender::new(0), only_looks })
    }

    async fn connect_to(&self, server: &PgConnectOptions) -> Result<PgConnection, StoreError> {
        let mut conn = server.connect().await?;
        conn.execute(SESSION).await?;
        if self.only_looks {
            conn.execute(LOOK).await?;
        } else if !conn.fetch_one(TAKES_WRITES).await?.try_get_unchecked::<bool, _>(0)? {
            let (host, port) = (server.get_host(), server.get_port());
            // Nobody waits for its farewell.
            drop(conn);
            return Err(StoreError::ReadOnly(format!("{host}:{port}")));
        }
        Ok(conn)
    }

    /// Makes sure that a session is one server process from its first statement to its last. Something between us and the
    /// server that gives each transaction to another process would mix up our statements with others'.
    pub(super) async fn expect_own_sessions(&self) -> Result<(), StoreError> {
        const MARK: &str = "SELECT set_config('railpoll.session', 'ours', false)";
        const IS_MARKED: &str =
            "SELECT coalesce(current_setting('railpoll.session', true), '') = 'ours'";
        for server in &self.all {
            let looked = async {
                let mut ours = server.connect().await?;
                ours.execute(MARK).await?;
                // Whoever begins now is given the process that has just become free, if it is not ours alone.
                let mut other = server.connect().await?;
                let mut waited = 0;
                let is_ours = loop {
                    other.execute("BEGIN").await?;
                    let mut asked = ours.fetch_one(IS_MARKED);
                    let answer = timeout(AWAITED, &mut asked).await;
                    other.execute("ROLLBACK").await?;
                    // The only process that there is was the other's, and is ours now that the other has let go of it. A server
                    // that is slow once is no such thing.
                    let Ok(row) = answer else {
                        asked.await?;
                        waited += 1;
                        if waited < 2 {
                            continue;
                        }
                        break false;
                    };
                    break row?.try_get_unchecked(0)?;
                };
                other.close().await?;
                ours.close().await?;
                Ok::<_, sqlx::Error>(is_ours)
            };
            match within(CONNECT_MAX, looked).await {
                Ok(true) => return Ok(()),
                Ok(false) | Err(StoreError::Pooler) => return Err(StoreError::Pooler),
                // Whoever wants to work with it is told what is the matter.
                Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Source for Servers {
    type Conn = PgConnection;
    type Mark = ();

    /// Connects to the first server that lets us in, and that takes writes if we want to write.
    async fn connect(&self) -> Result<PgConnection, StoreError> {
        let (count, preferred) = (self.all.len(), *self.preferred.borrow());
        let mut refused = None;
        for index in (0..count).map(|next| (preferred + next) % count) {
            let Some(server) = self.all.get(index) else { continue };
            match within(CONNECT_MAX, self.connect_to(server)).await {
                Ok(conn) => {
                    let before = |now: &mut usize| std::mem::replace(now, index) != index;
                    self.preferred.send_if_modified(before);
                    return Ok(conn);
                }
                Err(error) => {
                    if count > 1 {
                        let (host, port) = (server.get_host(), server.get_port());
                        tracing::debug!(%error, host, port, "another server is asked");
                    }
                    refused = Some(error);
                }
            }
        }
        Err(refused.unwrap_or_else(|| StoreError::url("it names no server")))
    }

    fn mark(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn run(conn: &mut PgConnection, sql: &'static str) -> Result<(), sqlx::Error> {
        conn.execute(sql).await.map(drop)
    }
}

/// The same URL for each of its servers alone: `HOST:PORT,HOST:PORT` is how PostgreSQL's own clients name several.
fn one_by_one(url: &str) -> Result<Vec<String>, StoreError> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    let path = without_attributes(path)?;
    Ok(hosts.split(',').map(|host| format!("{scheme}://{user}{host}{path}")).collect())
}

/// A server that takes writes is what we ask for always: saying so changes nothing, and another wish cannot be met.
fn without_attributes(path: &str) -> Result<String, StoreError> {
    let Some((before, query)) = path.split_once('?') else { return Ok(path.to_owned()) };
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("target_session_attrs", "any" | "read-write" | "primary")) => {}
            Some(("target_session_attrs", _)) => {
                let why =
                    "target_session_attrs: only a server that takes writes will do (read-write)";
                return Err(StoreError::url(why));
            }
            Some(_) | None => kept.push(pair),
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Ok(format!("{before}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_may_name_several_servers() {
        let servers = |url: &str| {
            let servers = Servers::of(url, false).unwrap();
            servers.all.iter().map(|one| format!("{} {}", one.get_host(), one.get_port())).collect()
        };
        let table: [(&str, &[&str]); 4] = [
            ("postgres://u:p@one/db", &["one 5432"]),
            (
                "postgres://u:p%40@one:1,two:2,[::1]:3/db?sslmode=disable",
                &["one 1", "two 2", "::1 3"],
            ),
            ("postgres://[2001:db8::7]/db?target_session_attrs=read-write", &["2001:db8::7 5432"]),
            ("postgresql://one,two", &["one 5432", "two 5432"]),
        ];
        for (url, wanted) in table {
            let found: Vec<String> = servers(url);
            assert_eq!(found, wanted, "{url}");
        }
        for server in
            Servers::of("postgres://u@one,two/db?target_session_attrs=any", false).unwrap().all
        {
            assert_eq!((server.get_username(), server.get_database()), ("u", Some("db")));
        }
        let standby = "postgres://one,two/db?target_session_attrs=standby";
        assert!(matches!(Servers::of(standby, false), Err(StoreError::Url(_))));
    }
}
