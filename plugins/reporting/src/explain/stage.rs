//! The stage `grad-cam`.

use std::collections::{BTreeMap, BTreeSet};

use ichflow_api::data::identity::SeriesOrder;
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::HostBatch;
use ichflow_api::tensors::heat_map::{Explainer, HeatMap, Weighing};

use super::overlay;
use crate::render::choose::choose;
use crate::render::png::colours;

/// Shows where the network looked: heat maps over validation slices, hot where the feature maps spoke for a label.
///
/// The slices are those the report shows (`examples` and `mistakes` as there), each for the label it was chosen for
/// and for `labels`. Writes `heat_maps/` with a picture of each, the slice beside the slice under its heat, and
/// `heat_maps.csv` with the hottest point of each in pixels of the stored image. A `metrics-report` after it lays
/// them over its slices. A heat map shows what moved the network, not where blood is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GradCam {
    /// Further labels to show of each slice, beside the one it was chosen for.
    #[schemars(length(max = 6))]
    pub labels: Vec<String>,
    /// How many positive slices of each label with the highest probabilities, and as many again with the lowest.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub examples: usize,
    /// How many of the most confident mistakes, and as many of the best and of the worst slices.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub mistakes: usize,
    /// How gradients weigh the feature maps: `each` value by its own (HiResCAM) or each map by their `mean`
    /// (Grad-CAM).
    pub weighing: Weighing,
    /// How often the slice is looked at along each axis, moved by parts of a cell of the feature maps, which are
    /// coarse: 4 tells quarters of a cell apart, and takes sixteen times as long as 1.
    #[schemars(range(min = 1, max = 16))]
    pub shifts: usize,
    /// Whether to write the pictures beside the table.
    pub pictures: bool,
    /// Longest side of a slice in the pictures, in pixels; larger images are averaged down.
    #[schemars(range(min = 32, max = 1024))]
    pub image_size: usize,
}

impl Default for GradCam {
    fn default() -> Self {
        Self {
            labels: Vec::new(),
            examples: 3,
            mistakes: 8,
            weighing: Weighing::default(),
            shifts: 4,
            pictures: true,
            image_size: 256,
        }
    }
}

/// Heat maps of some slices.
#[derive(Clone, Debug, Default)]
pub struct HeatMaps {
    /// By the slice's id and the label's place among the labels.
    maps: BTreeMap<String, BTreeMap<usize, HeatMap>>,
}

impl Artifact for HeatMaps {
    const NAME: &'static str = "heat maps";
}

impl HeatMaps {
    /// The port on which they are offered.
    pub const OUTPUT: Output<Self> = Output::new("heat_maps");
    /// The port of a page that shows them.
    pub const INPUT: OptionalInput<Self> = OptionalInput::new("heat_maps");

    /// The map of a slice for a label.
    pub fn find(&self, id: &str, label: usize) -> Option<&HeatMap> {
        self.maps.get(id)?.get(&label)
    }
}

impl GradCam {
    fn further(&self, labels: &LabelSet) -> Vec<usize> {
        self.labels
            .iter()
            .filter_map(|label| labels.index_of(label))
            .collect()
    }

    /// Indices of the slices to explain, with the labels of each.
    fn wanted(&self, valid: &Predictions) -> BTreeMap<usize, BTreeSet<usize>> {
        let mut wanted: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for choice in choose(valid, self.examples, self.mistakes) {
            for (index, label) in choice.slices {
                wanted
                    .entry(index)
                    .or_insert_with(|| self.further(&valid.labels).into_iter().collect())
                    .insert(label);
            }
        }
        wanted
    }
}

impl Stage for GradCam {
    const NAME: &'static str = "grad-cam";
    const FAMILY: Family = Family::Report;
    const SUMMARY: &'static str = "where the network looked: heat maps over slices";
    const EXAMPLE: &'static str = "[explain]                           # between predict and metrics-report\nuse = \"grad-cam\"\nlabels = [\"any\"]\n";

