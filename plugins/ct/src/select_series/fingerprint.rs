//! Whether a series shows a head, by its Hounsfield units alone: soft tissue that bone closes all around.

use ichflow_api::prelude::*;
use rayon::prelude::*;

/// Where slices are looked at, as a share of the series from its lower end: from above the skull base to below the
/// vertex of a head, and still half of them in the brain where a series begins at the neck.
const PLACES: [f64; 6] = [0.35, 0.45, 0.55, 0.65, 0.75, 0.85];
/// Cells along the longer side of the image: means over them are little troubled by noise, and a skull is still two thick.
const CELLS: usize = 128;
/// Directions from the middle in which bone is looked for.
const DIRECTIONS: usize = 72;
/// Below it is air, in HU.
const AIR: f32 = -300.0;
/// Brain, blood and fluid, in HU, with the noise of thin slices.
const SOFT: std::ops::RangeInclusive<f32> = -25.0..=110.0;
/// Above it is bone, in HU.
const BONE: f32 = 220.0;
/// Share of directions in which bone must close soft tissue: a craniectomy opens a quarter.
const CLOSED: f32 = 0.65;
/// Radii of skulls, from a child's to the largest, in mm.
const RADIUS_MM: std::ops::RangeInclusive<f32> = 35.0..=125.0;
/// An oval is no longer than this many times its width.
const LONGEST: f32 = 2.2;

/// What a slice shows around its middle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Look {
    /// Share of directions in which bone closes soft tissue.
    pub closed: f32,
    /// Median distance from the middle to that bone, in mm; in cells where no spacing is known.
    pub radius: f32,
    /// The ninth tenth of these distances by the first.
    pub oval: f32,
    /// Shares of air, soft tissue and bone within the outline of what is no air.
    pub shares: [f32; 3],
}

impl Look {
    /// A look at an image whose pixels are `spacing_mm` apart.
    pub(super) fn at(image: &HuImage, spacing_mm: Option<[f32; 2]>) -> Self {
        let grid = Grid::of(image, spacing_mm);
        let Some((row, column)) = grid.middle() else {
            return Self::default();
        };
        let mut radii: Vec<f32> = (0..DIRECTIONS)
            .filter_map(|direction| {
                let angle = std::f32::consts::TAU * direction as f32 / DIRECTIONS as f32;
                grid.skull_along(row, column, angle)
            })
            .collect();
        radii.sort_by(f32::total_cmp);
        let at = |share: f32| radii.get((share * radii.len() as f32) as usize).copied();
        let (low, middle, high) = (at(0.1), at(0.5), at(0.9));
        Self {
            closed: radii.len() as f32 / DIRECTIONS as f32,
            radius: middle.unwrap_or_default(),
            oval: high.zip(low).map_or(0.0, |(high, low)| high / low),
            shares: grid.shares(),
        }
    }

    /// Whether it is a slice of a head above the skull base.
    pub(super) fn is_head(&self, is_spacing_known: bool) -> bool {
        let fits = !is_spacing_known || RADIUS_MM.contains(&self.radius);
        self.closed >= CLOSED && self.oval <= LONGEST && fits
    }
}

/// An image in small.
struct Grid {
    rows: usize,
    columns: usize,
    /// Means in HU, row by row.
    hu: Vec<f32>,
    /// Height and width of a cell, in mm; 1 where no spacing is known.
    cell: [f32; 2],
}

impl Grid {
    fn of(image: &HuImage, spacing_mm: Option<[f32; 2]>) -> Self {
        let block = image.rows.max(image.columns).div_ceil(CELLS).max(1);
        let (rows, columns) = (image.rows / block, image.columns / block);
        let mut hu = vec![0.0_f32; rows * columns];
        for (row, line) in image
            .hu
            .chunks_exact(image.columns.max(1))
            .take(rows * block)
            .enumerate()
        {
            for (column, values) in line.chunks_exact(block).take(columns).enumerate() {
                // Padding outside the scan circle counts as air.
                let sum: i32 = values.iter().map(|hu| i32::from((*hu).clamp(-1000, 2000))).sum();
                hu[row / block * columns + column] += sum as f32;
            }
        }
        let pixels = (block * block) as f32;
        hu.iter_mut().for_each(|value| *value /= pixels);
        let spacing = spacing_mm.unwrap_or([1.0 / block as f32; 2]);
        Self {
            rows,
            columns,
            hu,
            cell: spacing.map(|mm| mm * block as f32),
        }
    }

