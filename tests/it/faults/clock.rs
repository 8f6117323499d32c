//! A host whose clock is ahead for a while.

use std::process::Command;

use crate::support::databases::Kind;
use crate::support::host::{Host, Ill};
use crate::support::transfers::Transfers;
use crate::support::world::{Daemon, finish, until_true};

/// The daemon on that host.
fn outgoing(transfers: &Transfers, host: &Host) -> Command {
    let mut command = transfers.outgoing(&["pollers.outgoing.fixed_delay=50ms"]);
    host.runs(&mut command);
    command
}

/// A daemon with a payout that the bank does not take, for its signature is of another time: it is to be tried again at a time
/// that is not for long.
fn with_a_payout_that_waits(kind: Kind, ahead: i64) -> (Transfers, Host, Daemon) {
    let transfers = Transfers::new(kind);
    let host = Host::new(transfers.world.folder.path());
    let daemon = Daemon::start(outgoing(&transfers, &host).arg("--loop"));
    until_true("a sweep", || transfers.world.count("sweeps") > 0);
    host.is(Ill::Clock, ahead);
    transfers.sends(1);
    let refused =
        "payouts WHERE finished_at IS NULL AND claimed_by IS NULL AND answer LIKE '%clock%'";
    until_true("it to wait", || transfers.world.count(refused) == 1);
    (transfers, host, daemon)
}

#[test]
fn a_daemon_notices_that_its_clock_is_right_again() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        // It is less than the longest pause.
        let (transfers, host, daemon) = with_a_payout_that_waits(kind, 15 * 60);
        host.is(Ill::Clock, 0);
        daemon.wait_for_log("a clock was ahead");
        until_true("it to be paid", || transfers.count_in("completed") == 1);
        assert_eq!(transfers.bank.paid_more_than_once(), []);
        until_true("the alerts to end", || {
            transfers.world.alerts().iter().all(|alert| alert.ends_with("ended"))
        });
    }
}

#[test]
fn whoever_starts_on_a_host_whose_clock_is_right_again_does_not_wait() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (transfers, host, daemon) = with_a_payout_that_waits(kind, 60 * 60);
        daemon.signal("TERM");
        daemon.ended().expect(0);
        host.is(Ill::Clock, 0);
        let ended = finish(&mut outgoing(&transfers, &host)).expect(0);
        assert!(ended.stderr.contains("a clock was ahead"), "{}", ended.stderr);
        assert_eq!(transfers.count_in("completed"), 1);
    }
}
