//! Lists in which one record cannot be read: it spoils no other, and is not taken for one that paid nothing.

use serde_json::{Value, json};

use super::super::wire::{self, Watched};
use super::*;

/// A transaction of the channel that pays 10 USD of the payer's, as a list tells it.
fn transaction(place: u64) -> Value {
    let plan = plan(vec![pay(CUSTOMER, "10")]);
    let envelope = Envelope::build(&plan, NetworkId::new(PASSPHRASE)).unwrap();
    json!({
        "_links": { "self": { "href": "https://h.example/transactions/ab12" } },
        "id": "ab12", "paging_token": place.to_string(), "successful": true, "hash": "ab12",
        "created_at": "2027-01-15T08:00:00Z", "source_account": CHANNEL,
        "source_account_sequence": "4294967297", "envelope_xdr": envelope.to_xdr_base64().unwrap(),
        "memo_type": "text", "memo": "odd"
    })
}

/// A page of these records, each written as it is.
fn page(records: &[Vec<u8>]) -> Vec<u8> {
    let next = "https://h.example/accounts/G/transactions?cursor=7&order=desc";
    let mut body = format!("{{\"_links\":{{\"next\":{{\"href\":\"{next}\"}}}},").into_bytes();
    body.extend(b"\"_embedded\":{\"records\":[");
    body.extend(records.join(&b","[..]));
    body.extend(b"]}}");
    body
}

/// What no reader of whole values takes: no UTF-8, half a surrogate, nested too deep, a number beyond all.
fn oddities() -> Vec<Vec<u8>> {
    let deep = format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000)).into_bytes();
    vec![b"\"M\xfcller\"".to_vec(), br#""\ud800""#.to_vec(), deep, b"1e999999".to_vec()]
}

/// The record with something odd in the field `name`.
fn with(mut record: Value, name: &str, odd: &[u8]) -> Vec<u8> {
    record[name] = json!("?odd?");
    let text = record.to_string();
    let (before, after) = text.split_once("\"?odd?\"").unwrap();
    [before.as_bytes(), odd, after.as_bytes()].concat()
}

fn good(place: u64) -> Vec<u8> {
    transaction(place).to_string().into_bytes()
}

#[test]
fn what_nobody_needs_of_a_past_transaction_may_be_anything() {
    for odd in oddities() {
        let body = page(&[good(9), with(transaction(8), "memo", &odd), good(7)]);
        let all = wire::past(&body).unwrap();
        let paid = all.iter().map(|one| match one {
            PastRecord::Read(past) => (past.paging_token.as_str(), past.payments.len()),
            PastRecord::Unread(unread) => panic!("{unread:?}"),
        });
        assert_eq!(paid.collect::<Vec<_>>(), [("9", 1), ("8", 1), ("7", 1)]);
    }
}

#[test]
fn a_past_transaction_that_cannot_be_read_spoils_no_other() {
    let fields = ["envelope_xdr", "successful", "source_account_sequence", "created_at", "hash"];
    for (name, odd) in
        fields.into_iter().flat_map(|name| oddities().into_iter().map(move |odd| (name, odd)))
    {
        let body = page(&[good(9), with(transaction(8), name, &odd), good(7)]);
        let all = wire::past(&body).unwrap();
        assert_eq!(
            all.iter().map(PastRecord::paging_token).collect::<Vec<_>>(),
            [Some("9"), Some("8"), Some("7")]
        );
        let PastRecord::Unread(unread) = &all[1] else { panic!("{name}: {:?}", all[1]) };
        assert_eq!(unread.source.as_deref(), Some(CHANNEL), "{name}: whose it is can be read");
        assert!(unread.why.contains(name), "{name}: {}", unread.why);
        assert!(matches!(all[0], PastRecord::Read(_)) && matches!(all[2], PastRecord::Read(_)));
    }
}

#[test]
fn nobody_knows_whose_a_past_transaction_is_without_its_source() {
    for odd in oddities().into_iter().chain([b"null".to_vec(), b"7".to_vec()]) {
        let all = wire::past(&page(&[with(transaction(8), "source_account", &odd)])).unwrap();
        let [PastRecord::Unread(unread)] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((unread.source.as_deref(), unread.sequence), (None, Some(4_294_967_297)));
    }
    let all = wire::past(&page(&[b"[\xff]".to_vec()])).unwrap();
    assert_eq!(all[0].paging_token(), Some("7"), "the page tells where to go on");
    let twice = String::from_utf8(good(8)).unwrap().replacen('{', "{\"hash\":\"cd34\",", 1);
    let all = wire::past(&page(&[twice.into_bytes()])).unwrap();
    assert!(matches!(&all[0], PastRecord::Unread(one) if one.why.contains("twice")), "{all:?}");
    for body in ["", "[]", "{}", "<html>", r#"{"_embedded":{}}"#] {
        assert!(wire::past(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn the_beginning_of_a_page_that_is_too_large_tells_the_place_of_its_record() {
    let mut body = page(&[good(8)]);
    let whole = body.len();
    body.truncate(whole - 40);
    let beginning = String::from_utf8(body).unwrap();
    let past = wire::past_too_large(&beginning, "32 MB").unwrap();
    assert_eq!(past.paging_token(), Some("8"));
    let PastRecord::Unread(unread) = &past else { panic!("{past:?}") };
    assert_eq!((unread.source.as_deref(), unread.why.as_str()), (Some(CHANNEL), "32 MB"));
    let set_aside = wire::too_large(&beginning, "32 MB").unwrap();
    assert_eq!(set_aside.cursor.as_deref(), Some("8"));
    let Content::Unreadable { why, raw } = set_aside.content else { panic!("it was not read") };
    assert!(why == "32 MB" && raw.starts_with('{') && raw.contains("ab12"), "{why} {raw}");
    for cut in [
        "",
        "<html>",
        "{\"_embedded\":{\"records\":[{\"paging_token\":8",
        "{\"_embedded\":{\"records\":[{\"id\":\"8\",\"paging_to",
    ] {
        assert!(wire::too_large(cut, "32 MB").is_none(), "{cut}");
        assert!(wire::past_too_large(cut, "32 MB").is_none(), "{cut}");
    }
}

#[test]
fn an_effect_that_cannot_be_read_hides_no_credit() {
    let claim = json!({
        "id": "12884905986", "paging_token": "12884905986", "type": "claim_claimable_balance",
        "claimant": CUSTOMER, "created_at": "2027-01-15T08:00:00Z", "transaction_hash": "ab12",
        "transaction": { "memo_type": "none" }
    });
    let watched = Watched { network: "stellar", account: CUSTOMER };
    let record = wire::record(claim.to_string().as_bytes(), watched, None);
    let Content::Claimed(claim) = record.content else { panic!("{record:?}") };
    let credit = json!({
        "type": "account_credited", "account": CUSTOMER, "amount": "3.0", "asset_type": "native"
    });
    for odd in oddities() {
        let other = with(json!({ "type": "claimable_balance_claimed" }), "odd", &odd);
        let body = page(&[other.clone(), credit.to_string().into_bytes()]);
        assert_eq!(wire::claimed(&body, &claim).unwrap().amount, "3".parse().unwrap());
        let why = wire::claimed(&page(&[other]), &claim).unwrap_err();
        assert!(!why.contains("missing"), "it may be in the one that cannot be read: {why}");
    }
}
