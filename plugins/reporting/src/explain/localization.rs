//! The stage `localization`: whether heat maps lie where findings are.

use std::collections::{BTreeMap, BTreeSet};

use ichflow_api::data::identity::{SeriesOrder, Subject};
use ichflow_api::data::labels::LabelSet;
use ichflow_api::data::localization::{LabelLocalization, Localization, LocalizationScore};
use ichflow_api::data::pixels::Shown;
use ichflow_api::metrics::{centred_map, energy_inside, pointing_game};
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::HostBatch;
use ichflow_api::tensors::heat_map::{Explainer, HeatMap, Weighing};

/// Holds heat maps of validation slices against annotations, boxes or masks: does the hottest point lie in the finding
/// (the pointing game), and which share of the heat does (energy inside).
///
/// For each label, of the slices that are annotated with it; the label that stands for all is held against annotations of
/// every label. Beside the network's scores stand those of a map of one value everywhere, which are the findings' share of
/// the image, and of a Gaussian in the middle of the image: a network that only knows where heads are scores no more. A
/// map in which nothing speaks for the label scores 0. Regions are drawn in pixels of the stored slice, and a crop or
/// padding on the way to the network is taken into account. Writes `localization.csv` with a line a map; an `evaluate`
/// after it puts the means into `metrics.json` and the report.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Localize {
    /// Slices of a label that are looked at, spread evenly over those annotated; none: all of them.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub most: Option<usize>,
    /// How gradients weigh the feature maps, as in `grad-cam`.
    pub weighing: Weighing,
    /// How often a slice is looked at along each axis, as in `grad-cam`; time grows with its square.
    #[schemars(range(min = 1, max = 16))]
    pub shifts: usize,
}

impl Default for Localize {
    fn default() -> Self {
        Self {
            most: Some(200),
            weighing: Weighing::default(),
            shifts: 4,
        }
    }
}

impl Stage for Localize {
    const NAME: &'static str = "localization";
    const FAMILY: Family = Family::Report;
    const SUMMARY: &'static str = "whether heat maps lie where annotations are: pointing game, energy inside";
    const EXAMPLE: &'static str = "[localization]                      # between predict and evaluate\nuse = \"localization\"\nmost = 100\n";

    fn ports() -> Ports {
        Ports::new()
            .takes(input::MODEL)
            .takes(input::VALID)
            .takes(input::PIXELS)
            .takes(input::ANNOTATIONS)
            .offers(output::LOCALIZATION)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let model = inputs.take(input::MODEL)?;
        let valid = inputs.take(input::VALID)?;
        let pixels = inputs.take(input::PIXELS)?;
        let annotations = inputs.take(input::ANNOTATIONS)?;
        let names = &valid.labels;
        let cohort = Cohort {
            labels: names.clone(),
            level: valid.level,
            slices: valid.slices.clone(),
            remarks: Vec::new(),
        };
        let order = SeriesOrder::of(&cohort.slices);
        let offsets = model.preparation.window.offsets();
        let mut tallies: Vec<Tally> = names.names().iter().map(|_| Tally::default()).collect();
        let mut wanted: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (label, tally) in tallies.iter_mut().enumerate() {
            let is_annotated = |slice: &Slice| inside(&annotations, slice, names, label).is_some();
            let annotated: Vec<usize> = (0..valid.slices.len())
                .filter(|index| is_annotated(&valid.slices[*index]))
                .collect();
            tally.annotated = annotated.len();
            for index in spread(&annotated, self.most) {
                wanted.entry(index).or_default().insert(label);
            }
        }
        if wanted.is_empty() {
            context.warn("no validation slice is annotated with a label of the network: there is nothing to hold heat maps against");
        }
        let progress = context.progress("localizing", wanted.len(), "slices");
        let path = context.file("localization.csv")?;
        let mut rows = csv::Writer::from_path(&path).at("write", &path)?;
        let head = [
            "id",
            "label",
            "pointing",
            "energy",
            "share_of_image",
            "centred_pointing",
            "centred_energy",
        ];
        rows.write_record(head).at("write", &path)?;
        let explainer = Explainer::new(&model, self.weighing, self.shifts);
        for (index, labels) in wanted {
            context.checkpoint()?;
            progress.advance(1);
            let slice = &valid.slices[index];
            let batch = match HostBatch::read_one(&pixels, &cohort, &order, index, &offsets) {
                Ok(host) => host.upload(&cohort, &context.device()),
                Err(error) => {
                    context.warn(format!("{} is not looked at: {}", slice.id, error.chain()));
                    continue;
                }
            };
            let labels: Vec<usize> = labels.into_iter().collect();
            let maps = explainer.heat_maps(&batch, &labels)?;
            for (label, map) in labels.into_iter().zip(maps) {
                let Some(inside) = inside(&annotations, slice, names, label) else {
                    continue;
                };
                let Some(scored) = Scored::of(&map, &pixels.shown(slice), slice, &inside) else {
                    continue;
                };
                let numbers = [
                    scored.heat_map.pointing,
                    scored.heat_map.energy,
                    scored.uniform.energy,
                    scored.centred.pointing,
                    scored.centred.energy,
                ];
                let numbers = numbers.map(|number| number.to_string());
                let name = names.name(label);
                rows.write_record(
                    [slice.id.as_str(), name]
                        .into_iter()
                        .chain(numbers.iter().map(String::as_str)),
                )
                .at("write", &path)?;
                tallies[label].add(&scored, Subject::of(slice).name());
            }
        }
        rows.flush().at("write", &path)?;
        let labels = tallies.into_iter().enumerate();
        let labels = labels.filter_map(|(label, tally)| tally.finish(names.name(label)));
        let localization = Localization {
            labels: labels.collect(),
        };
        let maps: usize = localization.labels.iter().map(|label| label.maps).sum();
        context.say(format!("{maps} heat maps held against annotations"));
        Ok(Outputs::new().with(output::LOCALIZATION, localization))
    }
}

