//! `railpoll quarantine retry`: asking again for what was set aside.

use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::session::{Session, open_current};
use crate::config::{self, Settings};
use crate::engine::{Clock, Poller};
use crate::jobs::{Making, make_of};
use crate::store::{Acquired, Lease, OpenedFor, QuarantinedRow, Scope, Store};

/// Of a poller with one worker at each place, the second part is always free. What both store is stored once.
const PART: u32 = 2;
/// Nobody waits longer for one row.
const LEASE: Duration = Duration::from_secs(300);

/// Asks the network or rail again for what stands in a row that was set aside. Whether it could be read this time.
pub(super) async fn look_again(session: &Session, row: &QuarantinedRow) -> Result<bool, Failure> {
    let Some(place) = &row.payment_id else { return Ok(false) };
    let settings = config::load(session.sources())?;
    let store = open_current(&settings.database.url, OpenedFor::Write).await?;
    let poller = row.poller.parse().map_err(Failure::Refused)?;
    let scope = Scope { poller, network: row.network.clone() }.slot(PART);
    let lease = match store.acquire_lease(&scope, "railpoll quarantine retry", LEASE).await? {
        Acquired::Held(lease) => lease,
        Acquired::By(_) => {
            let why = "somebody else is at it, or was: try again in five minutes".to_owned();
            return Err(Failure::Refused(why));
        }
    };
    let looked = look(&settings, &store, &lease, (poller, &row.network), place).await;
    let released = store.release_lease(&lease).await;
    let was_read = looked?;
    released?;
    if was_read {
        settle(session, &store, row).await?;
    }
    store.close().await;
    Ok(was_read)
}

async fn look(
    settings: &Settings,
    store: &Store,
    lease: &Lease,
    (poller, network): (Poller, &str),
    place: &str,
) -> Result<bool, Failure> {
    let clock = Clock::system();
    let seen = Arc::new(|_: &str, _: &_| {});
    let making = Making { settings, store, clock: &clock, stage: None, lasts: false, seen };
    let own = settings.pollers.get(&poller).filter(|own| own.places().any(|one| one == network));
    let own = own.ok_or_else(|| {
        Failure::Refused(format!(
            "the poller {poller} does not read {network}: see `railpoll config show`"
        ))
    })?;
    let scope = Scope { poller, network: network.to_owned() };
    let job = make_of(poller)(&making, scope, own).map_err(Failure::Refused)?;
    Ok(job.look_again(lease, place, &|| false, &|_| {}).await?)
}

/// A payment that is stored settles its rows by itself; what came in does not.
async fn settle(session: &Session, store: &Store, row: &QuarantinedRow) -> Result<(), Failure> {
    if store.quarantined_row(row.quarantine_id).await?.resolved_at.is_none() {
        store.resolve_quarantined(row, "read when asked again", None, session.now()).await?;
    }
    Ok(())
}
