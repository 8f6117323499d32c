//! Cutting an answer into its parts before anything in them is judged: a part that makes no sense spoils no other.
//!
//! Only strings and brackets are looked at. What is between them may be no UTF-8, nested to any depth, or no JSON.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// A field of an object.
#[derive(Debug)]
struct Field<'a> {
    /// As text, where it is written with escapes.
    name: Cow<'a, [u8]>,
    /// As it came.
    value: &'a [u8],
    /// What is in it, if it is a list: looked for at once, for a page is nearly all one list.
    items: Option<Vec<&'a [u8]>>,
}

/// The fields of a JSON object, each as it came.
#[derive(Debug)]
pub(crate) struct Cut<'a>(Vec<Field<'a>>);

impl<'a> Cut<'a> {
    /// Cuts a body that must be an object into its fields.
    pub(crate) fn object(body: &'a [u8]) -> Result<Self, String> {
        let mut scan = Scan { body, at: 0 };
        scan.blanks();
        if !scan.takes(b'{') {
            return Err("the answer is not a JSON object".to_owned());
        }
        let mut fields = Vec::new();
        let end = scan.fields(&mut fields);
        scan.blanks();
        match end {
            Some(()) if scan.at == body.len() => Ok(Self(fields)),
            Some(()) => Err("the answer cannot be read: something follows its end".to_owned()),
            None => Err(format!("the answer cannot be read: it breaks off at byte {}", scan.at)),
        }
    }

    /// The same of the beginning of an object, as far as it goes. The last field may be a beginning too.
    pub(crate) fn beginning(body: &'a [u8]) -> Self {
        let mut scan = Scan { body, at: 0 };
        let mut fields = Vec::new();
        scan.blanks();
        if scan.takes(b'{') {
            scan.fields(&mut fields);
        }
        Self(fields)
    }

    /// A field, as it came: none if there is none.
    ///
    /// # Errors
    /// It is there twice: which of them is meant?
    pub(crate) fn field(&self, name: &str) -> Result<Option<&'a [u8]>, String> {
        Ok(self.one(name)?.map(|field| field.value))
    }

    fn one(&self, name: &str) -> Result<Option<&Field<'a>>, String> {
        let mut found = self.0.iter().filter(|field| *field.name == *name.as_bytes());
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(_) => Err(format!("the answer cannot be read: `{name}` is there twice")),
        }
    }

    /// A field as a JSON value. None if it is absent, null, or no JSON.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let value = self.field(name).ok()??;
        serde_json::from_slice::<Option<&RawValue>>(value).ok()?
    }

    /// A field that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_slice(self.field(name).ok()??).ok()
    }

    /// A field that is an object, cut.
    pub(crate) fn inner(&self, name: &str) -> Result<Self, String> {
        self.field(name)?
            .and_then(|value| Self::object(value).ok())
            .ok_or_else(|| format!("the answer cannot be read: `{name}` is no object"))
    }

    /// The items of a field that is a list, each as it came.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<&'a [u8]>, String> {
        let items = self.one(name)?.and_then(|field| field.items.clone());
        items.ok_or_else(|| format!("the answer cannot be read: `{name}` is no list"))
    }

    /// The first item of a field that is the beginning of a list, as far as it goes.
    pub(crate) fn first_of(&self, name: &str) -> Option<&'a [u8]> {
        let mut scan = Scan { body: self.field(name).ok()??, at: 0 };
        if !scan.takes(b'[') {
            return None;
        }
        let mut items = Vec::new();
        scan.items(&mut items);
        items.first().copied()
    }
}

/// What came, for people: as text, whatever it was.
pub(crate) fn printable(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The name that a string is. One name may be written in several ways, and another reader of the same field knows it in all
/// of them. What is no text is a name that nobody asks for.
fn name(string: &[u8]) -> Option<Cow<'_, [u8]>> {
    if string.contains(&b'\\')
        && let Ok(text) = serde_json::from_slice::<String>(string)
    {
        return Some(Cow::Owned(text.into_bytes()));
    }
    string.get(1..string.len().checked_sub(1)?).map(Cow::Borrowed)
}

