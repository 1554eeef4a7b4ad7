//! The style sheet and the scripts, built in. Their addresses carry a hash of their content, so that they may be kept for ever.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::{BASE, page::Problem};

const STYLE: &str = include_str!("../../assets/admin/admin.css");
const SCRIPT: &str = include_str!("../../assets/admin/admin.js");
const HTMX: &str = include_str!("../../assets/admin/htmx-2.0.11.min.js");

struct Asset {
    name: &'static str,
    kind: &'static str,
    body: &'static str,
}

const ASSETS: [Asset; 3] = [
    Asset { name: "admin.css", kind: "text/css; charset=utf-8", body: STYLE },
    Asset { name: "admin.js", kind: "text/javascript; charset=utf-8", body: SCRIPT },
    Asset { name: "htmx.js", kind: "text/javascript; charset=utf-8", body: HTMX },
];

static ADDRESSES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let address = |asset: &Asset| {
        let hash = hex::encode(&Sha256::digest(asset.body)[..6]);
        format!("{BASE}/.assets/{}?v={hash}", asset.name)
    };
    ASSETS.iter().map(address).collect()
});

/// Where an asset is.
pub(super) fn address(name: &str) -> &'static str {
    let at = ASSETS.iter().position(|asset| asset.name == name);
    at.and_then(|at| ADDRESSES.get(at)).map_or("", String::as_str)
}

pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or(Problem::NotFound)?;
    let headers = [(CONTENT_TYPE, asset.kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, asset.body).into_response())
}
