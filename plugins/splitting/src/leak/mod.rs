//! Whether anything stands on both sides of a split, or in two cohorts: patients, studies and ids here, images in
//! [`images`].

mod images;

use std::collections::BTreeMap;

use ichflow_api::counted::counted;
use ichflow_api::prelude::*;

/// How many names a message gives before it says how many more there are.
const NAMED: usize = 5;

/// What to do when a patient, a study, a slice or an image stands on both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Leak {
    /// Stop: a score from such a split says little about new patients.
    #[default]
    Error,
    /// Say so and go on.
    Warn,
}

/// Something on both sides.
pub struct Found {
    /// What it is, without a name.
    pub what: String,
    /// The same with names.
    pub named: String,
    /// What to do about it.
    pub help: &'static str,
}

/// Slices on two sides that should have nothing in common.
struct Sides<'a> {
    slices: &'a [&'a Slice],
    /// Whether each stands on the right one.
    right: &'a [bool],
    /// Where images of the left and of the right side can be told by.
    pixels: [Option<&'a Pixels>; 2],
    /// What stands on both, in words: "on both sides of the split".
    place: &'static str,
}

impl Leak {
    /// Looks for leaks between training and validation slices, and between both and the test slices, and stops or warns.
    /// The message names what stands on both sides; what is returned names nobody. On test slices without labels nothing
    /// is measured: what they share is no more than said.
    ///
    /// # Errors
    /// Where something stands on both sides and the recipe says that this stops the run.
    pub fn judge(
        self,
        cohort: &Cohort,
        validation: &[bool],
        test: Option<&Cohort>,
        pixels: Option<&Pixels>,
        context: &Context,
    ) -> Result<Vec<String>> {
        let slices: Vec<&Slice> = cohort.slices.iter().collect();
        let sides = Sides {
            slices: &slices,
            right: validation,
            pixels: [pixels; 2],
            place: "on both sides of the split",
        };
        let mut found: Vec<Found> = repeated(cohort).into_iter().collect();
        found.extend(sides.leaks());
        let with_test = |test| between(cohort, test, [pixels; 2], "in the test set too");
        let of_test = test.map(with_test).unwrap_or_default();
        let is_measured = |cohort: &Cohort| cohort.slices.iter().any(|slice| slice.labels.is_some());
        if self == Self::Error {
            let stopping = found
                .iter()
                .chain(of_test.iter().filter(|_| test.is_some_and(is_measured)));
            stop(&stopping.collect::<Vec<_>>())?;
        }
        let mut told = Vec::new();
        for (score, found) in [("validation", found), ("test", of_test)] {
            for leak in found {
                context.warn(format!("{}; the {score} score will be optimistic", leak.named));
                told.push(format!("{}; the {score} score is optimistic", leak.what));
            }
        }
        Ok(told)
    }

    /// Stops or warns because of what two cohorts share, if they do; `score` is what cannot be believed then.
    ///
    /// # Errors
    /// Where they share something and the recipe says that this stops the run.
    pub fn stop_or_warn(self, found: &[Found], score: &str, context: &Context) -> Result<()> {
        if self == Self::Error {
            stop(&found.iter().collect::<Vec<_>>())?;
        }
        for leak in found {
            context.warn(format!("{}; {score} will be optimistic", leak.named));
        }
        Ok(())
    }
}

/// An error if anything was found.
fn stop(found: &[&Found]) -> Result<()> {
    let Some(first) = found.first() else { return Ok(()) };
    let named: Vec<&str> = found.iter().map(|leak| leak.named.as_str()).collect();
    Err(Error::new(named.join("; ")).help(format!(
        "{}; to go on all the same, knowing that the score is optimistic, write `leak = \"warn\"`",
        first.help
    )))
}

/// What two cohorts share; `pixels` are those of each, and `place` says in words where it stands: "in both cohorts".
pub fn between(
    cohort: &Cohort,
    other: &Cohort,
    pixels: [Option<&Pixels>; 2],
    place: &'static str,
) -> Vec<Found> {
    let slices: Vec<&Slice> = cohort.slices.iter().chain(&other.slices).collect();
    let right: Vec<bool> = (0..slices.len()).map(|index| index >= cohort.len()).collect();
    Sides {
        slices: &slices,
        right: &right,
        pixels,
        place,
    }
    .leaks()
}

