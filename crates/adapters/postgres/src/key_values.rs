use async_trait::async_trait;
use voronka_core::{
    ids::PartnerId,
    ports::{KeyValues, StoreError},
};

use crate::{
    PostgresStore,
    problem::Problem,
    session::of_partner,
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
        desk.serve(&self.partner).await?;
        let row = of_partner(sql::VALUE_SET, &self.partner);
        desk.session.run(row.bind(self.kind).bind(self.key.clone()).bind(self.value.clone())).await?;
        Ok(())
    }
}
