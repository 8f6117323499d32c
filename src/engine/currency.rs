//! How many decimals a currency has: ISO 4217's list of minor units.

/// Currencies without a minor unit.
const NONE: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
/// Those with a hundredth.
const TWO: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD \
                   CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD \
                   GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA \
                   MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR \
                   RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD \
                   TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";
/// Those with a thousandth.
const THREE: &str = "BHD IQD JOD KWD LYD OMR TND";
/// Those with a ten-thousandth.
const FOUR: &str = "CLF UYW";

/// How many decimals amounts of `currency` have, as of ISO 4217. None for what is not in its list, such as a token.
#[must_use]
pub fn decimals_of(currency: &str) -> Option<u32> {
    let among = |codes: &str| codes.split_ascii_whitespace().any(|code| code == currency);
    [(TWO, 2), (NONE, 0), (THREE, 3), (FOUR, 4)]
        .into_iter()
        .find_map(|(codes, decimals)| among(codes).then_some(decimals))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_currency_has_its_own() {
        for (currency, decimals) in [
            ("USD", Some(2)),
            ("GBP", Some(2)),
            ("JPY", Some(0)),
            ("KWD", Some(3)),
            ("CLF", Some(4)),
            ("XRP", None),
            ("usd", None),
            ("USD EUR", None),
            ("", None),
        ] {
            assert_eq!(decimals_of(currency), decimals, "{currency}");
        }
    }

    #[test]
    fn none_is_listed_twice() {
        let all = [NONE, TWO, THREE, FOUR].join(" ");
        let codes: Vec<&str> = all.split_ascii_whitespace().collect();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
        assert!(codes.iter().all(|code| code.len() == 3));
    }
}
