//! `dicom-voi`: the display functions of the DICOM standard.

use burn::tensor::TensorData;
use ichflow_api::data::cohort::VoiLut;
use ichflow_api::prelude::*;

use crate::header::{NARROWEST, check_fallback, header_window};
use crate::math::logistic;

/// Stands in for a width of 0 in a division: HU differ by more, so the edge stays as sharp as it should be.
const SHARP: f32 = 1e-6;

/// VOI LUT Function (0028,1056): how a center and a width are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VoiFunction {
    /// The default of the standard, made for integers: `(hu − (center − ½)) / (width − 1) + ½`, clipped to 0…1.
    #[default]
    Linear,
    /// `(hu − center) / width + ½`, clipped to 0…1.
    LinearExact,
    /// `1 / (1 + exp(−4 · (hu − center) / width))`.
    Sigmoid,
}

/// The display functions of the DICOM standard (PS3.3, C.11.2.1.2 and C.11.2.1.3), with the window of each
/// file's own header or a given one, repeated over the channels. 0 is black, 1 is white; slices stored for display as
/// negatives (PhotometricInterpretation MONOCHROME1) are inverted, as viewers do.
///
/// Use it to show a network what people looked at: a slice is as a DICOM viewer shows it. With `lut`, a file that has
/// a VOI LUT Sequence (0028,3010) is shown through its first table, the others through their window. A file's VOI LUT
/// Function (0028,1056) is not read: it is the parameter `function`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DicomVoi {
    /// How center and width are meant.
    pub function: VoiFunction,
    /// Center for every slice, in HU, together with `width`; without both, each file's own are used.
    pub center: Option<f64>,
    /// Width for every slice, in HU, together with `center`; at least 1 for `linear`, above 0 for the others.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub width: Option<f64>,
    /// Center for slices whose header has none, in HU.
    pub fallback_center: f64,
    /// Width for slices whose header has none, in HU.
    #[schemars(range(min = 1.0))]
    pub fallback_width: f64,
    /// Whether a file's own table (VOI LUT Sequence) counts before any window.
    pub lut: bool,
    /// How many equal channels to make.
    #[schemars(range(min = 1, max = 16))]
    pub channels: usize,
}

impl Default for DicomVoi {
    fn default() -> Self {
        Self {
            function: VoiFunction::Linear,
            center: None,
            width: None,
            fallback_center: 40.0,
            fallback_width: 80.0,
            lut: false,
            channels: 3,
        }
    }
}

impl DicomVoi {
    /// The smallest width that a header may ask for: the standard requires at least 1 of `linear`.
    fn narrowest(&self) -> f32 {
        match self.function {
            VoiFunction::Linear => 1.0,
            VoiFunction::LinearExact | VoiFunction::Sigmoid => NARROWEST,
        }
    }

    fn window_of(&self, tags: &SliceTags) -> (f32, f32) {
        match (self.center, self.width) {
            (Some(center), Some(width)) => (center as f32, width as f32),
            _ => header_window(tags, self.narrowest(), self.fallback_center, self.fallback_width),
        }
    }

    /// `(hu − center) / width` with the standard's own halves and ones.
    fn relative(&self, batch: &HuBatch) -> Tensor<4> {
        let (half, one) = match self.function {
            VoiFunction::Linear => (0.5, 1.0),
            VoiFunction::LinearExact | VoiFunction::Sigmoid => (0.0, 0.0),
        };
        let center = batch.per_slice(|tags| {
            let (center, width) = self.window_of(tags);
            // A window without width is black up to and at its edge.
            let edge = if width > one { 0.0 } else { 1e-3 };
            center - half + edge
        });
        let width = batch.widths(|tags| self.window_of(tags).1).sub_scalar(one);
        (batch.hu() - center) / width.clamp_min(SHARP)
    }

    /// What windows make of the batch, but slices with a table of their own shown through that.
    fn through_tables(&self, batch: &HuBatch, windowed: Tensor<4>) -> Tensor<4> {
        let slices = batch
            .tags()
            .iter()
            .enumerate()
            .map(|(index, tags)| match &tags.voi_lut {
                Some(lut) => looked_up(lut, batch.hu().narrow(0, index, 1)),
                None => windowed.clone().narrow(0, index, 1),
            });
        Tensor::cat(slices.collect(), 0)
    }
}

