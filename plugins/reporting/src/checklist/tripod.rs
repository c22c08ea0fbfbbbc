//! TRIPOD+AI: 27 items, 52 with their subitems, for studies that develop or evaluate a prediction model.

use super::answer::Item;
use super::facts::Facts;
use super::{Guideline, Section};

/// The items, numbered as published (Collins and others 2024); subjects are our own words.
pub(crate) fn guideline(facts: &Facts<'_>) -> Guideline {
    let development_only = "whether the study develops a model, evaluates one, or both";
    Guideline {
        name: "TRIPOD+AI",
        file: "checklist_tripod_ai.md",
        source: "TRIPOD+AI statement: Collins and others, BMJ 2024; 385: e078378, doi 10.1136/bmj-2023-078378;",
        counted: "27 items, 52 with their subitems",
        sections: vec![
            Section {
                title: "Title and abstract",
                items: vec![
                    Item::of(
                        "1",
                        "Title: model, population, outcome",
                        facts.outcome(),
                        "a title that names development or evaluation, the population and the outcome",
                    ),
                    Item::open(
                        "2",
                        "Abstract",
                        "the abstract, by the checklist for abstracts of the same paper",
                    ),
                ],
            },
            Section {
                title: "Introduction",
                items: vec![
                    Item::open(
                        "3a",
                        "Medical context and earlier models",
                        "diagnostic context, rationale, existing models",
                    ),
                    Item::open(
                        "3b",
                        "Population and purpose",
                        "target population, place in the pathway, intended users",
                    ),
                    Item::open(
                        "3c",
                        "Known health inequalities",
                        "inequalities between sociodemographic groups",
                    ),
                    Item::open("4", "Objectives", development_only),
                ],
            },
            Section {
                title: "Methods: data and participants",
                items: vec![
                    Item::of(
                        "5a",
                        "Sources of the data",
                        facts.source(),
                        "sources of the data for development and evaluation, why these, and whom they represent",
                    ),
                    Item::open(
                        "5b",
                        "Dates",
                        "start and end of recruitment or of the collection of exams",
                    ),
                    Item::open("6a", "Setting", "setting, number and place of centres"),
                    Item::of(
                        "6b",
                        "Eligibility",
                        facts.eligibility(),
                        "which patients and exams were eligible",
                    ),
                    Item::open(
                        "6c",
                        "Treatments",
                        "treatments before the exam and how they were handled, if relevant",
                    ),
                    Item::of(
                        "7",
                        "Preparation and quality of the data",
                        [facts.preprocessing(), facts.exclusions()].concat(),
                        "whether preparation was the same in all sociodemographic groups",
                    ),
                ],
            },
            Section {
                title: "Methods: outcome",
                items: vec![
                    Item::of(
                        "8a",
                        "The outcome, and how it was assessed",
                        [facts.outcome(), facts.labels_from()].concat(),
                        "how and when the outcome was assessed, why so, and whether alike in all groups",
                    ),
                    Item::of(
                        "8b",
                        "Who assessed the outcome",
                        facts.readers(),
                        "qualification and demographics of those who read",
                    ),
                    Item::open(
                        "8c",
                        "Blinding of the assessment",
                        "whether readers knew predictors or predictions",
                    ),
                ],
            },
            Section {
                title: "Methods: predictors",
                items: vec![
                    Item::of(
                        "9a",
                        "Choice of predictors",
                        facts.predictors(),
                        "why images alone, and whether other predictors were considered",
                    ),
                    Item::of(
                        "9b",
                        "Definition and measurement of predictors",
                        facts.acquisition(),
                        "how images were acquired, as far as headers do not say it, and whether blinded to the outcome",
                    ),
                    Item::open(
                        "9c",
                        "Who assessed predictors",
                        "whether predictors need interpretation by people; if so, by whom",
                    ),
                ],
            },
            Section {
                title: "Methods: sample size and missing data",
                items: vec![
                    Item::of(
                        "10",
                        "Sample size",
                        facts.sizes(),
                        "how the size was arrived at, and whether it suffices",
                    ),
                    Item::of("11", "Missing data", facts.missing(), "reasons for omissions"),
                ],
            },
            Section {
                title: "Methods: analysis",
                items: vec![
                    Item::of(
                        "12a",
                        "How data were used and partitioned",
                        [facts.partitions(), facts.disjoint(), facts.sizes()].concat(),
                        "",
                    ),
                    Item::of("12b", "How predictors were handled", facts.preprocessing(), ""),
                    Item::of(
                        "12c",
                        "Type of model, building, hyperparameters, internal validation",
                        [
                            facts.architecture(),
                            facts.initialization(),
                            facts.training(),
                            facts.selection(),
                            facts.ensembling(),
                            facts.calibration(),
                            facts.internal(),
                        ]
                        .concat(),
                        "why this type of model, and how hyperparameters were found",
                    ),
                    Item::of(
                        "12d",
                        "Differences between clusters",
                        facts.subgroups(),
                        "how differences between hospitals or countries were looked for",
                    ),
                    Item::of(
                        "12e",
                        "Measures of performance",
                        [facts.measures(), facts.uncertainty()].concat(),
                        "which were primary, why these, and clinical utility",
                    ),
                    Item::of(
                        "12f",
                        "Updating of the model",
                        if facts.is_bundled() {
                            facts.calibration()
                        } else {
                            Vec::new()
                        },
                        "updating or recalibration that an evaluation led to, or that there was none",
                    ),
                    Item::of("12g", "How predictions are computed", facts.prediction(), ""),
                ],
            },
            Section {
                title: "Methods: imbalance, fairness, output, differences",
                items: vec![
                    Item::of(
                        "13",
                        "Imbalance of classes",
                        facts.imbalance(),
                        "why so, and whether probabilities were recalibrated for it",
                    ),
                    Item::open(
                        "14",
                        "Fairness",
                        "what was done to find and to reduce unfairness, and why",
                    ),
                    Item::of(
                        "15",
                        "Output of the model, and thresholds",
                        facts.thresholds(),
                        "the clinical reason for each threshold",
                    ),
                    Item::of(
                        "16",
                        "Development against evaluation data",
                        facts.external(),
                        "differences in setting, eligibility, outcome and predictors",
                    ),
                    Item::open(
                        "17",
                        "Ethical approval",
                        "committee, number, and consent or its waiver",
                    ),
                ],
            },
            Section {
                title: "Open science",
                items: vec![
                    Item::open("18a", "Funding", "sources of funding, and the role of funders"),
                    Item::open("18b", "Conflicts of interest", "of all authors"),
                    Item::open("18c", "Protocol", "where it is, or that there was none"),
                    Item::open(
                        "18d",
                        "Registration",
                        "registry and number, or that it was not registered",
                    ),
                    Item::open("18e", "Sharing of data", "whether and how the data can be had"),
                    Item::of(
                        "18f",
                        "Sharing of code",
                        [facts.software(), facts.specification()].concat(),
                        "where code and model can be had, and on what terms",
                    ),
                    Item::open(
                        "19",
                        "Involvement of patients and the public",
                        "how, or that there was none",
                    ),
                ],
            },
            Section {
                title: "Results",
                items: vec![
                    Item::of(
                        "20a",
                        "Flow of participants",
                        [facts.events(), facts.exclusions()].concat(),
                        "the flow before the data came to this run, best as a chart",
                    ),
                    Item::of(
                        "20b",
                        "Characteristics of participants",
                        facts.characteristics(),
                        "characteristics overall and by centre, and differences between sociodemographic groups",
                    ),
                    Item::open(
                        "20c",
                        "Distribution of predictors in development and evaluation",
                        "the comparison, where a model is evaluated on other data",
                    ),
                    Item::of(
                        "21",
                        "Participants and events in each analysis",
                        facts.events(),
                        "",
                    ),
                    Item::of(
                        "22",
                        "The full model",
                        facts.specification(),
                        "where the model can be had, and whether access is restricted",
                    ),
                    Item::of(
                        "23a",
                        "Performance with intervals, and in subgroups",
                        [facts.performance(), facts.diagnostic(), facts.subgroups()].concat(),
                        "performance in sociodemographic groups",
                    ),
                    Item::of(
                        "23b",
                        "Differences in performance between clusters",
                        facts.subgroups(),
                        "differences between hospitals or countries",
                    ),
                    Item::of(
                        "24",
                        "Results of updating",
                        if facts.is_bundled() {
                            facts.calibration()
                        } else {
                            Vec::new()
                        },
                        "the updated model and its performance, or that there was none",
                    ),
                ],
            },
            Section {
                title: "Discussion",
                items: vec![
                    Item::open(
                        "25",
                        "Interpretation",
                        "what the results mean, fairness among it, beside earlier studies",
                    ),
                    Item::open(
                        "26",
                        "Limitations",
                        "limitations: representativeness, size, overfitting, missing data, and what follows for bias",
                    ),
                    Item::of(
                        "27a",
                        "Poor or missing input in use",
                        facts.unreadable_input(),
                        "how poor image quality is recognised and handled in use",
                    ),
                    Item::open(
                        "27b",
                        "What users have to do and to know",
                        "interaction and expertise that use needs",
                    ),
                    Item::open(
                        "27c",
                        "Next steps",
                        "further research, applicability, generalisability",
                    ),
                ],
            },
        ],
    }
}
