//! Whether anything stands on both sides of a split.

use std::collections::BTreeMap;

use ichflow_api::prelude::*;

/// How many names a message gives before it says how many more there are.
const NAMED: usize = 5;

/// What to do when a patient, a study or a slice stands on both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Leak {
    /// Stop: a score from such a split says little about new patients.
    #[default]
    Error,
    /// Say so and go on.
    Warn,
}

impl Leak {
    /// Looks for leaks, and stops or warns. The message names what stands on both sides.
    pub fn judge(self, cohort: &Cohort, held_out: &[bool], context: &Context) -> Result<()> {
        let found = leaks(cohort, held_out);
        if found.is_empty() {
            return Ok(());
        }
        match self {
            Self::Error => Err(Error::new(found.join("; ")).help(
                "`group_by = \"patient\"` keeps patients together; to go on all the same, knowing that the \
                 held-out score flatters, write `leak = \"warn\"`",
            )),
            Self::Warn => {
                for leak in found {
                    context.warn(format!("{leak}; the held-out score will flatter"));
                }
                Ok(())
            }
        }
    }
}

/// Every kind of leak, in words.
fn leaks(cohort: &Cohort, held_out: &[bool]) -> Vec<String> {
    let mut found: Vec<String> = repeated(cohort).into_iter().collect();
    type Name = fn(&Slice) -> &str;
    let kinds: [(&str, &str, Name); 2] = [
        ("patient has", "patients have", |slice| slice.patient.trim()),
        ("study has", "studies have", |slice| slice.study.trim()),
    ];
    for (one, many, name) in kinds {
        let mut sides: BTreeMap<&str, [bool; 2]> = BTreeMap::new();
        for (slice, held_out) in cohort.slices.iter().zip(held_out) {
            sides.entry(name(slice)).or_default()[usize::from(*held_out)] = true;
        }
        // What a header does not name is not one patient.
        sides.remove("");
        let crossing: Vec<&str> = sides
            .into_iter()
            .filter(|(_, sides)| *sides == [true, true])
            .map(|(name, _)| name)
            .collect();
        if !crossing.is_empty() {
            found.push(format!(
                "{} {} slices on both sides of the split: {}",
                crossing.len(),
                if crossing.len() == 1 { one } else { many },
                listed(&crossing)
            ));
        }
    }
    found
}

/// Ids name slices in every file a run writes: one slice listed twice could land on both sides.
fn repeated(cohort: &Cohort) -> Option<String> {
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
    (!repeated.is_empty()).then(|| {
        format!(
            "{} {verb} in the cohort more than once and could land on both sides",
            listed(&repeated)
        )
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

    fn judge(leak: Leak, cohort: &Cohort, held_out: &[bool]) -> Result<()> {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        leak.judge(cohort, held_out, &Context::new(&run, "split", "random", "key"))
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