impl Sides<'_> {
    /// Patients, studies and images on both sides.
    fn leaks(&self) -> Vec<Found> {
        let mut found = self.names();
        found.extend(images::same(self));
        found.extend(images::alike(self));
        found
    }

    /// By what a slice's image is told.
    fn pixels_of(&self, index: usize) -> Option<&Pixels> {
        self.pixels[usize::from(self.right[index])]
    }

    /// Patients and studies on both sides.
    fn names(&self) -> Vec<Found> {
        let mut found = Vec::new();
        type Name = fn(&Slice) -> &str;
        let kinds: [(&str, &str, Name); 2] = [
            ("patient has", "patients have", |slice| slice.patient.trim()),
            ("study has", "studies have", |slice| slice.study.trim()),
        ];
        for (one, many, name) in kinds {
            let mut sides: BTreeMap<&str, [bool; 2]> = BTreeMap::new();
            for (slice, right) in self.slices.iter().zip(self.right) {
                sides.entry(name(slice)).or_default()[usize::from(*right)] = true;
            }
            // What a header does not name is not one patient.
            sides.remove("");
            let crossing: Vec<&str> = sides
                .into_iter()
                .filter(|(_, sides)| *sides == [true, true])
                .map(|(name, _)| name)
                .collect();
            if !crossing.is_empty() {
                let what = format!("{} slices {}", counted(crossing.len(), one, many), self.place);
                found.push(Found {
                    named: format!("{what}: {}", listed(&crossing)),
                    what,
                    help: "`group_by = \"patient\"` keeps patients together",
                });
            }
        }
        found
    }
}

/// Ids name slices in every file a run writes: one slice listed twice could land on both sides.
fn repeated(cohort: &Cohort) -> Option<Found> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for slice in &cohort.slices {
        *times.entry(slice.id.as_str()).or_default() += 1;
    }
    let repeated: Vec<&str> = times
        .into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|(id, _)| id)
        .collect();
    let verb = if repeated.len() == 1 { "is" } else { "are" };
    (!repeated.is_empty()).then(|| Found {
        named: format!(
            "{} {verb} in the cohort more than once and could land on both sides",
            listed(&repeated)
        ),
        what: format!("{} ids {verb} in the cohort more than once", repeated.len()),
        help: "list every slice once",
    })
}

