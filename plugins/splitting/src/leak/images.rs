//! Images that stand on two sides under two names: the same ones, and those that look the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ichflow_api::counted::counted;
use ichflow_api::data::identity::series_of;
use ichflow_api::data::likeness::Likeness;
use ichflow_api::data::subject::Subject;
use ichflow_api::prelude::*;
use rayon::prelude::*;

use super::{Found, Sides, listed};

/// Hashes that differ in no more of their 255 bits are of the same image: see [`Likeness`]. Pairs that differ in fewer bits
/// than there are bands agree in one band and are all found; of those up to here next to none disagrees in all sixteen.
const ALIKE_BITS: u32 = 22;
/// Slices of two series that must look the same, as a share of the shorter one: the highest slices of two heads may.
const SHARE: f64 = 0.25;

/// Images on both sides under different names, where the pixels can tell without being read. Images of one value, such as
/// air above the head, are alike and say nothing.
pub(super) fn same(sides: &Sides<'_>) -> Option<Found> {
    let mut first: BTreeMap<String, [Option<usize>; 2]> = BTreeMap::new();
    for (index, slice) in sides.slices.iter().enumerate() {
        if let Some(content) = sides.pixels_of(index).and_then(|pixels| pixels.content(slice)) {
            first.entry(content).or_default()[usize::from(sides.right[index])].get_or_insert(index);
        }
    }
    let mut pairs = Vec::new();
    for [left, right] in first.into_values() {
        let (Some(left), Some(right)) = (left, right) else {
            continue;
        };
        // One that cannot be read is left out wherever it stands.
        let read = sides
            .pixels_of(right)
            .map(|pixels| pixels.read(sides.slices[right]));
        let Some(Ok(HuImage { hu, .. })) = read else {
            continue;
        };
        if hu.iter().any(|value| *value != hu[0]) {
            pairs.push(format!("{} = {}", sides.slices[left].id, sides.slices[right].id));
        }
    }
    if pairs.is_empty() {
        return None;
    }
    let names: Vec<&str> = pairs.iter().map(String::as_str).collect();
    let what = format!(
        "{} {} under two names",
        counted(pairs.len(), "image stands", "images stand"),
        sides.place
    );
    Some(Found {
        named: format!("{what}: {}", listed(&names)),
        what,
        help: "leave one of each pair out of the labels or of the directory",
    })
}

/// Two series that look the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    /// The first slice of the one, and of the other, that does.
    slices: [usize; 2],
    /// How many slices do.
    alike: usize,
}

/// Series of different patients on both sides that look the same, where the pixels can tell without being read: the same
/// exam under another name, in another format, lossily compressed, with other values.
pub(super) fn alike(sides: &Sides<'_>) -> Option<Found> {
    let pairs = pairs(sides);
    if pairs.is_empty() {
        return None;
    }
    let name = |pair: &Pair| {
        let [left, right] = pair.slices.map(|index| sides.slices[index].id.as_str());
        format!("{left} ≈ {right} ({})", counted(pair.alike, "slice", "slices"))
    };
    let names: Vec<String> = pairs.iter().map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let what = format!(
        "{} {} under the names of two patients, as images that look the same",
        counted(pairs.len(), "series stands", "series stand"),
        sides.place
    );
    Some(Found {
        named: format!("{what}: {}", listed(&names)),
        what,
        help: "leave one of each pair out of the labels or of the directory, or give both the same patient",
    })
}

/// What is compared of a slice.
struct Seen {
    index: usize,
    likeness: Likeness,
    bands: [u16; Likeness::BANDS],
    right: bool,
    /// Whose it is: numbers in place of names.
    subject: usize,
    /// Which series it stands in.
    series: usize,
    /// Its exact content, as a number; slices that are the same to the last bit are told of by [`same`].
    content: Option<usize>,
}

fn pairs(sides: &Sides<'_>) -> Vec<Pair> {
    let all = series_of(sides.slices);
    let mut series = vec![0; sides.slices.len()];
    for (number, members) in all.iter().enumerate() {
        for index in members {
            series[*index] = number;
        }
    }
    let mut subjects: HashMap<Subject<'_>, usize> = HashMap::new();
    let mut contents: HashMap<String, usize> = HashMap::new();
    let mut seen = Vec::new();
    for (index, slice) in sides.slices.iter().enumerate() {
        let Some(pixels) = sides.pixels_of(index) else {
            continue;
        };
        let Some(likeness) = pixels.likeness(slice) else {
            continue;
        };
        let next = subjects.len();
        let subject = *subjects.entry(Subject::of(slice)).or_insert(next);
        let content = pixels.content(slice).map(|content| {
            let next = contents.len();
            *contents.entry(content).or_insert(next)
        });
        seen.push(Seen {
            index,
            likeness,
            bands: std::array::from_fn(|band| likeness.band(band)),
            right: sides.right[index],
            subject,
            series: series[index],
            content,
        });
    }
    // The same pair of series may be met in several bands, each time with other slices.
    type Met = BTreeMap<(usize, usize), (BTreeSet<usize>, [usize; 2])>;
    let met: Met = (0..Likeness::BANDS)
        .into_par_iter()
        .map(|band| {
            let mut met = Met::new();
            each_alike(&seen, band, |left, right| {
                let (slices, first) = met
                    .entry((left.series, right.series))
                    .or_insert((BTreeSet::new(), [left.index, right.index]));
                slices.insert(left.index);
                *first = (*first).min([left.index, right.index]);
            });
            met
        })
        .reduce(Met::new, |mut all, more| {
            for (key, (slices, first)) in more {
                let (known, earliest) = all.entry(key).or_insert((BTreeSet::new(), first));
                known.extend(slices);
                *earliest = (*earliest).min(first);
            }
            all
        });
    let pairs = met.iter().filter_map(|((left, right), (slices, first))| {
        let shorter = all[*left].len().min(all[*right].len());
        let enough = slices.len() as f64 >= (SHARE * shorter as f64).max(1.0);
        enough.then_some(Pair {
            slices: *first,
            alike: slices.len(),
        })
    });
    pairs.collect()
}

/// Every pair of slices of two sides and two subjects that look the same and agree in a band, and in none before it.
fn each_alike(seen: &[Seen], band: usize, mut each: impl FnMut(&Seen, &Seen)) {
    let mut order: Vec<&Seen> = seen.iter().collect();
    order.sort_by_key(|one| (one.bands[band], one.right));
    for bucket in order.chunk_by(|a, b| a.bands[band] == b.bands[band]) {
        let middle = bucket.partition_point(|one| !one.right);
        let (left, right) = bucket.split_at(middle);
        for a in left {
            for b in right {
                let is_new = || a.bands[..band].iter().zip(&b.bands).all(|(a, b)| a != b);
                let is_exact = || a.content.is_some() && a.content == b.content;
                if a.subject != b.subject
                    && a.likeness.distance(&b.likeness) <= ALIKE_BITS
                    && is_new()
                    && !is_exact()
                {
                    each(a, b);
                }
            }
        }
    }
}
