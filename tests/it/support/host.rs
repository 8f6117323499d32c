//! The host that all daemons run on: its clock, its disk, and the disk of its log.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `host.c` reads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ill {
    /// So many seconds that the clock is ahead.
    Clock = 0,
    /// Whether the database's files cannot be written.
    Eio = 8,
    /// Whether the log's disk is full.
    NoLog = 16,
}

/// A host whose processes can be lied to.
pub(crate) struct Host {
    library: PathBuf,
    told_at: PathBuf,
    told: File,
}

impl Host {
    /// One whose files are in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        let (library, told_at) = (folder.join("host.so"), folder.join("host"));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/host.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl");
        assert!(cc.status().unwrap().success(), "{cc:?}");
        let told = File::options().read(true).write(true).create_new(true).open(&told_at).unwrap();
        told.write_all_at(&[0; 24], 0).unwrap();
        Self { library, told_at, told }
    }

    /// The command as it runs on this host.
    pub(crate) fn runs<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("LD_PRELOAD", &self.library).env("NEMESIS_HOST", &self.told_at)
    }

    /// From now on so much is wrong; nothing is 0.
    pub(crate) fn is(&self, ill: Ill, how_much: i64) {
        self.told.write_all_at(&how_much.to_ne_bytes(), ill as u64).unwrap();
    }
}
