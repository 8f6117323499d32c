//! Bodies in JSON.

use serde::Deserialize;

/// A JSON object in UTF-8. Checked by hand, for serde would take a list for a struct.
pub(crate) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    let text = str::from_utf8(body).map_err(|error| format!("the answer is not UTF-8: {error}"))?;
    if !text.trim_start().starts_with('{') {
        return Err("the answer is not a JSON object".to_owned());
    }
    serde_json::from_str(text).map_err(|error| format!("the answer cannot be read: {error}"))
}
