//! What a file or a command line says of a new transfer, completed by the configuration of its asset.

use crate::actions::reading::{Fields, Reading, unknown};
use crate::config::Settings;
use crate::engine::{
    Amount, Asset, Memo, NewTransfer, RailSide, TransferKind, TransferStatus, no_rail,
};
use crate::http::named_twice;
use crate::networks::stellar::Address;

/// The fields that can be given, by name.
pub(crate) const FIELDS: [&str; 20] = [
    "transfer_id",
    "kind",
    "protocol",
    "status",
    "asset",
    "rail",
    "amount_expected",
    "amount_in",
    "amount_out",
    "amount_fee",
    "from",
    "to",
    "memo_type",
    "memo",
    "account",
    "beneficiary",
    "subject",
    "rail_reference",
    "deadline",
    "created_at",
];

/// Fields of a transfer on record that are ours to fill. A list of transfers has them, and so a file may.
const OURS: [&str; 7] = [
    "version",
    "rail_fee",
    "network_reference",
    "reason",
    "reason_code",
    "updated_at",
    "completed_at",
];
/// Fields that the asset decides. They may be there, if they say the same.
const OF_ASSET: [&str; 2] = ["network", "currency"];

/// Reads one transfer.
///
/// # Errors
/// A sentence for each fault.
pub(crate) fn read(fields: &Fields, settings: &Settings) -> Result<NewTransfer, Vec<String>> {
    let mut reading = Reading::of(fields);
    reading.refuse_unknown(&FIELDS, &[OURS.as_slice(), &OF_ASSET].concat());
    reading.refuse_doubt();
    reading.refuse_secrets();
    let kind = reading.required::<TransferKind>("kind");
    let asset = reading.asset(settings);
    let side = asset.and_then(|asset| asset.rail.as_ref());
    let rail = reading.rail(settings, side);
    let transfer_id = reading.required::<String>("transfer_id");
    let amounts = ["amount_expected", "amount_in", "amount_out", "amount_fee"]
        .map(|name| reading.amount(name));
    let memo = reading.memo();
    let protocol = reading.parsed("protocol");
    let status = reading.parsed("status");
    let deadline = reading.time("deadline");
    let created_at = reading.time("created_at");
    if let (Some(kind), Some((asset, side))) = (kind, asset.zip(side)) {
        reading.check_decimals(kind, asset, &amounts);
        reading.check_address(kind);
        reading.check_asset(asset, side);
    }
    let (Some(kind), Some((asset, side)), Some(transfer_id), Some(rail)) =
        (kind, asset.zip(side), transfer_id, rail)
    else {
        return Err(reading.faults);
    };
    let [amount_expected, amount_in, amount_out, amount_fee] = amounts;
    let own_account = (!kind.is_deposit()).then(|| asset.account.clone());
    let new = NewTransfer {
        transfer_id,
        kind,
        protocol,
        status: status.unwrap_or(first_status(kind)),
        asset: asset.name.clone(),
        rail,
        currency: side.currency.clone(),
        network: asset.network.clone(),
        amount_expected,
        amount_in,
        amount_out,
        amount_fee,
        from_address: reading.text("from"),
        to_address: reading.text("to"),
        memo,
        account: reading.text("account").or(own_account),
        beneficiary: reading.text("beneficiary"),
        subject: reading.text("subject"),
        rail_reference: reading.text("rail_reference"),
        deadline,
        payment: None,
        created_at,
    };
    reading.faults.extend(new.faults());
    if reading.faults.is_empty() { Ok(new) } else { Err(reading.faults) }
}

/// Where a transfer begins if nobody says otherwise: it waits for its money.
const fn first_status(kind: TransferKind) -> TransferStatus {
    match kind {
        TransferKind::Send => TransferStatus::PendingSender,
        TransferKind::Deposit
        | TransferKind::DepositExchange
        | TransferKind::Withdrawal
        | TransferKind::WithdrawalExchange => TransferStatus::PendingUserTransferStart,
    }
}

