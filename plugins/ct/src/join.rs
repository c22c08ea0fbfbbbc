//! `join`: one cohort of several loaders' ones.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use ichflow_api::counted::counted;
use ichflow_api::data::cohort;
use ichflow_api::data::likeness::Likeness;
use ichflow_api::data::pixels::Shown;
use ichflow_api::data::scan;
use ichflow_api::digest::Digest;
use ichflow_api::prelude::*;

/// Most cohorts that can be joined.
const MOST: usize = 8;
const TRAIN: [OptionalInput<Cohort>; MOST] = [
    OptionalInput::new("train"),
    OptionalInput::new("train_2"),
    OptionalInput::new("train_3"),
    OptionalInput::new("train_4"),
    OptionalInput::new("train_5"),
    OptionalInput::new("train_6"),
    OptionalInput::new("train_7"),
    OptionalInput::new("train_8"),
];
const PIXELS: [OptionalInput<Pixels>; MOST] = [
    OptionalInput::new("pixels"),
    OptionalInput::new("pixels_2"),
    OptionalInput::new("pixels_3"),
    OptionalInput::new("pixels_4"),
    OptionalInput::new("pixels_5"),
    OptionalInput::new("pixels_6"),
    OptionalInput::new("pixels_7"),
    OptionalInput::new("pixels_8"),
];
/// The column that says of which member a slice is.
const SITE: &str = "site";

/// Makes one cohort of those of several loaders, one a site: hospitals whose data lie in places of their own, in formats
/// of their own.
///
/// `train` and `pixels` are the first site's, `train_2` and `pixels_2` the second's and so on; the recipe names them all.
/// `sites` names the sites, and every slice has its site's name in the column `site`: `hold-out` and `site-split` keep
/// sites for tests and validation, and `evaluate` has subgroups by it. Labels must be the same at all sites, and about the same
/// (slices, or studies). Patients are told apart by their PatientID as it is: where hospitals number theirs alike, two
/// people count as one, which keeps them on one side of a split.
///
/// Test slices of the loaders are left out. Put it right behind them, before `hu-store`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// What the sites are called, in the order of `train`, `train_2` and so on.
    #[schemars(length(min = 2, max = 8))]
    pub sites: Vec<String>,
}

impl Stage for Join {
    const NAME: &'static str = "join";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "one cohort of several loaders' ones, each a site";
    const EXAMPLE: &'static str = r#"
[join]
use = "join"
sites = ["a", "b"]                  # with train = "a.train", train_2 = "b.train", pixels = "a.pixels", pixels_2 = "b.pixels"
"#;

    fn ports() -> Ports {
        let all = TRAIN.into_iter().fold(Ports::new(), Ports::takes);
        let all = PIXELS.into_iter().fold(all, Ports::takes);
        let all = TRAIN.into_iter().take(2).fold(all, Ports::requires);
        let all = PIXELS.into_iter().take(2).fold(all, Ports::requires);
        all.offers(output::TRAIN).offers(output::PIXELS)
    }

    fn narrow(&self, all: Ports) -> Ports {
        let members = self.sites.len();
        let all = TRAIN.into_iter().take(members).fold(all, Ports::requires);
        PIXELS.into_iter().take(members).fold(all, Ports::requires)
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (place, site) in self.sites.iter().enumerate() {
            let at = format!("sites[{place}]");
            if site.trim().is_empty() {
                problems
                    .push(Problem::new(at, "a site has no name").help("name each: `sites = [\"a\", \"b\"]`"));
            } else if self.sites[..place].contains(site) {
                problems.push(
                    Problem::new(at, format!("two sites are called {site}"))
                        .help("give each a name of its own"),
                );
            }
        }
        problems
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        for port in TRAIN.into_iter().skip(self.sites.len()) {
            if inputs.get(port)?.is_some() {
                return Err(Error::new(format!(
                    "`{}` is wired, but there are {} sites",
                    port.name(),
                    self.sites.len()
                ))
                .help("name every site with `sites`, in the order of `train`, `train_2` and so on"));
            }
        }
        let members: Vec<Member> = self
            .sites
            .iter()
            .zip(TRAIN.into_iter().zip(PIXELS))
            .map(|(site, (train, pixels))| {
                Ok(Member {
                    site: site.clone(),
                    cohort: inputs.take(train.required())?,
                    pixels: inputs.take(pixels.required())?,
                })
            })
            .collect::<Result<_>>()?;
        let train = joined(&members)?;
        let digest = digest(&members);
        let sizes: Vec<String> = members
            .iter()
            .map(|member| {
                let patients = counted(member.cohort.patients(), "patient", "patients");
                format!("{}: {patients}, {} slices", member.site, member.cohort.len())
            })
            .collect();
        context.say(sizes.join("\n"));
        cohort::record(context, &[("train", &train)])?;
        let pixels = Pixels::new(Joined::of(members));
        let pixels = match digest {
            Some(digest) => pixels.with_digest(digest),
            None => pixels,
        };
        Ok(Outputs::new()
            .with(output::TRAIN, train)
            .with(output::PIXELS, pixels))
    }
}

ichflow_api::register!(Join);

/// One site.
struct Member {
    site: String,
    cohort: Arc<Cohort>,
    pixels: Arc<Pixels>,
}

