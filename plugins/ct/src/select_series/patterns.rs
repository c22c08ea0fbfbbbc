//! What people and scanners call series and kernels: regular expressions, which a recipe may replace.

use ichflow_api::prelude::*;
use regex::{Regex, RegexBuilder};

/// A description that says no.
const CONTRAST: &str = r"\bpost[- ]?(contrast\w*|con|c|iv|inj\w*|gad\w*|km)\b|\bpost$|\bcontrast\w*|\bkontrast\w*|\bc\+|\+ ?c\b|\b(ce|cect|enh\w*|iv|km|injected|injection|arterial|venous|portal|delay(ed)?)\b";
const PLAIN: &str = r"\bplain\b|\b(nc|ncct|nect|ncc|nchct|nativ|native|nativo|baseline)\b|\bnon?[- ]?(con\w*|enh\w*|iv)\b|\bun[- ]?enh\w*|\b(without|w/?o|sans|sin|ohne|senza)\b|\bpre[- ]?(contrast\w*|con|c|iv)\b|\bc-(\W|$)|\b-c\b";
const SHARP: &str =
    r"\b(bone\w*|bn|osteo|osseous|os|sharp|fx|fractures?|edge|hi[- ]?res|petrous|mastoids?|iac)\b";
const SHARP_KERNEL: &str =
    r"bone|edge|lung|ultra|sharp|^fc ?(3|5|8)\d|^[bhijutd][a-z]?[5-9]\d|^(d|e|l|e[abc]|y[cde])\b";
const NO_AGENT: &str = r"^\W*$|^(no|none|non|not|nil|n|0|without|plain)\b";

/// Regular expressions, case does not matter and an underscore counts as a space. A recipe that gives one replaces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Patterns {
    /// SeriesDescriptions of plain series. It counts more than `contrast` and ContrastBolusAgent, which is often filled
    /// in for a whole exam.
    pub plain: String,
    /// SeriesDescriptions of series with contrast.
    pub contrast: String,
    /// ContrastBolusAgents that say that there was none.
    pub no_agent: String,
    /// SeriesDescriptions of sharp reconstructions.
    pub sharp: String,
    /// ConvolutionKernels that are sharp: bone, lung, edge.
    pub sharp_kernel: String,
    /// SeriesDescriptions of what else there is in an exam, each with the name that the reason gives.
    pub other: Vec<OtherPattern>,
}

/// Series that are left out for what their description says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherPattern {
    /// What it is: the reason reads "its description says NAME".
    pub name: String,
    /// The regular expression.
    pub regex: String,
}

impl Default for Patterns {
    fn default() -> Self {
        let other = [
            (
                "a localizer",
                r"\b(scouts?|topo|topogram\w*|locali[sz]er\w*|surview\w*|scano|scanogram|pilot)\b",
            ),
            (
                "a report",
                r"\b(dose|report\w*|protocol|summary|screen ?(save|shot|cap\w*)\w*|patient ?info\w*)\b",
            ),
            (
                "perfusion",
                r"\b(ctp|perf\w*|cbf|cbv|mtt|ttp|tmax|4d|vpct|rapid|time ?density)\b",
            ),
            (
                "angiography",
                r"\b(cta|ctv|cow|angio\w*|carotids?|willis|veno\w*|\w*bolus\w*|timing|smart ?prep|\w*monitoring|tracker|test ?inj\w*|subtract\w*)\b",
            ),
            (
                "a reformat or projection",
                r"\b(mpr|mprs|cor|coro|coronal\w*|sag|sagi|sagittal\w*|reformat\w*|obl|oblique|3d|vr|vrt|mip|minip|mips|ssd|volume ?rend\w*)\b",
            ),
            (
                "another part of the body",
                r"\b(chest|thorax|thoracic|lungs?|heart|cardiac|abd|abdomen\w*|pelvis|liver|spine|lumbar|lspine|cspine|tspine|c-?spine|cervical|knee|sinus\w*|pns|orbits?|facial|maxillo\w*|mandible|dental)\b",
            ),
        ];
        let other = other.map(|(name, regex)| OtherPattern {
            name: name.into(),
            regex: regex.into(),
        });
        Self {
            plain: PLAIN.into(),
            contrast: CONTRAST.into(),
            no_agent: NO_AGENT.into(),
            sharp: SHARP.into(),
            sharp_kernel: SHARP_KERNEL.into(),
            other: other.to_vec(),
        }
    }
}

