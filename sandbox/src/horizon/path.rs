//! Payments that arrive in another asset than they left in.
//!
//! There is no order book: one account makes the market, at fixed prices, with what it has.

use stellar_xdr::{
    Asset, MuxedAccount, OperationResult, OperationResultTr, PathPaymentStrictReceiveOp,
    PathPaymentStrictReceiveResult, PathPaymentStrictReceiveResultSuccess, PathPaymentStrictSendOp,
    PathPaymentStrictSendResult, PathPaymentStrictSendResultSuccess, PaymentResult,
    SimplePaymentResult, VecM,
};

use super::keys::Key;
use super::operations::{Done, Kind, Movement, payment};
use super::state::State;

/// An offer of the market maker: it gives `gives` units of one asset for `takes` units of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) maker: Key,
    pub(super) taken: Asset,
    pub(super) given: Asset,
    pub(super) takes: i64,
    pub(super) gives: i64,
}

impl Offer {
    /// What must be sent for `amount` to arrive, rounded against the sender.
    fn price_of(&self, amount: i64) -> Option<i64> {
        let product = i128::from(amount) * i128::from(self.takes);
        let gives = i128::from(self.gives.max(1));
        i64::try_from((product + gives - 1) / gives).ok()
    }

    /// What arrives for `amount`, rounded against the sender.
    fn worth_of(&self, amount: i64) -> Option<i64> {
        let product = i128::from(amount) * i128::from(self.gives);
        i64::try_from(product / i128::from(self.takes.max(1))).ok()
    }
}

/// Sends over the offer: first what leaves to the maker, then what arrives from it.
fn exchange(
    state: &mut State,
    from: Key,
    to: Key,
    (sent, send): (&Asset, i64),
    (received, receive): (&Asset, i64),
) -> PaymentResult {
    if sent == received {
        return payment(state, from, to, sent, send);
    }
    let Some(maker) = state.offer(sent, received).map(|offer| offer.maker) else {
        return PaymentResult::NoIssuer;
    };
    // As on the network, the destination is looked at first.
    let arrived = payment(state, maker, to, received, receive);
    if arrived != PaymentResult::Success {
        return arrived;
    }
    payment(state, from, maker, sent, send)
}

pub(super) fn receive(
    state: &mut State,
    actor: Key,
    from: MuxedAccount,
    op: &PathPaymentStrictReceiveOp,
) -> Done {
    use PathPaymentStrictReceiveResult as R;
    let cost = if op.send_asset == op.dest_asset {
        Some(op.dest_amount)
    } else {
        let offer = state.offer(&op.send_asset, &op.dest_asset);
        offer.and_then(|offer| offer.price_of(op.dest_amount))
    };
    let result = match cost {
        None => R::TooFewOffers,
        Some(cost) if cost > op.send_max => R::OverSendmax,
        Some(cost) => {
            let (sent, received) = ((&op.send_asset, cost), (&op.dest_asset, op.dest_amount));
            match exchange(state, actor, Key::from(&op.destination), sent, received) {
                PaymentResult::Success => R::Success(PathPaymentStrictReceiveResultSuccess {
                    offers: VecM::default(),
                    last: last(&op.destination, &op.dest_asset, op.dest_amount),
                }),
                PaymentResult::Malformed => R::Malformed,
                PaymentResult::Underfunded => R::Underfunded,
                PaymentResult::SrcNoTrust => R::SrcNoTrust,
                PaymentResult::SrcNotAuthorized => R::SrcNotAuthorized,
                PaymentResult::NoDestination => R::NoDestination,
                PaymentResult::NoTrust => R::NoTrust,
                PaymentResult::NotAuthorized => R::NotAuthorized,
                PaymentResult::LineFull => R::LineFull,
                PaymentResult::NoIssuer => R::TooFewOffers,
            }
        }
    };
    let moved = cost.filter(|_| matches!(result, R::Success(_))).map(|cost| Movement {
        kind: Kind::PathReceive { most: op.send_max },
        from,
        to: op.destination.clone(),
        asset: op.dest_asset.clone(),
        amount: op.dest_amount,
        sent: Some((op.send_asset.clone(), cost)),
    });
    (OperationResult::OpInner(OperationResultTr::PathPaymentStrictReceive(result)), moved)
}

pub(super) fn send(
    state: &mut State,
    actor: Key,
    from: MuxedAccount,
    op: &PathPaymentStrictSendOp,
) -> Done {
    use PathPaymentStrictSendResult as R;
    let worth = if op.send_asset == op.dest_asset {
        Some(op.send_amount)
    } else {
        let offer = state.offer(&op.send_asset, &op.dest_asset);
        offer.and_then(|offer| offer.worth_of(op.send_amount))
    };
    let result = match worth {
        None => R::TooFewOffers,
        Some(worth) if worth < op.dest_min => R::UnderDestmin,
        Some(worth) => {
            let (sent, received) = ((&op.send_asset, op.send_amount), (&op.dest_asset, worth));
            match exchange(state, actor, Key::from(&op.destination), sent, received) {
                PaymentResult::Success => R::Success(PathPaymentStrictSendResultSuccess {
                    offers: VecM::default(),
                    last: last(&op.destination, &op.dest_asset, worth),
                }),
                PaymentResult::Malformed => R::Malformed,
                PaymentResult::Underfunded => R::Underfunded,
                PaymentResult::SrcNoTrust => R::SrcNoTrust,
                PaymentResult::SrcNotAuthorized => R::SrcNotAuthorized,
                PaymentResult::NoDestination => R::NoDestination,
                PaymentResult::NoTrust => R::NoTrust,
                PaymentResult::NotAuthorized => R::NotAuthorized,
                PaymentResult::LineFull => R::LineFull,
                PaymentResult::NoIssuer => R::TooFewOffers,
            }
        }
    };
    let moved = worth.filter(|_| matches!(result, R::Success(_))).map(|worth| Movement {
        kind: Kind::PathSend { least: op.dest_min },
        from,
        to: op.destination.clone(),
        asset: op.dest_asset.clone(),
        amount: worth,
        sent: Some((op.send_asset.clone(), op.send_amount)),
    });
    (OperationResult::OpInner(OperationResultTr::PathPaymentStrictSend(result)), moved)
}

fn last(to: &MuxedAccount, asset: &Asset, amount: i64) -> SimplePaymentResult {
    let destination = Key::from(to).account_id();
    SimplePaymentResult { destination, asset: asset.clone(), amount }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::horizon::keys::Keys;

    #[test]
    fn rounding_is_against_the_sender() {
        let maker = Keys::of("maker").key();
        let offer = Offer { maker, taken: Asset::Native, given: Asset::Native, takes: 3, gives: 2 };
        assert_eq!((offer.price_of(2), offer.price_of(3)), (Some(3), Some(5)));
        assert_eq!((offer.worth_of(3), offer.worth_of(4)), (Some(2), Some(2)));
        assert_eq!(offer.price_of(i64::MAX), None);
    }
}
