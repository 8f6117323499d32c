//! Reading a secret from a file that nobody else can read.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use thiserror::Error;

/// Far more than any secret: whoever names a log file by mistake is told so.
const LONGEST_BYTES: u64 = 64 * 1024;

/// Why there is no secret. None of these holds anything of it.
#[derive(Debug, Error)]
pub enum SecretError {
    /// No place is configured, and systemd gave none.
    #[error(
        "there is no client secret for {network}: put it into a file of mode 600 and set client_secret_file, or give \
         it to the unit with LoadCredential={network}-client-secret:FILE"
    )]
    Nowhere {
        /// The network's name.
        network: String,
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
        "the secret's file {} can be used by others (mode {mode:03o}): chmod 600 {}", path.display(), path.display()
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

/// The secret in `credential` if that file exists, else in `file`. Reads the disk each time, so that a changed
/// secret is seen.
pub(super) fn read(
    network: &str,
    credential: Option<&Path>,
    file: Option<&Path>,
) -> Result<SecretString, SecretError> {
    if let Some(path) = credential {
        match fs::metadata(path) {
            // systemd keeps others out of the directory, and sets modes of its own inside.
            Ok(metadata) => return read_file(path, &metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(SecretError::Unreadable { path: path.to_owned(), error }),
        }
    }
    let Some(path) = file else {
        return Err(SecretError::Nowhere { network: network.to_owned() });
    };
    let metadata = fs::metadata(path)
        .map_err(|error| SecretError::Unreadable { path: path.to_owned(), error })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Open { path: path.to_owned(), mode });
    }
    read_file(path, &metadata)
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
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let secret = line.strip_suffix('\r').unwrap_or(line);
    if secret.is_empty() {
        return Err(not_a_secret("is empty"));
    }
    Ok(SecretString::from(secret))
}
