//! How values along one axis of an image become another number of values: the weights of resampling.

/// The part of one axis an output covers, in input pixels from edge to edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Input coordinate of the output's first edge.
    pub from: f64,
    /// Input coordinate of the output's last edge; below `from` for a mirrored axis.
    pub to: f64,
}

impl Span {
    /// The whole axis.
    pub fn whole(size: usize) -> Self {
        Self {
            from: 0.0,
            to: size as f64,
        }
    }

    /// The same part, mirrored.
    #[must_use]
    pub fn mirrored(self) -> Self {
        Self {
            from: self.to,
            to: self.from,
        }
    }
}

/// Weights `[output, input]` of linear interpolation, widened when shrinking (a triangle filter, as
/// Pillow's BILINEAR and PyTorch's `antialias=True`), normalised to sum 1 in every row.
pub fn weights(span: Span, input: usize, output: usize) -> Vec<f32> {
    let step = (span.to - span.from) / output as f64;
    let support = step.abs().max(1.0);
    let mut weights = vec![0.0_f32; output * input];
    for (index, row) in weights.chunks_exact_mut(input).enumerate() {
        let center = span.from + (index as f64 + 0.5) * step;
        let first = ((center - support - 0.5).floor().max(0.0)) as usize;
        let last = ((center + support).ceil().min(input as f64)).max(0.0) as usize;
        let mut sum = 0.0;
        for (i, weight) in row.iter_mut().enumerate().take(last).skip(first) {
            let value = (1.0 - ((i as f64 + 0.5 - center) / support).abs()).max(0.0);
            *weight = value as f32;
            sum += value;
        }
        if sum > 0.0 {
            row.iter_mut()
                .for_each(|weight| *weight = (f64::from(*weight) / sum) as f32);
        } else {
            // Outside the image: the nearest edge.
            row[if center < 0.0 { 0 } else { input - 1 }] = 1.0;
        }
    }
    weights
}
