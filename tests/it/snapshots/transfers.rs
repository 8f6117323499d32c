//! Transfers between a bank and a ledger: what pollers and commands say of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use railpoll_sandbox::bank::Course;
use railpoll_sandbox::horizon::{HorizonOptions, Keys};

use super::story::Story;
use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, Setting};
use crate::support::transfers::Transfers;
use crate::support::world::finish;

const ON: &str = "[pollers.pending_deposits]\nenabled = true\n[pollers.watch]\nenabled = true\n";

pub(super) fn anchor(setting: Setting) -> Anchor {
    let network = format!("{}\n{ON}", setting.network);
    let options = HorizonOptions::default();
    Anchor::with(Kind::Sqlite, &Setting { network, ..setting }, options)
}

pub(super) fn story(anchor: &Anchor) -> Story<'_> {
    let mut story = Story::new(&anchor.transfers.world);
    for (whose, name) in [
        ("distribution", "US"),
        ("issuer", "ISSUER"),
        ("customer", "CUSTOMER"),
        ("channel 0", "CHANNEL"),
    ] {
        story.names.know(Keys::of(whose).account(), name);
    }
    story
}

#[test]
fn transfers_from_their_creation_to_their_end() {
    let anchor = anchor(Setting::default());
    let customer = anchor.rich_customer("customer");
    let (to, by) = (customer.account(), "--by ann --reason 'as they asked'");
    let beneficiary = r#"{"account":"DE02"}"#;
    let mut story = story(&anchor);
    let withdrawal = |id: &str, memo: u64| {
        format!(
            "transfers create --id {id} --kind withdrawal --asset usdc --memo-type id --memo {memo} \
             --amount-expected 10 --beneficiary '{beneficiary}' --by ann --json"
        )
    };
    let deposit = |id: &str| {
        format!(
            "transfers create --id {id} --kind deposit --asset usdc --to {to} --amount-expected 10.50 \
             --subject 'subject {id}' --by ann --json"
        )
    };
    story.tell(&deposit("in"));
    for (id, memo) in [("out", 1), ("lost", 2), ("late", 3), ("back", 4), ("never", 5)] {
        story.tell(&withdrawal(id, memo));
    }
    anchor.transfers.bank.set_course_for("lost", Course::fail("AC04", "the account is closed"));
    anchor.transfers.bank.receive("subject in", "10.50", "DE02").unwrap();
    for memo in [1, 2, 4] {
        anchor.pays(&customer, "10", memo);
    }
    anchor.pays(&customer, "8", 77);
    anchor.pays(&customer, "10", 78);
    story.sweep("watch", "--once --json");
    story.tell(&format!("transfers hold back {by} --json"));
    story.sweep("outgoing", "--dry-run --json --set pollers.outgoing.enabled=true");
    story.sweep("outgoing", "--once --json --set pollers.outgoing.enabled=true");
    // The rail is asked first, so that the network's worker finds what to send.
    anchor.ask_alone(|anchor| drop(finish(&mut anchor.pending_deposits(&[]))));
    story.sweep("pending-deposits", "--once --json");
    for line in ["status", "alerts", "transfers list", "transfers incoming list"] {
        story.tell(line);
    }
    let incoming = anchor.transfers.world.texts(
        "SELECT incoming_id FROM incoming WHERE transfer_id IS NULL ORDER BY CAST(amount AS real)",
    );
    story.names.know(incoming[0].clone(), "INCOMING-1");
    story.names.know(incoming[1].clone(), "INCOMING-2");
    let (one, two) = (&incoming[0], &incoming[1]);
    for line in [
        "transfers explain in out lost late back never".to_owned(),
        format!("transfers incoming refund {one} {by} --json"),
        format!("transfers incoming assign {two} late {by} --json"),
        format!("transfers incoming assign {two} never {by}"),
        format!("transfers release back {by} --json"),
        format!("transfers release lost {by}"),
        format!("transfers hold lost {by}"),
        format!("transfers correct lost --beneficiary '{{\"account\":\"DE03\"}}' {by} --json"),
        format!("transfers refund lost {by} --json"),
        format!("transfers hold never {by}"),
        format!("transfers resolve never --as error {by} --json"),
        format!("transfers move never --to pending_user {by} --json"),
        "transfers show in".to_owned(),
        "transfers show out".to_owned(),
        "transfers show lost".to_owned(),
        "transfers show in --json".to_owned(),
        "transfers show out --json".to_owned(),
        "transfers incoming list --all --json".to_owned(),
        format!("transfers incoming show {two}"),
    ] {
        story.tell(&line);
    }
    story.same("story-transfers");
}

#[test]
fn an_envelope_that_waits_for_signatures() {
    let setting = Setting { channels: 1, has_channel_seeds: false, ..Setting::default() };
    let anchor = anchor(setting);
    let customer = anchor.customer("customer");
    anchor.create(&anchor.deposit("d", &customer.account()));
    let mut story = story(&anchor);
    story.sweep("pending-deposits", "--once --json");
    let seeds = anchor.transfers.world.folder.path().join("seeds");
    fs::write(&seeds, Keys::of("channel 0").seed()).unwrap();
    fs::set_permissions(&seeds, fs::Permissions::from_mode(0o600)).unwrap();
    let xdr = xdr(&anchor);
    story.names.know(xdr, "XDR");
    let sign = format!("--seeds {} --by ann --reason 'all agreed'", seeds.display());
    for line in [
        "transfers explain d".to_owned(),
        "transfers envelope list".to_owned(),
        "transfers envelope list --json".to_owned(),
        "transfers envelope show d".to_owned(),
        "transfers envelope show d --json".to_owned(),
        format!("transfers envelope sign d {sign} --json"),
        format!("transfers envelope sign d {sign}"),
    ] {
        story.tell(&line);
    }
    story.same("story-envelope");
}

#[test]
fn a_database_that_was_restored() {
    let transfers = Transfers::new(Kind::Sqlite);
    transfers.configure("enabled = true");
    transfers.sends(2);
    let mut story = Story::new(&transfers.world);
    for line in [
        "restored",
        "restored --json",
        "restored --begin --by ann --reason 'backup of Monday' --json",
        "restored --begin --by ann --reason 'backup of Monday'",
        "restored",
        "status",
        "status --json",
        "status --check --json",
        "restored --confirm --by ann --reason 'nothing was lost' --json",
        "restored --confirm --by ann --reason 'nothing was lost'",
        "restored",
    ] {
        story.tell(line);
    }
    story.same("story-restored");
}

/// The envelope of the only deposit, as wallets take it.
fn xdr(anchor: &Anchor) -> String {
    anchor.transfers.world.texts("SELECT xdr FROM envelopes").remove(0)
}
