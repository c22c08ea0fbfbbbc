//! `[sweep.random]`: points drawn from ranges and lists.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Change, MAX_TRIALS, Point, dotted, joined, wrong_type};
use crate::recipe::problem::{Code, Problem};
use crate::recipe::source::Place;
use crate::recipe::value::{Entry, Node, Value};

pub(super) fn random(entry: &Entry, problems: &mut Vec<Problem>) -> Vec<Point> {
    let Some(table) = entry.node.as_table() else {
        problems.push(wrong_type(&entry.node, "sweep.random", "a table"));
        return Vec::new();
    };
    let mut whole = |key: &str| match table.get(key).map(|node| (node, &node.value)) {
        Some((_, Value::Integer(number))) if *number >= 0 => Some(number.unsigned_abs()),
        Some((node, _)) => {
            problems.push(wrong_type(
                node,
                &format!("sweep.random.{key}"),
                "a whole number, at least 0,",
            ));
            None
        }
        None => None,
    };
    let (trials, seed) = (whole("trials"), whole("seed").unwrap_or(0));
    let Some(trials) = trials else {
        if table.get("trials").is_none() {
            problems.push(
                Problem::at(
                    Code::MissingKey,
                    &entry.node.place,
                    "`sweep.random` needs the key `trials`",
                )
                .help("add `trials = 8`: how many draws to make"),
            );
        }
        return Vec::new();
    };
    let mut ranges = Vec::new();
    for (path, node) in dotted(table, &[], &|table| {
        table.get("low").is_some() || table.get("high").is_some()
    }) {
        let key = joined(&path);
        if key == "trials" || key == "seed" {
            continue;
        }
        match Range::of(node) {
            Ok(range) => ranges.push((path, range)),
            Err(message) => problems.push(
                Problem::at(
                    Code::Sweep,
                    &node.place,
                    format!("`sweep.random.{key}` {message}"),
                )
                .help("write { low = 1e-4, high = 1e-2, scale = \"log\" } or a list of values"),
            ),
        }
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..trials.min(MAX_TRIALS as u64 + 1))
        .map(|number| {
            let set = |(path, range): &(Vec<_>, Range)| Change::Set(path.clone(), range.draw(&mut rng));
            Point {
                name: format!("draw {}", number + 1),
                changes: ranges.iter().map(set).collect(),
            }
        })
        .collect()
}

/// What a random parameter is drawn from.
enum Range {
    Choice(Vec<Node>),
    Between {
        low: f64,
        high: f64,
        log: bool,
        /// Whether only whole numbers are drawn: both ends were written as such.
        whole: bool,
        place: Place,
    },
}

impl Range {
    fn of(node: &Node) -> Result<Self, String> {
        let table = match &node.value {
            Value::Array(items) if !items.is_empty() => return Ok(Self::Choice(items.clone())),
            Value::Table(table) => table,
            _ => return Err(format!("is {}, not a range or a list", node.kind())),
        };
        let known = ["low", "high", "scale"];
        if let Some(entry) = table
            .entries
            .iter()
            .find(|entry| !known.contains(&entry.key.as_str()))
        {
            return Err(format!("has the unknown key `{}`", entry.key));
        }
        let number = |key: &str| match table.get(key).map(|node| &node.value) {
            Some(Value::Integer(number)) => Ok((*number as f64, true)),
            Some(Value::Float(number)) => Ok((*number, false)),
            _ => Err(format!("has no number `{key}`")),
        };
        let ((low, whole_low), (high, whole_high)) = (number("low")?, number("high")?);
        let log = match table.string("scale") {
            None if table.get("scale").is_none() => false,
            Some("linear") => false,
            Some("log") => true,
            _ => return Err("has a `scale` that is neither \"linear\" nor \"log\"".into()),
        };
        if low.is_nan() || high.is_nan() || low >= high {
            return Err(format!("goes from {low} to {high}"));
        }
        if log && low <= 0.0 {
            return Err(format!("is logarithmic and goes down to {low}"));
        }
        Ok(Self::Between {
            low,
            high,
            log,
            whole: whole_low && whole_high,
            place: node.place.clone(),
        })
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> Node {
        match self {
            Self::Choice(items) => items[rng.random_range(0..items.len())].clone(),
            Self::Between {
                low,
                high,
                log,
                whole,
                place,
            } => {
                let drawn: f64 = rng.random();
                let (low, high) = if *whole { (*low, high + 1.0) } else { (*low, *high) };
                let value = if *log {
                    low * (high / low).powf(drawn)
                } else {
                    low + (high - low) * drawn
                };
                let value = if *whole {
                    Value::Integer(value.floor() as i64)
                } else {
                    Value::Float(value)
                };
                Node {
                    value,
                    place: place.clone(),
                }
            }
        }
    }
}
