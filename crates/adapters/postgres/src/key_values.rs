use async_trait::async_trait;
use tokio_postgres::Row;
use voronka_core::{
    ids::PartnerId,
    ports::{ADJUSTED, KeyValues, SECRETS, StoreError},
};

use crate::{
    PostgresStore,
    problem::Problem,
    session::{Posting, of_partner, statement},
    sql,
    values::{get, text},
    writer::{Desk, Errand},
};

#[async_trait]
impl KeyValues for PostgresStore {
    async fn value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<Option<String>, StoreError> {
        let of = of_partner(sql::VALUE, partner).bind(kind).bind(text(key));
        Ok(self.read(partner, of, |row| get(row, 0)).await?.pop())
    }

    async fn keep_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let keep = KeepValue { partner: partner.clone(), kind, key: text(key), value: text(value) };
        Ok(self.writer.alone(keep).await?)
    }

    async fn replace_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        before: Option<&str>,
        value: &str,
    ) -> Result<bool, StoreError> {
        let (before, value) = (before.map(text), text(value));
        Ok(self.writer.alone(ReplaceValue { partner: partner.clone(), kind, key: text(key), before, value }).await?)
    }

    async fn values(&self, partner: &PartnerId, kind: &'static str) -> Result<Vec<(String, String)>, StoreError> {
        let of = of_partner(sql::VALUES_OF, partner).bind(kind);
        Ok(self.read(partner, of, |row| Ok((get(row, 0)?, get(row, 1)?))).await?)
    }

    async fn drop_value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<bool, StoreError> {
        Ok(self.writer.alone(DropValue { partner: partner.clone(), kind, key: text(key) }).await?)
    }

    async fn holders(&self, kind: &'static str) -> Result<Vec<PartnerId>, StoreError> {
        let reading = self.readers.reading_of_all().await?;
        let partner = |row: &Row| {
            let partner: String = get(row, 0)?;
            PartnerId::parse(&partner).map_err(|_| Problem::Unreadable("partner"))
        };
        let found = reading.session().all(statement(sql::VALUE_HOLDERS).bind(kind), partner).await?;
        reading.end();
        Ok(found)
    }
}

struct KeepValue {
    partner: PartnerId,
    kind: &'static str,
    key: String,
    value: String,
}

#[async_trait]
impl Errand for KeepValue {
    type Answer = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Problem> {
        desk.serve(&self.partner, Posting::No).await?;
        let row = of_partner(sql::VALUE_SET, &self.partner);
        desk.session.run(row.bind(self.kind).bind(self.key.clone()).bind(self.value.clone())).await?;
        has_changed(desk, &self.partner, self.kind).await
    }
}

/// Processes that have read a partner's secrets, or what its team has set, read them again.
async fn has_changed(desk: &mut Desk<'_>, partner: &PartnerId, kind: &str) -> Result<(), Problem> {
    let next = match kind {
        SECRETS => sql::SECRETS_NEXT,
        ADJUSTED => sql::SETTINGS_NEXT,
        _ => return Ok(()),
    };
    desk.session.run(of_partner(next, partner)).await?;
    Ok(())
}

struct ReplaceValue {
    partner: PartnerId,
    kind: &'static str,
    key: String,
    before: Option<String>,
    value: String,
}

#[async_trait]
impl Errand for ReplaceValue {
    type Answer = bool;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<bool, Problem> {
        desk.serve(&self.partner, Posting::No).await?;
        let of = |sql| of_partner(sql, &self.partner).bind(self.kind).bind(self.key.clone());
        let row = match &self.before {
            Some(before) => of(sql::VALUE_REPLACE).bind(before.clone()),
            None => of(sql::VALUE_FIRST),
        };
        let is_replaced = desk.session.run(row.bind(self.value.clone())).await? > 0;
        // A secret that is replaced means the same.
        if is_replaced && self.kind != SECRETS {
            has_changed(desk, &self.partner, self.kind).await?;
        }
        Ok(is_replaced)
    }
}

struct DropValue {
    partner: PartnerId,
    kind: &'static str,
    key: String,
}

#[async_trait]
impl Errand for DropValue {
    type Answer = bool;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<bool, Problem> {
        desk.serve(&self.partner, Posting::No).await?;
        let row = of_partner(sql::VALUE_DROP, &self.partner).bind(self.kind).bind(self.key.clone());
        let was_there = desk.session.run(row).await? > 0;
        if was_there {
            has_changed(desk, &self.partner, self.kind).await?;
        }
        Ok(was_there)
    }
}
