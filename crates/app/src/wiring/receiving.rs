//! Listening to one account, and saying how it stands with it.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;
use jiff::SignedDuration;
use metrics::gauge;
use tracing::{error, info, warn};
use url::Url;
use voronka_core::{
    ports::{PollError, Poller},
    spec::config::Updates,
};
use voronka_telegram::CallError;

use super::{House, TelegramAccount};
use crate::observe::AccountState;

/// Pause between polls that fail: doubles up to the longest.
const PAUSE_MIN: SignedDuration = SignedDuration::from_secs(1);
const PAUSE_MAX: SignedDuration = SignedDuration::from_mins(1);
/// How often a webhook is looked after: it may be taken away, or die, without a word.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// One Telegram account that is being listened to.
pub(super) struct Receiving {
    pub(super) bot: Arc<TelegramAccount>,
    pub(super) house: Arc<House>,
}

impl TelegramAccount {
    /// As logs have it.
    fn name(&self) -> String {
        format!("{}/{}", self.partner, self.account)
    }

    /// Where Telegram calls us; `None`: we poll.
    fn webhook(&self) -> Option<&Url> {
        self.ours.as_ref().filter(|_| self.updates == Updates::Webhook)
    }
}

/// Why an account does not receive.
struct Trouble {
    state: AccountState,
    why: String,
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        let state = match &error {
            // A token that is none of Telegram's is "not found".
            CallError::Answered { code: 401 | 404, .. } => AccountState::Unauthorised,
            CallError::Answered { .. } | CallError::NotSent(_) | CallError::NoAnswer(_) => AccountState::Unreachable,
        };
        Self { state, why: error.to_string() }
    }
}

impl From<&PollError> for Trouble {
    fn from(error: &PollError) -> Self {
        let state = match error {
            PollError::Unauthorised => AccountState::Unauthorised,
            PollError::Taken(_) => AccountState::Taken,
            PollError::Limited { .. } | PollError::Unavailable(_) | PollError::Mailbox(_) => AccountState::Unreachable,
        };
        Self { state, why: error.to_string() }
    }
}

impl Receiving {
    /// Listens for ever. A panic is a fault of ours in what one messenger said: its account is set up again, nobody else notices.
    pub(super) async fn keep_running(&self) {
        let mut pause = PAUSE_MIN;
        while AssertUnwindSafe(self.run()).catch_unwind().await.is_err() {
            error!(account = %self.bot.name(), "listening to the account panicked; it is set up again");
            self.stands(AccountState::Unreachable);
            self.sleep(&mut pause).await;
        }
    }

    async fn run(&self) {
        let mut pause = PAUSE_MIN;
        self.stands(AccountState::Starting);
        // What asks a messenger is large, and done for a moment: a task that rests shall not hold room for it.
        while let Err(Trouble { state, why }) = Box::pin(self.set_up()).await {
            warn!(account = %self.bot.name(), error = why, "the account could not be set up; trying again");
            self.stands(state);
            self.sleep(&mut pause).await;
        }
        self.stands(AccountState::Listening);
        match self.bot.webhook() {
            Some(url) => self.look_after(url).await,
            None => Box::pin(self.poll()).await,
        }
    }

    fn stands(&self, state: AccountState) {
        self.house.accounts.set(&self.bot.partner, &self.bot.account, state);
    }

    async fn set_up(&self) -> Result<(), Trouble> {
        let me = self.bot.telegram.get_me().await?;
        info!(account = %self.bot.name(), bot = me.username.as_deref().unwrap_or("?"), "the bot answers");
        let menu: Vec<(&str, &str)> =
            self.bot.menu.iter().map(|(command, text)| (command.as_str(), text.as_str())).collect();
        if !menu.is_empty()
            && let Err(error) = self.bot.telegram.set_my_commands(&menu, None).await
        {
            // A menu is a comfort: without it the bot answers all the same.
            warn!(account = %self.bot.name(), %error, "the menu of commands could not be set");
        }
        match self.bot.webhook() {
            Some(url) => {
                let webhook = self.bot.telegram.webhook();
                let webhook =
                    webhook.map_err(|error| Trouble { state: AccountState::Unreachable, why: error.to_string() })?;
                Ok(webhook.set_webhook(url).await?)
            }
            None => {
                self.bot.telegram.begin_polling(self.bot.ours.as_ref()).await.map_err(|error| Trouble::from(&error))
            }
        }
    }

    async fn poll(&self) {
        let poller = self.bot.telegram.poller(Arc::clone(&self.house.clock));
        let mut pause = PAUSE_MIN;
        let mut troubled = false;
        loop {
            match poller.poll(&self.house.engine).await {
                Ok(_) => {
                    pause = PAUSE_MIN;
                    if std::mem::take(&mut troubled) {
                        self.stands(AccountState::Listening);
                    }
                }
                Err(error) => {
                    troubled = true;
                    self.stands(Trouble::from(&error).state);
                    match error {
                        PollError::Limited { after } => pause = SignedDuration::try_from(after).unwrap_or(PAUSE_MAX),
                        // A relay may say so once, and a token may be given back.
                        PollError::Unauthorised => pause = PAUSE_MAX,
                        PollError::Unavailable(_) | PollError::Mailbox(_) | PollError::Taken(_) => {}
                    }
                    warn!(account = %self.bot.name(), %error, "no updates; trying again");
                    self.sleep(&mut pause).await;
                }
            }
        }
    }

    /// Sees whether the webhook is still ours and delivers. It is not taken back: whoever set another may have meant it.
    async fn look_after(&self, ours: &Url) {
        loop {
            self.house.clock.sleep(LOOK_EVERY).await;
            match Box::pin(self.bot.telegram.webhook_info()).await {
                Ok(info) if info.url == ours.as_str() => {
                    let (partner, account) = (self.bot.partner.to_string(), self.bot.account.to_string());
                    let pending = u32::try_from(info.pending_update_count).unwrap_or(u32::MAX);
                    gauge!("voronka_account_pending_updates", "partner" => partner, "account" => account).set(pending);
                    self.stands(AccountState::Listening);
                }
                Ok(_) => {
                    error!(account = %self.bot.name(), "another webhook was set for the account: its customers are not heard");
                    self.stands(AccountState::Taken);
                }
                Err(error) => {
                    warn!(account = %self.bot.name(), %error, "the webhook could not be looked after");
                    self.stands(Trouble::from(error).state);
                }
            }
        }
    }

    async fn sleep(&self, pause: &mut SignedDuration) {
        self.house.clock.sleep(*pause).await;
        *pause = (*pause * 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests;
