//! Obuchowski's covariance of areas, of which DeLong's is the case of one case a cluster.

use super::placements::placements;
use crate::{MetricsError, checks};

/// What the cases of each cluster contribute to one model's area.
pub(super) struct Contributions {
    /// The area.
    pub(super) auroc: f64,
    /// Each cluster's sum over its positives of `V₁₀ − θ`.
    positive: Vec<f64>,
    /// Each cluster's sum over its negatives of `V₀₁ − θ`.
    negative: Vec<f64>,
}

/// The cases: truth, clusters numbered from 0, and how many of each kind there are.
pub(super) struct Cases<'a> {
    truth: &'a [bool],
    cluster: Vec<usize>,
    clusters: usize,
    positives: usize,
    negatives: usize,
    /// Clusters that have a positive.
    with_positives: usize,
    /// Clusters that have a negative.
    with_negatives: usize,
}

impl<'a> Cases<'a> {
    /// Checks that there are at least two clusters with positives and two with negatives.
    pub(super) fn of(truth: &'a [bool], cluster_of: &[usize]) -> Result<Self, MetricsError> {
        checks::length("clusters", truth.len(), cluster_of.len())?;
        let (positives, negatives) = checks::classes(truth, 1)?;
        let (cluster, clusters) = checks::compact(cluster_of);
        let with = |class: bool| {
            let mut has = vec![false; clusters];
            for (cluster, truth) in cluster.iter().zip(truth) {
                has[*cluster] |= *truth == class;
            }
            has.into_iter().filter(|has| *has).count()
        };
        let (with_positives, with_negatives) = (with(true), with(false));
        checks::at_least("patients with a positive case", 2, with_positives)?;
        checks::at_least("patients with a negative case", 2, with_negatives)?;
        Ok(Self {
            truth,
            cluster,
            clusters,
            positives,
            negatives,
            with_positives,
            with_negatives,
        })
    }

    /// One model's area and what makes it vary.
    pub(super) fn contributions(&self, scores: &[f64]) -> Result<Contributions, MetricsError> {
        checks::scores(self.truth, scores)?;
        let placements = placements(self.truth, scores);
        let of_positives = self.truth.iter().zip(&placements).filter(|(truth, _)| **truth);
        let auroc = of_positives.map(|(_, placement)| placement).sum::<f64>() / self.positives as f64;
        let mut positive = vec![0.0; self.clusters];
        let mut negative = vec![0.0; self.clusters];
        for ((truth, cluster), placement) in self.truth.iter().zip(&self.cluster).zip(&placements) {
            let side = if *truth { &mut positive } else { &mut negative };
            side[*cluster] += placement - auroc;
        }
        Ok(Contributions {
            auroc,
            positive,
            negative,
        })
    }

    /// Covariance of two models' areas; a model's with itself is its variance.
    ///
    /// `S₁₀/M + S₀₁/N + (S₁₁ + S₁₁ᵀ)/(MN)` with `S₁₀ = I₁₀/((I₁₀ − 1)M) Σ_i X_i X'_i`, `S₀₁` likewise,
    /// `S₁₁ = I/(I − 1) Σ_i X_i Y'_i`; `X_i`, `Y_i` are the contributions of cluster i, M and N the numbers of
    /// positives and negatives, `I`, `I₁₀`, `I₀₁` of clusters, with positives, with negatives (Obuchowski
    /// 1997). With one case a cluster the last term is 0 and DeLong's formula is left.
    pub(super) fn covariance(&self, one: &Contributions, other: &Contributions) -> f64 {
        let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let corrected = |clusters: usize| clusters as f64 / (clusters as f64 - 1.0);
        let (m, n) = (self.positives as f64, self.negatives as f64);
        let positives = corrected(self.with_positives) * sum(&one.positive, &other.positive) / (m * m);
        let negatives = corrected(self.with_negatives) * sum(&one.negative, &other.negative) / (n * n);
        let across = sum(&one.positive, &other.negative) + sum(&other.positive, &one.negative);
        positives + negatives + corrected(self.clusters) * across / (m * n)
    }
}
