//! What follows from an answer: the rules of submission, as pure functions.
//!
//! An envelope is stored before it is sent, and is looked at until the ledger has decided on it. Nothing else is ever
//! sent in its place before it is certain that it never will be applied: then, and only then, comes [`Next::Rebuild`].
//! That is certain when it is in the ledger and failed; or when it is not in the ledger, and the ledger's own time is
//! past its bound by a [`margin`]. That its sequence number is used up proves nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::codes::{Codes, OperationCode, TransactionCode};
use crate::engine::later;

/// A ledger closes about so often.
const LEDGER: Duration = Duration::from_secs(5);
/// The network replaces a transaction that waits only for ten times its fee. What it takes in the end is less.
const BUMP: u32 = 10;

/// What the network said to an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmitAnswer {
    /// It is in the ledger, and did what it should.
    Applied {
        /// The hash by which it was taken, in hexadecimal: of the fee bump, if there is one.
        hash: String,
        /// The ledger's number.
        ledger: u32,
    },
    /// It was refused, or is in the ledger and did nothing.
    Rejected(Codes),
    /// Nobody knows: no answer, a timeout, a trouble of the network, or no time for us.
    Unclear {
        /// What went wrong.
        why: String,
    },
}

impl SubmitAnswer {
    /// The word in logs. What the network says is in the envelope's row.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Rejected(_) => "rejected",
            Self::Unclear { .. } => "unclear",
        }
    }
}

/// An envelope that may have been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The sequence number that it uses up.
    pub sequence: i64,
    /// When the ledger begins to refuse it.
    pub max_time: DateTime<Utc>,
    /// What it does.
    pub operations: Vec<OperationKind>,
    /// Stroops that were offered at last, with a fee bump or without.
    pub fee_per_operation: u32,
    /// Stroops that may be offered at most.
    pub max_fee: u32,
    /// How far behind one server of the network may be, compared with another one behind the same name. See [`margin`].
    pub margin: Duration,
}

/// The kinds of what an envelope does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    /// A payment.
    Pay,
    /// A new account.
    CreateAccount,
    /// A claimable balance.
    CreateClaimableBalance,
}

/// A ledger that is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ledger {
    /// Its number.
    pub sequence: u32,
    /// The ledger's own time.
    pub closed_at: DateTime<Utc>,
    /// Stroops, for one operation.
    pub base_fee: u32,
}

/// What the network tells when it is asked for an envelope. Asked in this order, or it proves nothing: what is not
/// there now may have come into the very ledger that was closed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUp {
    /// First: the newest ledger.
    pub latest: Ledger,
    /// Second: the source account. None if there is none.
    pub source: Option<SourceState>,
    /// Last: the envelope itself. None if it is not in the ledger.
    pub found: Option<FoundTransaction>,
}

/// Where a source account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceState {
    /// The sequence number that was used last.
    pub sequence: i64,
}

/// An envelope that is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTransaction {
    /// The ledger's number.
    pub ledger: u32,
    /// Why it did nothing. None if it did what it should.
    pub failed: Option<Codes>,
}

/// What to do next with an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It happened.
    Done {
        /// In which ledger.
        ledger: u32,
    },
    /// Look for it in the ledger, after this time.
    LookUp {
        /// From now.
        after: Duration,
    },
    /// Send the same bytes again.
    Resubmit,
    /// Put a higher fee around it, and send that.
    Bump {
        /// Stroops.
        fee_per_operation: u32,
    },
    /// It never will be applied: make another one, of all that it should have done.
    Rebuild,
    /// It never will be applied, and what was wrong is known. For each operation, in their order.
    Each(Vec<OperationNext>),
    /// The account that pays its fee has not enough XLM. It may have in time: nothing may be paid in its place before its
    /// time is over.
    Unfunded {
        /// For a person.
        reason: String,
    },
    /// A person must look. It may still be valid until its time is over: nothing may be paid in its place before.
    Hold {
        /// For that person.
        reason: String,
    },
}

