//! The catalogue of problems: what each code means, a recipe that triggers it, and what to do.
//!
//! `ichflow explain-error` and docs/errors.md are made of it, and a test runs every example.

use super::problem::Code;

/// One entry of the catalogue.
pub struct Entry {
    /// The code.
    pub code: Code,
    /// What it is, in a few words.
    pub title: &'static str,
    /// What it means and what to do, in a paragraph.
    pub meaning: &'static str,
    /// A recipe that triggers it.
    pub example: &'static str,
    /// What is given beside the recipe: `--set` arguments.
    pub sets: &'static [&'static str],
}

/// Every code, in order.
pub const ALL: [Entry; 21] = [
    Entry {
        code: Code::Syntax,
        title: "not TOML",
        meaning: "The text breaks the rules of TOML: a quote or a bracket is missing, or a key stands twice. \
                  Nothing else is checked until it reads, since what a broken text seems to say further on would \
                  only confuse.",
        example: "ichflow = 1\n\n[load\nuse = \"phantom\"\n",
        sets: &[],
    },
    Entry {
        code: Code::Unreadable,
        title: "a recipe file cannot be read",
        meaning: "The recipe, or one that it extends, is not there or may not be read. `extends` is relative to \
                  the file it stands in.",
        example: "ichflow = 1\nextends = \"base/common.toml\"\n",
        sets: &[],
    },
    Entry {
        code: Code::Format,
        title: "the format is missing or unknown",
        meaning: "Every recipe says with `ichflow = 1` which format it is written in, so that later versions of \
                  ichflow can still read it as it was meant.",
        example: "[load]\nuse = \"phantom\"\n",
        sets: &[],
    },
    Entry {
        code: Code::Extends,
        title: "`extends` goes in a circle or too deep",
        meaning: "A recipe extends one other, which may extend another; three files in all. Longer chains are \
                  hard to follow: put what is common into fewer files.",
        example: "ichflow = 1\nextends = \"recipe.toml\"\n",
        sets: &[],
    },
    Entry {
        code: Code::UnknownKey,
        title: "a key that nothing knows",
        meaning: "No parameter, port or key of the recipe has this name. Often a slip of the finger: the help line \
                  names the closest known key.",
        example: "ichflow = 1\n\n[load]\nuse = \"phantom\"\npatinets = 20\n",
        sets: &[],
    },
    Entry {
        code: Code::NotAStage,
        title: "a table that is no stage",
        meaning: "Apart from [vars] and [sweep], every table is a stage and says with `use` which one. Its name is \
                  made of letters, digits, `-` and `_`, since it becomes part of paths.",
        example: "ichflow = 1\n\n[load]\npatients = 20\n",
        sets: &[],
    },
    Entry {
        code: Code::UnknownStage,
        title: "no stage of that name",
        meaning: "None of the plugins linked into this program has such a stage. `ichflow stages` lists those there \
                  are. A stage of your own needs its crate named in the program's main.rs.",
        example: "ichflow = 1\n\n[load]\nuse = \"fantom\"\n",
        sets: &[],
    },
    Entry {
        code: Code::MissingKey,
        title: "a parameter without a default is not set",
        meaning: "Most parameters have defaults; this one has none that would be right for everybody. `ichflow \
                  describe STAGE` says what it is.",
        example: "ichflow = 1\n\n[load]\nuse = \"dicom-dir\"\n",
        sets: &[],
    },
    Entry {
        code: Code::WrongType,
        title: "a value of another type is wanted",
        meaning: "A text stands where a number is wanted, or the like. Text has quotes in TOML, numbers and `true` \
                  and `false` have none.",
        example: "ichflow = 1\n\n[load]\nuse = \"phantom\"\npatients = \"20\"\n",
        sets: &[],
    },
    Entry {
        code: Code::OutOfRange,
        title: "a number outside its range",
        meaning: "The message gives the range. Units are in the parameter's name or in its description.",
        example: "ichflow = 1\n\n[load]\nuse = \"phantom\"\npatients = -1\n",
        sets: &[],
    },
    Entry {
        code: Code::NotAChoice,
        title: "not one of the words to choose from",
        meaning: "The parameter takes one of a few words; the help line lists them.",
        example: "ichflow = 1\n\n[load]\nuse = \"phantom\"\n\n[split]\nuse = \"multilabel-stratified\"\ngroup_by = \"patients\"\n",
        sets: &[],
    },
    Entry {
        code: Code::Inconsistent,
        title: "parameters that do not fit together",
        meaning: "Each value is possible by itself, but not together with the others, or not as it is written.",
        example: "ichflow = 1\n\n[window]\nuse = \"formula\"\nchannels = [\"linear(40\"]\n",
        sets: &[],
    },
    Entry {
        code: Code::UnknownVariable,
        title: "a variable that is not declared",
        meaning: "`${name}` stands for a value of the table [vars], of this recipe or of one it extends. `$${` \
                  stands for the characters themselves. Environment variables are not looked at: a recipe means the \
                  same on every machine.",
        example: "ichflow = 1\n\n[vars]\ndata = \"data/rsna\"\n\n[load]\nuse = \"dicom-dir\"\npath = \"${daat}/slices\"\n",
        sets: &[],
    },
    Entry {
        code: Code::BadSet,
        title: "a setting that hits nothing",
        meaning: "`--set KEY=VALUE` and the keys of a sweep change what the recipe has: a stage's parameter \
                  (`train.batch=32`), an entry of a list (`train.phases.0.lr=1e-3`), a declared variable, the seed \
                  or the title.",
        example: "ichflow = 1\n\n[load]\nuse = \"phantom\"\n",
        sets: &["laod.patients=3"],
    },
    Entry {
        code: Code::NothingOffered,
        title: "no earlier stage offers what an input needs",
        meaning: "Stages run in the order written, and an input takes what an earlier stage offers. Either a stage \
                  is missing or it stands too far down. `ichflow describe STAGE` lists what a stage takes and offers.",
        example: "ichflow = 1\n\n[split]\nuse = \"multilabel-stratified\"\n",
        sets: &[],
    },
    Entry {
        code: Code::BadWire,
        title: "an input names what is not there",
        meaning: "A wire names an earlier stage, or one of its outputs as `stage.output`, whose type is the one the \
                  input takes.",
        example: "ichflow = 1\n\n[load]\nuse = \"phantom\"\n\n[split]\nuse = \"multilabel-stratified\"\ncohort = \"laod\"\n",
        sets: &[],
    },
    Entry {
        code: Code::ChannelMismatch,
        title: "another number of channels than wanted",
        meaning: "A window makes as many channels as it says; a network told to normalise by ImageNet's red, \
                  green and blue wants three.",
        example: "",
        sets: &[],
    },
    Entry {
        code: Code::MissingFile,
        title: "a file or directory is not there",
        meaning: "Paths in recipes are relative to the working directory. The help line names the deepest part of \
                  the path that is there.",
        example: "ichflow = 1\n\n[load]\nuse = \"dicom-dir\"\npath = \"no/such/directory\"\n",
        sets: &[],
    },
    Entry {
        code: Code::Empty,
        title: "a recipe without stages",
        meaning: "There is nothing to run. `ichflow new recipe NAME` writes a recipe to start from.",
        example: "ichflow = 1\ntitle = \"Empty\"\n",
        sets: &[],
    },
    Entry {
        code: Code::Sweep,
        title: "a sweep that makes no trials",
        meaning: "[sweep] varies something: [sweep.variants.NAME], [sweep.grid], [sweep.random] or `seeds`. A recipe \
                  with a sweep is run by `ichflow sweep`, one of its trials by `ichflow run --trial NAME`.",
        example: "ichflow = 1\n\n[sweep]\n\n[load]\nuse = \"phantom\"\n",
        sets: &[],
    },
    Entry {
        code: Code::RenamedKey,
        title: "a key that has a new form",
        meaning: "An earlier version of the stage had this key; the help line shows what is written now, with the \
                  value that stands there.",
        example: "ichflow = 1\n\n[train]\nuse = \"fit\"\nphases = [{ epochs = 1, lr = 1e-3 }]\nkeep = \"auc_any\"\n",
        sets: &[],
    },
];

/// The entry of a code as shown: `E0005`, in any case, the `E` and leading zeros optional.
pub fn find(text: &str) -> Option<&'static Entry> {
    let number: u32 = text.trim_start_matches(['E', 'e']).parse().ok()?;
    let id = format!("E{number:04}");
    ALL.iter().find(|entry| entry.code.id() == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_found_however_they_are_written() {
        for (index, entry) in ALL.iter().enumerate() {
            assert_eq!(entry.code.id(), format!("E{:04}", index + 1));
        }
        for text in ["E0005", "e5", "5", "0005"] {
            assert_eq!(find(text).unwrap().code, Code::UnknownKey);
        }
        assert!(find("E9999").is_none() && find("five").is_none());
    }
}
