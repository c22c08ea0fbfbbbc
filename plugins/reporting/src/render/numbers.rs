//! Numbers as a person reads them.

/// A number as it is read, and to the last digit.
pub(crate) struct Number {
    /// All its digits, as `metrics.json` has them.
    pub full: String,
    /// As many as a person reads.
    pub shown: String,
}

impl Number {
    /// A metric with four digits.
    pub(crate) fn metric(value: f64) -> Self {
        Self {
            full: serde_json::Number::from_f64(value).map_or("null".into(), |number| number.to_string()),
            shown: format!("{value:.4}"),
        }
    }
}

/// "1 slice", "2 slices".
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(count), if count == 1 { one } else { many })
}

/// 1234567 as 1 234 567, with narrow spaces that do not break.
pub(crate) fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A share as a percentage; small ones keep a digit that says something.
pub(crate) fn per_cent(share: f64) -> String {
    let per_cent = 100.0 * share;
    if per_cent == 0.0 {
        "0 %".into()
    } else if per_cent < 1.0 {
        format!("{per_cent:.2} %")
    } else {
        format!("{per_cent:.1} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(thousands(752_803), "752\u{202f}803");
        assert_eq!(thousands(12), "12");
        assert_eq!(per_cent(0.004178), "0.42 %");
        assert_eq!(per_cent(0.143375), "14.3 %");
        assert_eq!(counted(1, "slice", "slices"), "1 slice");
        assert_eq!(Number::metric(0.1).full, "0.1");
    }
}
