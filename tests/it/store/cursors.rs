//! Where a walk stands, and what sweeps did.

use railpoll::engine::{Poller, SweepOutcome, Tally};
use railpoll::store::{Cursor, StoreError, SweepRow, WalkEnd};

use crate::support::on_both;
use crate::support::payments::{at, lease, scope};

fn sweep(n: i64) -> SweepRow {
    SweepRow {
        started_at: at(n),
        finished_at: at(n + 1),
        outcome: SweepOutcome::Complete,
        pages: 3,
        requests: 4,
        tally: Tally { new: 1, changed: 2, silent: 0, unchanged: 3, stale: 4, quarantined: 5 },
        acted: 6,
        error: Some("it\0 was late".to_owned()),
    }
}

#[test]
fn a_walk_is_remembered() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        let scope = scope(Poller::Accepted);
        let was = store.cursor(&scope).await.unwrap();
        assert_eq!(was, Cursor::default());
        let end = WalkEnd {
            mode: "keyset".to_owned(),
            watermark: Some(at(5)),
            cursor: None,
            difference: -3,
            unexplained: 2,
            reconciled_at: Some(at(6)),
        };
        store.save_walk(&scope, &lease, &was, &end).await.unwrap();
        store.record_sweep(&lease, &sweep(0), Some(at(9)), None).await.unwrap();
        let is = store.cursor(&scope).await.unwrap();
        let expected = Cursor {
            mode: Some("keyset".to_owned()),
            watermark: Some(at(5)),
            cursor: None,
            difference: -3,
            unexplained: 2,
            reconciled_at: Some(at(6)),
            next_sweep_at: Some(at(9)),
        };
        assert_eq!(is, expected);
        // The same end again is not written, and so needs no lease.
        store.release_lease(&lease).await.unwrap();
        store.save_walk(&scope, &lease, &is, &end).await.unwrap();
    });
}

#[test]
fn the_newest_sweep_is_told_and_old_ones_go() {
    on_both(async |database| {
        let store = database.store().await;
        let mine = scope(Poller::Accepted);
        assert_eq!(store.last_sweep(&mine).await.unwrap(), None);
        let other = lease(&store, Poller::Failed).await;
        store.record_sweep(&other, &sweep(0), None, None).await.unwrap();
        let lease = lease(&store, Poller::Accepted).await;
        store.record_sweep(&lease, &sweep(1), None, None).await.unwrap();
        let mut person = database.person().await;
        let columns = "poller, network, started_at, finished_at, outcome, pages, requests, new, changed, \
                       unchanged, stale, quarantined, acted";
        let many = format!(
            "INSERT INTO sweeps ({columns}) WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1500) \
             SELECT {columns} FROM sweeps, n WHERE poller = 'accepted'"
        );
        person.execute(&many).await.unwrap();
        store.record_sweep(&lease, &sweep(2), None, None).await.unwrap();
        assert_eq!(person.count("sweeps WHERE poller = 'accepted'").await, 1000);
        assert_eq!(person.count("sweeps WHERE poller = 'failed'").await, 1);
        let expected = SweepRow { error: Some("it\u{fffd} was late".to_owned()), ..sweep(2) };
        assert_eq!(store.last_sweep(&mine).await.unwrap(), Some(expected.clone()));
        store.release_lease(&lease).await.unwrap();
        let refused = store.record_sweep(&lease, &sweep(3), None, None).await;
        assert!(matches!(refused, Err(StoreError::LeaseLost { .. })), "{refused:?}");
        assert_eq!(store.last_sweep(&mine).await.unwrap(), Some(expected));
    });
}
