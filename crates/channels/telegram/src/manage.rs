use serde::{Deserialize, Serialize};
use url::Url;
use voronka_core::ports::PollError;

use crate::{CallError, Telegram, client::Method, poller::poll_error};

/// Most commands in a bot's menu.
const COMMANDS_MAX: usize = 100;

/// The bot, as Telegram knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Bot {
    /// Its user id.
    pub id: i64,
    /// Its name.
    #[serde(default)]
    pub first_name: String,
    /// Its public name without `@`: `https://t.me/<username>?start=<payload>` opens it.
    pub username: Option<String>,
    /// Whether it sees all that is written in groups, not only what is meant for it.
    #[serde(default)]
    pub can_read_all_group_messages: bool,
}

/// How Telegram calls us.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WebhookInfo {
    /// Where to; empty: nowhere, updates are polled.
    #[serde(default)]
    pub url: String,
    /// Updates that wait to be delivered.
    #[serde(default)]
    pub pending_update_count: u64,
    /// When a call last failed, in Unix seconds.
    pub last_error_date: Option<i64>,
    /// Why.
    pub last_error_message: Option<String>,
    /// Update kinds that are delivered.
    #[serde(default)]
    pub allowed_updates: Vec<String>,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct DeleteWebhook {
    drop_pending_updates: bool,
}

#[derive(Serialize)]
struct SetMyCommands<'a> {
    commands: Vec<BotCommand<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language_code: Option<&'a str>,
}

#[derive(Serialize)]
struct BotCommand<'a> {
    command: &'a str,
    description: &'a str,
}

impl Telegram {
    /// Who the token belongs to; remembers the public name, by which groups call the bot. To be called at the start.
    pub async fn get_me(&self) -> Result<Bot, CallError> {
        let bot: Bot = self.inner.client.ask(Method::GetMe, &Nothing {}, self.timeouts().send).await?;
        if let Some(username) = &bot.username {
            self.inner.me.username.get_or_init(|| username.to_lowercase());
        }
        Ok(bot)
    }

    /// Where updates go, how many wait, and what went wrong. Worth a look every few minutes: a webhook dies silently.
    pub async fn webhook_info(&self) -> Result<WebhookInfo, CallError> {
        self.inner.client.ask(Method::GetWebhookInfo, &Nothing {}, self.timeouts().send).await
    }

    /// Ends webhook calls; updates that wait are kept.
    pub async fn delete_webhook(&self) -> Result<(), CallError> {
        let request = DeleteWebhook { drop_pending_updates: false };
        self.inner.client.tell(Method::DeleteWebhook, &request, self.timeouts().send).await
    }

    /// Makes sure that updates may be polled: deletes the webhook if it is `ours`, and reports [`PollError::Taken`] if it is
    /// anybody else's, whose bot would fall silent.
    pub async fn begin_polling(&self, ours: Option<&Url>) -> Result<(), PollError> {
        let info = self.webhook_info().await.map_err(poll_error)?;
        if info.url.is_empty() {
            return Ok(());
        }
        let live = info.url.parse::<Url>().ok();
        if live.is_some() && live.as_ref() == ours {
            return self.delete_webhook().await.map_err(poll_error);
        }
        // The path may be a secret: the host is enough to find the other receiver.
        let host = live.as_ref().and_then(Url::host_str).unwrap_or("an unknown host");
        Err(PollError::Taken(format!("a webhook at {host}")))
    }

    /// The menu of commands (name without slash, description), for one language or for all.
    pub async fn set_my_commands(&self, commands: &[(&str, &str)], language: Option<&str>) -> Result<(), CallError> {
        let listed = commands.iter().take(COMMANDS_MAX);
        let commands = listed.map(|(command, description)| BotCommand { command, description }).collect();
        let request = SetMyCommands { commands, language_code: language };
        self.inner.client.tell(Method::SetMyCommands, &request, self.timeouts().send).await
    }
}
