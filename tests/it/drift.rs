//! Our database beside the network's list: nothing is missed, what is lost is noticed and comes back, and nothing is
//! taken for a loss that is none.

use std::time::Duration;

use chrono::TimeDelta;
use railpoll::engine::Clock;
use railpoll_sandbox::{PaymentSpec, PaymentState, Quirks, SandboxOptions};
use uuid::Uuid;

use crate::support::databases::Kind;
use crate::support::world::{World, until_true};

const MANUAL: &str = "pollers.accepted.review.mode=manual";
/// Each sweep reconciles that begins a second after the last reconcile.
const OFTEN: &str = "pollers.completed.reconcile_every=1s";

/// Payments that are over since yesterday: no walk reads them again.
fn history(ties: u32) -> PaymentSpec {
    PaymentSpec {
        state: PaymentState::Completed,
        first_modified_at: Some(Clock::system().now() - TimeDelta::days(1)),
        spacing: Duration::from_millis(500),
        ties,
        ..PaymentSpec::default()
    }
}

fn number(world: &World, column: &str) -> i64 {
    world.texts(&format!("SELECT CAST({column} AS text) FROM cursors"))[0].parse().unwrap()
}

fn kept_count(world: &World) -> i64 {
    let sql = "SELECT CAST(payments AS text) FROM payment_counts WHERE state = 'COMPLETED'";
    world.texts(sql)[0].parse().unwrap()
}

fn delete(world: &World, id: Uuid) {
    let number = format!("(SELECT number FROM things WHERE id = '{id}')");
    world.sql(&format!("DELETE FROM documents WHERE thing = {number}"));
    assert_eq!(world.sql(&format!("DELETE FROM known_payments WHERE number = {number}")), 1);
}

/// What a sweep's reconcile found; none if there was none.
fn sweep(world: &World, poller: &str, sets: &[&str]) -> Option<i64> {
    let ended = world.once(poller, sets).expect(0);
    let line = ended.stderr.lines().find(|line| line.contains(r#""message":"reconciled""#))?;
    let told: serde_json::Value = serde_json::from_str(line).unwrap();
    told["found"].as_i64()
}

/// A world with a history on record, read in pages of `page_size`.
fn recorded(kind: Kind, count: usize, sets: &[&str]) -> (World, Vec<Uuid>) {
    let world = World::new(kind);
    let ids = world.sandbox.add_payments(count, &history(1));
    world.once("completed", sets).expect(0);
    assert_eq!(world.count("payments"), count);
    (world, ids)
}

/// A short list, and one that is too long to be reconciled row by row.
const PAGES: [&str; 2] = ["pollers.completed.page_size=100", "pollers.completed.page_size=7"];

fn a_lost_row_is_noticed(kind: Kind) {
    for pages in PAGES {
        let (world, ids) = recorded(kind, 300, &[pages]);
        for (lost, id) in [ids[0], ids[150], ids[299]].into_iter().enumerate() {
            delete(&world, id);
            assert_eq!(sweep(&world, "completed", &[pages]), None);
            assert_eq!(number(&world, "difference"), 1);
            assert_eq!(sweep(&world, "completed", &[pages]), Some(1), "the second sweep");
            assert_eq!(world.alerts().last().unwrap(), "drift stands");
            assert_eq!(world.count("payments"), 300);
            assert_eq!(sweep(&world, "completed", &[pages]), None);
            assert_eq!(world.alerts(), vec!["drift ended"; lost + 1]);
        }
        assert_eq!(world.events("alert.raised"), 3);
        assert_eq!(world.events("alert.cleared"), 3);
        assert_eq!((number(&world, "difference"), kept_count(&world)), (0, 300));
    }
}

#[test]
fn a_lost_row_is_noticed_on_sqlite() {
    a_lost_row_is_noticed(Kind::Sqlite);
}

#[test]
fn a_lost_row_is_noticed_on_postgres() {
    a_lost_row_is_noticed(Kind::Postgres);
}

/// An upgrade of theirs may change what a bound means, and then the counts of ranges hide what is behind them.
#[test]
fn rows_tell_what_the_counts_of_ranges_hide() {
    let long = PAGES[1];
    let (world, ids) = recorded(Kind::Sqlite, 300, &[long]);
    delete(&world, ids[150]);
    for mode in ["keyset_inclusive", "keyset_upper_in"] {
        world.sql(&format!("UPDATE cursors SET mode = '{mode}'"));
        assert_eq!(sweep(&world, "completed", &[long]), None);
        assert_eq!(sweep(&world, "completed", &[long]), Some(0), "by counts nothing is found");
        assert_eq!(world.count("payments"), 300, "{mode}: and by rows all");
        assert_eq!((number(&world, "difference"), number(&world, "unexplained")), (0, 0));
        delete(&world, ids[74]);
    }
}

fn a_count_that_lies_is_corrected_in_time(kind: Kind) {
    for pages in PAGES {
        let (world, ids) = recorded(kind, 300, &[pages]);
        delete(&world, ids[17]);
        world.sql("UPDATE payment_counts SET payments = payments + 1 WHERE state = 'COMPLETED'");
        for _ in 0..3 {
            assert_eq!(sweep(&world, "completed", &[pages]), None, "nothing tells of it");
        }
        until_true("the time to reconcile", || {
            sweep(&world, "completed", &[pages, OFTEN]) == Some(1)
        });
        assert_eq!(world.alerts(), ["drift stands"]);
        assert_eq!((world.count("payments"), kept_count(&world)), (300, 300));
        assert_eq!(sweep(&world, "completed", &[pages]), None);
        assert_eq!(world.alerts(), ["drift ended"]);
    }
}

#[test]
fn a_count_that_lies_is_corrected_in_time_on_sqlite() {
    a_count_that_lies_is_corrected_in_time(Kind::Sqlite);
}

#[test]
fn a_count_that_lies_is_corrected_in_time_on_postgres() {
    a_count_that_lies_is_corrected_in_time(Kind::Postgres);
}

#[test]
fn all_rows_lost_at_once_come_back() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, _) = recorded(kind, 300, &[]);
        world.sql("DELETE FROM documents");
        world.sql("DELETE FROM known_payments");
        sweep(&world, "completed", &[]);
        assert_eq!(sweep(&world, "completed", &[]), Some(300));
        assert_eq!((world.count("payments"), kept_count(&world)), (300, 300));
    }
}