    fn ports() -> Ports {
        Ports::new()
            .takes(input::MODEL)
            .takes(input::VALID)
            .takes(input::PIXELS)
            .offers(HeatMaps::OUTPUT)
    }

    fn check_labels(&self, labels: &LabelSet) -> Vec<Problem> {
        let unknown = self
            .labels
            .iter()
            .enumerate()
            .filter(|(_, label)| labels.index_of(label).is_none());
        unknown
            .map(|(index, label)| {
                Problem::new(format!("labels[{index}]"), format!("there is no label `{label}`"))
                    .help(format!("labels are {labels}"))
            })
            .collect()
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let model = inputs.take(input::MODEL)?;
        let valid = inputs.take(input::VALID)?;
        let pixels = inputs.take(input::PIXELS)?;
        let cohort = Cohort {
            slices: valid.slices.clone(),
            labels: valid.labels.clone(),
            ..Cohort::default()
        };
        let order = SeriesOrder::of(&cohort.slices);
        let offsets = model.preparation.window.offsets();
        let wanted = self.wanted(&valid);
        let progress = context.progress("explaining", wanted.len(), "slices");
        let table = context.file("heat_maps.csv")?;
        let mut rows = csv::Writer::from_path(&table).at("write", &table)?;
        rows.write_record([
            "id",
            "label",
            "truth",
            "probability",
            "row",
            "column",
            "rows",
            "columns",
        ])
        .at("write", &table)?;
        let mut found = HeatMaps::default();
        let explainer = Explainer::new(&model, self.weighing, self.shifts);
        for (index, labels) in wanted {
            context.checkpoint()?;
            progress.advance(1);
            let slice = &valid.slices[index];
            let batch = match HostBatch::read_one(&pixels, &cohort, &order, index, &offsets) {
                Ok(host) => host.upload(&cohort, &context.device()),
                Err(error) => {
                    context.warn(format!("{} is not explained: {}", slice.id, error.chain()));
                    continue;
                }
            };
            let labels: Vec<usize> = labels.into_iter().collect();
            let maps = explainer.heat_maps(&batch, &labels)?;
            for (label, map) in labels.into_iter().zip(maps) {
                let shown = pixels.shown(slice);
                let point = map.hottest().map(|point| shown.in_slice(point));
                let written =
                    |axis: usize| point.map_or(String::new(), |point| format!("{:.1}", point[axis]));
                let truth = slice.labels.as_ref().and_then(|truth| truth.positive(label));
                let truth = truth.map_or("", |positive| if positive { "1" } else { "0" });
                rows.write_record([
                    slice.id.as_str(),
                    valid.labels.name(label),
                    truth,
                    &valid.probabilities[index][label].to_string(),
                    &written(0),
                    &written(1),
                    &slice.rows.to_string(),
                    &slice.columns.to_string(),
                ])
                .at("write", &table)?;
                if self.pictures {
                    let (colours, height, width) = colours(model.images(&batch), self.image_size)?;
                    let picture = overlay::beside(&colours, &map, height, width)?;
                    let path = context.file(&format!(
                        "heat_maps/{}_{}.png",
                        file_name(&slice.id),
                        file_name(valid.labels.name(label))
                    ))?;
                    std::fs::write(&path, picture).at("write", &path)?;
                }
                found.maps.entry(slice.id.clone()).or_default().insert(label, map);
            }
        }
        rows.flush().at("write", &table)?;
        context.say(format!("heat maps of {} slices", found.maps.len()));
        Ok(Outputs::new().with(HeatMaps::OUTPUT, found))
    }
}

ichflow_api::register!(GradCam);

/// An id as a file's name.
fn file_name(id: &str) -> String {
    let safe = |letter: char| {
        if letter.is_alphanumeric() || "._-".contains(letter) {
            letter
        } else {
            '_'
        }
    };
    id.chars().map(safe).collect()
}