/// Patterns that are regular expressions.
pub(super) struct Matchers {
    plain: Regex,
    contrast: Regex,
    no_agent: Regex,
    sharp: Regex,
    sharp_kernel: Regex,
    other: Vec<(String, Regex)>,
}

impl Patterns {
    /// Every pattern that is no regular expression, with the key that it stands under.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let named = [
            ("plain", &self.plain),
            ("contrast", &self.contrast),
            ("no_agent", &self.no_agent),
            ("sharp", &self.sharp),
            ("sharp_kernel", &self.sharp_kernel),
        ];
        let named = named.map(|(key, pattern)| (format!("patterns.{key}"), pattern));
        let other = self.other.iter().enumerate();
        let other = other.map(|(index, other)| (format!("patterns.other[{index}].regex"), &other.regex));
        for (key, pattern) in named.into_iter().chain(other) {
            if let Err(error) = compiled(pattern) {
                // The library's message has the pattern with a marker in several lines.
                let message = error.to_string();
                let last = message.lines().last().unwrap_or_default().trim();
                problems.push(
                    Problem::new(key, format!("{pattern:?} is no regular expression: {last}"))
                        .help("https://docs.rs/regex#syntax says what one is made of"),
                );
            }
        }
        problems
    }

    /// Patterns ready to match.
    ///
    /// # Errors
    /// Where one is no regular expression.
    pub(super) fn matchers(&self) -> Result<Matchers> {
        // The library's error is one of std only with its feature `std`, which nobody else here asks for.
        let compiled = |pattern: &str| {
            compiled(pattern).map_err(|error| Error::new(format!("a pattern cannot be used: {error}")))
        };
        let other = self.other.iter();
        let other = other.map(|other| Ok((other.name.clone(), compiled(&other.regex)?)));
        Ok(Matchers {
            plain: compiled(&self.plain)?,
            contrast: compiled(&self.contrast)?,
            no_agent: compiled(&self.no_agent)?,
            sharp: compiled(&self.sharp)?,
            sharp_kernel: compiled(&self.sharp_kernel)?,
            other: other.collect::<Result<_>>()?,
        })
    }
}

fn compiled(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).case_insensitive(true).build()
}

/// How a series was reconstructed, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharpness {
    /// Its kernel is sharp.
    Kernel,
    /// Its description says so.
    Description,
}

/// Where it says that contrast was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enhanced {
    /// ContrastBolusAgent.
    Agent,
    /// SeriesDescription.
    Description,
}

impl Matchers {
    /// The name of what else a series is by its description.
    pub(super) fn other(&self, description: &str) -> Option<&str> {
        let text = spaced(description);
        let found = self.other.iter().find(|(_, regex)| regex.is_match(&text))?;
        Some(&found.0)
    }

    /// Whether, and where, it says that contrast was given.
    pub(super) fn enhanced(&self, description: &str, agent: &str) -> Option<Enhanced> {
        let text = spaced(description);
        if self.plain.is_match(&text) {
            return None;
        }
        if self.contrast.is_match(&text) {
            return Some(Enhanced::Description);
        }
        (!self.no_agent.is_match(agent.trim())).then_some(Enhanced::Agent)
    }

    /// Whether, and where, it says that the reconstruction is sharp.
    pub(super) fn sharp(&self, description: &str, kernel: &str) -> Option<Sharpness> {
        // Kernels of several values name the filter first.
        let kernel = spaced(kernel.split('\\').next().unwrap_or_default());
        if self.sharp_kernel.is_match(kernel.trim()) {
            return Some(Sharpness::Kernel);
        }
        self.sharp
            .is_match(&spaced(description))
            .then_some(Sharpness::Description)
    }
}