#[test]
fn a_row_that_was_aged_is_renewed() {
    let (world, ids) = recorded(Kind::Sqlite, 300, &[]);
    let set = |id: Uuid, what: &str| {
        let age = "modified_at = '2020-01-01T00:00:00.000000Z', content_hash = 1";
        world.sql(&format!("UPDATE known_payments SET {age}{what} WHERE payment_id = '{id}'"));
    };
    // Another state: the kept counts do not tell either.
    set(ids[0], "");
    set(ids[1], ", state = 'EXECUTED'");
    until_true("the time to reconcile", || sweep(&world, "completed", &[OFTEN]) == Some(2));
    assert_eq!(world.alerts(), ["drift stands"]);
    assert_eq!(world.count("payments WHERE state = 'COMPLETED' AND modified_at > '2021'"), 300);
    assert_eq!(kept_count(&world), 300);
    sweep(&world, "completed", &[]);
    assert_eq!(world.alerts(), ["drift ended"]);
}

#[test]
fn payments_that_left_for_a_state_without_a_poller_are_asked_for() {
    let world = World::new(Kind::Sqlite);
    let ids = world.sandbox.add_payments(60, &PaymentSpec::default());
    world.once("accepted", &[MANUAL]).expect(0);
    ids[..20].iter().for_each(|id| assert!(world.sandbox.move_to(*id, PaymentState::Failed)));
    ids[20..25].iter().for_each(|id| assert!(world.sandbox.move_to(*id, PaymentState::Locked)));
    assert_eq!(sweep(&world, "accepted", &[MANUAL]), None);
    assert_eq!(number(&world, "difference"), -25);
    assert_eq!(sweep(&world, "accepted", &[MANUAL]), Some(0));
    assert_eq!(world.count("payments WHERE state = 'FAILED'"), 20);
    assert_eq!(world.count("payments WHERE state = 'LOCKED'"), 5);
    for _ in 0..3 {
        let before = world.sandbox.requests();
        assert_eq!(sweep(&world, "accepted", &[MANUAL]), None);
        assert_eq!(world.sandbox.requests() - before, 3);
        assert_eq!(number(&world, "difference"), 0);
    }
    assert_eq!(world.alerts(), Vec::<String>::new());
}

