//! What each daemon says of one sweep: what it would do, what it did, and that there was nothing to do.

use railpoll_sandbox::{PaymentSpec, PaymentState, Role};

use super::story::Story;
use super::transfers;
use crate::support::databases::Kind;
use crate::support::stellar::Setting;
use crate::support::world::{World, finish};

fn in_state(state: PaymentState, role: Role) -> PaymentSpec {
    PaymentSpec { state, role, ..PaymentSpec::default() }
}

fn payments(role: &str, part: Role, pollers: &[(&str, PaymentState)], name: &str) {
    let world = World::new(Kind::Sqlite);
    let on = |(poller, _): &(&str, PaymentState)| {
        format!("[pollers.{poller}]\nenabled = true\nreview.mode = \"automatic\"\n")
    };
    world.configure(role, &pollers.iter().map(on).collect::<String>());
    let mut story = Story::new(&world);
    for (nth, (_, state)) in pollers.iter().enumerate() {
        let id = world.sandbox.add_payments(1, &in_state(*state, part))[0];
        story.names.know(id.to_string(), format!("PAYMENT-{}", nth + 1));
    }
    for (poller, _) in pollers {
        for line in ["--dry-run", "--dry-run --json", "--once", "--once"] {
            story.sweep(poller, line);
        }
    }
    story.same(name);
}

#[test]
fn of_payments_that_we_receive() {
    let pollers = [
        ("accepted", PaymentState::Accepted),
        ("executed", PaymentState::Executed),
        ("completed", PaymentState::Completed),
        ("returned", PaymentState::Returned),
        ("failed", PaymentState::Failed),
    ];
    payments("receiving", Role::Receiving, &pollers, "sweeps-receiving");
}

#[test]
fn of_payments_that_we_send() {
    payments("sending", Role::Sending, &[("locked", PaymentState::Locked)], "sweeps-sending");
}

#[test]
fn of_transfers() {
    let anchor = transfers::anchor(Setting::default());
    let customer = anchor.rich_customer("customer");
    anchor.create(&anchor.withdrawal("out", 7));
    anchor.create(&anchor.expected_deposit("in", &customer.account()));
    anchor.pays(&customer, "10", 7);
    anchor.pays(&customer, "5", 8);
    anchor.transfers.bank.receive("subject in", "10", "DE02").unwrap();
    let mut story = transfers::story(&anchor);
    let on = "--set pollers.outgoing.enabled=true";
    for poller in ["watch", "outgoing"] {
        for line in ["--dry-run", "--dry-run --json", "--once", "--once"] {
            story.sweep(poller, &format!("{line} {on}"));
        }
    }
    // The rail is asked and the network sends side by side: what one finds the other may find too late.
    anchor.ask_alone(|anchor| drop(finish(&mut anchor.pending_deposits(&[]))));
    for line in ["--dry-run", "--dry-run --json", "--once", "--once"] {
        story.sweep("pending-deposits", line);
    }
    story.same("sweeps-transfers");
}
