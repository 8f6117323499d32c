//! The network's books and our database, compared.

use std::collections::BTreeMap;

use railpoll_sandbox::{Operation, PaymentState};
use uuid::Uuid;

use super::databases::run;
use super::world::World;

/// Payments, and the operations that each is to see, in the order of their names; none where it is to be left alone.
pub(crate) type Expected = BTreeMap<Uuid, Vec<Operation>>;

/// What our database knows.
struct Known {
    payments: Vec<String>,
    history: BTreeMap<String, Vec<String>>,
    operations: Vec<String>,
    reviews: Vec<String>,
    /// How many events there are of each type.
    events: BTreeMap<String, usize>,
    /// Events that tell the same of the same version of a payment.
    repeated: Vec<String>,
}

/// Fails unless each payment was acted on as expected and once, our database knows what the network knows, nothing is
/// left open, and nobody broke a rule of the network.
#[track_caller]
pub(crate) fn check(world: &World, expected: &Expected, at: &str) {
    let sandbox = &world.sandbox;
    assert_eq!(sandbox.violations(), Vec::<String>::new(), "{at}");
    assert_eq!(sandbox.calls_more_than_once(), [], "{at}");
    for (id, operation) in wanted(expected) {
        assert_eq!(sandbox.accepted_calls(id, operation), 1, "{at}: {operation} of {id}");
    }
    let carried_out: u64 = sandbox.summary().accepted_calls.values().sum();
    let wanted = wanted(expected).count();
    assert_eq!(usize::try_from(carried_out), Ok(wanted), "{at}: other calls");

    let known = run(known(world));
    let (mut payments, mut operations, mut reviews) = (Vec::new(), Vec::new(), Vec::new());
    for (id, wanted) in expected {
        payments.push(format!("{id} {}", sandbox.state_of(*id).unwrap()));
        assert_eq!(
            known.history.get(&id.to_string()),
            Some(&dated_steps(world, *id)),
            "{at}: {id}"
        );
        operations.extend(wanted.iter().map(|operation| format!("{id} {operation} done")));
        reviews.extend(vec![id.to_string(); wanted.len().max(1)]);
    }
    assert_eq!(known.payments, payments, "{at}: states");
    assert_eq!(known.operations, operations, "{at}: operations");
    assert_eq!(known.reviews, reviews, "{at}: reviews");
    assert_eq!(known.repeated, Vec::<String>::new(), "{at}: events that are told twice");
    let events = |name: &str| known.events.get(name).copied().unwrap_or(0);
    assert_eq!(events("payment.new"), expected.len(), "{at}: {:?}", known.events);
    assert_eq!(events("payment.reviewed"), reviews.len(), "{at}: {:?}", known.events);
    assert_eq!(events("operation.done"), wanted, "{at}: {:?}", known.events);
}

fn wanted(expected: &Expected) -> impl Iterator<Item = (Uuid, Operation)> {
    expected.iter().flat_map(|(id, wanted)| wanted.iter().map(|operation| (*id, *operation)))
}

/// The states that the payment had, with their times. Nobody can know of a PREPARED that he did not see: the network
/// tells no date of it.
fn dated_steps(world: &World, id: Uuid) -> Vec<String> {
    let steps = world.sandbox.history(id).unwrap().into_iter();
    steps
        .filter(|(state, _)| *state != PaymentState::Prepared)
        .map(|(state, at)| format!("{state} {}", at.format("%FT%T%.6fZ")))
        .collect()
}

async fn known(world: &World) -> Known {
    let mut person = world.database.person().await;
    let reached_at = person.time("reached_at");
    let steps = format!(
        "SELECT id || ' ' || status || ' ' || {reached_at} FROM status_changes \
         WHERE status <> 'PREPARED' ORDER BY reached_at, row_id"
    );
    let mut history: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for step in person.texts(&steps).await {
        let (id, step) = step.split_once(' ').unwrap();
        history.entry(id.to_owned()).or_default().push(step.to_owned());
    }
    let types = "SELECT type FROM events";
    let mut events: BTreeMap<String, usize> = BTreeMap::new();
    for event in person.texts(types).await {
        *events.entry(event).or_default() += 1;
    }
    let repeated = "SELECT type || ' ' || subject || ' ' || CAST(version AS text) FROM events \
                    WHERE version > 0 GROUP BY type, subject, version HAVING count(*) > 1";
    let operations =
        "SELECT payment_id || ' ' || operation || ' ' || status FROM operations ORDER BY 1";
    Known {
        payments: person.texts("SELECT payment_id || ' ' || state FROM payments ORDER BY 1").await,
        history,
        operations: person.texts(operations).await,
        reviews: person.texts("SELECT payment_id FROM reviews ORDER BY 1").await,
        events,
        repeated: person.texts(repeated).await,
    }
}
