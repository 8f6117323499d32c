//! Accounts of ours of which the network does not tell what they have sent, and receivers of whom it tells late: what may
//! be paid already waits, all the rest goes out.

use std::fs::OpenOptions;
use std::io::Write as _;

use railpoll::engine::NewTransfer;
use railpoll_sandbox::Reply;
use railpoll_sandbox::horizon::{
    CustomerMemo, CustomerPayment, HorizonEndpoint, HorizonOptions, Keys,
};
use serde_json::{Value, json};

use super::ALWAYS;
use crate::restored::{anchor as restorable, says, sweep_until_over};
use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, Setting, on_both_kinds, us, usdc};
use crate::support::web;
use crate::support::world::{Daemon, finish, until_true};

/// Nobody is waited for long.
const QUICK: [&str; 2] = ["networks.stellar.timeout=500ms", "defaults.poller.retry.max_attempts=2"];
/// Whoever does not answer is waited for longer than any test lasts.
const PATIENT: [&str; 2] = ["networks.stellar.timeout=2m", "defaults.poller.retry.max_attempts=2"];

fn second() -> Keys {
    Keys::of("second")
}

/// Two accounts of ours, each with an asset of its own. Both have paid somebody of whom the database knows nothing.
fn two_accounts(kind: Kind) -> Anchor {
    let asset = format!(
        "\n[assets.other]\nnetwork = \"stellar\"\ncode = \"USDC\"\nissuer = \"{}\"\n\
         account = \"{}\"\nrail = \"bank\"\ncurrency = \"USD\"\n",
        Keys::of("issuer").account(),
        second().account(),
    );
    let setting = Setting { asset, ..Setting::default() };
    let anchor = Anchor::with(kind, &setting, HorizonOptions::default());
    let seeds = anchor.transfers.world.folder.path().join("stellar-seeds");
    let mut seeds = OpenOptions::new().append(true).open(seeds).unwrap();
    writeln!(seeds, "{}", second().seed()).unwrap();
    anchor.rich_customer("second");
    let stranger = anchor.customer("stranger").account();
    for own in [second(), Keys::of("distribution")] {
        by_hand(&anchor, &own, &stranger);
    }
    anchor
}

/// Somebody pays 3 USDC from an account of ours, without us.
fn by_hand(anchor: &Anchor, own: &Keys, to: &str) {
    let payment = CustomerPayment {
        to: to.to_owned(),
        asset: usdc(),
        amount: "3".to_owned(),
        memo: CustomerMemo::None,
    };
    anchor.horizon.pay(own, &payment).unwrap();
}

/// A deposit that is paid from each of the two accounts.
fn one_each(anchor: &Anchor) -> [String; 2] {
    let to = ["one", "two"].map(|name| anchor.customer(name).account());
    anchor.transfers.create(&[
        anchor.deposit("one", &to[0]),
        NewTransfer { asset: "other".to_owned(), ..anchor.deposit("two", &to[1]) },
    ]);
    to
}

fn sweep(anchor: &Anchor, what: &str) {
    let ended = finish(&mut anchor.pending_deposits(&QUICK));
    assert_eq!(ended.code, Some(0), "{what}: {}", ended.stderr);
}

/// Sweeps until somebody is told that things are put off. What is told.
fn until_told(anchor: &Anchor, what: &str) -> String {
    let world = &anchor.transfers.world;
    until_true("somebody to be told", || {
        sweep(anchor, what);
        world.count("alerts WHERE name = 'put_off' AND ended_at IS NULL") == 1
    });
    world.texts("SELECT detail FROM alerts WHERE name = 'put_off' AND ended_at IS NULL").remove(0)
}

fn payments_from(anchor: &Anchor, account: &str) -> usize {
    anchor.horizon.payments_from(account).len()
}

/// What the second account has sent cannot be read: what is due from it waits, and the other's goes out.
fn alone(anchor: &Anchor, what: &str, reason: &str) {
    let to = one_each(anchor);
    let detail = until_told(anchor, what);
    let thing = format!("transactions/{}", second().account());
    assert!(detail.contains(&thing) && detail.contains(reason), "{what}: {detail}");
    assert_eq!(anchor.transfers.status("one"), "completed", "{what}");
    assert_eq!(anchor.transfers.status("two"), "pending_anchor", "{what}");
    let message = anchor.transfers.message("two");
    assert!(
        message.contains("does not tell what the paying account has sent"),
        "{what}: {message}"
    );
    assert_eq!(payments_from(anchor, &second().account()), 1, "{what}");
    anchor.horizon.clear_scripts();
    sweep_until_over(anchor, 2);
    assert_eq!(anchor.horizon.payments_to(&to[1]).len(), 1, "{what}");
    assert_eq!(anchor.transfers.world.alerts(), ["put_off ended"], "{what}");
}

