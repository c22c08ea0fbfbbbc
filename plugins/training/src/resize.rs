//! `resize`: the size of the network's images.

use ichflow_api::prelude::*;
use ichflow_api::tensors::model::Resize as Size;

/// Resizes windowed images to a square, on the device, by linear interpolation that widens when
/// shrinking (so nothing between samples is lost), as Pillow's BILINEAR does.
///
/// It happens after windowing: a thin bleed is averaged as brightness within the window, not in HU.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Resize {
    /// Rows and columns of the network's images, in pixels.
    #[schemars(range(min = 16, max = 4096))]
    pub size: usize,
}

impl Default for Resize {
    fn default() -> Self {
        Self { size: 256 }
    }
}

impl Stage for Resize {
    const NAME: &'static str = "resize";
    const FAMILY: Family = Family::Transform;
    const SUMMARY: &'static str = "the size of the network's images";
    const EXAMPLE: &'static str = "[resize]\nuse = \"resize\"\nsize = 256\n";

    fn ports() -> Ports {
        Ports::new().offers(output::RESIZE)
    }

    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        Descriptions::new().with(output::RESIZE, Description::of(Size { size: self.size }))
    }

    fn run(&self, _inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        Ok(Outputs::new().with(output::RESIZE, Size { size: self.size }))
    }
}

ichflow_api::register!(Resize);
