//! Why a payment is rejected or failed, in the network's terms.

use serde::{Deserialize, Serialize};

/// Whose fault a refusal is. The words are `RippleNet`'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReasonType {
    /// The beneficiary's data are wrong or missing.
    ReceiverDataValidation,
    /// The receiver cannot promise to take the payment.
    ReceiverLockFailure,
    /// The sender failed it.
    SenderProcessingFailure,
    /// The receiver failed after execution.
    ReceiverProcessingError,
}

/// A reason, with a code of ISO 20022's external status reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Whose fault.
    #[serde(rename = "type")]
    pub reason_type: ReasonType,
    /// Four characters, such as `AC03` (invalid creditor account number).
    pub code: String,
    /// The same for a person to read.
    pub reason: String,
}

impl Reason {
    /// A reason, if `code` has the shape of ISO 20022's: two capital letters, then two letters or digits.
    ///
    /// # Errors
    /// Says what a code looks like.
    pub fn new(reason_type: ReasonType, code: &str, reason: &str) -> Result<Self, String> {
        let bytes = code.as_bytes();
        let shaped = bytes.len() == 4
            && bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && bytes.iter().take(2).all(u8::is_ascii_uppercase);
        if !shaped {
            return Err(format!(
                "`{code}` is not an ISO 20022 reason code: two capital letters and two capitals or digits are expected, such as AC03"
            ));
        }
        Ok(Self { reason_type, code: code.to_owned(), reason: reason.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_a_shape() {
        for code in ["AC03", "RR03", "NARR", "AM09"] {
            assert!(Reason::new(ReasonType::ReceiverLockFailure, code, "").is_ok(), "{code}");
        }
        for code in ["", "ac03", "AC3", "AC033", "1234", "A€03"] {
            assert!(Reason::new(ReasonType::ReceiverLockFailure, code, "").is_err(), "{code}");
        }
    }
}