#[test]
fn an_account_whose_transactions_cannot_be_listed() {
    on_both_kinds(|kind| {
        for (what, reply) in [
            ("400", Reply::status(400)),
            ("500", Reply::status(500)),
            ("silence", Reply::Hang),
            ("garbage", Reply::Html),
        ] {
            let anchor = two_accounts(kind);
            let account = second().account();
            anchor.horizon.script_for(
                HorizonEndpoint::AccountTransactions,
                &account,
                ALWAYS,
                reply,
            );
            alone(&anchor, what, "");
        }
    });
}

/// The list of an account's transactions, in which the records of `source` are changed.
fn listed(anchor: &Anchor, account: &str, source: &str, change: impl Fn(&mut Value)) -> Reply {
    let url = anchor.horizon.url();
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let path = format!("/accounts/{account}/transactions?order=desc&limit=200&include_failed=true");
    let (status, body) = web::get(address.parse().unwrap(), &path).unwrap();
    assert_eq!(status, 200, "{body}");
    let mut page: Value = serde_json::from_str(&body).unwrap();
    let mut changed = 0;
    for record in page["_embedded"]["records"].as_array_mut().unwrap() {
        if record["source_account"] == source {
            change(record);
            changed += 1;
        }
    }
    assert!(changed > 0, "{page}");
    Reply::Body(page.to_string())
}

#[test]
fn a_transaction_of_ours_that_cannot_be_read() {
    on_both_kinds(|kind| {
        let anchor = two_accounts(kind);
        let account = second().account();
        let reply =
            listed(&anchor, &account, &account, |record| record["envelope_xdr"] = json!("AA"));
        anchor.horizon.script_for(HorizonEndpoint::AccountTransactions, &account, ALWAYS, reply);
        alone(&anchor, "unreadable", "so nobody knows what it paid");
    });
}

/// The same page, whatever page is asked for.
#[test]
fn a_list_of_transactions_without_an_end() {
    on_both_kinds(|kind| {
        let anchor = two_accounts(kind);
        let account = second().account();
        let reply = listed(&anchor, &account, &account, |_| {});
        anchor.horizon.script_for(HorizonEndpoint::AccountTransactions, &account, ALWAYS, reply);
        alone(&anchor, "without an end", "does not go on");
    });
}

/// What came to it is in the same list, and no affair of ours.
#[test]
fn a_transaction_of_somebody_else_that_cannot_be_read() {
    on_both_kinds(|kind| {
        let anchor = two_accounts(kind);
        let account = second().account();
        let payer = anchor.rich_customer("payer");
        by_hand(&anchor, &payer, &account);
        let reply =
            listed(&anchor, &account, &payer.account(), |record| record["envelope_xdr"] = json!(7));
        anchor.horizon.script_for(HorizonEndpoint::AccountTransactions, &account, 1, reply);
        one_each(&anchor);
        sweep(&anchor, "of somebody else");
        assert_eq!(anchor.transfers.count_in("completed"), 2);
        assert_eq!(anchor.transfers.world.alerts(), Vec::<String>::new());
    });
}

/// Any channel may have paid anything: as long as one of them is not read, all waits.
#[test]
fn a_channel_that_has_sent_what_cannot_be_read() {
    on_both_kinds(|kind| {
        let setting = Setting { channels: 2, ..Setting::default() };
        let anchor = Anchor::with(kind, &setting, HorizonOptions::default());
        let channel = Keys::of("channel 1");
        let stranger = anchor.customer("stranger").account();
        anchor.horizon.trust(&channel, &usdc(), "1000").unwrap();
        anchor.horizon.issue(&channel, &usdc(), "10").unwrap();
        by_hand(&anchor, &channel, &stranger);
        let to = anchor.deposits(3);
        let account = channel.account();
        let reply = Reply::status(500);
        anchor.horizon.script_for(HorizonEndpoint::AccountTransactions, &account, ALWAYS, reply);
        let detail = until_told(&anchor, "a channel");
        assert!(detail.contains(&format!("transactions/{account}")), "{detail}");
        assert_eq!(payments_from(&anchor, &us()), 0);
        assert_eq!(anchor.transfers.count_in("pending_anchor"), 3);
        assert!(anchor.transfers.message("d0").contains(&account));
        anchor.horizon.clear_scripts();
        // What the channel has sent is not on record: the database may have lost it, until all was looked up.
        anchor.let_time_pass(60);
        sweep_until_over(&anchor, 3);
        anchor.check_paid(&to);
    });
}

