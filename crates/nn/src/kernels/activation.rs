//! Functions applied to every value, and their slopes.

/// What follows a normalisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    #[default]
    None,
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `x · sigmoid(x)`.
    Silu,
}

/// A function of one value that loops can be compiled for.
pub(crate) trait Function: Copy + Send + Sync {
    /// Its value.
    fn value(self, x: f32) -> f32;
    /// `gradient` times its slope.
    fn back(self, x: f32, gradient: f32) -> f32;
}

#[derive(Clone, Copy)]
pub(crate) struct Identity;
#[derive(Clone, Copy)]
pub(crate) struct Relu;
#[derive(Clone, Copy)]
pub(crate) struct Relu6;
#[derive(Clone, Copy)]
pub(crate) struct Silu;

impl Function for Identity {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        x
    }
    #[inline(always)]
    fn back(self, _: f32, gradient: f32) -> f32 {
        gradient
    }
}

impl Function for Relu {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        // Not `max`, which would turn what is no number into zero.
        if x < 0.0 { 0.0 } else { x }
    }
    #[inline(always)]
    fn back(self, x: f32, gradient: f32) -> f32 {
        if x > 0.0 { gradient } else { 0.0 }
    }
}

impl Function for Relu6 {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        let x = if x < 0.0 { 0.0 } else { x };
        if x > 6.0 { 6.0 } else { x }
    }
    #[inline(always)]
    fn back(self, x: f32, gradient: f32) -> f32 {
        if x > 0.0 && x < 6.0 { gradient } else { 0.0 }
    }
}

impl Function for Silu {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        x / (1.0 + exp(-x))
    }
    #[inline(always)]
    fn back(self, x: f32, gradient: f32) -> f32 {
        let sigmoid = 1.0 / (1.0 + exp(-x));
        gradient * sigmoid * (x * (1.0 - sigmoid) + 1.0)
    }
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The hyperbolic tangent, within 2e-7 of it, and of itself near zero.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    // Near zero `2 σ(2x) − 1` would lose digits: there the Taylor series, whose remainder is below 3e-9 of it.
    let square = x * x;
    let mut series = 62.0 / 2835.0f32;
    for coefficient in [-17.0 / 315.0, 2.0 / 15.0, -1.0 / 3.0, 1.0] {
        series = series.mul_add(square, coefficient);
    }
    let wide = 2.0f32.mul_add(sigmoid(2.0 * x), -1.0);
    if square < 0.0625 { x * series } else { wide }
}

/// e to the power `x`, within 2 units in the last place where it is an ordinary number; e^88 above that, and 0
/// (or a number below 1e-37) where it would be smaller.
///
/// `x = n · ln 2 + r` with a whole `n`; e^r is its Taylor polynomial of degree 7 on `|r| ≤ ln 2 / 2`, whose
/// remainder is below 6e-9 of it, and 2^n is written into the exponent's bits.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// 1.5 · 2^23: added to a number, it leaves the nearest whole one in the lowest bits.
    const WHOLE: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Written so that what is no number stays so.
    let x = if x > 88.0 { 88.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x.mul_add(std::f32::consts::LOG2_E, WHOLE);
    let whole = shifted - WHOLE;
    let r = whole.mul_add(-LN_2_LOW, whole.mul_add(-LN_2_HIGH, x));
    let mut power = 1.0 / 5040.0f32;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        power = power.mul_add(r, coefficient);
    }
    let exponent = shifted.to_bits().wrapping_shl(23).wrapping_add(127 << 23);
    power * f32::from_bits(exponent)
}

/// Calls `$run` with the function that an [`Activation`] stands for.
macro_rules! with_function {
    ($activation:expr, $function:ident => $run:expr) => {
        match $activation {
            $crate::kernels::Activation::None => {
                let $function = $crate::kernels::activation::Identity;
                $run
            }
            $crate::kernels::Activation::Relu => {
                let $function = $crate::kernels::activation::Relu;
                $run
            }
            $crate::kernels::Activation::Relu6 => {
                let $function = $crate::kernels::activation::Relu6;
                $run
            }
            $crate::kernels::Activation::Silu => {
                let $function = $crate::kernels::activation::Silu;
                $run
            }
        }
    };
}
pub(crate) use with_function;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_e_are_those_of_the_standard_library() {
        let mut worst = 0.0f64;
        for step in -87_000..88_000 {
            let x = step as f32 / 1000.0;
            let truth = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) - truth).abs() / truth);
        }
        assert!(worst < 2.4e-7, "{worst}");
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(-1000.0) < 1e-37 && exp(1000.0).is_finite());
    }

    #[test]
    fn hyperbolic_tangents_are_those_of_the_standard_library() {
        for step in -12_000..12_000 {
            let x = step as f32 / 1000.0;
            let truth = f64::from(x).tanh();
            let off = (f64::from(tanh(x)) - truth).abs();
            assert!(off < 2e-7 && off <= 1e-6 * truth.abs(), "{x}: {off}");
        }
        assert_eq!((tanh(100.0), tanh(-100.0)), (1.0, -1.0));
        assert!(tanh(f32::NAN).is_nan());
    }

    #[test]
    fn slopes_are_those_of_differences() {
        for activation in [
            Activation::None,
            Activation::Relu,
            Activation::Relu6,
            Activation::Silu,
        ] {
            for step in -80..80 {
                let x = step as f32 / 10.0 + 0.05;
                let (slope, truth) = with_function!(activation, f => {
                    let h = 1e-2;
                    (f.back(x, 1.0), (f.value(x + h) - f.value(x - h)) / (2.0 * h))
                });
                assert!(
                    (slope - truth).abs() < 1e-3,
                    "{activation:?} at {x}: {slope} {truth}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_so() {
        for activation in [
            Activation::None,
            Activation::Relu,
            Activation::Relu6,
            Activation::Silu,
        ] {
            assert!(with_function!(activation, f => f.value(f32::NAN)).is_nan());
        }
    }
}
