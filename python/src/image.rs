//! Files to Hounsfield units.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use ichflow_api::data::cohort::SliceTags;
use ichflow_api::data::pixels::HuImage;
use ichflow_api::guard;
use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;
use ichflow_api::slice_files::{self, FileSlice, SliceFiles};
use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use rayon::prelude::*;

use crate::error::{IchflowError, raised, unreadable};

/// What a file says of a slice.
#[pyclass(frozen, module = "ichflow")]
pub(crate) struct Header {
    slice: Slice,
    instance: String,
    pub(crate) tags: SliceTags,
    /// Why it is no axial slice of CT in HU; None if it is one.
    #[pyo3(get)]
    not_axial_ct: Option<String>,
    /// What deserves attention although the slice can be used.
    #[pyo3(get)]
    warnings: Vec<String>,
}

#[pymethods]
impl Header {
    #[getter]
    fn file(&self) -> PathBuf {
        self.slice.file.clone()
    }
    #[getter]
    fn frame(&self) -> u32 {
        self.slice.frame
    }
    #[getter]
    fn sop_instance_uid(&self) -> &str {
        &self.instance
    }
    #[getter]
    fn series_instance_uid(&self) -> &str {
        &self.slice.series
    }
    #[getter]
    fn study_instance_uid(&self) -> &str {
        &self.slice.study
    }
    #[getter]
    fn patient_id(&self) -> &str {
        &self.slice.patient
    }
    #[getter]
    fn rows(&self) -> u32 {
        self.slice.rows
    }
    #[getter]
    fn columns(&self) -> u32 {
        self.slice.columns
    }
    #[getter]
    fn position_mm(&self) -> Option<f64> {
        self.slice.position_mm
    }
    #[getter]
    fn spacing_mm(&self) -> Option<(f32, f32)> {
        self.slice.header.spacing_mm.map(|[row, column]| (row, column))
    }
    #[getter]
    fn thickness_mm(&self) -> Option<f32> {
        self.slice.header.thickness_mm
    }
    #[getter]
    fn orientation(&self) -> Option<Vec<f32>> {
        self.slice.header.orientation.map(|values| values.to_vec())
    }
    #[getter]
    fn window_center(&self) -> Option<f32> {
        self.tags.window_center
    }
    #[getter]
    fn window_width(&self) -> Option<f32> {
        self.tags.window_width
    }
    #[getter]
    fn bits_stored(&self) -> u16 {
        self.slice.encoding.bits_stored
    }
    #[getter]
    fn rescale_slope(&self) -> f32 {
        self.slice.encoding.rescale_slope
    }
    #[getter]
    fn rescale_intercept(&self) -> f32 {
        self.slice.encoding.rescale_intercept
    }
    fn __repr__(&self) -> String {
        format!(
            "Header(file={:?}, frame={}, rows={}, columns={}, position_mm={})",
            path_text(&self.slice.file),
            self.slice.frame,
            self.slice.rows,
            self.slice.columns,
            self.slice
                .position_mm
                .map_or("None".to_owned(), |mm| mm.to_string()),
        )
    }
}

impl From<FileSlice> for Header {
    fn from(one: FileSlice) -> Self {
        Self {
            tags: one.slice.tags.clone(),
            slice: one.slice,
            instance: one.instance,
            not_axial_ct: one.not_axial_ct,
            warnings: one.warnings,
        }
    }
}

/// All frames of a file, or why it cannot be used.
fn frames(format: &SliceFiles, pixels: &Pixels, file: &Path) -> Result<Vec<(FileSlice, HuImage)>, String> {
    let found = guard::catch(AssertUnwindSafe(|| (format.read)(file)))
        .map_err(|_| "its header is damaged: the parser gave up".to_owned())?
        .map_err(|none| none.reason().to_owned())?;
    let read = |one: FileSlice| {
        let image = pixels.read(&one.slice).map_err(|error| error.chain())?;
        Ok((one, image))
    };
    found.into_iter().map(read).collect()
}

/// One array `[rows, columns]` and its header.
fn to_python<'py>(
    py: Python<'py>,
    (one, image): (FileSlice, HuImage),
) -> PyResult<(Bound<'py, PyAny>, Py<Header>)> {
    let hu = image.hu.into_pyarray(py).reshape([image.rows, image.columns])?;
    Ok((hu.into_any(), Py::new(py, Header::from(one))?))
}

/// The frames of a file: a list of pairs of HU and header.
#[pyfunction]
pub(crate) fn read(py: Python<'_>, path: PathBuf) -> PyResult<Vec<(Bound<'_, PyAny>, Py<Header>)>> {
    let format = slice_files::format().map_err(|error| raised(&error))?;
    let found = py.detach(|| frames(format, &(format.pixels)(), &path));
    let found = found.map_err(|reason| unreadable(py, &path_text(&path), &reason))?;
    found.into_iter().map(|one| to_python(py, one)).collect()
}

/// What is read of many files, and the excluded ones.
type Many<'py> = (Vec<(Bound<'py, PyAny>, Py<Header>)>, Vec<(String, String)>);

/// All frames of all files and of the files in directories, in order, and pairs of the others and their reasons.
#[pyfunction]
pub(crate) fn read_many<'py>(
    py: Python<'py>,
    paths: Bound<'py, PyList>,
    threads: Option<usize>,
) -> PyResult<Many<'py>> {
    let paths: Vec<PathBuf> = paths.extract()?;
    let format = slice_files::format().map_err(|error| raised(&error))?;
    if threads == Some(0) {
        return Err(PyValueError::new_err("threads is at least 1"));
    }
    let work = || -> Vec<(String, Result<Vec<_>, String>)> {
        let pixels = (format.pixels)();
        let entries = slice_files::entries(&paths);
        entries
            .into_par_iter()
            .map(|entry| {
                let read = match entry.problem {
                    Some(problem) => Err(problem.reason().to_owned()),
                    None => frames(format, &pixels, &entry.path),
                };
                (path_text(&entry.path), read)
            })
            .collect()
    };
    let read = match threads {
        None => py.detach(work),
        Some(threads) => {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .map_err(|error| IchflowError::new_err(format!("cannot start threads: {error}")))?;
            py.detach(|| pool.install(work))
        }
    };
    let mut images = Vec::new();
    let mut excluded = Vec::new();
    for (file, read) in read {
        match read {
            Ok(frames) => {
                for one in frames {
                    images.push(to_python(py, one)?);
                }
            }
            Err(reason) => excluded.push((file, reason)),
        }
    }
    Ok((images, excluded))
}
