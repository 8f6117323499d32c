//! JSON bodies, read strictly.

use serde::de::DeserializeOwned;

/// Reads an object with just the fields that `T` has. (By itself serde takes a list of their values too.)
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err("it is not a JSON object".to_owned());
    }
    serde_json::from_slice(body).map_err(|error| error.to_string())
}
