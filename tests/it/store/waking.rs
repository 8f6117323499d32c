//! Hearing of work on PostgreSQL, whatever becomes of the connection on which one listens.

use railpoll::engine::Poller;
use railpoll::store::{Scope, Store};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::faults::Wire;
use crate::support::world::PATIENCE;
use crate::support::{Kind, Person, TestDatabase, run};

const LISTENER: &str =
    "pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'";
const WORKERS: &str = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                       AND query NOT LIKE 'LISTEN %'";

/// Says on the server that there is work.
async fn tell(person: &mut Person, work: &Scope) {
    person.execute(&format!("SELECT pg_notify('railpoll', '{work}')")).await.unwrap();
}

/// Whoever listens to `store` hears a hint, calls all after `lose` (for who knows what was told meanwhile), and hears again.
async fn hears_again_after(
    store: &Store,
    person: &mut Person,
    lose: impl AsyncFnOnce(&mut Person),
) {
    let (calls, mut called) = mpsc::unbounded_channel();
    let hearing = store.hear_of_work(|told| calls.send(told.cloned()).unwrap());
    let work = Scope { poller: Poller::Outgoing, network: "bank".to_owned() };
    let mut next = async || timeout(PATIENCE, called.recv()).await.expect("a call").unwrap();
    let losing = async {
        while person.count(LISTENER).await == 0 {}
        tell(person, &work).await;
        assert_eq!(next().await.as_ref(), Some(&work));
        lose(person).await;
        assert_eq!(next().await, None, "all are called");
        tell(person, &work).await;
        assert_eq!(next().await.as_ref(), Some(&work));
    };
    tokio::select! {
        never = hearing => match never {},
        () = losing => {}
    }
}

#[test]
fn all_are_called_when_one_who_listens_is_back() {
    let database = TestDatabase::new(Kind::Postgres);
    run(async {
        let (store, mut person) = (database.store().await, database.person().await);
        hears_again_after(&store, &mut person, async |person| {
            let cut = format!("SELECT pg_terminate_backend(pid) FROM {LISTENER}");
            person.execute(&cut).await.unwrap();
        })
        .await;
        store.close().await;
    });
}

/// The server that is left stays up, as one that has become a standby: nothing but the way of the writes tells.
#[test]
fn who_listens_follows_the_writes_to_another_server() {
    let database = TestDatabase::new(Kind::Postgres);
    let (head, tail) = database.url.split_once("://").unwrap();
    let (authority, name) = tail.split_once('/').unwrap();
    let (user, server) = authority.rsplit_once('@').unwrap_or(("postgres", authority));
    run(async {
        let server = tokio::net::lookup_host(server).await.unwrap().next().unwrap();
        let (old, new) = (Wire::to(server), Wire::to(server));
        let url = format!("{head}://{user}@{},{}/{name}", old.address(), new.address());
        let (store, mut person) = (Store::create(&url).await.unwrap(), database.person().await);
        store.ping().await.unwrap();
        assert_eq!(new.made(), 0);
        let hearing = hears_again_after(&store, &mut person, async |person| {
            old.refuse();
            let cut = format!("SELECT pg_terminate_backend(pid) FROM {WORKERS}");
            person.execute(&cut).await.unwrap();
            while person.count(WORKERS).await > 0 {}
            store.ping().await.unwrap();
            assert_eq!(new.made(), 1, "the writes go there");
        });
        Box::pin(hearing).await;
        assert_eq!(new.made(), 2, "and so does who listens");
        store.close().await;
    });
}
