//! `GET /history/incoming`: what came, by row id.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::amount::TalerAmount;
use crate::engine::Incoming;
use crate::http::{Cut, brief, object, printable};
use crate::rails::{Arrivals, UnreadableIncoming};

/// No whole number in JSON is believed beyond this.
const SAFE_MAX: u64 = 1 << 53;

/// No word that becomes a column of its own is longer.
const WORD_MAX: usize = 1000;

#[derive(Deserialize)]
struct Row {
    row_id: u64,
    date: Timestamp,
    amount: String,
    credit_fee: Option<String>,
    debit_account: Option<String>,
    /// Of a `RESERVE`.
    reserve_pub: Option<String>,
    /// Of a `KYCAUTH`.
    account_pub: Option<String>,
}

#[derive(Deserialize)]
struct Timestamp {
    t_s: i64,
}

/// Whose feed it is.
pub(super) struct Source<'a> {
    /// The configured rail.
    pub(super) rail: &'a str,
    /// The account of ours, where a page does not tell it.
    pub(super) account: &'a str,
}

/// Reads a page of what came after the row `after`. More may follow whatever it brings, however little that is: a gateway
/// may have pages of its own size.
///
/// A row that cannot be booked is told as it came. Rows that do not rise are a mistake of the gateway that would lose
/// some, or bring the same page for ever: then the page is not believed.
pub(super) fn read(body: &[u8], source: &Source<'_>, after: u64) -> Result<Arrivals, String> {
    let page = Cut::object(body)?;
    let own = page.text("credit_account");
    let account = own.as_deref().unwrap_or(source.account);
    if !is_word(account) {
        return Err("credit_account is no word".to_owned());
    }
    let mut arrivals = Arrivals::default();
    let mut last = after;
    for raw in page.list("incoming_transactions")? {
        let row_id = row_id(raw);
        if let Some(row_id) = row_id {
            if row_id <= last || row_id > SAFE_MAX {
                return Err(format!("row {row_id} of the history comes after row {last}"));
            }
            last = row_id;
        }
        match incoming(raw, source.rail, account) {
            Ok(incoming) => arrivals.incoming.push(incoming),
            Err(why) => arrivals.unreadable.push(unreadable(raw, row_id, &why)),
        }
    }
    arrivals.more = last > after;
    arrivals.cursor = arrivals.more.then(|| last.to_string());
    Ok(arrivals)
}

/// A page of one row that is too large to be read, of which this is the beginning: the row is set aside, and the history
/// goes on behind it. None if it does not even tell its number.
pub(super) fn too_large(beginning: &str, problem: &str, after: u64) -> Option<Arrivals> {
    // A number at the very end may go on.
    let beginning = beginning.trim_end_matches(|one: char| one.is_ascii_digit());
    let raw = Cut::beginning(beginning.as_bytes()).first_of("incoming_transactions")?;
    let row_id = row_id(raw).filter(|row_id| (after + 1..=SAFE_MAX).contains(row_id))?;
    Some(Arrivals {
        unreadable: vec![unreadable(raw, Some(row_id), problem)],
        cursor: Some(row_id.to_string()),
        more: true,
        ..Arrivals::default()
    })
}

/// The number of a row that may be broken elsewhere.
fn row_id(raw: &[u8]) -> Option<u64> {
    Cut::beginning(raw).raw("row_id")?.get().parse().ok()
}

/// A row that cannot be booked, as far as it came.
fn unreadable(raw: &[u8], row_id: Option<u64>, why: &str) -> UnreadableIncoming {
    UnreadableIncoming {
        incoming_id: row_id.map(|row_id| row_id.to_string()),
        reason: brief(why),
        raw: printable(raw).into_owned(),
    }
}

/// A row of any type: what is not meant for a reserve or an account has no subject, and is kept as it came.
fn incoming(raw: &[u8], rail: &str, account: &str) -> Result<Incoming, String> {
    let row: Row = object(raw)?;
    let amount = TalerAmount::parse(&row.amount)?;
    // What the receiver's bank took for itself never reached us.
    let fee = row.credit_fee.as_deref().map(TalerAmount::parse).transpose()?;
    let received = match &fee {
        Some(fee) => amount.without(fee).ok_or("the fee is not a part of the amount")?,
        None => amount,
    };
    let subject = row.reserve_pub.or(row.account_pub);
    let words = [row.debit_account.as_deref(), subject.as_deref()];
    if !words.into_iter().flatten().all(is_word) {
        return Err("the row holds control characters, or a word that is too long".to_owned());
    }
    let id = row.row_id.to_string();
    Ok(Incoming {
        incoming_id: id.clone(),
        source: rail.to_owned(),
        account: account.to_owned(),
        from: row.debit_account,
        amount: received.amount()?,
        asset: received.currency().to_owned(),
        memo: None,
        subject,
        fee: fee.map(|fee| fee.amount()).transpose()?,
        muxed_id: None,
        reference: id,
        at: time(row.date.t_s)?,
        raw: printable(raw).into_owned(),
    })
}

