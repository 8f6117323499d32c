//! Submissions: `POST /transactions` and `POST /transactions_async`.

use chrono::{DateTime, Utc};
use serde_json::json;
use stellar_xdr::{
    BumpSequenceOp, DecoratedSignature, Memo, OperationBody, SequenceNumber, Signature,
    SignatureHint, TransactionResult,
};

use super::check::BASE_FEE;
use super::codes::codes;
use super::endpoint::HorizonEndpoint;
use super::envelope::Envelope;
use super::history::Applied;
use super::keys::{Key, hex};
use super::ledger::{Taken, seconds};
use super::network::HorizonNetwork;
use super::options::{Closing, SubmitFault};
use super::problem::Problem;
use super::render::{result_xdr, transaction};
use crate::service::{Answer, Asked, Outcome};

/// A submission that waits for a ledger, or for Horizon to see one.
#[derive(Debug)]
pub struct Submission {
    xdr: String,
    hash: [u8; 32],
    source: Key,
    /// What to answer if the ledger that Horizon waits for does not have it.
    otherwise: Option<Box<TransactionResult>>,
}

impl HorizonNetwork {
    /// Answers a submission, which may take until the ledger has closed.
    pub(super) fn submit(
        &mut self,
        asked: &Asked<'_, HorizonEndpoint>,
        held: &mut Option<Submission>,
    ) -> Outcome<Self> {
        let known = match held {
            Some(waiting) => self.fate(asked.endpoint, waiting),
            None => match self.submitted(asked) {
                Ok(waiting) => self.fate(asked.endpoint, held.insert(waiting)),
                Err(answer) => Some(answer),
            },
        };
        match (known, held) {
            (Some(answer), _) => Outcome::Answer(answer),
            (None, Some(waiting)) if asked.waited => {
                Outcome::Answer(timeout(&waiting.xdr, waiting.hash))
            }
            (None, _) => Outcome::Wait(self.submit_timeout),
        }
    }

    /// Takes a submission in. The error is the answer that there is at once.
    fn submitted(&mut self, asked: &Asked<'_, HorizonEndpoint>) -> Result<Submission, Answer> {
        let (endpoint, now) = (asked.endpoint, asked.now);
        let xdr = form_field(asked.header("content-type").unwrap_or_default(), asked.body)
            .map_err(|problem| self.refuse(endpoint, &problem))?;
        let envelope = Envelope::read(&xdr, self.ledger.network_id)
            .ok_or_else(|| self.refuse(endpoint, &Problem::malformed(&xdr)))?;
        let (hash, source) = (envelope.hash(), envelope.source());
        self.submissions += 1;
        self.overlaps.post(&envelope, &self.ledger, seconds(now));
        if envelope.is_unbounded() {
            let what = format!("{} can be applied for ever", hex(&hash));
            self.log.violation(endpoint, &what);
        }
        let synchronous = endpoint == HorizonEndpoint::Submit;
        if synchronous && let Some(applied) = self.ledger.found(&hash) {
            return Err(told(&self.base, applied, hash));
        }
        let fault = self.submit_fault();
        match fault {
            Some(SubmitFault::TimeoutLost) => return Err(timeout(&xdr, hash)),
            Some(SubmitFault::Forgotten) if synchronous => return Err(timeout(&xdr, hash)),
            Some(SubmitFault::Forgotten) => return Err(pending(hash)),
            Some(SubmitFault::SequenceTaken) => self.take_sequence(source, now),
            Some(SubmitFault::TimeoutApplied) | None => {}
        }
        let taken = self.ledger.offer(envelope, now);
        if self.closing == Closing::AtOnce && matches!(taken, Taken::Pending) {
            self.ledger.close(now);
        }
        if fault == Some(SubmitFault::TimeoutApplied) {
            return Err(timeout(&xdr, hash));
        }
        let otherwise = match taken {
            Taken::Error(result) => Some(self.refused(endpoint, &xdr, hash, source, result)?),
            Taken::Pending if !synchronous => return Err(pending(hash)),
            Taken::Duplicate if !synchronous => return Err(status(409, "DUPLICATE", hash)),
            Taken::TryAgainLater if !synchronous => {
                return Err(status(503, "TRY_AGAIN_LATER", hash));
            }
            // Horizon does not tell this from a transaction that waits.
            Taken::TryAgainLater => return Err(timeout(&xdr, hash)),
            Taken::Pending | Taken::Duplicate => None,
        };
        Ok(Submission { xdr, hash, source, otherwise })
    }

