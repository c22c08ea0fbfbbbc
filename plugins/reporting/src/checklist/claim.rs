//! CLAIM 2024: 44 items for studies of artificial intelligence in medical imaging.

use super::answer::Item;
use super::facts::Facts;
use super::{Guideline, Section};

/// The items, numbered as published (Tejani and others 2024); subjects are our own words.
pub(crate) fn guideline(facts: &Facts<'_>) -> Guideline {
    Guideline {
        name: "CLAIM 2024",
        file: "checklist_claim_2024.md",
        source: "Checklist for Artificial Intelligence in Medical Imaging, 2024 update: Tejani and others, Radiology: Artificial \
                 Intelligence 2024; 6(4): e240300, doi 10.1148/ryai.240300;",
        counted: "44 items",
        sections: vec![
            Section {
                title: "Title and abstract",
                items: vec![
                    Item::of(
                        "1",
                        "Title or abstract names AI, and which kind",
                        facts.technique(),
                        "that the title or abstract says so",
                    ),
                    Item::open(
                        "2",
                        "Abstract: design, methods, results, conclusions",
                        "the abstract",
                    ),
                ],
            },
            Section {
                title: "Introduction",
                items: vec![
                    Item::open(
                        "3",
                        "Background, and what the AI is meant for",
                        "background, intended use and role",
                    ),
                    Item::open("4", "Aims and hypotheses", "aims, objectives, hypotheses"),
                ],
            },
            Section {
                title: "Methods: study design",
                items: vec![
                    Item::open(
                        "5",
                        "Prospective or retrospective",
                        "when data were collected with regard to the study's plan",
                    ),
                    Item::of(
                        "6",
                        "Goal of the study",
                        facts.outcome(),
                        "the goal: development, feasibility, comparison, non-inferiority",
                    ),
                ],
            },
            Section {
                title: "Methods: data",
                items: vec![
                    Item::of(
                        "7",
                        "Sources of the data",
                        facts.source(),
                        "institutions, dates, how the data came to be, and who may have them",
                    ),
                    Item::of(
                        "8",
                        "Inclusion and exclusion",
                        [facts.eligibility(), facts.exclusions()].concat(),
                        "which patients and exams were eligible, and how they were found",
                    ),
                    Item::of("9", "Pre-processing", facts.preprocessing(), ""),
                    Item::of(
                        "10",
                        "Subsets of the data that were used",
                        facts.eligibility(),
                        "whether parts of exams or cohorts were selected beyond that, and why",
                    ),
                    Item::open("11", "De-identification", "how, by whom, and to which standard"),
                    Item::of(
                        "12",
                        "Missing data",
                        facts.missing(),
                        "why data are missing, and whether that could bias results",
                    ),
                    Item::of(
                        "13",
                        "How images were acquired",
                        facts.acquisition(),
                        "protocols and scanners, as far as headers do not say them",
                    ),
                ],
            },
            Section {
                title: "Methods: reference standard",
                items: vec![
                    Item::of(
                        "14",
                        "What the reference standard is",
                        facts.labels_from(),
                        "how the reference standard was obtained, so that others can repeat it",
                    ),
                    Item::open(
                        "15",
                        "Why this reference standard",
                        "reasons, alternatives, known errors",
                    ),
                    Item::of(
                        "16",
                        "Who annotated",
                        facts.readers(),
                        "number, qualification and preparation of annotators, and with which tools",
                    ),
                    Item::of(
                        "17",
                        "Annotation of the test set",
                        facts.test_labels(),
                        "how test cases were annotated, if otherwise than the others",
                    ),
                    Item::open(
                        "18",
                        "Variability within and between annotators",
                        "agreement, and how disagreement was resolved",
                    ),
                ],
            },
            Section {
                title: "Methods: partitions and sample size",
                items: vec![
                    Item::of(
                        "19",
                        "How data were assigned to partitions",
                        [facts.partitions(), facts.sizes()].concat(),
                        "",
                    ),
                    Item::of(
                        "20",
                        "Level at which partitions are disjoint",
                        facts.disjoint(),
                        "",
                    ),
                    Item::of(
                        "21",
                        "Intended sample size",
                        facts.sizes(),
                        "the intended size of the test set, and how it was determined",
                    ),
                ],
            },
            Section {
                title: "Methods: model",
                items: vec![
                    Item::of("22", "The model in detail", facts.architecture(), ""),
                    Item::of(
                        "23",
                        "Software and its versions",
                        [facts.software(), facts.hardware()].concat(),
                        "",
                    ),
                    Item::of("24", "Initial values of parameters", facts.initialization(), ""),
                ],
            },
            Section {
                title: "Methods: training",
                items: vec![
                    Item::of(
                        "25",
                        "How it was trained",
                        facts.training(),
                        "how hyperparameters were found, and how many models were trained in all",
                    ),
                    Item::of(
                        "26",
                        "How the final model was chosen",
                        facts.selection(),
                        "whether models were compared beyond this run",
                    ),
                    Item::of("27", "Ensembles", facts.ensembling(), ""),
                ],
            },
            Section {
                title: "Methods: evaluation",
                items: vec![
                    Item::of(
                        "28",
                        "Measures of performance",
                        facts.measures(),
                        "which measure was primary, and why",
                    ),
                    Item::of(
                        "29",
                        "Significance and uncertainty",
                        facts.uncertainty(),
                        "statistical tests that were made of these, and their level",
                    ),
                    Item::of(
                        "30",
                        "Robustness and sensitivity",
                        facts.subgroups(),
                        "analyses of robustness to other data, settings or perturbations",
                    ),
                    Item::of(
                        "31",
                        "Explainability",
                        facts.explainability(),
                        "how explanations were validated, if they are used",
                    ),
                    Item::of("32", "Evaluation on internal data", facts.internal(), ""),
                    Item::of(
                        "33",
                        "Testing on external data",
                        facts.external(),
                        "which external data were used, or why there are none",
                    ),
                    Item::open(
                        "34",
                        "Registration of a clinical trial",
                        "registry and number, or that it was not registered",
                    ),
                ],
            },
            Section {
                title: "Results: data",
                items: vec![
                    Item::of(
                        "35",
                        "Numbers included and excluded",
                        [facts.events(), facts.exclusions()].concat(),
                        "exclusions before the data came to this run, best as a flow chart",
                    ),
                    Item::of(
                        "36",
                        "Demographic and clinical characteristics by partition",
                        facts.characteristics(),
                        "characteristics of the cases by partition, as far as headers do not say them",
                    ),
                ],
            },
            Section {
                title: "Results: performance of the model",
                items: vec![
                    Item::of(
                        "37",
                        "Performance with its uncertainty",
                        [facts.performance(), facts.calibration()].concat(),
                        "",
                    ),
                    Item::of(
                        "38",
                        "Diagnostic accuracy and its precision",
                        facts.diagnostic(),
                        "comparison with readers or current practice, and intervals where none is said",
                    ),
                    Item::of(
                        "39",
                        "Analysis of failures",
                        facts.failures(),
                        "what the failures have in common",
                    ),
                ],
            },
            Section {
                title: "Discussion",
                items: vec![
                    Item::open(
                        "40",
                        "Limitations",
                        "limitations: methods, materials, biases, uncertainty, generalisability",
                    ),
                    Item::open(
                        "41",
                        "Implications for practice",
                        "what follows for practice, and the clinical role",
                    ),
                ],
            },
            Section {
                title: "Other information",
                items: vec![
                    Item::open(
                        "42",
                        "Protocol, or technical details",
                        "where the protocol and further details are",
                    ),
                    Item::of(
                        "43",
                        "Availability of software, model and data",
                        facts.specification(),
                        "whether and where code, model and data can be had",
                    ),
                    Item::open("44", "Funding", "sources of funding, and the role of funders"),
                ],
            },
        ],
    }
}
