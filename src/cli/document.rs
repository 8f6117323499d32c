//! JSON that is kept as text. It is never read into numbers: an amount of 28 digits would come out as another.

/// JSON, laid out for people.
pub(super) fn pretty(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut rest = json;
    while let Some((token, after)) = next_token(rest) {
        rest = after;
        match token {
            "{" | "[" => {
                text.push_str(token);
                depth += 1;
                if !rest.trim_start().starts_with(['}', ']']) {
                    new_line(&mut text, depth);
                }
            }
            "}" | "]" => {
                depth = depth.saturating_sub(1);
                if !text.ends_with(['{', '[']) {
                    new_line(&mut text, depth);
                }
                text.push_str(token);
            }
            "," => {
                text.push_str(token);
                new_line(&mut text, depth);
            }
            ":" => text.push_str(": "),
            value => text.push_str(value),
        }
    }
    text
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
}

/// The next mark, string or other value, and what follows it. What is not JSON is cut up somehow, and all of it.
fn next_token(json: &str) -> Option<(&str, &str)> {
    let is_mark = |c: char| "{}[],:\"".contains(c);
    let json = json.trim_start();
    let first = json.chars().next()?;
    let end = if first == '"' {
        end_of_string(json)
    } else if is_mark(first) {
        first.len_utf8()
    } else {
        json.find(|c: char| is_mark(c) || c.is_ascii_whitespace()).unwrap_or(json.len())
    };
    Some(json.split_at(end))
}

/// Where the string ends with which `json` begins.
fn end_of_string(json: &str) -> usize {
    let mut escaped = false;
    for (at, c) in json.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_out_as_they_came_in() {
        let json = r#"{"a":[1234567890123456789012345678.100000000,{}], "b" : "x:{\"y\"", "c":[]}"#;
        let laid_out = "{\n  \"a\": [\n    1234567890123456789012345678.100000000,\n    {}\n  ],\n  \
                        \"b\": \"x:{\\\"y\\\"\",\n  \"c\": []\n}";
        assert_eq!(pretty(json), laid_out);
        assert_eq!(pretty(laid_out), laid_out);
    }

    #[test]
    fn what_is_not_json_ends() {
        for text in ["", "\"", "}}", "<html>", "[1, 2", "\"a\\"] {
            let dense = |text: &str| text.replace([' ', '\n'], "");
            assert_eq!(dense(&pretty(text)), dense(text));
        }
    }
}