#[test]
fn what_no_reconcile_explains_is_told_of_and_not_reconciled_at_each_sweep() {
    let (world, ids) = recorded(Kind::Sqlite, 30, &[]);
    // A payment of ours that the network does not know.
    let (id, stranger) = (ids[0], Uuid::new_v4());
    world.sql(&format!(
        "INSERT INTO things (kind, place, id) SELECT kind, place, '{stranger}' FROM things WHERE id = '{id}'"
    ));
    world.sql(&format!(
        "INSERT INTO known_payments (number, network, payment_id, state, connector_role, amount, currency, modified_at, \
         first_seen_at, recorded_at, content_hash, version) \
         SELECT (SELECT max(number) FROM things), network, '{stranger}', state, connector_role, amount, currency, \
         modified_at, first_seen_at, recorded_at, 1, 1 FROM payments WHERE payment_id = '{id}'"
    ));
    world.sql("UPDATE payment_counts SET payments = payments + 1");
    sweep(&world, "completed", &[]);
    assert_eq!(sweep(&world, "completed", &[]), Some(0));
    assert_eq!(world.alerts(), ["drift stands"]);
    for _ in 0..3 {
        assert_eq!(sweep(&world, "completed", &[]), None, "it is the same difference still");
    }
    // Now the counts are the same, and yet nothing is well.
    delete(&world, ids[7]);
    assert_eq!(sweep(&world, "completed", &[]), None);
    assert_eq!(sweep(&world, "completed", &[]), Some(1), "a loss is noticed beside it");
    assert_eq!(world.count("payments"), 31);
    assert_eq!(world.alerts(), ["drift stands"]);
    assert_eq!(
        world.sql(&format!("DELETE FROM known_payments WHERE payment_id = '{stranger}'")),
        1
    );
    assert_eq!(sweep(&world, "completed", &[]), None);
    assert_eq!(sweep(&world, "completed", &[]), Some(0));
    assert_eq!(world.alerts(), ["drift ended"]);
    assert_eq!(sweep(&world, "completed", &[]), None);
}

#[test]
fn a_network_with_ways_of_its_own_is_read_whole() {
    let usual = Quirks::default;
    let quirks = [
        Quirks { inclusive_bounds: true, ..usual() },
        Quirks { ignore_range: true, ..usual() },
        Quirks { ignore_sort: true, ..usual() },
        Quirks { ignore_range: true, ignore_sort: true, ..usual() },
        Quirks { plain_numbers: true, no_stage_dates: true, ..usual() },
        Quirks { coarse_clock: Duration::from_secs(1), ..usual() },
    ];
    for quirks in quirks {
        let options = SandboxOptions { quirks: quirks.clone(), ..SandboxOptions::default() };
        let world = World::with(Kind::Sqlite, options);
        let sets = ["pollers.completed.page_size=20"];
        let mut ids = world.sandbox.add_payments(120, &history(3));
        world.once("completed", &sets).expect(0);
        assert_eq!(world.count("payments"), 120, "{quirks:?}");
        let fresh = PaymentSpec { state: PaymentState::Completed, ..PaymentSpec::default() };
        ids.extend(world.sandbox.add_payments(70, &fresh));
        ids.iter().step_by(9).for_each(|id| assert!(world.sandbox.touch(*id)));
        world.once("completed", &sets).expect(0);
        assert_eq!(world.count("payments"), 190, "{quirks:?}");
        for id in ids.iter().step_by(9) {
            let at = railpoll::engine::iso(world.sandbox.modified_at(*id).unwrap());
            let at = at.trim_end_matches('Z');
            let is_newest =
                format!("payments WHERE payment_id = '{id}' AND modified_at LIKE '{at}%'");
            assert_eq!(world.count(&is_newest), 1, "{quirks:?}");
        }
        world.once("completed", &sets).expect(0);
        assert_eq!(number(&world, "difference"), 0, "{quirks:?}");
        assert_eq!(world.alerts(), Vec::<String>::new(), "{quirks:?}");
    }
}

