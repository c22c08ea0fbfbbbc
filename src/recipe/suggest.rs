//! "Did you mean …?"

/// The known name most like `word`, if one is like it.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        // Up to a third of the letters may differ, and at least one.
        .filter(|(distance, name)| *distance <= (name.chars().count().max(lower.chars().count()) / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

/// Help for an unknown name: the closest known one, or all of them if they are few.
pub fn help<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    if let Some(name) = closest(word, known.iter().copied()) {
        return Some(format!("did you mean `{name}`?"));
    }
    match known.len() {
        0 => None,
        1..=12 => Some(format!("known here: {}", known.join(", "))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_seen_through() {
        assert_eq!(closest("windwo", ["window", "split"]), Some("window"));
        assert_eq!(
            closest("multilabel-stratifed", ["multilabel-stratified", "random"]),
            Some("multilabel-stratified")
        );
        assert_eq!(closest("lR", ["lr", "epochs"]), Some("lr"));
        assert_eq!(closest("banana", ["window", "split"]), None);
    }
}
