//! What to watch for, in words.

use ichflow_api::prelude::*;

use super::counts;
use super::duplicates::Duplicates;
use super::gather::Gathered;
use super::headers::Headers;
use super::series::Series;
use crate::render::numbers::{counted, per_cent, thousands};

/// What the sentences are made of.
pub(super) struct Found<'a> {
    pub labels: &'a LabelSet,
    pub train: &'a [Slice],
    pub test: &'a [Slice],
    pub headers: &'a Headers,
    pub series: &'a [Series<'a>],
    pub duplicates: &'a Duplicates,
    pub gathered: &'a Gathered,
    pub quarantined: usize,
    pub remarks: &'a [String],
}

/// Every sentence that applies; none: there is nothing to watch for.
pub(super) fn out(found: &Found<'_>) -> Vec<String> {
    let mut said = Vec::new();
    of_sets(found, &mut said);
    of_headers(found.headers, &mut said);
    of_series(found.series, &mut said);
    of_pixels(found, &mut said);
    // What loaders say of series is said above, of the same slices.
    let of_series = |remark: &&String| remark.contains(" series ");
    said.extend(found.remarks.iter().filter(|remark| !of_series(remark)).cloned());
    said
}

fn slices(count: usize) -> String {
    counted(count, "slice", "slices")
}

fn of_sets(found: &Found<'_>, said: &mut Vec<String>) {
    if found.quarantined > 0 {
        said.push(format!(
            "{} could not be used and {} excluded; the reasons are below.",
            slices(found.quarantined),
            if found.quarantined == 1 { "is" } else { "are" }
        ));
    }
    let both = counts::in_both(found.train, found.test);
    if both > 0 {
        said.push(format!(
            "{} in both sets: a score on the test set is not one on unseen patients.",
            counted(both, "patient is", "patients are")
        ));
    }
    let several = counts::with_several_series(found.train);
    if several > 0 {
        said.push(format!(
            "{} more than one series: split by patient, not by slice or series.",
            counted(several, "patient has", "patients have")
        ));
    }
    let odd = counts::contradictions(found.train, found.labels);
    if odd > 0 {
        said.push(format!(
            "{} whose `{}` contradicts the sub-types.",
            slices(odd),
            found.labels.name(found.labels.headline())
        ));
    }
    let labelled: Vec<_> = found
        .train
        .iter()
        .filter_map(|slice| slice.labels.as_ref())
        .collect();
    if labelled.is_empty() {
        return;
    }
    for (label, name) in found.labels.names().iter().enumerate() {
        let positive = labelled.iter().filter(|truth| truth.is_positive(label)).count();
        let share = positive as f64 / labelled.len() as f64;
        if positive == 0 {
            said.push(format!(
                "No slice has {name}: nothing can be learned or measured of it."
            ));
        } else if share < 0.01 {
            said.push(format!(
                "{name} is rare: {}, {} of the labelled ones.",
                slices(positive),
                per_cent(share)
            ));
        }
    }
}

fn of_headers(headers: &Headers, said: &mut Vec<String>) {
    if headers.encodings.len() > 1 {
        said.push(format!(
            "There are {} pixel encodings (bits, sign, intercept): apply windows to HU, never to stored values.",
            headers.encodings.len()
        ));
    }
    if headers.several_windows > 0 {
        said.push(format!(
            "{} several windows; the first counts.",
            counted(headers.several_windows, "slice states", "slices state")
        ));
    }
    for (what, count) in &headers.missing {
        said.push(format!(
            "{} no {what}.",
            counted(*count, "slice has", "slices have")
        ));
    }
    if headers.sizes.len() > 1 {
        said.push(format!(
            "Slices come in {} sizes: give the store a size, so that they can share a batch.",
            headers.sizes.len()
        ));
    }
    if headers.not_square > 0 {
        said.push(format!(
            "{} pixels that are not square.",
            counted(headers.not_square, "slice has", "slices have")
        ));
    }
    let (low, high) = headers
        .spacing
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), mm| {
            (low.min(*mm), high.max(*mm))
        });
    if high > 1.25 * low {
        said.push(format!(
            "A pixel is {low:.2} to {high:.2} mm wide: heads differ in size by their scan alone."
        ));
    }
}

fn of_series(series: &[Series<'_>], said: &mut Vec<String>) {
    let number = |is: &dyn Fn(&Series<'_>) -> bool| series.iter().filter(|one| is(one)).count();
    let mut say = |count: usize, [one, many]: [&str; 2], what: &str| {
        if count > 0 {
            let verb = if count == 1 { one } else { many };
            said.push(format!(
                "{} of {} series {verb} {what}.",
                thousands(count),
                thousands(series.len())
            ));
        }
    };
    let has = ["has", "have"];
    say(
        number(&|one| one.is_tilted()),
        ["was", "were"],
        "acquired with a tilted gantry",
    );
    say(
        number(&|one| one.times > 1),
        ["shows", "show"],
        "the same positions at several times (perfusion, phases): neighbours are of the same time",
    );
    let is_repeated = |one: &Series<'_>| one.times == 1 && one.repeated > 0;
    let repeated: usize = series
        .iter()
        .filter(|one| is_repeated(one))
        .map(|one| one.repeated)
        .sum();
    say(
        number(&is_repeated),
        has,
        &format!("{} at a position that another slice has too", slices(repeated)),
    );
    say(
        number(&|one| one.uneven > 0),
        has,
        "uneven slice spacing: neighbours are not equally far apart",
    );
    say(
        number(&|one| one.mixed_thickness),
        has,
        "slices of different thickness",
    );
    say(number(&|one| one.mixed_size), has, "slices of different size");
}

fn of_pixels(found: &Found<'_>, said: &mut Vec<String>) {
    let gathered = found.gathered;
    if gathered.padded > 0 {
        said.push(format!(
            "{} padding below −1500 HU: a stretch from smallest to largest value without a window is ruined by it.",
            counted(gathered.padded, "slice has", "slices have")
        ));
    }
    let flat = gathered
        .seen
        .iter()
        .filter(|one| one.range[0] == one.range[1])
        .count();
    if flat > 0 {
        said.push(format!(
            "{} of one value alone.",
            counted(flat, "slice is", "slices are")
        ));
    }
    // Feature 2 is the share from 0 to 80 HU.
    let empty = gathered.seen.iter().filter(|one| one.features[2] < 0.02).count();
    if empty > 0 {
        said.push(format!(
            "{} less than 2 % of the pixels inside the brain window: they show no brain.",
            counted(empty, "slice has", "slices have")
        ));
    }
    let surplus = found.duplicates.surplus();
    if surplus > 0 {
        said.push(format!(
            "{} the pixels of another exactly.",
            counted(surplus, "slice repeats", "slices repeat")
        ));
    }
    let alike = found.duplicates.pairs;
    if alike > 0 {
        said.push(format!(
            "{} of slices from different series look alike.",
            counted(alike, "pair", "pairs")
        ));
    }
    if !gathered.unread.is_empty() {
        said.push(format!(
            "The pixels of {} could not be read.",
            slices(gathered.unread.len())
        ));
    }
}