/// Underscores count as letters in regular expressions, and as spaces in descriptions.
fn spaced(text: &str) -> String {
    text.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matchers() -> Matchers {
        Patterns::default().matchers().unwrap()
    }

    /// What the defaults make of a description.
    fn called(description: &str) -> &'static str {
        let matchers = matchers();
        if matchers.other(description).is_some() {
            "other"
        } else if matchers.enhanced(description, "").is_some() {
            "contrast"
        } else if matchers.sharp(description, "").is_some() {
            "sharp"
        } else {
            "plain"
        }
    }

    #[test]
    fn descriptions_as_hospitals_write_them() {
        let all = [
            (
                "plain",
                "CT PLAIN THIN|CT Plain|CT 5mm|CT Thin Plain|CT PRE CONTRAST 5MM STD|CT PRE CONTRAST THIN|CT 0.625mm|\
                 CT 2.55mm|CT I To S Plain|CT 55mm Plain|CT Plain 3mm|CT 0.625mm-2|CT Axial|CT Thin Stnd|CT RECON 3|\
                 CT Plain 4.8 mm|CT HEADHF|CT PLAIN 5mm|Head 5.0 J40s|HEAD W/O|AX HEAD WITHOUT CONTRAST|NCCT head|\
                 Head non-contrast|Head_Routine_NC|C- Axial 5.0|unenhanced|SANS INJECTION|Schädel nativ|POST FOSSA|\
                 CRANEO SIN CONTRASTE|Brain 5mm||HEAD 1.0 MM STANDARD|without iv",
            ),
            (
                "contrast",
                "CT POST CONTRAST|CT Contrast|CT POST CONTRAST THIN|CT ORAL IV|C+ Axial|HEAD +C|Head post|post-con|\
                 CECT HEAD|enhanced head|Schädel KM|POST_IV|Kopf Kontrastmittel|delayed",
            ),
            (
                "sharp",
                "CT BONE|CT BONE THIN|CT Thin Bone|CT PRE CONTRAST BONE|Bone window 1.25|HEAD_BONE|Fx|OSTEO 1.0|\
                 petrous|BONE PLUS",
            ),
            (
                "other",
                "CT SPO cor|SAG MPR|Coronal 3mm|AX MIP|3D VR HEAD|CTA COW|CT Angio|PERFUSION 5.0|CBF|RAPID summary|\
                 Dose Report|Patient Protocol|SCOUT|Topogram 0.6|Localizers|Surview|CHEST 5MM|C-Spine|CT Spine|\
                 SMART PREP|PreMonitoring|TestBolus|Thorax|MONITORING|Screen Save|VRT_head",
            ),
        ];
        let mut wrong = Vec::new();
        for (kind, descriptions) in all {
            for description in descriptions.split('|') {
                let found = called(description);
                if found != kind {
                    wrong.push(format!("{description:?}: {found}, not {kind}"));
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn kernels_of_four_makers() {
        let sharp = |kernel: &str| matchers().sharp("", kernel).is_some();
        let soft = "SOFT|STANDARD|STND|DETAIL|H31s|H40s|J40s\\3|Hr40h\\2|B30f|Br38|UB|UC|A|B|C|FC21|FC26|FC64|FC01|FC08||HEAD|UA";
        let hard = "BONE|BONEPLUS|EDGE|LUNG|ULTRA|H60s|H70h|J70h\\3|Hr68h|B70s|Br64d|FC30|FC81|FC52|D|E|YD|YE|EC|H_SHARP_C|I70f\\2";
        let wrong: Vec<&str> = (soft.split('|').filter(|kernel| sharp(kernel)))
            .chain(hard.split('|').filter(|kernel| !sharp(kernel)))
            .collect();
        assert_eq!(wrong, Vec::<&str>::new());
    }

    #[test]
    fn an_agent_counts_unless_it_says_none_or_the_description_says_plain() {
        let enhanced = |description: &str, agent: &str| matchers().enhanced(description, agent);
        assert_eq!(enhanced("Head 5mm", "OMNIPAQUE 350"), Some(Enhanced::Agent));
        for none in ["", " ", "NONE", "No", "N", "0", "without", "NO CONTRAST", "-"] {
            assert_eq!(enhanced("Head 5mm", none), None, "{none}");
        }
        assert_eq!(enhanced("CT PLAIN THIN", "OMNIPAQUE"), None);
    }

    #[test]
    fn what_is_no_regular_expression_is_named_by_its_key() {
        let mut patterns = Patterns::default();
        assert_eq!(patterns.problems(), []);
        patterns.sharp = "bone(".into();
        patterns.other[1].regex = "[".into();
        let keys: Vec<String> = patterns
            .problems()
            .into_iter()
            .map(|problem| problem.key)
            .collect();
        assert_eq!(keys, ["patterns.sharp", "patterns.other[1].regex"]);
        assert!(patterns.matchers().is_err());
    }
}