/// A place in a body. What ends early is none.
struct Scan<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn here(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.here().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_here = self.here() == Some(byte);
        self.at += usize::from(is_here);
        is_here
    }

    /// From behind `{` to behind `}`. A value that breaks off is the last field.
    fn fields(&mut self, fields: &mut Vec<Field<'a>>) -> Option<()> {
        self.blanks();
        if self.takes(b'}') {
            return Some(());
        }
        loop {
            self.blanks();
            let from = self.at;
            self.string()?;
            let key = name(self.body.get(from..self.at)?)?;
            self.blanks();
            if !self.takes(b':') {
                return None;
            }
            self.blanks();
            match self.list() {
                Some((value, items)) => {
                    fields.push(Field { name: key, value, items: Some(items) });
                }
                None => {
                    let (value, is_whole) = self.part();
                    fields.push(Field { name: key, value, items: None });
                    is_whole?;
                }
            }
            match self.here()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// From behind `[` to behind `]`. An item that breaks off is the last one.
    fn items(&mut self, items: &mut Vec<&'a [u8]>) -> Option<()> {
        self.blanks();
        if self.takes(b']') {
            return Some(());
        }
        loop {
            let (item, is_whole) = self.part();
            items.push(item);
            is_whole?;
            match self.here()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// A whole list, and its items, from `[` to the end of its field. Where there is none, this is still its place.
    fn list(&mut self) -> Option<(&'a [u8], Vec<&'a [u8]>)> {
        let from = self.at;
        let mut items = Vec::new();
        let end = if self.takes(b'[') { self.items(&mut items).map(|()| self.at) } else { None };
        self.blanks();
        match (end, self.here()) {
            (Some(end), Some(b',' | b'}')) => Some((self.body.get(from..end)?, items)),
            (Some(_) | None, _) => {
                self.at = from;
                None
            }
        }
    }

    /// A value with the blanks around it left out, and whether it is whole.
    fn part(&mut self) -> (&'a [u8], Option<()>) {
        self.blanks();
        let from = self.at;
        let is_whole = self.value();
        let value = self.body.get(from..self.at).unwrap_or_default();
        self.blanks();
        (value, is_whole)
    }

    fn value(&mut self) -> Option<()> {
        match self.here()? {
            b'"' => self.string(),
            b'{' | b'[' => self.nested(),
            b',' | b']' | b'}' | b':' => None,
            _ => {
                let ends = |byte| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
                while self.here().is_some_and(|byte| !ends(byte)) {
                    self.at += 1;
                }
                // A number at the very end may go on.
                self.here().map(drop)
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        if !self.takes(b'"') {
            return None;
        }
        loop {
            match self.here()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at = std::cmp::min(self.at + 2, self.body.len()),
                _ => self.at += 1,
            }
        }
    }

    fn nested(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.here()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(body: &[u8]) -> Vec<String> {
        let list = Cut::object(body).unwrap().list("l").unwrap();
        list.into_iter().map(|item| printable(item).into_owned()).collect()
    }

    #[test]
    fn a_list_is_cut_whatever_its_items_are() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let body =
            format!(r#" {{"a": 1, "l" :[ {{"x":"]}},\""}} ,7,null , "\ud800",{deep}, [] ]}} "#);
        let expected = [r#"{"x":"]},\""}"#, "7", "null", r#""\ud800""#, deep.as_str(), "[]"];
        assert_eq!(items(body.as_bytes()), expected);
        assert_eq!(items(b"{\"l\":[\"a\xff\xfe\",\"b\"]}"), ["\"a\u{fffd}\u{fffd}\"", "\"b\""]);
        assert_eq!(items(b"{\"l\":[]}"), Vec::<String>::new());
        assert_eq!(
            items(br#"{"odd":[a"b]c"],"l" : [1] }"#),
            ["1"],
            "what makes no sense is not looked into"
        );
        assert_eq!(items(br#"{"l":[nonsense,{"a" b}]}"#), ["nonsense", r#"{"a" b}"#]);
    }

    #[test]
    fn what_is_no_object_or_has_no_end_is_none() {
        for body in [
            "",
            "[]",
            "null",
            "\"x\"",
            "{",
            "{\"l\"",
            "{\"l\":",
            "{\"l\":[",
            "{\"l\":[1",
            "{\"l\":[1]",
            "{\"l\":[1]}x",
            "{\"l\":[1]},",
            "{l:1}",
            "{\"l\" 1}",
            "{\"l\":1 2}",
            "{,}",
            "{\"a\":}",
        ] {
            assert!(Cut::object(body.as_bytes()).is_err(), "{body}");
        }
        for body in [r#"{"l":{}}"#, r#"{"l":null}"#, "{}", r#"{"l":[1],"l":[2]}"#, r#"{"l":[1 2]}"#]
        {
            assert!(Cut::object(body.as_bytes()).unwrap().list("l").is_err(), "{body}");
        }
    }

    #[test]
    fn fields_are_found_by_their_names() {
        let cut =
            Cut::object(br#"{"a":"x","n":null,"o":{"b":[1]},"d":1,"d":2,"bad":nope}"#).unwrap();
        assert_eq!(cut.text("a").as_deref(), Some("x"));
        assert_eq!(cut.inner("o").unwrap().list("b").unwrap(), [b"1"]);
        assert!(cut.raw("n").is_none() && cut.raw("z").is_none() && cut.raw("bad").is_none());
        assert_eq!(cut.raw("a").map(RawValue::get), Some("\"x\""));
        assert!(cut.field("d").is_err() && cut.inner("a").is_err());
    }

    /// serde reads such a name as well: two readers of one row must not find two different ids in it.
    #[test]
    fn a_name_with_escapes_is_the_same_name() {
        let cut = Cut::object(br#"{"row\u005fid":7,"a\"b":1,"\ud800":2,"c":3}"#).unwrap();
        assert_eq!(cut.field("row_id").unwrap(), Some(&b"7"[..]));
        assert_eq!(cut.field("a\"b").unwrap(), Some(&b"1"[..]));
        assert_eq!(cut.field("c").unwrap(), Some(&b"3"[..]));
        let twice = Cut::object(br#"{"row_id":7,"row\u005fid":8}"#).unwrap();
        assert!(twice.field("row_id").is_err());
        assert_eq!(
            Cut::beginning(br#"{"row_i\u0064":7,"x"#).field("row_id").unwrap(),
            Some(&b"7"[..])
        );
    }

    #[test]
    fn a_beginning_tells_what_it_has() {
        let body = br#"{"total":7,"content":[{"payment_id":"p","amount":{"x":1},"blob":"aaaaaa"#;
        let page = Cut::beginning(body);
        assert_eq!(page.raw("total").map(RawValue::get), Some("7"));
        let row = Cut::beginning(page.first_of("content").unwrap());
        assert_eq!(row.text("payment_id").as_deref(), Some("p"));
        assert_eq!(row.text("blob"), None);
        assert!(Cut::beginning(b"<html>").field("x").unwrap().is_none());
    }
}
