//! Shares of a list of photos, for several machines that know nothing of each
//! other.

use std::path::Path;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// One share of several. Together the shares of a list are the list, and no photo
/// is in two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    index: u64,
    /// At least 1.
    count: u64,
}

/// Why a text names no share.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is no share: it has to be i/n with whole numbers, 1 <= i <= n, for example 3/16")]
pub struct ShardError(String);

impl FromStr for Shard {
    type Err = ShardError;

    /// Reads `i/n`, shares counted from 1.
    fn from_str(text: &str) -> Result<Self, ShardError> {
        let wrong = || ShardError(text.to_owned());
        let (number, count) = text.split_once('/').ok_or_else(wrong)?;
        let [number, count] = [number, count].map(str::parse::<u64>);
        match (number, count) {
            (Ok(number), Ok(count)) if (1..=count).contains(&number) => Ok(Self {
                index: number - 1,
                count,
            }),
            _ => Err(wrong()),
        }
    }
}

impl Shard {
    /// Whether a photo is in this share. That depends on nothing but its path as it
    /// is written: the first eight bytes of its SHA-256, read as a number with the
    /// high byte first, modulo the number of shares. The path is bytes on Unix and
    /// UTF-8 elsewhere, so the same text is in the same share on every system.
    pub fn takes(&self, path: &Path) -> bool {
        let hash = Sha256::digest(path.as_os_str().as_encoded_bytes());
        let number = hash.iter().take(8);
        let number = number.fold(0, |number: u64, &byte| number << 8 | u64::from(byte));
        number % self.count == self.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_counted_from_one() {
        for text in ["1/1", "3/16", "16/16"] {
            assert!(text.parse::<Shard>().is_ok(), "{text}");
        }
        for text in [
            "", "1", "0/4", "5/4", "1/0", "-1/4", "a/b", "1/2/3", "1 / 2",
        ] {
            let error = text.parse::<Shard>().unwrap_err().to_string();
            assert!(error.contains("1 <= i <= n"), "{error}");
        }
    }

    #[test]
    fn every_path_is_in_one_share_and_shares_are_alike() {
        let shards: Vec<Shard> = (1..=7).map(|i| format!("{i}/7").parse().unwrap()).collect();
        let mut counts = [0; 7];
        for i in 0..7000 {
            let path = format!("archive/2026/{:02}/IMG_{i:05}.CR3", i % 12);
            let takers: Vec<usize> = (0..7)
                .filter(|&n| shards[n].takes(Path::new(&path)))
                .collect();
            assert_eq!(takers.len(), 1, "{path}");
            counts[takers[0]] += 1;
        }
        assert!(counts.iter().all(|n| (850..1150).contains(n)), "{counts:?}");
    }

    /// Figures of another implementation (Python's hashlib): shares must not change
    /// from one version or system to the next.
    #[test]
    fn the_share_of_a_path_is_fixed() {
        for (path, number) in [
            ("a.jpg", 27),
            ("photos/IMG_0412.CR2", 356),
            ("Fotos/фото è 写真.jpg", 6),
        ] {
            let shard: Shard = format!("{number}/1000").parse().unwrap();
            assert!(shard.takes(Path::new(path)), "{path}");
        }
    }
}
