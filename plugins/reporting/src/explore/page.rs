//! The page: one HTML file with everything in it. askama escapes every text; only the style sheet, the
//! script and the pictures drawn by this program are placed as they are.

use askama::Template;
use ichflow_api::prelude::*;
use ichflow_pages::frame::{Assets, Frame};

use super::chosen;
use super::counts::PartCounts;
use super::duplicates::Duplicates;
use super::explorer::{self, Explorer};
use super::gather::{FEATURES, Gathered};
use super::headers::Headers;
use super::listed::Listed;
use super::names::Names;
use super::sheet::{self, Strip};
use super::tables::{self, CooccurrenceRow, HeaderTable, LabelRow};
use super::{EdaReport, embedding, pictures, series, watch};
use crate::render::numbers::{counted, thousands};
use crate::render::plots::{Figure, Ink};

/// More slices of one group than this help nobody.
const MOST_MEMBERS: usize = 20;

/// What a page is made of.
pub(super) struct Material<'a> {
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
    title: String,
    summary: String,
    identified: bool,
    headlines: Vec<(&'static str, String, String)>,
    watch: Vec<String>,
    parts: Vec<&'static str>,
    label_rows: Vec<LabelRow>,
    cooccurrence: Vec<CooccurrenceRow>,
    labels: Vec<String>,
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
    encoding_keys: Vec<(String, &'static str)>,
    sampled: String,
    exact: Listed<String>,
    alike: Listed<[String; 3]>,
    quarantine: Listed<(String, String)>,
    strips: Vec<Strip>,
    embedding: Vec<Figure>,
    no_embedding: &'static str,
    embedding_keys: Vec<(String, &'static str)>,
    features: String,
    explorer: Option<Explorer>,
    channels: [(usize, &'static str, f64, f64); 3],
    recipe: String,
}

/// The whole page.
pub(super) fn html(material: &Material<'_>) -> Result<String> {
    let Material {
        settings,
        cohort,
        gathered,
        names,
        context,
        ..
    } = *material;
    let labels = &cohort.labels;
    let no_slices: &[Slice] = &[];
    let test = material.test.map_or(no_slices, |test| &test.slices);
    let slices: Vec<&Slice> = cohort.slices.iter().chain(test).collect();
    let headers = Headers::of(&slices);
    let series = series::of(&slices);
    let duplicates = Duplicates::of(&gathered.seen, &slices);
    let quarantined = context.run().quarantined();
    let mut parts = vec![PartCounts::of(
        if test.is_empty() { "" } else { "training set" },
        &cohort.slices,
        labels,
    )];
    if !test.is_empty() {
        parts.push(PartCounts::of("test set", test, labels));
    }
    let kinds = chosen::kinds(
        &cohort.slices,
        labels,
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
    let (embedding, no_embedding) = match settings.embedding_slices {
        0 => (Vec::new(), ""),
        most => match embedding::of(&gathered.seen, most, context)? {
            Ok(embedding) => (
                pictures::of_embedding(&embedding, &slices, labels, &gathered.encodings)?,
                "",
            ),
            Err(why) => (Vec::new(), why),
        },
    };
    let has_labels = parts.iter().any(|part| part.labelled > 0);
    let mut embedding_keys = vec![(labels.nothing().to_owned(), Ink::Reference.css())];
    embedding_keys.extend(labels.kinds().map(|label| {
        (
            labels.name(label).to_owned(),
            pictures::label_ink(labels, label).css(),
        )
    }));
    embedding_keys.push(("several sub-types".into(), Ink::Text.css()));
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
        title: match context.run().title.trim() {
            "" => "A look at the data".into(),
            title => title.to_owned(),
        },
        summary: format!("read from {}", material.pixels.describe()),
        identified: settings.identify,
        headlines: tables::headlines(&parts, &headers),
        watch: watch::out(&watch::Found {
            labels,
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
        label_rows: tables::label_rows(&parts, labels),
        parts: parts.iter().map(|part| part.name).collect(),
        cooccurrence: tables::cooccurrence(&cohort.slices, labels),
        labels: labels.names().to_vec(),
        label_keys: label_keys(labels),
        label_figures: if has_labels {
            pictures::of_labels(&cohort.slices, labels)?
        } else {
            Vec::new()
        },
        along: if has_labels {
            vec![pictures::along(&series, labels)?]
        } else {
            Vec::new()
        },
        hu_label_figures: if has_labels {
            pictures::of_hu_by_label(gathered, labels)?
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
        header_tables: tables::header_tables(headers),
        hu_figures: pictures::of_hu(gathered)?,
        encoding_keys: gathered
            .encodings
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
        embedding_keys,
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
    let body = page.render().doing("the page of the data cannot be made")?;
    let frame = Frame {
        title: &format!("{} · ichflow data report", page.title),
        skip: "Skip to the report",
        body: &body,
        assets: Assets::Inline {
            styles: &[include_str!("style.css")],
            scripts: if page.explorer.is_some() {
                &[explorer::SCRIPT]
            } else {
                &[]
            },
        },
    };
    frame.html().doing("the page of the data cannot be made")
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

fn label_keys(labels: &LabelSet) -> Vec<(String, &'static str)> {
    let names = labels.names().iter().enumerate();
    names
        .map(|(label, name)| (name.clone(), pictures::label_ink(labels, label).css()))
        .collect()
}
