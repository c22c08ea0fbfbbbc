//! What is said of an item, where it stands, and what is left to write.

use std::fmt;

/// Where in a run's directory something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A table of the recipe, or a key of one: `split.group_by`.
    Recipe(String),
    /// A key of `metrics.json`: `valid.labels`.
    Metrics(&'static str),
    /// A section of the report, by its anchor.
    Report(&'static str),
    /// A key of `provenance.json`.
    Provenance(&'static str),
    /// A file or directory of the run.
    File(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recipe(key) => write!(f, "`recipe.resolved.toml`: `{key}`"),
            Self::Metrics(key) => write!(f, "`metrics.json`: `{key}`"),
            Self::Report(section) => write!(f, "`report.html#{section}`"),
            Self::Provenance(key) => write!(f, "`provenance.json`: `{key}`"),
            Self::File(name) => write!(f, "`{name}`"),
        }
    }
}

/// A sentence that a run can stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub text: String,
    pub places: Vec<Place>,
}

impl Said {
    pub(crate) fn new(text: impl Into<String>, places: impl Into<Vec<Place>>) -> Self {
        Self {
            text: text.into(),
            places: places.into(),
        }
    }
}

/// What there is of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What the run knows.
    pub said: Vec<Said>,
    /// What a person has to write; nothing where the run says it all.
    pub to_write: &'static str,
}

/// An item of a checklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// As published: "7", "12c".
    pub number: &'static str,
    /// What it is about, in words of our own.
    pub subject: &'static str,
    pub answer: Answer,
}

impl Item {
    /// Nothing that a run could know.
    pub(crate) fn open(number: &'static str, subject: &'static str, to_write: &'static str) -> Self {
        Self::of(number, subject, Vec::new(), to_write)
    }

    /// What the run knows, and what it cannot. An empty `to_write` says that nothing is left if there is an answer.
    pub(crate) fn of(
        number: &'static str,
        subject: &'static str,
        sentences: Vec<Said>,
        to_write: &'static str,
    ) -> Self {
        // Folds of one recipe say the same.
        let mut said: Vec<Said> = Vec::new();
        for one in sentences {
            match said.iter_mut().find(|known| known.text == one.text) {
                Some(known) => {
                    let new = one
                        .places
                        .into_iter()
                        .filter(|place| !known.places.contains(place));
                    let new: Vec<Place> = new.collect();
                    known.places.extend(new);
                }
                None => said.push(one),
            }
        }
        let to_write = match (said.is_empty(), to_write) {
            (true, "") => "the run says nothing of this",
            _ => to_write,
        };
        Self {
            number,
            subject,
            answer: Answer { said, to_write },
        }
    }
}

/// How much of a checklist a run answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// All items.
    pub items: usize,
    /// Answered by the run.
    pub answered: usize,
    /// Answered in part: a person completes them.
    pub in_part: usize,
    /// The run knows nothing of them.
    pub open: usize,
}

impl Counts {
    pub(crate) fn of<'a>(items: impl Iterator<Item = &'a Item>) -> Self {
        items.fold(Self::default(), |mut counts, item| {
            counts.items += 1;
            match (item.answer.said.is_empty(), item.answer.to_write.is_empty()) {
                (true, _) => counts.open += 1,
                (false, true) => counts.answered += 1,
                (false, false) => counts.in_part += 1,
            }
            counts
        })
    }
}
