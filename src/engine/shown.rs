//! Texts that others have written, on a terminal.

use std::borrow::Cow;

/// The text without what a terminal would take as an order or show out of place: networks and partners send it, and
/// nobody should be shown another amount or payment than there is.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.contains(is_order) { text.replace(is_order, "\u{fffd}").into() } else { text.into() }
}

/// Whether a terminal takes it as an order, or shows nothing of it: control characters, marks of direction, and what has no
/// width and no ink, behind which two texts that look alike may differ.
fn is_order(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// JSON with such characters as escapes. They can only stand inside its strings.
#[must_use]
pub fn escaped(json: &str) -> Cow<'_, str> {
    if !json.contains(is_order) {
        return json.into();
    }
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if is_order(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(c);
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_to_the_terminal_are_not_carried_out() {
        assert_eq!(printable("plain é €"), "plain é €");
        assert_eq!(printable("a\x1b[2Jb\u{202e}c\nd"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        for unseen in
            ['\u{200b}', '\u{61c}', '\u{feff}', '\u{e0041}', '\u{ad}', '\u{9b}', '\u{fe0f}']
        {
            assert_eq!(printable(&format!("a{unseen}b")), "a\u{fffd}b", "{unseen:?}");
        }
    }

    #[test]
    fn json_on_a_terminal_has_escapes_for_them() {
        assert_eq!(escaped("{\"a\":\"é\"}"), "{\"a\":\"é\"}");
        let told = escaped("{\"a\":\"x\u{9b}2J\u{200b}\u{e0041}\"}").into_owned();
        assert_eq!(told, r#"{"a":"x\u009b2J\u200b\udb40\udc41"}"#);
        let read: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(read["a"], "x\u{9b}2J\u{200b}\u{e0041}");
    }
}
