//! BHX, boxes on slices of CQ500.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use ichflow_api::counted::counted;
use ichflow_api::data::annotations::Shape;
use ichflow_api::prelude::*;
use ichflow_dicom::Turn;

use super::boxes::{Boxes, StoredBox};

/// Offers the boxes of BHX as annotations of a cohort, CQ500 as a rule: rows name their slice by its SOPInstanceUID.
///
/// `data` holds a box in pixels from the upper left corner, as the text of a Python dictionary, or `x`, `y`, `width` and
/// `height` are columns of their own. Labels are Intraparenchymal, Subarachnoid, Intraventricular, Epidural and Subdural,
/// which are the labels of the same names, and Chronic, a region of that name. A slice that was stored turned is turned
/// when it is read, and its boxes with it. Rows whose slice is not in the cohort and rows without a box are counted and
/// said.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bhx {
    /// The CSVs, `1_Initial_Manual_Labeling.csv` and its extrapolations; a box that is in several counts once.
    #[schemars(length(min = 1))]
    pub boxes: Vec<PathBuf>,
}

impl Stage for Bhx {
    const NAME: &'static str = "bhx";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "BHX: boxes as annotations of a cohort of DICOM, CQ500 as a rule";
    const EXAMPLE: &'static str = "[boxes]                             # after the loader\nuse = \"bhx\"\nboxes = [\"data/bhx/1_Initial_Manual_Labeling.csv\"]\n";

    fn ports() -> Ports {
        Ports::new().takes(input::TRAIN).offers(output::ANNOTATIONS)
    }

    fn reads(&self) -> Vec<ExternalPath> {
        self.boxes
            .iter()
            .map(|path| ExternalPath::file("boxes", path))
            .collect()
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.take(input::TRAIN)?;
        let mut by_instance: HashMap<&str, Vec<&Slice>> = HashMap::new();
        for slice in cohort.slices.iter().filter(|slice| !slice.instance.is_empty()) {
            by_instance
                .entry(slice.instance.as_str())
                .or_default()
                .push(slice);
        }
        let mut annotations = Annotations::default();
        let mut turns: BTreeMap<&Path, Option<Vec<Turned>>> = BTreeMap::new();
        let (mut elsewhere, mut unclear, mut unread) = (0, 0, 0);
        for path in &self.boxes {
            let boxes = Boxes::read(path)?;
            unclear += boxes.unclear.len();
            for row in boxes.rows {
                let Some(slices) = by_instance.get(row.instance.as_str()) else {
                    elsewhere += 1;
                    continue;
                };
                // The label as the set writes it, where it has one of that name.
                let names = cohort.labels.names().iter();
                let label = names
                    .filter(|name| name.eq_ignore_ascii_case(&row.label))
                    .map(String::clone)
                    .next()
                    .unwrap_or_else(|| row.label.to_lowercase());
                for slice in slices {
                    context.checkpoint()?;
                    let turned = turns
                        .entry(&slice.file)
                        .or_insert_with(|| Turned::of(&slice.file));
                    let turned = turned
                        .as_ref()
                        .and_then(|frames| frames.get(slice.frame as usize));
                    let Some(turned) = turned else {
                        unread += 1;
                        continue;
                    };
                    let region = turned.shape(row.shape);
                    let known = annotations.of_slice.get(&slice.id);
                    let is_known = known.is_some_and(|known| {
                        known
                            .iter()
                            .any(|known| known.label == label && known.shape == region)
                    });
                    if !is_known {
                        annotations.add(&slice.id, &label, region);
                    }
                }
            }
        }
        let rows = |count, what: &str| format!("{} {what}", counted(count, "row", "rows"));
        let told = [
            (elsewhere, "of boxes are of slices that the cohort does not have"),
            (unclear, "hold no box, or name no slice or label"),
            (unread, "are of slices whose header cannot be read"),
        ];
        annotations.remarks = told
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| rows(count, what))
            .collect();
        for remark in &annotations.remarks {
            context.warn(remark);
        }
        if annotations.is_empty() {
            return Err(Error::new("no box is of a slice of the cohort").help(
                "BHX's boxes are on CQ500: load that, and keep the series that they were drawn on (`SeriesInstanceUID`)",
            ));
        }
        context.say(format!(
            "{} on {}",
            counted(annotations.len(), "box", "boxes"),
            counted(annotations.of_slice.len(), "slice", "slices")
        ));
        Ok(Outputs::new().with(output::ANNOTATIONS, annotations))
    }
}

ichflow_api::register!(Bhx);

/// How a frame is turned when it is read, and its size as it is stored.
struct Turned {
    turn: Turn,
    rows: f64,
    columns: f64,
}

impl Turned {
    /// Of all frames of a file; none where it cannot be read.
    fn of(file: &Path) -> Option<Vec<Self>> {
        let headers = ichflow_dicom::read_headers(file).ok()?;
        let turned = headers.into_iter().map(|header| Self {
            turn: header.turn,
            rows: f64::from(header.storage.rows),
            columns: f64::from(header.storage.columns),
        });
        Some(turned.collect())
    }

    /// A box of the stored image, as the image is read.
    fn shape(&self, stored: StoredBox) -> Shape {
        let StoredBox {
            left,
            top,
            width,
            height,
        } = stored;
        let (rows, columns) = self.turn.size(self.rows, self.columns);
        let (top, left) = self.turn.size(top, left);
        let (height, width) = self.turn.size(height, width);
        let begin = |begin: f64, length: f64, side: f64, reversed: bool| match reversed {
            true => side - begin - length,
            false => begin,
        };
        Shape::Box {
            left: begin(left, width, columns, self.turn.columns_reversed),
            top: begin(top, height, rows, self.turn.rows_reversed),
            width,
            height,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A box of one pixel goes where the pixel goes.
    #[test]
    fn boxes_turn_with_their_image() {
        let (rows, columns) = (2, 3);
        for bits in 0..8 {
            let turn = Turn {
                transposed: bits & 1 != 0,
                columns_reversed: bits & 2 != 0,
                rows_reversed: bits & 4 != 0,
            };
            let turned = Turned {
                turn,
                rows: 2.0,
                columns: 3.0,
            };
            for (row, column) in [(0, 0), (1, 2), (0, 1)] {
                let mut image = vec![false; rows * columns];
                image[row * columns + column] = true;
                let expected = turn.apply(rows, columns, image);
                let shape = turned.shape(StoredBox {
                    left: column as f64,
                    top: row as f64,
                    width: 1.0,
                    height: 1.0,
                });
                let mut annotations = Annotations::default();
                annotations.add("a", "x", shape);
                let (rows, columns) = turn.size(rows, columns);
                assert_eq!(
                    annotations.inside("a", rows, columns, |_| true).unwrap(),
                    expected,
                    "{turn:?}"
                );
            }
        }
    }
}
