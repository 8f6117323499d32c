//! What money that comes may be for: the configured assets, and the shops that take them.

use std::collections::BTreeSet;

use crate::config::{Settings, ShopSettings};
use crate::engine::decide::judging::Side;
use crate::engine::order::{ClaimTold, PayTo, Reference, ReferenceTold, SeenMoney};
use crate::engine::{Asset, Assets, Incoming, Memo};
use crate::store::OrderWorld;

/// What money may be for.
#[derive(Debug, Clone)]
pub(in crate::jobs) struct Expected {
    pub(in crate::jobs) assets: Assets,
    shops: Vec<ShopSettings>,
    /// What orders are judged by.
    pub(in crate::jobs) world: OrderWorld,
}

impl Expected {
    pub(in crate::jobs) fn of(settings: &Settings) -> Self {
        let rails: BTreeSet<String> = settings.rails.keys().cloned().collect();
        Self {
            assets: settings.assets.clone(),
            shops: settings.shops.values().cloned().collect(),
            world: OrderWorld { terms: settings.terms_of_shops(), rails },
        }
    }

    /// The configured asset that money is, by its name.
    pub(in crate::jobs) fn asset_of(&self, incoming: &Incoming, side: Side) -> Option<String> {
        let asset = self.assets.values().find(|asset| is_it(asset, incoming, side));
        asset.map(|asset| asset.name.clone())
    }

    /// Money that is no transfer's, as orders may be meant by it. None: no shop takes such money, so that it is nobody's.
    ///
    /// Where wallets pay, all that comes is their credit; where only memos do, what has none is nobody's.
    pub(in crate::jobs) fn for_orders(&self, incoming: &Incoming, side: Side) -> Option<SeenMoney> {
        let asset = self.assets.values().find(|asset| is_it(asset, incoming, side))?;
        let shops = self.shops.iter().filter(|shop| shop.assets.contains(&asset.name));
        let mut names = Vec::new();
        let mut is_taken = false;
        for shop in shops {
            let reference = self.read(shop, incoming);
            is_taken |= match shop.pay_to {
                PayTo::Wallet => incoming.from.is_some() || !reference.is_none(),
                PayTo::Memo | PayTo::Address => !reference.is_none(),
            };
            names.push((shop.name.clone(), reference));
        }
        let (incoming, asset) = (incoming.clone(), asset.name.clone());
        is_taken.then_some(SeenMoney { incoming, asset, names })
    }

    /// What the money names, by the rules of a shop: by the id in the address that was paid, the memo, the subject.
    fn read(&self, shop: &ShopSettings, incoming: &Incoming) -> Reference {
        let muxed = incoming.muxed_id.map(|id| id.to_string());
        let memo = incoming.memo.as_ref().map(Memo::text);
        let texts = [muxed, memo, incoming.subject.clone()].into_iter().flatten();
        let mut all = Reference::default();
        for text in texts {
            let told = ReferenceTold {
                sender: incoming.from.as_deref().unwrap_or_default(),
                paid_to: None,
                order_id: None,
                memo: Some(&text),
                claim: ClaimTold::Absent,
            };
            for text in Reference::read(&shop.terms.reference, &told).texts {
                if !all.texts.contains(&text) {
                    all.texts.push(text);
                }
            }
        }
        all
    }
}

/// Whether money is of this asset: on its network to its account, or on its rail.
fn is_it(asset: &Asset, incoming: &Incoming, side: Side) -> bool {
    match side {
        Side::Network => {
            (&asset.network, &asset.code, &asset.account)
                == (&incoming.source, &incoming.asset, &incoming.account)
        }
        Side::Rail => asset.rail.as_ref().is_some_and(|rail| {
            (&rail.rail, &rail.currency) == (&incoming.source, &incoming.asset)
        }),
    }
}
