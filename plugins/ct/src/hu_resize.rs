//! `hu-resize`: one size for all slices, without a store.

use ichflow_api::data::pixels::Shown;
use ichflow_api::prelude::*;

use crate::to_size::ToSize;

/// Brings each slice to one square size as it is read, in Hounsfield units, on the reading threads. What
/// comes after uploads a quarter of the data at half the size, and slices of different sizes share a batch.
///
/// Nothing is kept: without a store every epoch decodes again. With one, `size` and `crop` of `hu-store` do
/// the same once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HuResize {
    /// Height and width to which slices are brought, in pixels: padded to a square with air (−1000 HU),
    /// then resampled with a triangle filter.
    #[schemars(range(min = 8, max = 4096))]
    pub size: u32,
    /// Side of the square around the middle that is kept before resizing, in pixels; smaller slices are
    /// padded with air (−1000 HU). None: the whole slice.
    #[serde(default)]
    #[schemars(range(min = 8, max = 4096))]
    pub crop: Option<u32>,
}

impl Stage for HuResize {
    const NAME: &'static str = "hu-resize";
    const FAMILY: Family = Family::Store;
    const SUMMARY: &'static str = "slices brought to one size as they are read, nothing kept";
    const EXAMPLE: &'static str = r#"
[shrink]
use = "hu-resize"
size = 256
"#;

    fn ports() -> Ports {
        Ports::new().takes(input::PIXELS).offers(output::PIXELS)
    }

    fn describe(&self, inputs: &Descriptions) -> Descriptions {
        let pixels = self.to_size().describe(inputs.of(input::PIXELS));
        Descriptions::new().with(output::PIXELS, pixels)
    }

    fn run(&self, inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        let inner = (*inputs.take(input::PIXELS)?).clone();
        let digest = inner.digest();
        let to_size = self.to_size();
        let mut pixels = Pixels::new(Resized { inner, to_size });
        if let Some(digest) = digest {
            pixels = pixels.with_digest(format!("{digest} {to_size:?}"));
        }
        Ok(Outputs::new().with(output::PIXELS, pixels))
    }
}

impl HuResize {
    fn to_size(&self) -> ToSize {
        ToSize {
            crop: self.crop.map(|side| side as usize),
            size: Some(self.size as usize),
        }
    }
}

ichflow_api::register!(HuResize);

/// Slices of another source, resized.
struct Resized {
    inner: Pixels,
    to_size: ToSize,
}

impl PixelSource for Resized {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
        self.inner.read(slice).map(|image| self.to_size.apply(image))
    }

    fn shown(&self, slice: &Slice) -> Shown {
        self.to_size.shown(self.inner.shown(slice))
    }

    fn describe(&self) -> String {
        format!("{}, resized", self.inner.describe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit::{self, MadePixels};

    #[test]
    fn slices_come_out_at_the_size_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "shrink", "hu-resize", "key");
        let made = MadePixels::new(|_: &Slice| {
            Some(HuImage {
                rows: 4,
                columns: 4,
                hu: vec![40; 16],
            })
        });
        let inputs = Inputs::default().with(input::PIXELS, Pixels::new(made).with_digest("made".into()));
        let mut outputs = HuResize {
            size: 8,
            crop: Some(2),
        }
        .run(&inputs, &context)
        .unwrap();
        let pixels = outputs.take(output::PIXELS).unwrap();
        let image = pixels.read(&testkit::slice("a", "p", None)).unwrap();
        assert_eq!((image.rows, image.columns), (8, 8));
        assert_eq!(image.hu, [40; 64]);
        // Pixels of another size are other pixels to whatever is kept of them.
        assert_ne!(pixels.digest().as_deref(), Some("made"));
    }
}
