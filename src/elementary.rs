//! e^x and its like, for the whole program.
//!
//! Rust's standard library asks the C library of the machine for them, whose last digits differ between versions and
//! processors. The functions here have the names by which it asks, so that the linker takes these: the ones of the crate
//! `libm`, which are made of sums and products alone and give the same bits everywhere. What the burn backend and other
//! libraries compute is meant as well, which is why it is done here and not where numbers are used.

macro_rules! functions {
    ($type:ty: $($name:ident)*; $($name_of_two:ident)*) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name(x: $type) -> $type {
                libm::$name(x)
            }
        )*
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name_of_two(x: $type, y: $type) -> $type {
                libm::$name_of_two(x, y)
            }
        )*
    };
}

functions!(f64: exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh cbrt;
    pow hypot atan2);
functions!(f32: expf exp2f expm1f logf log2f log10f log1pf sinf cosf tanf asinf acosf atanf sinhf coshf tanhf asinhf
    acoshf atanhf cbrtf; powf hypotf atan2f);

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    #[test]
    fn the_standard_library_asks_for_these() {
        let same = |name: &str, std: f64, own: f64| {
            assert_eq!(std.to_bits(), own.to_bits(), "{name}: {std} {own}");
        };
        for step in 1..20_000 {
            let x = f64::from(step) * 1.000_37e-3;
            let y = black_box(x);
            same("exp", y.exp(), libm::exp(x));
            same("ln", y.ln(), libm::log(x));
            same("ln_1p", y.ln_1p(), libm::log1p(x));
            same("sin", y.sin(), libm::sin(x));
            same("cos", y.cos(), libm::cos(x));
            same("tanh", y.tanh(), libm::tanh(x));
            same("powf", y.powf(0.7), libm::pow(x, 0.7));
            let (x, y) = (x as f32, black_box(x as f32));
            let same = |name: &str, std: f32, own: f32| same(name, f64::from(std), f64::from(own));
            same("expf", y.exp(), libm::expf(x));
            same("lnf", y.ln(), libm::logf(x));
            same("ln_1pf", y.ln_1p(), libm::log1pf(x));
            same("sinf", y.sin(), libm::sinf(x));
            same("tanhf", y.tanh(), libm::tanhf(x));
            same("powff", y.powf(0.7), libm::powf(x, 0.7));
        }
    }
}
