//! What a wallet tells, handed in by somebody: that it has got money, and that this is final.

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::Value;

use crate::actions::incoming::{IncomingNamed, find};
use crate::actions::orders::Happened;
use crate::actions::{ActionError, Actions};
use crate::engine::order::{ClaimTold, OrderFact, Reference, ReferenceTold, SeenMoney};
use crate::engine::{Amount, Asset, Incoming, IncomingKey, Memo, Refusal, RefusalCode};
use crate::http::named_twice;
use crate::networks::tari::{
    TariAddress, WalletAuth, WalletConfirmation, WalletPayment, WalletRefusal, WalletRegistration,
    admit, read_memo,
};
use crate::store::{Deed, IncomingRow, OrderDone, OrderTeller, WalletRow};

/// Bytes in a payment's id, and in a memo that gets a column.
const ID_MAX: usize = 200;
const MEMO_MAX: usize = 1_000;

/// Millionths of a whole.
const MILLIONTHS: u64 = 1_000_000;

/// A notification that somebody hands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotifyAsked<'a> {
    /// JSON: `{"payment": …, "auth": …}` or `{"confirmation": …, "auth": …}`.
    pub(crate) text: &'a str,
    /// The network, where the wallet reports on several.
    pub(crate) network: Option<&'a str>,
    /// From where the wallet has told it. None: whoever hands it in vouches for that.
    pub(crate) caller: Option<IpAddr>,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Notified {
    /// The money that it is about, as it is on record.
    pub(crate) row: IncomingRow,
    /// Whether it was known before.
    pub(crate) already: bool,
    /// What followed.
    pub(crate) done: OrderDone,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToldPayment {
    payment: WalletPayment,
    auth: WalletAuth,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToldConfirmation {
    confirmation: WalletConfirmation,
    auth: WalletAuth,
}

/// What a wallet may tell.
enum Told {
    Payment(ToldPayment),
    Confirmation(ToldConfirmation),
}

impl Actions<'_> {
    /// Takes what a wallet has told, if it is heard.
    ///
    /// # Errors
    /// It cannot be read, the wallet is not heard, or what it tells contradicts what is known.
    pub(crate) async fn notify(
        &self,
        asked: NotifyAsked<'_>,
        deed: &Deed,
    ) -> Result<Notified, ActionError> {
        let told = read(asked.text)?;
        let auth = match &told {
            Told::Payment(told) => &told.auth,
            Told::Confirmation(told) => &told.auth,
        };
        let wallet = self.registered(&auth.address, asked.network).await?;
        let nonce = self.heard(&told, &wallet, asked.caller)?;
        let fact = match &told {
            Told::Payment(told) => {
                OrderFact::Received(Box::new(self.seen(&told.payment, &wallet, asked.text)?))
            }
            Told::Confirmation(told) => {
                let (source, id) = (wallet.network.clone(), told.confirmation.txid.clone());
                OrderFact::Confirmed(IncomingKey { source, incoming_id: id })
            }
        };
        let incoming_id = fact.money().map(|key| key.incoming_id).unwrap_or_default();
        expect_id(&incoming_id)?;
        let (network, address) = (wallet.network.as_str(), wallet.address.as_str());
        let teller = OrderTeller::HandedIn { network, address, nonce, deed };
        let Some(Happened { already, done }) = self.happens(teller, fact).await? else {
            let text = format!("nobody has told of the payment {incoming_id} on {network}");
            let missing = Refusal::new(RefusalCode::NotFound, text);
            return Err(missing.hint("a payment is told before it is final").into());
        };
        let named = IncomingNamed { id: &incoming_id, place: Some(network) };
        let row = find(self.store, named).await?;
        Ok(Notified { row, already, done })
    }

    /// The nonce of what a wallet tells, if the wallet is heard.
    fn heard(
        &self,
        told: &Told,
        wallet: &WalletRow,
        caller: Option<IpAddr>,
    ) -> Result<i64, Refusal> {
        let defect = |what: &str| {
            let text = format!("what is on record of wallet {} is no {what}", wallet.address);
            Refusal::new(RefusalCode::Invalid, text)
        };
        let address: TariAddress = wallet.address.parse().map_err(|_| defect("address"))?;
        let ip_address: IpAddr = wallet.ip_address.parse().map_err(|_| defect("IP address"))?;
        let known = WalletRegistration { address, ip_address, last_nonce: wallet.last_nonce };
        let caller = caller.unwrap_or(ip_address);
        let admitted = match told {
            Told::Payment(told) => admit(Some(&known), &told.auth, &told.payment, caller),
            Told::Confirmation(told) => admit(Some(&known), &told.auth, &told.confirmation, caller),
        };
        admitted.map_err(|why| {
            let code = match why {
                WalletRefusal::Unknown => RefusalCode::NotFound,
                WalletRefusal::Signature => RefusalCode::BadSignature,
                WalletRefusal::Caller => RefusalCode::Unfit,
                WalletRefusal::Nonce { .. } => RefusalCode::OtherVersion,
            };
            Refusal::new(code, why.to_string())
        })
    }

    /// Money that a wallet has got, and what it may be for.
    fn seen(
        &self,
        payment: &WalletPayment,
        wallet: &WalletRow,
        raw: &str,
    ) -> Result<SeenMoney, Refusal> {
        let asset = self.asset_at(wallet)?;
        let sender = payment.sender.base58();
        let memo = payment.memo.as_deref();
        let claim = memo.map(read_memo);
        let signer = claim.as_ref().map(|claim| claim.address()).unwrap_or_default();
        let told = ReferenceTold {
            sender: &sender,
            paid_to: None,
            order_id: payment.order_id.as_deref(),
            memo,
            claim: claim.as_ref().map_or(ClaimTold::Absent, |claim| claim.told(&signer)),
        };
        let takes = self.settings.shops.values().filter(|shop| shop.assets.contains(&asset.name));
        let names =
            takes.map(|shop| (shop.name.clone(), Reference::read(&shop.terms.reference, &told)));
        let names = names.collect();
        // What is longer than a memo of other networks stands where a bank's text does.
        let short = memo.and_then(|memo| Memo::parse("text", memo).ok());
        let incoming = Incoming {
            incoming_id: payment.txid.clone(),
            source: wallet.network.clone(),
            account: wallet.address.clone(),
            from: Some(sender.clone()),
            amount: whole(payment.amount)?,
            fee: None,
            asset: asset.code.clone(),
            subject: memo
                .filter(|memo| short.is_none() && memo.len() <= MEMO_MAX)
                .map(ToOwned::to_owned),
            memo: short,
            muxed_id: None,
            reference: payment.txid.clone(),
            at: self.now,
            raw: raw.to_owned(),
        };
        Ok(SeenMoney { incoming, asset: asset.name.clone(), names })
    }

    /// The configured asset of what a wallet gets: the one with its address, or the only one on its network.
    fn asset_at(&self, wallet: &WalletRow) -> Result<&Asset, Refusal> {
        let on_it = || self.settings.assets.values().filter(|one| one.network == wallet.network);
        let own = on_it().find(|asset| asset.account == wallet.address);
        let only = || Some(on_it().next()?).filter(|_| on_it().count() == 1);
        own.or_else(only).ok_or_else(|| {
            let text = format!("no asset on {} has the account {}", wallet.network, wallet.address);
            let hint = "what a wallet gets is of the asset whose account it is";
            Refusal::new(RefusalCode::NotConfigured, text).hint(hint)
        })
    }
}

/// An id is a word that can be told and typed.
fn expect_id(id: &str) -> Result<(), Refusal> {
    let is_id = !id.trim().is_empty() && id.len() <= ID_MAX && !id.contains(char::is_control);
    is_id.then_some(()).ok_or_else(|| {
        let text = "txid is a text of at most 200 bytes, without control characters";
        Refusal::new(RefusalCode::Invalid, text)
    })
}

fn read(text: &str) -> Result<Told, Refusal> {
    let invalid = |why: String| Refusal::new(RefusalCode::Invalid, why);
    if let Some(fault) = named_twice(text) {
        return Err(invalid(fault));
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| invalid(format!("a notification is a JSON object: {error}")))?;
    let told = if value.get("confirmation").is_some() {
        serde_json::from_str(text).map(Told::Confirmation)
    } else {
        serde_json::from_str(text).map(Told::Payment)
    };
    told.map_err(|error| {
        let form = "{\"payment\": …, \"auth\": …} or {\"confirmation\": …, \"auth\": …}";
        invalid(format!("a notification is {form}: {error}"))
    })
}

fn whole(millionths: u64) -> Result<Amount, Refusal> {
    let text = format!("{}.{:06}", millionths / MILLIONTHS, millionths % MILLIONTHS);
    text.parse().map_err(|error| Refusal::new(RefusalCode::Invalid, format!("amount: {error}")))
}
