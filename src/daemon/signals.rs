//! Signals, as things that a task can wait for.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals as Iterator;
use tokio::sync::watch;

/// What somebody wants of this process. Copies hear the same.
#[derive(Debug, Clone)]
pub struct Signals {
    stop: watch::Receiver<bool>,
    reload: watch::Receiver<u64>,
    sweep_now: watch::Receiver<u64>,
}

/// The other end: whoever wants something.
#[derive(Debug)]
pub struct Wishes {
    stop: watch::Sender<bool>,
    reload: watch::Sender<u64>,
    sweep_now: watch::Sender<u64>,
}

impl Wishes {
    /// Nobody wants anything yet.
    #[must_use]
    pub fn new() -> (Self, Signals) {
        let (stop, stopped) = watch::channel(false);
        let (reload, reloaded) = watch::channel(0);
        let (sweep_now, woken) = watch::channel(0);
        let signals = Signals { stop: stopped, reload: reloaded, sweep_now: woken };
        (Self { stop, reload, sweep_now }, signals)
    }

    /// Finish what is in hand, and end.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Read the configuration again.
    pub fn reload(&self) {
        self.reload.send_modify(|count| *count += 1);
    }

    /// Do not wait for the schedule.
    pub fn sweep_now(&self) {
        self.sweep_now.send_modify(|count| *count += 1);
    }
}

/// Something that is wanted of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Stop,
    Reload,
    SweepNow,
}

async fn change(count: &mut watch::Receiver<u64>) {
    if count.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

impl Signals {
    /// Listens to the process's signals, on a thread of its own: TERM and INT stop, HUP reloads, USR1 sweeps now. A
    /// second TERM or INT ends the process at once. Asked again, it hears the same.
    ///
    /// # Errors
    /// The system refuses to hand signals over.
    pub fn of_process() -> io::Result<Self> {
        static HEARD: Mutex<Option<Signals>> = Mutex::new(None);
        let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signals) = &*heard {
            return Ok(signals.clone());
        }
        let signals = Self::listen()?;
        *heard = Some(signals.clone());
        Ok(signals)
    }

    fn listen() -> io::Result<Self> {
        let (wishes, signals) = Wishes::new();
        let second = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            // In this order: the first signal arms what the second one triggers.
            flag::register_conditional_shutdown(signal, 1, Arc::clone(&second))?;
            flag::register(signal, Arc::clone(&second))?;
        }
        // A file that may not grow is an error like any other, and no reason to die.
        flag::register(SIGXFSZ, Arc::default())?;
        let mut incoming = Iterator::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1])?;
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in incoming.forever() {
                match signal {
                    SIGHUP => wishes.reload(),
                    SIGUSR1 => wishes.sweep_now(),
                    _ => wishes.stop(),
                }
            }
        })?;
        Ok(signals)
    }

    /// Whether this process is to end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until this process is to end.
    pub async fn stopping(&mut self) {
        // Whoever could say so is gone: then nobody ever will.
        if self.stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until a sweep is wanted.
    pub async fn sweep_now(&mut self) {
        change(&mut self.sweep_now).await;
    }

    /// Waits for anything that is wanted. Each wish is told once by this and its later copies.
    pub(super) async fn wish(&mut self) -> Wish {
        let Self { stop, reload, sweep_now } = self;
        let stopping = async {
            if stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = stopping => Wish::Stop,
            () = change(reload) => Wish::Reload,
            () = change(sweep_now) => Wish::SweepNow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wish_is_told_once_and_the_end_first() {
        let (wishes, mut signals) = Wishes::new();
        wishes.reload();
        wishes.sweep_now();
        assert_eq!(signals.wish().await, Wish::Reload);
        // As a reload does: what was told is not told again.
        let mut signals = signals.clone();
        assert_eq!(signals.wish().await, Wish::SweepNow);
        wishes.reload();
        wishes.stop();
        assert_eq!(signals.wish().await, Wish::Stop);
    }
}
