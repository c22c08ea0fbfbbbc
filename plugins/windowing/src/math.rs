//! The arithmetic that several schemes share. Everything works on `[batch, channels, height, width]`, is
//! finite for finite input, and treats every slice of a batch on its own.

use ichflow_api::prelude::*;

/// Values of a slice that differ by less than this are one value: stretching them would show nothing but
/// the rounding of f32.
const FLAT: f64 = 1e-6;

/// Where the exponential of the logistic function stops: e^80 still is an f32, and 1/e^80 is 0 to anyone.
const STEEPEST: f64 = 80.0;

/// What [`sigmoid_window`] reaches at the upper edge of a window falls short of 1 by this, as published.
pub const SIGMOID_EPS: f64 = 1.0 / 255.0;

/// Stretches every channel of every slice so that its least value is 0 and its greatest 1. A channel of one
/// value becomes 0.
pub fn stretch(values: Tensor<4>) -> Tensor<4> {
    let least = values.clone().min_dims(&[2, 3]);
    let greatest = values.clone().max_dims(&[2, 3]);
    let range = (greatest - least.clone()).clamp_min(FLAT);
    (values - least) / range
}

/// `1 / (1 + e^−z)`, without overflow at either end and with full relative precision near 0.
pub fn logistic(z: Tensor<4>) -> Tensor<4> {
    z.clamp(-STEEPEST, STEEPEST).neg().exp().add_scalar(1.0).recip()
}

/// `ln(upbound / eps − 1)`: half the rise of a sigmoid window over its width.
pub fn sigmoid_reach(upbound: f64, eps: f64) -> f64 {
    (upbound / eps - 1.0).ln()
}

/// A window with soft edges: `upbound · σ(W·hu + b)` with `W = 2·reach / width`, `b = −center·W`. It is
/// `eps` at the lower edge of the window and `upbound − eps` at the upper one.
pub fn sigmoid_window(batch: &HuBatch, window: CenterWidth, upbound: f64, eps: f64) -> Tensor<4> {
    let CenterWidth { center, width } = window;
    let rise = 2.0 * sigmoid_reach(upbound, eps);
    // W·(hu − center) rather than W·hu + b: f32 keeps more digits of it.
    let from_center = batch.hu().sub_scalar(center);
    let z = match batch.widening() {
        None => from_center.mul_scalar(rise / width),
        Some(_) => from_center.mul_scalar(rise) / batch.widths(|_| width as f32),
    };
    logistic(z).mul_scalar(upbound)
}

/// Red of the rainbow: `clip(4g − 2, 0, 1)`, for g from 0 to 1.
pub fn gradient_red(g: Tensor<4>) -> Tensor<4> {
    g.mul_scalar(4.0).sub_scalar(2.0).clamp(0.0, 1.0)
}

/// Green of the rainbow: `4g` up to g = ¾, `4 − 4g` above, clipped to 0…1, for g from 0 to 1.
pub fn gradient_green(g: Tensor<4>) -> Tensor<4> {
    let rising = g.mul_scalar(4.0);
    let falling = rising.clone().neg().add_scalar(4.0);
    rising.min_pair(falling).clamp(0.0, 1.0)
}

/// Blue of the rainbow: `clip(2 − 4g, 0, 1)`, and 0 where g is 0, for g from 0 to 1.
pub fn gradient_blue(g: Tensor<4>) -> Tensor<4> {
    let dark = g.clone().lower_equal_elem(0.0);
    g.mul_scalar(-4.0)
        .add_scalar(2.0)
        .clamp(0.0, 1.0)
        .mask_fill(dark, 0.0)
}

