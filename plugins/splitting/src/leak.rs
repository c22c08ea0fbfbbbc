//! Whether anything stands on both sides of a split.

use std::collections::BTreeMap;

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
struct Found {
    /// What it is, without a name.
    what: String,
    /// The same with names.
    named: String,
    /// What to do about it.
    help: &'static str,
}

impl Leak {
    /// Looks for leaks, and stops or warns. The message names what stands on both sides; what is returned
    /// names nobody.
    ///
    /// # Errors
    /// Where something stands on both sides and the recipe says that this stops the run.
    pub fn judge(
        self,
        cohort: &Cohort,
        validation: &[bool],
        pixels: Option<&Pixels>,
        context: &Context,
    ) -> Result<Vec<String>> {
        let mut found = leaks(cohort, validation);
        if let Some(pixels) = pixels {
            found.extend(same_images(cohort, validation, pixels));
        }
        match self {
            Self::Error if !found.is_empty() => {
                let named: Vec<&str> = found.iter().map(|leak| leak.named.as_str()).collect();
                Err(Error::new(named.join("; ")).help(format!(
                    "{}; to go on all the same, knowing that the validation score is optimistic, write `leak = \"warn\"`",
                    found[0].help
                )))
            }
            _ => {
                for leak in &found {
                    context.warn(format!("{}; the validation score will be optimistic", leak.named));
                }
                Ok(found.into_iter().map(|leak| leak.what).collect())
            }
        }
    }
}

/// Patients, studies and ids on both sides.
fn leaks(cohort: &Cohort, validation: &[bool]) -> Vec<Found> {
    let mut found: Vec<Found> = repeated(cohort).into_iter().collect();
    type Name = fn(&Slice) -> &str;
    let kinds: [(&str, &str, Name); 2] = [
        ("patient has", "patients have", |slice| slice.patient.trim()),
        ("study has", "studies have", |slice| slice.study.trim()),
    ];
    for (one, many, name) in kinds {
        let mut sides: BTreeMap<&str, [bool; 2]> = BTreeMap::new();
        for (slice, validation) in cohort.slices.iter().zip(validation) {
            sides.entry(name(slice)).or_default()[usize::from(*validation)] = true;
        }
        // What a header does not name is not one patient.
        sides.remove("");
        let crossing: Vec<&str> = sides
            .into_iter()
            .filter(|(_, sides)| *sides == [true, true])
            .map(|(name, _)| name)
            .collect();
        if !crossing.is_empty() {
            let what = format!(
                "{} {} slices on both sides of the split",
                crossing.len(),
                if crossing.len() == 1 { one } else { many },
            );
            found.push(Found {
                named: format!("{what}: {}", listed(&crossing)),
                what,
                help: "`group_by = \"patient\"` keeps patients together",
            });
        }
    }
    found
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

/// Images that stand on both sides under different names, where the pixels can tell without being read.
/// Images of one value, such as air above the head, are alike and say nothing.
fn same_images(cohort: &Cohort, validation: &[bool], pixels: &Pixels) -> Option<Found> {
    let mut first: BTreeMap<String, [Option<usize>; 2]> = BTreeMap::new();
    for (index, (slice, validation)) in cohort.slices.iter().zip(validation).enumerate() {
        if let Some(content) = pixels.content(slice) {
            first.entry(content).or_default()[usize::from(*validation)].get_or_insert(index);
        }
    }
    let mut pairs = Vec::new();
    for [train, valid] in first.into_values() {
        let (Some(train), Some(valid)) = (train, valid) else {
            continue;
        };
        // One that cannot be read is left out wherever it stands.
        let Ok(HuImage { hu, .. }) = pixels.read(&cohort.slices[valid]) else {
            continue;
        };
        if hu.iter().any(|value| *value != hu[0]) {
            pairs.push(format!(
                "{} = {}",
                cohort.slices[train].id, cohort.slices[valid].id
            ));
        }
    }
    if pairs.is_empty() {
        return None;
    }
    let names: Vec<&str> = pairs.iter().map(String::as_str).collect();
    let what = match pairs.len() {
        1 => "1 image stands on both sides of the split under two names".to_owned(),
        many => format!("{many} images stand on both sides of the split under two names"),
    };
    Some(Found {
        named: format!("{what}: {}", listed(&names)),
        what,
        help: "leave one of each pair out of the labels or of the directory",
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
    use ichflow_api::testkit;

    fn judge(leak: Leak, cohort: &Cohort, validation: &[bool]) -> Result<()> {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "split", "random", "key");
        leak.judge(cohort, validation, None, &context).map(|_| ())
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
        let found = same_images(&cohort, &[true, false, true, false], &Pixels::new(ByStudy)).unwrap();
        assert_eq!(
            found.named,
            "1 image stands on both sides of the split under two names: b = a"
        );
        assert!(!found.what.contains('='), "{}", found.what);
        let apart = same_images(&cohort, &[true, true, false, true], &Pixels::new(ByStudy));
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
        assert!(same_images(&cohort, &[true, false], &Pixels::new(Lost)).is_none());
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
}
