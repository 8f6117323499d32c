//! Submissions: `POST /transactions` and `POST /transactions_async`.

use serde_json::json;
use stellar_xdr::{
    BumpSequenceOp, DecoratedSignature, Memo, Operation, OperationBody, Preconditions,
    SequenceNumber, Signature, SignatureHint, TimeBounds, TimePoint, Transaction, TransactionExt,
    TransactionResult,
};

use super::check::{BASE_FEE, Proven};
use super::codes::codes;
use super::endpoint::Endpoint;
use super::envelope::Envelope;
use super::history::Applied;
use super::keys::{Key, hex};
use super::ledger::{Taken, seconds};
use super::network::{Answer, Network};
use super::options::{Closing, SubmitFault};
use super::problem::Problem;
use super::queue::Waiting;
use super::render::{result_xdr, transaction_by};
use super::server::Shared;

/// What is known right after a submission.
enum Now {
    Answered(Answer),
    /// It waits for a ledger, or for Horizon to see one.
    Wait {
        /// What to answer if the ledger that Horizon waits for does not have it.
        otherwise: Option<Box<TransactionResult>>,
    },
}

/// Answers a submission, which may take until the ledger has closed.
pub(super) async fn submit(
    shared: &Shared,
    endpoint: Endpoint,
    content_type: &str,
    body: &[u8],
) -> Answer {
    let xdr = match form_field(content_type, body) {
        Ok(xdr) => xdr,
        Err(problem) => return shared.lock().refuse(endpoint, &problem),
    };
    let Some(envelope) = Envelope::read(&xdr, shared.network_id) else {
        return shared.lock().refuse(endpoint, &Problem::malformed(&xdr));
    };
    let (hash, source) = (envelope.hash(), envelope.source());
    let (now, news) = {
        let mut network = shared.lock();
        let before = network.ledger.news;
        let now = network.submitted(endpoint, envelope);
        (now, network.ledger.news != before)
    };
    if news {
        shared.ledger_closed();
    } else {
        shared.changed();
    }
    let otherwise = match now {
        Now::Answered(answer) => return answer,
        Now::Wait { otherwise } => otherwise,
    };
    let included = async {
        let mut news = shared.news();
        loop {
            let known = shared.lock().fate(endpoint, &xdr, hash, source, otherwise.as_deref());
            if let Some(answer) = known {
                return answer;
            }
            if news.changed().await.is_err() {
                return timeout(&xdr, hash);
            }
        }
    };
    tokio::select! {
        answer = tokio::time::timeout(shared.patience.submit, included) => {
            answer.unwrap_or_else(|_| timeout(&xdr, hash))
        }
        () = shared.until_stopped() => timeout(&xdr, hash),
    }
}

fn timeout(xdr: &str, hash: [u8; 32]) -> Answer {
    let problem = Problem::timeout(xdr, &hex(&hash));
    Answer { status: problem.status, body: problem.body() }
}

impl Network {
    fn submitted(&mut self, endpoint: Endpoint, envelope: Envelope) -> Now {
        self.record.submissions += 1;
        let time = seconds(self.now());
        self.overlaps.post(&envelope, &self.ledger, time);
        let (xdr, hash) = (envelope.xdr.clone(), envelope.hash());
        if envelope.is_unbounded() {
            self.record.violation(format!("{} can be applied for ever", hex(&hash)));
        }
        if endpoint == Endpoint::Submit
            && let Some(applied) = self.ledger.found(&hash)
        {
            let answer = told(&self.base, applied, hash);
            return Now::Answered(answer);
        }
        let fault = self.submit_fault();
        match fault {
            Some(SubmitFault::TimeoutLost) => return Now::Answered(timeout(&xdr, hash)),
            Some(SubmitFault::Forgotten) if endpoint == Endpoint::Submit => {
                return Now::Answered(timeout(&xdr, hash));
            }
            Some(SubmitFault::Forgotten) => return Now::Answered(pending(hash)),
            Some(SubmitFault::SequenceTaken) => self.take_sequence(envelope.source()),
            Some(SubmitFault::TimeoutApplied) | None => {}
        }
        let (source, now) = (envelope.source(), self.now());
        let taken = self.ledger.offer(envelope, now);
        if self.closing == Closing::AtOnce && matches!(taken, Taken::Pending) {
            self.close();
        }
        if fault == Some(SubmitFault::TimeoutApplied) {
            return Now::Answered(timeout(&xdr, hash));
        }
        let synchronous = endpoint == Endpoint::Submit;
        match taken {
            Taken::Error(result) => self.refused(endpoint, &xdr, hash, source, result),
            Taken::Pending if !synchronous => Now::Answered(pending(hash)),
            Taken::Duplicate if !synchronous => Now::Answered(status(409, "DUPLICATE", hash)),
            Taken::TryAgainLater if !synchronous => {
                Now::Answered(status(503, "TRY_AGAIN_LATER", hash))
            }
            // Horizon does not tell this from a transaction that waits.
            Taken::TryAgainLater => Now::Answered(timeout(&xdr, hash)),
            Taken::Pending | Taken::Duplicate => Now::Wait { otherwise: None },
        }
    }