    /// The answer to what the network does not take; or what it said, where Horizon waits until it knows why.
    fn refused(
        &mut self,
        endpoint: HorizonEndpoint,
        xdr: &str,
        hash: [u8; 32],
        source: Key,
        result: Box<TransactionResult>,
    ) -> Result<Box<TransactionResult>, Answer> {
        let codes = codes(&result);
        let mut all = [&codes.transaction].into_iter().chain(&codes.inner).chain(&codes.operations);
        if all.any(|code| code.contains("bad_auth")) {
            let what = format!("{} is not signed as it must be", hex(&hash));
            self.log.violation(endpoint, &what);
        }
        if endpoint == HorizonEndpoint::SubmitAsync {
            let body = json!({
                "tx_status": "ERROR", "hash": hex(&hash), "error_result_xdr": result_xdr(&result),
            });
            return Err(Answer { status: 400, body: body.to_string() });
        }
        let code = codes.inner.as_ref().unwrap_or(&codes.transaction);
        if code == "tx_bad_seq" && !self.knows_sequence_of(source) {
            return Ok(result);
        }
        Err(self.refuse(endpoint, &Problem::failed(xdr, &hex(&hash), &result)))
    }

    /// Whether Horizon has taken in the ledger in which the account's sequence was last used.
    fn knows_sequence_of(&self, source: Key) -> bool {
        let seen = self.ledger.visible().sequence;
        self.ledger.state.account(source).is_none_or(|account| account.sequence_ledger <= seen)
    }

    /// The answer to a submission that waits, once there is one.
    fn fate(&mut self, endpoint: HorizonEndpoint, waiting: &Submission) -> Option<Answer> {
        let Submission { xdr, hash, source, otherwise } = waiting;
        // Whoever submits it first hears of it with its ledger; who was refused asks for it as everybody does.
        let known = match otherwise {
            None => self.ledger.seen(hash),
            Some(_) => self.ledger.found(hash),
        };
        if let Some(applied) = known {
            return Some(told(&self.base, applied, *hash));
        }
        match otherwise {
            Some(result) if self.knows_sequence_of(*source) => {
                Some(self.refuse(endpoint, &Problem::failed(xdr, &hex(hash), result)))
            }
            Some(_) => None,
            // The real one would let its client wait until the end, and know no more.
            None => self.ledger.why_dropped(hash).is_some().then(|| timeout(xdr, *hash)),
        }
    }

    /// A ledger closes with another transaction of this source, as if somebody else had its key.
    fn take_sequence(&mut self, source: Key, now: DateTime<Utc>) {
        let Some(account) = self.ledger.state.account(source) else { return };
        let sequence = account.sequence + 1;
        let body = OperationBody::BumpSequence(BumpSequenceOp { bump_to: SequenceNumber(0) });
        let nobody = |_: &[u8; 32]| DecoratedSignature {
            hint: SignatureHint(source.hint()),
            signature: Signature::default(),
        };
        let act = (body, Memo::None);
        if let Some(waiting) = self.signed(source, sequence, now, act, nobody) {
            self.ledger.close_with(vec![waiting], now, BASE_FEE);
        }
    }
}

/// What Horizon tells of a transaction that is in a ledger, to who has submitted it.
fn told(base: &str, applied: &Applied, asked: [u8; 32]) -> Answer {
    if applied.successful {
        return Answer { status: 200, body: transaction(base, applied, asked).to_string() };
    }
    Problem::failed(&applied.envelope.xdr, &hex(&asked), &applied.result).answer()
}

fn timeout(xdr: &str, hash: [u8; 32]) -> Answer {
    Problem::timeout(xdr, &hex(&hash)).answer()
}

fn pending(hash: [u8; 32]) -> Answer {
    status(201, "PENDING", hash)
}

fn status(status: u16, name: &str, hash: [u8; 32]) -> Answer {
    let body = json!({ "tx_status": name, "hash": hex(&hash) });
    Answer { status, body: body.to_string() }
}

/// The field `tx` of a form.
fn form_field(content_type: &str, body: &[u8]) -> Result<String, Problem> {
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return Err(Problem::no_form());
    }
    let text = std::str::from_utf8(body).unwrap_or_default();
    let value = text.split('&').find_map(|pair| pair.strip_prefix("tx="));
    let value = value.ok_or_else(|| Problem::bad_request("tx", "it is missing"))?;
    unescaped(value).ok_or_else(|| Problem::bad_request("tx", "it is no form's value"))
}

/// A form's value: `+` is a space, `%2B` is a plus.
fn unescaped(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_strictly() {
        let form = "application/x-www-form-urlencoded";
        let read = |kind, body: &str| form_field(kind, body.as_bytes()).map_err(|it| it.status());
        assert_eq!(read(form, "tx=AA%2BB%2F%3D"), Ok("AA+B/=".to_owned()));
        assert_eq!(read(form, "a=b&tx=A+A"), Ok("A A".to_owned()));
        assert_eq!(read(form, "xt=AA"), Err(400));
        assert_eq!(read(form, "tx=A%2"), Err(400));
        assert_eq!(read("application/json", "tx=AA"), Err(415));
    }
}
