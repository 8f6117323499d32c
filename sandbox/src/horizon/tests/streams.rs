//! Lists as streams, whole and broken.

use super::*;

/// What a stream told until it ended: the ids of its records, the events that were no records, and whether it broke.
struct Heard {
    ids: Vec<u64>,
    others: Vec<String>,
    broke: bool,
}

async fn open(bench: &Bench, query: &str) -> Response {
    let path = format!("/accounts/{}/payments?{query}", bench.bank.account());
    let request = bench.http.get(format!("{}{path}", bench.sandbox.url()));
    let answer = request.header("Accept", "text/event-stream").send().await.unwrap();
    assert_eq!(answer.headers()["Content-Type"], "text/event-stream");
    answer
}

async fn listen(bench: &Bench, query: &str) -> Heard {
    let mut answer = open(bench, query).await;
    let (mut text, mut broke) = (Vec::new(), false);
    loop {
        match answer.chunk().await {
            Ok(Some(part)) => text.extend_from_slice(&part),
            Ok(None) => break,
            Err(_) => {
                broke = true;
                break;
            }
        }
    }
    let text = String::from_utf8(text).unwrap();
    let (mut ids, mut others) = (Vec::new(), Vec::new());
    for event in text.split("\n\n").filter(|event| !event.is_empty()) {
        match event.strip_prefix("id: ").and_then(|rest| rest.split_once("\ndata: ")) {
            Some((id, data)) => match serde_json::from_str::<Value>(data) {
                Ok(record) => {
                    assert_eq!(record["paging_token"], id);
                    ids.push(id.parse().unwrap());
                }
                Err(_) => others.push("half".to_owned()),
            },
            None => others.push(event.to_owned()),
        }
    }
    Heard { ids, others, broke }
}

async fn five_payments() -> (Bench, Keys, Vec<u64>) {
    let bench = Bench::plain().await;
    let kim = bench.holder("kim");
    pay(&bench, &kim, 5);
    let ids = bench.sandbox.payments_to(&bench.bank.account()).iter().map(|it| it.id).collect();
    (bench, kim, ids)
}

fn pay(bench: &Bench, kim: &Keys, count: usize) {
    let payment = CustomerPayment {
        to: bench.bank.account(),
        asset: "native".to_owned(),
        amount: "0.1".to_owned(),
        memo: CustomerMemo::None,
    };
    bench.sandbox.pay_all(kim, &vec![payment; count]).unwrap();
}

#[tokio::test]
async fn a_stream_greets_tells_and_says_goodbye_at_its_limit() {
    let (bench, _, ids) = five_payments().await;
    let heard = listen(&bench, "limit=3").await;
    assert_eq!(heard.ids, ids[..3]);
    assert_eq!(heard.others[0], "retry: 1000\nevent: open\ndata: \"hello\"");
    assert_eq!(heard.others[1], "retry: 10\nevent: close\ndata: \"byebye\"");
    assert!(!heard.broke);
    let heard = listen(&bench, &format!("limit=2&cursor={}", ids[2])).await;
    assert_eq!(heard.ids, ids[3..]);
    bench.sandbox.wait_until(|it| it.streams() == 0).await;
}

#[tokio::test]
async fn a_stream_tells_what_happens_while_it_is_open() {
    let (bench, kim, ids) = five_payments().await;
    let more = async {
        bench.sandbox.wait_until(|it| it.streams() == 1).await;
        pay(&bench, &kim, 2);
        pay(&bench, &kim, 1);
    };
    let (heard, ()) = tokio::join!(listen(&bench, "limit=3&cursor=now"), more);
    let all: Vec<u64> =
        bench.sandbox.payments_to(&bench.bank.account()).iter().map(|it| it.id).collect();
    assert_eq!(heard.ids, all[ids.len()..]);
}

#[tokio::test]
async fn the_last_event_id_counts_more_than_the_cursor() {
    let (bench, _, ids) = five_payments().await;
    let path = format!("/accounts/{}/payments?limit=1&cursor=1", bench.bank.account());
    let request = bench.http.get(format!("{}{path}", bench.sandbox.url()));
    let request = request.header("Accept", "text/event-stream");
    let answer = request.header("Last-Event-ID", ids[3].to_string()).send().await.unwrap();
    assert!(answer.text().await.unwrap().contains(&format!("id: {}\n", ids[4])));
}

#[tokio::test]
async fn a_stream_breaks_between_records_or_inside_one() {
    let (bench, _, ids) = five_payments().await;
    bench.sandbox.script_stream(1, StreamFault::Drop(2));
    let heard = listen(&bench, "").await;
    assert_eq!((heard.ids.as_slice(), heard.broke), (&ids[..2], true));
    bench.sandbox.script_stream(1, StreamFault::DropInside(2));
    let heard = listen(&bench, "").await;
    assert_eq!((heard.ids.as_slice(), heard.broke), (&ids[..2], true));
    assert_eq!(heard.others.last().unwrap(), "half");
    bench.sandbox.script_stream(1, StreamFault::DropInside(0));
    assert_eq!(listen(&bench, "").await.ids, Vec::<u64>::new());
    // Resumed after the last one that was whole, nothing is missing.
    let heard = listen(&bench, &format!("limit=3&cursor={}", ids[1])).await;
    assert_eq!(heard.ids, ids[2..]);
}

#[tokio::test]
async fn a_stream_repeats_itself_talks_nonsense_and_ends_early() {
    let (bench, _, ids) = five_payments().await;
    bench.sandbox.script_stream(1, StreamFault::Repeat(2));
    let heard = listen(&bench, "limit=3").await;
    assert_eq!(heard.ids, [ids[0], ids[1], ids[1], ids[2]]);
    bench.sandbox.script_stream(1, StreamFault::Garbage(1));
    let heard = listen(&bench, "limit=3").await;
    assert_eq!(heard.ids, ids[..3]);
    assert_eq!(heard.others[1], "data: {\"id\": garb");
    bench.sandbox.script_stream(1, StreamFault::Close(1));
    let heard = listen(&bench, "limit=3").await;
    assert_eq!((heard.ids.as_slice(), heard.broke), (&ids[..1], false));
}

#[tokio::test]
async fn a_silent_stream_stays_open_and_tells_nothing() {
    let (bench, kim, _) = five_payments().await;
    bench.sandbox.script_stream(1, StreamFault::Silence(0));
    let mut answer = open(&bench, "cursor=now").await;
    let hello = answer.chunk().await.unwrap().unwrap();
    assert!(hello.starts_with(b"retry: 1000"));
    pay(&bench, &kim, 1);
    assert_eq!(bench.sandbox.streams(), 1);
    let stop = async { bench.sandbox.stop() };
    let (end, ()) = tokio::join!(answer.chunk(), stop);
    assert!(!matches!(end, Ok(Some(_))));
}

#[tokio::test]
async fn an_idle_stream_says_goodbye() {
    let options =
        HorizonOptions { stream_lifetime: Duration::from_millis(20), ..HorizonOptions::default() };
    let bench = Bench::new(options).await;
    let heard = listen(&bench, "cursor=now").await;
    assert_eq!(heard.ids, Vec::<u64>::new());
    assert!(heard.others[1].contains("byebye"));
}

#[tokio::test]
async fn a_stream_begins_only_where_a_page_could() {
    let (bench, _, _) = five_payments().await;
    let account = bench.bank.account();
    let path = format!("{}/accounts/{account}/payments?cursor=x", bench.sandbox.url());
    let answer = bench.http.get(path).header("Accept", "text/event-stream").send().await.unwrap();
    assert_eq!(answer.status(), 400);
}
