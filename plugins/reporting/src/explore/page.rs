//! The page: one HTML file with everything in it. askama escapes every text; only the style sheet, the
//! script and the pictures drawn by this program are placed as they are.

use askama::Template;
use ichflow_api::prelude::*;

use super::chosen;
use super::counts::{self, PartCounts};
use super::duplicates::Duplicates;
use super::explorer::{self, Explorer};
use super::gather::{FEATURES, Gathered};
use super::headers::{Count, Headers};
use super::names::Names;
use super::sheet::{self, Strip};
use super::{EdaReport, embedding, pictures, series, watch};
use crate::render::numbers::{counted, per_cent, thousands};
use crate::render::plots::{Figure, Ink};

/// More lines than this help nobody.
const MOST_ROWS: usize = 100;

/// More slices of one group than this help nobody.
const MOST_MEMBERS: usize = 20;

/// The first of some things.
struct Listed<T> {
    /// They themselves.
    rows: Vec<T>,
    /// How many there are, in words.
    count: String,
    /// How many more there are, in words; empty where all are shown.
    more: String,
}

impl<T> Listed<T> {
    /// The first of `all`, which are the first of `count`.
    fn of<S>(all: &[S], count: usize, (one, many): (&str, &str), show: impl Fn(&S) -> T) -> Self {
        let rows: Vec<T> = all.iter().take(MOST_ROWS).map(show).collect();
        let more = count - rows.len();
        Self {
            count: counted(count, one, many),
            more: if more == 0 { String::new() } else { thousands(more) },
            rows,
        }
    }
}

/// What a page is made of.
pub struct Material<'a> {
    pub settings: &'a EdaReport,
    pub cohort: &'a Cohort,
    pub test: Option<&'a Cohort>,
    pub pixels: &'a Pixels,
    pub gathered: &'a Gathered,
    pub names: &'a Names,
    pub context: &'a Context<'a>,
}

