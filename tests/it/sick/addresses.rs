//! Addresses that are wrong: what was asked, of whom, and which setting to look at.

use std::net::TcpListener;

use crate::support::databases::Kind;
use crate::support::world::World;

/// The detail of the only alert, which has this name.
fn detail(world: &World, name: &str) -> String {
    assert_eq!(world.alerts(), [format!("{name} stands")]);
    world.texts("SELECT detail FROM alerts").remove(0)
}

#[test]
fn a_wrong_path_is_no_outage() {
    let world = World::new(Kind::Sqlite);
    let wrong = format!("networks.acme.base_url={}/wrong", world.sandbox.base_url());
    world.once("accepted", &[&wrong]).expect(69);
    let detail = detail(&world, "requests_refused");
    for part in ["list at 127.0.0.1:", "does `base_url` of `acme` lead to the right place?"] {
        assert!(detail.contains(part), "no {part} in {detail}");
    }
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.alerts(), ["requests_refused ended"]);
}

#[test]
fn a_port_where_nobody_is() {
    let world = World::new(Kind::Sqlite);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("networks.acme.token_url=http://127.0.0.1:{port}/oauth/token");
    world.once("accepted", &[&nobody]).expect(69);
    let detail = detail(&world, "network_unavailable");
    let host = format!("token at 127.0.0.1:{port}: ");
    for part in [host.as_str(), "Connection refused", "the address is `token_url` of `acme`"] {
        assert!(detail.contains(part), "no {part} in {detail}");
    }
}

#[test]
fn https_to_a_port_without_tls() {
    let world = World::new(Kind::Sqlite);
    let base = world.sandbox.base_url().replacen("http://", "https://", 1);
    world.once("accepted", &[&format!("networks.acme.base_url={base}")]).expect(78);
    let detail = detail(&world, "requests_refused");
    for part in ["list at 127.0.0.1:", "`base_url` of `acme` says https, and nobody speaks TLS"] {
        assert!(detail.contains(part), "no {part} in {detail}");
    }
}
