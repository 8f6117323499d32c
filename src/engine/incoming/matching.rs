//! Which claimant an incoming payment is for. Each kind of claimant has a way of its own, and all of them join in
//! [`match_incoming`].

use chrono::{DateTime, Utc};

use super::{Claimant, Incoming, Match};
use crate::engine::{Memo, Transfer, TransferStatus};

/// A transfer that an incoming payment may be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The transfer.
    pub transfer_id: String,
    /// Where it stands.
    pub status: TransferStatus,
    /// Whether its money is in.
    pub has_money: bool,
    /// The account of ours that it waits on; none for a deposit.
    pub account: Option<String>,
    /// The memo that its payer must attach.
    pub memo: Option<Memo>,
    /// The subject that its payer must give, on a rail.
    pub subject: Option<String>,
    /// What it takes: `CODE:ISSUER`, `native`, or a currency.
    pub asset: String,
    /// What has not come by then is too late.
    pub deadline: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

/// What an incoming payment is looked up by: an account of ours with a memo, or a subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MemoKey {
    /// On a network.
    Memo {
        /// The account of ours.
        account: String,
        /// The memo, with its type.
        memo: Memo,
    },
    /// On a rail: see [`subject_key`].
    Subject(String),
}

impl Incoming {
    /// What it may be found by, best first. The id of a muxed address goes before the memo: it is part of whom was paid.
    #[must_use]
    pub fn keys(&self) -> Vec<MemoKey> {
        let muxed = self.muxed_id.map(Memo::Id);
        let memos = muxed.into_iter().chain(self.memo.clone());
        let mut keys: Vec<MemoKey> =
            memos.map(|memo| MemoKey::Memo { account: self.account.clone(), memo }).collect();
        let subject = self.subject.as_deref().map(subject_key).filter(|key| !key.is_empty());
        keys.extend(subject.map(MemoKey::Subject));
        keys.dedup();
        keys
    }
}

impl Candidate {
    /// A transfer as a candidate. `asset` is what it takes, as its source writes it.
    #[must_use]
    pub fn of(transfer: &Transfer, asset: String) -> Self {
        Self {
            transfer_id: transfer.transfer_id.clone(),
            status: transfer.status,
            has_money: transfer.amount_in.is_some(),
            account: transfer.account.clone(),
            memo: transfer.memo.clone(),
            subject: transfer.subject.clone(),
            asset,
            deadline: transfer.deadline,
            created_at: transfer.created_at,
        }
    }

    fn is_waiting(&self) -> bool {
        !self.has_money && !self.status.is_final()
    }

    /// Whether it was given up before it was known that this payment had come in time.
    fn was_given_up(&self, incoming: &Incoming) -> bool {
        self.status == TransferStatus::Expired
            && !self.has_money
            && self.deadline.is_some_and(|deadline| incoming.at <= deadline)
    }

    fn answers_to(&self, key: &MemoKey) -> bool {
        match key {
            MemoKey::Memo { account, memo } => {
                self.account.as_ref() == Some(account) && self.memo.as_ref() == Some(memo)
            }
            MemoKey::Subject(subject) => {
                self.subject.as_deref().map(subject_key).as_ref() == Some(subject)
            }
        }
    }
}

/// A subject as banks leave it: they change case, and add or take away blanks and marks.
#[must_use]
pub fn subject_key(subject: &str) -> String {
    // Some letters become a capital and a mark.
    subject.chars().flat_map(char::to_uppercase).filter(|char| char.is_alphanumeric()).collect()
}

/// Tells what an incoming payment is, from all that its keys lead to.
#[must_use]
pub fn match_incoming(incoming: &Incoming, candidates: &[Candidate]) -> Match {
    // Another kind of claimant joins here: it is asked about what names no transfer.
    of_transfers(incoming, candidates).unwrap_or(Match::UnknownMemo)
}