    fn refused(
        &mut self,
        endpoint: Endpoint,
        xdr: &str,
        hash: [u8; 32],
        source: Key,
        result: Box<TransactionResult>,
    ) -> Now {
        let codes = codes(&result);
        let unsigned = |code: &String| code.contains("bad_auth");
        if [&codes.transaction]
            .into_iter()
            .chain(&codes.inner)
            .chain(&codes.operations)
            .any(unsigned)
        {
            self.record.violation(format!("{} is not signed as it must be", hex(&hash)));
        }
        if endpoint == Endpoint::SubmitAsync {
            let body = json!({
                "tx_status": "ERROR", "hash": hex(&hash), "error_result_xdr": result_xdr(&result),
            });
            return Now::Answered(Answer { status: 400, body: body.to_string() });
        }
        let code = codes.inner.unwrap_or(codes.transaction);
        if code == "tx_bad_seq" && !self.knows_sequence_of(source) {
            return Now::Wait { otherwise: Some(result) };
        }
        Now::Answered(self.refuse(endpoint, &Problem::failed(xdr, &hex(&hash), &result)))
    }

    /// Whether Horizon has taken in the ledger in which the account's sequence was last used.
    fn knows_sequence_of(&self, source: Key) -> bool {
        let seen = self.ledger.visible().sequence;
        self.ledger.state.account(source).is_none_or(|account| account.sequence_ledger <= seen)
    }

    /// The answer to a submission that waits, once there is one.
    fn fate(
        &mut self,
        endpoint: Endpoint,
        xdr: &str,
        hash: [u8; 32],
        source: Key,
        otherwise: Option<&TransactionResult>,
    ) -> Option<Answer> {
        // Whoever submits it first hears of it with its ledger; who was refused asks for it as everybody does.
        let known = match otherwise {
            None => self.ledger.seen(&hash),
            Some(_) => self.ledger.found(&hash),
        };
        if let Some(applied) = known {
            return Some(told(&self.base, applied, hash));
        }
        match otherwise {
            Some(result) if self.knows_sequence_of(source) => {
                Some(self.refuse(endpoint, &Problem::failed(xdr, &hex(&hash), result)))
            }
            Some(_) => None,
            // The real one would let its client wait until the end, and know no more.
            None => self.ledger.why_dropped(&hash).is_some().then(|| timeout(xdr, hash)),
        }
    }

    /// A ledger closes with another transaction of this source, as if somebody else had its key.
    pub(super) fn take_sequence(&mut self, source: Key) {
        let Some(account) = self.ledger.state.account(source) else { return };
        let sequence = account.sequence + 1;
        let now = self.now();
        let body = OperationBody::BumpSequence(BumpSequenceOp { bump_to: SequenceNumber(0) });
        let operations = vec![Operation { source_account: None, body }];
        let max_time = TimePoint(seconds(now) + 300);
        let transaction = Transaction {
            source_account: source.muxed(),
            fee: u32::try_from(BASE_FEE).unwrap_or(u32::MAX),
            seq_num: SequenceNumber(sequence),
            cond: Preconditions::Time(TimeBounds { min_time: TimePoint(0), max_time }),
            memo: Memo::None,
            operations: operations.try_into().unwrap_or_default(),
            ext: TransactionExt::V0,
        };
        let Ok(hash) = transaction.hash(self.ledger.network_id) else { return };
        let signature = DecoratedSignature {
            hint: SignatureHint(source.hint()),
            signature: Signature::default(),
        };
        let Some(envelope) = Envelope::signed(transaction, hash, signature) else { return };
        let proven = Proven { inner: vec![Some(source)], bump: Vec::new() };
        self.ledger.close_with(vec![Waiting::new(envelope, proven)], now, BASE_FEE);
    }
}

/// What Horizon tells of a transaction that is in a ledger, to who has submitted it.
fn told(base: &str, applied: &Applied, asked: [u8; 32]) -> Answer {
    if applied.successful {
        return Answer { status: 200, body: transaction_by(base, applied, asked).to_string() };
    }
    let problem = Problem::failed(&applied.envelope.xdr, &hex(&asked), &applied.result);
    Answer { status: problem.status, body: problem.body() }
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
        let read = |kind, body: &str| form_field(kind, body.as_bytes()).map_err(|it| it.status);
        assert_eq!(read(form, "tx=AA%2BB%2F%3D"), Ok("AA+B/=".to_owned()));
        assert_eq!(read(form, "a=b&tx=A+A"), Ok("A A".to_owned()));
        assert_eq!(read(form, "xt=AA"), Err(400));
        assert_eq!(read(form, "tx=A%2"), Err(400));
        assert_eq!(read("application/json", "tx=AA"), Err(415));
    }
}
