//! What is paid: the ledger's own XLM, or something that an account has issued.

use std::fmt;
use std::str::FromStr;

use stellar_xdr::{AlphaNum4, AlphaNum12, Asset, AssetCode4, AssetCode12};
use thiserror::Error;

use super::address::Address;

/// An asset of the ledger. As text it is `native`, or `CODE:ISSUER`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StellarAsset {
    /// XLM.
    Native,
    /// A promise of its issuer. Two issuers' `USD` are two assets.
    Credit {
        /// One to twelve letters and digits, as the issuer wrote them: `usd` is not `USD`.
        code: String,
        /// The issuer's account, `G…`.
        issuer: String,
    },
}

/// A code or an issuer that no asset can have.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("`{0}` is not an asset: `native` or CODE:ISSUER is expected")]
pub struct NoAsset(String);

impl StellarAsset {
    /// The asset `code` of `issuer`.
    ///
    /// # Errors
    /// The code is not one to twelve ASCII letters and digits, or the issuer is no `G…`.
    pub fn credit(code: &str, issuer: &str) -> Result<Self, NoAsset> {
        let plain = !code.is_empty() && code.bytes().all(|b| b.is_ascii_alphanumeric());
        let known = issuer.parse::<Address>().is_ok_and(|issuer| issuer.muxed_id().is_none());
        if !plain || code.len() > 12 || !known {
            return Err(NoAsset(format!("{code}:{issuer}").chars().take(80).collect()));
        }
        Ok(Self::Credit { code: code.to_owned(), issuer: issuer.to_owned() })
    }

    /// The ledger's form. None if the asset was not made by [`StellarAsset::credit`] and cannot be.
    pub(super) fn to_xdr(&self) -> Option<Asset> {
        let (code, issuer) = match self {
            Self::Native => return Some(Asset::Native),
            Self::Credit { code, issuer } => (code.as_bytes(), issuer),
        };
        let issuer = issuer.parse::<Address>().ok()?.account_id();
        let filled =
            |place: &mut [u8]| place.get_mut(..code.len()).map(|p| p.copy_from_slice(code));
        if code.len() <= 4 {
            let mut asset_code = AssetCode4([0; 4]);
            filled(&mut asset_code.0)?;
            Some(Asset::CreditAlphanum4(AlphaNum4 { asset_code, issuer }))
        } else {
            let mut asset_code = AssetCode12([0; 12]);
            filled(&mut asset_code.0)?;
            Some(Asset::CreditAlphanum12(AlphaNum12 { asset_code, issuer }))
        }
    }
}

impl FromStr for StellarAsset {
    type Err = NoAsset;

    fn from_str(text: &str) -> Result<Self, NoAsset> {
        match text.split_once(':') {
            None if text == "native" => Ok(Self::Native),
            None => Err(NoAsset(text.chars().take(80).collect())),
            Some((code, issuer)) => Self::credit(code, issuer),
        }
    }
}

impl fmt::Display for StellarAsset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("native"),
            Self::Credit { code, issuer } => write!(f, "{code}:{issuer}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ";

    #[test]
    fn text_comes_back_as_it_came() {
        for text in ["native", &format!("USDC:{ISSUER}"), &format!("abcdefghij12:{ISSUER}")] {
            let asset: StellarAsset = text.parse().unwrap();
            assert_eq!(asset.to_string(), text);
            assert!(asset.to_xdr().is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_asset_is_refused() {
        let muxed = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ";
        for text in [
            "",
            "XLM",
            "USD:",
            &format!(":{ISSUER}"),
            &format!("USD:{muxed}"),
            &format!("U D:{ISSUER}"),
        ] {
            assert!(text.parse::<StellarAsset>().is_err(), "{text}");
        }
        assert!(StellarAsset::credit("abcdefghij123", ISSUER).is_err(), "thirteen letters");
    }
}
