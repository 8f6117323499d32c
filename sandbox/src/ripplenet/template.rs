//! JSON texts with holes, cut up once so that filling them is copying.

/// A text and its holes: each piece is a literal and the name of the hole after it.
///
/// `$name` is filled inside its string; `"#name"` is replaced as a whole, with its quotes.
#[derive(Debug)]
pub(super) struct Template {
    pieces: Vec<(String, String)>,
    tail: String,
}

impl Template {
    pub(super) fn new(json: &str) -> Self {
        let text = minified(json);
        let mut rest = text.as_str();
        let mut pieces = Vec::new();
        while let Some(at) = [rest.find('$'), rest.find("\"#")].into_iter().flatten().min() {
            let hole = rest[at..].trim_start_matches(['$', '"', '#']);
            let known = |letter: char| letter.is_ascii_lowercase() || "_1234".contains(letter);
            let after = hole.trim_start_matches(known);
            let name = &hole[..hole.len() - after.len()];
            pieces.push((rest[..at].to_owned(), name.to_owned()));
            let is_whole = rest[at..].starts_with('"');
            rest = after.strip_prefix('"').filter(|_| is_whole).unwrap_or(after);
        }
        Self { pieces, tail: rest.to_owned() }
    }

    /// Writes the text, and `fill` writes each hole.
    pub(super) fn write(&self, out: &mut String, mut fill: impl FnMut(&mut String, &str)) {
        for (literal, hole) in &self.pieces {
            out.push_str(literal);
            fill(out, hole);
        }
        out.push_str(&self.tail);
    }
}

/// The JSON text without the white space between its tokens.
fn minified(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut inside, mut escaped) = (false, false);
    for letter in json.chars() {
        if inside || !letter.is_ascii_whitespace() {
            out.push(letter);
        }
        if letter == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && letter == '\\' && !escaped;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_and_white_space_inside_strings_stays() {
        let template = Template::new("{ \"a b\": \"x@$sender_node\",\n \"n\": \"#amount\" }");
        let mut out = String::new();
        template.write(&mut out, |out, hole| {
            out.push_str(if hole == "amount" { "1.5" } else { hole });
        });
        assert_eq!(out, r#"{"a b":"x@sender_node","n":1.5}"#);
    }
}
