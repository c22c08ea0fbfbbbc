//! What a header says of a slice, checked.

use std::sync::Arc;

use dicom_dictionary_std::tags;

use crate::acquisition::Acquisition;
use crate::codec::Codec;
use crate::elements::{Elements, Parsed};
use crate::error::Result;
use crate::file::DicomFile;
use crate::geometry::Geometry;
use crate::repairs::Repairs;
use crate::storage::Storage;
use crate::syntax::{is_native, unsupported};
use crate::turn::Turn;
use crate::voi_lut::{VoiLut, voi_lut};
use crate::warnings;

/// A slice's header.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// SOPInstanceUID as stored; empty where absent.
    pub instance: String,
    /// SOPClassUID as stored; empty where absent.
    pub sop_class: String,
    /// ImageType, its values in capitals; empty where absent.
    pub image_type: Vec<String>,
    /// RescaleType as stored: "HU", or what else its values are; empty where absent.
    pub rescale_type: String,
    /// Modality as stored; empty where absent.
    pub modality: String,
    /// How the image was taken, and of whom.
    pub acquisition: Arc<Acquisition>,
    /// PatientID as stored; empty where absent.
    pub patient: String,
    /// AccessionNumber as stored; empty where absent.
    pub accession: String,
    /// StudyInstanceUID as stored; empty where absent.
    pub study: String,
    /// SeriesInstanceUID as stored; empty where absent.
    pub series: String,
    /// Position along the normal of the image plane, in mm; of a file without ImagePositionPatient its SliceLocation.
    pub position_mm: Option<f64>,
    /// Whether the position is the SliceLocation: it counts from where its writer liked.
    pub is_slice_location: bool,
    /// What orders slices that have no position, or the same.
    pub order: Order,
    /// WindowCenter, first value, in HU.
    pub window_center: Option<f64>,
    /// WindowWidth, first value, in HU.
    pub window_width: Option<f64>,
    /// The first table of its VOI LUT Sequence, which frames share.
    pub voi_lut: Option<Arc<VoiLut>>,
    /// How pixels are stored.
    pub storage: Storage,
    /// Where the slice lies in the patient, as it is stored.
    pub geometry: Geometry,
    /// How the image is turned when it is read.
    pub turn: Turn,
    /// What its words had to be put right for.
    pub repairs: Repairs,
    /// All window centers and widths as stored, in HU.
    pub windows: Vec<[f64; 2]>,
    /// What deserves attention although the slice can be used, in words.
    pub warnings: Vec<String>,
}

/// What orders slices that have no position, or the same position at several times.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Order {
    /// InstanceNumber.
    pub instance: Option<i32>,
    /// AcquisitionNumber, or FrameAcquisitionNumber of a frame.
    pub acquisition: Option<i32>,
    /// TemporalPositionIdentifier, or TemporalPositionIndex of a frame.
    pub temporal: Option<i32>,
    /// AcquisitionTime, as a number of the digits HHMMSS.
    pub time: Option<f64>,
}

/// Headers of all frames, of which the first is known.
pub(crate) fn headers_of(file: &DicomFile, parsed: &Parsed, first: Header) -> Result<Vec<Header>> {
    let frames = first.storage.frames;
    if !parsed.frames_differ() {
        return Ok(vec![first; frames as usize]);
    }
    let rest = (1..frames).map(|frame| Header::of_frame(file, parsed, frame));
    std::iter::once(Ok(first)).chain(rest).collect()
}

impl Header {
    /// The header of one frame.
    pub(crate) fn of_frame(file: &DicomFile, parsed: &Parsed, frame: u32) -> Result<Self> {
        let syntax = &file.layout.syntax;
        let elements = parsed.frame(file, frame);
        let storage = Storage::of_frame(file, parsed, frame)?;
        if !is_native(syntax) && Codec::of(syntax).is_none() {
            return Err(unsupported(syntax));
        }
        let geometry = Geometry {
            spacing_mm: elements.vector(tags::PIXEL_SPACING),
            thickness_mm: elements.number(tags::SLICE_THICKNESS),
            orientation: elements.vector(tags::IMAGE_ORIENTATION_PATIENT),
            position_mm: elements.vector(tags::IMAGE_POSITION_PATIENT),
        };
        let along = geometry.along_normal_mm();
        let location = elements.number(tags::SLICE_LOCATION);
        let centers = elements.numbers(tags::WINDOW_CENTER);
        let widths = elements.numbers(tags::WINDOW_WIDTH);
        Ok(Self {
            instance: elements.text(tags::SOP_INSTANCE_UID),
            sop_class: elements.text(tags::SOP_CLASS_UID),
            image_type: values(&elements.text(tags::IMAGE_TYPE)),
            rescale_type: elements.text(tags::RESCALE_TYPE),
            modality: elements.text(tags::MODALITY),
            acquisition: Arc::new(Acquisition::of(&elements)),
            patient: elements.text(tags::PATIENT_ID),
            accession: elements.text(tags::ACCESSION_NUMBER),
            study: elements.text(tags::STUDY_INSTANCE_UID),
            series: elements.text(tags::SERIES_INSTANCE_UID),
            position_mm: along.or(location),
            is_slice_location: along.is_none() && location.is_some(),
            order: order_of(&elements),
            window_center: centers.first().copied(),
            window_width: widths.first().copied(),
            voi_lut: voi_lut(file).map(Arc::new),
            windows: centers.into_iter().zip(widths).map(|(c, w)| [c, w]).collect(),
            warnings: warnings::of(&elements, &storage, &geometry, file.layout.guessed),
            turn: turn_of(&elements, &storage),
            repairs: Repairs::default(),
            storage,
            geometry,
        })
    }

    /// Adds what the words of its frame show.
    pub(crate) fn look_over(&mut self, repairs: Repairs) {
        self.repairs = repairs;
        self.warnings.extend(repairs.warnings(&self.storage));
        if let Some(turn) = self.turn.in_words() {
            self.warnings.push(format!(
                "its image is {turn}, as its ImageOrientationPatient says, so that the patient's left is on the right"
            ));
        }
    }
}

/// How a frame's image is turned: CT alone, whose slices are compared with each other.
pub(crate) fn turn_of(elements: &Elements, storage: &Storage) -> Turn {
    match storage.is_ct {
        true => Geometry {
            orientation: elements.vector(tags::IMAGE_ORIENTATION_PATIENT),
            ..Geometry::default()
        }
        .turn(),
        false => Turn::default(),
    }
}

fn order_of(elements: &Elements) -> Order {
    let whole = |tag| {
        let number = elements.number(tag)?;
        (number.abs() <= f64::from(i32::MAX)).then_some(number as i32)
    };
    Order {
        instance: whole(tags::INSTANCE_NUMBER),
        acquisition: whole(tags::FRAME_ACQUISITION_NUMBER).or(whole(tags::ACQUISITION_NUMBER)),
        temporal: whole(tags::TEMPORAL_POSITION_INDEX).or(whole(tags::TEMPORAL_POSITION_IDENTIFIER)),
        time: elements.number(tags::ACQUISITION_TIME),
    }
}

/// The values of a text, in capitals.
fn values(text: &str) -> Vec<String> {
    let values = text.split('\\').map(|value| value.trim().to_ascii_uppercase());
    values.filter(|value| !value.is_empty()).collect()
}
