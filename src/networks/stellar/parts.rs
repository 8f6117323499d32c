//! Pages that are too large to be read at once.

use crate::networks::NetworkError;

/// A page of so many records; where that is too large to be read, in halves, each behind the last. One record that is too
/// large alone becomes what `alone` makes of its beginning and of what is wrong, if that tells its place: then the list goes on
/// behind it.
pub(super) async fn in_parts<T>(
    limit: u32,
    cursor: Option<&str>,
    ask: impl AsyncFn(Option<String>, u32) -> Result<Vec<T>, NetworkError>,
    alone: impl Fn(&str, &str) -> Option<T>,
    place_of: impl Fn(&T) -> Option<String>,
) -> Result<Vec<T>, NetworkError> {
    let (mut page, mut cursor, mut size) = (Vec::new(), cursor.map(str::to_owned), limit);
    loop {
        let got = u32::try_from(page.len()).unwrap_or(u32::MAX);
        let wanted = size.min(limit.saturating_sub(got));
        match ask(cursor.clone(), wanted).await {
            Ok(part) => {
                let is_short = u32::try_from(part.len()).unwrap_or(u32::MAX) < wanted;
                page.extend(part);
                if is_short {
                    return Ok(page);
                }
            }
            Err(NetworkError::TooLarge { .. }) if wanted > 1 => {
                size = wanted / 2;
                continue;
            }
            Err(NetworkError::TooLarge { problem, beginning }) => {
                match alone(&beginning, &problem) {
                    Some(record) => page.push(record),
                    None => return Err(NetworkError::TooLarge { problem, beginning }),
                }
                // What is behind it may be as small as ever.
                size = limit;
            }
            Err(error) => return Err(error),
        }
        cursor = page.last().and_then(&place_of);
        if cursor.is_none() || page.len() >= usize::try_from(limit).unwrap_or(0) {
            return Ok(page);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records 1 to 23 after a cursor, where a page may hold no more than so much. One that is too large alone is told as 100
    /// more, if its place can be read.
    async fn read(
        most: u64,
        sizes: fn(u64) -> u64,
        has_place: bool,
    ) -> (Result<Vec<u64>, NetworkError>, Vec<u32>) {
        let asked = std::cell::RefCell::new(Vec::new());
        let ask = async |cursor: Option<String>, limit: u32| {
            asked.borrow_mut().push(limit);
            let after: u64 = cursor.map_or(0, |cursor| cursor.parse().unwrap());
            let page: Vec<u64> = (after + 1..=23).take(usize::try_from(limit).unwrap()).collect();
            if page.iter().map(|one| sizes(*one)).sum::<u64>() > most {
                let (problem, beginning) = ("32 MB".to_owned(), page[0].to_string());
                return Err(NetworkError::TooLarge { problem, beginning });
            }
            Ok(page)
        };
        let alone = |beginning: &str, problem: &str| {
            assert_eq!(problem, "32 MB");
            has_place.then(|| 100 + beginning.parse::<u64>().unwrap())
        };
        let told = in_parts(16, Some("3"), ask, alone, |one| Some((one % 100).to_string())).await;
        (told, asked.into_inner())
    }

    #[tokio::test]
    async fn a_page_that_is_too_large_is_read_in_halves() {
        let (page, asked) = read(100, |_| 1, false).await;
        assert_eq!((page.unwrap(), asked), ((4..=19).collect(), vec![16]));
        let (page, asked) = read(5, |_| 1, false).await;
        assert_eq!(page.unwrap(), (4..=19).collect::<Vec<_>>(), "as whole as the large one");
        assert_eq!(asked, [16, 8, 4, 4, 4, 4]);
        let (page, asked) = read(9, |one| if one == 9 { 9 } else { 1 }, false).await;
        assert_eq!(page.unwrap(), (4..=19).collect::<Vec<_>>());
        assert!(asked.contains(&1), "{asked:?}");
    }

    #[tokio::test]
    async fn a_record_that_is_too_large_alone_is_set_aside_where_its_place_is_known() {
        let giant = |one| if one == 9 || one == 10 { 21 } else { 1 };
        let (page, asked) = read(20, giant, true).await;
        let expected: Vec<u64> = (4..=8).chain([109, 110]).chain(11..=19).collect();
        assert_eq!(page.unwrap(), expected);
        assert_eq!(asked.last(), Some(&9), "the rest at once: {asked:?}");
        let (page, _) = read(20, giant, false).await;
        assert!(matches!(page, Err(NetworkError::TooLarge { .. })), "nobody knows what follows it");
    }
}
