//! What goes wrong at networks and rails, as a whole and with single things.

use std::cell::Cell;

use railpoll_sandbox::bank::BankEndpoint;
use railpoll_sandbox::horizon::{HorizonEndpoint, SubmitFault};
use railpoll_sandbox::wire_gateway::GatewayEndpoint;
use railpoll_sandbox::{Endpoint, HookAnswer, Operation, PaymentState, Reply, UserInfo};

use super::look::{left, texts};
use super::stage::Stage;
use super::trouble::{Play, Running};
use super::voices::commands_tell;
use crate::support::stellar::us;
use crate::support::world::signal;

const ALWAYS: u32 = u32::MAX;
/// So many looks long work comes while one thing is sick.
const MORE: u32 = 10;

pub(super) fn down<'s>(play: &mut Play<'s>) -> Running<'s> {
    let stage = play.stage;
    let (world, anchor) = (stage.world(), &stage.anchor);
    let bank = &anchor.transfers.bank;
    let place = play.chance.below(4);
    match place {
        0 => world.sandbox.set_hook(|_| HookAnswer::Cut),
        1 => world.wait(anchor.horizon.go_down()),
        2 => world.wait(bank.go_down()),
        _ => world.wait(stage.gateway.go_down()),
    }
    Running::new(
        || commands_tell(stage, &["network_unavailable", "rail_unavailable"], ""),
        move || match place {
            0 => world.sandbox.clear_hook(),
            1 => world.wait(anchor.horizon.come_up()),
            2 => world.wait(bank.come_up()),
            _ => world.wait(stage.gateway.come_up()),
        },
    )
}

/// How many operations and payouts had no clear answer until now.
fn unclear(stage: &Stage) -> usize {
    let events = "SELECT type FROM events WHERE type IN ('operation.unknown', 'payout.unknown')";
    texts(stage, events).map_or(0, |events| events.len())
}

pub(super) fn lost_answers<'s>(play: &mut Play<'s>) -> Running<'s> {
    let (stage, before) = (play.stage, unclear(play.stage));
    let sandbox = &stage.world().sandbox;
    let bank = &stage.anchor.transfers.bank;
    sandbox.script(Endpoint::Operation(Operation::Lock), 4, Reply::CutAfter);
    sandbox.script(Endpoint::Operation(Operation::Complete), 4, Reply::StatusAfter(500));
    bank.script(BankEndpoint::Payouts, 2, Reply::CutAfter);
    bank.script(BankEndpoint::Payouts, 2, Reply::StatusAfter(500));
    stage.anchor.horizon.script_submit(2, SubmitFault::TimeoutApplied);
    stage.gateway.script(GatewayEndpoint::Transfer, 2, Reply::CutAfter);
    Running::new(
        move || unclear(stage) > before + 2,
        || {
            sandbox.clear_scripts();
            bank.clear_scripts();
            stage.anchor.horizon.clear_scripts();
            stage.gateway.clear_scripts();
        },
    )
}

/// Whether everything is done but what this is about, and people are told of it.
fn is_alone<'s>(play: &Play<'s>, thing: String, told: String) -> impl Fn() -> bool + 's {
    let (stage, work) = (play.stage, play.work);
    let is_its = move |line: &String| {
        line.contains(&thing)
            || line.starts_with("alert put_off")
            || line.starts_with("put off")
            || line == "the partner has plans"
    };
    let looks = Cell::new(0);
    move || {
        // Some more work comes, and then all of it has to be done.
        looks.set(looks.get() + 1);
        if looks.get() < MORE {
            return false;
        }
        work.set(false);
        left(stage, &work.made()).iter().all(&is_its) && commands_tell(stage, &["put_off"], &told)
    }
}

pub(super) fn sick_payment<'s>(play: &mut Play<'s>) -> Running<'s> {
    let sandbox = &play.stage.world().sandbox;
    // Before it is ours to do something with it, the network has to do something.
    let id = play.work.payments(1, PaymentState::Prepared, UserInfo::Complete)[0];
    let complete = Endpoint::Operation(Operation::Complete);
    for endpoint in [complete, Endpoint::Get] {
        sandbox.script_for(endpoint, id, ALWAYS, Reply::status(500));
    }
    Running::new(is_alone(play, id.to_string(), id.to_string()), || sandbox.clear_scripts())
}

pub(super) fn sick_deposit<'s>(play: &mut Play<'s>) -> Running<'s> {
    let bank = &play.stage.anchor.transfers.bank;
    let id = format!("sick-{}", play.number);
    bank.script_for(BankEndpoint::DepositsLookup, id.clone(), ALWAYS, Reply::status(500));
    bring(play, &id);
    Running::new(is_alone(play, id.clone(), id), || bank.clear_scripts())
}

pub(super) fn sick_account<'s>(play: &mut Play<'s>) -> Running<'s> {
    let anchor = &play.stage.anchor;
    let id = format!("sick-{}", play.number);
    let account = anchor.customer(&id).account();
    assert_ne!(account, us());
    let horizon = &anchor.horizon;
    horizon.script_for(HorizonEndpoint::Account, &account, ALWAYS, Reply::status(500));
    bring(play, &id);
    Running::new(is_alone(play, id, account), || horizon.clear_scripts())
}

fn bring(play: &Play<'_>, id: &str) {
    let _desk = play.work.keep_out();
    play.work.deposit(id);
}

/// The six that ask the network.
const ASKING: [&str; 6] = ["accepted", "locked", "executed", "completed", "returned", "failed"];

/// The one trouble that a person ends: whoever renews a secret says so, or waits for minutes.
pub(super) fn refused_credentials<'s>(play: &mut Play<'s>) -> Running<'s> {
    let stage = play.stage;
    let sandbox = &stage.world().sandbox;
    sandbox.refuse_tokens(Some(401));
    sandbox.revoke_tokens();
    Running::new(
        || commands_tell(stage, &["credentials_refused"], ""),
        || {
            sandbox.refuse_tokens(None);
            for name in ASKING {
                if let Some(process) = stage.fleet.member(name).process() {
                    signal(process, "HUP");
                }
            }
        },
    )
}
