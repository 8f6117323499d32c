//! A payment's life, from one daemon to the next.

use railpoll_sandbox::{Operation, PaymentSpec, PaymentState};

use crate::support::databases::Kind;
use crate::support::world::World;

fn through_the_whole_life(kind: Kind) {
    let world = World::new(kind);
    let ids = world.sandbox.add_payments(250, &PaymentSpec::default());
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.sandbox.count_in(PaymentState::Locked), 250);
    for id in &ids {
        assert_eq!(world.sandbox.accepted_calls(*id, Operation::Lock), 1);
        world.sandbox.move_to(*id, PaymentState::Prepared);
        world.sandbox.move_to(*id, PaymentState::Executed);
    }
    world.once("executed", &[]).expect(0);
    assert_eq!(world.sandbox.count_in(PaymentState::Completed), 250);
    world.once("completed", &[]).expect(0);
    assert_eq!(world.count("payments WHERE state = 'COMPLETED'"), 250);
    assert_eq!(world.count("operations WHERE status = 'done'"), 500);
    assert_eq!(world.sandbox.violations(), Vec::<String>::new());
    assert_eq!(world.sandbox.calls_more_than_once(), []);
}

#[test]
fn through_the_whole_life_on_sqlite() {
    through_the_whole_life(Kind::Sqlite);
}

#[test]
fn through_the_whole_life_on_postgres() {
    through_the_whole_life(Kind::Postgres);
}
