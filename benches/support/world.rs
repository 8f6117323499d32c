//! A sandbox with payments on a thread of its own, and railpoll's own way to sweep them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use railpoll::config::{self, Sources};
use railpoll::engine::{Clock, Poller};
use railpoll::sandbox::{PaymentSpec, PaymentState, Sandbox, SandboxOptions};
use railpoll::states::{SweepReport, Sweeper};
use railpoll::store::{Acquired, Lease, Scope, Store};
use tempfile::TempDir;

use super::Outcome;
use super::cost::{Cost, SANDBOX_THREAD, Work};

/// The network's name in the configuration.
pub(crate) const NETWORK: &str = "acme";

/// Completed payments at a simulated network.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    folder: TempDir,
    // Last: the sandbox lives on its one thread.
    _runtime: tokio::runtime::Runtime,
}

impl World {
    /// A network with `payments` completed payments, a millisecond apart. `since` is when the first of them was changed;
    /// without it the last of them was changed now.
    pub(crate) fn new(payments: usize, since: Option<DateTime<Utc>>) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(SANDBOX_THREAD)
            .enable_all()
            .build()?;
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
    pub(crate) async fn poller(&self, url: &str, overlap: &str) -> Outcome<Swept> {
        let files = vec![self.config(url, overlap)?];
        let settings = config::load(&Sources { files, ..Sources::default() })?;
        let (Some(own), Some(network)) =
            (settings.pollers.get(&Poller::Completed), settings.networks.get(NETWORK))
        else {
            return Err("the configuration lacks the poller or the network".into());
        };
        let store = Store::open(url).await?;
        let scope = Scope { poller: Poller::Completed, network: NETWORK.to_owned() };
        let term = Duration::from_secs(600);
        let Acquired::Held(lease) = store.acquire_lease(&scope, "bench", term).await? else {
            return Err("another process holds the lease".into());
        };
        let sweeper = Sweeper::new(store.clone(), scope, own, network, Clock::system(), |_| {})?;
        Ok(Swept { store, sweeper, lease })
    }
}

/// A poller that sweeps when it is told to.
pub(crate) struct Swept {
    store: Store,
    sweeper: Sweeper,
    lease: Lease,
}

impl Swept {
    /// One whole sweep, and what it cost.
    pub(crate) async fn sweep(&self) -> Outcome<(SweepReport, Cost)> {
        let work = Work::begin();
        let swept = self.sweeper.sweep(&|| false, &|_| {}).run(&self.lease).await;
        let cost = work.end();
        match swept.error {
            Some(error) => Err(error.into()),
            None if swept.report.outcome == "complete" => Ok((swept.report, cost)),
            None => Err(format!("the sweep ended as `{}`", swept.report.outcome).into()),
        }
    }

    pub(crate) async fn close(self) -> Outcome<()> {
        self.store.release_lease(&self.lease).await?;
        self.store.close().await;
        Ok(())
    }
}
