//! Shards: the work of one run shared out among several processes or machines.
//!
//! A shard is a part of the work, named by its number from 1 and the number of parts: `2/3`. Which files and which
//! pieces belong to it depends on their names and numbers alone, so that shards need not talk to one another. Each
//! leaves what it made where the run without a shard finds it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::digest::Digest;

/// One of several parts of a run's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard {
    /// Its number, from 1.
    index: usize,
    /// The number of parts.
    count: usize,
}

impl Shard {
    /// Part `index`, from 1, of `count`; none if there is no such part.
    pub fn new(index: usize, count: usize) -> Option<Self> {
        (1..=count).contains(&index).then_some(Self { index, count })
    }

    /// The part of `count` a file belongs to.
    pub fn of_file(file: &Path, count: usize) -> Self {
        let count = count.max(1);
        let number = Digest::new().add(file.to_string_lossy().as_bytes()).number();
        Self {
            index: (number % count as u64) as usize + 1,
            count,
        }
    }

    /// The part of `count` a piece of work belongs to; pieces are numbered from 0.
    pub fn of_piece(piece: usize, count: usize) -> Self {
        let count = count.max(1);
        Self {
            index: piece % count + 1,
            count,
        }
    }

    /// Whether a file is this part's.
    pub fn has_file(self, file: &Path) -> bool {
        Self::of_file(file, self.count) == self
    }

    /// Whether a piece of work is this part's.
    pub fn has_piece(self, piece: usize) -> bool {
        Self::of_piece(piece, self.count) == self
    }

    /// Its number, from 1.
    pub fn index(self) -> usize {
        self.index
    }

    /// The number of parts.
    pub fn count(self) -> usize {
        self.count
    }

    /// Its name where a slash cannot stand: `2-of-3`.
    pub fn file_name(self) -> String {
        format!("{}-of-{}", self.index, self.count)
    }

    /// What [`Shard::file_name`] wrote.
    pub fn of_file_name(name: &str) -> Option<Self> {
        let (index, count) = name.split_once("-of-")?;
        Self::new(index.parse().ok()?, count.parse().ok()?)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let numbers = parts.and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        let (index, count) = numbers
            .ok_or_else(|| format!("`{text}` is not a shard; write 2/3 for the second of three, or auto"))?;
        Self::new(index, count).ok_or_else(|| {
            format!("there is no shard {index} of {count}; they are 1/{count} to {count}/{count}")
        })
    }
}

/// What is told of shards that left less than they should have: which, and how many `items` each, given those
/// that left something and the part each missing item would belong to. Empty if no shard left anything.
pub fn absent(left: &[Shard], items: &str, of: impl Fn(usize) -> Vec<Shard>) -> String {
    let Some(count) = left.iter().map(|shard| shard.count).max() else {
        return String::new();
    };
    let mut missing: BTreeMap<Shard, usize> = BTreeMap::new();
    for shard in of(count) {
        *missing.entry(shard).or_default() += 1;
    }
    let one = |(shard, number): (&Shard, &usize)| {
        let verb = if left.contains(shard) {
            "is not finished"
        } else {
            "did not run"
        };
        format!("shard {shard} {verb} ({items}: {number})")
    };
    missing.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_written_as_they_are_read() {
        assert_eq!("2/3".parse::<Shard>().unwrap().to_string(), "2/3");
        for wrong in ["", "2", "2/", "a/b", "-1/3"] {
            assert!(
                wrong.parse::<Shard>().unwrap_err().contains("not a shard"),
                "{wrong}"
            );
        }
        for wrong in ["0/3", "4/3", "0/0"] {
            assert!(
                wrong.parse::<Shard>().unwrap_err().contains("no shard"),
                "{wrong}"
            );
        }
        let shard = Shard::new(2, 3).unwrap();
        assert_eq!(Shard::of_file_name(&shard.file_name()), Some(shard));
        assert_eq!(Shard::of_file_name("lock"), None);
    }

    #[test]
    fn everything_belongs_to_one_shard_and_shards_are_about_alike() {
        for count in [1, 2, 3, 7] {
            let shards: Vec<Shard> = (1..=count)
                .map(|index| Shard::new(index, count).unwrap())
                .collect();
            let mut files = vec![0; count];
            for number in 0..2000 {
                let path = format!("data/ID_{number:08x}.dcm");
                let owners = shards.iter().filter(|shard| shard.has_file(Path::new(&path)));
                let pieces = shards.iter().filter(|shard| shard.has_piece(number));
                assert_eq!(pieces.count(), 1);
                let owners: Vec<_> = owners.collect();
                assert_eq!(owners.len(), 1);
                files[owners[0].index() - 1] += 1;
            }
            let even = 2000.0 / count as f64;
            assert!(
                files
                    .iter()
                    .all(|number| (f64::from(*number) - even).abs() < 5.0 * even.sqrt())
            );
        }
    }

    #[test]
    fn who_is_absent_is_named() {
        let shard = |index| Shard::new(index, 3).unwrap();
        let of = |_: usize| vec![shard(2), shard(3), shard(2)];
        assert_eq!(
            absent(&[shard(1), shard(3)], "slices", of),
            "shard 2/3 did not run (slices: 2), shard 3/3 is not finished (slices: 1)"
        );
        assert_eq!(absent(&[], "slices", of), "");
    }
}
