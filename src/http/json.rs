//! Bodies in JSON.

use serde::Deserialize;

use super::brief;

/// A JSON object in UTF-8. Checked by hand, for serde would take a list for a struct.
pub(crate) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    let text = str::from_utf8(body).map_err(|error| format!("the answer is not UTF-8: {error}"))?;
    if !text.trim_start().starts_with('{') {
        return Err("the answer is not a JSON object".to_owned());
    }
    // It quotes what it did not expect, however long that is.
    serde_json::from_str(text)
        .map_err(|error| brief(&format!("the answer cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Told {
        #[expect(dead_code, reason = "only its reading is of interest")]
        n: u64,
    }

    #[test]
    fn an_error_quotes_no_long_text() {
        let body = format!(r#"{{"n":"{}"}}"#, "x".repeat(100_000));
        let why = object::<Told>(body.as_bytes()).unwrap_err();
        assert!(why.starts_with("the answer cannot be read: invalid type") && why.len() < 1000);
    }
}
