//! Windowing schemes on arrays.

use std::path::PathBuf;

use ichflow_api::context::Context;
use ichflow_api::data::cohort::SliceTags;
use ichflow_api::prelude::*;
use numpy::{PyArray1, PyArray4, PyArrayMethods, PyReadonlyArray3, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::error::{IchflowError, raised};
use crate::image::Header;
use crate::stages::{Alone, planned, planned_text};

/// A windowing scheme, as recipes have it.
#[pyclass(frozen, module = "ichflow")]
pub(crate) struct Scheme {
    pub(crate) window: Window,
}

#[pymethods]
impl Scheme {
    /// The scheme of a recipe's text (its table `[window]`) or of a recipe's file.
    #[new]
    #[pyo3(signature = (*, text=None, recipe=None, sets=Vec::new()))]
    fn new(text: Option<&str>, recipe: Option<PathBuf>, sets: Vec<String>) -> PyResult<Self> {
        let plan = match (text, recipe) {
            (Some(text), None) => planned_text(text)?,
            (None, Some(recipe)) => planned(&recipe, &sets)?,
            _ => return Err(PyValueError::new_err("give a table or a recipe")),
        };
        let mut schemes = plan
            .stages
            .iter()
            .filter(|planned| planned.stage.registration.family == Family::Window);
        let planned = schemes
            .next_back()
            .ok_or_else(|| IchflowError::new_err("the recipe has no windowing scheme"))?;
        if !planned.wires.is_empty() {
            return Err(IchflowError::new_err(format!(
                "`{}` looks at the slices of its recipe before it is a scheme\nhelp: run the recipe, and use its bundle",
                planned.stage.registration.name
            )));
        }
        let alone = Alone::new()?;
        let context = Context::new(
            &alone.run,
            &planned.stage.name,
            planned.stage.registration.name,
            &planned.key,
        );
        let mut made = planned
            .stage
            .stage
            .run(&Inputs::default(), &context)
            .map_err(|error| raised(&error))?;
        let window = made
            .take_any(output::WINDOW.name())
            .and_then(|made| made.downcast::<Window>().ok())
            .ok_or_else(|| IchflowError::new_err("the stage offers no window"))?;
        Ok(Self {
            window: Window::clone(&window),
        })
    }

    /// Channels it makes.
    #[getter]
    fn channels(&self) -> usize {
        self.window.channels()
    }

    /// Places along the series that it looks at, relative to the slice.
    #[getter]
    fn offsets(&self) -> Vec<i32> {
        self.window.offsets()
    }

    /// `[batch, rows, columns]` HU to `[batch, channels, rows, columns]`; slices are neighbours in their order.
    fn apply<'py>(
        &self,
        py: Python<'py>,
        hu: PyReadonlyArray3<'py, i16>,
        headers: Option<Vec<PyRef<'py, Header>>>,
    ) -> PyResult<Bound<'py, PyArray4<f32>>> {
        let [count, rows, columns] = *hu.shape() else {
            return Err(PyValueError::new_err("hu is not [batch, rows, columns]"));
        };
        if count == 0 || rows == 0 || columns == 0 {
            return Err(PyValueError::new_err(format!(
                "hu is [{count}, {rows}, {columns}]: there is nothing in it"
            )));
        }
        let tags: Vec<SliceTags> = match &headers {
            Some(headers) if headers.len() != count => {
                return Err(PyValueError::new_err(format!(
                    "there are {count} slices and {} headers",
                    headers.len()
                )));
            }
            Some(headers) => headers.iter().map(|header| header.tags.clone()).collect(),
            None => vec![SliceTags::default(); count],
        };
        let values: Vec<i16> = hu.as_array().iter().copied().collect();
        let window = &self.window;
        let images = py.detach(|| windowed(window, &values, [count, rows, columns], &tags))?;
        let shape = [count, window.channels(), rows, columns];
        PyArray1::from_vec(py, images).reshape(shape)
    }
}

/// Values of `[batch, channels, rows, columns]`.
fn windowed(
    window: &Window,
    values: &[i16],
    [count, rows, columns]: [usize; 3],
    tags: &[SliceTags],
) -> PyResult<Vec<f32>> {
    let device = Device::flex();
    let size = rows * columns;
    let shifted = |offset: i32| {
        let place = |index: usize| {
            let moved = index as i64 + i64::from(offset);
            moved.clamp(0, count as i64 - 1) as usize
        };
        let hu = (0..count)
            .flat_map(|index| values[place(index) * size..][..size].iter().copied())
            .collect();
        let tags = (0..count).map(|index| tags[place(index)].clone()).collect();
        HuBatch::upload(hu, rows, columns, tags, &device)
    };
    let mut batch = shifted(0);
    for offset in window.offsets().into_iter().filter(|offset| *offset != 0) {
        batch = batch.with_neighbours(offset, shifted(offset));
    }
    values_of(window.apply(&batch))
}

/// The values of images, row by row.
pub(crate) fn values_of(images: Tensor<4>) -> PyResult<Vec<f32>> {
    images
        .into_data()
        .convert::<f32>()
        .try_to_vec::<f32>()
        .map_err(|error| IchflowError::new_err(format!("the images cannot be read: {error:?}")))
}