/// The first names, and how many more there are.
pub fn listed(names: &[&str]) -> String {
    let mut text = names[..names.len().min(NAMED)].join(", ");
    if names.len() > NAMED {
        text += &format!(" and {} more", names.len() - NAMED);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::data::likeness::Likeness;
    use ichflow_api::testkit;

    fn judge(leak: Leak, cohort: &Cohort, validation: &[bool]) -> Result<()> {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "split", "random", "key");
        leak.judge(cohort, validation, None, None, &context).map(|_| ())
    }

    fn same(cohort: &Cohort, right: &[bool], pixels: impl PixelSource + 'static) -> Option<Found> {
        let slices: Vec<&Slice> = cohort.slices.iter().collect();
        let pixels = Pixels::new(pixels);
        images::same(&Sides {
            slices: &slices,
            right,
            pixels: [Some(&pixels); 2],
            place: "on both sides of the split",
        })
    }

    /// Every slice's image is its study's name, or air.
    struct ByStudy;

    impl PixelSource for ByStudy {
        fn read(&self, slice: &Slice) -> Result<HuImage> {
            let inside = if slice.study == "air" { -1000 } else { 40 };
            Ok(HuImage {
                rows: 1,
                columns: 2,
                hu: vec![-1000, inside],
            })
        }
        fn describe(&self) -> String {
            "names".into()
        }
        fn content(&self, slice: &Slice) -> Option<String> {
            Some(slice.study.clone())
        }
    }

    #[test]
    fn one_image_under_two_names_is_a_leak_and_air_is_not() {
        let mut slices = ["a", "b", "c", "d"].map(|id| testkit::slice(id, &format!("of {id}"), None));
        for (slice, study) in slices.iter_mut().zip(["x", "x", "air", "air"]) {
            slice.study = study.into();
        }
        let cohort = testkit::cohort(slices.to_vec());
        let found = same(&cohort, &[true, false, true, false], ByStudy).unwrap();
        assert_eq!(
            found.named,
            "1 image stands on both sides of the split under two names: b = a"
        );
        assert!(!found.what.contains('='), "{}", found.what);
        let apart = same(&cohort, &[true, true, false, true], ByStudy);
        assert!(apart.is_none());
    }

    #[test]
    fn an_image_that_cannot_be_read_is_no_leak_and_no_end() {
        struct Lost;

        impl PixelSource for Lost {
            fn read(&self, _slice: &Slice) -> Result<HuImage> {
                panic!("an index beyond its end")
            }
            fn describe(&self) -> String {
                "nothing".into()
            }
            fn content(&self, _slice: &Slice) -> Option<String> {
                Some("the same".into())
            }
        }
        let slices = ["a", "b"].map(|id| testkit::slice(id, &format!("of {id}"), None));
        let cohort = testkit::cohort(slices.to_vec());
        assert!(same(&cohort, &[true, false], Lost).is_none());
    }

    #[test]
    fn patients_and_studies_on_both_sides_are_named() {
        let mut slices: Vec<Slice> = (0..14)
            .map(|i| testkit::slice(&format!("s{i}"), &format!("patient {}", i / 2), None))
            .collect();
        let both: Vec<bool> = (0..14).map(|i| i % 2 == 0).collect();
        let message = judge(Leak::Error, &testkit::cohort(slices.clone()), &both)
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with(
                "7 patients have slices on both sides of the split: patient 0, patient 1, patient 2, patient 3, \
                 patient 4 and 2 more; 7 studies have"
            ),
            "{message}"
        );
        assert!(judge(Leak::Warn, &testkit::cohort(slices.clone()), &both).is_ok());
        let apart: Vec<bool> = (0..14).map(|i| i < 6).collect();
        assert!(judge(Leak::Error, &testkit::cohort(slices.clone()), &apart).is_ok());
        // Another study of the same patient is the same patient.
        for slice in &mut slices {
            slice.study = format!("study of {}", slice.id);
        }
        let message = judge(Leak::Error, &testkit::cohort(slices.clone()), &both)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("7 patients") && !message.contains("studies"),
            "{message}"
        );
        for slice in &mut slices {
            slice.patient = " ".into();
        }
        assert!(judge(Leak::Error, &testkit::cohort(slices), &both).is_ok());
    }

    #[test]
    fn one_id_twice_is_a_leak_wherever_it_stands() {
        let slices = ["a", "b", "a"].map(|id| testkit::slice(id, &format!("of {id}"), None));
        let message = judge(
            Leak::Error,
            &testkit::cohort(slices.to_vec()),
            &[true, false, true],
        )
        .unwrap_err()
        .to_string();
        assert!(
            message.starts_with("a is in the cohort more than once"),
            "{message}"
        );
    }

    /// Every slice looks like its file says: eight digits of a pattern, and how many bits are changed in it.
    struct Looks;

    impl Looks {
        /// Something that looks like nothing else, but for `changed` bits.
        fn hash(pattern: u64, changed: u32) -> Likeness {
            let mut digits = String::new();
            let mut state = pattern.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            for word in 0..4 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let mixed = state ^ state >> 29;
                let flipped = if word == 1 {
                    mixed ^ ((1_u64 << changed) - 1)
                } else {
                    mixed
                };
                digits += &format!("{flipped:016x}");
            }
            serde_json::from_value(serde_json::Value::String(digits)).unwrap()
        }
    }

    impl PixelSource for Looks {
        fn read(&self, _slice: &Slice) -> Result<HuImage> {
            Err(Error::new("nothing need be read"))
        }
        fn describe(&self) -> String {
            "looks".into()
        }
        fn content(&self, slice: &Slice) -> Option<String> {
            Some(slice.id.clone())
        }
        fn likeness(&self, slice: &Slice) -> Option<Likeness> {
            Some(Self::hash(slice.columns.into(), slice.rows))
        }
    }

    /// A series of `count` slices that show patterns from `pattern` on, each with `changed` bits changed.
    fn series(patient: &str, count: u32, pattern: u32, changed: u32) -> Vec<Slice> {
        let slice = |number: u32| Slice {
            rows: changed,
            columns: pattern + number,
            ..testkit::slice(&format!("{patient}{number}"), patient, None)
        };
        (0..count).map(slice).collect()
    }

    #[test]
    fn an_exam_under_another_name_is_found_though_its_values_changed() {
        let pixels = Pixels::new(Looks);
        let two = |a: Vec<Slice>, b: Vec<Slice>| {
            between(
                &testkit::cohort(a),
                &testkit::cohort(b),
                [Some(&pixels); 2],
                "in both cohorts",
            )
        };
        let mut own = series("a", 20, 100, 0);
        own.extend(series("b", 20, 200, 0));
        let found = two(own.clone(), series("c", 20, 100, 9));
        let named: Vec<&str> = found.iter().map(|leak| leak.named.as_str()).collect();
        assert_eq!(
            named,
            [
                "1 series stands in both cohorts under the names of two patients, as images that look the same: \
                 a0 ≈ c0 (20 slices)"
            ]
        );
        assert!(!found[0].what.contains("a0"), "{}", found[0].what);
        // Other heads are none; nor are a few slices of many, nor the same patient's two series.
        assert!(two(own.clone(), series("c", 20, 300, 0)).is_empty());
        assert!(two(own.clone(), series("c", 20, 117, 2)).is_empty());
        assert!(two(own.clone(), series("c", 20, 100, 40)).is_empty());
        let mut again = series("a", 20, 100, 3);
        again.iter_mut().for_each(|slice| slice.study = "another".into());
        let found = two(own, again);
        let named: Vec<&str> = found.iter().map(|leak| leak.named.as_str()).collect();
        assert_eq!(named, ["1 patient has slices in both cohorts: a"]);
    }

    #[test]
    fn what_the_test_set_shares_stops_where_it_is_measured_and_is_said_where_it_is_not() {
        let judged = |labelled: bool, leak: Leak| {
            let directory = tempfile::tempdir().unwrap();
            let run = testkit::run_context(directory.path());
            let context = Context::new(&run, "split", "random", "key");
            let mut slices = series("a", 4, 100, 0);
            slices.extend(series("b", 4, 200, 0));
            let validation: Vec<bool> = slices.iter().map(|slice| slice.patient == "b").collect();
            let mut test = testkit::cohort(series("c", 4, 100, 5));
            if labelled {
                test.slices[0].labels = Some(Labels::negative(6));
            }
            let pixels = Pixels::new(Looks);
            leak.judge(
                &testkit::cohort(slices),
                &validation,
                Some(&test),
                Some(&pixels),
                &context,
            )
        };
        let shared = "1 series stands in the test set too under the names of two patients, as images that look the same";
        let optimistic = format!("{shared}; the test score is optimistic");
        assert_eq!(judged(false, Leak::Error).unwrap(), [optimistic.as_str()]);
        assert_eq!(judged(true, Leak::Warn).unwrap(), [optimistic.as_str()]);
        let message = judged(true, Leak::Error).unwrap_err().to_string();
        assert_eq!(message, format!("{shared}: a0 ≈ c0 (4 slices)"));
    }

    #[test]
    fn a_hundred_thousand_slices_take_seconds() {
        let begun = std::time::Instant::now();
        let pixels = Pixels::new(Looks);
        let mut slices: Vec<Slice> = Vec::new();
        for patient in 0..3125 {
            slices.extend(series(&format!("p{patient}_"), 32, 32 * patient, 0));
        }
        let other = series("copy", 32, 32 * 77, 8);
        let found = between(
            &testkit::cohort(slices),
            &testkit::cohort(other),
            [Some(&pixels); 2],
            "in both cohorts",
        );
        assert_eq!(found.len(), 1);
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }
}
