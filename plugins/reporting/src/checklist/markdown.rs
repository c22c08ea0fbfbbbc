//! The file.

use std::fmt::Write as _;

use super::Guideline;
use super::answer::Counts;
use super::facts::Facts;

/// A checklist as Markdown: every item with what the run says, where it stands, and what is left to write.
pub(crate) fn text(guideline: &Guideline, facts: &Facts<'_>) -> String {
    let counts = Counts::of(guideline.sections.iter().flat_map(|section| &section.items));
    let mut text = format!("# {}: {}\n\n", guideline.name, line(facts.title));
    let _ = writeln!(
        text,
        "{} {}. Item subjects are paraphrased here; the checklist's own text and its explanations are the authority.\n",
        guideline.source, guideline.counted
    );
    let _ = writeln!(
        text,
        "Of {} items this run answers {}, and {} in part; of {} it knows nothing. What it says, it took from its own \
         directory, at the place in brackets; what stands after **To be written by the authors** it cannot know. A \
         checklist that is filled in says that something was reported, and not that it was done well.\n",
        counts.items, counts.answered, counts.in_part, counts.open
    );
    let _ = writeln!(text, "{}\n", facts.identity());
    for section in &guideline.sections {
        let _ = writeln!(text, "## {}\n", section.title);
        for item in &section.items {
            let _ = writeln!(text, "### {}. {}\n", item.number, item.subject);
            for said in &item.answer.said {
                let places: Vec<String> = said.places.iter().map(ToString::to_string).collect();
                let places = match places.is_empty() {
                    true => String::new(),
                    false => format!(" [{}]", places.join("; ")),
                };
                let _ = writeln!(text, "- {}{places}", line(&said.text));
            }
            if !item.answer.to_write.is_empty() {
                let _ = writeln!(
                    text,
                    "- **To be written by the authors:** {}: ______",
                    item.answer.to_write
                );
            }
            text.push('\n');
        }
    }
    text
}

/// A text in one line, in which nothing is Markdown that was not meant so but code.
fn line(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('<', "&lt;")
        .replace('|', "\\|")
}
