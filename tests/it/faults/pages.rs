//! Somebody who holds connections to the pages open.

use std::net::TcpStream;

use super::{metric, more_are_locked, until_page};
use crate::support::databases::Kind;
use crate::support::faults::limit;
use crate::support::web::{free_address, get};
use crate::support::world::World;

#[test]
fn a_thousand_silent_connections_cost_a_poller_nothing() {
    let world = World::new(Kind::Sqlite);
    let address = free_address();
    let daemon = world.start("accepted", &[&format!("pollers.accepted.listen={address}")]);
    until_page(address, "/readyz", 200);
    limit(daemon.pid(), "--nofile=160:");
    let silent: Vec<TcpStream> =
        (0..1_000).filter_map(|_| TcpStream::connect(address).ok()).collect();
    assert!(silent.len() > 500, "{}", silent.len());
    more_are_locked(&world, 5);
    assert_eq!(get(address, "/healthz").unwrap().0, 200);
    assert_eq!(metric(address, "railpoll_reloads_total{result=\"refused\"}").as_deref(), Some("0"));
    drop(silent);
}
