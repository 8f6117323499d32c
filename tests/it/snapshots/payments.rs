//! Payments from the first sweep to the end: what pollers and commands say of them.

use railpoll_sandbox::{Endpoint, Garbage, PaymentSpec, PaymentState, Reply, Role};

use super::story::Story;
use crate::support::databases::Kind;
use crate::support::world::World;

/// What was read is read again by the next sweep, however long that takes.
const ON: &str = "[pollers.accepted]\nenabled = true\noverlap = \"1h\"\n[pollers.completed]\nenabled = true\n\
                  [pollers.completed.retry]\nmax_attempts = 1\n";

/// A world with five payments that wait for a person, one that nobody can understand, and three pollers of no use.
fn world() -> (World, Vec<String>) {
    let world = World::bare(Kind::Sqlite);
    world.configure("receiving", ON);
    let ids = world.sandbox.add_payments(5, &PaymentSpec::default());
    let odd = world.sandbox.add_garbage(Garbage::NoAmount, PaymentState::Accepted, Role::Receiving);
    let ids = ids.into_iter().chain([odd]).map(|id| id.to_string()).collect();
    (world, ids)
}

#[test]
fn decisions_on_payments() {
    let (world, ids) = world();
    let mut story = Story::new(&world);
    for (nth, id) in ids.iter().enumerate() {
        story.names.know(id.clone(), format!("PAYMENT-{}", nth + 1));
    }
    story.sweep("accepted", "--dry-run");
    story.sweep("accepted", "--once --json");
    let [one, two, three, four, five, _] = &ids[..] else { panic!("six") };
    let by = "--by ann --reason 'looked at it'";
    for line in [
        format!("payments show {one}"),
        format!("payments approve {one} {by} --json"),
        format!("payments decline {two} --code AC03 {by} --json"),
        format!("payments hold {three} --for 1m {by} --json"),
        format!("payments hold {four} {by} --json"),
        format!("payments release {four} {by} --json"),
        format!("payments fail {four} --code AM04 {by} --json"),
        format!("payments complete {five} {by} --json"),
        format!("payments hold {five} {by}"),
        format!("payments release {five} {by}"),
        format!("payments approve {five} {by}"),
        format!("payments decline {five} --code AC03 {by}"),
        format!("payments hold {five} {by} --json"),
    ] {
        story.tell(&line);
    }
    story.sweep("accepted", "--dry-run --json");
    story.sweep("accepted", "--once --json");
    for line in [
        format!("payments show {one}"),
        format!("payments show {two}"),
        format!("payments show {five}"),
        "payments list --state ACCEPTED".to_owned(),
        "audit list --json".to_owned(),
        "audit list".to_owned(),
    ] {
        story.tell(&line);
    }
    story.same("story-decisions");
}

#[test]
fn what_is_wrong_and_what_to_do() {
    let (world, ids) = world();
    let mut story = Story::new(&world);
    for (nth, id) in ids.iter().enumerate() {
        story.names.know(id.clone(), format!("PAYMENT-{}", nth + 1));
    }
    story.remark("nobody has run anything yet");
    world.once("failed", &[]).expect(0);
    for line in ["status", "status --check --json"] {
        story.tell(line);
    }
    story.remark("the one has something to say, and the other finds nobody");
    story.sweep("accepted", "--once");
    world.sandbox.script(Endpoint::List, 100, Reply::status(503));
    story.sweep("completed", "--once --json");
    world.sandbox.clear_scripts();
    for line in [
        "status",
        "status --json",
        "status --check",
        "status --all",
        "alerts",
        "alerts --json",
        "alerts clear 1 --by ann --reason 'told them' --json",
        "alerts clear 2 --by ann --reason 'told them'",
        "alerts",
        "alerts --all",
        "alerts --all --json",
        "quarantine list",
        "quarantine list --json",
        "quarantine show 1",
        "quarantine show 1 --json",
        "quarantine retry 1 --by ann --json",
        "quarantine retry 1 --by ann",
        "quarantine resolve 1 --by ann --reason 'they will send it anew' --json",
        "quarantine list --all --json",
        "events verify",
        "events verify --json",
    ] {
        story.tell(line);
    }
    story.same("story-trouble");
}

#[test]
fn a_network_is_read_again() {
    let (world, _) = world();
    let mut story = Story::new(&world);
    for line in [
        "migrate --check",
        "migrate --check --json",
        "migrate --json",
        "migrate --check --json",
        "backfill accepted --from 1d --by ann --json",
        "backfill accepted --from 1d --by ann",
        "reconcile accepted --by ann --json",
        "reconcile accepted --by ann",
        "config check",
        "config check --json",
        "config check --set pollers.accepted.fixed_delay=soon --set networks.acme.role=x --json",
        "config check --set pollers.accepted.fixed_delay=soon --set networks.acme.role=x",
        "config show --changed",
        "config show --changed --json",
    ] {
        story.tell(line);
    }
    story.same("story-again");
}
