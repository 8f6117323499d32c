//! Pages and streams: where each record stands in the list, and that one spoils no other.

use super::*;

#[test]
fn a_page_is_read_in_its_order() {
    let page_of = |records: Value| {
        page(json!({ "_embedded": { "records": records } }).to_string().as_bytes(), watched())
    };
    let mut second = payment();
    second["paging_token"] = json!("12884905987");
    let found = page_of(json!([payment(), second])).unwrap();
    assert_eq!(
        found.iter().filter_map(|one| one.cursor.as_deref()).collect::<Vec<_>>(),
        ["12884905986", "12884905987"]
    );
    assert_eq!(page_of(json!([])), Ok(Vec::new()));
    for body in ["", "[]", "{}", "null", "<html>"] {
        assert!(page(body.as_bytes(), watched()).is_err(), "{body}");
    }
}

/// A record that does not tell its place is set aside; its id, the stream or the page tells where to go on.
#[test]
fn a_record_without_a_place_does_not_stop_the_list() {
    let mut json = payment();
    json.as_object_mut().unwrap().remove("paging_token");
    let told = record(json.to_string().as_bytes(), watched(), None);
    assert_eq!(told.cursor.as_deref(), Some("12884905986"), "by its id");
    assert!(
        matches!(&told.content, Content::Unreadable { why, .. } if why.contains("paging_token"))
    );
    json.as_object_mut().unwrap().remove("id");
    let streamed = record(json.to_string().as_bytes(), watched(), Some("12884905990"));
    assert_eq!(streamed.cursor.as_deref(), Some("12884905990"), "by its event");
    assert_eq!(record(json.to_string().as_bytes(), watched(), None).cursor, None);
    let next = "https://horizon.example/accounts/G/payments?order=asc&cursor=12884905987&limit=2";
    let links = json!({ "next": { "href": next } });
    let paged = json!({ "_embedded": { "records": [payment(), json] }, "_links": links });
    let records = page(paged.to_string().as_bytes(), watched()).unwrap();
    assert_eq!(records[1].cursor.as_deref(), Some("12884905987"), "by the page");
    for raw in ["{}", "7", "null", "[]"] {
        let told = record(raw.as_bytes(), watched(), None);
        assert_eq!(told.cursor, None, "{raw}");
        assert!(matches!(told.content, Content::Unreadable { .. }), "{raw}");
    }
}

/// Its place goes into the next question's URL: `now` there would pass over all that came meanwhile.
#[test]
fn a_record_whose_place_is_no_number_is_set_aside() {
    for odd in ["now", "..", "-1", "+7", "7 ", "123456789012345678901"] {
        for field in ["paging_token", "id"] {
            let mut json = payment();
            json[field] = json!(odd);
            let record = record(json.to_string().as_bytes(), watched(), Some("7"));
            assert!(matches!(record.content, Content::Unreadable { .. }), "{field} {odd}");
            assert!(record.cursor.is_some_and(|cursor| is_place(&cursor)), "{field} {odd}");
        }
    }
    let odd = br#"{"paging_token":"123456789012345678901","x":"#;
    assert_eq!(record(odd, watched(), None).cursor, None);
}

#[test]
fn a_record_that_is_no_text_or_too_deep_spoils_no_other() {
    let deep = format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000));
    let odd = |value: &[u8]| {
        let text = payment().to_string().replacen('{', "{\"odd\":?,", 1);
        let (before, after) = text.split_once('?').unwrap();
        [before.as_bytes(), value, after.as_bytes()].concat()
    };
    for value in [deep.as_bytes(), b"\"\xff\"", br#""\ud800""#] {
        let good = payment().to_string();
        let records = [good.as_bytes(), b",", &odd(value), b",", good.as_bytes()].concat();
        let body = [&b"{\"_embedded\":{\"records\":["[..], records.as_slice(), b"]}}"].concat();
        let all = page(&body, watched()).unwrap();
        let unreadable = |one: &StreamRecord| matches!(one.content, Content::Unreadable { .. });
        assert_eq!(all.iter().map(unreadable).collect::<Vec<_>>(), [false, true, false]);
        assert!(all.iter().all(|one| one.cursor.as_deref() == Some("12884905986")));
    }
}
