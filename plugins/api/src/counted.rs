//! Counts in words.

/// "1 slice", "2 slices".
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        let texts = [0, 1, 2].map(|count| counted(count, "slice", "slices"));
        assert_eq!(texts, ["0 slices", "1 slice", "2 slices"]);
    }
}
