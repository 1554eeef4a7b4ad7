//! What holds of every channel that has no more than words. A mail server asks nobody to slow down for so long, and blocks nobody.

use async_trait::async_trait;
use voronka_core::{message::Peer, ports::Channel};
use voronka_email::Email;
use voronka_testkit::{
    channel::sending::{Breakdown, Messenger},
    mail::{FakeMailServer, Stage, Trouble},
};

use crate::{PASSWORD, USER, channel, config};

struct Letters {
    server: FakeMailServer,
    channel: Email,
}

async fn fresh() -> Letters {
    let server = FakeMailServer::start().await.expect("a free port").with_login(USER, PASSWORD);
    let channel = channel(config(server.port()), "Корица");
    Letters { server, channel }
}

#[async_trait]
impl Messenger for Letters {
    fn channel(&self) -> &dyn Channel {
        &self.channel
    }

    fn peer(&self, number: u32) -> Peer {
        Peer::new(&format!("olga{number}@korica.ru"))
    }

    async fn break_down(&self, how: Breakdown) {
        let says = |said: &str| Trouble::Says(said.to_owned());
        let (stage, trouble) = match how {
            Breakdown::TooFast => (Stage::Recipient, says("450 4.7.1 Too many letters of bot@korica.ru")),
            Breakdown::Trouble => (Stage::Letter, says("451 4.3.0 Try later")),
            Breakdown::Silence => (Stage::Letter, Trouble::Hangs),
            Breakdown::NoConnection => (Stage::Greeting, Trouble::Closes),
            Breakdown::Blocked => (Stage::Recipient, says("550 5.1.1 <olga1@korica.ru> does not want it")),
            Breakdown::BadToken => (Stage::SignIn, says("535 5.7.8 bot@korica.ru is not known")),
            Breakdown::Refusal => (Stage::Letter, says("554 5.7.1 Spam from bot@korica.ru")),
        };
        self.server.trouble(stage, trouble);
    }

    async fn mend(&self) {
        self.server.mend();
    }

    async fn shown(&self) -> Vec<(Peer, String)> {
        self.server.letters().into_iter().map(|letter| (Peer::new(&letter.to), letter.words())).collect()
    }

    fn secrets(&self) -> Vec<String> {
        // Whose address it is says a server's own words: none of them are kept.
        [PASSWORD, "olga1@", USER].map(str::to_owned).to_vec()
    }
}

voronka_testkit::channel_conformance! { fresh();
    bubbles_are_shown_once_and_in_order
    each_customer_sees_only_his_own
    the_longest_text_goes_through
    buttons_do_not_hide_the_words
    a_drawn_picture_stands_above_its_words
    what_cannot_be_drawn_costs_no_words
    trouble_is_told_from_silence
    no_connection_means_not_sent
    a_refused_bubble_is_final
    a_bad_token_is_told
    a_failed_sign_of_life_breaks_nothing
    no_error_shows_a_secret
}
