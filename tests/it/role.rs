//! The role without DDL that docs/database.md gives the pollers: all of them run with it.

use railpoll::engine::Clock;
use railpoll_sandbox::bank::BankEndpoint;
use railpoll_sandbox::{PaymentSpec, PaymentState, Reply, Role};

use crate::support::databases::Kind;
use crate::support::stellar::Anchor;
use crate::support::world::finish;

/// The statements of the page, for a role of this name.
fn statements(role: &str) -> Vec<String> {
    let page = include_str!("../../docs/database.md");
    let blocks = page.split("```sql\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let mut blocks = blocks.map(|(block, _)| block).filter(|block| block.contains("GRANT USAGE"));
    let block = blocks.next().unwrap().replace("railpoll_poller", role);
    assert!(blocks.next().is_none(), "one place says which rights");
    let statements = block.split(';').map(str::trim).filter(|one| !one.is_empty());
    statements.map(str::to_owned).collect()
}

#[test]
fn every_poller_runs_with_the_role_of_the_page() {
    let anchor = Anchor::new(Kind::Postgres);
    let (world, transfers) = (&anchor.transfers.world, &anchor.transfers);
    let url = world.database.url.clone();
    let name = url.rsplit('/').next().unwrap();
    let role = format!("{name}_poller");
    for statement in statements(&role) {
        world.sql(&statement);
    }
    let (before, server) = url.split_once("://").unwrap();
    let server = server.split_once('@').map_or(server, |(_, server)| server);
    let database = format!("database.url=\"{before}://{role}@{server}\"");
    let sets = [database.as_str(), "database.migrate=\"manual\"", "rails.bank.timeout=\"500ms\""];
    // A payment's whole life, beside a row that tells no id.
    let ids = world.sandbox.add_payments(3, &PaymentSpec::default());
    let document = world.sandbox.document(ids[0]).unwrap();
    let nameless = document.replace(&ids[0].to_string(), "");
    let now = Clock::system().now();
    world.sandbox.add_raw_row(PaymentState::Accepted, Role::Receiving, now, &nameless);
    world.once("accepted", &sets).expect(0);
    for id in &ids {
        world.sandbox.move_to(*id, PaymentState::Executed);
    }
    for poller in ["locked", "executed", "completed", "returned", "failed"] {
        world.once(poller, &sets).expect(0);
    }
    assert_eq!(world.sandbox.count_in(PaymentState::Completed), 3);
    assert_eq!(world.count("quarantine WHERE payment_id IS NULL"), 1);
    // Money in and out, beside a deposit that the bank cannot be asked about for a while.
    let to = anchor.deposits(2);
    anchor.create(&anchor.expected_deposit("sick", &to[0]));
    let lookup = BankEndpoint::DepositsLookup;
    transfers.bank.script_for(lookup, "sick", 1_000, Reply::status(400));
    anchor.create(&anchor.withdrawal("w", 7));
    let rich = anchor.rich_customer("rich");
    anchor.pays(&rich, "10", 7);
    finish(&mut anchor.watching(&sets)).expect(0);
    finish(&mut anchor.pending_deposits(&sets)).expect(0);
    assert_eq!(world.count("put_off"), 1);
    transfers.bank.clear_scripts();
    world.sql("UPDATE put_off SET not_before = '2000-01-01T00:00:00Z'");
    world.sql("UPDATE transfers SET not_before = NULL");
    finish(&mut anchor.pending_deposits(&sets)).expect(0);
    assert_eq!(world.count("put_off"), 0, "it is well again");
    finish(&mut transfers.outgoing(&sets)).expect(0);
    finish(&mut transfers.outgoing(&sets)).expect(0);
    assert_eq!(transfers.status("w"), "completed");
    anchor.check_paid(&to);
    // It can do no more than that.
    for forbidden in ["DELETE FROM transfers", "DROP TRIGGER events_append_only ON events"] {
        let tried = world.wait(async {
            let url = format!("{before}://{role}@{server}");
            let mut poller = railpoll_sql(&url).await;
            sqlx::query(forbidden).execute(&mut poller).await
        });
        assert!(tried.is_err(), "{forbidden}");
    }
    world.sql(&format!("DROP OWNED BY {role}"));
    world.sql(&format!("DROP ROLE {role}"));
}

async fn railpoll_sql(url: &str) -> sqlx::PgConnection {
    use sqlx::Connection as _;
    sqlx::PgConnection::connect(url).await.unwrap()
}
