//! Which status may follow which, for which cause: one table.

use thiserror::Error;

use super::OrderStatus::{Cancelled, Expired, New, Paid, Unclaimed};
use super::{OrderCause, OrderStatus};

/// A row of the table: what is in any of `from` may become `to` for any of `causes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderMove {
    /// Where an order stands; nowhere before it is on record.
    pub from: &'static [Option<OrderStatus>],
    /// Where it stands after it.
    pub to: OrderStatus,
    /// Why.
    pub causes: &'static [OrderCause],
}

/// A move that the table does not have.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
#[error("an order that is {} does not become {to} because of {cause}", told(.from))]
pub struct IllegalOrderMove {
    /// Where it stands.
    pub from: Option<OrderStatus>,
    /// Where it was to stand.
    pub to: OrderStatus,
    /// Why.
    pub cause: OrderCause,
}

fn told(from: &Option<OrderStatus>) -> &'static str {
    from.map_or("not on record", OrderStatus::as_str)
}

const OPEN: &[Option<OrderStatus>] = &[Some(Unclaimed), Some(New)];
/// What makes somebody known who pays.
const CLAIMS: &[OrderCause] =
    &[OrderCause::Memo, OrderCause::Auto, OrderCause::Payment, OrderCause::Claim];
/// After which it is looked whether credit suffices.
const PAYS: &[OrderCause] = &[
    OrderCause::Created,
    OrderCause::Claim,
    OrderCause::Confirmed,
    OrderCause::Credit,
    OrderCause::Settle,
    OrderCause::Price,
    OrderCause::Reassign,
    OrderCause::Reset,
    OrderCause::Fulfil,
];

const fn row(
    from: &'static [Option<OrderStatus>],
    to: OrderStatus,
    causes: &'static [OrderCause],
) -> OrderMove {
    OrderMove { from, to, causes }
}

/// Every legal move. What is not here is refused, and has no effect at all.
pub const ORDER_MOVES: &[OrderMove] = &[
    row(&[None], Unclaimed, &[OrderCause::Created]),
    row(&[Some(Unclaimed)], New, CLAIMS),
    row(OPEN, Paid, PAYS),
    row(OPEN, Cancelled, &[OrderCause::Cancel, OrderCause::Shop]),
    row(OPEN, Expired, &[OrderCause::Expiry]),
    row(&[Some(Expired), Some(Cancelled)], New, &[OrderCause::Reset]),
    // Both in one transaction.
    row(&[Some(Expired)], New, &[OrderCause::Late]),
    row(&[Some(New)], Paid, &[OrderCause::Late]),
];

/// Whether the table has this move.
///
/// # Errors
/// [`IllegalOrderMove`] says what is not in it.
pub fn legal(
    from: Option<OrderStatus>,
    to: OrderStatus,
    cause: OrderCause,
) -> Result<(), IllegalOrderMove> {
    let is_it =
        |one: &OrderMove| one.to == to && one.from.contains(&from) && one.causes.contains(&cause);
    ORDER_MOVES.iter().any(is_it).then_some(()).ok_or(IllegalOrderMove { from, to, cause })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_move_is_there_twice_and_each_cause_moves_something() {
        let mut seen = HashSet::new();
        for one in ORDER_MOVES {
            for (from, cause) in
                one.from.iter().flat_map(|from| one.causes.iter().map(move |cause| (from, cause)))
            {
                assert!(seen.insert((from, one.to, cause)), "{from:?} to {}, {cause}", one.to);
            }
        }
        for cause in OrderCause::ALL {
            assert!(seen.iter().any(|(_, _, one)| **one == cause), "{cause} moves nothing");
        }
    }

    #[test]
    fn the_picture_draws_legal_moves() {
        let map = include_str!("../../../ARCHITECTURE.md");
        let (_, picture) = map.split_once("state \"an order\"").unwrap();
        let (picture, _) = picture.split_once("```").unwrap();
        let moves = picture.lines().filter_map(|line| line.trim().split_once(" --> "));
        let mut drawn = 0;
        for (from, rest) in moves {
            let (to, cause) = rest.split_once(": ").unwrap();
            let from = Some(from).filter(|from| *from != "[*]").map(|from| from.parse().unwrap());
            assert_eq!(legal(from, to.parse().unwrap(), cause.parse().unwrap()), Ok(()), "{rest}");
            drawn += 1;
        }
        assert!(drawn > 9, "{drawn}");
    }

    #[test]
    fn paid_is_for_ever_and_every_other_end_can_be_left_by_a_person() {
        for to in OrderStatus::ALL {
            for cause in OrderCause::ALL {
                assert!(legal(Some(Paid), to, cause).is_err(), "{to} {cause}");
                let leaves = legal(Some(Cancelled), to, cause).is_ok();
                assert_eq!(leaves, (to, cause) == (New, OrderCause::Reset), "{to} {cause}");
            }
        }
    }

    #[test]
    fn an_order_that_ended_is_not_claimed_by_a_payment_nor_by_a_signature() {
        for from in [Paid, Expired, Cancelled] {
            for cause in CLAIMS {
                assert!(legal(Some(from), New, *cause).is_err(), "{from} {cause}");
            }
        }
        let refused = legal(Some(New), New, OrderCause::Claim).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "an order that is new does not become new because of claim"
        );
        let refused = legal(None, Paid, OrderCause::Created).unwrap_err();
        assert!(refused.to_string().contains("not on record"));
    }
}
