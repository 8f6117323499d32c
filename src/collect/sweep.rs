//! Mode 2: reading the whole list, for a network without a range filter that can be used.

use super::drain::{PASSES_MAX, Trust};
use super::reader::Reader;
use super::{CollectError, Collected, Collector, Sink, Source};
use crate::engine::{Trail, Window};

impl<S: Source, D: Sink> Collector<'_, S, D> {
    /// Reads and records the whole list, again and again until a pass brings nothing new, four times at most.
    ///
    /// # Errors
    /// [`CollectError`]: the network or the database could not be used. What was recorded stays.
    pub async fn sweep(&self) -> Result<Collected, CollectError<S::Error, D::Error>> {
        let mut done = Collected::default();
        self.sweep_into(&mut done).await?;
        Ok(done)
    }

    /// The same, which adds to `done` what it does, also where it fails.
    ///
    /// # Errors
    /// As [`Collector::sweep`].
    pub async fn sweep_into(
        &self,
        done: &mut Collected,
    ) -> Result<(), CollectError<S::Error, D::Error>> {
        let mut reader = self.whole(Trail::List);
        let end = reader.drain(self.everything(), None, Trust::Anything).await;
        reader.finish(end.map(drop), done).await
    }

    pub(super) fn whole(&self, trail: Trail) -> Reader<'_, S, D> {
        Reader::new(self, trail, self.settings.max_pages.saturating_mul(PASSES_MAX))
    }

    /// The whole list.
    pub(super) fn everything(&self) -> Window {
        Window { after: None, before: None, page: 0, size: self.settings.rows() }
    }
}
