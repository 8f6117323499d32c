//! An anchor with a few transfers, one of each kind that is treated in a way of its own, and how all must end.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use bigdecimal::BigDecimal;
use railpoll::engine::books::Balance;
use railpoll::store::Store;
use railpoll_sandbox::Reply;
use railpoll_sandbox::bank::{BankEndpoint, Course};
use railpoll_sandbox::horizon::{HorizonEndpoint, HorizonOptions, Paid, PaidBy};

use super::databases::{Kind, run};
use super::stellar::{Anchor, ONE, Setting, us, usdc};
use super::world::Daemon;

/// What we have at the beginning.
const CAPITAL: i64 = 10_000_000 * ONE;
/// What customers pay us on the ledger, and what it is to us.
const COMES_IN: [(&str, u64, &str); 7] = [
    ("10", 1, "matched out-1"),
    ("10", 2, "matched out-2"),
    ("10", 3, "matched out-3"),
    ("10", 4, "matched out-4"),
    ("4", 5, "matched out-back"),
    ("7", 6, "unknown_memo"),
    ("3", 1, "second out-1"),
];
/// The statuses of each transfer, from the first to the last.
const WAYS: [(&str, &[&str]); 8] = [
    ("in-1", &["pending_user_transfer_start", "pending_anchor", "pending_stellar", "completed"]),
    ("in-2", &["pending_user_transfer_start", "pending_anchor", "pending_stellar", "completed"]),
    ("in-back", &["pending_user_transfer_start", "pending_anchor", "refunded"]),
    ("out-1", &["pending_user_transfer_start", "pending_anchor", "completed"]),
    ("out-2", &["pending_user_transfer_start", "pending_anchor", "completed"]),
    ("out-3", &["pending_user_transfer_start", "pending_anchor", "completed"]),
    ("out-4", &["pending_user_transfer_start", "pending_anchor", "completed"]),
    ("out-back", &["pending_user_transfer_start", "pending_anchor", "pending_stellar", "refunded"]),
];

/// The anchor, and what is to become of its transfers.
pub(crate) struct Scene {
    pub(crate) anchor: Anchor,
}

impl Scene {
    /// Where two payments go with one transaction, several transactions are under way at once, and what is too little
    /// goes back.
    pub(crate) fn new(kind: Kind) -> Self {
        let scene = Self { anchor: Anchor::with(kind, &setting(), options()) };
        scene.anchor.transfers.world.database.trust_the_machine();
        scene
    }

    /// Begins anew: empty books on all sides.
    pub(crate) fn start_afresh(&mut self) {
        self.anchor.start_afresh(&setting(), options());
    }

    /// Transfers are created, and all their money comes in.
    pub(crate) fn offer(&self) {
        let Anchor { transfers, .. } = &self.anchor;
        self.create();
        for id in ["in-1", "in-2"] {
            transfers.bank.receive(id, "10.50", "DE02").unwrap();
        }
        transfers.bank.receive("in-back", "5.50", "DE05").unwrap();
        let payer = self.anchor.rich_customer("payer");
        for (amount, memo, _) in COMES_IN {
            self.anchor.pays(&payer, amount, memo);
        }
    }

    fn create(&self) {
        let anchor = &self.anchor;
        // The first has no trustline: the money is laid down as a claimable balance.
        let first = anchor.horizon.account(&receiver(0), "100").unwrap();
        let mut new = vec![anchor.expected_deposit("in-1", &first.account())];
        for (id, n) in [("in-2", 1), ("in-back", 2)] {
            new.push(anchor.expected_deposit(id, &anchor.customer(&receiver(n)).account()));
        }
        let out = ["out-1", "out-2", "out-3", "out-4", "out-back"];
        new.extend(out.into_iter().zip(1..).map(|(id, memo)| anchor.withdrawal(id, memo)));
        anchor.transfers.create(&new);
        anchor.transfers.bank.set_course_for("out-2", Course::later(1, Course::Deliver));
    }

    /// Answers get lost, after they took effect and before.
    pub(crate) fn lose_answers(&self) {
        let Anchor { horizon, transfers, .. } = &self.anchor;
        let bank = &transfers.bank;
        bank.script_for(BankEndpoint::Payouts, "out-3", 1, Reply::CutAfter);
        bank.script_for(BankEndpoint::Payouts, "out-4", 1, Reply::StatusAfter(500));
        bank.script_for(BankEndpoint::Payouts, "in-back", 1, Reply::CutBefore);
        bank.script(BankEndpoint::PayoutsLookup, 1, Reply::CutAfter);
        bank.script(BankEndpoint::DepositsLookup, 1, Reply::StatusAfter(500));
        horizon.script(HorizonEndpoint::AccountPayments, 1, Reply::CutAfter);
        horizon.script(HorizonEndpoint::Account, 1, Reply::CutAfter);
    }

