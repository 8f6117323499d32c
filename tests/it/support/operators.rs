//! Who decides in tests.

use std::sync::LazyLock;

use railpoll::engine::{Evidence, Operator};
use railpoll::store::{By, Deed, Lease};

static ANN: LazyLock<Deed> = LazyLock::new(|| Deed {
    operator: Operator {
        name: "ann".to_owned(),
        evidence: Evidence::Claimed,
        uid: 990,
        login_uid: Some(1000),
        host: "here".to_owned(),
        origin: "command",
    },
    reason: Some("ann looked".to_owned()),
});

/// What ann does, who has looked.
pub(crate) fn ann() -> &'static Deed {
    &ANN
}

/// The poller that has the lease, or ann.
pub(crate) fn by(lease: Option<&Lease>) -> By<'_> {
    lease.map_or(By::Operator(ann()), By::Poller)
}
