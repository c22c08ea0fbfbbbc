//! Lengths of time, for people.

use std::time::Duration;

/// A length of time as a person says it: "2 min 5 s".
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let said = |seconds: f64| duration(Duration::from_secs_f64(seconds));
        assert_eq!(said(1.25), "1.2 s");
        assert_eq!(said(59.9), "59 s");
        assert_eq!(said(125.0), "2 min 5 s");
        assert_eq!(said(7260.0), "2 h 1 min");
    }
}
