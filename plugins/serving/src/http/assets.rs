//! Scripts and styles, from the binary.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ichflow_api::digest::sha256;

use super::problem::Problem;
use super::server::Server;

/// A file of the binary.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// All there are: one line a file.
const ASSETS: &[Asset] = &[
    Asset {
        name: "page.css",
        kind: STYLE,
        text: ichflow_pages::frame::STYLE,
    },
    Asset {
        name: "viewer.css",
        kind: STYLE,
        text: ichflow_pages::viewer::STYLE,
    },
    Asset {
        name: "viewer.js",
        kind: SCRIPT,
        text: ichflow_pages::viewer::SCRIPT,
    },
    Asset {
        name: "predict.css",
        kind: STYLE,
        text: include_str!("../pages/predict.css"),
    },
    Asset {
        name: "runs.css",
        kind: STYLE,
        text: include_str!("../pages/runs.css"),
    },
    Asset {
        name: "runs.js",
        kind: SCRIPT,
        text: include_str!("../pages/runs.js"),
    },
    Asset {
        name: "api.js",
        kind: SCRIPT,
        text: include_str!("../pages/api.js"),
    },
    Asset {
        name: "files.js",
        kind: SCRIPT,
        text: include_str!("../pages/files.js"),
    },
    Asset {
        name: "worklist.js",
        kind: SCRIPT,
        text: include_str!("../pages/worklist.js"),
    },
    Asset {
        name: "predict.js",
        kind: SCRIPT,
        text: include_str!("../pages/predict.js"),
    },
];

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/assets/{name}", get(asset))
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .ok_or_else(|| Problem::not_found("there is no such file in this program"))?;
    let tag = format!("\"{}\"", &sha256(asset.text.as_bytes())[..16]);
    // Asked for again with each page, and sent again only by another program.
    let own = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::CONTENT_TYPE, asset.kind.to_owned()),
    ];
    let has = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    if has.is_some_and(|has| {
        has.split(',')
            .any(|one| one.trim().trim_start_matches("W/") == tag)
    }) {
        return Ok((StatusCode::NOT_MODIFIED, own).into_response());
    }
    Ok((own, asset.text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_import_what_is_served() {
        for script in ASSETS.iter().filter(|asset| asset.kind == SCRIPT) {
            for import in script.text.split("from './").skip(1) {
                let name = import.split('\'').next().unwrap_or_default();
                assert!(
                    ASSETS.iter().any(|asset| asset.name == name),
                    "{} imports {name}",
                    script.name
                );
            }
        }
    }

    #[test]
    fn no_script_or_style_asks_another_host() {
        for asset in ASSETS {
            // The name of SVG's elements is no address.
            let text = asset.text.replace("http://www.w3.org/2000/svg", "");
            assert!(
                !text.contains("http://") && !text.contains("https://"),
                "{}",
                asset.name
            );
        }
    }
}
