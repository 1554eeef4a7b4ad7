//! A usual teloxide bot: webhook by axum, SQLite by sqlx, answers by an LLM.
//!
//! Environment: BOT_TOKEN, BOT_API, WEBHOOK_SECRET, PORT, DATABASE_URL, OPENAI_API_KEY, OPENAI_BASE_URL.

use std::{env, error::Error, net::SocketAddr, str::FromStr};

use async_openai::{
    Client,
    config::OpenAIConfig,
    types::chat::{
        ChatCompletionRequestAssistantMessageArgs, ChatCompletionRequestMessage,
        ChatCompletionRequestSystemMessageArgs, ChatCompletionRequestUserMessageArgs, CreateChatCompletionRequestArgs,
    },
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool};
use teloxide::{prelude::*, update_listeners::webhooks};

type HandlerResult = Result<(), Box<dyn Error + Send + Sync>>;

const PROMPT: &str = "Вы консультант кондитерской. Отвечайте кратко и вежливо.";
const HISTORY: i64 = 10;

#[tokio::main]
async fn main() -> HandlerResult {
    pretty_env_logger::init();
    let options = SqliteConnectOptions::from_str(&env::var("DATABASE_URL")?)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePool::connect_with(options).await?;
    create_tables(&pool).await?;
    let llm = Client::with_config(OpenAIConfig::default().with_api_base(env::var("OPENAI_BASE_URL")?));

    let bot = Bot::new(env::var("BOT_TOKEN")?).set_api_url(env::var("BOT_API")?.parse()?);
    let address = SocketAddr::from(([127, 0, 0, 1], env::var("PORT")?.parse()?));
    let url = format!("http://{address}/webhook").parse()?;
    let options = webhooks::Options::new(address, url).secret_token(env::var("WEBHOOK_SECRET")?);
    let listener = webhooks::axum(bot.clone(), options).await?;

    let handler =
        Update::filter_message().filter_map(|message: Message| message.text().map(String::from)).endpoint(answer);
    Dispatcher::builder(bot, handler)
        .dependencies(dptree::deps![pool, llm])
        .enable_ctrlc_handler()
        .build()
        .dispatch_with_listener(listener, LoggingErrorHandler::with_custom_text("The listener failed"))
        .await;
    Ok(())
}

/// One message of a customer. teloxide runs one handler at a time for a chat.
async fn answer(
    bot: Bot,
    message: Message,
    text: String,
    pool: SqlitePool,
    llm: Client<OpenAIConfig>,
) -> HandlerResult {
    let chat = message.chat.id;
    store(&pool, chat, "user", &text).await?;
    let request = CreateChatCompletionRequestArgs::default()
        .model("gpt-4o-mini")
        .messages(conversation(&pool, chat).await?)
        .build()?;
    let completion = llm.chat().create(request).await?;
    let words = completion.choices.into_iter().next().and_then(|choice| choice.message.content).unwrap_or_default();
    store(&pool, chat, "assistant", &words).await?;
    bot.send_message(chat, words).await?;
    Ok(())
}

async fn create_tables(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS messages (
            id INTEGER PRIMARY KEY,
            chat_id INTEGER NOT NULL,
            role TEXT NOT NULL,
            content TEXT NOT NULL,
            created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
        )",
    )
    .execute(pool)
    .await?;
    sqlx::query("CREATE INDEX IF NOT EXISTS messages_of_a_chat ON messages (chat_id, id)").execute(pool).await?;
    Ok(())
}

async fn store(pool: &SqlitePool, chat: ChatId, role: &str, content: &str) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO messages (chat_id, role, content) VALUES (?, ?, ?)")
        .bind(chat.0)
        .bind(role)
        .bind(content)
        .execute(pool)
        .await?;
    Ok(())
}

/// What the model is asked: the prompt and the latest messages, oldest first.
async fn conversation(
    pool: &SqlitePool,
    chat: ChatId,
) -> Result<Vec<ChatCompletionRequestMessage>, Box<dyn Error + Send + Sync>> {
    let latest: Vec<(String, String)> =
        sqlx::query_as("SELECT role, content FROM messages WHERE chat_id = ? ORDER BY id DESC LIMIT ?")
            .bind(chat.0)
            .bind(HISTORY)
            .fetch_all(pool)
            .await?;
    let mut messages = vec![ChatCompletionRequestSystemMessageArgs::default().content(PROMPT).build()?.into()];
    for (role, content) in latest.into_iter().rev() {
        messages.push(if role == "user" {
            ChatCompletionRequestUserMessageArgs::default().content(content).build()?.into()
        } else {
            ChatCompletionRequestAssistantMessageArgs::default().content(content).build()?.into()
        });
    }
    Ok(messages)
}
