//! Reading a span of a list by value: the step that walks and reconciles are made of.

use chrono::{DateTime, Utc};

use super::bounds::{Span, tick, tick_after};
use super::drain::{Trust, pages_of};
use super::position::Resume;
use super::reader::Reader;
use super::{Collector, Halt, Outcome, Sink, Source};
use crate::engine::{Listing, Row, Trail};

/// How often a group of rows may be gone when it is to be read by itself. A network that takes a range for empty again
/// and again does not honour ranges.
const ATTEMPTS_MAX: u32 = 3;
/// So many steps are made with smaller pages before larger ones are tried again.
const GROWS_AFTER: u32 = 8;

/// Reads a span from its beginning to its end, whatever moves meanwhile.
pub(super) struct Stride<'a, S, D> {
    pub(super) reader: Reader<'a, S, D>,
    page_size: u32,
    /// Steps since the pages were made smaller.
    steps: u32,
    /// What is still to be read.
    rest: Span,
    resume: Option<Resume>,
    is_done: bool,
}

/// What the last row of a page means for the next request.
enum Next {
    /// All before this millisecond is read.
    From(DateTime<Utc>),
    /// More rows than a page share the millisecond that is to be read next.
    Tie(DateTime<Utc>),
    /// So many rows of the page could not be understood that it does not tell.
    Unknown,
}

impl<'a, S: Source, D: Sink> Stride<'a, S, D> {
    pub(super) fn new(
        collector: &'a Collector<'a, S, D>,
        trail: Trail,
        span: Span,
        pages_max: u64,
    ) -> Self {
        Self {
            reader: Reader::new(collector, trail, pages_max),
            page_size: collector.settings.rows(),
            steps: 0,
            rest: span,
            resume: None,
            is_done: span.is_empty(),
        }
    }

    /// Has each page stored with the place where a next walk may begin.
    pub(super) fn resumable(mut self, resume: Resume) -> Self {
        self.resume = Some(resume);
        self
    }

    /// Where a next walk may begin.
    pub(super) fn cursor(&self) -> Option<DateTime<Utc>> {
        let resume = self.resume.as_ref()?;
        resume.cursor(self.rest.from, self.reader.answered_at())
    }

    /// Reads on. Returns the part that is read whole by this step; `None`: there is nothing left to read.
    pub(super) async fn step(&mut self) -> Result<Option<Span>, Halt<S::Error, D::Error>> {
        if self.is_done {
            return Ok(None);
        }
        let mut attempts = 0;
        while attempts < ATTEMPTS_MAX {
            match self.attempt().await {
                Ok(None) => attempts += 1,
                // Smaller pages from here on: what follows is likely to be as large.
                Err(Halt::TooLarge(_)) if self.page_size > 1 => {
                    self.page_size /= 2;
                    self.steps = 0;
                }
                ended => {
                    self.grow();
                    return ended;
                }
            }
        }
        Err(Halt::Early(Outcome::Unreliable))
    }

    /// Pages that were made smaller become larger again after a while: what was large is behind.
    fn grow(&mut self) {
        self.steps = self.steps.saturating_add(1);
        let full = self.reader.page_size();
        if self.page_size < full && self.steps >= GROWS_AFTER {
            self.page_size = std::cmp::min(self.page_size.saturating_mul(2), full);
            self.steps = 0;
        }
    }

    /// One step, or `None` if what was to be read by itself had gone when it was asked for.
    async fn attempt(&mut self) -> Result<Option<Span>, Halt<S::Error, D::Error>> {
        let from = self.rest.from;
        let listing = self.page(0).await?;
        if listing.last || listing.rows.is_empty() {
            let span = self.rest;
            self.end();
            self.reader.keep(listing.rows, self.cursor());
            return Ok(Some(span));
        }
        let next = next(from, &listing);
        if let Next::From(reached) = next {
            self.go_on_from(reached);
            self.reader.keep(listing.rows, self.cursor());
            return Ok(Some(Span { from, to: Some(reached) }));
        }
        self.reader.keep(listing.rows, self.cursor());
        let to = match next {
            Next::From(at) | Next::Tie(at) => Some(tick_after(at)),
            Next::Unknown => self.look_ahead().await?.map(tick_after).or(self.rest.to),
        };
        let span = Span { from, to };
        let window = span.window(0, self.page_size);
        if self.reader.drain(window, self.cursor(), Trust::Verify).await? == 0 {
            return Ok(None);
        }
        match to {
            Some(to) => self.go_on_from(to),
            None => self.end(),
        }
        Ok(Some(span))
    }

    fn go_on_from(&mut self, reached: DateTime<Utc>) {
        self.rest.from = Some(reached);
        self.is_done = self.rest.is_empty();
    }

    fn end(&mut self) {
        self.rest.from = std::cmp::max(self.rest.from, self.reader.newest().map(tick_after));
        self.is_done = true;
    }

    async fn page(&mut self, page: u64) -> Result<Listing, Halt<S::Error, D::Error>> {
        let window = self.rest.window(page, self.page_size);
        let cursor = self.cursor();
        self.reader.verified(&window, cursor, Trust::Verify).await
    }

    /// Reads pages that tell nothing, up to a row that does: its time. `None` if there is none to the end. What shifts
    /// from page to page meanwhile is lost to this, so the whole part is to be drained after.
    async fn look_ahead(&mut self) -> Result<Option<DateTime<Utc>>, Halt<S::Error, D::Error>> {
        let mut page = 1;
        loop {
            let listing = self.page(page).await?;
            let reached = reached(&listing).filter(|at| Some(*at) > self.rest.from);
            let is_end = listing.rows.is_empty() || page + 1 >= pages_of(&listing, self.page_size);
            self.reader.keep(listing.rows, self.cursor());
            if reached.is_some() || is_end {
                return Ok(reached);
            }
            page += 1;
        }
    }
}

/// The millisecond of the last row that tells one.
fn reached(listing: &Listing) -> Option<DateTime<Utc>> {
    listing.payments().map(|payment| tick(payment.modified_at)).max()
}

fn next(from: Option<DateTime<Utc>>, listing: &Listing) -> Next {
    match (reached(listing), from) {
        (Some(reached), from) if Some(reached) > from => Next::From(reached),
        (Some(_), Some(from)) if listing.rows.iter().all(|row| matches!(row, Row::Payment(_))) => {
            Next::Tie(from)
        }
        (Some(_) | None, Some(_) | None) => Next::Unknown,
    }
}
