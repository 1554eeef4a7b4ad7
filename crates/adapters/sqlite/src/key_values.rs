use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use voronka_core::{
    ids::PartnerId,
    ports::{KeyValues, StoreError},
};

use crate::{AuditAnchor, SqliteStore, problem::Problem, sql};

#[async_trait]
impl KeyValues for SqliteStore {
    async fn value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.read(|connection| {
            let mut statement = connection.prepare_cached(sql::VALUE)?;
            Ok(statement.query_row(params![partner.as_str(), kind, key], |row| row.get(0)).optional()?)
        })?)
    }

    async fn keep_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let bytes = key.len() + value.len();
        let (partner, key, value) = (partner.clone(), key.to_owned(), value.to_owned());
        let write = move |pen: &crate::writer::Pen<'_>| {
            pen.prepare_cached(sql::VALUE_SET)?.execute(params![partner.as_str(), kind, key, value])?;
            Ok(())
        };
        Ok(self.writer.call(bytes, write).await?)
    }

    async fn replace_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        before: Option<&str>,
        value: &str,
    ) -> Result<bool, StoreError> {
        let bytes = key.len() + value.len();
        let before = before.map(ToOwned::to_owned);
        let (partner, key, value) = (partner.clone(), key.to_owned(), value.to_owned());
        let write = move |pen: &crate::writer::Pen<'_>| {
            let of = partner.as_str();
            let rows = match &before {
                Some(before) => {
                    pen.prepare_cached(sql::VALUE_REPLACE)?.execute(params![of, kind, key, before, value])?
                }
                None => pen.prepare_cached(sql::VALUE_FIRST)?.execute(params![of, kind, key, value])?,
            };
            Ok(rows > 0)
        };
        Ok(self.writer.call(bytes, write).await?)
    }

    async fn values(&self, partner: &PartnerId, kind: &'static str) -> Result<Vec<(String, String)>, StoreError> {
        Ok(self.read(|connection| values(connection, partner, kind))?)
    }

    async fn drop_value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<bool, StoreError> {
        let (partner, key) = (partner.clone(), key.to_owned());
        let write = move |pen: &crate::writer::Pen<'_>| {
            Ok(pen.prepare_cached(sql::VALUE_DROP)?.execute(params![partner.as_str(), kind, key])? > 0)
        };
        Ok(self.writer.call(64, write).await?)
    }

    async fn holders(&self, kind: &'static str) -> Result<Vec<PartnerId>, StoreError> {
        Ok(self.read(|connection| {
            let mut statement = connection.prepare_cached(sql::VALUE_HOLDERS)?;
            let partners = statement.query_map([kind], |row| row.get::<_, String>(0))?;
            partners.map(|partner| PartnerId::parse(&partner?).map_err(|_| Problem::Unreadable("partner"))).collect()
        })?)
    }
}

pub(crate) fn values(
    connection: &Connection,
    partner: &PartnerId,
    kind: &str,
) -> Result<Vec<(String, String)>, Problem> {
    let mut statement = connection.prepare_cached(sql::VALUES_OF)?;
    let rows = statement.query_map(params![partner.as_str(), kind], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl SqliteStore {
    /// Where the audit of the owner's pages stood when that was kept last.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn audit_anchor(&self) -> Result<Option<AuditAnchor>, StoreError> {
        Ok(self.read(audit_anchor)?)
    }

    /// Keeps where the audit stands; one that is behind what is kept already changes nothing.
    ///
    /// # Errors
    /// As of any write.
    pub async fn keep_audit_anchor(&self, anchor: AuditAnchor) -> Result<(), StoreError> {
        let write = move |pen: &crate::writer::Pen<'_>| {
            pen.prepare_cached(sql::AUDIT_ANCHOR_SET)?.execute(params![anchor.seq, anchor.mark])?;
            Ok(())
        };
        Ok(self.writer.call(64, write).await?)
    }
}

pub(crate) fn audit_anchor(connection: &Connection) -> Result<Option<AuditAnchor>, Problem> {
    let read = |row: &rusqlite::Row<'_>| Ok(AuditAnchor { seq: row.get(0)?, mark: row.get(1)? });
    Ok(connection.query_row(sql::AUDIT_ANCHOR, [], read).optional()?)
}
