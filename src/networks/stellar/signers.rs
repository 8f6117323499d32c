//! Who must sign: thresholds, weights, and what is missing.

/// How much an operation asks of an account's signers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// To use a sequence number, or to pay a fee.
    Low,
    /// To pay.
    Medium,
}

/// Weights that signatures must come up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Thresholds {
    /// For a sequence number or a fee.
    pub low: u32,
    /// For a payment.
    pub medium: u32,
}

/// A key that may sign for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSigner {
    /// Its public key, `G…`.
    pub key: String,
    /// How much its signature counts. With 0 it counts nothing.
    pub weight: u32,
}

/// What the ledger asks of one account's signers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The account, `G…`.
    pub account: String,
    /// The weight that is needed.
    pub weight: u32,
    /// Who may sign. Signers of other kinds than a key are not among them: an envelope of ours is signed with keys.
    pub signers: Vec<AccountSigner>,
}

/// Signatures that an envelope still needs for one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The account, `G…`.
    pub account: String,
    /// The weight that is missing.
    pub weight: u32,
    /// Who may still sign, the heaviest first.
    pub signers: Vec<AccountSigner>,
}

impl Authority {
    /// An account that nobody but its own key signs for, as accounts are when they are created.
    #[must_use]
    pub fn of_master_key(account: &str) -> Self {
        let signers = vec![AccountSigner { key: account.to_owned(), weight: 1 }];
        Self { account: account.to_owned(), weight: 1, signers }
    }

    /// What `level` asks. A threshold of 0 is met by any signer, but not by none.
    #[must_use]
    pub fn new(
        account: &str,
        thresholds: Thresholds,
        signers: &[AccountSigner],
        level: Level,
    ) -> Self {
        let weight = match level {
            Level::Low => thresholds.low,
            // A payer whose own sequence number is used must satisfy both.
            Level::Medium => std::cmp::max(thresholds.low, thresholds.medium),
        };
        Self {
            account: account.to_owned(),
            weight: std::cmp::max(weight, 1),
            signers: signers.to_vec(),
        }
    }

    /// What is missing, where `has_signed` tells whose signatures are there. None if nothing is.
    pub(super) fn missing(&self, has_signed: impl Fn(&str) -> bool) -> Option<Missing> {
        let counting = self.signers.iter().filter(|signer| signer.weight > 0);
        let (there, mut open): (Vec<&AccountSigner>, Vec<&AccountSigner>) =
            counting.partition(|signer| has_signed(&signer.key));
        let weight =
            there.iter().fold(self.weight, |missing, signer| missing.saturating_sub(signer.weight));
        if weight == 0 {
            return None;
        }
        open.sort_by_key(|signer| std::cmp::Reverse(signer.weight));
        let signers = open.into_iter().cloned().collect();
        Some(Missing { account: self.account.clone(), weight, signers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(key: &str, weight: u32) -> AccountSigner {
        AccountSigner { key: key.to_owned(), weight }
    }

    fn authority(low: u32, medium: u32, level: Level) -> Authority {
        let signers = [signer("A", 0), signer("B", 1), signer("C", 2), signer("D", 1)];
        Authority::new("A", Thresholds { low, medium }, &signers, level)
    }

    #[test]
    fn weights_are_summed_up_to_the_threshold() {
        let authority = authority(1, 3, Level::Medium);
        let missing = |signed: &[&str]| {
            authority.missing(|key| signed.contains(&key)).map(|missing| {
                let keys: Vec<_> = missing.signers.into_iter().map(|signer| signer.key).collect();
                (missing.weight, keys.concat())
            })
        };
        assert_eq!(missing(&[]), Some((3, "CBD".to_owned())), "the heaviest first, and A never");
        assert_eq!(missing(&["A"]), Some((3, "CBD".to_owned())), "A counts nothing");
        assert_eq!(missing(&["B"]), Some((2, "CD".to_owned())));
        assert_eq!(missing(&["B", "D"]), Some((1, "C".to_owned())));
        assert_eq!(missing(&["C", "D"]), None);
    }

    #[test]
    fn a_threshold_of_nothing_wants_one_signer() {
        assert_eq!(authority(0, 0, Level::Low).weight, 1);
        assert_eq!(authority(0, 0, Level::Medium).weight, 1);
        assert_eq!(authority(2, 1, Level::Medium).weight, 2, "the sequence number wants more");
        assert_eq!(authority(1, 2, Level::Low).weight, 1);
    }
}
