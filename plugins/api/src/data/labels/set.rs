//! Which labels there are.

use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::rsna;
use super::truth::Labels;

use crate::error::{Error, Result};

/// The labels of a run, in the order in which everything follows them: truth, probabilities, outputs of networks.
///
/// Cheap to clone. Without a word in the recipe these are the six of the RSNA 2019 challenge, which is also
/// the default.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Declared", into = "Declared")]
pub struct LabelSet {
    inner: Arc<Inner>,
}

#[derive(Debug, PartialEq)]
struct Inner {
    names: Vec<String>,
    union: Option<usize>,
    weights: Vec<f64>,
}

/// A label set as it is written down.
#[derive(Serialize, Deserialize)]
struct Declared {
    names: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    union: Option<String>,
    weights: Vec<f64>,
}

impl LabelSet {
    /// The six labels of the RSNA Intracranial Hemorrhage Detection challenge with the weights of its metric: `any`,
    /// which is the union of the other five, counts twice.
    pub fn rsna() -> Self {
        static RSNA: LazyLock<LabelSet> = LazyLock::new(|| LabelSet {
            inner: Arc::new(Inner {
                names: rsna::LABELS.map(str::to_owned).to_vec(),
                union: Some(0),
                weights: rsna::METRIC_WEIGHTS.to_vec(),
            }),
        });
        RSNA.clone()
    }

    /// A label set of one's own. `union` names the label that is positive wherever another one is; `weights` are
    /// those of the weighted log loss, one a label.
    ///
    /// # Errors
    /// Without a label; where a name is blank or is there twice, `union` names none of them, or the weights are not
    /// one positive number a label.
    pub fn new(names: Vec<String>, union: Option<&str>, weights: Vec<f64>) -> Result<Self> {
        if names.is_empty() {
            return Err(Error::new("a label set without a label"));
        }
        for (index, name) in names.iter().enumerate() {
            if name.trim().is_empty() || name.trim() != name {
                return Err(Error::new(format!(
                    "the label {name:?} is blank or has blanks around it"
                )));
            }
            if names[..index].contains(name) {
                return Err(Error::new(format!("the label `{name}` is there twice")));
            }
        }
        let union = union
            .map(|union| {
                let place = names.iter().position(|name| name == union);
                place.ok_or_else(|| {
                    Error::new(format!("the union `{union}` is not among the labels"))
                        .help(format!("labels are {}", names.join(", ")))
                })
            })
            .transpose()?;
        if weights.len() != names.len() {
            return Err(
                Error::new(format!("{} weights for {} labels", weights.len(), names.len()))
                    .help("give one weight a label, in the order of the labels"),
            );
        }
        if let Some((name, weight)) = names
            .iter()
            .zip(&weights)
            .find(|(_, w)| !(w.is_finite() && **w > 0.0))
        {
            return Err(
                Error::new(format!("the weight of `{name}` is {weight}")).help("weights are numbers above 0")
            );
        }
        Ok(Self {
            inner: Arc::new(Inner {
                names,
                union,
                weights,
            }),
        })
    }

