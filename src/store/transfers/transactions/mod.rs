//! What we sign and send on networks: envelopes, the accounts whose numbers they use, and what was found on the ledger
//! that is not on record.

pub(super) mod channels;
pub(super) mod envelopes;
pub(super) mod found;
pub(super) mod read;
