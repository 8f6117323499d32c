//! The envelope of a page, and single payments.

use super::super::{listing, single};
use super::{PAGE, WINDOW, page_of, read, sample};
use crate::engine::{ConnectorRole, Row, Window};

#[test]
fn a_page_that_contradicts_itself_is_not_believed() {
    let row = sample().to_string();
    let twice = page_of(&[row.clone(), row.clone()]);
    let miscounted = PAGE.replace(r#""numberOfElements":"1""#, r#""numberOfElements":2"#);
    let another = PAGE.replace(r#""number":"0""#, r#""number":1"#);
    for (body, reason) in [
        (twice, "is twice in one page"),
        (miscounted, "says that it holds 2 rows, and holds 1"),
        (another, "page 0 was asked for, page 1 came"),
        (PAGE.get(..PAGE.len() / 2).unwrap().to_owned(), "cannot be read"),
        (r#"{"last":true}"#.to_owned(), "missing field `content`"),
        (r#"{"content":null}"#.to_owned(), "cannot be read"),
        (format!("{{\"last\":false,\"content\":[{row}]}}"), "how many rows"),
        (format!("[[{row}],true,0,1,1,1]"), "not a JSON object"),
        ("<html>".to_owned(), "not a JSON object"),
        (String::new(), "not a JSON object"),
    ] {
        let error = read(body.as_bytes()).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
    let mut invalid = PAGE.as_bytes().to_vec();
    let middle = invalid.len() / 2;
    *invalid.get_mut(middle).unwrap() = 0xff;
    assert!(read(&invalid).unwrap_err().contains("not UTF-8"));
}

#[test]
fn an_envelope_may_tell_little() {
    let row = sample().to_string();
    let told = |envelope: &str| {
        let window = Window { size: 1, ..WINDOW };
        let body = format!("{{{envelope}\"content\":[{row}]}}");
        let page = listing(body.as_bytes(), &window, &ConnectorRole::Sending, None).unwrap();
        (page.last, page.total)
    };
    assert_eq!(told("\"last\":false,\"totalElements\":\"7\","), (false, 7));
    assert_eq!(told("\"last\":\"false\",\"totalElements\":7,"), (false, 7));
    assert_eq!(told("\"totalPages\":\"3\","), (false, 3));
    assert_eq!(told("\"totalPages\":1,"), (true, 1));
    assert_eq!(told("\"last\":true,\"number\":null,\"numberOfElements\":{},"), (true, 1));
    let empty = br#"{"last":false,"totalElements":0,"content":[]}"#;
    assert!(read(empty).unwrap().last, "nothing follows an empty page");
    let short = format!("{{\"content\":[{row}]}}");
    assert!(read(short.as_bytes()).unwrap().last, "a page that is not full is the last");
}

#[test]
fn a_single_payment_is_the_one_asked_for() {
    let body = sample().to_string();
    let read = |id: &str| single(body.as_bytes(), id, &ConnectorRole::Receiving);
    assert!(matches!(read("f293947c-9067-47d7-a69e-6658070ed482"), Ok(Row::Payment(_))));
    assert!(read("p1").unwrap_err().contains("payment p1 was asked for"));
    let without = single(b" {\"payment_state\":\"ACCEPTED\"} ", "p1", &ConnectorRole::Receiving);
    assert!(matches!(without, Ok(Row::Bad(_))));
}