    /// How many labels there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.inner.names.len()
    }

    /// The names, in order.
    pub fn names(&self) -> &[String] {
        &self.inner.names
    }

    /// The name of a label by its place.
    ///
    /// # Panics
    /// Where there is no such label: places come from the same set.
    pub fn name(&self, label: usize) -> &str {
        &self.inner.names[label]
    }

    /// The place of a label by its name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.inner.names.iter().position(|known| known == name)
    }

    /// The label that is positive wherever another one is, if one is declared.
    pub fn union(&self) -> Option<usize> {
        self.inner.union
    }

    /// The label by which a run is told in one line: the union, or else the first.
    pub fn headline(&self) -> usize {
        self.inner.union.unwrap_or(0)
    }

    /// All labels but the union: the kinds of bleeding.
    pub fn kinds(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(|label| Some(*label) != self.inner.union)
    }

    /// Whether truth of this set is positive as a whole: for the union, or, where there is none, for some label.
    pub fn is_positive(&self, truth: &Labels) -> bool {
        match self.union() {
            Some(union) => truth.is_positive(union),
            None => truth.some_positive(),
        }
    }

    /// What a slice is called in which nothing is positive.
    pub fn nothing(&self) -> &'static str {
        if self.is_rsna() {
            "no hemorrhage"
        } else {
            "none of the labels"
        }
    }

    /// The weights of the weighted log loss, one a label.
    pub fn weights(&self) -> &[f64] {
        &self.inner.weights
    }

    /// Where each label of this set lies among `known`, for data that comes with labels of its own.
    ///
    /// # Errors
    /// Where a label is not among `known`, which `whose` has ("the competition's files").
    pub fn places_in(&self, known: &[&str], whose: &str) -> Result<Vec<usize>> {
        let place = |name: &String| {
            known.iter().position(|known| known == name).ok_or_else(|| {
                Error::new(format!("{whose} have no label `{name}`")).help(format!(
                    "they have {}; `names` in `[labels]` may name some of these",
                    known.join(", ")
                ))
            })
        };
        self.names().iter().map(place).collect()
    }

    /// Truth of this set in which nothing is positive.
    pub fn negative(&self) -> Labels {
        Labels::negative(self.len())
    }

    /// Whether these are the challenge's six, to which published numbers refer.
    pub fn is_rsna(&self) -> bool {
        *self == Self::rsna()
    }
}

impl Default for LabelSet {
    fn default() -> Self {
        Self::rsna()
    }
}

impl fmt::Debug for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// The names, separated by commas.
impl fmt::Display for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.names.join(", "))
    }
}

impl TryFrom<Declared> for LabelSet {
    type Error = Error;

    fn try_from(declared: Declared) -> Result<Self> {
        Self::new(declared.names, declared.union.as_deref(), declared.weights)
    }
}

impl From<LabelSet> for Declared {
    fn from(set: LabelSet) -> Self {
        Self {
            names: set.names().to_vec(),
            union: set.union().map(|union| set.name(union).to_owned()),
            weights: set.weights().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_is_no_label_set_is_refused_with_a_reason() {
        let message = |declared: Result<LabelSet>| declared.unwrap_err().to_string();
        let one = |names: &[&str], union, weights: &[f64]| {
            LabelSet::new(self::names(names), union, weights.to_vec())
        };
        assert!(message(one(&[], None, &[])).contains("without a label"));
        assert!(message(one(&["a", "a"], None, &[1.0, 1.0])).contains("twice"));
        assert!(message(one(&["a", " "], None, &[1.0, 1.0])).contains("blank"));
        assert!(message(one(&["a"], Some("b"), &[1.0])).contains("`b` is not among"));
        assert!(message(one(&["a", "b"], None, &[1.0])).contains("1 weights for 2"));
        assert!(message(one(&["a"], None, &[0.0])).contains("is 0"));
    }

    #[test]
    fn the_union_says_whether_truth_is_positive_and_without_one_any_label_does() {
        let set = |union| LabelSet::new(names(&["any", "a"]), union, vec![1.0; 2]).unwrap();
        let a_alone = Labels::from([false, true]);
        assert!(!set(Some("any")).is_positive(&a_alone) && set(None).is_positive(&a_alone));
        assert!(!set(None).is_positive(&Labels::negative(2)));
    }

    #[test]
    fn a_label_set_reads_back_as_it_was_written() {
        let set = LabelSet::new(names(&["fracture", "bleed"]), Some("bleed"), vec![1.0, 3.0]).unwrap();
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!(serde_json::from_str::<LabelSet>(&text).unwrap(), set);
        assert_eq!((set.headline(), set.kinds().collect::<Vec<_>>()), (1, vec![0]));
        assert!(serde_json::from_str::<LabelSet>(r#"{"names": [], "weights": []}"#).is_err());
    }
}
