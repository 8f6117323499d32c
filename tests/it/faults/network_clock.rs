//! A network that keeps another time.

use chrono::TimeDelta;
use railpoll::engine::Clock;
use railpoll_sandbox::SandboxOptions;

use crate::support::databases::Kind;
use crate::support::world::{World, finish, until_true};

#[test]
fn a_network_with_another_time_is_told_until_somebody_has_seen_to_it() {
    let ours = Clock::system();
    let clock = railpoll_sandbox::Clock::from_fn(move || ours.now() + TimeDelta::minutes(20));
    let world = World::with(Kind::Sqlite, SandboxOptions { clock, ..SandboxOptions::default() });
    let daemon = world.start("accepted", &[]);
    daemon.wait_for_log("lease taken");
    until_true("the alert", || world.alerts() == ["clock_offset stands"]);
    let detail = "SELECT detail FROM alerts";
    let told = world.texts(detail);
    assert!(
        told[0].starts_with("the network's clock is more than 15 minutes ahead of ours"),
        "{told:?}"
    );
    let mut clear = world.command("railpoll", &[]);
    finish(clear.args(["alerts", "clear", "1", "--reason", "they know"])).expect(0);
    let sweeps = world.count("sweeps");
    until_true("more sweeps", || world.count("sweeps") > sweeps + 5);
    assert_eq!(world.texts(detail), told);
    assert_eq!(world.count("alerts WHERE silenced_at IS NOT NULL AND ended_at IS NULL"), 1);
    assert_eq!(world.events("alert.changed"), 0);
}
