//! Which slices are of which site, or of whatever else a cohort is divided by.

use std::collections::BTreeMap;

use ichflow_api::data::attribute::Attribute;
use ichflow_api::prelude::*;

/// The slices of a cohort by the values of an attribute.
pub(crate) struct Sites {
    /// What the cohort is divided by, as the recipe calls it.
    by: String,
    /// Each value, with the number of its slices.
    counts: BTreeMap<String, usize>,
    /// The value of every slice.
    of_slice: Vec<String>,
}

impl Sites {
    /// Divides a cohort.
    ///
    /// # Errors
    /// Where a slice has no value: it would be on a side by chance.
    pub(crate) fn of(cohort: &Cohort, by: &str) -> Result<Self> {
        let attribute = Attribute::named(by);
        let mut counts = BTreeMap::new();
        let mut of_slice = Vec::with_capacity(cohort.len());
        let mut nowhere = 0;
        for slice in &cohort.slices {
            let Some(value) = attribute.of(slice) else {
                nowhere += 1;
                continue;
            };
            *counts.entry(value.text.clone()).or_insert(0) += 1;
            of_slice.push(value.text);
        }
        if nowhere > 0 {
            return Err(Error::new(format!(
                "{nowhere} of {} slices of the cohort have no `{by}`, so it is open on which side they belong",
                cohort.len()
            ))
            .help(
                "`join` names the site of each loader; `table` keeps the columns that its `keep` names; scanner, maker, \
                 kernel, thickness, kvp, tilt, age, sex and encoding are from headers",
            ));
        }
        Ok(Self {
            by: by.to_owned(),
            counts,
            of_slice,
        })
    }

    /// Whether each slice is of one of `names`.
    ///
    /// # Errors
    /// Where there is no such value, or no other.
    pub(crate) fn among(&self, names: &[String]) -> Result<Vec<bool>> {
        let known: Vec<&str> = self.counts.keys().map(String::as_str).collect();
        if let Some(unknown) = names.iter().find(|name| !self.counts.contains_key(*name)) {
            return Err(Error::new(format!("no slice has `{}` {unknown}", self.by))
                .help(format!("those of the cohort are {}", known.join(", "))));
        }
        if known.iter().all(|known| names.iter().any(|name| name == known)) {
            return Err(Error::new(format!(
                "all slices are of {}, and none is left to train on",
                names.join(", ")
            ))
            .help("leave one site out of the list"));
        }
        Ok(self.of_slice.iter().map(|value| names.contains(value)).collect())
    }
}

/// Mistakes in a list of sites.
pub(crate) fn problems(key: &str, names: &[String]) -> Vec<Problem> {
    if !names.is_empty() {
        return Vec::new();
    }
    vec![Problem::new(key, "no site is named").help(format!("name one or several: `{key} = [\"b\"]`"))]
}
