//! A sandbox with payments on a thread of its own, and railpoll's own way to sweep them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use railpoll::engine::Poller;
use railpoll_sandbox::{PaymentSpec, PaymentState, Sandbox, SandboxOptions};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::Outcome;
use super::cost::sandbox_thread;
use super::worker::Worker;

/// The network's name in the configuration.
pub(crate) const NETWORK: &str = "acme";

/// Completed payments at a simulated network.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    folder: TempDir,
    // Last: the sandbox lives on its one thread.
    _runtime: Runtime,
}

impl World {
    /// A network with `payments` completed payments, a millisecond apart. `since` is when the first of them was changed;
    /// without it the last of them was changed now.
    pub(crate) fn new(payments: usize, since: Option<DateTime<Utc>>) -> Outcome<Self> {
        let runtime = sandbox_thread()?;
        let sandbox = runtime.block_on(Sandbox::start(SandboxOptions::default()))?;
        let spec = PaymentSpec {
            state: PaymentState::Completed,
            first_modified_at: since,
            ..PaymentSpec::default()
        };
        sandbox.add_payments(payments, &spec);
        Ok(Self { sandbox, folder: tempfile::tempdir()?, _runtime: runtime })
    }

    /// Writes the configuration of a poller of this network with the database of `url`; where it is.
    pub(crate) fn config(&self, url: &str, overlap: &str) -> Outcome<PathBuf> {
        let secret = self.folder.path().join("secret");
        fs::write(&secret, self.sandbox.client_secret())?;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
        let file = self.folder.path().join("railpoll.toml");
        let text = format!(
            r#"
            [database]
            url = "{url}"
            [networks.{NETWORK}]
            kind = "ripplenet"
            base_url = "{base}"
            token_url = "{token}"
            audience = "{audience}"
            client_id = "{client}"
            client_secret_file = "{secret}"
            connector_role = "receiving"
            requests_per_second = 10000
            [pollers.completed]
            enabled = true
            initial_delay = "0s"
            overlap = "{overlap}"
            "#,
            base = self.sandbox.base_url(),
            token = self.sandbox.token_url(),
            audience = self.sandbox.audience(),
            client = self.sandbox.client_id(),
            secret = secret.display(),
        );
        fs::write(&file, text)?;
        Ok(file)
    }

    /// The poller `completed` of this network, in this process.
    pub(crate) async fn poller(&self, url: &str, overlap: &str) -> Outcome<Worker> {
        Worker::new(&self.config(url, overlap)?, url, Poller::Completed, NETWORK).await
    }
}
