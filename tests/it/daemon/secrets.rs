//! Whatever a run says and stores, the client secret and the tokens are not in it.

use std::fs;
use std::process::Command;

use railpoll_sandbox::{Endpoint, PaymentSpec, PaymentState, Reply};

use crate::support::databases::Kind;
use crate::support::world::{Ended, World, finish};

fn at_trace(world: &World, poller: &str, flags: &[&str]) -> Ended {
    // All of the usual flags but `--log-format json`.
    let plain = world.poller(poller, &[]);
    let usual = plain.get_args().skip_while(|flag| *flag != "--config");
    let mut command = Command::new(plain.get_program());
    finish(command.env_clear().env("RAILPOLL_LOG", "trace").args(usual).args(flags))
}

#[test]
fn no_secret_and_no_token_is_ever_said() {
    let world = World::bare(Kind::Sqlite);
    let ids = world.sandbox.add_payments(3, &PaymentSpec::default());
    let mut said = Vec::new();

    said.push(at_trace(&world, "accepted", &["--dry-run", "--json"]).expect(0));
    // Tokens that come in an answer cut short, or are refused by the network.
    world.sandbox.script(Endpoint::Token, 1, Reply::Truncated);
    world.sandbox.script(Endpoint::List, 1, Reply::status(401));
    said.push(at_trace(&world, "accepted", &["--json"]).expect(0));
    for id in &ids {
        world.sandbox.move_to(*id, PaymentState::Executed);
    }
    world.sandbox.script(Endpoint::List, 2, Reply::status(401));
    said.push(at_trace(&world, "executed", &[]).expect(77));
    said.push(at_trace(&world, "executed", &["--log-format", "pretty"]).expect(0));
    world.sandbox.refuse_tokens(Some(401));
    said.push(at_trace(&world, "completed", &["--log-format", "journal"]).expect(77));
    // A secret that is no secret, in a mistake.
    said.push(
        at_trace(&world, "completed", &["--set", "networks.acme.client_secret=s3cr3t"]).expect(78),
    );

    let tokens = world.sandbox.tokens();
    assert!(tokens.len() >= 6, "{}", tokens.len());
    // Half a token is too much as well.
    let mut hidden: Vec<&str> = tokens.iter().map(|token| &token[..12]).collect();
    hidden.extend([world.sandbox.client_secret(), "s3cr3t"]);
    for ended in &said {
        assert!(ended.stderr.len() > 100, "nothing was logged");
        for secret in &hidden {
            for (place, text) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
                let line = text.lines().find(|line| line.contains(secret));
                assert_eq!(line, None, "{secret} in {place}");
            }
        }
    }
    let stored = String::from_utf8_lossy(&fs::read(world.database_file()).unwrap()).into_owned();
    for secret in hidden {
        assert!(!stored.contains(secret), "{secret} in the database");
    }
}
