//! What is said of many files, in few lines.

use std::collections::BTreeMap;

/// A line for each text, with the first file that it was said of and how many more there are.
pub fn grouped(told: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let mut files_of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (text, file) in told {
        files_of.entry(text).or_default().push(file);
    }
    let line = |(text, mut files): (String, Vec<String>)| {
        files.dedup();
        match files.as_slice() {
            [first, others @ ..] if !others.is_empty() => {
                format!("{first} and {} more: {text}", others.len())
            }
            _ => format!("{}: {text}", files.concat()),
        }
    };
    files_of.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_text_share_a_line() {
        let told = [
            ("excluded: b", "1"),
            ("excluded: a", "2"),
            ("excluded: b", "3"),
            ("excluded: a", "2"),
        ];
        let told = told.map(|(text, file)| (text.to_owned(), file.to_owned()));
        assert_eq!(grouped(told), ["2: excluded: a", "1 and 1 more: excluded: b"]);
    }
}