/// After a restore nothing goes out before all was looked at: an account that cannot be read keeps it so, and is named.
#[test]
fn an_account_that_cannot_be_read_after_a_restore() {
    on_both_kinds(|kind| {
        for endpoint in [HorizonEndpoint::Account, HorizonEndpoint::AccountTransactions] {
            let anchor = restorable(kind, 0);
            let to = anchor.deposits(2);
            let backup = anchor.transfers.world.backup();
            sweep_until_over(&anchor, 2);
            anchor.transfers.world.restore(&backup);
            anchor.horizon.script_for(endpoint, us(), ALWAYS, Reply::status(500));
            let detail = until_told(&anchor, "after a restore");
            assert!(detail.contains(&us()), "{detail}");
            let held = "restorations WHERE ended_at IS NULL";
            assert_eq!(anchor.transfers.world.count(held), 1);
            let shown = says(&anchor, &["status"]).expect(0).stdout;
            assert!(shown.contains("nothing goes out"), "{shown}");
            anchor.horizon.clear_scripts();
            sweep_until_over(&anchor, 2);
            anchor.check_paid(&to);
            assert_eq!(anchor.transfers.world.count(held), 0);
        }
    });
}

/// One receiver hangs: what goes to the others, also what is due later, does not wait for it.
#[test]
fn a_receiver_of_whom_is_told_late() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let mut to = anchor.deposits(10);
        let late = to.remove(0);
        anchor.horizon.script_for(HorizonEndpoint::Account, &late, ALWAYS, Reply::Hang);
        let daemon = Daemon::start(anchor.pending_deposits(&PATIENT).arg("--loop"));
        until_true("the others to be paid", || anchor.transfers.count_in("completed") == 9);
        let more = anchor.customer("more").account();
        anchor.create(&anchor.deposit("more", &more));
        until_true("what is due meanwhile", || anchor.transfers.count_in("completed") == 10);
        to.push(more);
        assert_eq!(anchor.transfers.status("d0"), "pending_anchor");
        anchor.check_paid(&to);
        drop(daemon);
        anchor.horizon.clear_scripts();
        anchor.transfers.world.let_leases_run_out();
        sweep_until_over(&anchor, 11);
        to.push(late);
        anchor.check_paid(&to);
    });
}

/// More goes to it than is looked at in one go: that hides nothing of what is behind it.
#[test]
fn much_that_goes_to_a_receiver_of_whom_is_told_late() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let [late, other] = ["late", "other"].map(|name| anchor.customer(name).account());
        for n in 0..12 {
            anchor.create(&anchor.deposit(&format!("late-{n}"), &late));
        }
        anchor.create(&anchor.deposit("other", &other));
        anchor.horizon.script_for(HorizonEndpoint::Account, &late, ALWAYS, Reply::Hang);
        let sets = [&PATIENT[..], &["pollers.pending_deposits.batch_size=2"]].concat();
        let daemon = Daemon::start(anchor.pending_deposits(&sets).arg("--loop"));
        until_true("the other", || anchor.transfers.status("other") == "completed");
        assert_eq!(anchor.transfers.count_in("pending_anchor"), 12);
        assert_eq!(anchor.transfers.world.count("put_off"), 0, "it hangs still");
        drop(daemon);
        anchor.check_paid(&[other]);
    });
}

/// It hangs for a while, and is paid in the same sweep.
#[test]
fn a_receiver_who_is_slow() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = anchor.deposits(3);
        let slow = Reply::Slow(std::time::Duration::from_secs(2));
        anchor.horizon.script_for(HorizonEndpoint::Account, &to[0], 1, slow);
        finish(&mut anchor.pending_deposits(&[])).expect(0);
        anchor.check_paid(&to);
        let sent = anchor
            .transfers
            .world
            .texts("SELECT network_reference FROM transfers ORDER BY transfer_id");
        assert!(sent[0] != sent[1] && sent[1] == sent[2], "the others went before: {sent:?}");
    });
}