    /// The middle of all soft tissue, in cells; none where there is next to none.
    fn middle(&self) -> Option<(f32, f32)> {
        let (mut count, mut down, mut right) = (0_usize, 0.0, 0.0);
        for (place, hu) in self.hu.iter().enumerate() {
            if SOFT.contains(hu) {
                count += 1;
                down += (place / self.columns) as f32;
                right += (place % self.columns) as f32;
            }
        }
        let enough = count * 50 > self.hu.len();
        enough.then(|| (down / count as f32, right / count as f32))
    }

    /// How far away, in mm, bone closes what is nearly all soft tissue in a direction; none where it does not.
    fn skull_along(&self, row: f32, column: f32, angle: f32) -> Option<f32> {
        let (sin, cos) = angle.sin_cos();
        // Nearer than this it is a calcified pineal gland or plexus, and no skull.
        let nearest = 0.12 * self.rows.min(self.columns) as f32;
        let (mut soft, mut steps, mut distance) = (0_usize, 0_usize, 0.0_f32);
        loop {
            distance += 0.5;
            let (down, right) = (row + distance * sin, column + distance * cos);
            let inside = down >= 0.0 && right >= 0.0;
            let (down, right) = (down.round() as usize, right.round() as usize);
            if !inside || down >= self.rows || right >= self.columns {
                return None;
            }
            let hu = self.hu[down * self.columns + right];
            if hu < AIR {
                return None;
            }
            if hu > BONE && distance > nearest {
                break;
            }
            steps += 1;
            soft += usize::from(SOFT.contains(&hu));
        }
        // The inner table is half bone, half fluid.
        let is_soft = soft + 3 >= steps * 3 / 4 && steps > 2;
        let mm = distance * ((sin * self.cell[0]).powi(2) + (cos * self.cell[1]).powi(2)).sqrt();
        is_soft.then_some(mm)
    }

    /// Shares of air, soft tissue and bone between the outermost cells of every row that are no air.
    fn shares(&self) -> [f32; 3] {
        let (mut counts, mut all) = ([0_usize; 3], 0_usize);
        for line in self.hu.chunks_exact(self.columns.max(1)) {
            let is_body = |hu: &f32| *hu > AIR;
            let (Some(first), Some(last)) = (line.iter().position(is_body), line.iter().rposition(is_body))
            else {
                continue;
            };
            for hu in &line[first..=last] {
                all += 1;
                counts[0] += usize::from(*hu < AIR);
                counts[1] += usize::from(SOFT.contains(hu));
                counts[2] += usize::from(*hu > BONE);
            }
        }
        counts.map(|count| count as f32 / all.max(1) as f32)
    }
}

/// What the middle slices of a series show.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Fingerprint {
    /// Slices that could be read.
    pub looked_at: usize,
    /// Those that show a head.
    pub heads: usize,
    /// The median of [`Look::closed`].
    pub closed: f32,
    /// Mean shares of air, soft tissue and bone.
    pub shares: [f32; 3],
}

impl Fingerprint {
    /// Looks at some of the slices of a series, which are in order.
    pub(super) fn of(series: &[&Slice], pixels: &Pixels) -> Self {
        let mut places: Vec<usize> = PLACES
            .map(|share| (share * series.len() as f64) as usize)
            .into_iter()
            .filter(|place| *place < series.len())
            .collect();
        places.dedup();
        let looks: Vec<(Look, bool)> = places
            .par_iter()
            .filter_map(|place| {
                let slice = series[*place];
                let spacing = slice.header.spacing_mm;
                let image = pixels.read(slice).ok()?;
                Some((Look::at(&image, spacing), spacing.is_some()))
            })
            .collect();
        let mut closed: Vec<f32> = looks.iter().map(|(look, _)| look.closed).collect();
        closed.sort_by(f32::total_cmp);
        let share = |part: usize| {
            let sum: f32 = looks.iter().map(|(look, _)| look.shares[part]).sum();
            sum / looks.len().max(1) as f32
        };
        Self {
            looked_at: looks.len(),
            heads: looks.iter().filter(|(look, known)| look.is_head(*known)).count(),
            closed: closed.get(closed.len() / 2).copied().unwrap_or_default(),
            shares: [share(0), share(1), share(2)],
        }
    }

    /// Whether it is a head: half of what was looked at.
    pub(super) fn is_head(&self) -> bool {
        2 * self.heads >= self.looked_at && self.heads > 0
    }
}
