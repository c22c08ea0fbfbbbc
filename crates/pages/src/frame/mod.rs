//! The frame: what every page has around what it says.

mod policy;

use askama::Template;

pub use policy::{SERVED, hash};

/// The style sheet of every page.
pub const STYLE: &str = include_str!("style.css");

/// A page: a title, what it says, and where its styles and scripts are.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The title of its window.
    pub title: &'a str,
    /// The first link, by which a keyboard gets past the header: "Skip to the report".
    pub skip: &'a str,
    /// Its `<header>` and its `<main id="main">`, as HTML: whoever made it has escaped what is quoted there.
    pub body: &'a str,
    /// Its styles and scripts.
    pub assets: Assets<'a>,
}

/// Styles and scripts of a page.
#[derive(Clone, Copy, Debug)]
pub enum Assets<'a> {
    /// Inside the page, which is one file and fetches nothing. Its policy lets these scripts run, by their hashes, and
    /// no others; [`STYLE`] comes first by itself.
    Inline {
        /// Style sheets beside [`STYLE`].
        styles: &'a [&'a str],
        /// Scripts. They are modules: they run once the page is read, and see none of one another's names.
        scripts: &'a [&'a str],
    },
    /// By address. The page's policy is a header of its answer, see [`SERVED`].
    Linked {
        /// Addresses of style sheets, that of [`STYLE`] among them.
        styles: &'a [&'a str],
        /// Addresses of modules.
        scripts: &'a [&'a str],
    },
}

#[derive(Template)]
#[template(path = "frame/frame.html")]
struct Page<'a> {
    policy: String,
    title: &'a str,
    skip: &'a str,
    head: String,
    body: &'a str,
    scripts: String,
}

impl Frame<'_> {
    /// The whole page.
    ///
    /// # Errors
    /// None that is known: writing into a text does not fail.
    pub fn html(&self) -> Result<String, askama::Error> {
        let page = Page {
            policy: match self.assets {
                Assets::Inline { scripts, .. } => policy::inline(scripts),
                Assets::Linked { .. } => String::new(),
            },
            title: self.title,
            skip: self.skip,
            head: self.assets.head(),
            body: self.body.trim_end(),
            scripts: self.assets.scripts(),
        };
        page.render()
    }
}

impl Assets<'_> {
    fn head(&self) -> String {
        match self {
            Self::Inline { styles, .. } => {
                let sheets = std::iter::once(&STYLE).chain(*styles);
                let sheets: Vec<&str> = sheets.map(|sheet| sheet.trim_end()).collect();
                format!("<style>\n{}\n</style>\n", sheets.join("\n"))
            }
            Self::Linked { styles, .. } => {
                // No icon: browsers would ask the server for one, and tell of the answer that there is none.
                let icon = "<link rel=\"icon\" href=\"data:,\">\n".to_owned();
                styles.iter().fold(icon, |head, address| {
                    head + &format!("<link rel=\"stylesheet\" href=\"{address}\">\n")
                })
            }
        }
    }

    fn scripts(&self) -> String {
        match self {
            Self::Inline { scripts, .. } => scripts
                .iter()
                .map(|script| format!("<script type=\"module\">{script}</script>\n"))
                .collect(),
            Self::Linked { scripts, .. } => scripts
                .iter()
                .map(|address| format!("<script type=\"module\" src=\"{address}\"></script>\n"))
                .collect(),
        }
    }
}

/// A value as JSON for a `<script type="application/json">`, in which nothing can end that element.
///
/// # Errors
/// Where the value cannot be written as JSON.
pub fn json_for_page(value: &impl serde::Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string(value)?.replace('<', "\\u003c"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(assets: Assets<'_>) -> String {
        let frame = Frame {
            title: "A <title>",
            skip: "Skip to the report",
            body: "<header><h1>Title</h1></header>\n<main id=\"main\"></main>\n",
            assets,
        };
        frame.html().unwrap()
    }

    #[test]
    fn every_page_is_for_research_only_and_escapes_its_title() {
        for assets in [
            Assets::Inline {
                styles: &[],
                scripts: &[],
            },
            Assets::Linked {
                styles: &[],
                scripts: &[],
            },
        ] {
            let html = page(assets);
            assert!(html.contains("Research software: not a medical device"), "{html}");
            assert!(html.contains("<title>A &#60;title&#62;</title>"), "{html}");
        }
    }

    #[test]
    fn scripts_inside_a_page_are_allowed_by_their_hashes_alone() {
        let html = page(Assets::Inline {
            styles: &[".own {}"],
            scripts: &["run();"],
        });
        assert!(html.contains(".own {}\n</style>"), "{html}");
        assert!(html.contains("<script type=\"module\">run();</script>"), "{html}");
        let policy = format!("script-src '{}'", hash("run();"));
        assert!(html.contains(&policy), "{html}");
        assert!(
            !page(Assets::Inline {
                styles: &[],
                scripts: &[]
            })
            .contains("script-src")
        );
    }

    #[test]
    fn a_served_page_holds_neither_style_nor_script() {
        let html = page(Assets::Linked {
            styles: &["/assets/page.css"],
            scripts: &["/assets/page.js"],
        });
        assert!(
            !html.contains("<style>") && !html.contains("Content-Security-Policy"),
            "{html}"
        );
        assert!(
            html.contains("<link rel=\"stylesheet\" href=\"/assets/page.css\">"),
            "{html}"
        );
        assert!(
            html.contains("<script type=\"module\" src=\"/assets/page.js\"></script>"),
            "{html}"
        );
    }

    #[test]
    fn json_cannot_end_its_element() {
        assert_eq!(json_for_page(&"</script>").unwrap(), "\"\\u003c/script>\"");
    }
}
