//! The envelope of a page, and single payments.

use super::super::{listing, single, too_large};
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
        (r#"{"last":true}"#.to_owned(), "`content` is no list"),
        (r#"{"content":null}"#.to_owned(), "cannot be read"),
        (format!("{{\"last\":false,\"content\":[{row}]}}"), "how many rows"),
        (format!("[[{row}],true,0,1,1,1]"), "not a JSON object"),
        ("<html>".to_owned(), "not a JSON object"),
        (String::new(), "not a JSON object"),
    ] {
        let error = read(body.as_bytes()).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_row_that_is_no_text_is_set_aside_and_the_others_are_read() {
    let good = sample().to_string();
    let named = |name: &[u8]| {
        let bad = sample().to_string().replacen('{', "{\"name\":\"?\",", 1);
        let bad = bad.replace("f293947c", "aaaaaaaa");
        let (before, after) = bad.split_once('?').unwrap();
        [before.as_bytes(), name, after.as_bytes()].concat()
    };
    let bad = named(b"M\xfcller");
    let body = [&b"{\"last\":true,\"content\":["[..], good.as_bytes(), b",", &bad, b"]}"].concat();
    let page = read(&body).unwrap();
    assert!(matches!(page.rows.first(), Some(Row::Payment(_))));
    let Some(Row::Bad(bad)) = page.rows.get(1) else { panic!("{:?}", page.rows) };
    assert_eq!(bad.payment_id.as_deref(), Some("aaaaaaaa-9067-47d7-a69e-6658070ed482"));
    assert!(bad.modified_at.is_some());
    assert!(bad.raw.contains("M\u{fffd}ller") && bad.reason.contains("UTF-8"), "{}", bad.reason);
}

#[test]
fn a_row_that_is_too_large_tells_what_its_beginning_does() {
    let whole = sample().to_string();
    let beginning = format!("{{\"content\":[{}", whole.get(..whole.len() - 10).unwrap());
    let bad = too_large(&beginning, "40 MB");
    assert_eq!(bad.payment_id.as_deref(), Some("f293947c-9067-47d7-a69e-6658070ed482"));
    assert_eq!(bad.reason, "40 MB");
    assert_eq!(too_large("<html>", "40 MB").payment_id, None);
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
