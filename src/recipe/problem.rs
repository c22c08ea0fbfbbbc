//! Everything that can be wrong with a recipe, and how it is shown.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::source::{LayerKind, Place, Sources, floor_char_boundary};

/// The catalogue of problems; each has a stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The text is not TOML.
    Syntax,
    /// A recipe file cannot be read.
    Unreadable,
    /// `ichflow = 1` is missing or names another format.
    Format,
    /// `extends` goes in a circle or too deep.
    Extends,
    /// A key nothing knows.
    UnknownKey,
    /// A table that is neither a stage nor one of the recipe's own.
    NotAStage,
    /// No linked plugin has a stage of that name.
    UnknownStage,
    /// A parameter without a default is not set.
    MissingKey,
    /// A value of another type is wanted.
    WrongType,
    /// A number outside its range.
    OutOfRange,
    /// Not one of the listed words.
    NotAChoice,
    /// Parameters that do not fit together.
    Inconsistent,
    /// `${…}` names no declared variable.
    UnknownVariable,
    /// A `--set` argument that is not `KEY=VALUE`, or sets what is not there.
    BadSet,
    /// No earlier stage offers what an input needs.
    NothingOffered,
    /// An input names a stage or output that is not there, comes later, or is of another type.
    BadWire,
    /// Another number of channels is wanted than offered.
    ChannelMismatch,
    /// A file or directory that a stage reads is not there.
    MissingFile,
    /// A recipe without stages.
    Empty,
    /// A sweep that cannot be made into trials, or a recipe run as what it is not.
    Sweep,
    /// A key that a stage once had, and that is written otherwise now.
    RenamedKey,
}

impl Code {
    /// The code as shown: `E0005`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Syntax => "E0001",
            Self::Unreadable => "E0002",
            Self::Format => "E0003",
            Self::Extends => "E0004",
            Self::UnknownKey => "E0005",
            Self::NotAStage => "E0006",
            Self::UnknownStage => "E0007",
            Self::MissingKey => "E0008",
            Self::WrongType => "E0009",
            Self::OutOfRange => "E0010",
            Self::NotAChoice => "E0011",
            Self::Inconsistent => "E0012",
            Self::UnknownVariable => "E0013",
            Self::BadSet => "E0014",
            Self::NothingOffered => "E0015",
            Self::BadWire => "E0016",
            Self::ChannelMismatch => "E0017",
            Self::MissingFile => "E0018",
            Self::Empty => "E0019",
            Self::Sweep => "E0020",
            Self::RenamedKey => "E0021",
        }
    }
}

/// One problem.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What kind.
    pub code: Code,
    /// What is wrong, in a sentence.
    pub message: String,
    /// Where; absent when there is no text to point into.
    pub place: Option<Place>,
    /// A few words under the underlined text.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// A problem at a place.
    pub fn at(code: Code, place: &Place, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            place: Some(place.clone()),
            label: String::new(),
            help: None,
        }
    }

    /// A problem with no text to point into.
    pub fn nowhere(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            place: None,
            label: String::new(),
            help: None,
        }
    }

    /// Adds a few words under the underlined text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Problems and the texts they point into.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    /// The texts.
    pub sources: Sources,
    /// The problems, in the order they were found.
    pub list: Vec<Problem>,
}

impl Problems {
    /// Sorts the problems by place: in the order of the texts, then of lines.
    pub fn sort(&mut self) {
        self.list
            .sort_by(|a, b| (&a.place, a.code, &a.message).cmp(&(&b.place, b.code, &b.message)));
        self.list
            .dedup_by(|a, b| (&a.place, a.code, &a.message) == (&b.place, b.code, &b.message));
    }

    /// The problems as a person reads them, each with file, line, column and the text underlined.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut text = String::new();
        for problem in &self.list {
            text.push_str(&renderer.render(&self.groups(problem, false)));
            text.push_str("\n\n");
        }
        let count = self.list.len();
        text.push_str(&format!(
            "{count} problem{}; nothing was read or written\n",
            if count == 1 { "" } else { "s" }
        ));
        text
    }

    /// What deserves attention in a recipe that can run, as a person reads it.
    pub fn render_advice(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let one = |problem: &Problem| format!("{}\n\n", renderer.render(&self.groups(problem, true)));
        self.list.iter().map(one).collect()
    }

    fn groups<'a>(&'a self, problem: &'a Problem, is_advice: bool) -> Vec<Group<'a>> {
        let title = match is_advice {
            true => Level::WARNING.primary_title(&problem.message),
            false => Level::ERROR.primary_title(&problem.message).id(problem.code.id()),
        };
        let mut group = match &problem.place {
            None => Group::with_title(title),
            Some(place) => {
                let source = &self.sources.texts[place.source];
                let start = floor_char_boundary(&source.text, place.start);
                let end = floor_char_boundary(&source.text, place.end.max(start));
                let mut annotation = AnnotationKind::Primary.span(start..end);
                if !problem.label.is_empty() {
                    annotation = annotation.label(&problem.label);
                }
                title.element(
                    Snippet::source(&source.text)
                        .path(&source.name)
                        .annotation(annotation),
                )
            }
        };
        if let Some(note) = self.layer_note(problem) {
            group = group.element(Level::NOTE.message(note));
        }
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help));
        }
        vec![group]
    }

    /// Says that a value came from a layer other than the recipe itself.
    fn layer_note(&self, problem: &Problem) -> Option<String> {
        let source = &self.sources.texts[problem.place.as_ref()?.source];
        let recipe = self
            .sources
            .texts
            .iter()
            .find(|text| text.kind == LayerKind::Recipe)?;
        match source.kind {
            LayerKind::Recipe => None,
            LayerKind::Base => Some(format!("{} is extended by {}", source.name, recipe.name)),
            LayerKind::Set => Some("set on the command line".to_owned()),
        }
    }

    /// The problems as JSON, for scripts and editors.
    pub fn to_json(&self) -> Value {
        self.list
            .iter()
            .map(|problem| {
                let place = problem.place.as_ref().map(|place| {
                    let (line, column) = self.sources.line_and_column(place);
                    let source = &self.sources.texts[place.source];
                    json!({"file": source.name, "line": line, "column": column,
                           "layer": match source.kind {
                               LayerKind::Base => "base",
                               LayerKind::Recipe => "recipe",
                               LayerKind::Set => "set",
                           }})
                });
                json!({"code": problem.code.id(), "message": problem.message, "at": place, "help": problem.help})
            })
            .collect()
    }
}