impl Reading<'_> {
    /// Whoever is named twice might be paid by the one name or by the other.
    fn refuse_doubt(&mut self) {
        let fault = self.text("beneficiary").and_then(|text| named_twice(&text));
        self.faults.extend(fault.map(|fault| format!("beneficiary: {fault}")));
    }

    fn memo(&mut self) -> Option<Memo> {
        match (self.text("memo_type"), self.text("memo")) {
            (None, None) => None,
            (Some(memo_type), Some(memo)) => match Memo::parse(&memo_type, &memo) {
                Ok(memo) => Some(memo),
                Err(error) => {
                    self.faults.push(format!("memo: {error}"));
                    None
                }
            },
            (None, Some(_)) | (Some(_), None) => {
                self.faults.push("memo and memo_type belong together".to_owned());
                None
            }
        }
    }

    /// The asset that is named, or the only one that transfers can use.
    fn asset<'s>(&mut self, settings: &'s Settings) -> Option<&'s Asset> {
        let mut all = settings.assets.values().filter(|asset| asset.rail.is_some());
        let Some(name) = self.text("asset") else {
            let only = all.next().filter(|_| all.next().is_none());
            if only.is_none() {
                self.faults.push("asset is missing".to_owned());
            }
            return only;
        };
        let asset = settings.assets.get(&name);
        match asset {
            Some(asset) if asset.rail.is_none() => self.faults.push(no_rail(&name)),
            Some(_) => {}
            None => self.faults.push(unknown("asset", &name, settings.assets.keys())),
        }
        asset
    }

    fn rail(&mut self, settings: &Settings, side: Option<&RailSide>) -> Option<String> {
        match self.text("rail") {
            None => side.map(|side| side.rail.clone()),
            Some(name) if settings.rails.contains_key(&name) => Some(name),
            Some(name) => {
                self.faults.push(unknown("rail", &name, settings.rails.keys()));
                None
            }
        }
    }

    /// Neither side can move what it has no decimals for.
    fn check_decimals(&mut self, kind: TransferKind, asset: &Asset, amounts: &[Option<Amount>; 4]) {
        let Some(terms) = asset.terms(kind) else { return };
        let (inside, outside) = (terms.decimals_in, terms.decimals_out);
        let sides = [
            ("amount_expected", inside),
            ("amount_in", inside),
            ("amount_out", outside),
            ("amount_fee", inside),
        ];
        for ((name, decimals), amount) in sides.into_iter().zip(amounts) {
            if amount.as_ref().is_some_and(|amount| !amount.fits(decimals)) {
                self.faults.push(format!("{name} has more than {decimals} decimals"));
            }
        }
    }

    /// Whoever names the network and the currency must mean those of the asset.
    fn check_asset(&mut self, asset: &Asset, side: &RailSide) {
        for (name, own) in [("network", &asset.network), ("currency", &side.currency)] {
            if let Some(told) = self.text(name).filter(|told| told != own) {
                self.faults
                    .push(format!("{name} is {told}, and that of asset {} is {own}", asset.name));
            }
        }
    }

    /// A deposit goes to an address of the network, and a mistake in it is found now rather than later.
    fn check_address(&mut self, kind: TransferKind) {
        let Some(address) = self.text("to").filter(|_| kind.is_deposit()) else { return };
        if let Err(error) = address.parse::<Address>() {
            self.faults.push(format!("to: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, load_without_secrets};

    /// An asset of transfers and one of orders alone, on one network.
    const SET: [&str; 13] = [
        "networks.stellar.kind=stellar",
        "networks.stellar.horizon_url=https://horizon.example/",
        "networks.stellar.passphrase=Test SDF Network ; September 2015",
        "rails.bank.kind=http",
        "rails.bank.url=https://bank.example/",
        "assets.usd.network=stellar",
        "assets.usd.code=native",
        "assets.usd.account=GAL5Q5KUPOIBX7FCMGAEF4DDBEWRFOARIQI56U4J3U2WDXKDQBRSQ6SG",
        "assets.usd.rail=bank",
        "assets.usd.currency=USD",
        "assets.shop.network=stellar",
        "assets.shop.code=native",
        "assets.shop.account=GAL5Q5KUPOIBX7FCMGAEF4DDBEWRFOARIQI56U4J3U2WDXKDQBRSQ6SG",
    ];

    #[test]
    fn no_transfer_uses_an_asset_without_a_rail() {
        let set = SET.map(ToOwned::to_owned).into();
        let settings = load_without_secrets(&Sources { set, ..Sources::default() }).unwrap();
        let told = |more: &[(&str, &str)]| {
            let own = [("transfer_id", "t"), ("kind", "withdrawal"), ("memo_type", "id")];
            let all = [own.as_slice(), &[("memo", "7")], more].concat();
            let fields = all.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
            read(&fields.collect(), &settings)
        };
        assert_eq!(told(&[]).unwrap().asset, "usd", "the only one that transfers can use");
        let expected = "the asset shop has no rail, so that no transfer can use it: set rail and currency in [assets.shop]";
        for more in [&[("asset", "shop")][..], &[("asset", "shop"), ("rail", "bank")]] {
            assert_eq!(told(more).unwrap_err(), [expected]);
        }
    }
}
