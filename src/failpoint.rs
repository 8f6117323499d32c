//! A place to die, for tests.
//!
//! In a debug build, `RAILPOLL_DIE_AT=n` makes the process kill itself with SIGKILL when it passes the n-th such place:
//! before each commit, before and after each call of an operation. (What is left after a commit is left before the next
//! place too.) A test that tries n = 1, 2, 3, … until the process lives to the end has tried every crash that matters. A
//! release build has no such places.

/// Passes a place.
#[cfg(debug_assertions)]
pub fn reached(place: &str) {
    /// POSIX fixes its number.
    const SIGKILL: i32 = 9;

    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static DIE_AT: OnceLock<Option<u64>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    #[expect(clippy::disallowed_methods, reason = "a test's wish, not a setting")]
    let die_at = DIE_AT.get_or_init(|| std::env::var("RAILPOLL_DIE_AT").ok()?.parse().ok());
    let passed = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    if *die_at == Some(passed) {
        tracing::warn!(place, passed, "dying, as RAILPOLL_DIE_AT asks");
        if let Err(error) = signal_hook::low_level::raise(SIGKILL) {
            tracing::error!(%error, "could not die");
        }
    }
}

/// Passes a place.
#[cfg(not(debug_assertions))]
pub fn reached(_place: &str) {}

/// Passes the beginning of a sweep. In a debug build, `RAILPOLL_PANIC_SWEEPS=n` lets the first n of them panic.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "a test's wish")]
pub fn sweeping() {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static WISH: OnceLock<Option<u64>> = OnceLock::new();
    static SWEEPS: AtomicU64 = AtomicU64::new(0);
    #[expect(clippy::disallowed_methods, reason = "a test's wish, not a setting")]
    let wish = WISH.get_or_init(|| std::env::var("RAILPOLL_PANIC_SWEEPS").ok()?.parse().ok());
    if wish.is_some_and(|sweeps| SWEEPS.fetch_add(1, Ordering::SeqCst) < sweeps) {
        panic!("RAILPOLL_PANIC_SWEEPS asks for it");
    }
}

/// Passes the beginning of a sweep.
#[cfg(not(debug_assertions))]
pub fn sweeping() {}
