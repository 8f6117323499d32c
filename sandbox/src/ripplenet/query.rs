//! The parameters of the list, read as strictly as they are documented.

use chrono::DateTime;
use uuid::Uuid;

use super::moves::{PaymentState, Role};
use super::payment::{Kind, billionths};
use super::problem::Problem;

/// A time of a payment that can be filtered or sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeField {
    Created,
    Modified,
    Accepted,
    Locked,
    Executed,
    Completed,
    Returned,
    Expires,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SortField {
    PaymentId,
    Expires,
    Modified,
    Created,
}

impl SortField {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::PaymentId => "PAYMENT_ID",
            Self::Expires => "EXPIRES_AT",
            Self::Modified => "MODIFIED_AT",
            Self::Created => "CREATED_AT",
        }
    }
}

/// A range of time; either end may be open. Both are exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) field: TimeField,
    pub(super) after: Option<i64>,
    pub(super) before: Option<i64>,
}

/// A parameter that names a text of the payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextField {
    SendingHost,
    ReceivingHost,
    SendingAccount,
    ReceivingAccount,
    SendingCurrency,
    ReceivingCurrency,
    InternalId,
    EndToEndId,
}

const TEXT_FIELDS: [(&str, TextField); 8] = [
    ("sending_host", TextField::SendingHost),
    ("receiving_host", TextField::ReceivingHost),
    ("sending_account", TextField::SendingAccount),
    ("receiving_account", TextField::ReceivingAccount),
    ("sending_currency", TextField::SendingCurrency),
    ("receiving_currency", TextField::ReceivingCurrency),
    ("internal_id", TextField::InternalId),
    ("sender_end_to_end_id", TextField::EndToEndId),
];

/// Which of its two amounts a payment is chosen by, in billionths; both ends are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AmountRange {
    pub(super) received: bool,
    pub(super) least: Option<u128>,
    pub(super) most: Option<u128>,
}

/// The roles that a list is limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoleFilter {
    Any,
    Only(Role),
    /// A role that no payment of the sandbox has.
    Nobody,
}

/// What a client asks of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) page: usize,
    pub(super) size: usize,
    /// Empty: every state.
    pub(super) states: Vec<PaymentState>,
    pub(super) ids: Option<Vec<Uuid>>,
    pub(super) kind: Option<Kind>,
    pub(super) role: RoleFilter,
    pub(super) texts: Vec<(TextField, String)>,
    pub(super) range: Option<Range>,
    pub(super) amounts: Option<AmountRange>,
    pub(super) with_labels: Vec<String>,
    pub(super) without_labels: Vec<String>,
    pub(super) sort: SortField,
    pub(super) ascending: bool,
    pub(super) details: bool,
}

/// Parameters that only mean something together.
#[derive(Default)]
struct Pairs {
    range_field: Option<TimeField>,
    after: Option<i64>,
    before: Option<i64>,
    received: Option<bool>,
    least: Option<u128>,
    most: Option<u128>,
}

impl Query {
    /// Reads the parameters; anything that is not documented is a problem.
    pub(super) fn read(parameters: &[(String, String)]) -> Result<Self, Problem> {
        let mut query = Self {
            page: 0,
            size: 10,
            states: Vec::new(),
            ids: None,
            kind: None,
            role: RoleFilter::Any,
            texts: Vec::new(),
            range: None,
            amounts: None,
            with_labels: Vec::new(),
            without_labels: Vec::new(),
            sort: SortField::Modified,
            ascending: false,
            details: true,
        };
        let mut pairs = Pairs::default();
        for (place, (name, value)) in parameters.iter().enumerate() {
            if parameters[..place].iter().any(|(other, _)| other == name) {
                return Err(Problem::malformed(format!("The parameter [{name}] is given twice.")));
            }
            query
                .set(&mut pairs, name, value)
                .ok_or_else(|| Problem::malformed(complaint(name, value)))?;
        }
        query.range = pairs.range()?;
        query.amounts = pairs.amounts()?;
        Ok(query)
    }