/// The way of transfers. None: it names none of them.
///
/// Memos are the same only with their types. Of several transfers with one memo, the one that waits is meant, and else
/// the newest. A transfer that was given up although this came in time is meant too, unless another has its memo now.
fn of_transfers(incoming: &Incoming, candidates: &[Candidate]) -> Option<Match> {
    let (one, was_given_up) = incoming.keys().into_iter().find_map(|key| {
        let all = || candidates.iter().filter(|one| one.answers_to(&key));
        let newest =
            all().max_by_key(|one| (one.is_waiting(), one.created_at, &one.transfer_id))?;
        // What was created only after it came cannot be what it was for.
        let was_there = |one: &&Candidate| one.created_at <= incoming.at;
        let given_up = all().filter(|one| one.was_given_up(incoming)).filter(was_there);
        let given_up = given_up.max_by_key(|one| (one.created_at, &one.transfer_id));
        let one = given_up.filter(|_| !was_there(&newest)).unwrap_or(newest);
        let is_free = all().all(|other| other.status.is_final());
        Some((one, one.was_given_up(incoming) && is_free))
    })?;
    let claimant = Claimant::Transfer(one.transfer_id.clone());
    if one.asset != incoming.asset {
        return Some(Match::WrongAsset(claimant));
    }
    if one.has_money {
        return Some(Match::Second(claimant));
    }
    let is_late = one.deadline.is_some_and(|deadline| incoming.at > deadline);
    let is_over = one.status.is_final() && !was_given_up;
    Some(if is_late || is_over { Match::TooLate(claimant) } else { Match::Matched(claimant) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::TransferKind;
    use crate::engine::fixtures::at;
    use crate::engine::transfer::fixtures::{amount, transfer};

    const USDC: &str = "USDC:G";

    fn paid(memo: Option<Memo>) -> Incoming {
        Incoming {
            incoming_id: "1".to_owned(),
            source: "stellar".to_owned(),
            account: "GACCOUNT".to_owned(),
            from: None,
            amount: amount("10"),
            asset: USDC.to_owned(),
            memo,
            subject: None,
            fee: None,
            muxed_id: None,
            reference: "hash".to_owned(),
            at: at(100),
            raw: "{}".to_owned(),
        }
    }

    fn waiting(id: &str, memo: Memo) -> Candidate {
        let transfer = transfer(TransferKind::Withdrawal, TransferStatus::PendingUserTransferStart);
        let memo = Some(memo);
        Candidate { transfer_id: id.to_owned(), memo, ..Candidate::of(&transfer, USDC.to_owned()) }
    }

    fn of(id: &str) -> Claimant {
        Claimant::Transfer(id.to_owned())
    }

    fn matched(id: &str) -> Match {
        Match::Matched(of(id))
    }

    #[test]
    fn a_memo_matches_with_its_type_only() {
        let (id, text) = (Memo::Id(7), Memo::Text("7".to_owned()));
        let candidates = [waiting("id", id.clone()), waiting("text", text.clone())];
        assert_eq!(match_incoming(&paid(Some(id)), &candidates), matched("id"));
        assert_eq!(match_incoming(&paid(Some(text)), &candidates), matched("text"));
        assert_eq!(match_incoming(&paid(Some(Memo::Id(8))), &candidates), Match::UnknownMemo);
        assert_eq!(match_incoming(&paid(None), &candidates), Match::UnknownMemo);
        let elsewhere = Incoming { account: "GOTHER".to_owned(), ..paid(Some(Memo::Id(7))) };
        assert_eq!(match_incoming(&elsewhere, &candidates), Match::UnknownMemo);
    }

    #[test]
    fn the_id_of_a_muxed_address_is_a_memo_and_goes_before_it() {
        let candidates = [waiting("seven", Memo::Id(7)), waiting("max", Memo::Id(u64::MAX))];
        let muxed = Incoming { muxed_id: Some(u64::MAX), ..paid(Some(Memo::Id(7))) };
        assert_eq!(match_incoming(&muxed, &candidates), matched("max"));
        let unknown = Incoming { muxed_id: Some(9), ..paid(Some(Memo::Id(7))) };
        assert_eq!(match_incoming(&unknown, &candidates), matched("seven"));
    }

    #[test]
    fn what_is_not_simply_matched_says_why() {
        let seven = || paid(Some(Memo::Id(7)));
        let one = || waiting("t", Memo::Id(7));
        let tell = |incoming: &Incoming, candidate: Candidate| {
            match_incoming(incoming, std::slice::from_ref(&candidate)).as_str()
        };
        assert_eq!(tell(&seven(), one()), "matched");
        assert_eq!(tell(&Incoming { asset: "native".to_owned(), ..seven() }, one()), "wrong_asset");
        assert_eq!(tell(&seven(), Candidate { deadline: Some(at(100)), ..one() }), "matched");
        assert_eq!(tell(&seven(), Candidate { deadline: Some(at(99)), ..one() }), "too_late");
        let expired = Candidate { status: TransferStatus::Expired, ..one() };
        assert_eq!(tell(&seven(), expired), "too_late");
        for status in
            [TransferStatus::PendingAnchor, TransferStatus::Completed, TransferStatus::OnHold]
        {
            let has_money = Candidate { status, has_money: true, ..one() };
            assert_eq!(tell(&seven(), has_money), "second", "{status}");
        }
        let held = Candidate { status: TransferStatus::OnHold, ..one() };
        assert_eq!(tell(&seven(), held), "matched");
    }

    #[test]
    fn what_came_in_time_is_in_time_though_its_transfer_was_given_up() {
        let one = paid(Some(Memo::Id(7)));
        let (status, deadline) = (TransferStatus::Expired, Some(at(100)));
        let expired =
            Candidate { status, deadline, created_at: at(10), ..waiting("old", Memo::Id(7)) };
        let alone = std::slice::from_ref(&expired);
        assert_eq!(match_incoming(&one, alone), matched("old"));
        let late = Incoming { at: at(101), ..one.clone() };
        assert_eq!(match_incoming(&late, alone), Match::TooLate(of("old")));
        // Another has its memo now, and was not there yet when the money came.
        let next = Candidate { created_at: at(150), ..waiting("next", Memo::Id(7)) };
        let both = [expired.clone(), next.clone()];
        assert_eq!(match_incoming(&one, &both), Match::TooLate(of("old")));
        let now = Incoming { at: at(160), ..one.clone() };
        assert_eq!(match_incoming(&now, &both), matched("next"));
        let paid = Candidate { status: TransferStatus::PendingAnchor, has_money: true, ..next };
        let both = [expired, paid];
        assert_eq!(match_incoming(&one, &both), Match::TooLate(of("old")), "its memo is taken");
    }

    #[test]
    fn of_several_the_one_that_waits_is_meant_and_else_the_newest() {
        let old = Candidate {
            status: TransferStatus::Completed,
            has_money: true,
            ..waiting("old", Memo::Id(7))
        };
        let newer =
            Candidate { transfer_id: "newer".to_owned(), created_at: at(50), ..old.clone() };
        let one = paid(Some(Memo::Id(7)));
        let all = [newer.clone(), waiting("waits", Memo::Id(7)), old.clone()];
        assert_eq!(match_incoming(&one, &all), matched("waits"));
        assert_eq!(match_incoming(&one, &[newer, old]), Match::Second(of("newer")));
    }

    #[test]
    fn a_subject_matches_as_banks_leave_it() {
        let deposit = transfer(TransferKind::Deposit, TransferStatus::PendingUserTransferStart);
        let subject = Some("Pay 5f0c-11".to_owned());
        let one = Candidate { subject, ..Candidate::of(&deposit, "USD".to_owned()) };
        let told = |subject: &str| {
            let subject = Some(subject.to_owned());
            let incoming = Incoming { subject, asset: "USD".to_owned(), ..paid(None) };
            match_incoming(&incoming, std::slice::from_ref(&one))
        };
        for subject in ["Pay 5f0c-11", "PAY5F0C11", " pay  5F0C 11\n"] {
            assert_eq!(told(subject), matched("t1"), "{subject}");
        }
        for subject in ["Pay 5f0c-1", "5f0c11", "", " - "] {
            assert_eq!(told(subject), Match::UnknownMemo, "{subject}");
        }
    }
}