/// The slices of all sites, one site after the other.
fn joined(members: &[Member]) -> Result<Cohort> {
    let Some(first) = members.first() else {
        return Err(Error::new("there is no cohort to join"));
    };
    let mut all = first.cohort.with_slices(Vec::new());
    let mut ids = BTreeSet::new();
    for member in members {
        let cohort = &member.cohort;
        if cohort.labels != first.cohort.labels || cohort.level != first.cohort.level {
            return Err(Error::new(format!(
                "the labels of {} are of a {} and those of {} of a {}, or they are not the same labels",
                first.site, first.cohort.level, member.site, cohort.level
            ))
            .help("a recipe's `[labels]` says which labels there are; labels of studies and of slices cannot be joined"));
        }
        let of_site = cohort.slices.iter().cloned().map(|mut slice| {
            let mut notes = (*slice.scan).clone();
            notes.columns.insert(SITE.to_owned(), member.site.clone());
            slice.scan = Arc::new(notes);
            slice
        });
        let before = all.slices.len();
        all.slices.extend(of_site);
        scan::share(&mut all.slices[before..]);
        all.remarks.extend(
            cohort
                .remarks
                .iter()
                .map(|remark| format!("{}: {remark}", member.site)),
        );
    }
    for slice in &all.slices {
        if !ids.insert(slice.id.as_str()) {
            return Err(Error::new(format!("two slices are called {}", slice.id)).help(
                "the same file may have been loaded for two sites: give each loader a directory of its own",
            ));
        }
    }
    Ok(all)
}

/// A digest of all pixels, where each site's is known.
fn digest(members: &[Member]) -> Option<String> {
    let mut digest = Digest::new();
    for member in members {
        digest.add(Artifact::digest(&*member.pixels)?);
    }
    Some(digest.hex())
}

/// The pixels of all sites.
struct Joined {
    members: Vec<Arc<Pixels>>,
    /// By the slice's id.
    member_of: HashMap<String, usize>,
}

impl Joined {
    fn of(members: Vec<Member>) -> Self {
        let mut member_of = HashMap::new();
        for (place, member) in members.iter().enumerate() {
            member_of.extend(member.cohort.slices.iter().map(|slice| (slice.id.clone(), place)));
        }
        Self {
            members: members.into_iter().map(|member| member.pixels).collect(),
            member_of,
        }
    }

    fn member(&self, slice: &Slice) -> Option<&Pixels> {
        self.member_of.get(&slice.id).map(|place| &*self.members[*place])
    }
}

impl PixelSource for Joined {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
        match self.member(slice) {
            Some(pixels) => pixels.read(slice),
            None => Err(
                Error::new(format!("{} is a slice of none of the joined sites", slice.id))
                    .help("test slices of the loaders are not joined: keep sites for tests with `hold-out`"),
            ),
        }
    }

    fn describe(&self) -> String {
        let kinds: BTreeSet<String> = self.members.iter().map(|pixels| pixels.describe()).collect();
        kinds.into_iter().collect::<Vec<_>>().join(" and ")
    }

    fn shown(&self, slice: &Slice) -> Shown {
        self.member(slice)
            .map_or_else(|| Shown::whole(slice), |pixels| pixels.shown(slice))
    }

    fn content(&self, slice: &Slice) -> Option<String> {
        self.member(slice)?.content(slice)
    }

    fn likeness(&self, slice: &Slice) -> Option<Likeness> {
        self.member(slice)?.likeness(slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::data::attribute::Attribute;
    use ichflow_api::testkit::{self, MadePixels};

    fn filled(hu: i16) -> Pixels {
        Pixels::new(MadePixels::new(move |_: &Slice| {
            Some(HuImage {
                rows: 1,
                columns: 1,
                hu: vec![hu],
            })
        }))
    }

    fn run(first: Cohort, second: Cohort, third: Option<Cohort>) -> Result<Outputs> {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "join", Join::NAME, "key");
        let mut inputs = Inputs::default()
            .with(TRAIN[0], first)
            .with(TRAIN[1], second)
            .with(PIXELS[0], filled(10))
            .with(PIXELS[1], filled(20));
        if let Some(third) = third {
            inputs = inputs.with(TRAIN[2], third).with(PIXELS[2], filled(30));
        }
        let stage = Join {
            sites: vec!["north".into(), "south".into()],
        };
        stage.run(&inputs, &context)
    }

    fn one(id: &str) -> Cohort {
        testkit::cohort(vec![testkit::slice(id, "p", Some([false; 6].into()))])
    }

    #[test]
    fn every_slice_has_its_site_and_the_pixels_of_its_loader() {
        let mut outputs = run(one("a"), one("b"), None).unwrap();
        let train = outputs.take(output::TRAIN).unwrap();
        let pixels = outputs.take(output::PIXELS).unwrap();
        let site = |slice: &Slice| Attribute::named("site").of(slice).unwrap().text;
        let found: Vec<(String, i16)> = train
            .slices
            .iter()
            .map(|slice| (site(slice), pixels.read(slice).unwrap().hu[0]))
            .collect();
        assert_eq!(found, [("north".to_owned(), 10), ("south".to_owned(), 20)]);
        let other = testkit::slice("c", "p", None);
        assert!(
            pixels
                .read(&other)
                .unwrap_err()
                .to_string()
                .contains("none of the joined sites")
        );
    }

    #[test]
    fn what_cannot_be_one_cohort_is_refused() {
        let refused = |first, second, third| run(first, second, third).err().unwrap().to_string();
        assert_eq!(refused(one("a"), one("a"), None), "two slices are called a");
        assert!(refused(one("a"), one("b"), Some(one("c"))).contains("there are 2 sites"));
        let studies = Cohort {
            level: Level::Study,
            ..one("b")
        };
        assert!(refused(one("a"), studies, None).contains("of a slice"));
        let named = Join {
            sites: vec!["a".into(), "a".into(), " ".into()],
        };
        assert_eq!(named.check().len(), 2);
    }
}