ichflow_api::register!(Localize);

/// The pixels of a slice in which a label is annotated; of the label that stands for all, in which any is.
fn inside(annotations: &Annotations, slice: &Slice, names: &LabelSet, label: usize) -> Option<Vec<bool>> {
    let (rows, columns) = (slice.rows as usize, slice.columns as usize);
    let is_meant = |region: &str| names.union() == Some(label) || region == names.name(label);
    annotations.inside(&slice.id, rows, columns, is_meant)
}

/// At most so many of some, spread evenly.
fn spread(all: &[usize], most: Option<usize>) -> Vec<usize> {
    match most {
        Some(most) if most < all.len() => (0..most).map(|number| all[number * all.len() / most]).collect(),
        _ => all.to_vec(),
    }
}

/// What one map scores, and what maps that know nothing would.
struct Scored {
    heat_map: LocalizationScore,
    uniform: LocalizationScore,
    centred: LocalizationScore,
    empty: bool,
}

impl Scored {
    /// Over the pixels that the image shows, one of the slice each; those of padding lie in no finding. Nothing where no
    /// pixel is shown.
    fn of(map: &HeatMap, shown: &Shown, slice: &Slice, inside: &[bool]) -> Option<Self> {
        let (rows, columns) = (slice.rows as i64, slice.columns as i64);
        // Pixels whose middles the image shows.
        let seen = |begin: f64, length: f64| {
            let first = (begin - 0.5).ceil() as i64;
            first..(begin + length - 0.5).ceil() as i64
        };
        let (down, right) = (seen(shown.top, shown.height), seen(shown.left, shown.width));
        let height = usize::try_from(down.end - down.start).ok()?;
        let width = usize::try_from(right.end - right.start).ok()?;
        let mut heat = Vec::with_capacity(height * width);
        let mut within = Vec::with_capacity(height * width);
        for row in down {
            for column in right.clone() {
                let place = shown.in_image([row as f64 + 0.5, column as f64 + 0.5]);
                heat.push(f64::from(map.at(place)));
                let is_slice = (0..rows).contains(&row) && (0..columns).contains(&column);
                within.push(is_slice && inside[(row * columns + column) as usize]);
            }
        }
        let score = |map: &[f64]| {
            Some(LocalizationScore {
                pointing: pointing_game(map, &within)?,
                energy: energy_inside(map, &within)?,
            })
        };
        Some(Self {
            heat_map: score(&heat)?,
            uniform: score(&vec![1.0; heat.len()])?,
            centred: score(&centred_map(height, width))?,
            empty: heat.iter().all(|value| *value <= 0.0),
        })
    }
}

/// Sums over the maps of a label.
#[derive(Default)]
struct Tally {
    annotated: usize,
    maps: usize,
    empty: usize,
    patients: BTreeSet<String>,
    heat_maps: LocalizationScore,
    uniform: LocalizationScore,
    centred: LocalizationScore,
}

