//! Small lists, and anything that can happen to them between two requests.

use proptest::collection::vec;
use proptest::prelude::*;

use super::database::Database;
use super::network::{Habits, Network};
use super::traffic::Happening;
use super::{BEGINNING, MILLI, SECOND, Traffic, collector, run, time};
use crate::collect::Outcome;
use crate::collect::Sink;
use crate::engine::{Row, Trail};

fn habits() -> impl Strategy<Value = Habits> {
    // Two milliseconds a round trip: what is changed has a later time than all that was read.
    proptest::array::uniform5(any::<bool>()).prop_map(
        |[inclusive_below, inclusive_above, cuts_down, shows_millis, timeless]| Habits {
            inclusive_below,
            inclusive_above,
            cuts_down,
            shows_millis,
            timeless,
            half_trip: MILLI,
            ..Habits::default()
        },
    )
}

fn happening() -> impl Strategy<Value = (Happening, usize)> {
    let which = prop_oneof![Just(Happening::Entry), Just(Happening::Exit), Just(Happening::Touch)];
    (which, any::<usize>())
}

/// Times before the beginning: some apart, many in one millisecond, many the same. True is a row that cannot be read.
fn rows() -> impl Strategy<Value = Vec<(i64, bool)>> {
    let time = prop_oneof![
        (1..20i64).prop_map(|at| at * SECOND),
        (1..4i64).prop_map(|at| at * MILLI),
        (1..3 * MILLI).prop_map(|at| at),
    ];
    vec((time.prop_map(|ago| BEGINNING - ago), proptest::bool::weighted(0.15)), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is there from a walk's first request to its last is collected by that very walk.
    #[test]
    fn each_walk_is_complete(
        habits in habits(),
        rows in rows(),
        script in vec(happening(), 0..60),
        page_size in 1u32..6,
    ) {
        let network = Network::new(1, habits, Traffic::default());
        rows.into_iter().for_each(|(at, is_bad)| network.put(at, is_bad));
        network.script(script);
        let database = Database::default();
        let collector = collector(&network, &database, page_size);
        for _ in 0..4 {
            let begun = network.now();
            let walk = collector.walk(database.position(), time(begun));
            let (collected, position) = run(walk).unwrap();
            prop_assert_eq!(collected.outcome, Outcome::Complete);
            prop_assert!(position.watermark >= database.position().watermark);
            database.save(position);
            network.mark_due(begun);
            for id in network.due() {
                prop_assert!(database.has_seen(id), "{} is missing", id);
            }
        }
    }

    /// Pages that come in any order, and again, leave the newest version of each payment.
    #[test]
    fn pages_in_any_order_leave_the_newest(
        versions in vec((0u32..5, 0i64..20), 1..60).prop_shuffle(),
        page_size in 1usize..10,
    ) {
        let database = Database::default();
        let network = Network::still(Habits::default(), [BEGINNING; 5]);
        let rows: Vec<Row> = versions.iter().map(|(id, at)| {
            let Row::Payment(mut payment) = network.row(*id) else { panic!("no row here is bad") };
            payment.modified_at = time(BEGINNING + at * MILLI);
            payment.hash = *at;
            Row::Payment(payment)
        }).collect();
        for page in rows.chunks(page_size).chain(rows.rchunks(page_size)) {
            run(database.record(page, None, Trail::List)).unwrap();
        }
        for (id, at) in versions {
            let newest = database.version(id).map(|(_, at)| at);
            prop_assert!(newest >= Some(time(BEGINNING + at * MILLI)));
        }
    }
}
