//! Where a slice lies in the patient.

/// Where a slice lies in the patient.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Geometry {
    /// PixelSpacing: between rows and between columns, in mm.
    pub spacing_mm: Option<[f64; 2]>,
    /// SliceThickness in mm.
    pub thickness_mm: Option<f64>,
    /// ImageOrientationPatient: directions of a row and of a column.
    pub orientation: Option<[f64; 6]>,
    /// ImagePositionPatient: x, y, z of the first pixel, in mm.
    pub position_mm: Option<[f64; 3]>,
}

impl Geometry {
    /// Position along the normal of the image plane (PS3.3 C.7.6.2.1.1), in mm: that of the first pixel,
    /// or its z where the orientation is unknown.
    pub fn along_normal_mm(&self) -> Option<f64> {
        let [x, y, z] = self.position_mm?;
        let Some([rx, ry, rz, cx, cy, cz]) = self.orientation else {
            return Some(z);
        };
        let normal = [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx];
        let length = normal.iter().map(|n| n * n).sum::<f64>().sqrt();
        if length < 1e-6 {
            return Some(z);
        }
        Some((x * normal[0] + y * normal[1] + z * normal[2]) / length)
    }
}
