//! A database that no host can know to be older is told so, and a person may let things go on.

use super::{anchor, says, sweep_until_over};
use crate::support::stellar::on_both_kinds;
use crate::support::world::finish;

#[test]
fn nothing_goes_out_until_a_person_confirms() {
    on_both_kinds(|kind| {
        let anchor = anchor(kind, 0);
        let transfers = &anchor.transfers;
        let sends = transfers.sends(2);
        let told = says(&anchor, &["restored", "--json", "--by", "Ada"]).expect(0).json().remove(0);
        assert_eq!(
            (&told["told_by"], &told["ended_at"]),
            (&"Ada".into(), &serde_json::Value::Null)
        );
        assert_eq!(told["places"][0]["left"], 2);
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
    });
}
