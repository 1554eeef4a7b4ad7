//! What stops a part of a partner's service, and how often its owner hears of it.

use jiff::SignedDuration;
use voronka_core::{ids::AccountId, trouble::Trouble};

use super::*;
use crate::observe::AccountState;

const CONFIG: &str = "name: Лавка\nteam: {хозяйка: {telegram: 1, role: owner}, мастер: {telegram: 2}}\naccounts:\n  \
                      telegram: {updates: polling, api: 'http://127.0.0.1:1'}\n  \
                      telegram-2: {token: $SECOND, updates: polling, api: 'http://127.0.0.1:1'}\n";

/// A shop with two bots of which tests say how they are: nobody asks their messenger.
struct Shop {
    stage: Stage,
    teller: Teller,
}

impl Shop {
    async fn open() -> Self {
        let mut stage = Stage::with(&[]).await;
        stage.write("lavka", ".env", "TELEGRAM_TOKEN=1:a\nSECOND=2:b\n");
        stage.write("lavka", "config.yaml", CONFIG);
        stage.partners = Stage::house_of(&stage.root, &stage.house, &stage.doors, &stage.cards);
        stage.take_in("lavka").await.unwrap();
        let teller = Teller::new(&stage.house, Arc::clone(&stage.partners));
        let shop = Self { stage, teller };
        for account in ["telegram", "telegram-2"] {
            shop.stands(account, AccountState::Listening);
        }
        shop
    }

    fn stands(&self, account: &str, state: AccountState) {
        self.stage.house.accounts.set(&id("lavka"), &AccountId::parse(account).unwrap(), state);
    }

    /// It is looked every half a minute.
    async fn wait(&mut self, minutes: i64) {
        self.teller.look().await;
        for _ in 0..minutes * 2 {
            self.stage.time.advance(SignedDuration::from_secs(30));
            self.teller.look().await;
        }
    }

    /// Another process looks, which knows what is kept.
    fn restart(&mut self) {
        self.teller = Teller::new(&self.stage.house, Arc::clone(&self.stage.partners));
    }

    /// The first `count` messages to the team, each with whom it goes to. Their messenger takes none.
    async fn told(&self, count: usize) -> Vec<(String, String)> {
        loop {
            let unsent = self.stage.store.unsent_of(&id("lavka"), i64::MIN, 100).await.unwrap();
            if unsent.len() >= count {
                let told = unsent.into_iter().map(|(_, row)| (row.peer.to_string(), row.bubble.text.text));
                return told.collect();
            }
            tokio::task::yield_now().await;
        }
    }

    async fn on_the_page(&self) -> Vec<Trouble> {
        self.stage.house.troubles.of(&id("lavka")).await.unwrap().into_iter().map(|news| news.trouble).collect()
    }
}

#[tokio::test]
async fn an_owner_hears_once_that_a_token_is_refused_and_once_that_the_account_works_again_over_restarts() {
    let mut shop = Shop::open().await;
    shop.wait(5).await;
    shop.stands("telegram-2", AccountState::Unauthorised);
    shop.wait(1).await;
    assert_eq!(shop.on_the_page().await, [], "it may be over in a moment");
    shop.wait(30).await;
    assert_eq!(shop.on_the_page().await, [Trouble::Unauthorised { account: AccountId::parse("telegram-2").unwrap() }]);
    shop.told(1).await;
    shop.restart();
    shop.stands("telegram-2", AccountState::Starting);
    shop.wait(1).await;
    shop.stands("telegram-2", AccountState::Unauthorised);
    shop.wait(30).await;
    shop.stands("telegram-2", AccountState::Listening);
    shop.wait(30).await;
    let told = shop.told(2).await;
    let [(to, first), (_, last)] = &told[..] else { panic!("{told:?}") };
    assert!(to == "1" && first.contains("telegram-2 не работает (с 12:05)") && first.contains("ключ"), "{told:?}");
    assert!(last.contains("telegram-2 снова работает"), "{told:?}");
    assert_eq!(shop.on_the_page().await, []);
}

#[tokio::test]
async fn bad_minutes_of_a_messenger_are_not_told_and_what_lasts_is() {
    let mut shop = Shop::open().await;
    for state in [AccountState::Unreachable, AccountState::Listening] {
        shop.stands("telegram-2", state);
        shop.wait(5).await;
    }
    assert_eq!(shop.on_the_page().await, []);
    shop.stands("telegram-2", AccountState::Unreachable);
    shop.wait(11).await;
    shop.stands("telegram-2", AccountState::Taken);
    shop.wait(3).await;
    let told = shop.told(2).await;
    assert!(told[0].1.contains("мессенджер не отвечает") && told[1].1.contains("другая программа"), "{told:?}");
    assert_eq!(told.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_told_over_the_only_account_is_on_the_page_and_told_when_it_is_over() {
    let mut shop = Shop::open().await;
    shop.stands("telegram", AccountState::Unauthorised);
    shop.wait(5).await;
    assert_eq!(shop.on_the_page().await.len(), 1);
    shop.stands("telegram", AccountState::Listening);
    shop.wait(5).await;
    let told = shop.told(1).await;
    assert!(told.len() == 1 && told[0].1.contains("telegram снова работает"), "{told:?}");
}

#[tokio::test]
async fn an_owner_hears_that_an_edit_is_refused_and_that_it_holds_once_it_is_mended() {
    let mut shop = Shop::open().await;
    shop.stage.write("lavka", "config.yaml", &format!("{CONFIG}what: is this\n"));
    shop.stage.tend("lavka").await;
    shop.wait(5).await;
    assert_eq!(shop.on_the_page().await, [Trouble::EditRefused]);
    shop.stage.write("lavka", "config.yaml", &format!("{CONFIG}# mended\n"));
    shop.stage.tend("lavka").await;
    shop.wait(5).await;
    let told = shop.told(2).await;
    assert!(told[0].1.contains("не принята") && told[1].1.contains("Правка файлов принята"), "{told:?}");
}

/// Nobody knows whom to tell while its files cannot be read.
#[tokio::test]
async fn an_owner_hears_afterwards_that_the_bot_was_not_served() {
    let mut shop = Shop::open().await;
    shop.stage.write("lavka", "config.yaml", "name: [\n");
    shop.stage.house.engine.retire(&id("lavka")).await;
    shop.stage.partners = Stage::house_of(&shop.stage.root, &shop.stage.house, &shop.stage.doors, &shop.stage.cards);
    assert!(shop.stage.take_in("lavka").await.is_err());
    shop.restart();
    shop.wait(30).await;
    assert_eq!(shop.on_the_page().await, [Trouble::Unserved]);
    shop.stage.write("lavka", "config.yaml", CONFIG);
    shop.stage.tend("lavka").await;
    shop.restart();
    shop.wait(5).await;
    let told = shop.told(1).await;
    assert!(told.len() == 1 && told[0].1.contains("Бот снова работает. Не работал с 12:00 до 12:30"), "{told:?}");
    assert_eq!(shop.on_the_page().await, []);
}

#[tokio::test]
async fn of_an_account_that_no_file_names_any_more_nothing_is_told() {
    let mut shop = Shop::open().await;
    shop.stands("telegram-2", AccountState::Unauthorised);
    shop.wait(5).await;
    shop.stage.house.accounts.forget(&id("lavka"));
    shop.stands("telegram", AccountState::Listening);
    shop.wait(5).await;
    assert_eq!(shop.on_the_page().await, []);
    assert_eq!(shop.told(1).await.len(), 1, "that it did not work");
}
