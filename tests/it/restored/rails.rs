//! The same on rails of other kinds.

use railpoll::engine::NewTransfer;

use crate::support::databases::Kind;
use crate::support::stellar::on_both_kinds;
use crate::support::transfers::{Transfers, send};
use crate::support::world::{finish, until_true};
use crate::transfers_crash::{Gateway, Program, Side};

fn nothing_is_paid_twice<S: Side>(kind: Kind) {
    let transfers = Transfers::new(kind);
    let side = S::open(&transfers.world);
    transfers.configure(&side.rail());
    let new: Vec<NewTransfer> = ["one", "two", "three"]
        .into_iter()
        .map(|id| NewTransfer {
            rail: "side".to_owned(),
            currency: S::CURRENCY.to_owned(),
            beneficiary: Some(side.beneficiary(id)),
            subject: Some(id.to_owned()),
            ..send(id)
        })
        .collect();
    let ids = transfers.create(&new);
    let pay = || {
        until_true("all to be paid", || {
            finish(&mut transfers.outgoing(&["pollers.outgoing.rails=[\"side\"]"])).expect(0);
            transfers.count_in("completed") == ids.len()
        });
        let mut paid: Vec<String> = side.paid("").into_iter().map(|(id, _)| id).collect();
        paid.sort_unstable();
        assert_eq!(paid, ["one", "three", "two"]);
    };
    let backup = transfers.world.backup();
    pay();
    transfers.world.restore(&backup);
    pay();
    assert_eq!(transfers.world.count("restorations WHERE ended_at IS NOT NULL"), 1);
}

#[test]
fn nothing_is_paid_twice_by_a_program() {
    on_both_kinds(nothing_is_paid_twice::<Program>);
}

#[test]
fn nothing_is_paid_twice_by_a_gateway() {
    on_both_kinds(nothing_is_paid_twice::<Gateway>);
}
