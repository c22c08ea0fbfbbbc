//! Lenient access to parsed elements: numbers may be text, text may be padded.

use dicom_core::Tag;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use ichflow_api::prelude::*;

use super::file::{self, DicomFile};
use super::groups;

/// All elements of a file that ichflow reads.
pub struct Parsed {
    file: InMemDicomObject,
    shared: Option<InMemDicomObject>,
    frames: Vec<InMemDicomObject>,
}

impl Parsed {
    /// Parses what a scan collected.
    pub fn of(file: &DicomFile) -> Result<Self> {
        let syntax = file::parsing_syntax(&file.layout)?;
        let parse = |bytes: &[u8]| {
            InMemDicomObject::read_dataset_with_ts(bytes, syntax).doing("its header cannot be parsed")
        };
        let parse_groups = |sequence: &Option<_>| {
            let Some(sequence) = sequence else {
                return Ok(Vec::new());
            };
            let items = groups::items(&file.bytes, sequence).map_err(|stop| file::describe(&stop))?;
            items.iter().map(|item| parse(item)).collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            file: parse(&file.layout.elements)?,
            shared: parse_groups(&file.layout.shared)?.into_iter().next(),
            frames: parse_groups(&file.layout.per_frame)?,
        })
    }

    /// The elements that hold for a frame: its own before those all frames share, those before the file's.
    pub fn frame(&self, frame: u32) -> Elements<'_> {
        let own = self.frames.get(frame as usize);
        Elements(own.into_iter().chain(&self.shared).chain([&self.file]).collect())
    }
}

/// Elements in layers: the first layer that has one counts.
pub struct Elements<'a>(pub Vec<&'a InMemDicomObject>);

impl Elements<'_> {
    fn get(&self, tag: Tag) -> Option<&InMemElement> {
        self.0.iter().find_map(|layer| layer.get(tag))
    }

    /// Whether an element has a value.
    pub fn has(&self, tag: Tag) -> bool {
        !self.text(tag).is_empty()
    }

    /// All values as text, joined as DICOM joins them, without padding.
    pub fn text(&self, tag: Tag) -> String {
        let value = self.get(tag).and_then(|element| element.to_str().ok());
        value.map_or(String::new(), |text| trimmed(&text).to_owned())
    }

    /// All values as finite numbers; those that are none are left out.
    pub fn numbers(&self, tag: Tag) -> Vec<f64> {
        let Some(element) = self.get(tag) else {
            return Vec::new();
        };
        if let Ok(texts) = element.to_multi_str() {
            let parse = |text: &String| trimmed(text).parse().ok().filter(|n: &f64| n.is_finite());
            return texts.iter().filter_map(parse).collect();
        }
        element.to_multi_float64().unwrap_or_default()
    }

    /// The first value as a number.
    pub fn number(&self, tag: Tag) -> Option<f64> {
        self.numbers(tag).first().copied()
    }

    /// Exactly `N` numbers.
    pub fn vector<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        self.numbers(tag).try_into().ok()
    }

    /// A number that must be readable if it is there at all.
    pub fn number_or(&self, tag: Tag, name: &str, absent: f64) -> Result<f64> {
        if !self.has(tag) {
            return Ok(absent);
        }
        self.number(tag).ok_or_else(|| {
            Error::new(format!(
                "its {name} is not a number: {:?}",
                excerpt(&self.text(tag))
            ))
        })
    }

    /// A whole number from 0; without `absent` it must be there.
    pub fn integer(&self, tag: Tag, name: &str, absent: Option<u32>) -> Result<u32> {
        let number = self.number_or(tag, name, absent.map_or(f64::NAN, f64::from))?;
        if number.is_nan() {
            return Err(Error::new(format!("it has no {name}")));
        }
        if number.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&number) {
            return Err(Error::new(format!("its {name} is {number}")));
        }
        Ok(number as u32)
    }
}

/// Text short enough for a message.
pub fn excerpt(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short}{more}")
}

/// Text without the padding DICOM allows around it.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::VR;
    use dicom_dictionary_std::tags;

    #[test]
    fn numbers_written_as_text_or_words_are_both_understood() {
        let mut object = InMemDicomObject::new_empty();
        object.put_str(tags::ROWS, VR::IS, "12 ");
        let elements = Elements(vec![&object]);
        assert_eq!(elements.integer(tags::ROWS, "Rows", None).unwrap(), 12);
        assert!(elements.integer(tags::COLUMNS, "Columns", None).is_err());
    }

    #[test]
    fn the_nearest_layer_counts() {
        let (mut near, mut far) = (InMemDicomObject::new_empty(), InMemDicomObject::new_empty());
        far.put_str(tags::RESCALE_SLOPE, VR::DS, "1");
        far.put_str(tags::RESCALE_INTERCEPT, VR::DS, "-1024");
        near.put_str(tags::RESCALE_SLOPE, VR::DS, "2");
        let elements = Elements(vec![&near, &far]);
        assert_eq!(elements.number(tags::RESCALE_SLOPE), Some(2.0));
        assert_eq!(elements.number(tags::RESCALE_INTERCEPT), Some(-1024.0));
    }
}
