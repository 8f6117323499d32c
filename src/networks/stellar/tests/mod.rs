//! Envelopes against those of another implementation, the rules of submission, and the client against loopback.

mod client;
mod destinations;
mod lists;
mod results;
mod rules;
mod signatures;
mod vectors;

use super::*;

/// Keys for tests, of no account anywhere: those of the fixture.
const CHANNEL_SEED: &str = "SAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPSBF5K";
const CHANNEL: &str = "GB43KVROR7TFJ6KAPCYRF2FJROTZAH4FHLTJLPWX4DRZCC5NASLGITR6";
const PAYER_SEED: &str = "SABAGBAFAYDQQCIKBMGA2DQPCAIREEYUCULBOGAZDINRYHI6D4QCCBSI";
const PAYER: &str = "GBB43QBD2IWV7HQQPUNANE2FPU25DUIOW7JBY4QRSL2W6XPEAZS5GWEM";
const CUSTOMER: &str = "GBEB5XTXFWQVPBOJ4WNAQYQBXDB7TQYHCKPD7RWX6NFKJX7NLAKOKJM5";
const MUXED: &str = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ";
const ISSUER: &str = "GBIZTDGP3775QPMXEREQQGGKEKUXUAYNDC5SVHLUM2HXFOA4H6SYRWDN";
const PASSPHRASE: &str = "Test SDF Network ; September 2015";

fn usd() -> StellarAsset {
    StellarAsset::credit("USD", ISSUER).unwrap()
}

fn plan(operations: Vec<Planned>) -> EnvelopePlan {
    EnvelopePlan {
        source: CHANNEL.to_owned(),
        payer: PAYER.to_owned(),
        sequence: 4_294_967_297,
        fee_per_operation: 100,
        memo: None,
        max_time: "2027-01-15T08:05:00.9Z".parse().unwrap(),
        operations,
    }
}

fn pay(to: &str, amount: &str) -> Planned {
    Planned::Pay { to: to.to_owned(), asset: usd(), amount: amount.parse().unwrap() }
}

fn keys(seeds: &[&str]) -> Keys {
    Keys::parse(&seeds.join("\n")).unwrap()
}
