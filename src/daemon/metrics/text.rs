//! Formats of metrics: the one that a reader wants.

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `OpenMetrics` 1.0.0.
    OpenMetrics,
    /// Prometheus' own older text format, which most other programs read.
    Plain,
}

impl Format {
    /// The one that an `Accept` header asks for; `OpenMetrics` for whoever takes anything.
    #[must_use]
    pub fn wanted(accept: Option<&str>) -> Self {
        let Some(accept) = accept else { return Self::OpenMetrics };
        let weight = |wanted: &str| {
            let parts = accept.split(',').filter_map(|part| weighed(part, wanted));
            parts.max().unwrap_or(0)
        };
        let (open, plain) = (weight("application/openmetrics-text"), weight("text/plain"));
        if plain > open { Self::Plain } else { Self::OpenMetrics }
    }

    /// What a `Content-Type` header says of it.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// A text in `OpenMetrics`, in this format.
    pub(super) fn of_open_metrics(self, text: String) -> String {
        match self {
            Self::OpenMetrics => text,
            Self::Plain => plain(&text),
        }
    }
}

/// How much a part of an `Accept` header wants this type, in thousandths; none if it is about another.
fn weighed(part: &str, wanted: &str) -> Option<u32> {
    let mut fields = part.split(';').map(str::trim);
    if !fields.next()?.eq_ignore_ascii_case(wanted) {
        return None;
    }
    let weight = fields.find_map(|field| field.strip_prefix("q="));
    Some(weight.map_or(1_000, thousandths))
}

/// `0.75` is 750; what cannot be read is 0.
fn thousandths(text: &str) -> u32 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = part.chars().chain("000".chars()).take(3).collect();
    let whole: u32 = whole.parse().unwrap_or(0);
    whole.saturating_mul(1_000).saturating_add(digits.parse().unwrap_or(0)).min(1_000)
}

/// The older format names a counter as its samples are named, and knows neither units nor an end.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("# UNIT ") || line == "# EOF" {
            continue;
        }
        let head = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "));
        let Some(name) = head.and_then(|head| head.split(' ').next()) else {
            push(&mut plain, line);
            continue;
        };
        let counter = format!("# TYPE {name} counter");
        if line == counter || lines.peek().is_some_and(|next| *next == counter) {
            push(&mut plain, &line.replacen(name, &format!("{name}_total"), 1));
        } else {
            push(&mut plain, line);
        }
    }
    plain
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_chooses() {
        let wanted = |accept| Format::wanted(Some(accept));
        assert_eq!(Format::wanted(None), Format::OpenMetrics);
        for open in [
            "*/*",
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text; q=0.8, text/plain; q=0.75",
        ] {
            assert_eq!(wanted(open), Format::OpenMetrics, "{open}");
        }
        for plain in [
            "text/plain",
            "text/plain;version=0.0.4",
            "text/plain,application/openmetrics-text;q=0.9",
        ] {
            assert_eq!(wanted(plain), Format::Plain, "{plain}");
        }
    }

    #[test]
    fn counters_are_named_after_their_samples() {
        let open = "# HELP a_reloads Readings.\n# TYPE a_reloads counter\na_reloads_total{x=\"y\"} 1\n\
                    # HELP a_lag_seconds Age.\n# TYPE a_lag_seconds gauge\n# UNIT a_lag_seconds seconds\n\
                    a_lag_seconds 0.5\n# EOF\n";
        let plain = "# HELP a_reloads_total Readings.\n# TYPE a_reloads_total counter\n\
                     a_reloads_total{x=\"y\"} 1\n# HELP a_lag_seconds Age.\n# TYPE a_lag_seconds gauge\n\
                     a_lag_seconds 0.5\n";
        assert_eq!(Format::Plain.of_open_metrics(open.to_owned()), plain);
        assert_eq!(Format::OpenMetrics.of_open_metrics(open.to_owned()), open);
    }
}
