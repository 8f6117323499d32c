//! `railpoll sandbox pay`: what a customer does, at a sandbox that runs.

use std::time::Duration;

use clap::Args;
use reqwest::Method;
use reqwest::Url;
use serde_json::{Value, json};

use crate::actions::transfers::find;
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::config::{NetworkKind, RailKind, Settings};
use crate::engine::{Amount, Asset, Clock, Memo, RetryPolicy, Transfer, no_rail};
use crate::http::{self, Body, Call, Http, Request, Stop};

pub(super) const EXAMPLES: &str = "\
Pays what transfers wait for, or what you say. The sandbox is the one that the configuration names; it must be on loopback.

Examples:
  # a withdrawal: on the ledger, with its memo
  railpoll -c trial/railpoll.toml sandbox pay w-1
  # a deposit: into the bank, and not all of it
  railpoll -c trial/railpoll.toml sandbox pay d-1 \\
    --amount 9.50
  railpoll -c trial/railpoll.toml sandbox pay --memo 77 \\
    --amount 20
  railpoll -c trial/railpoll.toml sandbox pay \\
    --subject RF18 --amount 10 --from Kim";

/// A simulated network answers at once.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(super) struct PayArgs {
    /// A transfer: its side, memo or subject, and expected amount are taken
    #[arg(value_name = "TRANSFER", conflicts_with_all = ["memo", "subject"])]
    transfer: Option<String>,
    /// How much; without it, what the transfer expects
    #[arg(long)]
    amount: Option<Amount>,
    /// On the ledger: the memo that the payment carries
    #[arg(long, conflicts_with = "subject")]
    memo: Option<String>,
    /// What the memo is
    #[arg(long, default_value = "id", value_parser = Memo::TYPES)]
    memo_type: String,
    /// Into the bank: what the payment is about
    #[arg(long)]
    subject: Option<String>,
    /// The asset, if several are configured
    #[arg(long, value_name = "NAME")]
    asset: Option<String>,
    /// Who pays: on the ledger an account of the sandbox by its name, in the bank any text
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
}

/// What a customer is to do.
enum Payment {
    /// A payment on the ledger, to an account of ours.
    OnLedger { to: String, memo: Option<Memo> },
    /// A payment into the bank.
    IntoBank { about: String },
}

pub(super) async fn run(session: &Session, args: &PayArgs, out: &mut Out) -> Result<(), Failure> {
    let settings = session.settings()?;
    let transfer = match &args.transfer {
        Some(id) => {
            let store = session.look().await?;
            let found = find(&store, id).await;
            store.close().await;
            Some(found?)
        }
        None => None,
    };
    let asset = asset_of(settings, args, transfer.as_ref())?;
    let expected = transfer.as_ref().and_then(|transfer| transfer.amount_expected.clone());
    let amount = args.amount.clone().or(expected);
    let amount = amount.ok_or_else(|| Failure::Usage("how much? Say --amount".to_owned()))?;
    if amount.is_zero() {
        return Err(Failure::Usage("--amount: nobody pays nothing".to_owned()));
    }
    let amount = amount.to_string();
    let (request, place) = match payment_of(asset, args, transfer.as_ref())? {
        Payment::OnLedger { to, memo } => {
            let horizon = horizon_of(settings, asset)?;
            (on_ledger(horizon, asset, &to, memo, &amount, args.from.as_deref()), horizon)
        }
        Payment::IntoBank { about } => {
            let side = asset.rail.as_ref().ok_or_else(|| Failure::Refused(no_rail(&asset.name)))?;
            let rail = transfer.as_ref().map_or(side.rail.as_str(), |transfer| &transfer.rail);
            let bank = bank_of(settings, rail)?;
            (into_bank(bank, &side.currency, &about, &amount, args.from.as_deref())?, bank)
        }
    };
    let told = send(&request, place).await?;
    if out.is_json() {
        return out.json(&told);
    }
    let what = told["hash"].as_str().map(|hash| format!(", transaction {hash}"));
    out.line(format!("paid {amount} {}{}", asset.name, what.unwrap_or_default()))
}

fn asset_of<'a>(
    settings: &'a Settings,
    args: &PayArgs,
    transfer: Option<&Transfer>,
) -> Result<&'a Asset, Failure> {
    let name = args.asset.as_ref().or(transfer.map(|transfer| &transfer.asset));
    let mut all = settings.assets.values();
    match (name, all.next(), all.next()) {
        (Some(name), ..) => settings.assets.get(name).ok_or_else(|| {
            Failure::Refused(format!("there is no asset {name} in the configuration"))
        }),
        (None, Some(only), None) => Ok(only),
        (None, Some(_), Some(_)) => {
            Err(Failure::Usage("which asset? Say --asset: several are configured".to_owned()))
        }
        (None, None, _) => Err(Failure::Refused(
            "no asset is configured: `railpoll sandbox --everything --write-config DIR` writes a config with one"
                .to_owned(),
        )),
    }
}

