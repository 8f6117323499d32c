//! Secrets that were pasted where they do not belong: they are never printed.

use std::borrow::Cow;

/// A seed of Stellar's in its written form: an S, and 55 letters and digits of base 32.
const SEED_LENGTH: usize = 56;
/// How the key of a webhook begins.
const KEY: &str = "whsec_";

/// The text with every seed and key in it hidden.
#[must_use]
pub fn hidden(text: &str) -> Cow<'_, str> {
    if !text.split(|c: char| !is_part(c)).any(is_secret) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !is_part(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(before);
        out.push_str(if is_secret(word) { "(a secret)" } else { word });
        rest = after;
    }
    out.push_str(rest);
    out.into()
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a word is a secret, or one letter mistyped.
fn is_secret(word: &str) -> bool {
    let is_seed = word.len() == SEED_LENGTH
        && word.starts_with('S')
        && word.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b));
    is_seed || (word.starts_with(KEY) && word.len() > KEY.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_wherever_it_stands() {
        let seed = format!("S{}", "ABC27".repeat(11));
        let address = format!("G{}", "ABC27".repeat(11));
        assert_eq!(hidden(&format!("`{seed}` is no address")), "`(a secret)` is no address");
        assert_eq!(hidden(&seed), "(a secret)");
        assert_eq!(hidden("key=whsec_AAAA, x"), "key=(a secret), x");
        for plain in [address.as_str(), "whsec_", "S", "é €", ""] {
            assert_eq!(hidden(plain), plain);
        }
    }
}
