//! A database that no host can know to be older is told so, and a person may let things go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use railpoll_sandbox::HookAnswer;

use super::{anchor, says, sweep_until_over};
use crate::support::stellar::on_both_kinds;
use crate::support::world::{finish, until_true};

#[test]
fn nothing_goes_out_until_a_person_confirms() {
    on_both_kinds(|kind| {
        let anchor = anchor(kind, 0);
        let transfers = &anchor.transfers;
        let sends = transfers.sends(2);
        let before = transfers.world.count("audit");
        // Whoever looks changes nothing, however often.
        for _ in 0..2 {
            let looked = says(&anchor, &["restored"]).expect(0).stdout;
            assert!(looked.contains("never restored"), "{looked}");
        }
        says(&anchor, &["restored", "--by", "Ada"]).expect(64);
        says(&anchor, &["restored", "--begin"]).expect(64);
        assert_eq!(transfers.world.count("restorations"), 0);
        assert_eq!(transfers.world.count("audit"), before);
        let begin = ["restored", "--begin", "--reason", "a backup", "--by", "Ada", "--json"];
        let told = says(&anchor, &begin).expect(0).json().remove(0);
        says(&anchor, &begin).expect(1);
        assert_eq!(
            (&told["told_by"], &told["ended_at"]),
            (&"Ada".into(), &serde_json::Value::Null)
        );
        assert_eq!(told["places"][0]["left"], 2);
        let held = says(&anchor, &["status", "--json"]).expect(0).json();
        assert!(held.iter().all(|one| one["held"] == true), "{held:?}");
        let checked = says(&anchor, &["status", "--check"]).expect(1).stdout;
        assert!(checked.contains("`railpoll restored`"), "{checked}");
        let figures = says(&anchor, &["status", "--openmetrics"]).expect(0).stdout;
        assert!(figures.contains("railpoll_database_held 1\n"), "{figures}");
        // The bank is down: nothing can be looked up, and nothing is paid.
        transfers.world.wait(transfers.bank.go_down());
        finish(&mut transfers.outgoing(&[])).expect(69);
        transfers.world.wait(transfers.bank.come_up());
        assert_eq!(transfers.bank.payouts().len(), 0);
        says(&anchor, &["restored", "--confirm"]).expect(64);
        let confirm = ["restored", "--confirm", "--reason", "nothing was lost", "--by", "Bob"];
        let shown = says(&anchor, &confirm).expect(0).stdout;
        assert!(shown.contains("Bob let things go on"), "{shown}");
        says(&anchor, &confirm).expect(1);
        sweep_until_over(&anchor, 2);
        transfers.check_paid_once(&sends, "after");
        let over = says(&anchor, &["restored"]).expect(0).stdout;
        assert!(over.contains("Bob let things go on"), "{over}");
        assert_eq!(transfers.world.count("restorations WHERE ended_at IS NULL"), 0, "it was over");
        assert_eq!(transfers.world.count("audit WHERE subject LIKE 'restoration/%'"), 2);
    });
}

#[test]
fn a_long_sweep_does_not_tell_of_what_was_over_before_its_end() {
    on_both_kinds(|kind| {
        let anchor = anchor(kind, 0);
        let transfers = &anchor.transfers;
        transfers.sends(1);
        let begin = ["restored", "--begin", "--reason", "a backup", "--by", "Ada"];
        says(&anchor, &begin).expect(0);
        let (is_asked, may_answer) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (asked, answer) = (Arc::clone(&is_asked), Arc::clone(&may_answer));
        transfers.bank.set_hook(move |_| {
            asked.store(true, Ordering::SeqCst);
            while !answer.load(Ordering::SeqCst) {
                thread::park_timeout(Duration::from_millis(5));
            }
            HookAnswer::Go
        });
        let daemon = transfers.start(&["rails.bank.timeout=1m"]);
        until_true("the bank to be asked", || is_asked.load(Ordering::SeqCst));
        let confirm = ["restored", "--confirm", "--reason", "nothing was lost", "--by", "Bob"];
        says(&anchor, &confirm).expect(0);
        may_answer.store(true, Ordering::SeqCst);
        until_true("it to be paid", || transfers.count_in("completed") == 1);
        until_true("more sweeps", || transfers.world.count("sweeps") > 3);
        assert_eq!(transfers.world.alerts(), Vec::<String>::new());
        drop(daemon);
        transfers.bank.clear_hook();
    });
}
