//! Plain decimal numbers, exactly.

/// The number in a text of digits, with at most so many decimals behind a point, in units of the last of them. Nothing,
/// if it is no such number or does not fit.
pub(super) fn units(text: &str, decimals: usize) -> Option<u128> {
    let (whole, part) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, part)) => (whole, part),
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || part.len() > decimals || !digits(whole) || !digits(part) {
        return None;
    }
    format!("{whole}{part:0<decimals$}").parse().ok()
}
