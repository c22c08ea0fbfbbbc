//! "Did you mean …?"

/// The known name most like `word`, if one is like it: by its letters, else by how it begins (`lrate` for `lr`).
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let known: Vec<&str> = known.into_iter().collect();
    by_letters(&lower, &known).or_else(|| by_begin(&lower, &known))
}

/// The longest known name that `word` begins with, else the shortest that begins with it.
fn by_begin<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let known = || known.iter().copied().filter(|name| name.chars().count() > 1);
    let within = known().filter(|name| word.starts_with(&name.to_lowercase()));
    let beyond = known().filter(|name| word.chars().count() > 1 && name.to_lowercase().starts_with(word));
    within
        .max_by_key(|name| name.len())
        .or_else(|| beyond.min_by_key(|name| (name.len(), *name)))
}

fn by_letters<'a>(lower: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .copied()
        .map(|name| (strsim::damerau_levenshtein(lower, &name.to_lowercase()), name))
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
        assert_eq!(closest("lrate", ["epochs", "lr", "l"]), Some("lr"));
        assert_eq!(
            closest("efficientnet", ["resnet18", "efficientnet-b0"]),
            Some("efficientnet-b0")
        );
    }
}
