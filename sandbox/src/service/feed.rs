//! Answers that go on: lists as server-sent events.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Simulation;
use super::server::Core;

/// The rest of an answer that goes on.
pub trait Feed<S>: Send {
    /// The next part, from what the service knows. `over`: its time is, or that of the service.
    fn next(&mut self, simulation: &mut S, over: bool) -> Part;

    /// When its time is over.
    fn until(&self) -> Instant;

    /// The connection has ended, for whatever reason.
    fn close(&mut self, simulation: &mut S);
}

/// What goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Text(String),
    /// Nothing, until there is news.
    Wait,
    /// The connection breaks, once what was written before has gone out.
    Break,
    /// Nothing more comes, and the connection stays.
    Silence,
    /// The answer ends.
    End,
}

/// One that is open.
struct Open<S: Simulation> {
    core: Arc<Core<S>>,
    news: watch::Receiver<()>,
    feed: Box<dyn Feed<S>>,
}

impl<S: Simulation> Drop for Open<S> {
    fn drop(&mut self) {
        self.feed.close(&mut self.core.lock().simulation);
        self.core.changed();
    }
}

/// The body of an answer that goes on.
pub(super) fn body<S: Simulation>(core: &Arc<Core<S>>, feed: Box<dyn Feed<S>>) -> Body {
    let open = Open { core: Arc::clone(core), news: core.news(), feed };
    Body::from_stream(stream::unfold(open, step))
}

/// The next piece of the answer. An error breaks the connection.
async fn step<S: Simulation>(mut open: Open<S>) -> Option<(io::Result<Bytes>, Open<S>)> {
    let mut over = false;
    loop {
        // What happens from here on is news.
        open.news.borrow_and_update();
        let part = open.feed.next(&mut open.core.lock().simulation, over);
        match part {
            Part::Text(text) => return Some((Ok(Bytes::from(text)), open)),
            Part::Break => {
                // What was written must be on the wire before the end is.
                tokio::task::yield_now().await;
                return Some((Err(io::ErrorKind::ConnectionReset.into()), open));
            }
            Part::Silence => {
                open.core.until_stopped().await;
                return None;
            }
            Part::End => return None,
            Part::Wait => {}
        }
        over = tokio::select! {
            changed = open.news.changed() => changed.is_err(),
            () = tokio::time::sleep_until(open.feed.until()) => true,
            () = open.core.until_stopped() => true,
        };
    }
}
