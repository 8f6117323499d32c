//! Whether a place was found to be the configured one.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a place was found to be the configured one, and to let us in. Until it was, nothing is done there; and once it was
/// down, another may have come up in its stead.
#[derive(Debug, Default)]
pub(in crate::jobs) struct Checked(AtomicBool);

impl Checked {
    /// Makes sure that the place is the configured one. `check` is made only if that is not known.
    ///
    /// # Errors
    /// That of `check`: nothing is known then.
    pub(in crate::jobs) async fn make_sure<E>(
        &self,
        check: impl Future<Output = Result<(), E>>,
    ) -> Result<(), E> {
        if !self.0.load(Ordering::Relaxed) {
            check.await?;
            self.0.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The place was down: what is known of it is what it was before.
    pub(in crate::jobs) fn forget(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn it_is_checked_until_it_is_found_right_and_again_once_it_was_down() {
        let checked = Checked::default();
        let asked = |answer| checked.make_sure(ready(answer)).now_or_never();
        assert_eq!(asked(Err("another")), Some(Err("another")));
        assert_eq!(asked(Ok(())), Some(Ok(())));
        assert_eq!(asked(Err("another")), Some(Ok(())), "it is not asked");
        checked.forget();
        assert_eq!(asked(Err("another")), Some(Err("another")));
    }
}
