//! When a lease runs, for all who ask: one rule.
//!
//! How long a lease lasts at most is known. One that is to last longer was taken by a clock that was ahead, perhaps by a year,
//! and is over. The database's clock decides. (That it steps back by less is made good by the time itself.)

/// The end of a lease that is taken now and lasts for as long as any does.
macro_rules! longest {
    (sqlite) => {
        "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '+600 seconds')"
    };
    (postgres) => {
        "clock_timestamp() + interval '600 seconds'"
    };
}
pub(in crate::store) use longest;

/// Whether the lease of a row runs, in a query in which `leases` has this name before its columns.
macro_rules! runs {
    (sqlite) => {
        $crate::store::memory::ahead::runs!(sqlite, "")
    };
    (postgres) => {
        $crate::store::memory::ahead::runs!(postgres, "leases.")
    };
    (sqlite, $of:literal) => {
        concat!(
            "(",
            $of,
            "expires_at > strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') AND ",
            $of,
            "expires_at <= ",
            $crate::store::memory::ahead::longest!(sqlite),
            ")"
        )
    };
    (postgres, $of:literal) => {
        concat!(
            "(",
            $of,
            "expires_at > clock_timestamp() AND ",
            $of,
            "expires_at <= ",
            $crate::store::memory::ahead::longest!(postgres),
            ")"
        )
    };
}
pub(in crate::store) use runs;
