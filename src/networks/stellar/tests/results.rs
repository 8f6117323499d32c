//! The ledger's own results, made with the Python SDK.

use super::*;

const SUCCESS: &str = "AAAAAAAAAGQAAAAAAAAAAQAAAAAAAAABAAAAAAAAAAA=";
const BUMP_SUCCESS: &str = "AAAAAAAAAGQAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAZAAAAAAAAAABAAAAAAAAAAEAAAAAAAAAAAAAAAA=";
/// Two payments that lack a trustline and room in one, an account that exists, and a signature that is missing.
const FAILED: &str = "AAAAAAAAAGT/////AAAABQAAAAAAAAABAAAAAAAAAAAAAAAB////+gAAAAAAAAAB////+AAAAAAAAAAA/////P////8AAAAA";
const BUMP_FAILED: &str = "AAAAAAAAAGT////zAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAZP////8AAAABAAAAAAAAAAH////7AAAAAAAAAAA=";
const BUMP_BAD_SEQ: &str =
    "AAAAAAAAAGT////zAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAZP////sAAAAAAAAAAA==";
const TOO_LATE: &str = "AAAAAAAAAGT////9AAAAAA==";
const INSUFFICIENT_FEE: &str = "AAAAAAAAAGT////3AAAAAA==";

fn read(result_xdr: &str) -> Option<(TransactionCode, Vec<OperationCode>)> {
    let codes = Codes::from_result_xdr(result_xdr).unwrap()?;
    Some((codes.transaction, codes.operations))
}

#[test]
fn a_success_has_no_codes() {
    assert_eq!([read(SUCCESS), read(BUMP_SUCCESS)], [None, None]);
}

#[test]
fn the_ledgers_names_are_horizons_names() {
    let other = |name: &str| OperationCode::Other(name.to_owned());
    let operations = vec![
        OperationCode::Success,
        OperationCode::NoTrust,
        OperationCode::LineFull,
        OperationCode::AlreadyExists,
        other("op_bad_auth"),
    ];
    assert_eq!(read(FAILED), Some((TransactionCode::Failed, operations)));
    assert_eq!(read(TOO_LATE), Some((TransactionCode::TooLate, Vec::new())));
    assert_eq!(read(INSUFFICIENT_FEE), Some((TransactionCode::InsufficientFee, Vec::new())));
}

#[test]
fn inside_a_fee_bump_the_inner_result_counts() {
    let operations = vec![OperationCode::NoDestination];
    assert_eq!(read(BUMP_FAILED), Some((TransactionCode::Failed, operations)));
    assert_eq!(read(BUMP_BAD_SEQ), Some((TransactionCode::BadSequence, Vec::new())));
}

#[test]
fn what_is_no_result_is_an_error() {
    for text in ["", "AAAA", "not base64", &"A".repeat(4 << 20)] {
        assert!(Codes::from_result_xdr(text).is_err());
    }
}