    /// The operator's command, with all daemons switched on.
    pub(crate) fn command(&self, sets: &[&str]) -> Command {
        let mut all = vec![
            "pollers.watch.enabled=true",
            "pollers.pending_deposits.enabled=true",
            "pollers.outgoing.enabled=true",
        ];
        all.extend(sets);
        self.anchor.transfers.world.command("railpoll", &all)
    }

    /// All the daemons in one process, for ever.
    pub(crate) fn start(&self, sets: &[&str]) -> Daemon {
        Daemon::start(self.command(sets).arg("run"))
    }

    /// Runs all the daemons until every transfer is over, and looks at the books.
    #[track_caller]
    pub(crate) fn finish(&self, at: &str) {
        let daemon = self.start(&[]);
        self.wait_for_the_end(at);
        drop(daemon);
        self.check(at);
    }

    /// Waits until every transfer is over, all that came in is on record, and all is known to be well again.
    #[track_caller]
    pub(crate) fn wait_for_the_end(&self, at: &str) {
        let over = format!(
            "SELECT name FROM alerts WHERE ended_at IS NULL \
             AND (SELECT count(*) FROM transfers WHERE completed_at IS NOT NULL) = {} \
             AND (SELECT count(*) FROM incoming) = {}",
            WAYS.len(),
            COMES_IN.len()
        );
        self.anchor.transfers.wait_for(at, &over, &["incoming_unmatched"]);
    }

    /// Fails unless each transfer was paid exactly once and each payment booked exactly once, nothing is left open, the
    /// history is whole, nobody broke a rule, and the sums agree to the last decimal.
    #[track_caller]
    pub(crate) fn check(&self, at: &str) {
        self.check_money(at);
        self.check_history(at);
        self.check_sums(at);
        self.check_books(at);
        let world = &self.anchor.transfers.world;
        assert_eq!(self.anchor.verdicts(), COMES_IN.map(|(_, _, verdict)| verdict), "{at}");
        for open in ["payouts", "envelopes", "refunds"] {
            assert_eq!(
                world.count(&format!("{open} WHERE finished_at IS NULL")),
                0,
                "{at}: {open}"
            );
        }
        assert_eq!(world.count("quarantine"), 0, "{at}");
        let standing = "SELECT name FROM alerts WHERE ended_at IS NULL";
        assert_eq!(world.texts(standing), ["incoming_unmatched"], "{at}: what is for a person");
    }

    /// Fails unless the ledger and the bank have paid each transfer exactly once, and nothing besides.
    #[track_caller]
    pub(crate) fn check_money(&self, at: &str) {
        self.check_ledger(at);
        self.check_bank(at);
    }

    /// Our books agree with what is stored of them; nothing is on a transfer's account any more; and what has come, less what
    /// is kept and what is nobody's, has left.
    #[track_caller]
    fn check_books(&self, at: &str) {
        let database = &self.anchor.transfers.world.database;
        let (checked, movements) = run(async {
            let store = Store::look(&database.url).await.unwrap();
            let checked = store.books_checked(|_| {}).await.unwrap();
            (checked, store.movements((0, 0), None, 100_000).await.unwrap())
        });
        assert_eq!(checked.differences, [], "{at}: the books");
        let mut sums: BTreeMap<String, Balance> = BTreeMap::new();
        for one in movements {
            let sides =
                [(one.from, Balance::debt(one.amount.clone())), (one.to, Balance::of(one.amount))];
            for (account, amount) in sides {
                let sum = sums.entry(account.to_string()).or_insert_with(Balance::zero);
                *sum = sum.plus(&amount);
            }
        }
        sums.retain(|account, sum| account.starts_with("transfer/") && !sum.is_zero());
        assert_eq!(sums, BTreeMap::new(), "{at}: what is on transfers' accounts");
    }

    /// What left our account on the ledger.
    #[track_caller]
    fn check_ledger(&self, at: &str) {
        let anchor = &self.anchor;
        anchor.check_books();
        let all = anchor.paid();
        let laid_down: Vec<&str> = all.iter().filter_map(balance_id).collect();
        let on_record = "SELECT balance_id FROM envelope_payments JOIN envelopes USING (envelope_id) \
                         WHERE status = 'done' AND balance_id IS NOT NULL";
        assert_eq!(laid_down, anchor.transfers.world.texts(on_record), "{at}: claimable balances");
        assert_eq!(laid_down.len(), 1, "{at}: claimable balances");
        let mut paid: Vec<_> =
            all.iter().map(|paid| (paid.to.clone(), paid.amount, paid.memo_type)).collect();
        paid.sort_unstable();
        let account = |name: &str| railpoll_sandbox::horizon::Keys::of(name).account();
        let mut wanted = vec![
            (account(&receiver(0)), 10 * ONE, "none"),
            (account(&receiver(1)), 10 * ONE, "none"),
            (account("payer"), 4 * ONE, "return"),
        ];
        wanted.sort_unstable();
        assert_eq!(paid, wanted, "{at}: paid on the ledger");
        let left = CAPITAL + (54 - 24) * ONE;
        assert_eq!(anchor.horizon.balance(&us(), &usdc()), Some(left), "{at}: our balance");
    }

