//! What a cell says of a label.

use super::label_file::LabelFile;
use super::words::is_missing;

/// The words by which a table says yes, no and nothing.
#[derive(Clone, Debug)]
pub(super) struct Values {
    positive: Vec<String>,
    negative: Vec<String>,
    missing: Vec<String>,
    soft: bool,
}

/// Why a cell says nothing that can be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unclear {
    /// It is a number between 0 and 1, and labels are not soft.
    Probability,
    /// It is something else.
    Word,
}

impl Values {
    pub(super) fn of(file: &LabelFile) -> Self {
        let words = |own: &[String]| own.iter().map(|word| word.trim().to_ascii_lowercase()).collect();
        Self {
            positive: words(&file.positive),
            negative: words(&file.negative),
            missing: words(&file.missing),
            soft: file.soft,
        }
    }

    /// The value of a cell, 0 to 1; nothing where it is missing.
    ///
    /// # Errors
    /// Why it cannot be understood.
    pub(super) fn parse(&self, cell: &str) -> Result<Option<f32>, Unclear> {
        // Nearly all cells.
        match cell {
            "0" if self.has_no_words() => return Ok(Some(0.0)),
            "1" if self.has_no_words() => return Ok(Some(1.0)),
            _ => {}
        }
        let word = cell.trim().to_ascii_lowercase();
        // A table's own words come first: its `-1` or `2` may mean anything.
        if self.positive.contains(&word) {
            return Ok(Some(1.0));
        }
        if self.negative.contains(&word) {
            return Ok(Some(0.0));
        }
        if self.missing.contains(&word) || is_missing(&word) {
            return Ok(None);
        }
        match word.as_str() {
            "true" | "t" | "yes" | "y" | "positive" | "pos" | "present" | "+" => return Ok(Some(1.0)),
            "false" | "f" | "no" | "n" | "negative" | "neg" | "absent" => return Ok(Some(0.0)),
            _ => {}
        }
        // Spreadsheet programs of half of Europe write 0,5.
        let number: f32 = word.replacen(',', ".", 1).parse().map_err(|_| Unclear::Word)?;
        if number == 0.0 || number == 1.0 {
            // Without a sign of its zero.
            return Ok(Some(number.abs()));
        }
        match number > 0.0 && number < 1.0 {
            true if self.soft => Ok(Some(number)),
            true => Err(Unclear::Probability),
            false => Err(Unclear::Word),
        }
    }

    fn has_no_words(&self) -> bool {
        self.positive.is_empty() && self.negative.is_empty() && self.missing.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::key::Key;
    use super::*;

    #[test]
    fn cells_say_yes_no_or_nothing() {
        let mut file = LabelFile::new(PathBuf::new(), Key::Path);
        let parse = |file: &LabelFile, cell: &str| Values::of(file).parse(cell);
        for cell in ["1", " 1.0 ", "TRUE", "Yes", "y", "present", "1,0"] {
            assert_eq!(parse(&file, cell), Ok(Some(1.0)), "{cell}");
        }
        for cell in ["0", "0.0", "-0", "False", "no", "Absent"] {
            assert_eq!(parse(&file, cell), Ok(Some(0.0)), "{cell}");
        }
        for cell in ["", " ", "NA", "n/a", "NaN", "null", "?", "-"] {
            assert_eq!(parse(&file, cell), Ok(None), "{cell}");
        }
        assert_eq!(parse(&file, "0.3"), Err(Unclear::Probability));
        for cell in ["2", "-1", "maybe", "inf", "1.5"] {
            assert_eq!(parse(&file, cell), Err(Unclear::Word), "{cell}");
        }
        file.soft = true;
        assert_eq!(parse(&file, "0,25"), Ok(Some(0.25)));
        file.positive = vec!["2".into()];
        file.missing = vec!["-1".into(), "1".into()];
        assert_eq!(parse(&file, "2"), Ok(Some(1.0)));
        assert_eq!(parse(&file, "-1"), Ok(None));
        assert_eq!(parse(&file, "1"), Ok(None));
    }
}