fn payment_of(
    asset: &Asset,
    args: &PayArgs,
    transfer: Option<&Transfer>,
) -> Result<Payment, Failure> {
    if let Some(transfer) = transfer {
        if transfer.kind.is_deposit() {
            // The bank is asked by the transfer's id where it has no subject.
            let about = transfer.subject.clone().unwrap_or_else(|| transfer.transfer_id.clone());
            return Ok(Payment::IntoBank { about });
        }
        let to = transfer.account.clone().unwrap_or_else(|| asset.account.clone());
        return Ok(Payment::OnLedger { to, memo: transfer.memo.clone() });
    }
    if let Some(about) = &args.subject {
        return Ok(Payment::IntoBank { about: about.clone() });
    }
    let memo = args.memo.as_ref().map(|memo| Memo::parse(&args.memo_type, memo)).transpose();
    let memo = memo.map_err(|error| Failure::Usage(format!("--memo: {error}")))?;
    Ok(Payment::OnLedger { to: asset.account.clone(), memo })
}

fn horizon_of<'a>(settings: &'a Settings, asset: &Asset) -> Result<&'a Url, Failure> {
    match settings.networks.get(&asset.network).map(|network| &network.kind) {
        Some(NetworkKind::Stellar(stellar)) => Ok(&stellar.horizon_url),
        Some(NetworkKind::RippleNet(_) | NetworkKind::Tari) | None => {
            Err(Failure::Refused(format!("{} is no Stellar network", asset.network)))
        }
    }
}

fn bank_of<'a>(settings: &'a Settings, rail: &str) -> Result<&'a Url, Failure> {
    match settings.rails.get(rail).map(|rail| &rail.kind) {
        Some(RailKind::Http { url, .. }) => Ok(url),
        Some(RailKind::Command { .. } | RailKind::WireGateway { .. }) | None => {
            Err(Failure::Refused(format!(
                "the rail {rail} is not of kind http: only the simulated bank takes a customer's money this way"
            )))
        }
    }
}

fn on_ledger(
    horizon: &Url,
    asset: &Asset,
    to: &str,
    memo: Option<Memo>,
    amount: &str,
    from: Option<&str>,
) -> Request {
    let mut url = at_root(horizon, "/sandbox/pay");
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("to", to).append_pair("amount", amount);
        query.append_pair("asset", &asset.code);
        if let Some(from) = from {
            query.append_pair("from", from);
        }
        if let Some(memo) = memo {
            let text = match &memo {
                Memo::Hash(hash) | Memo::Return(hash) => {
                    hash.iter().map(|byte| format!("{byte:02x}")).collect()
                }
                Memo::Text(_) | Memo::Id(_) => memo.text(),
            };
            query.append_pair("memo_type", memo.memo_type()).append_pair("memo", &text);
        }
    }
    Request::new("pay", Method::POST, url)
}

fn into_bank(
    bank: &Url,
    currency: &str,
    about: &str,
    amount: &str,
    from: Option<&str>,
) -> Result<Request, Failure> {
    let mut ask = json!({ "about": about, "amount": amount, "currency": currency });
    if let Some(from) = from {
        ask["from"] = Value::from(from);
    }
    let body = serde_json::to_vec(&ask)
        .map_err(|error| Failure::Defect(format!("the payment cannot be written: {error}")))?;
    let url = at_root(bank, "/admin/receive");
    Ok(Request { body: Some(Body::json(body)), ..Request::new("pay", Method::POST, url) })
}

fn at_root(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url.set_query(None);
    url
}

/// Sends it once: a payment that is made twice is two.
async fn send(request: &Request, place: &Url) -> Result<Value, Failure> {
    if !http::is_loopback(place) {
        return Err(Failure::Refused(format!(
            "{} is not on loopback, so that it is no sandbox: nobody plays a customer there",
            place.host_str().unwrap_or_default()
        )));
    }
    let settings = http::HttpSettings {
        name: "sandbox".to_owned(),
        address: "at",
        timeout: TIMEOUT,
        requests_per_second: None,
        retry: RetryPolicy { max_attempts: 1, max_interval: Duration::ZERO },
        sign: None,
    };
    let client = Http::new(settings, &[place], Clock::system(), |_| {})
        .map_err(|error| Failure::Defect(error.to_string()))?;
    let read = |received: &http::Received| {
        serde_json::from_slice(&received.body).map_err(|error| error.to_string())
    };
    client.run(Call::Operation, request, None, &read).await.map_err(|stop| {
        let why = match stop {
            Stop::NewToken(why) | Stop::Busy(why) | Stop::Unclear(why) => why,
            Stop::Error(error) => error.to_string(),
        };
        Failure::Refused(format!("the sandbox at {place} did not take it: {why}"))
    })
}