#[test]
fn a_network_that_changes_its_ways_is_noticed() {
    for quirks in [
        Quirks { ignore_sort: true, ..Quirks::default() },
        Quirks { ignore_range: true, ..Quirks::default() },
    ] {
        let (world, _) = recorded(Kind::Sqlite, 150, &[]);
        world.sandbox.change(|network, _| network.quirks = quirks.clone());
        let fresh = PaymentSpec { state: PaymentState::Completed, ..PaymentSpec::default() };
        world.sandbox.add_payments(150, &fresh);
        world.once("completed", &[]).expect(0);
        assert_eq!(world.alerts(), ["list_unreliable stands"], "{quirks:?}");
        world.once("completed", &[]).expect(0);
        assert_eq!(world.count("payments"), 300, "{quirks:?}");
        assert_eq!(world.alerts(), ["list_unreliable ended"], "{quirks:?}");
    }
}

#[test]
fn ties_are_read_whole() {
    let world = World::new(Kind::Sqlite);
    let tie = PaymentSpec { ties: 5_000, ..history(1) };
    world.sandbox.add_payments(5_000, &tie);
    world.sandbox.add_payments(130, &history(2));
    world.once("completed", &[]).expect(0);
    assert_eq!(world.count("payments"), 5_130);
    assert_eq!(sweep(&world, "completed", &[]), None);
    assert_eq!(number(&world, "difference"), 0);
    assert_eq!(world.alerts(), Vec::<String>::new());
}

#[test]
fn what_becomes_visible_late_is_read_by_the_overlap() {
    let quirks = Quirks { late: 1000, late_for: Duration::from_secs(2), ..Quirks::default() };
    let world = World::with(Kind::Sqlite, SandboxOptions { quirks, ..SandboxOptions::default() });
    let sets = [MANUAL, "pollers.accepted.overlap=30s"];
    for _ in 0..20 {
        world.sandbox.add_payments(10, &PaymentSpec::default());
        world.once("accepted", &sets).expect(0);
    }
    assert!(world.count("payments") < 200, "some are late");
    until_true("all of them", || {
        world.once("accepted", &sets).expect(0);
        world.count("payments") == 200
    });
}

/// Requests of a sweep that finds nothing new, one of them for a token.
fn cost_of_nothing_new(world: &World, sets: &[&str]) -> u64 {
    let before = world.sandbox.requests();
    assert_eq!(sweep(world, "completed", sets), None);
    world.sandbox.requests() - before
}

#[test]
fn a_long_history_costs_no_more_requests_than_a_short_one() {
    for count in [600, 6_000] {
        let (world, _) = recorded(Kind::Sqlite, count, &[]);
        for _ in 0..3 {
            assert_eq!(cost_of_nothing_new(&world, &[]), 3, "{count}");
        }
        assert_eq!(number(&world, "difference"), 0);
    }
}

/// A million at the network, of which only the last hour is ours: this shows what the network's side costs. That our own
/// side does not grow, the 6,000 above show.
#[test]
fn a_million_payments_at_the_network_cost_no_more() {
    let world = World::new(Kind::Sqlite);
    let spec = PaymentSpec {
        state: PaymentState::Completed,
        spacing: Duration::from_secs(10),
        ..PaymentSpec::default()
    };
    world.sandbox.add_payments(1_000_000, &spec);
    let sets = ["pollers.completed.collect_from=1h"];
    world.once("completed", &sets).expect(0);
    let ours = world.count("payments");
    assert!((350..=361).contains(&ours), "{ours}");
    for _ in 0..3 {
        assert_eq!(cost_of_nothing_new(&world, &sets), 3);
    }
    assert_eq!(world.alerts(), Vec::<String>::new());
}

#[test]
fn any_page_size_finds_all() {
    for size in [1, 7, 100] {
        let world = World::new(Kind::Sqlite);
        world.sandbox.add_payments(150, &history(3));
        let pages = format!("pollers.completed.page_size={size}");
        world.once("completed", &[&pages]).expect(0);
        assert_eq!(world.count("payments"), 150, "{size}");
        assert_eq!(sweep(&world, "completed", &[&pages]), None);
        assert_eq!(number(&world, "difference"), 0, "{size}");
    }
}
