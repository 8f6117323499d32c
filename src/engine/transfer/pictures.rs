//! The pictures of ARCHITECTURE.md draw what the table of moves has.

use super::TransferKind::{Deposit, Withdrawal};
use super::moves::legal;

#[test]
fn the_pictures_draw_legal_moves() {
    let map = include_str!("../../../ARCHITECTURE.md");
    for (title, kind) in [("a deposit", Deposit), ("a withdrawal", Withdrawal)] {
        let (_, picture) = map.split_once(&format!("state \"{title}\"")).unwrap();
        let (picture, _) = picture.split_once("```").unwrap();
        let mut drawn = 0;
        for line in picture.lines() {
            let Some((from, (to, cause))) = line
                .trim()
                .split_once(" --> ")
                .and_then(|(from, to)| to.split_once(": ").map(|to| (from, to)))
            else {
                continue;
            };
            let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
            assert!(legal(kind, from, to, cause.parse().unwrap()).is_ok(), "{title}: {line}");
            drawn += 1;
        }
        assert!(drawn > 9, "{title}: {drawn}");
    }
}