    fn set(&mut self, pairs: &mut Pairs, name: &str, value: &str) -> Option<()> {
        match name {
            "page" => self.page = whole(value)?,
            "size" => self.size = whole(value).filter(|size| (1..=100).contains(size))?,
            "states" => self.states = list(value, |state| state.parse().ok())?,
            "state" => self.states = vec![value.parse().ok()?],
            "payment_ids" => self.ids = Some(list(value, |id| id.parse().ok())?),
            "payment_id" => self.ids = Some(vec![value.parse().ok()?]),
            "payment_type" => {
                self.kind =
                    Some(pick(value, &[("REGULAR", Kind::Regular), ("RETURN", Kind::Return)])?);
            }
            "connector_role" => self.role = pick(value, &ROLES)?,
            "range_field" => pairs.range_field = Some(pick(value, &TIME_FIELDS)?),
            "before" => pairs.before = Some(time(value)?),
            "after" => pairs.after = Some(time(value)?),
            "amount_range_field" => {
                let fields = [("SENDING_AMOUNT", false), ("RECEIVING_AMOUNT", true)];
                pairs.received = Some(pick(value, &fields)?);
            }
            "min_amount" => pairs.least = Some(billionths(value)?),
            "max_amount" => pairs.most = Some(billionths(value)?),
            "with_labels" => self.with_labels = list(value, |label| Some(label.to_owned()))?,
            "without_labels" => self.without_labels = list(value, |label| Some(label.to_owned()))?,
            "sort_field" => self.sort = pick(value, &SORT_FIELDS)?,
            "sort_direction" => self.ascending = pick(value, &[("ASC", true), ("DESC", false)])?,
            "load_additional_details" => {
                self.details = pick(value, &[("true", true), ("false", false)])?;
            }
            _ => {
                let field = pick(name, &TEXT_FIELDS)?;
                if value.is_empty() || value.len() > 128 {
                    return None;
                }
                self.texts.push((field, value.to_owned()));
            }
        }
        Some(())
    }
}

impl Pairs {
    fn range(&self) -> Result<Option<Range>, Problem> {
        let bounded = self.after.is_some() || self.before.is_some();
        match self.range_field {
            None if !bounded => Ok(None),
            Some(field) if bounded => {
                Ok(Some(Range { field, after: self.after, before: self.before }))
            }
            None => {
                Err(Problem::malformed("The parameters [before] and [after] need [range_field]."))
            }
            Some(_) => {
                Err(Problem::malformed("The parameter [range_field] needs [before] or [after]."))
            }
        }
    }

    fn amounts(&self) -> Result<Option<AmountRange>, Problem> {
        let bounded = self.least.is_some() || self.most.is_some();
        match self.received {
            None if !bounded => Ok(None),
            Some(received) if bounded => {
                Ok(Some(AmountRange { received, least: self.least, most: self.most }))
            }
            None | Some(_) => Err(Problem::malformed(
                "The parameter [amount_range_field] and [min_amount] or [max_amount] need each other.",
            )),
        }
    }
}

const ROLES: [(&str, RoleFilter); 4] = [
    ("RECEIVING", RoleFilter::Only(Role::Receiving)),
    ("SENDING", RoleFilter::Only(Role::Sending)),
    ("INTERMEDIARY", RoleFilter::Nobody),
    ("INTERNAL", RoleFilter::Nobody),
];

const TIME_FIELDS: [(&str, TimeField); 8] = [
    ("CREATED_AT", TimeField::Created),
    ("MODIFIED_AT", TimeField::Modified),
    ("ACCEPTED_AT", TimeField::Accepted),
    ("LOCKED_AT", TimeField::Locked),
    ("EXECUTED_AT", TimeField::Executed),
    ("COMPLETED_AT", TimeField::Completed),
    ("RETURNED_AT", TimeField::Returned),
    ("EXPIRES_AT", TimeField::Expires),
];

