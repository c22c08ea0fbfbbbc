//! A key put together of columns: `ct_scans/{PatientNumber:03}.nii`.

/// A part of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Text as it is.
    Text(String),
    /// A column, and how many digits its numbers have at least.
    Column(String, usize),
}

/// A key put together of columns and text between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// Reads a text; without braces it is the name of one column.
    ///
    /// # Errors
    /// What is wrong with its braces.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if !text.contains(['{', '}']) {
            return Ok(Self::of_column(text));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let Some((inner, after)) = from.strip_prefix('{').and_then(|from| from.split_once('}')) else {
                return Err(format!("`{text}` has a brace without its partner"));
            };
            let (column, width) = match inner.rsplit_once(':') {
                Some((column, width))
                    if !width.is_empty() && width.bytes().all(|byte| byte.is_ascii_digit()) =>
                {
                    (column, width.parse().unwrap_or(usize::MAX))
                }
                _ => (inner, 0),
            };
            if column.trim().is_empty() || width > 64 {
                return Err(format!("`{{{inner}}}` names no column"));
            }
            parts.push(Part::Column(column.to_owned(), width));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// One column as it is.
    pub(super) fn of_column(name: &str) -> Self {
        Self {
            parts: vec![Part::Column(name.to_owned(), 0)],
        }
    }

    /// The columns it names.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Column(name, _) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The key of a row, whose cells `cell` gives in the order of [`Template::columns`]; nothing where one of them is empty.
    pub(super) fn filled<'a>(&self, mut cell: impl FnMut(usize) -> &'a str) -> Option<String> {
        let mut text = String::new();
        let mut place = 0;
        for part in &self.parts {
            match part {
                Part::Text(between) => text.push_str(between),
                Part::Column(_, width) => {
                    let value = cell(place);
                    place += 1;
                    if value.is_empty() {
                        return None;
                    }
                    let value = whole(value).filter(|_| *width > 0).unwrap_or(value);
                    for _ in value.len()..*width {
                        text.push('0');
                    }
                    text.push_str(value);
                }
            }
        }
        Some(text)
    }
}

/// A whole number without the `.0` that spreadsheet programs and pandas put behind it.
fn whole(value: &str) -> Option<&str> {
    let number = value.strip_suffix(".0").unwrap_or(value);
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_put_together() {
        let filled = |text: &str, cells: &[&str]| {
            let template = Template::parse(text).unwrap();
            assert_eq!(template.columns().count(), cells.len());
            let cells = cells.to_vec();
            template.filled(|place| cells[place])
        };
        assert_eq!(filled("name", &["a b"]).unwrap(), "a b");
        assert_eq!(filled("s/{n:03}.nii", &["49"]).unwrap(), "s/049.nii");
        assert_eq!(filled("s/{n:03}.nii", &["49.0"]).unwrap(), "s/049.nii");
        assert_eq!(filled("{a}-{b}", &["x", "y"]).unwrap(), "x-y");
        assert_eq!(filled("{R1:ICH}", &["1"]).unwrap(), "1");
        assert_eq!(filled("{a}-{b}", &["x", ""]), None);
    }

    #[test]
    fn braces_without_a_partner_are_refused() {
        for text in ["a{b", "a}b", "{}", "{ :03}", "{a}}", "{a:999999999999999999999}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
