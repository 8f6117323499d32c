//! What the fuzzers call: for each thing that others send us, a function that takes any bytes and asserts what must hold
//! whatever they are.
//!
//! It is compiled for `cargo fuzz` (`fuzz/`, CONTRIBUTING.md) and for the tests, which put all of `fuzz/seeds` through it.
//! What a fuzzer found is a seed there, too, and a test beside the code that was mended.

use std::str;

use crate::engine::{
    Amount, Incoming, Memo, TransferKind, TransferStatus, decimals_of, subject_key,
};
use crate::networks::stellar::{Address, StellarAsset, amount as from_stroops, stroops};

pub use crate::cli::fuzzing::{import, import_orders};
pub use crate::http::fuzzing::{cut, problem};
pub use crate::jobs::fuzzing::review;
pub use crate::networks::ripplenet::fuzzing::{
    page as ripplenet_page, parties as ripplenet_parties, payment as ripplenet_payment,
    token as ripplenet_token,
};
pub use crate::networks::stellar::fuzzing::{
    answers as horizon_answers, payments as horizon_payments, stream as horizon_stream,
    xdr as stellar_xdr,
};
pub use crate::networks::tari::fuzzing::memo as tari_memo;
pub use crate::rails::fuzzing::{
    deposits as contract_deposits, gateway_answers, gateway_history, payouts as contract_payouts,
};

/// A target: its name, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target. Each has `fuzz/fuzz_targets/NAME.rs` and `fuzz/seeds/NAME/`.
pub const TARGETS: [Target; 19] = [
    ("amounts", amounts),
    ("contract_deposits", contract_deposits),
    ("contract_payouts", contract_payouts),
    ("cut", cut),
    ("gateway_answers", gateway_answers),
    ("gateway_history", gateway_history),
    ("horizon_answers", horizon_answers),
    ("horizon_payments", horizon_payments),
    ("horizon_stream", horizon_stream),
    ("import", import),
    ("import_orders", import_orders),
    ("problem", problem),
    ("review", review),
    ("ripplenet_page", ripplenet_page),
    ("ripplenet_parties", ripplenet_parties),
    ("ripplenet_payment", ripplenet_payment),
    ("ripplenet_token", ripplenet_token),
    ("stellar_xdr", stellar_xdr),
    ("tari_memo", tari_memo),
];

/// No word that becomes a column of its own is longer.
const WORD_MAX: usize = 256;
/// No reason, message or error is longer: the longest quote of others, with words of ours around it.
const TOLD_MAX: usize = 1000;

/// Asserts that a text fits a column of its own.
pub(crate) fn assert_word(text: &str) {
    assert!(!text.contains(char::is_control), "{text:?} holds control characters");
    assert!(text.len() <= WORD_MAX, "a word of {} bytes", text.len());
}

/// Asserts that a text is for people: on one line, and short.
pub(crate) fn assert_told(text: &str) {
    assert!(!text.contains(char::is_control), "{text:?} holds control characters");
    assert!(text.chars().count() <= TOLD_MAX, "a text of {} letters", text.chars().count());
}

/// Asserts that an amount is written so that it is read again as it was.
pub(crate) fn assert_amount(amount: &Amount) {
    let text = amount.to_string();
    let again = text.parse::<Amount>();
    assert_eq!(again.as_ref(), Ok(amount), "{text}");
    assert_eq!(again.map(|again| again.to_string()), Ok(text));
}

/// Asserts what holds for all money that came in: `body` has it in these words, and a database takes it.
pub(crate) fn assert_incoming(incoming: &Incoming, body: &[u8]) {
    let Incoming { incoming_id, source, account, from, amount, asset, memo, .. } = incoming;
    for word in [incoming_id, source, account, asset, &incoming.reference] {
        assert!(!word.is_empty());
        assert_word(word);
    }
    for word in [from, &incoming.subject].into_iter().flatten() {
        assert_told(word);
    }
    assert_amount(amount);
    if let Some(memo) = memo {
        assert!(!memo.text().contains(char::is_control), "{memo:?}");
    }
    assert!(is_within(&incoming.raw, body), "{} is not what came", incoming.raw);
}

