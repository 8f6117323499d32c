//! PostgreSQL that is silent, read-only, or somewhere else.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};

use super::{more_are_locked, until_page};
use crate::support::databases::Kind;
use crate::support::faults::Wire;
use crate::support::web::free_address;
use crate::support::world::World;

/// Where the server of a URL listens, and the URL with another place.
fn server(url: &str) -> (SocketAddr, impl Fn(&str) -> String) {
    let (before, rest) = url.split_once('@').unwrap();
    let (host, after) = rest.split_once('/').unwrap();
    let (before, after) = (before.to_owned(), after.to_owned());
    (host.parse().unwrap(), move |host: &str| format!("database.url={before}@{host}/{after}"))
}

#[test]
fn connections_that_went_silent_are_given_up() {
    let world = World::new(Kind::Postgres);
    let (address, at) = server(&world.database.url);
    let wire = Wire::to(address);
    let daemon = world.start("accepted", &[&at(&wire.address().to_string())]);
    more_are_locked(&world, 3);
    let made = wire.made();
    wire.forget();
    more_are_locked(&world, 3);
    assert!(wire.made() > made);
    daemon.signal("TERM");
    assert_eq!(daemon.ended().code, Some(0));
    assert_eq!(world.sandbox.calls_more_than_once(), []);
}

#[test]
fn a_server_that_takes_no_writes_is_asked_again() {
    let world = World::new(Kind::Postgres);
    let listen = free_address();
    let daemon = world.start(
        "accepted",
        &[&format!("pollers.accepted.listen={listen}"), "pollers.accepted.lease=6s"],
    );
    more_are_locked(&world, 3);
    world.database.read_only(true);
    daemon.wait_for_log("takes no writes");
    until_page(listen, "/readyz", 503);
    until_page(listen, "/healthz", 503);
    world.database.read_only(false);
    more_are_locked(&world, 3);
    until_page(listen, "/healthz", 200);
    assert_eq!(world.sandbox.calls_more_than_once(), []);
}

#[test]
fn the_first_of_several_servers_that_takes_writes_is_used() {
    let world = World::new(Kind::Postgres);
    let (address, at) = server(&world.database.url);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = world.once("accepted", &[&at(&format!("{nobody},{address}"))]).expect(0);
    assert!(!ended.stderr.contains("onnection refused"), "{}", ended.stderr);
    let nowhere = world.once("accepted", &[&at(&format!("{nobody},{nobody}"))]).expect(69);
    assert!(nowhere.stderr.contains("refused"), "{}", nowhere.stderr);
}

#[test]
fn a_server_may_have_an_ipv6_address() {
    let world = World::new(Kind::Postgres);
    let (address, at) = server(&world.database.url);
    let wire = Wire::from(IpAddr::V6(Ipv6Addr::LOCALHOST), address);
    world.once("accepted", &[&at(&wire.address().to_string())]).expect(0);
    assert!(wire.made() > 0);
}
