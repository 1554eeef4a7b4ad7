//! A bot in a service of one's own: SQLite, Telegram by polling, and any model that speaks OpenAI's protocol.
//!
//! ```sh
//! TELEGRAM_TOKEN=… MODEL_URL=http://localhost:11434/v1 MODEL_NAME=qwen3:8b cargo run --example own_bot -- partners/korica
//! ```
//! The folder is a partner's; of its accounts the one named `telegram` is served. `MODEL_KEY` is for models that want one.

use std::{env, path::Path, sync::Arc, time::Duration};

use secrecy::SecretString;
use voronka_core::{
    ids::{AccountId, PartnerId},
    ports::{Clock, Poller},
    spec::partner::PartnerSpec,
};
use voronka_engine::{Engine, Partner, SystemClock};
use voronka_openai::{OpenAi, OpenAiConfig};
use voronka_sqlite::SqliteStore;
use voronka_telegram::{Telegram, TelegramConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = env::args().nth(1).ok_or("a partner's folder is needed")?;
    let name = Path::new(&folder).file_name().and_then(|name| name.to_str()).ok_or("the folder has no name")?;
    let partner = PartnerId::parse(name)?;
    let spec = PartnerSpec::parse(partner.clone(), &voronka_files::read(Path::new(&folder))?).spec;
    let spec = spec.ok_or("voronka check tells what is wrong with the files")?;

    // The ports. Each is a trait: put your own database, messenger or model in the place of any.
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Arc::new(SqliteStore::open("voronka.db")?);
    let account = AccountId::parse("telegram")?;
    let token = SecretString::from(env::var("TELEGRAM_TOKEN")?);
    let telegram = Telegram::new(TelegramConfig::new(partner, account.clone(), token))?;
    let key = env::var("MODEL_KEY").ok().map(SecretString::from);
    let model = OpenAi::new(OpenAiConfig::new(env::var("MODEL_URL")?.parse()?, key, env::var("MODEL_NAME")?))?;

    let served = Partner::new(Arc::new(spec)).channel(account, Arc::new(telegram.clone())).model(Arc::new(model));
    let engine = Engine::new(store, Arc::clone(&clock)).partner(served);

    let listening = async {
        telegram.begin_polling(None).await?;
        let poller = telegram.poller(clock);
        loop {
            // An update is told to Telegram as taken when it is in the database.
            if let Err(error) = poller.poll(&engine).await {
                tracing::warn!(%error, "no updates");
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
        }
    };
    engine.start().await?;
    let ended: Result<(), voronka_core::ports::PollError> = tokio::select! {
        ended = listening => ended,
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    // Turns and sends under way may end.
    engine.stop().await;
    Ok(ended?)
}