impl Tally {
    fn add(&mut self, scored: &Scored, patient: &str) {
        self.maps += 1;
        self.empty += usize::from(scored.empty);
        self.patients.insert(patient.to_owned());
        let pairs = [
            (&mut self.heat_maps, &scored.heat_map),
            (&mut self.uniform, &scored.uniform),
            (&mut self.centred, &scored.centred),
        ];
        for (sum, one) in pairs {
            sum.pointing += one.pointing;
            sum.energy += one.energy;
        }
    }

    fn finish(self, label: &str) -> Option<LabelLocalization> {
        let mean = |sum: LocalizationScore| LocalizationScore {
            pointing: sum.pointing / self.maps as f64,
            energy: sum.energy / self.maps as f64,
        };
        (self.maps > 0).then(|| LabelLocalization {
            label: label.to_owned(),
            maps: self.maps,
            annotated: self.annotated,
            patients: self.patients.len(),
            empty: self.empty,
            heat_maps: mean(self.heat_maps),
            uniform: mean(self.uniform),
            centred: mean(self.centred),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit::slice;

    fn slice_of(rows: u32, columns: u32) -> Slice {
        let mut made = slice("one", "p", None);
        (made.rows, made.columns) = (rows, columns);
        made
    }

    #[test]
    fn a_map_scores_what_it_scores_by_hand() {
        let map = HeatMap {
            rows: 2,
            columns: 2,
            values: vec![0.0, 1.0, 0.0, 0.5],
        };
        let slice = slice_of(2, 2);
        let inside = [false, true, false, false];
        let scored = Scored::of(&map, &Shown::whole(&slice), &slice, &inside).unwrap();
        // A cell a pixel: 1 of 1.5 is inside.
        assert_eq!(scored.heat_map.pointing, 1.0);
        assert!((scored.heat_map.energy - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!((scored.uniform.pointing, scored.uniform.energy), (0.25, 0.25));
        // All four pixels are as far from the middle.
        assert_eq!((scored.centred.pointing, scored.centred.energy), (0.25, 0.25));
    }

    #[test]
    fn a_crop_and_padding_are_taken_into_account() {
        let slice = slice_of(4, 2);
        // The middle two rows, padded by a column on either side: the image is 2 × 4 pixels of the slice.
        let shown = Shown {
            rows: 2,
            columns: 4,
            top: 1.0,
            left: -1.0,
            height: 2.0,
            width: 4.0,
        };
        let mut values = vec![0.0; 8];
        // In the image row 1, column 2: in the slice row 2, column 1.
        values[6] = 1.0;
        // In the padding.
        values[0] = 1.0;
        let map = HeatMap {
            rows: 2,
            columns: 4,
            values,
        };
        let mut inside = [false; 8];
        inside[2 * 2 + 1] = true;
        // Outside of what is shown.
        inside[0] = true;
        let scored = Scored::of(&map, &shown, &slice, &inside).unwrap();
        assert_eq!((scored.heat_map.pointing, scored.heat_map.energy), (0.5, 0.5));
        assert_eq!(scored.uniform.energy, 0.125);
    }

    #[test]
    fn an_empty_map_scores_nothing_and_is_counted() {
        let slice = slice_of(2, 2);
        let map = HeatMap {
            rows: 1,
            columns: 1,
            values: vec![0.0],
        };
        let mut tally = Tally::default();
        let empty = Scored::of(&map, &Shown::whole(&slice), &slice, &[true; 4]).unwrap();
        tally.add(&empty, "p");
        let hot = HeatMap {
            values: vec![1.0],
            ..map
        };
        let hot = Scored::of(&hot, &Shown::whole(&slice), &slice, &[true, true, false, false]).unwrap();
        tally.add(&hot, "p");
        let found = tally.finish("any").unwrap();
        assert_eq!((found.maps, found.empty, found.patients), (2, 1, 1));
        assert_eq!((found.heat_maps.pointing, found.heat_maps.energy), (0.25, 0.25));
        assert_eq!(found.uniform.energy, 0.75);
        assert_eq!(Tally::default().finish("any"), None);
    }

    #[test]
    fn slices_are_spread_evenly() {
        assert_eq!(spread(&[1, 2, 3, 4, 5, 6], Some(3)), [1, 3, 5]);
        assert_eq!(spread(&[1, 2], Some(3)), [1, 2]);
        assert_eq!(spread(&[1, 2], None), [1, 2]);
    }
}
