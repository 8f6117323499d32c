//! The figures of the database under the names that daemons give them, for collectors of text files: of pollers that cron
//! runs, and of those that are gone.

use chrono::{DateTime, Utc};

use crate::daemon::{Format, Metrics};
use crate::engine::AlertName;
use crate::store::{Store, StoreError};
use crate::views::status::{Standing, Whole};

/// All of them as text.
pub(super) async fn text(
    store: &Store,
    whole: &Whole,
    now: DateTime<Utc>,
) -> Result<String, StoreError> {
    let metrics = Metrics::of_database();
    metrics.held(whole.held.is_some());
    metrics.standing(&store.transfer_counts().await?, now);
    for standing in &whole.standings {
        let Standing { scope, holder, drift, reviews, .. } = standing;
        metrics.lease(scope, holder.is_some());
        metrics.last_success(scope, store.last_success(scope).await?);
        if let Some(in_state) = standing.in_state {
            metrics.payments(scope, in_state, *drift);
            metrics.reviews(scope, reviews, now);
        }
        let is_first = scope.network == scope.place();
        if is_first {
            let is_own =
                |name: &str, place: &str| name == scope.poller.name() && place == scope.network;
            let mut open = whole.alerts.clone();
            open.retain(|alert| is_own(&alert.poller, &alert.place));
            metrics.alerts(scope, &open);
            metrics.quarantined(scope, store.quarantined_count(scope).await?);
        }
        if standing.silence.is_some() {
            metrics.untold(scope, AlertName::PollerSilent);
        }
    }
    Ok(metrics.text(Format::OpenMetrics))
}