const SORT_FIELDS: [(&str, SortField); 4] = [
    ("PAYMENT_ID", SortField::PaymentId),
    ("EXPIRES_AT", SortField::Expires),
    ("MODIFIED_AT", SortField::Modified),
    ("CREATED_AT", SortField::Created),
];

fn complaint(name: &str, value: &str) -> String {
    let value: String = value.chars().take(60).collect();
    format!("The request parameter [{name}] is unknown or not in the correct format: {value}")
}

fn pick<T: Copy>(value: &str, known: &[(&str, T)]) -> Option<T> {
    known.iter().find(|(name, _)| *name == value).map(|(_, meaning)| *meaning)
}

fn whole(value: &str) -> Option<usize> {
    value.bytes().all(|digit| digit.is_ascii_digit()).then(|| value.parse().ok()).flatten()
}

fn list<T>(value: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    value.split(',').map(|item| if item.is_empty() { None } else { read(item) }).collect()
}

/// Milliseconds of `YYYY-MM-DDTHH:mm:ss.sssZ`, and of nothing else.
fn time(value: &str) -> Option<i64> {
    const SHAPE: &[u8; 24] = b"0000-00-00T00:00:00.000Z";
    let fits = value.len() == SHAPE.len()
        && value.bytes().zip(SHAPE).all(|(letter, shape)| {
            if *shape == b'0' { letter.is_ascii_digit() } else { letter == *shape }
        });
    fits.then(|| DateTime::parse_from_rfc3339(value).ok())
        .flatten()
        .map(|time| time.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Query, Problem> {
        let parameters: Vec<(String, String)> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Query::read(&parameters)
    }

    #[test]
    fn the_documented_defaults_hold() {
        let query = read("").unwrap();
        assert_eq!((query.page, query.size, query.ascending), (0, 10, false));
        assert_eq!(query.sort, SortField::Modified);
        assert!(query.details && query.states.is_empty());
    }

    #[test]
    fn a_keyset_query_is_understood() {
        let query = read(
            "states=ACCEPTED,LOCKED&connector_role=RECEIVING&range_field=MODIFIED_AT\
             &after=2021-03-03T04:40:58.629Z&sort_field=MODIFIED_AT&sort_direction=ASC&size=100",
        )
        .unwrap();
        assert_eq!(query.states, [PaymentState::Accepted, PaymentState::Locked]);
        assert_eq!(query.role, RoleFilter::Only(Role::Receiving));
        let range =
            Range { field: TimeField::Modified, after: Some(1_614_746_458_629), before: None };
        assert_eq!(query.range, Some(range));
        assert!(query.ascending);
    }

    #[test]
    fn what_is_not_documented_is_refused() {
        for bad in [
            "colour=red",
            "size=0",
            "size=101",
            "size=+5",
            "page=-1",
            "states=",
            "states=ACCEPTED,",
            "states=accepted",
            "states=FORWARDED",
            "states=ACCEPTED&states=LOCKED",
            "after=2021-03-03T04:40:58.629Z",
            "range_field=MODIFIED_AT",
            "range_field=MODIFIED_AT&after=2021-03-03T04:40:58Z",
            "range_field=MODIFIED_AT&after=2021-13-03T04:40:58.629Z",
            "range_field=MODIFIED_AT&after=2021-03-03T04:40:58.629000Z",
            "range_field=SETTLED_AT&after=2021-03-03T04:40:58.629Z",
            "min_amount=1",
            "amount_range_field=SENDING_AMOUNT",
            "amount_range_field=SENDING_AMOUNT&min_amount=-1",
            "payment_ids=12",
            "sort_direction=asc",
            "sort_field=AMOUNT",
            "load_additional_details=no",
            "internal_id=",
        ] {
            let problem = read(bad).expect_err(bad);
            assert_eq!(problem.status, 400, "{bad}");
            assert!(problem.violation, "{bad}");
        }
    }
}
