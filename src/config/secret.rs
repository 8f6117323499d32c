//! Reading a secret from a file that nobody else can read.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::process::{Gid, getegid, getgroups};
use secrecy::SecretString;
use thiserror::Error;

/// Far more than any secret: whoever names a log file by mistake is told so.
const LONGEST_BYTES: u64 = 64 * 1024;

/// What is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// What a network's access tokens are got with.
    ClientSecret,
    /// What our accounts' transactions are signed with: a seed (`S…`) on each line.
    Seeds,
    /// What a rail's requests are signed with, or the password or token that it asks for.
    RailSecret,
}

impl SecretKind {
    /// The key that names its file.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::ClientSecret => "client_secret_file",
            Self::Seeds => "seeds_file",
            Self::RailSecret => "secret_file",
        }
    }

    /// What stands behind the owner's name in the name of systemd's credential.
    const fn suffix(self) -> &'static str {
        match self {
            Self::ClientSecret => "client-secret",
            Self::Seeds => "seeds",
            Self::RailSecret => "rail-secret",
        }
    }

    /// What is said where there is none, and how it is called after that.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::ClientSecret => ("is no client secret", "it"),
            Self::Seeds => ("are no seeds", "them"),
            Self::RailSecret => ("is no secret", "it"),
        }
    }
}

/// Where a secret is, and never what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretPlace {
    kind: SecretKind,
    /// The network or rail.
    owner: String,
    /// The file that systemd may have given us; it is looked at first.
    credential: Option<PathBuf>,
    /// The file that is configured.
    file: Option<PathBuf>,
}

/// Why there is no secret. None of these holds anything of it.
#[derive(Debug, Error)]
pub enum SecretError {
    /// No place is configured, and systemd gave none.
    #[error(
        "there {0} for {owner}: put {1} into a file of mode 600 and set {2}, or give {1} to the unit with \
         LoadCredential={owner}-{3}:FILE", kind.words().0, kind.words().1, kind.key(), kind.suffix()
    )]
    Nowhere {
        /// What is missing.
        kind: SecretKind,
        /// The network's or rail's name.
        owner: String,
    },
    /// The file cannot be read.
    #[error("the secret's file {} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Others can read the file.
    #[error(
        "the secret's file {} can be used by others (mode {mode:03o}): chmod 600 {}; where modes come from elsewhere, \
         0440 with a group of this process will do (Kubernetes: fsGroup and defaultMode 0440; Docker: mode 0400)",
        path.display(), path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Whatever is there is not a secret.
    #[error("the secret's file {} {what}", path.display())]
    NotASecret {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
}

impl SecretPlace {
    /// The places for the secret of `owner`: the configured `file`, and the folder where systemd puts `credentials`.
    pub(super) fn new(
        kind: SecretKind,
        owner: &str,
        credentials: Option<&Path>,
        file: Option<PathBuf>,
    ) -> Self {
        let credential = credentials.map(|at| at.join(format!("{owner}-{}", kind.suffix())));
        Self { kind, owner: owner.to_owned(), credential, file }
    }

    /// The secret, read from the disk each time, so that a changed one is seen.
    ///
    /// # Errors
    /// There is no file, it cannot be read, it is empty, or others can read it.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        if let Some(path) = &self.credential {
            match fs::metadata(path) {
                // systemd keeps others out of the directory, and sets modes of its own inside.
                Ok(metadata) => return read_file(path, &metadata),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(SecretError::Unreadable { path: path.clone(), error }),
            }
        }
        let Some(path) = &self.file else {
            return Err(SecretError::Nowhere { kind: self.kind, owner: self.owner.clone() });
        };
        read_private(path)
    }
}

/// The secret in a file that nobody else can use.
///
/// # Errors
/// The file cannot be read, it is empty, or others can use it.
pub fn read_private(path: &Path) -> Result<SecretString, SecretError> {
    let metadata = fs::metadata(path)
        .map_err(|error| SecretError::Unreadable { path: path.to_owned(), error })?;
    let mode = metadata.permissions().mode() & 0o777;
    // A group that is this process's own may read it: that is how some give a secret to it, and to nobody else.
    let allowed = if is_our_group(metadata.gid()) { 0o740 } else { 0o700 };
    if mode & !allowed != 0 {
        return Err(SecretError::Open { path: path.to_owned(), mode });
    }
    read_file(path, &metadata)
}

/// What makes somebody doubt that this was meant; none if nothing does. Seeds stand on lines of their own.
fn odd(secret: &str) -> Option<&'static str> {
    if secret.starts_with(char::is_whitespace) {
        Some("begins with a blank")
    } else if secret.chars().any(|char| char.is_control() && !"\r\n".contains(char)) {
        Some("has a control character")
    } else if secret.contains(['\u{feff}', '\u{200b}', '\u{a0}']) {
        Some("has a character that nobody sees")
    } else if secret.starts_with(['"', '\'']) && secret.ends_with(['"', '\'']) {
        Some("stands in quotes")
    } else {
        None
    }
}

fn is_our_group(group: u32) -> bool {
    let is_it = |ours: Gid| ours.as_raw() == group;
    // Root's group is everybody's who runs as root.
    is_it(getegid()) || getgroups().is_ok_and(|ours| ours.into_iter().any(is_it))
}

fn read_file(path: &Path, metadata: &fs::Metadata) -> Result<SecretString, SecretError> {
    let not_a_secret = |what| SecretError::NotASecret { path: path.to_owned(), what };
    // Anything else, such as a pipe, could block, or be empty when it is read again.
    if !metadata.is_file() {
        return Err(not_a_secret("is not a regular file"));
    }
    if metadata.len() > LONGEST_BYTES {
        return Err(not_a_secret("is longer than 64 kB"));
    }
    let text = fs::read_to_string(path)
        .map_err(|error| SecretError::Unreadable { path: path.to_owned(), error })?;
    // What editors add, and people do not see.
    let secret = text.trim_start_matches('\u{feff}').trim_end_matches([' ', '\t', '\r', '\n']);
    if secret.is_empty() {
        return Err(not_a_secret("is empty"));
    }
    if let Some(what) = odd(secret) {
        tracing::warn!(file = %path.display(), "the secret looks odd: it {what}");
    }
    Ok(SecretString::from(secret))
}