    /// What left our account at the bank.
    #[track_caller]
    fn check_bank(&self, at: &str) {
        let transfers = &self.anchor.transfers;
        let wanted = ["in-back", "out-1", "out-2", "out-3", "out-4"];
        transfers.check_paid_once(&wanted.map(str::to_owned), at);
        for id in wanted {
            let [order] = &transfers.bank.payouts_of(id)[..] else { panic!("{at}: {id}, not one") };
            let (amount, payee) = if id == "in-back" { ("5.50", "DE05") } else { ("9.50", "DE02") };
            assert_eq!(order.amount, exact(amount), "{at}: {id}");
            assert!(order.beneficiary.contains(payee), "{at}: {id} went to {}", order.beneficiary);
        }
        assert_eq!(transfers.bank.received_in("USD"), exact("26.50"), "{at}");
        assert_eq!(transfers.bank.paid_in("USD"), exact("43.50"), "{at}");
    }

    /// Every status that a transfer had, in order and once. One that its rail was seen to have, or not, is a matter of
    /// chance.
    #[track_caller]
    fn check_history(&self, at: &str) {
        let steps = "SELECT id || ' ' || status FROM status_changes WHERE kind = 'transfer' ORDER BY row_id";
        let mut ways: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for step in self.anchor.transfers.world.texts(steps) {
            let (id, status) = step.split_once(' ').unwrap();
            if status != "pending_external" {
                ways.entry(id.to_owned()).or_default().push(status.to_owned());
            }
        }
        for (id, way) in WAYS {
            assert_eq!(ways.get(id).map_or(&[][..], Vec::as_slice), way, "{at}: {id}");
        }
    }

    /// In is out, and fees, and what went back; and it is what the books of the ledger and the bank say.
    #[track_caller]
    fn check_sums(&self, at: &str) {
        let sum = |what: &str| -> BigDecimal {
            let sql = format!("SELECT CAST({}", what.replacen(' ', " AS text) ", 1));
            let amounts = self.anchor.transfers.world.texts(&sql);
            amounts.iter().map(|amount| exact(amount)).sum()
        };
        for (kind, came, back, left) in
            [("deposit", "26.50", "5.50", "20"), ("withdrawal", "44", "4", "38")]
        {
            let all = format!("FROM transfers WHERE kind = '{kind}'");
            let over = format!("{all} AND status = 'completed'");
            let refunds = format!(
                "amount FROM refunds WHERE status = 'done' AND transfer_id IN (SELECT transfer_id {all})"
            );
            let (into, out) =
                (sum(&format!("amount_in {all}")), sum(&format!("amount_out {over}")));
            let (fees, refunded) = (sum(&format!("amount_fee {over}")), sum(&refunds));
            assert_eq!(into, &out + &fees + &refunded, "{at}: {kind}");
            assert_eq!((into, out), (exact(came), exact(left)), "{at}: {kind}");
            assert_eq!(refunded, exact(back), "{at}: {kind}");
        }
        assert_eq!(sum("amount FROM incoming"), exact("54"), "{at}: all that came on the ledger");
        let paid = "amount FROM payouts WHERE status = 'done'";
        assert_eq!(sum(paid), self.anchor.transfers.bank.paid_in("USD"), "{at}: payouts");
        let sent = "amount FROM envelope_payments WHERE envelope_id IN \
                    (SELECT envelope_id FROM envelopes WHERE status = 'done')";
        assert_eq!(sum(sent), exact("24"), "{at}: envelopes");
    }
}

fn setting() -> Setting {
    Setting {
        channels: 2,
        network: "payments_per_envelope = 2".to_owned(),
        asset: "underpayment = \"refund\"\nclaimable_balances = true".to_owned(),
        ..Setting::default()
    }
}

/// Whoever gets no answer to a submission is told so at once.
fn options() -> HorizonOptions {
    HorizonOptions { submit_timeout: Duration::from_millis(20), ..HorizonOptions::default() }
}

/// The claimable balance that a payment has made.
pub(crate) fn balance_id(paid: &Paid) -> Option<&str> {
    match &paid.kind {
        PaidBy::ClaimableBalance(id) => Some(id),
        PaidBy::CreateAccount | PaidBy::Payment | PaidBy::Claim(_) => None,
    }
}

fn receiver(n: usize) -> String {
    format!("receiver {n}")
}

fn exact(text: &str) -> BigDecimal {
    text.parse().unwrap()
}
