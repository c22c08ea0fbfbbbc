//! One look at the pixels of many slices, in parallel and in little memory.

use std::collections::{HashMap, HashSet};
use std::hash::Hasher;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use ichflow_api::data::cohort::PixelEncoding;
use ichflow_api::data::identity::series_of;
use ichflow_api::data::pixels::HuImage;
use ichflow_api::prelude::*;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::histogram::Histogram;
use super::thumbnail::Thumbnail;

/// What of a slice the feature embedding is made of, by name.
pub(super) const FEATURES: [&str; 16] = [
    "share of air",
    "share of tissue",
    "share from 0 to 80 HU",
    "share from 50 to 100 HU",
    "share of bone",
    "share of padding",
    "mean from 0 to 80 HU",
    "deviation from 0 to 80 HU",
    "first quartile from 0 to 80 HU",
    "median from 0 to 80 HU",
    "third quartile from 0 to 80 HU",
    "noise",
    "left-right difference",
    "middle from left",
    "middle from top",
    "deviation of the thumbnail",
];

/// Pixel encodings that get a histogram of their own; rarer ones share the last.
const MOST_ENCODINGS: usize = 6;

/// What was seen of one slice.
pub(super) struct Seen {
    /// Index into all slices: the cohort's, then the test's.
    pub index: usize,
    /// A hash of all pixels.
    pub exact: u64,
    /// See [`Thumbnail::hash`].
    pub alike: u64,
    /// The slice in small.
    pub thumbnail: Thumbnail,
    /// See [`FEATURES`].
    pub features: [f32; FEATURES.len()],
    /// Smallest and largest value, in HU.
    pub range: [i16; 2],
}

/// What was seen of all of them.
pub(super) struct Gathered {
    /// Slices in the order of their indices.
    pub seen: Vec<Seen>,
    /// Slices there are.
    pub of: usize,
    /// All pixels.
    pub overall: Histogram,
    /// Pixels of slices with each label.
    pub labels: Vec<Histogram>,
    /// Pixels of slices without any.
    pub healthy: Histogram,
    /// Pixels by pixel encoding, the most frequent first.
    pub encodings: Vec<(String, Histogram)>,
    /// Slices whose pixels could not be read, with the reason.
    pub unread: Vec<(usize, String)>,
    /// Slices with padding below the range of a scanner.
    pub padded: usize,
}

/// Sums over slices.
struct Sums {
    overall: Histogram,
    names: LabelSet,
    labels: Vec<Histogram>,
    healthy: Histogram,
    encodings: Vec<Histogram>,
}

impl Sums {
    fn new(names: &LabelSet, encodings: usize) -> Self {
        Self {
            overall: Histogram::default(),
            names: names.clone(),
            labels: vec![Histogram::default(); names.len()],
            healthy: Histogram::default(),
            encodings: vec![Histogram::default(); encodings],
        }
    }

    fn add(&mut self, counts: &Histogram, slice: &Slice, encoding: usize) {
        self.overall.add(counts);
        if let Some(encoding) = self.encodings.get_mut(encoding) {
            encoding.add(counts);
        }
        match &slice.labels {
            Some(truth) if !self.names.is_positive(truth) => self.healthy.add(counts),
            Some(truth) => {
                for (label, histogram) in self.labels.iter_mut().enumerate() {
                    if truth.is_positive(label) {
                        histogram.add(counts);
                    }
                }
            }
            None => {}
        }
    }

    fn merge(mut self, other: &Self) -> Self {
        let pairs = |mine: &mut Vec<Histogram>, theirs: &Vec<Histogram>| {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                mine.add(theirs);
            }
        };
        self.overall.add(&other.overall);
        self.healthy.add(&other.healthy);
        pairs(&mut self.labels, &other.labels);
        pairs(&mut self.encodings, &other.encodings);
        self
    }
}

impl Gathered {
    /// Looks at `sample` slices of both sets.
    pub(super) fn of(
        train: &[Slice],
        test: &[Slice],
        labels: &LabelSet,
        pixels: &Pixels,
        sample: usize,
        context: &Context,
    ) -> Result<Self> {
        let slices: Vec<&Slice> = train.iter().chain(test).collect();
        let indices = drawn(&slices, sample, context);
        let encodings = frequent_encodings(&slices);
        let encoding_of: HashMap<&str, usize> = encodings
            .iter()
            .enumerate()
            .map(|(place, name)| (name.as_str(), place))
            .collect();
        let progress = context.progress("looking at pixels", indices.len(), "slices");
        let stop = context.stop_flag();
        let unread = Mutex::new(Vec::new());
        // Only counts are added up, so the order in which threads come by changes nothing.
        let (mut seen, sums) = indices
            .par_iter()
            .fold(
                || (Vec::new(), Sums::new(labels, encodings.len())),
                |(mut seen, mut sums), index| {
                    if stop.load(Ordering::Relaxed) {
                        return (seen, sums);
                    }
                    let slice = slices[*index];
                    match pixels.read(slice) {
                        Ok(image) => {
                            let counts = Histogram::of(&image.hu);
                            let name = slice.encoding.in_words();
                            let encoding = encoding_of
                                .get(name.as_str())
                                .copied()
                                .unwrap_or(encodings.len() - 1);
                            sums.add(&counts, slice, encoding);
                            seen.push(look(*index, &image, &counts));
                        }
                        Err(error) => {
                            if let Ok(mut unread) = unread.lock() {
                                unread.push((*index, error.chain()));
                            }
                        }
                    }
                    progress.advance(1);
                    (seen, sums)
                },
            )
            .reduce(
                || (Vec::new(), Sums::new(labels, encodings.len())),
                |(mut seen, sums), (more, others)| {
                    seen.extend(more);
                    (seen, sums.merge(&others))
                },
            );
        context.checkpoint()?;
        seen.sort_by_key(|one| one.index);
        let mut unread = unread.into_inner().unwrap_or_default();
        unread.sort();
        Ok(Self {
            padded: seen.iter().filter(|one| one.range[0] < -1500).count(),
            seen,
            of: slices.len(),
            overall: sums.overall,
            labels: sums.labels,
            healthy: sums.healthy,
            encodings: encodings.into_iter().zip(sums.encodings).collect(),
            unread,
        })
    }

