//! Which vector instructions kernels run with.

use fearless_simd::Level;

/// The widest of this processor.
#[cfg(not(test))]
#[inline]
pub(crate) fn level() -> Level {
    Level::new()
}

/// The name of the vector instructions that kernels run with on this processor. They change no bit of a result.
#[must_use]
pub fn vectors() -> &'static str {
    let level = Level::new();
    #[cfg(target_arch = "x86_64")]
    let name = match (level.as_avx512(), level.as_avx2(), level.as_sse4_2()) {
        (Some(_), ..) => "AVX-512",
        (_, Some(_), _) => "AVX2",
        (_, _, Some(_)) => "SSE4.2",
        _ => "SSE2",
    };
    #[cfg(target_arch = "aarch64")]
    let name = level.as_neon().map_or("none", |_| "NEON");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let name = if level.is_fallback() { "none" } else { "SIMD" };
    name
}

#[cfg(test)]
pub(crate) use tests::level;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, PoisonError};

    use proptest::prelude::*;

    use super::*;
    use crate::kernels::normalisation::{Normalisation, statistics};
    use crate::kernels::{
        Activation, Geometry, activation, combine, convolution, depthwise, dropout, linear, optimizer,
        panels, precision, recurrent, self_attention, squeeze, vectorised,
    };

    /// Which of [`levels`] kernels use. Other tests run beside and do not mind: that is what is tested here.
    static CHOSEN: AtomicUsize = AtomicUsize::new(usize::MAX);

    /// Those of this processor, the narrowest first: on x86-64 SSE2, without fused multiply-adds, is always among them.
    fn levels() -> Vec<(&'static str, Level)> {
        let mut levels = vec![("baseline", Level::baseline())];
        #[cfg(target_arch = "x86_64")]
        {
            let widest = Level::new();
            levels.extend(widest.as_avx2().map(|avx2| ("AVX2", Level::Avx2(avx2))));
            levels.extend(
                widest
                    .as_avx512()
                    .map(|avx512| ("AVX-512", Level::Avx512(avx512))),
            );
        }
        levels
    }

    pub(crate) fn level() -> Level {
        match CHOSEN.load(Ordering::Relaxed) {
            usize::MAX => Level::new(),
            chosen => levels()[chosen].1,
        }
    }

    /// Runs `kernel` at every level and compares bits.
    fn same_everywhere(what: &str, kernel: impl Fn() -> Vec<Vec<f32>>) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut first: Option<Vec<Vec<u32>>> = None;
        for (index, (name, _)) in levels().into_iter().enumerate() {
            CHOSEN.store(index, Ordering::Relaxed);
            let result = kernel();
            CHOSEN.store(usize::MAX, Ordering::Relaxed);
            let bits: Vec<Vec<u32>> = result
                .iter()
                .map(|values| values.iter().map(|value| value.to_bits()).collect())
                .collect();
            match &first {
                None => first = Some(bits),
                Some(first) => assert!(*first == bits, "{what} has other bits with {name}"),
            }
        }
    }

    fn values(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|index| ((index + 31 * seed) * 7919 % 4001) as f32 / 800.0 - 2.5)
            .collect()
    }

    #[test]
    fn levels_that_this_processor_lacks_are_named() {
        let names: Vec<&str> = levels().into_iter().map(|(name, _)| name).collect();
        for name in ["AVX2", "AVX-512"] {
            if !names.contains(&name) {
                eprintln!("this processor has no {name}: kernels are not compared there");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn convolutions(
            batch in 1_usize..4,
            input in [1_usize..12, 1_usize..12],
            (inputs, outputs, groups) in prop_oneof![
                (1_usize..40, 1_usize..40).prop_map(|(inputs, outputs)| (inputs, outputs, 1)),
                (1_usize..40).prop_map(|channels| (channels, channels, channels)),
                (1_usize..10, 1_usize..10).prop_map(|(inputs, outputs)| (2 * inputs, 2 * outputs, 2)),
            ],
            side in prop_oneof![Just(1_usize), Just(3), Just(5)],
            stride in 1_usize..3,
        ) {
            let geometry = Geometry {
                batch,
                input,
                output: input.map(|size| (size + side / 2 * 2 - side) / stride + 1),
                inputs,
                outputs,
                groups,
                kernel: [side; 2],
                stride: [stride; 2],
                padding: [side / 2; 2],
            };
            let x = values(geometry.input_len(), 1);
            let weights = values(geometry.weight_len(), 2);
            let bias = values(outputs, 3);
            let gradient = values(geometry.output_len(), 4);
            same_everywhere("a convolution", || {
                let mut y = vec![0.0; geometry.output_len()];
                let mut of_x = vec![0.0; geometry.input_len()];
                let mut of_weights = vec![0.0; geometry.weight_len()];
                let mut of_bias = vec![0.0; outputs];
                if geometry.is_depthwise() {
                    depthwise::forward(&geometry, &x, &weights, Some(&bias), &mut y);
                    depthwise::backward_input(&geometry, &gradient, &weights, &mut of_x);
                    depthwise::backward_weights(&geometry, &x, &gradient, &mut of_weights);
                } else {
                    convolution::forward(&geometry, &x, &weights, Some(&bias), &mut y);
                    convolution::backward_input(&geometry, &gradient, &weights, &mut of_x);
                    convolution::backward_weights(&geometry, &x, &gradient, &mut of_weights);
                }
                convolution::backward_bias(outputs, &gradient, &mut of_bias);
                vec![y, of_x, of_weights, of_bias]
            });
        }

        #[test]
        fn normalisations_and_what_follows(channels in 1_usize..70, pixels in 1_usize..300) {
            let x = values(pixels * channels, 1);
            let given = values(pixels * channels, 2);
            let (weight, bias, gate) = (values(channels, 3), values(channels, 4), values(channels, 5));
            for activation in [Activation::None, Activation::Relu, Activation::Relu6, Activation::Silu] {
                same_everywhere("a normalisation", || {
                    let (mean, variance) = statistics(&x, channels);
                    let by = Normalisation::new([&mean, &variance], 1e-5, [&weight, &bias], activation);
                    let mut y = vec![0.0; x.len()];
                    by.forward(&x, &mut y);
                    let mut gradient = given.clone();
                    let (of_weight, of_bias) = by.backward(&x, &mut gradient, true);
                    let mut sum = y.clone();
                    combine::add(&mut sum, &x);
                    combine::activate_in_place(activation, &mut sum);
                    vec![mean, variance, y, gradient, of_weight, of_bias, sum]
                });
            }
            same_everywhere("squeeze and excitation", || {
                let mut means = vec![0.0; channels];
                squeeze::mean(&x, [pixels, channels], &mut means);
                let mut y = vec![0.0; x.len()];
                squeeze::weigh(&x, &gate, [pixels, channels], &mut y);
                let (mut gradient, mut of_gate) = (given.clone(), vec![0.0; channels]);
                squeeze::weigh_backward(&x, &gate, [pixels, channels], &mut gradient, &mut of_gate);
                squeeze::add_mean_backward(&of_gate, [pixels, channels], &mut gradient);
                vec![means, y, gradient, of_gate]
            });
        }

        #[test]
        fn what_works_on_single_values(count in 1_usize..3000) {
            let x = values(count, 1);
            same_everywhere("a function", || {
                let mut out = vec![vec![0.0; count]; 5];
                vectorised!({
                    for (index, x) in x.iter().enumerate() {
                        out[0][index] = activation::exp(20.0 * x);
                        out[1][index] = activation::tanh(*x);
                        out[2][index] = activation::sigmoid(*x);
                    }
                });
                dropout::Dropout { seed: [1, 2], share: 0.3 }.apply(&x, &mut out[3]);
                out[4].copy_from_slice(&x);
                precision::round_to_bf16(&mut out[4]);
                out
            });
            let gradient = values(count, 2);
            let adam = optimizer::Adam {
                betas: [0.9, 0.999],
                rest: [0.1, 0.001],
                keep: 0.999,
                rate: 1e-3,
                root: 0.2,
                epsilon: 1e-8,
            };
            same_everywhere("a step of Adam", || {
                let (mut weight, mut mean, mut variance) = (x.clone(), vec![0.0; count], vec![0.0; count]);
                for _ in 0..3 {
                    adam.step(&mut weight, &gradient, &mut mean, &mut variance);
                }
                vec![weight, mean, variance]
            });
        }

        #[test]
        fn layers_over_series(
            lengths in prop::collection::vec(1_usize..20, 1..5),
            hidden in 1_usize..20,
            heads in 1_usize..3,
        ) {
            let slices: usize = lengths.iter().sum();
            same_everywhere("a recurrence", || {
                let sizes = recurrent::Sizes { hidden, directions: 2 };
                let gates = 3 * hidden;
                let input = values(slices * 2 * gates, 1);
                let (weight, bias) = (values(2 * gates * hidden, 2), values(2 * gates, 3));
                let mut out = vec![0.0; slices * 2 * hidden];
                let traces =
                    recurrent::forward::<recurrent::Gru>(sizes, &lengths, &input, &weight, &bias, &mut out);
                let gradient = values(out.len(), 4);
                let of = recurrent::backward::<recurrent::Gru>(sizes, slices, &traces, &weight, &gradient);
                vec![out, of.input, of.weight, of.bias]
            });
            same_everywhere("attention", || {
                let sizes = self_attention::Sizes { heads, width: hidden };
                let model = heads * hidden;
                let rows = values(slices * 3 * model, 1);
                let mut out = vec![0.0; slices * model];
                let shares = self_attention::forward(sizes, &lengths, &rows, &mut out);
                let mut of_rows = vec![0.0; rows.len()];
                let gradient = values(out.len(), 2);
                self_attention::backward(sizes, &lengths, &rows, &shares, &gradient, &mut of_rows);
                vec![out, of_rows]
            });
            same_everywhere("a linear layer", || {
                let sizes = linear::Sizes { rows: slices, inputs: 7 * hidden, outputs: heads };
                let x = values(slices * 7 * hidden, 1);
                let weight = values(7 * hidden * heads, 2);
                let gradient = values(slices * heads, 3);
                let mut out = vec![vec![0.0; slices * heads], vec![0.0; x.len()], vec![0.0; weight.len()]];
                linear::forward(sizes, &x, &weight, None, &mut out[0]);
                linear::backward_input(sizes, &gradient, &weight, &mut out[1]);
                linear::backward_weight(sizes, &x, &gradient, &mut out[2]);
                let panels = panels::Panels::new([hidden, heads], |k, c| weight[k * heads + c]);
                let mut products = vec![0.0; slices * heads];
                panels.multiply_add(&x[..slices * hidden], &mut products);
                out.push(products);
                out
            });
        }
    }
}
