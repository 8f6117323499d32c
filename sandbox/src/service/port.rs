//! A loopback port that can be closed and opened again, as that of a machine that is down for a while, and connections
//! that a handler can cut, so that the client never reads a status line.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::Power;

/// How long to wait when somebody else holds the port that is to be opened again.
const AGAIN: Duration = Duration::from_millis(20);

/// The port.
#[derive(Debug)]
pub(super) struct Port {
    address: SocketAddr,
    listener: Option<TcpListener>,
    power: watch::Receiver<Power>,
    open: watch::Sender<bool>,
}

impl Port {
    /// Opens a port, 0 for a free one. The second value tells whether it is open.
    pub(super) async fn open(
        port: u16,
        power: watch::Receiver<Power>,
    ) -> io::Result<(Self, watch::Receiver<bool>)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let (open, opened) = watch::channel(true);
        Ok((Self { address, listener: Some(listener), power, open }, opened))
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes or opens the port, as it is told.
    async fn obey(&mut self) {
        let power = *self.power.borrow_and_update();
        match (power, &self.listener) {
            (Power::On, None) => match TcpListener::bind(self.address).await {
                Ok(listener) => self.listener = Some(listener),
                Err(error) => {
                    tracing::warn!(%error, address = %self.address, "the port cannot be opened");
                    tokio::time::sleep(AGAIN).await;
                }
            },
            (Power::Down, Some(_)) => self.listener = None,
            (Power::On, Some(_)) | (Power::Down, None) | (Power::Stopped, _) => {}
        }
        let open = self.listener.is_some();
        self.open.send_if_modified(|told| std::mem::replace(told, open) != open);
    }
}

/// Returns when the port is told something else, and never once nobody is left to tell it.
async fn told(power: &mut watch::Receiver<Power>) {
    if power.changed().await.is_err() {
        std::future::pending().await
    }
}

impl Listener for Port {
    type Io = Plug;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Plug, SocketAddr) {
        loop {
            self.obey().await;
            let Some(listener) = &mut self.listener else {
                if *self.power.borrow() != Power::On {
                    told(&mut self.power).await;
                }
                continue;
            };
            tokio::select! {
                (stream, address) = Listener::accept(listener) => {
                    return (Plug::new(stream, self.power.clone()), address);
                }
                () = told(&mut self.power) => {}
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Cuts one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Wire(Arc<AtomicBool>);

impl Wire {
    /// From now on nothing goes out any more: whatever the handler answers is lost.
    pub(super) fn cut(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A connection that breaks when it is cut, or the port is closed.
pub(super) struct Plug {
    stream: TcpStream,
    wire: Wire,
    pulled: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Plug {
    fn new(stream: TcpStream, mut power: watch::Receiver<Power>) -> Self {
        // An answer in two writes must not wait for the client's delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let pulled = async move {
            // A service that stops lets its requests finish; one that goes down does not.
            let down = power.wait_for(|power| *power == Power::Down).await.is_ok();
            if !down {
                std::future::pending().await
            }
        };
        Self { stream, wire: Wire::default(), pulled: Box::pin(pulled) }
    }

    /// The stream, unless it is cut.
    fn whole(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        if self.wire.0.load(Ordering::Acquire) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(Pin::new(&mut self.stream))
    }
}

impl Connected<IncomingStream<'_, Port>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Port>) -> Self {
        stream.io().wire.clone()
    }
}

impl AsyncRead for Plug {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.pulled.as_mut().poll(context).is_ready() {
            // A future that is done must not be asked again.
            self.pulled = Box::pin(std::future::ready(()));
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        self.whole()?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Plug {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.whole()?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.whole()?.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
