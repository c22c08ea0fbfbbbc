//! Schemes that are looked up on the CPU give what they compute, to the last bit.

use ichflow_api::context::Context;
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use ichflow_api::testkit;
use ichflow_windowing as _;

/// Two slices that hold every value a pixel can have.
fn every_value() -> Vec<i16> {
    let all = (0..=u16::MAX).map(u16::cast_signed);
    all.clone().chain(all.rev()).collect()
}

fn window(recipe: &str, home: &std::path::Path) -> Window {
    let mut params: toml::Table = toml::from_str(recipe).unwrap();
    let name = params.remove("use").unwrap();
    let registration = Registry::collect().unwrap().find(name.as_str().unwrap()).unwrap();
    let stage = registration.build(params).unwrap();
    let run = testkit::run_context(home);
    let context = Context::new(&run, "window", registration.name, "key");
    let mut outputs = stage.run(&Inputs::default(), &context).unwrap();
    (*outputs.take(output::WINDOW).unwrap()).clone()
}

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

#[test]
fn a_table_says_what_the_scheme_computes() {
    let home = tempfile::tempdir().unwrap();
    let tags = vec![SliceTags::default(); 2];
    let looked_up = HuBatch::upload(every_value(), 256, 256, tags.clone(), &Device::flex());
    // The same values, as a tensor: nothing to look up.
    let computed = HuBatch::new(looked_up.hu(), tags);
    let pointwise = [
        "use = \"bsb\"",
        "use = \"linear\"\nwindows = [\"brain\", \"stroke\", \"bone\"]",
        "use = \"all-channels\"",
        "use = \"exclusive\"",
        "use = \"frequency-histogram\"\nbreaks = [-1000, 0, 35, 80, 2000]",
        "use = \"to-3-channels\"\nbreaks = [-1000, 0, 35, 80, 2000]",
        "use = \"formula\"\nchannels = [\"linear(40, 80)\", \"exp(-((hu - 65) / 15) ^ 2)\", \"sigmoid(40, 80)\"]",
    ];
    for recipe in pointwise {
        let window = window(recipe, home.path());
        assert!(window.pointwise(), "{recipe}");
        let (one, other) = (values(window.apply(&looked_up)), values(window.apply(&computed)));
        assert_eq!(one.len(), window.channels() * 2 * 65_536, "{recipe}");
        // Fitted greys of whole HU come from a table of their own, those of fractions are interpolated.
        let allowed = if recipe.contains("breaks") { 1e-6 } else { 0.0 };
        for (one, other) in one.iter().zip(&other) {
            assert!((one - other).abs() <= allowed, "{recipe}: {one} is not {other}");
        }
    }
}

#[test]
fn what_looks_at_the_slice_is_not_looked_up() {
    let home = tempfile::tempdir().unwrap();
    for recipe in [
        "use = \"metadata\"",
        "use = \"sigmoid\"",
        "use = \"gradient-sigmoid\"",
        "use = \"formula\"\nchannels = [\"minmax(hu)\"]",
        "use = \"formula\"\nchannels = [\"linear(center, width)\"]",
        "use = \"learned\"\nwindows = [\"brain\"]",
    ] {
        assert!(!window(recipe, home.path()).pointwise(), "{recipe}");
    }
}
