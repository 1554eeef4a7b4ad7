//! What customers have sent: pictures are shown in the conversation, other files are given to be kept. They stay where the
//! messenger has them, and are read when somebody looks.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Extension,
    extract::{Path, State},
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue},
    response::{IntoResponse, Response},
};
use tracing::info;
use voronka_core::{
    ids::{AccountId, ConversationId, PartnerId},
    message::{Content, ConversationKey, MediaKind},
    ports::{DownloadError, PictureKind},
    rows::{Author, MessageRow},
};
use voronka_engine::Engine;

use super::super::{House, admit::Visit, page::Problem};

/// Longest name that a file is kept under, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Who reads them: the engine, through the account that they came by.
#[async_trait]
pub(crate) trait Files: Send + Sync {
    /// The file of this handle.
    async fn read(&self, partner: &PartnerId, account: &AccountId, handle: &str) -> Result<Vec<u8>, DownloadError>;
}

#[async_trait]
impl Files for Engine {
    async fn read(&self, partner: &PartnerId, account: &AccountId, handle: &str) -> Result<Vec<u8>, DownloadError> {
        let served = self.served(partner).ok_or_else(|| DownloadError::Unavailable("nobody is served".into()))?;
        served.download(account, handle).await
    }
}

/// A file in a message.
pub(super) struct Attached {
    handle: String,
    name: Option<String>,
    /// It is shown, not only given.
    pub(super) is_picture: bool,
}

impl Attached {
    /// The file of a customer's message.
    pub(super) fn of(row: &MessageRow) -> Option<Self> {
        if row.author != Author::Customer {
            return None;
        }
        match serde_json::from_str(&row.body) {
            Ok(Content::Media { kind, file, name, .. }) if kind != MediaKind::Sticker => {
                Some(Self { handle: file, name, is_picture: kind == MediaKind::Photo })
            }
            _ => None,
        }
    }
}

/// A file of a conversation of this partner.
pub(in super::super) async fn file(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id, seq)): Path<(String, String, i64)>,
) -> Result<Response, Problem> {
    let conversation: ConversationId = id.parse().map_err(|_| Problem::NotFound)?;
    let key = ConversationKey { partner: visit.partner.id.clone(), conversation };
    let directory = &house.admin.directory;
    let view = directory.conversation(&key, 1).await?.ok_or(Problem::NotFound)?;
    let rows = directory.messages(&key, seq.saturating_sub(1), 1).await?;
    let row = rows.iter().find(|row| row.seq == seq).ok_or(Problem::NotFound)?;
    let attached = Attached::of(row).ok_or(Problem::NotFound)?;
    let _place = house.reading.acquire().await.map_err(|_| Problem::Failed)?;
    match house.admin.files.read(&key.partner, &view.card.account, &attached.handle).await {
        Ok(bytes) => given(bytes, attached.name.as_deref()),
        Err(DownloadError::Gone | DownloadError::TooLarge) => Err(Problem::NotFound),
        Err(error @ DownloadError::Unavailable(_)) => {
            info!(partner = %key.partner, account = %view.card.account, %error, "a file could not be read");
            Err(Problem::Busy)
        }
    }
}

/// What a browser cannot run is shown; all else is kept, whatever it calls itself.
fn given(bytes: Vec<u8>, name: Option<&str>) -> Result<Response, Problem> {
    if let Some(picture) = PictureKind::of(&bytes) {
        let headers = [(CONTENT_TYPE, picture.mime()), (CONTENT_DISPOSITION, "inline")];
        return Ok((headers, bytes).into_response());
    }
    let kept_as = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{}", written(name.unwrap_or("file"))));
    let kept_as = kept_as.map_err(|_| Problem::Failed)?;
    let kind = HeaderValue::from_static("application/octet-stream");
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, kept_as)], bytes).into_response())
}

/// A file's name as RFC 8187 writes it, without folders.
fn written(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    percent_encoding::utf8_percent_encode(&clean, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%2E", ".")
}
