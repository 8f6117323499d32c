//! Whether the database has lost what it was told of our accounts: an envelope that was stored, and is not there any more.
//!
//! One account alone gives itself away, for whatever is sent next would use the lost number again. With channels, the next
//! transaction may use another's number: so all of them are compared before any is used.

use std::collections::HashMap;

use super::Sender;
use super::known::Known;
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::store::Channel;

/// What this process knows of our accounts, whatever the database says.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The lease's term in which all of them were compared with the ledger.
    term: Option<i64>,
    /// The newest sequence number that an envelope of ours was stored with, by account.
    sequences: HashMap<String, i64>,
}

/// What came of comparing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Compared {
    /// All that our accounts have sent is known.
    Known,
    /// It is now, and was not: what is due has to be looked at anew.
    Recovered,
    /// The database has lost something: nothing goes out now.
    Not,
    /// The network does not tell what this account has sent, and it may have sent anything that is due.
    Untold(String),
}

impl Seen {
    /// Notes that an envelope was stored.
    pub(super) fn stored(&mut self, account: &str, sequence: i64) {
        let newest = self.sequences.entry(account.to_owned()).or_insert(sequence);
        *newest = std::cmp::max(*newest, sequence);
    }

    /// All of them are to be compared again.
    pub(super) const fn doubt(&mut self) {
        self.term = None;
    }

    /// Begins anew, with a database that is another.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The account of which the database knows less than this process has told it.
    fn lost(&self, channels: &[Channel]) -> Option<String> {
        let known = channels.iter().find(|channel| {
            let seen = self.sequences.get(&channel.account);
            seen.is_some_and(|seen| channel.sequence.is_none_or(|known| known < *seen))
        });
        known.map(|channel| channel.account.clone())
    }
}

impl Sender {
    /// Before anything goes out: whether the database knows all that our accounts have sent. The ledger is asked once for
    /// each term of the lease, for whoever held it before may have stored what was lost; what this process has stored
    /// itself, it remembers.
    ///
    /// `before` is what was seen before the database told of the `channels`: what was stored since is not in them.
    pub(super) async fn compare(
        &self,
        round: &Round<'_>,
        before: &Seen,
        channels: &[Channel],
    ) -> Result<Compared, SweepError> {
        if let Some(account) = before.lost(channels) {
            self.seen.borrow_mut().forget();
            let why =
                format!("an envelope of account {account} that was stored is not there any more");
            self.is_lost(round, &why).await?;
            return Ok(Compared::Not);
        }
        if self.seen.borrow().term == Some(round.lease.term) {
            return Ok(Compared::Known);
        }
        let (mut compared, mut untold) = (Compared::Known, None);
        for source in self.sources() {
            let known = match self.account(round, &source).await? {
                Some(Some(state)) => self.knows(round, &source, state.source.sequence).await?,
                Some(None) => Known::Yes,
                None => Known::No,
            };
            match known {
                Known::Yes => {}
                Known::Now => compared = Compared::Recovered,
                // What is due from an account that sends its own payments was sent by no other: that alone waits.
                Known::No if self.has_channels() => drop(untold.get_or_insert(source)),
                Known::No => {}
            }
        }
        if let Some(source) = untold {
            tracing::warn!(source, "nothing goes out before the network has told of this account");
            return Ok(Compared::Untold(source));
        }
        if round.store.is_held().await? {
            return Ok(Compared::Not);
        }
        self.seen.borrow_mut().term = Some(round.lease.term);
        Ok(compared)
    }

    /// The database has lost what it knew: nothing goes out until all was looked up.
    pub(super) async fn is_lost(&self, round: &Round<'_>, why: &str) -> Result<(), SweepError> {
        let told_by = self.desk.scope.poller.name();
        if round.store.begin_restoration(told_by, why, None, round.now()).await? {
            tracing::error!(why, "the database has lost what it knew: nothing goes out");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(account: &str, sequence: Option<i64>) -> Channel {
        Channel { account: account.to_owned(), sequence }
    }

    #[test]
    fn an_envelope_that_was_stored_and_is_not_there_is_a_loss() {
        let mut seen = Seen::default();
        assert_eq!(seen.lost(&[channel("A", None), channel("B", Some(3))]), None);
        seen.stored("B", 8);
        seen.stored("B", 7);
        assert_eq!(seen.lost(&[channel("A", None), channel("B", Some(8))]), None);
        assert_eq!(seen.lost(&[channel("B", Some(9))]), None, "others sign too");
        for known in [None, Some(7)] {
            assert_eq!(seen.lost(&[channel("A", None), channel("B", known)]).as_deref(), Some("B"));
        }
        let before = seen.clone();
        seen.stored("B", 9);
        assert_eq!(before.lost(&[channel("B", Some(8))]), None, "that was stored since");
        seen.forget();
        assert_eq!(seen.lost(&[channel("B", Some(7))]), None);
    }
}
