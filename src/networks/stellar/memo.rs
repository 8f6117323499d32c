//! The ledger's form of a memo.

use stellar_xdr::Hash;

use crate::engine::Memo;

/// The ledger's form. None if a text is longer than the 28 bytes that fit.
pub(super) fn to_xdr(memo: &Memo) -> Option<stellar_xdr::Memo> {
    Some(match memo {
        Memo::Text(text) => stellar_xdr::Memo::Text(text.as_str().try_into().ok()?),
        Memo::Id(id) => stellar_xdr::Memo::Id(*id),
        Memo::Hash(bytes) => stellar_xdr::Memo::Hash(Hash(*bytes)),
        Memo::Return(bytes) => stellar_xdr::Memo::Return(Hash(*bytes)),
    })
}