impl Next {
    /// The word in logs.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::LookUp { .. } => "look_up",
            Self::Resubmit => "resubmit",
            Self::Bump { .. } => "bump",
            Self::Rebuild => "rebuild",
            Self::Each(_) => "each",
            Self::Unfunded { .. } => "unfunded",
            Self::Hold { .. } => "hold",
        }
    }
}

/// What to do next with one operation of an envelope that never will be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperationNext {
    /// Nothing was wrong with this one: it goes into another envelope, once its destination was looked at anew.
    Rebuild,
    /// The destination that was to be created exists: somebody was faster, or a server has not told of it.
    Exists,
    /// The destination has no trustline: wait for one, or use a claimable balance.
    Trust,
    /// The destination does not exist: create it, or wait.
    CreateAccount,
    /// The destination cannot take it as it is: wait until it can.
    Destination {
        /// For a person.
        reason: String,
    },
    /// The paying account cannot pay it as it is: wait until it can.
    Payer {
        /// For a person.
        reason: String,
    },
    /// A person must look.
    Hold {
        /// For that person.
        reason: String,
    },
}

/// How far behind a server is believed to be: a tenth of the time for which an envelope is valid, at most half a minute.
#[must_use]
pub fn margin(time_bound: Duration) -> Duration {
    std::cmp::min(time_bound / 10, Duration::from_secs(30))
}

/// What follows from the answer to a submission.
#[must_use]
pub fn after_submit(answer: &SubmitAnswer, sent: &Sent) -> Next {
    match answer {
        SubmitAnswer::Applied { ledger, .. } => Next::Done { ledger: *ledger },
        SubmitAnswer::Unclear { .. } => Next::LookUp { after: LEDGER },
        SubmitAnswer::Rejected(codes) => match &codes.transaction {
            TransactionCode::Failed => each(&codes.operations, sent),
            // It may be ours: an earlier try that was applied uses up the number, and the time goes on.
            TransactionCode::BadSequence | TransactionCode::TooLate => {
                Next::LookUp { after: Duration::ZERO }
            }
            TransactionCode::InsufficientFee if sent.fee_per_operation < sent.max_fee => {
                let more = sent.fee_per_operation.saturating_mul(BUMP);
                Next::Bump { fee_per_operation: std::cmp::min(more, sent.max_fee) }
            }
            // We offer what we may: the pressure goes, or the envelope's time.
            TransactionCode::InsufficientFee | TransactionCode::Internal => {
                Next::LookUp { after: LEDGER }
            }
            TransactionCode::InsufficientBalance => {
                Next::Unfunded { reason: reason("tx_insufficient_balance") }
            }
            TransactionCode::Other(code) => Next::Hold { reason: reason(code) },
        },
    }
}

/// What follows from a look at the ledger.
#[must_use]
pub fn after_look_up(look: &LookUp, sent: &Sent) -> Next {
    let now = look.latest.closed_at;
    let is_over = now > later(sent.max_time, sent.margin);
    let is_used = look.source.is_some_and(|source| source.sequence >= sent.sequence);
    if let Some(found) = &look.found {
        match found.failed.as_ref().map(|codes| (&codes.transaction, codes)) {
            None => return Next::Done { ledger: found.ledger },
            Some((TransactionCode::Failed, codes)) => return each(&codes.operations, sent),
            // It did not pay, and never will. Why is for a person to find out.
            Some((TransactionCode::Other(code), _)) if is_used || is_over => {
                return Next::Hold { reason: reason(code) };
            }
            Some((TransactionCode::Other(_), _)) => return Next::LookUp { after: LEDGER },
            // The ledger took it and did not even try it, so its number may be free: as if it were not there.
            Some((
                TransactionCode::BadSequence
                | TransactionCode::TooLate
                | TransactionCode::InsufficientFee
                | TransactionCode::InsufficientBalance
                | TransactionCode::Internal,
                _,
            )) => {}
        }
    }
    if is_over {
        return Next::Rebuild;
    }
    // A number that is used up may have been used by this very envelope, and the server that was asked for its hash may
    // be behind the one that told the number. So only time proves that it was not applied.
    if is_used || now > sent.max_time { Next::LookUp { after: LEDGER } } else { Next::Resubmit }
}