impl WindowScheme for DicomVoi {
    fn channels(&self) -> usize {
        self.channels
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let relative = self.relative(batch);
        let grey = match self.function {
            VoiFunction::Linear | VoiFunction::LinearExact => relative.add_scalar(0.5).clamp(0.0, 1.0),
            VoiFunction::Sigmoid => logistic(relative.mul_scalar(4.0)),
        };
        let grey = if self.lut && batch.tags().iter().any(|tags| tags.voi_lut.is_some()) {
            self.through_tables(batch, grey)
        } else {
            grey
        };
        let grey = if batch.tags().iter().any(|tags| tags.inverted) {
            // 1 − grey where a slice is inverted, else 0 + grey.
            let offset = batch.per_slice(|tags| if tags.inverted { 1.0 } else { 0.0 });
            let sign = batch.per_slice(|tags| if tags.inverted { -1.0 } else { 1.0 });
            grey * sign + offset
        } else {
            grey
        };
        grey.repeat_dim(1, self.channels)
    }
}

/// Brightness of HU `[1, 1, height, width]` by a table: 0 to 1.
fn looked_up(lut: &VoiLut, hu: Tensor<4>) -> Tensor<4> {
    let shape = hu.dims();
    let white = f64::from(2_u32.pow(u32::from(lut.bits)) - 1);
    let values: Vec<f32> = lut
        .values
        .iter()
        .map(|value| (f64::from(*value) / white).min(1.0) as f32)
        .collect();
    let last = lut.values.len() - 1;
    let table = Tensor::<1>::from_data(TensorData::new(values, [last + 1]), &hu.device());
    // HU are whole numbers, unless training has shifted them.
    let place = hu
        .sub_scalar(f64::from(lut.first_hu))
        .round()
        .clamp(0.0, last as f64);
    table
        .select(0, place.reshape([shape[2] * shape[3]]).int())
        .reshape(shape)
}

impl Stage for DicomVoi {
    const NAME: &'static str = "dicom-voi";
    const FAMILY: Family = Family::Window;
    const SUMMARY: &'static str =
        "the display functions of the DICOM standard: linear, linear exact, sigmoid";
    const EXAMPLE: &'static str = "[window]\nuse = \"dicom-voi\"\nfunction = \"linear_exact\"\n";

    fn ports() -> Ports {
        Ports::new().takes(input::COHORT).offers(output::WINDOW)
    }

    fn narrow(&self, all: Ports) -> Ports {
        all.takes_only_if(self.lut, input::COHORT)
    }

    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        Descriptions::new().with(output::WINDOW, Description::of(Window::new(self.clone())))
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = check_fallback(self.fallback_center, self.fallback_width);
        if self.center.is_some() != self.width.is_some() {
            let (given, other) = if self.center.is_some() {
                ("center", "width")
            } else {
                ("width", "center")
            };
            problems.push(
                Problem::new(given, format!("`{given}` means nothing without `{other}`"))
                    .help("give both, or neither to use each file's own window"),
            );
        }
        if let Some(center) = self.center.filter(|center| !center.is_finite()) {
            problems.push(Problem::new(
                "center",
                format!("a window cannot have the center {center}"),
            ));
        }
        let least = match self.function {
            VoiFunction::Linear => 1.0,
            VoiFunction::LinearExact | VoiFunction::Sigmoid => f64::MIN_POSITIVE,
        };
        if let Some(width) = self.width.filter(|width| !(width.is_finite() && *width >= least)) {
            problems.push(
                Problem::new("width", format!("a window cannot have the width {width}"))
                    .help("`linear` needs at least 1, the other functions more than 0"),
            );
        }
        problems
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        if self.lut {
            // Nothing is found in the cohort: it is only counted, and any other will do.
            context.settle(self)?;
            let cohort = inputs.take(input::COHORT)?;
            let tables = cohort
                .slices
                .iter()
                .filter(|slice| slice.tags.voi_lut.is_some())
                .count();
            match tables {
                0 => context.warn(
                    "no file has a table of its own (VOI LUT Sequence): all are shown through their window, as \
                     without `lut`",
                ),
                _ => context.say(format!(
                    "{tables} of {} slices are shown through the table of their file, the others through their window",
                    cohort.len()
                )),
            }
        }
        Ok(Outputs::new().with(output::WINDOW, Window::new(self.clone())))
    }
}

