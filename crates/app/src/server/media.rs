//! Pictures of partners, for the pages of our own origin: `/media/<partner>/<path in its folder>?v=<version>`.
//!
//! What may be asked for is known beforehand ([`Pictures`]): no path of a request is ever taken to the disk.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use tokio::sync::Semaphore;
use voronka_core::ports::Picture;

use super::Doors;

/// What the addresses of pictures begin with.
pub(crate) const MEDIA: &str = "/media";

/// Pictures that are read from disk at a time; who comes meanwhile waits.
const READ_AT_ONCE_MAX: usize = 4;
/// An address that names its version shows the same for ever.
const KEPT: &str = "public, max-age=31536000, immutable";
/// One that does not must be asked for again, which costs a few bytes.
const ASKED_AGAIN: &str = "public, no-cache";
/// Nothing runs in a picture, whatever a browser takes it for.
const POLICY: &str = "default-src 'none'; sandbox";

struct Media {
    doors: Arc<Doors>,
    reading: Semaphore,
}

#[derive(Deserialize)]
struct Asked {
    /// The version that the page was told.
    v: Option<String>,
}

/// The route of all partners' pictures.
pub(super) fn routes(doors: Arc<Doors>) -> Router {
    let media = Media { doors, reading: Semaphore::new(READ_AT_ONCE_MAX) };
    Router::new().route(&format!("{MEDIA}/{{partner}}/{{*path}}"), get(picture)).with_state(Arc::new(media))
}

async fn picture(
    State(media): State<Arc<Media>>,
    Path((partner, path)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let mut response = match find(&media, &partner, &path).await {
        Some(picture) => show(picture, asked.v.as_deref(), &headers),
        None => (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")]).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    response
}

async fn find(media: &Media, partner: &str, path: &str) -> Option<Picture> {
    let _turn = media.reading.acquire().await.ok()?;
    media.doors.picture(partner, path).await
}

fn show(picture: Picture, asked: Option<&str>, headers: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", picture.version);
    let cache = if asked == Some(&*picture.version) { KEPT } else { ASKED_AGAIN };
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = [(header::CONTENT_TYPE, picture.kind.mime())];
        (kind, Body::from(Bytes::from_owner(picture.bytes))).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(etag) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::{body::to_bytes, http::Request};
    use tower::ServiceExt;
    use voronka_core::{
        ids::PartnerId,
        ports::Pictures,
        spec::partner::{PartnerFiles, PartnerSpec},
    };
    use voronka_files::Photos;

    use super::{super::doors::Partner, *};

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n a picture";

    struct Site {
        folder: tempfile::TempDir,
        routes: Router,
    }

    struct Reply {
        status: StatusCode,
        headers: HeaderMap,
        body: Vec<u8>,
    }

    impl Reply {
        fn header(&self, name: &str) -> &str {
            self.headers.get(name).map_or("", |value| value.to_str().unwrap())
        }
    }

    impl Site {
        /// A partner whose catalogue names these pictures; the first is there.
        fn new(photos: &[&str]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir(folder.path().join("photos")).unwrap();
            std::fs::write(folder.path().join("config.yaml"), PNG).unwrap();
            std::fs::write(folder.path().join(photos[0]), PNG).unwrap();
            let rows: Vec<String> = (0..photos.len()).map(|n| format!("p{n};Торт {n};100\n")).collect();
            let files = PartnerFiles::from([
                ("config.yaml".into(), "name: Корица\naccounts: {web: {}}\n".into()),
                ("catalogue.csv".into(), format!("id;name;price\n{}", rows.concat()).into_bytes()),
            ]);
            let id = PartnerId::parse("korica").unwrap();
            let mut spec = PartnerSpec::parse(id.clone(), &files).spec.unwrap();
            // Past the check, which would refuse what lies elsewhere: this must hold without it.
            for (product, photo) in spec.catalogue.products.iter_mut().zip(photos) {
                product.photo = Some((*photo).to_owned());
            }
            let pictures: Arc<dyn Pictures> = Arc::new(Photos::of(folder.path(), &spec).unwrap());
            let (doors, partner) =
                (Arc::new(Doors::default()), Partner { pictures: Some(pictures), ..Partner::default() });
            doors.put(&id, partner, &[]);
            Self { folder, routes: routes(doors) }
        }

        async fn ask(&self, path: &str, known: Option<&str>) -> Reply {
            let mut request = Request::get(path);
            if let Some(known) = known {
                request = request.header(header::IF_NONE_MATCH, known);
            }
            let response = self.routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            let (head, body) = response.into_parts();
            let body = to_bytes(body, 1 << 24).await.unwrap().to_vec();
            Reply { status: head.status, headers: head.headers, body }
        }
    }

    #[tokio::test]
    async fn a_picture_is_shown_by_its_bytes_and_kept_by_its_version() {
        // Its name lies: the bytes say what it is.
        let site = Site::new(&["photos/tort.jpg"]);
        let first = site.ask("/media/korica/photos/tort.jpg", None).await;
        assert_eq!((first.status, first.header("content-type"), &*first.body), (StatusCode::OK, "image/png", PNG));
        assert_eq!(first.header("x-content-type-options"), "nosniff");
        assert_eq!(first.header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(first.header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(first.header("cache-control"), ASKED_AGAIN);
        let etag = first.header("etag").to_owned();
        let named = format!("/media/korica/photos/tort.jpg?v={}", etag.trim_matches('"'));
        assert_eq!(site.ask(&named, None).await.header("cache-control"), KEPT);
        let again = site.ask(&named, Some(&etag)).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
        std::fs::write(site.folder.path().join("photos/tort.jpg"), [PNG, b" replaced"].concat()).unwrap();
        let changed = site.ask(&named, Some(&etag)).await;
        assert_eq!((changed.status, changed.header("cache-control")), (StatusCode::OK, ASKED_AGAIN));
    }

    #[tokio::test]
    async fn s32_a_page_that_is_called_a_picture_is_not_found() {
        let site = Site::new(&["photos/tort.jpg"]);
        std::fs::write(site.folder.path().join("photos/tort.jpg"), "<script>alert(1)</script>").unwrap();
        let reply = site.ask("/media/korica/photos/tort.jpg", None).await;
        assert_eq!((reply.status, reply.body.len(), reply.header("content-type")), (StatusCode::NOT_FOUND, 0, ""));
    }

    #[tokio::test]
    async fn s35_no_path_leaves_the_pictures() {
        let site = Site::new(&["photos/tort.jpg", "config.yaml", "photos/../config.yaml"]);
        for path in [
            "/media/korica/config.yaml",
            "/media/korica/photos/../config.yaml",
            "/media/korica/photos/%2e%2e/config.yaml",
            "/media/korica/photos%2f..%2fconfig.yaml",
            "/media/korica/photos/..%5cconfig.yaml",
            "/media/korica//etc/passwd",
            "/media/korica/photos/tort.jpg%00",
            "/media/korica/photos/",
            "/media/korica/.env",
            "/media/drugoj/photos/tort.jpg",
            "/media/../korica/photos/tort.jpg",
        ] {
            let reply = site.ask(path, None).await;
            assert_eq!((reply.status, reply.body.len()), (StatusCode::NOT_FOUND, 0), "{path}");
        }
        assert_eq!(site.ask("/media/korica/photos%2Ftort.jpg", None).await.status, StatusCode::OK);
    }
}