#[derive(Template)]
#[template(path = "explore/page.html")]
struct Page {
    style: &'static str,
    own_style: &'static str,
    script: &'static str,
    script_hash: String,
    title: String,
    summary: String,
    identified: bool,
    headlines: Vec<(&'static str, String, String)>,
    watch: Vec<String>,
    parts: Vec<&'static str>,
    label_rows: Vec<LabelRow>,
    together: Vec<TogetherRow>,
    labels: [&'static str; 6],
    label_keys: Vec<(String, &'static str)>,
    has_labels: bool,
    label_figures: Vec<Figure>,
    along: Vec<Figure>,
    series_figures: Vec<Figure>,
    header_tables: Vec<HeaderTable>,
    missing: Vec<(&'static str, String)>,
    spacing: Vec<Figure>,
    hu_figures: Vec<Figure>,
    hu_label_figures: Vec<Figure>,
    style_keys: Vec<(String, &'static str)>,
    sampled: String,
    exact: Listed<String>,
    alike: Listed<[String; 3]>,
    quarantine: Listed<(String, String)>,
    strips: Vec<Strip>,
    embedding: Vec<Figure>,
    no_embedding: &'static str,
    map_labels: Vec<(String, &'static str)>,
    features: String,
    explorer: Option<Explorer>,
    channels: [(usize, &'static str, f64, f64); 3],
    recipe: String,
}

/// Counts of one label.
struct LabelRow {
    label: &'static str,
    /// For each part: slices, their share, series, patients.
    cells: Vec<[String; 4]>,
}

/// How often a label comes with each other.
struct TogetherRow {
    label: &'static str,
    /// The count, and its share of the row's slices in whole per cent.
    cells: Vec<(String, u32)>,
}

/// One table of header values.
struct HeaderTable {
    title: &'static str,
    what: &'static str,
    rows: Vec<[String; 4]>,
    more: usize,
}

/// The whole page.
pub fn html(material: &Material<'_>) -> Result<String> {
    let Material {
        settings,
        cohort,
        gathered,
        names,
        context,
        ..
    } = *material;
    let no_slices: &[Slice] = &[];
    let test = material.test.map_or(no_slices, |test| &test.slices);
    let slices: Vec<&Slice> = cohort.slices.iter().chain(test).collect();
    let headers = Headers::of(&slices);
    let series = series::of(&slices);
    let duplicates = Duplicates::of(&gathered.seen, &slices);
    let quarantined = context.run().quarantined();
    let mut parts = vec![PartCounts::of(
        if test.is_empty() { "" } else { "first set" },
        &cohort.slices,
    )];
    if !test.is_empty() {
        parts.push(PartCounts::of("test set", test));
    }
    let kinds = chosen::kinds(
        &cohort.slices,
        settings.examples.max(settings.explorer_slices),
        context,
    );
    let explorer = explorer::of(
        &kinds,
        material.pixels,
        names,
        settings.explorer_slices,
        settings.explorer_size,
        context,
    )?;
    let mut shown = kinds;
    for kind in &mut shown {
        kind.slices.truncate(settings.examples);
    }
    let (embedding, no_embedding) = match settings.map_slices {
        0 => (Vec::new(), ""),
        most => match embedding::of(&gathered.seen, most, context)? {
            Ok(embedding) => (pictures::of_embedding(&embedding, &slices, &gathered.styles)?, ""),
            Err(why) => (Vec::new(), why),
        },
    };
    let has_labels = parts.iter().any(|part| part.labelled > 0);
    let mut map_labels = vec![("no hemorrhage".to_owned(), Ink::Reference.css())];
    map_labels.extend(label_keys().into_iter().skip(1));
    map_labels.push(("several sub-types".into(), Ink::Text.css()));
    let quarantine = Listed::of(&quarantined, quarantined.len(), ("slice", "slices"), |slice| {
        (
            names.slice(&slice.id),
            names.reason(&slice.reason, &slice.file, &slice.id),
        )
    });
    let groups = duplicates.exact.len();
    let exact = Listed::of(
        &duplicates.exact,
        groups,
        ("group of slices", "groups of slices"),
        |group| {
            let mut shown: Vec<String> = group
                .iter()
                .take(MOST_MEMBERS)
                .map(|index| names.slice(&slices[*index].id))
                .collect();
            if group.len() > MOST_MEMBERS {
                shown.push(format!("and {} more", thousands(group.len() - MOST_MEMBERS)));
            }
            shown.join(", ")
        },
    );
    let alike = Listed::of(&duplicates.alike, duplicates.pairs, ("pair", "pairs"), |pair| {
        [
            names.slice(&slices[pair.first].id),
            names.slice(&slices[pair.second].id),
            format!("{:.1}", pair.apart_hu),
        ]
    });
    let page = Page {
        style: include_str!("../render/style.css"),
        own_style: include_str!("style.css"),
        script: explorer::SCRIPT,
        script_hash: explorer
            .as_ref()
            .map_or("'none'".into(), |explorer| format!("'{}'", explorer.script_hash)),
        title: match context.run().title.trim() {
            "" => "A look at the data".into(),
            title => title.to_owned(),
        },
        summary: format!("read from {}", material.pixels.describe()),
        identified: settings.identify,
        headlines: headlines(&parts, &headers),
        watch: watch::out(&watch::Found {
            train: &cohort.slices,
            test,
            headers: &headers,
            series: &series,
            duplicates: &duplicates,
            gathered,
            quarantined: quarantined.len(),
            remarks: &cohort
                .remarks
                .iter()
                .filter_map(|remark| names.remark(remark))
                .collect::<Vec<_>>(),
        }),
        label_rows: label_rows(&parts),
        parts: parts.iter().map(|part| part.name).collect(),
        together: together(&cohort.slices),
        labels: LABELS,
        label_keys: label_keys(),
        label_figures: if has_labels {
            pictures::of_labels(&cohort.slices)?
        } else {
            Vec::new()
        },
        along: if has_labels {
            vec![pictures::along(&series)?]
        } else {
            Vec::new()
        },
        hu_label_figures: if has_labels {
            pictures::of_hu_by_label(gathered)?
        } else {
            Vec::new()
        },
        has_labels,
        series_figures: pictures::of_series(&series)?,
        missing: headers
            .missing
            .iter()
            .map(|(what, count)| (*what, thousands(*count)))
            .collect(),
        spacing: vec![pictures::of_spacing(&headers.spacing)?],
        header_tables: header_tables(headers),
        hu_figures: pictures::of_hu(gathered)?,
        style_keys: gathered
            .styles
            .iter()
            .enumerate()
            .map(|(place, (name, _))| (name.clone(), Ink::series(place).css()))
            .collect(),
        sampled: sampled(gathered),
        exact,
        alike,
        quarantine,
        strips: sheet::strips(&shown, material.pixels, names, context)?,
        embedding,
        no_embedding,
        map_labels,
        features: FEATURES.join(", "),
        explorer,
        channels: [
            (0, "Window", 40.0, 80.0),
            (1, "Green", 80.0, 200.0),
            (2, "Blue", 40.0, 380.0),
        ],
        recipe: if settings.identify {
            context.run().resolved_recipe.clone()
        } else {
            String::new()
        },
    };
    page.render().doing("the page of the data cannot be made")
}

fn sampled(gathered: &Gathered) -> String {
    let seen = gathered.seen.len();
    if gathered.is_sample() {
        format!(
            "The pixels of {} of {} were looked at: whole series, drawn by the seed.",
            thousands(seen),
            counted(gathered.of, "slice", "slices")
        )
    } else {
        match seen {
            0 => "The pixels of no slice could be looked at.".into(),
            1 => "The pixels of the one slice were looked at.".into(),
            seen => format!("The pixels of all {} slices were looked at.", thousands(seen)),
        }
    }
}

fn headlines(parts: &[PartCounts], headers: &Headers) -> Vec<(&'static str, String, String)> {
    let of = |pick: fn(&PartCounts) -> usize| -> (String, String) {
        let all: usize = parts.iter().map(pick).sum();
        let beside = match parts {
            [_] => String::new(),
            parts => parts
                .iter()
                .map(|part| format!("{} in the {}", thousands(pick(part)), part.name))
                .collect::<Vec<_>>()
                .join(", "),
        };
        (thousands(all), beside)
    };
    let mut lines = Vec::new();
    let (value, beside) = of(|part| part.slices);
    lines.push(("slices", value, beside));
    let (value, beside) = of(|part| part.series);
    lines.push(("series", value, beside));
    let (value, beside) = of(|part| part.patients);
    lines.push(("patients", value, beside));
    if let Some(part) = parts.first().filter(|part| part.labelled > 0) {
        let positive = part.labels[0][0];
        lines.push((
            "slices with hemorrhage",
            thousands(positive),
            format!(
                "{} of the labelled ones",
                per_cent(positive as f64 / part.labelled as f64)
            ),
        ));
    }
    lines.push((
        if headers.styles.len() == 1 {
            "pixel encoding"
        } else {
            "pixel encodings"
        },
        headers.styles.len().to_string(),
        "bits, sign and intercept".into(),
    ));
    lines
}

fn label_rows(parts: &[PartCounts]) -> Vec<LabelRow> {
    LABELS
        .iter()
        .enumerate()
        .map(|(label, name)| LabelRow {
            label: name,
            cells: parts
                .iter()
                .map(|part| {
                    if part.labelled == 0 {
                        return ["unknown".into(), String::new(), String::new(), String::new()];
                    }
                    let [slices, series, patients] = part.labels[label];
                    [
                        thousands(slices),
                        per_cent(slices as f64 / part.labelled as f64),
                        thousands(series),
                        thousands(patients),
                    ]
                })
                .collect(),
        })
        .collect()
}

fn together(slices: &[Slice]) -> Vec<TogetherRow> {
    counts::together(slices)
        .iter()
        .enumerate()
        .map(|(row, counts)| TogetherRow {
            label: LABELS[row],
            cells: counts
                .iter()
                .map(|count| {
                    let share = *count as f64 / counts[row].max(1) as f64;
                    (thousands(*count), (100.0 * share).round() as u32)
                })
                .collect(),
        })
        .collect()
}

fn label_keys() -> Vec<(String, &'static str)> {
    LABELS
        .iter()
        .enumerate()
        .map(|(label, name)| ((*name).to_owned(), pictures::label_ink(label).css()))
        .collect()
}

fn header_tables(headers: Headers) -> Vec<HeaderTable> {
    let table = |title, what, counts: Vec<Count>, most: usize| HeaderTable {
        title,
        what,
        more: counts.len().saturating_sub(most),
        rows: counts
            .into_iter()
            .take(most)
            .map(|count| {
                [
                    count.what,
                    thousands(count.slices),
                    thousands(count.series),
                    thousands(count.patients),
                ]
            })
            .collect(),
    };
    let mut tables = vec![
        table(
            "How pixels are stored",
            "bits, sign, intercept",
            headers.styles,
            20,
        ),
        table("Sizes", "rows × columns", headers.sizes, 12),
        table("Windows", "first window stated", headers.windows, 12),
        table("Slice thickness", "thickness", headers.thickness, 12),
        table("Padding values", "stored value", headers.padding, 12),
    ];
    tables.retain(|table| !table.rows.is_empty());
    tables
}
