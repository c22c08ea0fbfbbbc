//! Heat maps as pictures.

use ichflow_api::prelude::*;
use ichflow_api::tensors::heat_map::HeatMap;

use crate::render::png::png_of;

/// How much of the heat covers the slice where it is hottest, 0 to 255.
const COVER: f32 = 170.0;

/// Colours from cold to hot, told apart by every kind of eye: they get lighter all the way.
const RAMP: [[f32; 3]; 5] = [
    [20.0, 12.0, 60.0],
    [110.0, 25.0, 110.0],
    [200.0, 65.0, 75.0],
    [250.0, 145.0, 30.0],
    [252.0, 250.0, 160.0],
];

/// The colour of a value from 0 to 1.
fn colour(value: f32) -> [f32; 3] {
    let place = value.clamp(0.0, 1.0) * (RAMP.len() - 1) as f32;
    let low = (place as usize).min(RAMP.len() - 2);
    let share = place - low as f32;
    std::array::from_fn(|part| RAMP[low][part] * (1.0 - share) + RAMP[low + 1][part] * share)
}

fn sampled(map: &HeatMap, rows: usize, columns: usize) -> impl Iterator<Item = f32> + '_ {
    (0..rows * columns).map(move |index| {
        let middle = |place: usize, count: usize| (place as f64 + 0.5) / count as f64;
        map.at([middle(index / columns, rows), middle(index % columns, columns)])
    })
}

/// The heat alone, clear where it is cold: a PNG to lay over a slice.
pub(crate) fn overlay(map: &HeatMap, rows: usize, columns: usize) -> Result<Vec<u8>> {
    let bytes: Vec<u8> = sampled(map, rows, columns)
        .flat_map(|value| {
            let [red, green, blue] = colour(value);
            [red, green, blue, COVER * value].map(|part| part.round() as u8)
        })
        .collect();
    png_of(&bytes, rows, columns, png::ColorType::Rgba)
}

/// The slice, and beside it the slice under its heat; `slice` holds red, green and blue of each pixel.
pub(super) fn beside(slice: &[u8], map: &HeatMap, rows: usize, columns: usize) -> Result<Vec<u8>> {
    let heat: Vec<f32> = sampled(map, rows, columns).collect();
    let mut bytes = Vec::with_capacity(slice.len() * 2);
    for row in 0..rows {
        let line = &slice[3 * row * columns..3 * (row + 1) * columns];
        bytes.extend_from_slice(line);
        for (pixel, value) in line.chunks_exact(3).zip(&heat[row * columns..]) {
            let cover = COVER / 255.0 * value;
            let colour = colour(*value);
            let mixed = pixel.iter().zip(colour);
            bytes.extend(
                mixed.map(|(grey, hot)| (f32::from(*grey) * (1.0 - cover) + hot * cover).round() as u8),
            );
        }
    }
    png_of(&bytes, rows, 2 * columns, png::ColorType::Rgb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ramp_gets_lighter_all_the_way() {
        let light = |value: f32| {
            let [red, green, blue] = colour(value);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        assert!((0..100).all(|step| light(step as f32 / 100.0) < light((step + 1) as f32 / 100.0)));
        assert_eq!(colour(2.0), RAMP[4]);
    }
}
