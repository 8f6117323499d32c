//! Whether an envelope carries the signatures that its accounts ask for.

use stellar_xdr::{DecoratedSignature, SignerKey, Uint256};

use super::account::{Account, Level};
use super::keys::Key;

/// The signatures of one envelope, and which of them were needed.
///
/// A signature is verified once: what was found out is kept in `proven`, for when the envelope is looked at again.
#[derive(Debug)]
pub(super) struct Signatures<'a> {
    hash: &'a [u8; 32],
    signatures: &'a [DecoratedSignature],
    proven: &'a mut Vec<Option<Key>>,
    used: Vec<bool>,
}

impl<'a> Signatures<'a> {
    pub(super) fn new(
        hash: &'a [u8; 32],
        signatures: &'a [DecoratedSignature],
        proven: &'a mut Vec<Option<Key>>,
    ) -> Self {
        proven.resize(signatures.len(), None);
        let used = vec![false; signatures.len()];
        Self { hash, signatures, proven, used }
    }

    /// Whether the account's signers have signed with enough weight together.
    pub(super) fn meet(&mut self, key: Key, account: &Account, level: Level) -> bool {
        let mut signers: Vec<(Key, u32)> = account
            .signers
            .iter()
            .filter_map(|(signer, weight)| Some((plain_key(signer)?, *weight)))
            .collect();
        if account.master_weight > 0 {
            signers.push((key, account.master_weight));
        }
        self.reach(signers, account.threshold(level))
    }

    /// Whether the key of an account that does not exist yet has signed.
    pub(super) fn meet_without_account(&mut self, key: Key) -> bool {
        self.reach(vec![(key, 1)], 0)
    }

    fn reach(&mut self, mut signers: Vec<(Key, u32)>, needed: u32) -> bool {
        let mut weight = 0;
        for index in 0..self.signatures.len() {
            let Some(at) = signers.iter().position(|(key, _)| self.is_by(index, *key)) else {
                continue;
            };
            self.used[index] = true;
            weight += signers.swap_remove(at).1.min(255);
            if weight >= needed {
                return true;
            }
        }
        false
    }

    fn is_by(&mut self, index: usize, key: Key) -> bool {
        let signature = &self.signatures[index];
        if signature.hint.0 != key.hint() {
            return false;
        }
        match self.proven[index] {
            Some(proven) => proven == key,
            None => {
                let good = key.verifies(self.hash, signature);
                if good {
                    self.proven[index] = Some(key);
                }
                good
            }
        }
    }

    /// Whether each signature was needed by somebody.
    pub(super) fn all_used(&self) -> bool {
        self.used.iter().all(|used| *used)
    }
}

/// The sandbox knows signers that are keys. Others can be set, and sign nothing.
fn plain_key(signer: &SignerKey) -> Option<Key> {
    match signer {
        SignerKey::Ed25519(Uint256(key)) => Some(Key(*key)),
        SignerKey::PreAuthTx(_) | SignerKey::HashX(_) | SignerKey::Ed25519SignedPayload(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::horizon::keys::Keys;

    #[test]
    fn weights_add_up_to_the_threshold_and_no_signature_is_too_many() {
        let [kim, lee, max] = ["kim", "lee", "max"].map(Keys::of);
        let hash = [9; 32];
        let mut account = Account::new(0, 1);
        account.thresholds = [1, 3, 4];
        account.signers.insert(SignerKey::Ed25519(Uint256(lee.key().0)), 2);
        let meet = |signers: &[&Keys], level| {
            let signatures: Vec<_> = signers.iter().map(|keys| keys.sign(&hash)).collect();
            let mut proven = Vec::new();
            let mut check = Signatures::new(&hash, &signatures, &mut proven);
            (check.meet(kim.key(), &account, level), check.all_used())
        };
        assert_eq!(meet(&[&kim], Level::Low), (true, true));
        assert_eq!(meet(&[&kim], Level::Medium), (false, true));
        assert_eq!(meet(&[&kim, &lee], Level::Medium), (true, true));
        assert!(!meet(&[&kim, &lee], Level::High).0);
        // The same signature does not count twice.
        assert!(!meet(&[&kim, &kim, &kim], Level::Medium).0);
        assert_eq!(meet(&[&lee, &max], Level::Low), (true, false));
        assert!(!meet(&[], Level::Low).0);
    }

    #[test]
    fn a_signature_of_something_else_is_none() {
        let kim = Keys::of("kim");
        let signatures = [kim.sign(&[1; 32])];
        let mut proven = Vec::new();
        let mut check = Signatures::new(&[2; 32], &signatures, &mut proven);
        assert!(!check.meet(kim.key(), &Account::new(0, 1), Level::Low));
    }
}