    /// Whether only some of the slices were looked at.
    pub(super) fn is_sample(&self) -> bool {
        self.seen.len() + self.unread.len() < self.of
    }
}

/// Whole series, drawn until there are `sample` slices; all where there are not more. Ascending.
fn drawn(slices: &[&Slice], sample: usize, context: &Context) -> Vec<usize> {
    if slices.len() <= sample {
        return (0..slices.len()).collect();
    }
    let mut members = series_of(slices);
    // In the order of the cohort, so that a draw does not depend on what series are called.
    members.iter_mut().for_each(|series| series.sort_unstable());
    members.sort_unstable();
    members.shuffle(&mut context.rng("sample"));
    let mut indices: Vec<usize> = members.into_iter().flatten().take(sample).collect();
    indices.sort_unstable();
    indices
}

/// Names of the pixel encodings, the most frequent first; where there are many, the last is "all others".
fn frequent_encodings(slices: &[&Slice]) -> Vec<String> {
    let mut known: Vec<(PixelEncoding, usize)> = Vec::new();
    for slice in slices {
        match known.iter_mut().find(|(encoding, _)| *encoding == slice.encoding) {
            Some((_, count)) => *count += 1,
            None => known.push((slice.encoding, 1)),
        }
    }
    known.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut taken = HashSet::new();
    let mut names: Vec<String> = known
        .iter()
        .map(|(encoding, _)| encoding.in_words())
        .filter(|name| taken.insert(name.clone()))
        .collect();
    if names.len() > MOST_ENCODINGS {
        names.truncate(MOST_ENCODINGS - 1);
        names.push("all others".into());
    }
    names
}

/// Everything about one slice but its histogram.
fn look(index: usize, image: &HuImage, counts: &Histogram) -> Seen {
    let thumbnail = Thumbnail::of(image);
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write_usize(image.columns);
    // Eight bytes at a time: the hash is the longest part of this look otherwise.
    for four in image.hu.chunks(4) {
        let word = four
            .iter()
            .fold(0_u64, |word, hu| word << 16 | u64::from(*hu as u16));
        hasher.write_u64(word);
    }
    let (low, high) = image.hu.iter().fold((i16::MAX, i16::MIN), |(low, high), hu| {
        (low.min(*hu), high.max(*hu))
    });
    Seen {
        index,
        exact: hasher.finish(),
        alike: thumbnail.hash(),
        features: features(image, counts, &thumbnail),
        range: [low, high],
        thumbnail,
    }
}

fn features(image: &HuImage, counts: &Histogram, thumbnail: &Thumbnail) -> [f32; FEATURES.len()] {
    let total = counts.total().max(1) as f32;
    let share = |low: i16, high: i16| counts.between(low, high) as f32 / total;
    let [mean, deviation, first, median, third] = counts
        .moments(0, 80)
        .map_or([0.0; 5], |moments| moments.map(|value| value as f32));
    let [x, y] = thumbnail.middle();
    [
        share(-1100, -300),
        share(-300, 300),
        share(0, 80),
        share(50, 100),
        (counts.between(300, 1500) + counts.above) as f32 / total,
        counts.below as f32 / total,
        mean,
        deviation,
        first,
        median,
        third,
        noise(image),
        thumbnail.asymmetry(),
        x,
        y,
        thumbnail.spread(),
    ]
}

/// Mean absolute difference of neighbours along a row where both lie from 0 to 80 HU: noise, and texture.
fn noise(image: &HuImage) -> f32 {
    let brain = 0..80;
    let (mut sum, mut count) = (0_u64, 0_u64);
    for row in image.hu.chunks_exact(image.columns.max(1)).step_by(4) {
        for pair in row.windows(2) {
            if brain.contains(&pair[0]) && brain.contains(&pair[1]) {
                sum += u64::from(pair[0].abs_diff(pair[1]));
                count += 1;
            }
        }
    }
    if count == 0 {
        0.0
    } else {
        sum as f32 / count as f32
    }
}

/// A slice with these features and nothing else.
#[cfg(test)]
pub(super) fn seen_for_tests(index: usize, features: [f32; FEATURES.len()]) -> Seen {
    let image = HuImage {
        rows: 1,
        columns: 1,
        hu: vec![0],
    };
    Seen {
        features,
        ..look(index, &image, &Histogram::of(&image.hu))
    }
}
