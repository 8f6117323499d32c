//! What goes wrong around a daemon: a disk that is full, a network that goes silent.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use tempfile::TempDir;

/// Between two ends of a wire: it passes bytes on, or swallows those of connections that it has forgotten.
pub(crate) struct Wire {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    target: SocketAddr,
    /// Connections that were made before this number was raised are silent for ever, as behind a NAT that forgot them.
    forgotten_before: AtomicU64,
    made: AtomicU64,
    is_over: AtomicBool,
    /// Whether nobody is let in any more.
    refuses: AtomicBool,
    /// Whether everything stands still.
    frozen: (Mutex<bool>, Condvar),
    open: Mutex<Vec<TcpStream>>,
}

impl Wire {
    /// A wire to `target`, from an address of its own on loopback.
    pub(crate) fn to(target: SocketAddr) -> Self {
        Self::from(IpAddr::V4(Ipv4Addr::LOCALHOST), target)
    }

    /// The same from another of this machine's addresses.
    pub(crate) fn from(here: IpAddr, target: SocketAddr) -> Self {
        let listener = TcpListener::bind((here, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            target,
            forgotten_before: AtomicU64::new(0),
            made: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            refuses: AtomicBool::new(false),
            frozen: (Mutex::new(false), Condvar::new()),
            open: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                if !shared.refuses.load(Ordering::SeqCst) {
                    connect(&shared, stream);
                }
            }
        });
        Self { address, state }
    }

    /// Where one connects.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every connection that there is goes silent for ever; new ones are as they should be.
    pub(crate) fn forget(&self) {
        let made = self.state.made.load(Ordering::SeqCst);
        self.state.forgotten_before.store(made, Ordering::SeqCst);
    }

    /// Nothing passes any more, on old connections or new ones, or all that waited does.
    pub(crate) fn freeze(&self, is_so: bool) {
        *self.state.frozen.0.lock().unwrap() = is_so;
        self.state.frozen.1.notify_all();
    }

    /// Lets nobody in any more. Who is connected stays so.
    pub(crate) fn refuse(&self) {
        self.state.refuses.store(true, Ordering::SeqCst);
    }

    /// How many connections were made.
    pub(crate) fn made(&self) -> u64 {
        self.state.made.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        self.freeze(false);
        for stream in self.state.open.lock().unwrap().drain(..) {
            drop(stream.shutdown(Shutdown::Both));
        }
        drop(TcpStream::connect(self.address));
    }
}

fn connect(state: &Arc<State>, near: TcpStream) {
    let number = state.made.fetch_add(1, Ordering::SeqCst);
    let Ok(far) = TcpStream::connect(state.target) else { return };
    let ends = [near.try_clone().unwrap(), far.try_clone().unwrap()];
    state.open.lock().unwrap().extend(ends);
    let back = (far.try_clone().unwrap(), near.try_clone().unwrap());
    for (from, to) in [(near, far), back] {
        let state = Arc::clone(state);
        thread::spawn(move || pass(&state, number, from, to));
    }
}

fn pass(state: &State, number: u64, mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 16 * 1024];
    loop {
        let read = from.read(&mut bytes).unwrap_or_default();
        let frozen = state.frozen.0.lock().unwrap();
        drop(state.frozen.1.wait_while(frozen, |is_so| *is_so).unwrap());
        let is_forgotten = number < state.forgotten_before.load(Ordering::SeqCst);
        if is_forgotten {
            if read == 0 {
                return;
            }
            continue;
        }
        if read == 0 || to.write_all(&bytes[..read]).is_err() {
            drop(to.shutdown(Shutdown::Both));
            drop(from.shutdown(Shutdown::Both));
            return;
        }
    }
}

/// A disk of a few megabytes. Whoever may not mount one gives a process a limit instead.
pub(crate) struct SmallDisk {
    folder: TempDir,
    is_mounted: bool,
}

impl SmallDisk {
    pub(crate) fn new(megabytes: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "none"])
            .arg(folder.path())
            .output();
        let is_mounted = is_root && mounted.is_ok_and(|mounted| mounted.status.success());
        Self { folder, is_mounted }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Whether it is a disk of its own.
    pub(crate) fn is_real(&self) -> bool {
        self.is_mounted
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Lets nothing more be written by the process `pid`.
    pub(crate) fn fill(&self, pid: u32) {
        if self.is_mounted {
            let mut file = File::create(self.ballast()).unwrap();
            while file.write_all(&[0; 4096]).is_ok() {}
        } else {
            limit(pid, "--fsize=1:");
        }
    }

    /// Gives room again.
    pub(crate) fn empty(&self, pid: u32) {
        if self.is_mounted {
            fs::remove_file(self.ballast()).unwrap();
        } else {
            limit(pid, "--fsize=unlimited:");
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.is_mounted {
            let unmounted = Command::new("umount").arg("-l").arg(self.folder.path()).status();
            assert!(unmounted.is_ok_and(|status| status.success()));
        }
    }
}

/// Sets a limit of a process, as prlimit(1) takes it: `--nofile=64:`.
pub(crate) fn limit(pid: u32, limit: &str) {
    let set = Command::new("prlimit").args(["--pid", &pid.to_string(), limit]).status().unwrap();
    assert!(set.success(), "{limit}");
}
