//! JSON texts with holes, cut up once so that filling them is copying.

/// A hole in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    PaymentId,
    ContractHash,
    State,
    ModifiedAt,
    EndToEndId,
    CreatedAt,
    ExpiresAt,
    QuoteId,
    Element(u64),
    SenderNode,
    ReceiverNode,
    Amount,
    ReceivedAmount,
    Zero,
    Rate,
    Fingerprint,
    CryptoTransactionId,
    PaymentType,
    Returns,
    ReturnedBy,
    Creditor,
    Debtor,
}

/// `$name` is filled inside its string; `"#name"` is replaced as a whole, with its quotes.
const FIELDS: [(&str, Field); 25] = [
    ("$payment_id", Field::PaymentId),
    ("$contract_hash", Field::ContractHash),
    ("$state", Field::State),
    ("$modified_at", Field::ModifiedAt),
    ("$end_to_end_id", Field::EndToEndId),
    ("$created_at", Field::CreatedAt),
    ("$expires_at", Field::ExpiresAt),
    ("$quote_id", Field::QuoteId),
    ("$element_1_id", Field::Element(1)),
    ("$element_2_id", Field::Element(2)),
    ("$element_3_id", Field::Element(3)),
    ("$element_4_id", Field::Element(4)),
    ("$sender_node", Field::SenderNode),
    ("$receiver_node", Field::ReceiverNode),
    ("\"#amount\"", Field::Amount),
    ("\"#received_amount\"", Field::ReceivedAmount),
    ("\"#zero\"", Field::Zero),
    ("\"#rate\"", Field::Rate),
    ("$fingerprint", Field::Fingerprint),
    ("\"#crypto_transaction_id\"", Field::CryptoTransactionId),
    ("$payment_type", Field::PaymentType),
    ("\"#returns\"", Field::Returns),
    ("\"#returned_by\"", Field::ReturnedBy),
    ("$creditor", Field::Creditor),
    ("$debtor", Field::Debtor),
];

/// A text and its holes: each piece is a literal and the hole after it.
#[derive(Debug)]
pub(super) struct Template {
    pieces: Vec<(String, Field)>,
    tail: String,
}

impl Template {
    pub(super) fn new(json: &str) -> Self {
        let text = minified(json);
        let mut rest = text.as_str();
        let mut pieces = Vec::new();
        while let Some((at, name, field)) = FIELDS
            .iter()
            .filter_map(|(name, field)| rest.find(name).map(|at| (at, *name, *field)))
            .min_by_key(|(at, _, _)| *at)
        {
            pieces.push((rest[..at].to_owned(), field));
            rest = &rest[at + name.len()..];
        }
        Self { pieces, tail: rest.to_owned() }
    }

    /// Writes the text, and `fill` writes each hole.
    pub(super) fn write(&self, out: &mut String, mut fill: impl FnMut(&mut String, Field)) {
        for (literal, field) in &self.pieces {
            out.push_str(literal);
            fill(out, *field);
        }
        out.push_str(&self.tail);
    }
}

/// The JSON text without the white space between its tokens.
fn minified(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut inside, mut escaped) = (false, false);
    for letter in json.chars() {
        if inside || !letter.is_ascii_whitespace() {
            out.push(letter);
        }
        if letter == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && letter == '\\' && !escaped;
    }
    out
}

/// Writes a time as the network does: 24 characters, milliseconds, UTC. Years outside 0 to 9999 do not occur.
pub(super) fn write_time(out: &mut String, millis: i64) {
    // The calendar by arithmetic: a page holds a thousand times, and chrono's formatter would be most of its cost.
    let (days, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    write_padded(out, year, 4);
    out.push('-');
    write_padded(out, month, 2);
    out.push('-');
    write_padded(out, day, 2);
    out.push('T');
    write_padded(out, of_day / 3_600_000, 2);
    out.push(':');
    write_padded(out, of_day / 60_000 % 60, 2);
    out.push(':');
    write_padded(out, of_day / 1000 % 60, 2);
    out.push('.');
    write_padded(out, of_day % 1000, 3);
    out.push('Z');
}

/// Writes the last `width` (1 to 20) decimal digits of a number, with zeros in front.
pub(super) fn write_padded(out: &mut String, number: i64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut rest = number.unsigned_abs();
    for digit in digits.iter_mut().rev().take(width) {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    out.extend(digits[20 - width..].iter().map(|digit| char::from(*digit)));
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, SecondsFormat};

    use super::*;

    #[test]
    fn times_are_written_as_chrono_would() {
        for millis in
            [0, 999, 951_782_400_000, 951_868_799_999, 1_614_746_458_629, 1_709_164_800_001, -1]
        {
            let mut ours = String::new();
            write_time(&mut ours, millis);
            let theirs = DateTime::from_timestamp_millis(millis).unwrap();
            assert_eq!(ours, theirs.to_rfc3339_opts(SecondsFormat::Millis, true));
            assert_eq!(ours.len(), 24);
        }
        let mut day = 0;
        while day < 50_000 {
            let mut ours = String::new();
            write_time(&mut ours, day * 86_400_000);
            let theirs = DateTime::from_timestamp_millis(day * 86_400_000).unwrap();
            assert_eq!(ours, theirs.to_rfc3339_opts(SecondsFormat::Millis, true));
            day += 1;
        }
    }

    #[test]
    fn holes_are_filled_and_white_space_inside_strings_stays() {
        let template = Template::new("{ \"a b\": \"x@$sender_node\",\n \"n\": \"#amount\" }");
        let mut out = String::new();
        template.write(&mut out, |out, field| {
            assert!([Field::SenderNode, Field::Amount].contains(&field), "{field:?}");
            out.push_str(if field == Field::Amount { "1.5" } else { "node" });
        });
        assert_eq!(out, r#"{"a b":"x@node","n":1.5}"#);
    }
}
