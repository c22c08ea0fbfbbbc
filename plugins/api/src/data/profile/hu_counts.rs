//! Histograms of HU over fixed bins.

use std::sync::LazyLock;

/// Bins of a histogram.
const BINS: usize = 65;

/// Where bins of HU begin, from the second on; the first has what lies below. Narrow where brain, blood and fluid are,
/// since what a scanner does to an image shows in the width of their peaks.
pub static HU_EDGES: LazyLock<Vec<i16>> = LazyLock::new(|| {
    let steps = [
        (-1000, 100, 8),
        (-200, 20, 8),
        (-40, 5, 32),
        (120, 40, 7),
        (400, 200, 9),
    ];
    let edges = steps
        .into_iter()
        .flat_map(|(from, step, count)| (0..count).map(move |place| from + step * place));
    edges.collect()
});

/// The bin of every value there is.
static BIN_OF: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let bin = |hu: i16| HU_EDGES.partition_point(|edge| *edge <= hu) as u8;
    (i16::MIN..=i16::MAX).map(bin).collect()
});

/// How many pixels lie in each bin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HuCounts(Vec<u64>);

impl Default for HuCounts {
    fn default() -> Self {
        Self(vec![0; BINS])
    }
}

impl HuCounts {
    /// Those of pixels in HU.
    pub fn of(hu: &[i16]) -> Self {
        let (table, mut counts) = (&*BIN_OF, [0_u32; 256]);
        for value in hu {
            counts[usize::from(table[(i32::from(*value) - i32::from(i16::MIN)) as usize])] += 1;
        }
        Self(counts[..BINS].iter().map(|count| u64::from(*count)).collect())
    }

    /// Adds other pixels.
    pub fn add(&mut self, other: &Self) {
        self.0
            .iter_mut()
            .zip(&other.0)
            .for_each(|(own, other)| *own += other);
    }

    /// Share of the pixels in each bin; nothing but 0 where there is none.
    pub fn shares(&self) -> Vec<f64> {
        let all = self.0.iter().sum::<u64>().max(1) as f64;
        self.0.iter().map(|count| *count as f64 / all).collect()
    }

    /// As text without spaces, empty bins left out: `0:1200,7:35`.
    pub fn to_text(&self) -> String {
        let filled = self.0.iter().enumerate().filter(|(_, count)| **count > 0);
        filled
            .map(|(bin, count)| format!("{bin}:{count}"))
            .collect::<Vec<_>>()
            .join(",")
    }

    /// What [`HuCounts::to_text`] gave.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut counts = Self::default();
        for pair in text.split(',').filter(|pair| !pair.is_empty()) {
            let (bin, count) = pair.split_once(':')?;
            *counts.0.get_mut(bin.parse::<usize>().ok()?)? = count.parse().ok()?;
        }
        Some(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_bin_and_counts_come_back() {
        assert_eq!(HU_EDGES.len() + 1, BINS);
        assert!(HU_EDGES.is_sorted());
        assert_eq!(*HU_EDGES.last().unwrap(), 2000);
        let counts = HuCounts::of(&[i16::MIN, -1001, -1000, 30, 34, 35, 2000, i16::MAX]);
        assert_eq!(counts.to_text(), "0:2,1:1,31:2,32:1,64:2");
        assert_eq!(HuCounts::from_text(&counts.to_text()), Some(counts.clone()));
        assert_eq!(HuCounts::from_text("65:1"), None);
        assert_eq!(HuCounts::from_text(""), Some(HuCounts::default()));
        let mut twice = counts.clone();
        twice.add(&counts);
        assert_eq!(twice.shares(), counts.shares());
        assert!((counts.shares().iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }
}
