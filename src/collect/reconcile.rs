//! Comparing the list with our database, as far as it was read.

use chrono::{DateTime, Utc};

use super::bounds::{Bounds, Mode, Span, is_sound};
use super::drain::Trust;
use super::exits::Exits;
use super::split::{Range, Verdict, judge};
use super::stride::Stride;
use super::{CollectError, Collected, Collector, Halt, Outcome, Sink, Source};
use crate::engine::{Tally, Trail};

/// How closely to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Only ranges whose counts differ. It costs some requests for each difference, however long the list is, but two
    /// differences that make up for each other in one range are not noticed: a payment too many beside one too few, or
    /// an old version of ours that is near the place of the new one.
    Counts,
    /// Row by row: a request for each page, and nothing stays unnoticed.
    Rows,
}

/// What a reconcile did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// How it ended.
    pub outcome: Outcome,
    /// What storing the list's rows came to.
    pub tally: Tally,
    /// Payments that the walks had missed, or whose last change they had. It should be 0.
    pub found: u64,
    /// Payments that were not in the list any more, and are recorded as what they are now.
    pub exits: u64,
    /// Payments of ours that the network does not know.
    pub unknown: Vec<String>,
    /// Payments that are to be asked for, beyond those that one run asks for.
    pub left_over: u64,
    /// Requests made.
    pub requests: u64,
}

impl<S: Source, D: Sink> Collector<'_, S, D> {
    /// Compares the list up to `watermark` with our database, and records what is missing there. Payments of ours that
    /// the list lacks are asked for one by one, a bounded number of them.
    ///
    /// It is best run just after a walk: what has moved since then is taken for a difference.
    ///
    /// # Errors
    /// [`CollectError`]: the network or the database could not be used. What was recorded stays.
    pub async fn reconcile(
        &self,
        mode: Mode,
        watermark: Option<DateTime<Utc>>,
        depth: Depth,
    ) -> Result<Reconciled, CollectError<S::Error, D::Error>> {
        let mut done = Reconciled::default();
        self.reconcile_into(mode, watermark, depth, &mut done).await?;
        Ok(done)
    }

    /// The same, which tells in `done` what it has done, also where it fails.
    ///
    /// # Errors
    /// As [`Collector::reconcile`].
    pub async fn reconcile_into(
        &self,
        mode: Mode,
        watermark: Option<DateTime<Utc>>,
        depth: Depth,
        done: &mut Reconciled,
    ) -> Result<(), CollectError<S::Error, D::Error>> {
        let (mut exits, mut listed) = (Exits::default(), Collected::default());
        let compared = match mode {
            Mode::Keyset(bounds) => {
                let (exits, listed) = (&mut exits, &mut listed);
                let comparison = Comparison { collector: self, bounds, depth, exits, listed };
                let compared = comparison.run(self.collected(watermark)).await;
                done.found = listed.tally.new + listed.tally.changed;
                compared
            }
            // What a sweep finds is what came since the last one: it would have found it anyway.
            Mode::Sweep => self.sweep_for_exits(&mut exits, &mut listed).await,
        };
        (done.outcome, done.tally, done.requests) = (listed.outcome, listed.tally, listed.pages);
        compared?;
        done.left_over = exits.left_over();
        if listed.outcome == Outcome::Complete {
            let resolved = exits.resolve(self).await?;
            done.outcome = resolved.outcome;
            done.exits = resolved.tally.new + resolved.tally.changed;
            done.unknown = resolved.unknown;
            done.requests += resolved.requests;
        }
        Ok(())
    }

    async fn sweep_for_exits(
        &self,
        exits: &mut Exits,
        done: &mut Collected,
    ) -> Result<(), CollectError<S::Error, D::Error>> {
        let mut reader = self.whole(Trail::List);
        reader.take_notes();
        let end = reader.drain(self.everything(), None, Trust::Anything).await;
        reader.finish(end.map(drop), done).await?;
        exits.compare(self.sink, Span { from: None, to: None }, &reader).await
    }
}

/// A comparison under way.
struct Comparison<'a, S, D> {
    collector: &'a Collector<'a, S, D>,
    bounds: Bounds,
    depth: Depth,
    exits: &'a mut Exits,
    /// What was done so far.
    listed: &'a mut Collected,
}

impl<S: Source, D: Sink> Comparison<'_, S, D> {
    async fn run(mut self, whole: Span) -> Result<(), CollectError<S::Error, D::Error>> {
        match self.compare(whole).await {
            Ok(()) => Ok(()),
            Err(Halt::Early(outcome)) => {
                self.listed.outcome = outcome;
                Ok(())
            }
            Err(Halt::TooLarge(error) | Halt::Failed(error)) => Err(error),
        }
    }

    /// Goes down into the ranges that differ, oldest first. What is put off is one range for each halving.
    async fn compare(&mut self, whole: Span) -> Result<(), Halt<S::Error, D::Error>> {
        let mut put_off = vec![(whole, 0)];
        while let Some((span, depth)) = put_off.pop() {
            match self.verdict(span, depth).await? {
                Verdict::Same => {}
                Verdict::Read => self.read(span).await?,
                Verdict::Halve(at) => {
                    put_off.push((Span { from: Some(at), ..span }, depth + 1));
                    put_off.push((Span { to: Some(at), ..span }, depth + 1));
                }
            }
        }
        Ok(())
    }

    /// Counts a range on both sides. The one row that comes with the network's count is the one in the middle, where
    /// the range is to be halved.
    async fn verdict(
        &mut self,
        span: Span,
        depth: u32,
    ) -> Result<Verdict, Halt<S::Error, D::Error>> {
        if self.depth == Depth::Rows {
            return Ok(Verdict::Read);
        }
        let page_size = self.collector.settings.rows();
        let (after, before) = self.bounds.ours(&span.window(0, 1));
        let ours = self.collector.sink.count(after, before).await.map_err(CollectError::Sink)?;
        if ours <= u64::from(page_size) {
            return Ok(Verdict::Read);
        }
        if (self.collector.stop)() {
            return Err(Halt::Early(Outcome::Stopped));
        }
        let window = span.window(ours / 2, 1);
        let listing = self.collector.source.page(&window).await.map_err(CollectError::Source)?;
        self.listed.pages += 1;
        if !is_sound(&window, &listing) {
            return Err(Halt::Early(Outcome::Unreliable));
        }
        let middle = listing.payments().next().map(|payment| payment.modified_at);
        Ok(judge(&Range { span, depth, theirs: listing.total, ours, middle }, page_size))
    }

    /// Records what the network has in `span`, and notes what it does not have.
    async fn read(&mut self, span: Span) -> Result<(), Halt<S::Error, D::Error>> {
        let mut stride = Stride::new(self.collector, Trail::Reconcile, span, u64::MAX);
        let end = self.read_on(&mut stride).await;
        stride.reader.finish(end, self.listed).await?;
        match self.listed.outcome {
            Outcome::Complete => Ok(()),
            early @ (Outcome::Stopped | Outcome::TooFast | Outcome::Unreliable) => {
                Err(Halt::Early(early))
            }
        }
    }

    async fn read_on(
        &mut self,
        stride: &mut Stride<'_, S, D>,
    ) -> Result<(), Halt<S::Error, D::Error>> {
        loop {
            stride.reader.take_notes();
            let Some(part) = stride.step().await? else { return Ok(()) };
            self.exits.compare(self.collector.sink, part, &stride.reader).await?;
        }
    }
}
