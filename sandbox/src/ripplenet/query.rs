//! The parameters of the list, read strictly: those that a client which collects payments has use for.

use chrono::DateTime;

use super::moves::{PaymentState, Role};
use super::problem::Problem;

/// What a client asks of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) page: usize,
    pub(super) size: usize,
    /// Empty: every state.
    pub(super) states: Vec<PaymentState>,
    /// Nothing: every role.
    pub(super) role: Option<Role>,
    /// `modified_at` is after this, in ms.
    pub(super) after: Option<i64>,
    /// `modified_at` is before this.
    pub(super) before: Option<i64>,
    /// Oldest change first.
    pub(super) ascending: bool,
}

impl Query {
    /// Reads the parameters; anything else is a problem.
    pub(super) fn read(parameters: &[(String, String)]) -> Result<Self, Problem> {
        let mut query = Self {
            page: 0,
            size: 10,
            states: Vec::new(),
            role: None,
            after: None,
            before: None,
            ascending: false,
        };
        let mut has_field = false;
        for (place, (name, value)) in parameters.iter().enumerate() {
            if parameters[..place].iter().any(|(other, _)| other == name) {
                return Err(Problem::malformed(format!("The parameter [{name}] is given twice.")));
            }
            has_field |= name == "range_field";
            query.set(name, value).ok_or_else(|| Problem::malformed(complaint(name, value)))?;
        }
        if has_field != (query.after.is_some() || query.before.is_some()) {
            return Err(Problem::malformed(
                "The parameters [range_field] and [before] or [after] need each other.",
            ));
        }
        Ok(query)
    }

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "page" => self.page = whole(value)?,
            "size" => self.size = whole(value).filter(|size| (1..=100).contains(size))?,
            "states" => {
                self.states =
                    value.split(',').map(|state| state.parse().ok()).collect::<Option<_>>()?;
            }
            "connector_role" => {
                self.role = Some(Role::ALL.into_iter().find(|role| role.name() == value)?);
            }
            "range_field" | "sort_field" if value == "MODIFIED_AT" => {}
            "before" => self.before = Some(time(value)?),
            "after" => self.after = Some(time(value)?),
            "sort_direction" if value == "ASC" || value == "DESC" => {
                self.ascending = value == "ASC";
            }
            _ => return None,
        }
        Some(())
    }
}

fn complaint(name: &str, value: &str) -> String {
    let value: String = value.chars().take(60).collect();
    format!("The request parameter [{name}] is unknown or not in the correct format: {value}")
}

fn whole(value: &str) -> Option<usize> {
    value.bytes().all(|digit| digit.is_ascii_digit()).then(|| value.parse().ok()).flatten()
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
        assert!(query.states.is_empty() && query.role.is_none());
    }

    #[test]
    fn a_keyset_query_is_understood() {
        let query = read(
            "states=ACCEPTED,LOCKED&connector_role=RECEIVING&range_field=MODIFIED_AT\
             &after=2021-03-03T04:40:58.629Z&sort_field=MODIFIED_AT&sort_direction=ASC&size=100",
        )
        .unwrap();
        assert_eq!(query.states, [PaymentState::Accepted, PaymentState::Locked]);
        assert_eq!(query.role, Some(Role::Receiving));
        assert_eq!((query.after, query.before), (Some(1_614_746_458_629), None));
        assert!(query.ascending);
    }

    #[test]
    fn anything_else_is_refused() {
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
            "connector_role=receiving",
            "after=2021-03-03T04:40:58.629Z",
            "range_field=MODIFIED_AT",
            "range_field=MODIFIED_AT&after=2021-03-03T04:40:58Z",
            "range_field=MODIFIED_AT&after=2021-13-03T04:40:58.629Z",
            "range_field=MODIFIED_AT&after=2021-03-03T04:40:58.629000Z",
            "range_field=SETTLED_AT&after=2021-03-03T04:40:58.629Z",
            "sort_direction=asc",
            "sort_field=AMOUNT",
        ] {
            let problem = read(bad).expect_err(bad);
            assert_eq!(problem.status, 400, "{bad}");
            assert!(problem.violation, "{bad}");
        }
    }
}
