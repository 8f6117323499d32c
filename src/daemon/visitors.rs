//! Whoever connects to the pages is given little time, and there is room for few: a poller is not to run out of files because
//! somebody holds connections open.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// Nobody stays longer, whether it asks or not.
const STAY_MAX: Duration = Duration::from_secs(10);
/// With one more, the one that came first has to go.
const ROOM: usize = 64;
/// When the system has no more to give, it is asked again after so long.
const BREATH: Duration = Duration::from_millis(200);

/// Takes connections.
pub(super) struct Visitors {
    listener: TcpListener,
    /// Each is let go by dropping its end, oldest first.
    here: VecDeque<oneshot::Sender<()>>,
}

/// A connection that ends in time.
pub(super) struct Visitor {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    asked_to_go: oneshot::Receiver<()>,
}

impl Visitors {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, here: VecDeque::new() }
    }
}

impl Listener for Visitors {
    type Io = Visitor;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visitor, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    self.here.retain(|one| !one.is_closed());
                    if self.here.len() >= ROOM {
                        drop(self.here.pop_front());
                    }
                    let (let_go, asked_to_go) = oneshot::channel();
                    self.here.push_back(let_go);
                    let end = Box::pin(sleep_until(Instant::now() + STAY_MAX));
                    return (Visitor { stream, end, asked_to_go }, address);
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection to the pages was not taken");
                    sleep(BREATH).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Visitor {
    /// Whether its time is over.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        self.end.as_mut().poll(context).is_ready()
            || Pin::new(&mut self.asked_to_go).poll(context).is_ready()
    }
}

fn over<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
}

impl AsyncRead for Visitor {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(context) {
            over()
        } else {
            Pin::new(&mut self.stream).poll_read(context, buffer)
        }
    }
}

impl AsyncWrite for Visitor {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_over(context) {
            over()
        } else {
            Pin::new(&mut self.stream).poll_write(context, bytes)
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