/// Whether `part` stands in `body`, to the letter.
pub(crate) fn is_within(part: &str, body: &[u8]) -> bool {
    // What is no UTF-8 is kept with a mark in its place.
    part.is_empty() || String::from_utf8_lossy(body).contains(part)
}

/// Amounts, and the words beside them: whatever is read is written again.
pub fn amounts(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(amount) = text.parse::<Amount>() {
        assert_amount(&amount);
        assert_arithmetic(&amount);
        let told = Amount::from_json_number(text);
        assert_eq!(told.as_ref(), Ok(&amount), "plain text is a JSON number's text too");
    }
    if let Ok(amount) = Amount::from_json_number(text) {
        assert_amount(&amount);
        if let Ok(stroops) = stroops(&amount) {
            assert_eq!(from_stroops(stroops), Some(amount));
        }
    }
    assert!(decimals_of(text).is_none_or(|decimals| decimals <= 4));
    for memo_type in ["text", "id", "hash", "return"] {
        if let Ok(memo) = Memo::parse(memo_type, text) {
            assert_eq!(Memo::parse(memo.memo_type(), &memo.text()), Ok(memo));
        }
    }
    if let Ok(asset) = text.parse::<StellarAsset>() {
        assert_eq!(asset.to_string(), text);
    }
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(address.to_string(), text);
    }
    assert_eq!(subject_key(&subject_key(text)), subject_key(text));
    if let Ok(kind) = text.parse::<TransferKind>() {
        assert_eq!(kind.as_str(), text);
    }
    if let Ok(status) = text.parse::<TransferStatus>() {
        assert_eq!(status.as_str(), text);
    }
}

fn assert_arithmetic(amount: &Amount) {
    assert_eq!(amount.plus(&Amount::zero()), *amount);
    assert!(amount.minus(amount).is_some_and(|nothing| nothing.is_zero()));
    for decimals in [0, 2, 7, 8] {
        let down = amount.rounded_down(decimals);
        let rest = amount.minus(&down);
        assert!(rest.is_some(), "{amount} is rounded down to {down}");
        assert_eq!(rest.is_some_and(|rest| rest.is_zero()), amount.fits(decimals));
        assert_eq!(amount.exactly(decimals).is_some(), amount.fits(decimals));
        assert_eq!(amount.exactly(decimals).unwrap_or_else(|| amount.clone()), *amount);
        assert!(amount.rounded(decimals) >= down);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::panic::catch_unwind;
    use std::path::{Path, PathBuf};

    use super::*;

    fn fuzz() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
    }

    fn names_in(folder: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(fuzz().join(folder)).unwrap();
        let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        entries.map(|entry| name(entry.unwrap().path())).collect()
    }

    #[test]
    fn every_seed_keeps_the_promises() {
        let mut failed = BTreeSet::new();
        for (name, target) in TARGETS {
            let mut seeds = 0;
            for seed in fs::read_dir(fuzz().join("seeds").join(name)).unwrap() {
                let path = seed.unwrap().path();
                let data = fs::read(&path).unwrap();
                // As it is, broken off, and going on.
                for data in [&data[..], &data[..data.len() / 2], &[&data[..], b"]}"].concat()] {
                    if catch_unwind(|| target(data)).is_err() {
                        failed.insert(path.clone());
                    }
                }
                seeds += 1;
            }
            assert!(seeds > 2, "{name} has {seeds} seeds");
        }
        assert!(failed.is_empty(), "{failed:#?}");
    }

    #[test]
    fn each_target_has_its_program_and_its_seeds() {
        let targets = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(names_in("fuzz_targets"), targets);
        assert_eq!(names_in("seeds"), targets);
        let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
        for name in &targets {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            let program = fuzz().join("fuzz_targets").join(format!("{name}.rs"));
            let program = fs::read_to_string(program).unwrap();
            assert!(program.contains(&format!("railpoll::fuzzing::{name}(data)")), "{name}");
        }
    }
}