ichflow_api::register!(DicomVoi);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ichflow_api::testkit::{cohort, run_context, slice};

    use super::*;
    use crate::testing::*;

    fn voi(function: VoiFunction, center: f64, width: f64) -> DicomVoi {
        DicomVoi {
            function,
            center: Some(center),
            width: Some(width),
            channels: 1,
            ..DicomVoi::default()
        }
    }

    /// The standard's own notes: with center 2048 and width 4096, 0 and below is the minimum, 4095 the
    /// maximum; with center 0 and width 1, ≤ −½ is the minimum and the rest the maximum.
    #[test]
    fn linear_is_the_standards_with_its_halves_and_ones() {
        let got = applied(
            &voi(VoiFunction::Linear, 2048.0, 4096.0),
            &[-5, 0, 1, 4094, 4095, 5000],
        );
        let step = 1.0 / 4095.0;
        assert_near(&got, &[0.0, 0.0, step, 1.0 - step, 1.0, 1.0]);
        assert_near(
            &applied(&voi(VoiFunction::Linear, 0.0, 1.0), &[-2, -1, 0, 1]),
            &[0.0, 0.0, 1.0, 1.0],
        );
        assert_near(
            &applied(&voi(VoiFunction::Linear, 0.5, 1.0), &[-1, 0, 1]),
            &[0.0, 0.0, 1.0],
        );
    }

    #[test]
    fn linear_exact_and_sigmoid_use_center_and_width_as_they_are() {
        assert_near(
            &applied(
                &voi(VoiFunction::LinearExact, 40.0, 80.0),
                &[-1, 0, 20, 40, 80, 81],
            ),
            &[0.0, 0.0, 0.25, 0.5, 1.0, 1.0],
        );
        let at_edge = 1.0 / (1.0 + 2.0_f32.exp());
        assert_near(
            &applied(&voi(VoiFunction::Sigmoid, 40.0, 80.0), &[-3024, 0, 40, 80]),
            &[0.0, at_edge, 0.5, 1.0 - at_edge],
        );
    }

    #[test]
    fn each_slice_has_its_own_window_unless_one_is_given() {
        let own = DicomVoi {
            function: VoiFunction::LinearExact,
            channels: 1,
            ..DicomVoi::default()
        };
        let tags = SliceTags {
            window_center: Some(50.0),
            window_width: Some(100.0),
            ..SliceTags::default()
        };
        let got = values(own.apply(&batch_of(&[&[0, 25, 50, 100]], tags)));
        assert_near(&got, &[0.0, 0.25, 0.5, 1.0]);
    }

    /// As pydicom's `apply_voi` has it, divided by 4095.
    #[test]
    fn a_table_of_the_file_counts_before_its_window() {
        let table = VoiLut {
            first_hu: -20,
            bits: 12,
            values: vec![0, 100, 1000, 3000, 4000, 4095],
        };
        let with_table = SliceTags {
            voi_lut: Some(Arc::new(table)),
            ..SliceTags::default()
        };
        let scheme = DicomVoi {
            lut: true,
            channels: 1,
            ..DicomVoi::default()
        };
        let hu = [-3024, -21, -20, -19, -18, -17, -16, -15, -14, 40, 2000];
        let expected = [0, 0, 0, 100, 1000, 3000, 4000, 4095, 4095, 4095, 4095];
        let expected = expected.map(|value| value as f32 / 4095.0);
        let both = HuBatch::upload(
            [hu, hu].concat(),
            1,
            hu.len(),
            vec![with_table.clone(), SliceTags::default()],
            &Device::flex(),
        );
        let got = values(scheme.apply(&both));
        assert_near(&got[..11], &expected);
        let windowed = DicomVoi {
            lut: false,
            ..scheme.clone()
        };
        assert_near(&got[11..], &applied(&windowed, &hu));
        let ignored = values(windowed.apply(&batch_of(&[&hu], with_table)));
        assert_near(&ignored, &applied(&windowed, &hu));
        assert_edges(&scheme);
    }

    #[test]
    fn tables_are_counted_in_the_cohort() {
        let scheme = DicomVoi {
            lut: true,
            ..DicomVoi::default()
        };
        assert_eq!(scheme.narrow(DicomVoi::ports()).inputs.len(), 1);
        assert!(DicomVoi::default().narrow(DicomVoi::ports()).inputs.is_empty());
        let directory = tempfile::tempdir().unwrap();
        let run = run_context(directory.path());
        let context = Context::new(&run, "window", "dicom-voi", "key");
        let inputs = Inputs::default().with(input::COHORT, cohort(vec![slice("one", "p", None)]));
        assert!(scheme.run(&inputs, &context).is_ok());
    }

    #[test]
    fn edge_cases_stay_within_range() {
        for function in [
            VoiFunction::Linear,
            VoiFunction::LinearExact,
            VoiFunction::Sigmoid,
        ] {
            assert_edges(&DicomVoi {
                function,
                ..DicomVoi::default()
            });
            assert_edges(&voi(function, 0.0, 1.0));
        }
    }

    fn headed(function: VoiFunction, center: f32, width: f32, inverted: bool, hu: &[i16]) -> Vec<f32> {
        let tags = SliceTags {
            window_center: Some(center),
            window_width: Some(width),
            inverted,
            ..SliceTags::default()
        };
        let scheme = DicomVoi {
            function,
            channels: 1,
            ..DicomVoi::default()
        };
        values(scheme.apply(&batch_of(&[hu], tags)))
    }

    /// Windows as headers state them.
    #[test]
    fn widths_of_headers_are_used_where_the_function_allows_them() {
        let hu = [-1024, 39, 40, 41, 3071];
        use VoiFunction::{Linear, LinearExact, Sigmoid};
        assert_near(
            &headed(LinearExact, 40.0, 0.5, false, &hu),
            &[0.0, 0.0, 0.5, 1.0, 1.0],
        );
        assert_near(&headed(Sigmoid, 40.0, 0.5, false, &hu)[2..3], &[0.5]);
        // `linear` divides by the width less 1.
        let fallback = applied(&voi(Linear, 40.0, 80.0), &hu);
        for width in [0.5, 0.0, -80.0, f32::INFINITY] {
            assert_near(&headed(Linear, 700.0, width, false, &hu), &fallback);
        }
        for function in [Linear, LinearExact, Sigmoid] {
            for width in [-80.0, 0.0, 1e-38, 0.5, 1.0, 80.0, 1e30, f32::MAX] {
                let got = headed(function, 40.0, width, false, &hu);
                let is_sound = |value: &f32| (0.0..=1.0).contains(value);
                assert!(got.iter().all(is_sound), "{function:?} {width}: {got:?}");
            }
        }
    }

    #[test]
    fn negatives_are_inverted() {
        let hu = [0, 20, 40, 80];
        let exact = VoiFunction::LinearExact;
        assert_near(&headed(exact, 40.0, 80.0, true, &hu), &[1.0, 0.75, 0.5, 0.0]);
        assert_near(&headed(exact, 40.0, 80.0, false, &hu), &[0.0, 0.25, 0.5, 1.0]);
    }

    #[test]
    fn half_a_window_and_an_empty_one_are_refused() {
        assert_eq!(voi(VoiFunction::Linear, 40.0, 0.5).check()[0].key, "width");
        assert_eq!(voi(VoiFunction::LinearExact, 40.0, 0.0).check()[0].key, "width");
        assert!(voi(VoiFunction::LinearExact, 40.0, 0.5).check().is_empty());
        let half = DicomVoi {
            center: Some(40.0),
            ..DicomVoi::default()
        };
        assert_eq!(half.check()[0].key, "center");
    }
}