/// What follows for each operation of an envelope that is in the ledger and did nothing.
fn each(codes: &[OperationCode], sent: &Sent) -> Next {
    let wrong = codes.iter().any(|code| *code != OperationCode::Success);
    if codes.len() != sent.operations.len() || !wrong {
        let (told, made) = (codes.len(), sent.operations.len());
        return Next::Hold {
            reason: format!(
                "the ledger says tx_failed, and not why: {told} codes for {made} operations"
            ),
        };
    }
    let pairs = sent.operations.iter().zip(codes);
    Next::Each(pairs.map(|(kind, code)| operation(*kind, code)).collect())
}

fn operation(kind: OperationKind, code: &OperationCode) -> OperationNext {
    use {OperationCode as Code, OperationKind as Kind};
    let destination = |code| OperationNext::Destination { reason: reason(code) };
    let payer = |code| OperationNext::Payer { reason: reason(code) };
    let hold = |code| OperationNext::Hold { reason: reason(code) };
    match (code, kind) {
        (Code::Success, _) => OperationNext::Rebuild,
        (Code::AlreadyExists, Kind::CreateAccount) => OperationNext::Exists,
        (Code::NoTrust, Kind::Pay) => OperationNext::Trust,
        (Code::NoDestination, Kind::Pay) => OperationNext::CreateAccount,
        (Code::LineFull, Kind::Pay) => destination("op_line_full"),
        (Code::NotAuthorized, Kind::Pay) => destination("op_not_authorized"),
        (Code::Underfunded, _) => payer("op_underfunded"),
        (Code::SourceNoTrust, _) => payer("op_src_no_trust"),
        (Code::SourceNotAuthorized, _) => payer("op_src_not_authorized"),
        // For a claimable balance it is our own account that is meant.
        (Code::NoTrust, Kind::CreateClaimableBalance) => payer("op_src_no_trust"),
        (Code::NotAuthorized, Kind::CreateClaimableBalance) => payer("op_src_not_authorized"),
        (Code::LowReserve, Kind::CreateClaimableBalance) => payer("op_low_reserve"),
        (Code::NoTrust, Kind::CreateAccount) => hold("op_no_trust"),
        (Code::NoDestination, _) => hold("op_no_destination"),
        (Code::AlreadyExists, _) => hold("op_already_exists"),
        (Code::LineFull, _) => hold("op_line_full"),
        (Code::NotAuthorized, Kind::CreateAccount) => hold("op_not_authorized"),
        (Code::LowReserve, _) => hold("op_low_reserve"),
        (Code::Other(code), _) => hold(code),
    }
}

/// A code with what it means, where a person can do something about it.
fn reason(code: &str) -> String {
    let meaning = match code {
        "op_underfunded" => "the paying account has not enough",
        "op_line_full" => "the destination's trustline cannot hold so much",
        "op_not_authorized" => "the issuer does not let the destination hold the asset",
        "op_src_not_authorized" => "the issuer does not let the paying account send the asset",
        "op_src_no_trust" | "op_no_trust" => "the paying account has no trustline for the asset",
        "op_no_issuer" => "the issuer's account does not exist",
        "op_low_reserve" => "the account would be below its reserve",
        "op_bad_auth" | "tx_bad_auth" => "signatures are missing or wrong, or the passphrase is",
        "tx_bad_auth_extra" => "there are more signatures than needed",
        "tx_insufficient_balance" => "the account that pays the fee has not enough XLM",
        "tx_no_source_account" | "tx_no_account" => "the source account does not exist",
        _ => return format!("the ledger says {code}"),
    };
    format!("the ledger says {code}: {meaning}")
}

/// The fee to begin with: what nearly everybody in the last ledgers was charged, for more than is asked is not taken.
#[must_use]
pub fn opening_fee(base_fee: u32, nearly_all_paid: u32, max_fee: u32) -> u32 {
    std::cmp::min(std::cmp::max(base_fee, nearly_all_paid), std::cmp::max(max_fee, base_fee))
}
