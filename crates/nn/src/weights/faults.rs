//! What does not fit between a file and a network.

/// How many names an error lists.
const LISTED: usize = 10;

/// What does not fit.
#[derive(Default)]
pub(crate) struct Faults {
    /// Names the network wants and the file has not.
    pub(crate) missing: Vec<String>,
    /// Names the file has and the network does not want.
    pub(crate) unexpected: Vec<String>,
    /// Names with both shapes or kinds.
    pub(crate) misshapen: Vec<String>,
}

impl Faults {
    /// In words; nothing if all fits.
    pub(crate) fn describe(&self) -> Option<String> {
        let parts: Vec<_> = [
            ("missing from the file", &self.missing),
            ("not known to the network", &self.unexpected),
            ("of another shape or kind", &self.misshapen),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| {
            let listed = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
            let more = match names.len().saturating_sub(LISTED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let (count, verb) = match names.len() {
                1 => ("1 tensor".to_owned(), "is"),
                n => (format!("{n} tensors"), "are"),
            };
            format!("{count} {verb} {what}: {listed}{more}")
        })
        .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}