/// The three channels of the rainbow side by side: black, blue, green, red as g goes from 0 to 1. What lies
/// outside is taken for the nearer end, so that a sum that rounds to just above 1 is not black.
pub fn gradient(g: Tensor<4>) -> Tensor<4> {
    let g = g.clamp(0.0, 1.0);
    Tensor::cat(
        vec![
            gradient_red(g.clone()),
            gradient_green(g.clone()),
            gradient_blue(g),
        ],
        1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[f32]) -> Tensor<4> {
        Tensor::<1>::from_floats(values, &Device::flex()).reshape([1, 1, 1, values.len() as i32])
    }

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn assert_near(got: &[f32], expected: &[f64], tolerance: f64) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!(
                (f64::from(*got) - expected).abs() <= tolerance,
                "{got} is not {expected}"
            );
        }
    }

    #[test]
    fn stretching_reaches_both_ends_and_leaves_a_flat_slice_black() {
        assert_eq!(values(stretch(row(&[2.0, 4.0, 3.0]))), [0.0, 1.0, 0.5]);
        assert_eq!(values(stretch(row(&[7.0, 7.0, 7.0]))), [0.0; 3]);
        assert_eq!(values(stretch(row(&[1.0, 1.000_000_1]))).len(), 2);
    }

    #[test]
    fn the_logistic_function_neither_overflows_nor_becomes_nan() {
        let ends = values(logistic(row(&[-1e30, -400.0, 0.0, 400.0, 1e30])));
        assert_near(&ends, &[0.0, 0.0, 0.5, 1.0, 1.0], 1e-30);
    }

    /// Constants computed in float64 from the published formula.
    #[test]
    fn sigmoid_windows_are_the_published_ones() {
        let hu = [0.0, 20.0, 40.0, 60.0, 80.0, 180.0, -1000.0, 600.0, 2000.0];
        let windows: [(f64, f64, [f64; 9]); 5] = [
            (
                40.0,
                80.0,
                [
                    0.003_921_568_627_450_98,
                    0.059_041_017_590_945_565,
                    0.5,
                    0.940_958_982_409_054_4,
                    0.996_078_431_372_549,
                    0.999_999_996_170_929_7,
                    2.980_735_005_192_486e-63,
                    1.0,
                    1.0,
                ],
            ),
            (
                80.0,
                200.0,
                [
                    0.011_775_748_835_372_739,
                    0.034_810_662_265_339_6,
                    0.098_417_430_081_188_85,
                    0.248_343_446_949_388_56,
                    0.5,
                    0.996_078_431_372_549,
                    1.066_094_887_072_034_1e-26,
                    0.999_999_999_999_687_6,
                    1.0,
                ],
            ),
            (
                600.0,
                2000.0,
                [
                    0.034_810_662_265_339_6,
                    0.038_729_514_466_103_17,
                    0.043_069_849_769_017_975,
                    0.047_872_373_440_218_52,
                    0.053_180_644_333_506_74,
                    0.089_018_336_534_627_18,
                    0.000_141_972_552_704_223_27,
                    0.5,
                    0.999_570_417_885_365_5,
                ],
            ),
            (
                50.0,
                100.0,
                [
                    0.003_921_568_627_450_98,
                    0.034_810_662_265_339_6,
                    0.248_343_446_949_388_56,
                    0.751_656_553_050_611_4,
                    0.965_189_337_734_660_4,
                    0.999_999_440_973_888_3,
                    3.151_315_974_589_613e-51,
                    1.0,
                    1.0,
                ],
            ),
            (
                50.0,
                130.0,
                [
                    0.013_932_674_100_888_245,
                    0.072_044_971_775_518_97,
                    0.299_034_948_472_335_3,
                    0.700_965_051_527_664_4,
                    0.927_955_028_224_481_1,
                    0.999_984_500_209_247_2,
                    1.421_301_178_495_619e-39,
                    1.0,
                    1.0,
                ],
            ),
        ];
        for (center, width, expected) in windows {
            let batch = HuBatch::new(row(&hu), vec![SliceTags::default()]);
            let window = CenterWidth { center, width };
            let got = values(sigmoid_window(&batch, window, 1.0, SIGMOID_EPS));
            assert_near(&got, &expected, 1e-6);
        }
    }

    #[test]
    fn the_rainbow_goes_from_black_over_blue_and_green_to_red() {
        let channels = values(gradient(row(&[0.0, 0.125, 0.25, 0.5, 0.75, 0.875, 1.0, 1.5])));
        let red = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        let green = [0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0];
        let blue = [0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(channels, [red, green, blue].concat());
    }
}
