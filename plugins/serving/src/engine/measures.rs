//! What `/metrics` tells: counts and times, and never a name.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::answer::Answer;

/// Upper bounds of seconds.
const SECONDS: [f64; 9] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0];
/// Upper bounds of probabilities.
const SHARES: [f64; 10] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
/// Upper bounds of distances from the training data.
const DISTANCES: [f64; 8] = [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0];

/// Counters and histograms by their names and labels.
#[derive(Default)]
pub(crate) struct Measures(Mutex<All>);

#[derive(Default)]
struct All {
    counters: BTreeMap<(&'static str, String), u64>,
    histograms: BTreeMap<(&'static str, String), Histogram>,
}

struct Histogram {
    bounds: &'static [f64],
    counts: Vec<u64>,
    sum: f64,
}

impl Measures {
    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `labels` is as the text format has it: `method="GET"`.
    pub(crate) fn count(&self, name: &'static str, labels: String, more: u64) {
        *self.lock().counters.entry((name, labels)).or_default() += more;
    }

    fn observe(&self, name: &'static str, labels: String, bounds: &'static [f64], value: f64) {
        let mut all = self.lock();
        let histogram = all.histograms.entry((name, labels)).or_insert_with(|| Histogram {
            bounds,
            counts: vec![0; bounds.len() + 1],
            sum: 0.0,
        });
        let place = bounds
            .iter()
            .position(|bound| value <= *bound)
            .unwrap_or(bounds.len());
        histogram.counts[place] += 1;
        histogram.sum += value;
    }

    /// How long a step took: receiving, reading, predicting.
    pub(crate) fn step(&self, step: &str, took: Duration) {
        let labels = format!("step=\"{step}\"");
        self.observe("ichflow_step_seconds", labels, &SECONDS, took.as_secs_f64());
    }

    /// What came of an upload.
    pub(crate) fn answer(&self, bundle: &str, answer: &Answer) {
        let of_bundle = format!("bundle=\"{bundle}\"");
        self.count(
            "ichflow_slices_total",
            format!("{of_bundle},status=\"predicted\""),
            answer.counts()[0] as u64,
        );
        for row in &answer.slices {
            if let Some(reason) = row["reason"].as_str() {
                let class = class_of(reason);
                self.count(
                    "ichflow_excluded_total",
                    format!("{of_bundle},reason=\"{class}\""),
                    1,
                );
            }
            if let Some(distance) = row["training_data"]["slice_distance"].as_f64() {
                self.observe("ichflow_slice_distance", of_bundle.clone(), &DISTANCES, distance);
            }
        }
        for exam in &answer.exams {
            for (label, probability) in exam["probabilities"].as_object().into_iter().flatten() {
                let labels = format!("{of_bundle},label=\"{}\"", plain(label));
                let probability = probability.as_f64().unwrap_or_default();
                self.observe("ichflow_exam_probability", labels, &SHARES, probability);
            }
            if exam["unlike_training"]
                .as_array()
                .is_some_and(|flags| !flags.is_empty())
            {
                self.count("ichflow_exams_unlike_training_total", of_bundle.clone(), 1);
            }
        }
        self.count("ichflow_exams_total", of_bundle, answer.exams.len() as u64);
    }

    /// In Prometheus' text format; `now` are numbers of the moment.
    pub(crate) fn text(&self, now: &[(&'static str, String, u64)]) -> String {
        let mut text = String::new();
        let all = self.lock();
        let mut last = "";
        let mut kind = |text: &mut String, name: &'static str, kind: &str| {
            if last != name {
                let _ = writeln!(text, "# TYPE {name} {kind}");
                last = name;
            }
        };
        for ((name, labels), value) in &all.counters {
            kind(&mut text, name, "counter");
            let _ = writeln!(text, "{name}{{{labels}}} {value}");
        }
        for (name, labels, value) in now {
            kind(&mut text, name, "gauge");
            let _ = writeln!(text, "{name}{{{labels}}} {value}");
        }
        for ((name, labels), histogram) in &all.histograms {
            kind(&mut text, name, "histogram");
            let mut sum = 0;
            let bounds = histogram
                .bounds
                .iter()
                .map(f64::to_string)
                .chain(["+Inf".to_owned()]);
            for (bound, count) in bounds.zip(&histogram.counts) {
                sum += count;
                let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {sum}");
            }
            let _ = writeln!(text, "{name}_sum{{{labels}}} {}", histogram.sum);
            let _ = writeln!(text, "{name}_count{{{labels}}} {sum}");
        }
        text
    }
}

/// Reasons may hold what a file says: only their kinds are told.
fn class_of(reason: &str) -> &'static str {
    const CLASSES: [(&str, &str); 8] = [
        ("not a DICOM", "not_dicom"),
        ("empty", "empty"),
        ("damaged", "damaged"),
        ("ends", "damaged"),
        ("localizer", "not_axial_ct"),
        ("axial", "not_axial_ct"),
        ("NaN", "nan"),
        ("model cannot", "model"),
    ];
    let found = CLASSES.iter().find(|(part, _)| reason.contains(part));
    found.map_or("other", |(_, class)| class)
}

/// A label's name within quotes.
fn plain(text: &str) -> String {
    text.replace(['\\', '"', '\n'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_as_prometheus_reads_it() {
        let measures = Measures::default();
        measures.count("a_total", "x=\"1\"".into(), 2);
        measures.step("reading", Duration::from_millis(20));
        measures.step("reading", Duration::from_secs(1000));
        let text = measures.text(&[("b", "y=\"2\"".into(), 3)]);
        for part in [
            "# TYPE a_total counter\na_total{x=\"1\"} 2\n",
            "# TYPE b gauge\nb{y=\"2\"} 3\n",
            "ichflow_step_seconds_bucket{step=\"reading\",le=\"0.01\"} 0\n",
            "ichflow_step_seconds_bucket{step=\"reading\",le=\"0.05\"} 1\n",
            "ichflow_step_seconds_bucket{step=\"reading\",le=\"+Inf\"} 2\n",
            "ichflow_step_seconds_count{step=\"reading\"} 2\n",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
