//! Which payments share a transaction. Pure.

use std::collections::{HashMap, VecDeque};

use crate::engine::Memo;

/// What payments must have in common to share a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Terms {
    /// Whose money it is, `G…`.
    pub(super) payer: String,
    /// A transaction has one memo, and nobody else's payment may carry it.
    pub(super) memo: Option<Memo>,
    /// It must be the only one.
    pub(super) is_alone: bool,
}

/// Puts things into groups of at most `most` that can share a transaction. Groups are in the order of their first, and
/// so are the things in them.
pub(super) fn grouped<T>(
    things: impl IntoIterator<Item = T>,
    most: usize,
    terms: impl Fn(&T) -> Terms,
) -> VecDeque<Vec<T>> {
    let mut groups: VecDeque<Vec<T>> = VecDeque::new();
    let mut open: HashMap<Terms, usize> = HashMap::new();
    for thing in things {
        let key = terms(&thing);
        let place = open.get(&key).copied().filter(|_| !key.is_alone);
        match place.and_then(|place| groups.get_mut(place)).filter(|group| group.len() < most) {
            Some(group) => group.push(thing),
            None => {
                open.insert(key, groups.len());
                groups.push_back(vec![thing]);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    type Thing = (u32, &'static str, Option<u64>, bool);

    fn groups(things: &[Thing], most: usize) -> Vec<Vec<u32>> {
        let terms = |thing: &Thing| Terms {
            payer: thing.1.to_owned(),
            memo: thing.2.map(Memo::Id),
            is_alone: thing.3,
        };
        let groups = grouped(things.iter().copied(), most, terms);
        groups.into_iter().map(|group| group.into_iter().map(|thing| thing.0).collect()).collect()
    }

    #[test]
    fn only_what_has_the_same_payer_and_memo_shares_a_transaction() {
        let things = [
            (1, "A", None, false),
            (2, "A", Some(7), false),
            (3, "B", None, false),
            (4, "A", None, false),
            (5, "A", Some(7), false),
            (6, "A", Some(8), false),
        ];
        assert_eq!(groups(&things, 20), [vec![1, 4], vec![2, 5], vec![3], vec![6]]);
        assert_eq!(groups(&things, 1).len(), 6);
    }

    #[test]
    fn a_full_group_is_followed_by_another() {
        let things: Vec<Thing> = (1..=7).map(|n| (n, "A", None, false)).collect();
        assert_eq!(groups(&things, 3), [vec![1, 2, 3], vec![4, 5, 6], vec![7]]);
    }

    #[test]
    fn what_must_be_alone_is_alone() {
        let things = [
            (1, "A", None, true),
            (2, "A", None, false),
            (3, "A", None, true),
            (4, "A", None, false),
        ];
        assert_eq!(groups(&things, 20), [vec![1], vec![2, 4], vec![3]]);
    }
}
