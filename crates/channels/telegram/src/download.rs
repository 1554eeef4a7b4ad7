//! Files that people have sent, read by Telegram's handle: `getFile` tells a path, which leads to the bytes for an hour.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use voronka_core::ports::{DownloadError, FILE_BYTES_MAX};

use crate::{CallError, Telegram, client::Method};

/// How long the bytes may take.
const DOWNLOAD_MAX: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct GetFile<'a> {
    file_id: &'a str,
}

#[derive(Deserialize)]
struct File {
    file_path: Option<String>,
    file_size: Option<usize>,
}

impl Telegram {
    pub(crate) async fn read_file(&self, handle: &str) -> Result<Vec<u8>, DownloadError> {
        let (client, timeout) = (&self.inner.client, self.inner.config.timeouts.send);
        let file: File = client
            .ask(Method::GetFile, &GetFile { file_id: handle }, timeout)
            .await
            .map_err(|error| failure(&error))?;
        if file.file_size.is_some_and(|size| size > FILE_BYTES_MAX) {
            return Err(DownloadError::TooLarge);
        }
        client.file(&file.file_path.ok_or(DownloadError::Gone)?, DOWNLOAD_MAX).await
    }
}

fn failure(error: &CallError) -> DownloadError {
    match error.code() {
        Some(400) if error.says("file is too big") => DownloadError::TooLarge,
        Some(400 | 404) => DownloadError::Gone,
        Some(_) | None => DownloadError::Unavailable(error.to_string()),
    }
}
