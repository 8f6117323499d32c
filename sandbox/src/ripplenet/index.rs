//! A sorted set of keys that knows how many keys lie before any key.
//!
//! The network answers a page with the total of the whole list. With a million payments in one state that has to cost
//! next to nothing, so the keys lie in sorted chunks: finding, counting and skipping walk over chunks, not over keys.

/// A payment's place in a list: (`modified_at` in ms, rank of its id).
pub(super) type Key = (i64, u32);

/// A chunk is cut in two when it has grown to this.
const CHUNK: usize = 1024;

/// The keys of one list, ascending.
#[derive(Debug, Default)]
pub(super) struct SortedKeys {
    /// Never holds an empty chunk.
    chunks: Vec<Vec<Key>>,
    len: usize,
}

impl SortedKeys {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, key: Key) {
        let at = self.chunk_for(key);
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(vec![key]);
            self.len += 1;
            return;
        };
        let place = chunk.partition_point(|other| *other < key);
        if chunk.get(place) == Some(&key) {
            return;
        }
        self.len += 1;
        if chunk.len() < CHUNK {
            chunk.insert(place, key);
        } else if place == chunk.len() {
            // Keys mostly come in ascending order: a full last chunk stays full.
            self.chunks.insert(at + 1, vec![key]);
        } else {
            let mut upper = chunk.split_off(CHUNK / 2);
            if place <= CHUNK / 2 {
                chunk.insert(place, key);
            } else {
                upper.insert(place - CHUNK / 2, key);
            }
            self.chunks.insert(at + 1, upper);
        }
    }

    pub(super) fn remove(&mut self, key: Key) {
        let at = self.chunk_for(key);
        let Some(chunk) = self.chunks.get_mut(at) else { return };
        if let Ok(place) = chunk.binary_search(&key) {
            chunk.remove(place);
            self.len -= 1;
            if chunk.is_empty() {
                self.chunks.remove(at);
            }
        }
    }

    /// How many keys are less than `key`.
    pub(super) fn position(&self, key: Key) -> usize {
        let at = self.chunk_for(key);
        let before: usize = self.chunks[..at].iter().map(Vec::len).sum();
        before + self.chunks.get(at).map_or(0, |chunk| chunk.partition_point(|other| *other < key))
    }

    /// The keys at the positions `from..to`, ascending.
    pub(super) fn slice(&self, from: usize, to: usize) -> impl Iterator<Item = Key> {
        let mut skip = from;
        let mut at = 0;
        while let Some(chunk) = self.chunks.get(at)
            && skip >= chunk.len()
        {
            skip -= chunk.len();
            at += 1;
        }
        self.chunks[at..].iter().flatten().skip(skip).take(to.saturating_sub(from)).copied()
    }

    /// The chunk that holds the key or would: the last one that begins at or before it.
    fn chunk_for(&self, key: Key) -> usize {
        self.chunks.partition_point(|chunk| chunk[0] <= key).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::random::Chance;

    #[test]
    fn it_answers_as_a_plain_ordered_set_does() {
        let mut chance = Chance::new(3);
        let mut keys = SortedKeys::default();
        let mut plain: BTreeSet<Key> = BTreeSet::new();
        for _ in 0..20_000 {
            let key = (chance.within((0, 900)), u32::try_from(chance.below(9)).unwrap());
            if chance.per_mille(600) {
                keys.insert(key);
                plain.insert(key);
            } else {
                keys.remove(key);
                plain.remove(&key);
            }
        }
        assert_eq!(keys.len(), plain.len());
        for probe in [(-1, 0), (0, 0), (450, 4), (899, 8), (2000, 0)] {
            assert_eq!(keys.position(probe), plain.range(..probe).count());
        }
        for from in (0..keys.len()).step_by(97) {
            let got: Vec<Key> = keys.slice(from, from + 50).collect();
            let want: Vec<Key> = plain.iter().copied().skip(from).take(50).collect();
            assert_eq!(got, want);
        }
    }

    #[test]
    fn ascending_keys_fill_their_chunks() {
        let mut keys = SortedKeys::default();
        for at in 0..10_000 {
            keys.insert((at, 0));
        }
        assert_eq!(keys.chunks.len(), 10);
        assert_eq!(keys.slice(9_999, 10_000).collect::<Vec<_>>(), [(9_999, 0)]);
        assert_eq!(keys.slice(10_000, 10_100).count(), 0);
    }
}
