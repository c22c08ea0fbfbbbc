//! `docs/windowing.md`: what it says of each scheme is the registry's documentation, and its pictures are what
//! `ichflow window` makes of one real slice.
//!
//! `UPDATE=1 cargo test --release --test it windowing_page` writes both anew; the pictures need the test data beside
//! the repository.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{ichflow, stderr};
use ichflow_api::registry::{Registration, Registry};
use ichflow_api::stage::Family;
use ichflow_windowing as _;

/// Between these lines the page is generated.
const BEGIN: &str = "<!-- schemes: written by tests/it/windowing_page.rs -->\n";
const END: &str = "<!-- end of schemes -->\n";

/// The slice of the pictures, of a series that may be redistributed (BSD 2-Clause).
const SERIES: &str = "../shared/data/dicom_corpus/head_ge_hispeed_tilt";
const SLICE: &str = "16";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn schemes() -> Vec<&'static Registration> {
    let registry = Registry::collect().unwrap();
    let mut schemes = registry.all();
    schemes.retain(|registration| registration.family == Family::Window);
    schemes
}

fn recipe(scheme: &Registration) -> String {
    format!("recipes/b0_{}.toml", scheme.name.replace('-', "_"))
}

/// The recipe's tables of the window family, and its variables, as they are written.
fn tables(text: &str) -> String {
    let schemes = schemes();
    let of_window = |block: &&str| {
        let of = |scheme: &&Registration| block.contains(&format!("use = \"{}\"", scheme.name));
        block.starts_with("[vars]") || block.starts_with('[') && schemes.iter().any(of)
    };
    let own: Vec<&str> = text.split("\n\n").filter(of_window).collect();
    own.join("\n\n").trim_end().to_owned()
}

fn written() -> String {
    let mut text = String::new();
    for scheme in schemes() {
        let recipe = recipe(scheme);
        let toml =
            fs::read_to_string(root().join(&recipe)).unwrap_or_else(|_| panic!("there is no {recipe}"));
        let schema = scheme.schema();
        let description = schema["description"].as_str().unwrap_or_default();
        writeln!(text, "### `{}`\n\n![{0}](images/windows/{0}.png)\n", scheme.name).unwrap();
        writeln!(text, "{description}\n").unwrap();
        writeln!(text, "```toml\n{}\n```\n", tables(&toml)).unwrap();
        writeln!(text, "[{recipe}](../{recipe}) trains on it.\n").unwrap();
    }
    text
}

fn draw(scheme: &Registration) {
    let series = root().join(SERIES);
    let recipe = root().join(recipe(scheme));
    let out = root().join(format!("docs/images/windows/{}.png", scheme.name));
    let output = ichflow(
        &root(),
        &[
            "window",
            &recipe.display().to_string(),
            &series.display().to_string(),
            &format!("--slice={SLICE}"),
            "--tile=176",
            &format!("--out={}", out.display()),
        ],
    );
    assert!(output.status.success(), "{}: {}", scheme.name, stderr(&output));
}

#[test]
fn the_page_is_what_the_registry_says() {
    let path = root().join("docs/windowing.md");
    let page = fs::read_to_string(&path).unwrap();
    let (head, rest) = page
        .split_once(BEGIN)
        .expect("the page has the line that begins the schemes");
    let (_, tail) = rest
        .split_once(END)
        .expect("the page has the line that ends the schemes");
    let anew = format!("{head}{BEGIN}\n{}{END}{tail}", written());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, anew).unwrap();
        fs::create_dir_all(root().join("docs/images/windows")).unwrap();
        if root().join(SERIES).is_dir() {
            schemes().into_iter().for_each(draw);
        } else {
            println!("pictures skipped: {SERIES} is not there");
        }
        return;
    }
    assert!(
        page == anew,
        "docs/windowing.md is not what the schemes' documentation says; write it anew with \
         UPDATE=1 cargo test --release --test it windowing_page"
    );
    for scheme in schemes() {
        let picture = format!("docs/images/windows/{}.png", scheme.name);
        assert!(root().join(&picture).is_file(), "{picture} is missing");
    }
}
