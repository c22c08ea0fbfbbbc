//! Where the model is good and where it is not: pixel encodings, positions in the series, patients.

use ichflow_api::data::labelled::patient_losses;
use ichflow_api::data::measures::GroupMetrics;
use ichflow_api::prelude::*;

use super::material::Material;
use super::subgroups::{self, SubgroupPart};
use super::table::Table;
use super::tables;
use crate::render::numbers::{counted, thousands};
use crate::render::plots::{self, Dot, Figure, Ink, Steps};

/// The section on groups of validation slices.
pub(crate) struct GroupSection {
    /// Tables.
    pub tables: Vec<Table>,
    /// Pictures.
    pub figures: Vec<Figure>,
    /// By scanner, age band, site: with intervals.
    pub parts: Vec<SubgroupPart>,
}

pub(crate) fn section(material: &Material<'_>) -> Result<Option<GroupSection>> {
    let measured = &material.metrics.valid;
    let Some(groups) = &measured.groups else {
        return Ok(None);
    };
    let all = measured.weighted_log_loss;
    let units = material.metrics.unit.plural();
    let mut figures = vec![picture(
        "Loss by pixel encoding",
        &groups.by_encoding,
        all,
        units,
    )?];
    // Exams have none.
    if !groups.by_position.is_empty() {
        figures.push(picture(
            "Loss by position in the series",
            &groups.by_position,
            all,
            units,
        )?);
    }
    if let Some(spread) = &groups.by_patient {
        let losses = patient_losses(material.valid, material.metrics.computed.eps);
        let title = "Patients by their weighted log loss";
        let steps = Steps::of(
            "patients",
            losses.iter().map(|(_, loss)| *loss),
            &(0.0..spread.worst.max(1e-6)),
            20,
            Ink::First,
        );
        let figure = plots::histogram(
            title.into(),
            format!(
                "{}: half score below {:.4}, the worst {:.4}.",
                counted(spread.patients, "patient", "patients"),
                spread.median,
                spread.worst
            ),
            (&format!("weighted log loss of a patient's {units}"), "patients"),
            0.0..spread.worst.max(1e-6),
            false,
            (440, 300),
            &[steps],
        )?;
        // Every patient rather than every bin.
        figures.push(
            figure.with_data(
                &["patient", "weighted log loss"],
                losses
                    .iter()
                    .map(|(patient, loss)| vec![material.privacy.patient(patient), loss.to_string()]),
            )?,
        );
    }
    let mut tables = vec![tables::groups(
        &format!("Validation {units} by pixel encoding: bits, sign and intercept, in which scanners differ."),
        units,
        &groups.by_encoding,
    )];
    if !groups.by_position.is_empty() {
        tables.push(tables::groups(
            "Validation slices by their position in the series, from caudal to cranial.",
            units,
            &groups.by_position,
        ));
    }
    Ok(Some(GroupSection {
        tables,
        figures,
        parts: subgroups::parts(material)?,
    }))
}

/// More lines than this are no picture.
const MOST_DOTS: usize = 24;

fn picture(title: &str, groups: &[GroupMetrics], all: f64, units: &str) -> Result<Figure> {
    let mut largest: Vec<usize> = (0..groups.len()).collect();
    largest.sort_by_key(|group| std::cmp::Reverse(groups[*group].slices));
    largest.truncate(MOST_DOTS);
    largest.sort_unstable();
    let left_out = match groups.len() - largest.len() {
        0 => String::new(),
        _ => format!(
            " Of {} groups the {MOST_DOTS} largest are drawn.",
            thousands(groups.len())
        ),
    };
    let dots: Vec<Dot> = largest
        .into_iter()
        .map(|group| &groups[group])
        .map(|group| Dot {
            name: group.name.clone(),
            value: group.weighted_log_loss,
            interval: None,
            ink: Ink::First,
        })
        .collect();
    plots::dots(
        title,
        format!("The dashed line is the loss of all validation {units}, {all:.4}.{left_out}"),
        "weighted log loss",
        &dots,
        Some(all),
        440,
    )
}
