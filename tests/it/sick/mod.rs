//! One sick thing beside nine healthy ones: the nine are done within two sweeps, whatever the tenth has, and the tenth is
//! done too once it is well again. A file for each family of jobs.

mod accounts;
mod addresses;
mod left_alone;
mod lists;
mod many;
mod memory;
mod payments;
mod transfers;

use railpoll_sandbox::Reply;

/// A timeout that a test can bear.
pub(crate) const SHORT: &str = "networks.acme.timeout=300ms";
/// So many things there are, the sick one among them.
pub(crate) const THINGS: usize = 10;
/// Whatever lasts.
pub(crate) const ALWAYS: u32 = u32::MAX;

/// What a thing may have: the answer that each request about it gets, for as long as it lasts.
pub(crate) fn sicknesses() -> Vec<(&'static str, Reply)> {
    vec![
        ("400", Reply::status(400)),
        ("401", Reply::status(401)),
        ("403", Reply::status(403)),
        ("404", Reply::status(404)),
        ("500", Reply::status(500)),
        ("no answer", Reply::Hang),
        ("garbage", Reply::Html),
        ("too large", Reply::Huge),
        ("bytes that are no text", Reply::Bytes(b"{\"payment_id\":\"\xff\xfe\"}".to_vec())),
        ("broken off", Reply::Bytes(b"{\"payment_id\": [1,".to_vec())),
    ]
}
