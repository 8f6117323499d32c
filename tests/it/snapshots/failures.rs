//! What is refused, and what whoever typed it is told to do instead: for people, and for programs.

use super::story::Story;
use crate::support::databases::Kind;
use crate::support::world::World;
use railpoll_sandbox::PaymentSpec;

/// Command lines that cannot be.
const NO_COMMANDS: [&str; 19] = [
    "stauts",
    "payments",
    "payments list --state",
    "payments list --limit many",
    "payments list --review pendign",
    "payments list --since yesterday",
    "payments hold 1234 --for 1h --until 2026-01-01 --reason x",
    "payments decline 1234 --code ac03 --reason x",
    "payments approve 1234 --reason",
    "transfers create --kind withdraw",
    "transfers hold t-1",
    "events list --type payment.nw",
    "quarantine show one",
    "run nobody",
    "backfill accepted",
    "status --set",
    "status --set nonsense",
    "status --set pollers.accepted.batch_sice=7",
    "status --config no-such-file.toml",
];

#[test]
fn every_kind_of_failure_says_what_to_do() {
    let world = World::bare(Kind::Sqlite);
    let ids = world.sandbox.add_payments(2, &PaymentSpec::default());
    let mut story = Story::new(&world);
    story.remark("before there is a database");
    for line in ["status", "payments list", "reconcile accepted", "alerts clear 1 --reason x"] {
        both(&mut story, line);
    }
    both(&mut story, "status --set database.url=sqlite:/nowhere/railpoll.db");
    both(&mut story, "status --set database.url=sqlite:/");
    both(&mut story, "status --set database.url=mysql://host/db");
    both(&mut story, "status --set database.url=postgres://127.0.0.1:1/railpoll");
    story.remark("a command line that cannot be");
    for line in NO_COMMANDS {
        both(&mut story, line);
    }
    story.remark("what is not there, or cannot be done");
    world.once("accepted", &["pollers.accepted.review.mode=manual"]).expect(0);
    for (nth, id) in ids.iter().enumerate() {
        story.names.know(id.to_string(), format!("PAYMENT-{}", nth + 1));
    }
    for line in [
        "payments show 12345678".to_owned(),
        "payments show 12".to_owned(),
        "payments list --network sandbx".to_owned(),
        "payments list --state ACEPTED".to_owned(),
        format!("payments complete {} --reason x", ids[0]),
        format!("payments approve {} --version 7 --reason x", ids[0]),
        "transfers show t-1".to_owned(),
        "transfers list --rail nope".to_owned(),
        "transfers explain t-1".to_owned(),
        "transfers hold t-1 --reason x".to_owned(),
        "transfers create --kind deposit --asset usdc".to_owned(),
        "transfers import no-such-file.csv".to_owned(),
        "transfers incoming refund 1 --reason x".to_owned(),
        "transfers envelope show t-1".to_owned(),
        "quarantine show 7".to_owned(),
        "quarantine retry 7".to_owned(),
        "quarantine resolve 7 --reason x".to_owned(),
        "alerts clear 7 --reason x".to_owned(),
        "alerts --place nowhere".to_owned(),
        "restored --confirm --reason x".to_owned(),
        "reconcile outgoing".to_owned(),
        "backfill accepted --from 1d --network nowhere".to_owned(),
    ] {
        both(&mut story, &line);
    }
    story.remark("a network that does not let us in, and one that is not there");
    world.sandbox.refuse_tokens(Some(401));
    both(&mut story, "reconcile accepted");
    both(&mut story, "config check --online --set pollers.accepted.enabled=true");
    world.sandbox.stop();
    both(&mut story, "reconcile accepted --set defaults.poller.retry.max_attempts=1");
    story.same("story-failures");
}

/// For people, and for programs.
fn both(story: &mut Story<'_>, line: &str) {
    let told = story.tell(line);
    let again = story.tell(&format!("{line} --json"));
    assert_eq!(told.code, again.code, "{line}");
}
