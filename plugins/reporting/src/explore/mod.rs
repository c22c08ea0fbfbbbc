//! `eda-report`: what the data is, before anything is trained on it.
//!
//! `gather` looks once at the pixels of (a sample of) the slices, in parallel; `counts`, `headers`,
//! `series`, `duplicates` and `embedding` turn that and the cohort into tables and points; `watch` says
//! in words what deserves attention; `sheet` and `explorer` show slices; `page` puts all of it into
//! one HTML file, with `tables` and `listed`. `names` decides what an identifier looks like there.

mod chosen;
mod command;
mod counts;
mod duplicates;
mod embedding;
mod explorer;
mod gather;
mod headers;
mod histogram;
mod listed;
mod names;
mod page;
mod pictures;
mod series;
mod sheet;
mod tables;
mod thumbnail;
mod watch;

use ichflow_api::prelude::*;

use gather::Gathered;
use names::Names;

/// Writes `report.html`, a first look at the data: counts and co-occurrence of labels, what headers say and
/// what is missing in them, Hounsfield units by label and by scanner, spacing, tilt and gaps, duplicates,
/// excluded slices, example slices, a feature embedding (PCA and t-SNE), what to watch for in words, and a window
/// explorer with some real slices.
///
/// Patients, and slices not named as the competition does, appear under short salted hashes; no other
/// identifying tag is read. `report_names.csv` beside the report says whose the shown slices are: it is not
/// for passing on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EdaReport {
    /// Slices whose pixels are looked at, whole series drawn by the seed until there are as many. Counts and
    /// headers are of all slices.
    #[schemars(range(min = 1, max = 100_000))]
    pub sample: usize,
    /// Slices in the feature embedding; 0 leaves it out. Its time grows with their square.
    #[schemars(range(min = 0, max = 5000))]
    pub embedding_slices: usize,
    /// Example slices of each label, and of none.
    #[schemars(range(min = 0, max = 12))]
    pub examples: usize,
    /// Slices in the window explorer; 0 leaves it out.
    #[schemars(range(min = 0, max = 24))]
    pub explorer_slices: usize,
    /// Longest side of a slice in the window explorer, in pixels; larger ones are averaged down.
    #[schemars(range(min = 32, max = 512))]
    pub explorer_size: usize,
    /// Whether identifiers are shown as they are: only for data that names nobody, or eyes that may see it.
    pub identify: bool,
}

impl Default for EdaReport {
    fn default() -> Self {
        Self {
            sample: 20_000,
            embedding_slices: 1000,
            examples: 3,
            explorer_slices: 8,
            explorer_size: 256,
            identify: false,
        }
    }
}

impl Stage for EdaReport {
    const NAME: &'static str = "eda-report";
    const FAMILY: Family = Family::Report;
    const SUMMARY: &'static str =
        "the data on one page: counts, headers, HU, duplicates, slices, a window explorer";
    const EXAMPLE: &'static str = "[report]\nuse = \"eda-report\"\nsample = 20000\n";
    const SEEDED: bool = true;
    const RENAMED: &'static [(&'static str, &'static str)] = &[("map_slices", "`embedding_slices = …`")];

    fn ports() -> Ports {
        Ports::new()
            .takes(input::COHORT)
            .takes(optional::TEST_COHORT)
            .takes(input::PIXELS)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.take(input::COHORT)?;
        let test = inputs.get(optional::TEST_COHORT)?;
        let pixels = inputs.take(input::PIXELS)?;
        let test_slices = test.as_ref().map_or(&[][..], |test| &test.slices);
        let names = Names::new(cohort.slices.iter().chain(test_slices), self.identify);
        let gathered = Gathered::of(
            &cohort.slices,
            test_slices,
            &cohort.labels,
            &pixels,
            self.sample,
            context,
        )?;
        let html = page::html(&page::Material {
            settings: self,
            cohort: &cohort,
            test: test.as_deref(),
            pixels: &pixels,
            gathered: &gathered,
            names: &names,
            context,
        })?;
        let path = context.file("report.html")?;
        std::fs::write(&path, html).at("write", &path)?;
        names.write(&context.file("report_names.csv")?)?;
        context.set_report(path);
        Ok(Outputs::new())
    }
}

ichflow_api::register!(EdaReport);