/// Whether it can stand in a column of its own. A payto URI with its subject may be long.
fn is_word(word: &str) -> bool {
    word.len() <= WORD_MAX && !word.contains(char::is_control)
}

fn time(seconds: i64) -> Result<DateTime<Utc>, String> {
    let within = (0..=253_402_300_799).contains(&seconds);
    let time = DateTime::from_timestamp(seconds, 0).filter(|_| within);
    time.ok_or_else(|| format!("{seconds} is not a time"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SOURCE: Source<'_> = Source { rail: "bank", account: "https://bank.example/" };

    fn row(id: u64) -> Value {
        json!({ "type": "RESERVE", "row_id": id, "date": { "t_s": 1_767_323_045 }, "amount": "EUR:10.50",
            "debit_account": "payto://iban/DE1?receiver-name=A", "reserve_pub": "KEY" })
    }

    fn page(rows: &[Value], after: u64) -> Result<Arrivals, String> {
        let body = json!({ "incoming_transactions": rows, "credit_account": "payto://iban/DE9" });
        read(body.to_string().as_bytes(), &SOURCE, after)
    }

    fn changed(key: &str, value: Value) -> Value {
        let mut row = row(7);
        row[key] = value;
        row
    }

    #[test]
    fn a_row_becomes_an_incoming_payment() {
        let arrivals = page(&[row(7)], 3).unwrap();
        let incoming = &arrivals.incoming[0];
        let expected = Incoming {
            incoming_id: "7".to_owned(),
            source: "bank".to_owned(),
            account: "payto://iban/DE9".to_owned(),
            from: Some("payto://iban/DE1?receiver-name=A".to_owned()),
            amount: "10.5".parse().unwrap(),
            asset: "EUR".to_owned(),
            memo: None,
            subject: Some("KEY".to_owned()),
            fee: None,
            muxed_id: None,
            reference: "7".to_owned(),
            at: DateTime::from_timestamp(1_767_323_045, 0).unwrap(),
            raw: row(7).to_string(),
        };
        assert_eq!(incoming, &expected);
        assert_eq!((arrivals.cursor.as_deref(), arrivals.more), (Some("7"), true));
    }

    #[test]
    fn each_type_has_its_subject_and_unknown_ones_none() {
        let mut kyc = row(8);
        kyc["type"] = json!("KYCAUTH");
        kyc["account_pub"] = json!("ACCOUNT");
        kyc["reserve_pub"] = Value::Null;
        let wad = json!({ "type": "WAD", "row_id": 9, "date": { "t_s": 0 }, "amount": "EUR:1",
            "origin_exchange_url": "https://x.example/", "wad_id": "W" });
        let new =
            json!({ "type": "MAPPED", "row_id": 10, "date": { "t_s": 0 }, "amount": "EUR:1" });
        let arrivals = page(&[row(7), kyc, wad.clone(), new], 0).unwrap();
        let subjects: Vec<_> = arrivals.incoming.iter().map(|one| one.subject.as_deref()).collect();
        assert_eq!(subjects, [Some("KEY"), Some("ACCOUNT"), None, None]);
        assert_eq!(arrivals.incoming[2].raw, wad.to_string());
        assert!(arrivals.unreadable.is_empty());
    }

    #[test]
    fn a_fee_of_the_receivers_bank_did_not_reach_us() {
        let arrivals = page(&[changed("credit_fee", json!("EUR:0.25"))], 0).unwrap();
        assert_eq!(arrivals.incoming[0].amount, "10.25".parse().unwrap());
        assert_eq!(arrivals.incoming[0].fee, Some("0.25".parse().unwrap()), "it is on record");
        for fee in ["EUR:11", "USD:0.25", "0.25"] {
            let arrivals = page(&[changed("credit_fee", json!(fee))], 0).unwrap();
            assert_eq!((arrivals.incoming.len(), arrivals.unreadable.len()), (0, 1), "{fee}");
        }
    }

    #[test]
    fn what_cannot_be_booked_is_told_as_it_came_and_stops_nobody() {
        for odd in [
            changed("amount", json!("ten")),
            changed("amount", json!(10)),
            changed("date", json!({ "t_s": "never" })),
            changed("date", json!({ "t_s": -1 })),
            changed("debit_account", json!("a\u{0}")),
            json!({ "row_id": 7 }),
        ] {
            let arrivals = page(&[odd.clone(), row(8)], 0).unwrap();
            let one = &arrivals.unreadable[0];
            assert_eq!((one.incoming_id.as_deref(), &one.raw), (Some("7"), &odd.to_string()));
            assert_eq!((arrivals.incoming.len(), arrivals.cursor.as_deref()), (1, Some("8")));
        }
        let arrivals = page(&[json!([]), json!({ "row_id": "x" }), row(8)], 0).unwrap();
        assert_eq!((arrivals.unreadable.len(), arrivals.incoming.len()), (2, 1));
        assert!(arrivals.unreadable.iter().all(|one| one.incoming_id.is_none()));
    }

    #[test]
    fn a_row_that_is_no_text_is_told_as_far_as_it_can_be() {
        let good = row(8).to_string();
        let mut body = b"{\"incoming_transactions\":[{\"row_id\":7,\"x\":\"\xff\"},".to_vec();
        body.extend(good.as_bytes());
        body.extend(b"]}");
        let arrivals = read(&body, &SOURCE, 3).unwrap();
        let one = &arrivals.unreadable[0];
        assert_eq!(one.incoming_id.as_deref(), Some("7"));
        assert!(one.raw.contains('\u{fffd}') && one.reason.contains("UTF-8"), "{one:?}");
        assert_eq!((arrivals.incoming.len(), arrivals.cursor.as_deref()), (1, Some("8")));
    }

    #[test]
    fn what_no_reader_of_whole_rows_takes_spoils_no_other() {
        let deep = format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000));
        for odd in [r#""\ud800""#, deep.as_str(), "1e999999"] {
            let bad = format!("{{\"row_id\":7,\"amount\":{odd}}}");
            let body = format!("{{\"incoming_transactions\":[{},{bad},{}]}}", row(6), row(8));
            let arrivals = read(body.as_bytes(), &SOURCE, 3).unwrap();
            assert_eq!(arrivals.unreadable[0].incoming_id.as_deref(), Some("7"));
            assert_eq!((arrivals.incoming.len(), arrivals.cursor.as_deref()), (2, Some("8")));
        }
    }

    #[test]
    fn a_row_that_is_too_large_alone_is_set_aside_where_its_number_is_told() {
        let begun = r#"{"incoming_transactions":[{"row_id":7,"amount":"EUR:1","blob":"xxxxxx"#;
        let arrivals = too_large(begun, "32 MB", 3).unwrap();
        let one = &arrivals.unreadable[0];
        assert_eq!((one.incoming_id.as_deref(), one.reason.as_str()), (Some("7"), "32 MB"));
        assert_eq!((arrivals.cursor.as_deref(), arrivals.more), (Some("7"), true));
        assert!(arrivals.incoming.is_empty() && one.raw.contains("blob"));
        assert_eq!(too_large(begun, "32 MB", 7), None, "it does not rise");
        for begun in [
            "",
            "<html>",
            r#"{"incoming_transactions":[{"blob":"xx"#,
            r#"{"incoming_transactions":[{"row_id":7"#,
        ] {
            assert_eq!(too_large(begun, "32 MB", 3), None, "{begun}");
        }
    }

    #[test]
    fn rows_rise_however_their_number_is_written() {
        let body = br#"{"incoming_transactions":[{"row_id":7,"date":{"t_s":0},"amount":"EUR:1"},
            {"row\u005fid":5,"date":{"t_s":0},"amount":"EUR:2"}]}"#;
        assert!(read(body, &SOURCE, 3).is_err());
    }

    #[test]
    fn words_that_no_column_takes_are_not_booked() {
        let long = changed("debit_account", json!(format!("payto://{}", "x".repeat(1000))));
        let arrivals = page(&[long, row(8)], 0).unwrap();
        assert_eq!((arrivals.unreadable.len(), arrivals.incoming.len()), (1, 1));
        for account in ["a\u{0}".to_owned(), "x".repeat(1001)] {
            let body = json!({ "incoming_transactions": [row(7)], "credit_account": account });
            assert!(read(body.to_string().as_bytes(), &SOURCE, 0).is_err());
        }
    }

    #[test]
    fn rows_must_rise() {
        for rows in [vec![row(3)], vec![row(5), row(5)], vec![row(6), row(5)]] {
            assert!(page(&rows, 3).is_err());
        }
        let odd = page(&[json!({})], 3).unwrap();
        assert_eq!((odd.unreadable.len(), odd.more, odd.cursor), (1, false, None), "set aside");
        let far = changed("row_id", json!(u64::MAX));
        assert!(page(&[far], 3).is_err());
    }

    #[test]
    fn an_empty_page_moves_nothing() {
        assert_eq!(page(&[], 3).unwrap(), Arrivals::default());
        for body in ["", "[]", "{}", "<html>"] {
            assert!(read(body.as_bytes(), &SOURCE, 0).is_err(), "{body}");
        }
        let bare = json!({ "incoming_transactions": [row(7)] }).to_string();
        let arrivals = read(bare.as_bytes(), &SOURCE, 0).unwrap();
        assert_eq!(arrivals.incoming[0].account, SOURCE.account);
    }
}
