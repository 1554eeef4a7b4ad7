//! The suite for the way out: how every [`Channel`] sends, and how it tells each failure from the others.
//!
//! An adapter stands up a fake server of its vendor, says how that server fails, and adds one line:
//! `voronka_testkit::channel_conformance!(fresh());`
#![expect(clippy::missing_panics_doc, reason = "the cases of a suite are tests: they panic when the adapter is wrong")]

use std::time::Duration;

use async_trait::async_trait;
use voronka_core::{
    capabilities::TextUnit,
    drawing::Photo,
    ids::BubbleId,
    message::{Bubble, Button, Peer, Press, Purpose},
    ports::{Channel, Fate, SendError},
    spec::rich::{Rich, Span, Style},
};

use crate::illustrator::{FakeIllustrator, drawable, undrawable};

/// A messenger as the suite sees it: the channel, and the (fake) server behind it.
#[async_trait]
pub trait Messenger: Sync {
    /// The channel under test.
    fn channel(&self) -> &dyn Channel;

    /// A customer who can be written to; the same number is always the same customer.
    fn peer(&self, number: u32) -> Peer;

    /// From now on the server fails so, until it is mended.
    async fn break_down(&self, how: Breakdown);

    /// The server works again.
    async fn mend(&self);

    /// The visible words of all messages that were shown, in order, with whom they were shown to.
    async fn shown(&self) -> Vec<(Peer, String)>;

    /// The pictures that were drawn for messages and shown, in order: to whom, the bytes, and the words beside them. The channel
    /// draws by [`crate::FakeIllustrator`]; one that shows no pictures has none.
    async fn drawn(&self) -> Vec<(Peer, Vec<u8>, String)> {
        Vec::new()
    }

    /// Texts that no error may contain: the token, the server's address with it.
    fn secrets(&self) -> Vec<String>;
}

/// How a server fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakdown {
    /// Asks to slow down for [`SLOW_DOWN`].
    TooFast,
    /// Says that it is in trouble.
    Trouble,
    /// Takes the request and never answers.
    Silence,
    /// Refuses the connection.
    NoConnection,
    /// Says that the customer blocked us.
    Blocked,
    /// Says that the token is not good.
    BadToken,
    /// Refuses the message.
    Refusal,
}

/// What [`Breakdown::TooFast`] asks for.
pub const SLOW_DOWN: Duration = Duration::from_secs(7);

/// A bubble of plain text.
pub fn bubble(text: &str) -> Bubble {
    Bubble {
        text: Rich::plain(text),
        cards: Vec::new(),
        photo: None,
        rows: Vec::new(),
        purpose: Purpose::Service,
        template: None,
    }
}

/// A bubble's id for tests; the same number is always the same id.
pub fn bubble_id(number: u32) -> BubbleId {
    BubbleId::of(&["test", &number.to_string()])
}

/// Declares a test for each case of the suite. `$fresh` is awaited and gives a [`Messenger`] of its own to each.
#[macro_export]
macro_rules! channel_conformance {
    ($fresh:expr) => {
        $crate::channel_conformance! { $fresh;
            bubbles_are_shown_once_and_in_order
            each_customer_sees_only_his_own
            signs_of_markup_mean_themselves
            the_longest_text_goes_through
            buttons_do_not_hide_the_words
            a_drawn_picture_stands_above_its_words
            what_cannot_be_drawn_costs_no_words
            too_fast_says_how_long_to_wait
            trouble_is_told_from_silence
            no_connection_means_not_sent
            a_customer_who_blocked_us_is_final
            a_refused_bubble_is_final
            a_bad_token_is_told
            a_failed_sign_of_life_breaks_nothing
            no_error_shows_a_secret
        }
    };
    ($fresh:expr; $($case:ident)*) => {$(
        #[tokio::test]
        async fn $case() {
            $crate::channel::sending::$case(&$fresh.await).await;
        }
    )*};
}

async fn send(messenger: &dyn Messenger, to: u32, bubble: &Bubble, number: u32) -> Result<(), SendError> {
    let peer = messenger.peer(to);
    messenger.channel().send(&peer, bubble, bubble_id(number)).await.map(|_receipt| ())
}

async fn failure(messenger: &dyn Messenger, how: Breakdown) -> SendError {
    messenger.break_down(how).await;
    let sent = send(messenger, 1, &bubble("Здравствуйте!"), 1).await;
    sent.expect_err("a broken server cannot have confirmed the bubble")
}

/// One call, one message; the order of calls is the order of messages.
pub async fn bubbles_are_shown_once_and_in_order(messenger: &dyn Messenger) {
    for (number, text) in (1..).zip(["Раз", "Два", "Три"]) {
        send(messenger, 1, &bubble(text), number).await.expect("a healthy server takes a text");
    }
    let texts: Vec<String> = messenger.shown().await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["Раз", "Два", "Три"]);
}

/// Nothing reaches another customer.
pub async fn each_customer_sees_only_his_own(messenger: &dyn Messenger) {
    for number in 1..=4 {
        let to = number % 2 + 1;
        send(messenger, to, &bubble(&format!("Для {to}")), number).await.expect("a healthy server takes a text");
    }
    let shown = messenger.shown().await;
    assert_eq!(shown.len(), 4);
    for (peer, text) in shown {
        let to = if peer == messenger.peer(1) { 1 } else { 2 };
        assert_eq!((peer, text), (messenger.peer(to), format!("Для {to}")));
    }
}

/// What looks like markup in a text is shown as it is, whatever is styled around it.
pub async fn signs_of_markup_mean_themselves(messenger: &dyn Messenger) {
    let hostile = "a<b> & *c* _d_ `e` [f](g) \"h\" 'i' </b> 👩‍👩‍👧‍👦 é";
    send(messenger, 1, &bubble(hostile), 1).await.expect("signs are no markup");
    let mut styled = bubble(hostile);
    let middle = hostile.find('&').expect("it is there");
    styled.text.spans = vec![
        Span { bytes: 0..hostile.len(), style: Style::Bold },
        Span { bytes: 0..middle, style: Style::Italic },
        Span { bytes: middle..hostile.len(), style: Style::Link("https://example.com/?a=1&b=\"2\"".into()) },
    ];
    send(messenger, 1, &styled, 2).await.expect("styles nest");
    let texts: Vec<String> = messenger.shown().await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, [hostile, hostile]);
}

/// A text of exactly the stated length is one message.
pub async fn the_longest_text_goes_through(messenger: &dyn Messenger) {
    let capabilities = messenger.channel().capabilities();
    let unit = match capabilities.text_unit {
        TextUnit::Chars => 1,
        TextUnit::Utf16 => '&'.len_utf16(),
        TextUnit::Bytes => '&'.len_utf8(),
    };
    let longest = "&".repeat(capabilities.text_max / unit);
    send(messenger, 1, &bubble(&longest), 1).await.expect("the stated length fits");
    assert_eq!(messenger.shown().await, [(messenger.peer(1), longest)]);
}

/// Every kind of button the channel has can be sent, and the words stay.
pub async fn buttons_do_not_hide_the_words(messenger: &dyn Messenger) {
    let capabilities = messenger.channel().capabilities();
    let Some(_limits) = capabilities.buttons else { return };
    let button = |label: &str, press| Button { label: label.to_owned(), press };
    let mut rows = vec![vec![button("Да", Press::Token { token: "t".repeat(64) })]];
    if capabilities.url_buttons.it() {
        rows.push(vec![button("Сайт", Press::Url { url: "https://example.com/".into() })]);
    }
    let choice = Bubble { rows, ..bubble("Выберите") };
    send(messenger, 1, &choice, 1).await.expect("the channel has buttons");
    let mut shown = vec!["Выберите"];
    if capabilities.contact_button.it() {
        let contact = Bubble {
            rows: vec![vec![button("Мой номер", Press::ShareContact)]], ..bubble("Ваш телефон?")
        };
        send(messenger, 1, &contact, 2).await.expect("the channel has a contact button");
        shown.push("Ваш телефон?");
    }
    let texts: Vec<String> = messenger.shown().await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, shown);
}

/// A picture that is drawn when it is sent comes in one message with its words, as long as these may be.
pub async fn a_drawn_picture_stands_above_its_words(messenger: &dyn Messenger) {
    let capabilities = messenger.channel().capabilities();
    if !capabilities.photos.it() {
        return;
    }
    let photo = drawable();
    let Photo::Drawn(drawing) = &photo else { panic!("it is drawn") };
    let picture = FakeIllustrator::picture(drawing).expect("the fake draws it").bytes.to_vec();
    let longest = "&".repeat(capabilities.caption_max);
    let mut drawn = Vec::new();
    for (number, words) in (1..).zip(["https://t.me/korica_bot", &longest]) {
        let shown = Bubble { photo: Some(photo.clone()), ..bubble(words) };
        send(messenger, 1, &shown, number).await.expect("the channel has photos");
        drawn.push((messenger.peer(1), picture.clone(), words.to_owned()));
    }
    assert_eq!(messenger.drawn().await, drawn);
    let words: Vec<_> = drawn.into_iter().map(|(peer, _, words)| (peer, words)).collect();
    assert_eq!(messenger.shown().await, words);
}

/// Without its picture a message is its words.
pub async fn what_cannot_be_drawn_costs_no_words(messenger: &dyn Messenger) {
    if !messenger.channel().capabilities().photos.it() {
        return;
    }
    let words = "https://t.me/korica_bot";
    let shown = Bubble { photo: Some(undrawable()), ..bubble(words) };
    send(messenger, 1, &shown, 1).await.expect("words go alone");
    assert_eq!(messenger.drawn().await, []);
    assert_eq!(messenger.shown().await, [(messenger.peer(1), words.to_owned())]);
}

/// 429 and its like carry the vendor's own wait.
pub async fn too_fast_says_how_long_to_wait(messenger: &dyn Messenger) {
    assert_eq!(failure(messenger, Breakdown::TooFast).await, SendError::Limited { after: SLOW_DOWN });
}

/// "It was not sent" may be retried, "no answer" is unclear.
pub async fn trouble_is_told_from_silence(messenger: &dyn Messenger) {
    assert!(matches!(failure(messenger, Breakdown::Trouble).await.fate(), Fate::Retry { .. }));
    assert_eq!(failure(messenger, Breakdown::Silence).await.fate(), Fate::Unclear);
    messenger.mend().await;
    let number = 2;
    send(messenger, 1, &bubble("Снова с вами"), number).await.expect("the server was mended");
}

/// Whatever was not written can be sent again.
pub async fn no_connection_means_not_sent(messenger: &dyn Messenger) {
    let error = failure(messenger, Breakdown::NoConnection).await;
    assert!(matches!(error, SendError::Unavailable(_)), "{error:?}");
}

/// Blocked is a state of the customer, not of the bubble.
pub async fn a_customer_who_blocked_us_is_final(messenger: &dyn Messenger) {
    assert_eq!(failure(messenger, Breakdown::Blocked).await, SendError::Blocked);
}

/// A refused bubble is not tried again.
pub async fn a_refused_bubble_is_final(messenger: &dyn Messenger) {
    let error = failure(messenger, Breakdown::Refusal).await;
    assert!(matches!(error, SendError::Refused(_)), "{error:?}");
}

/// A revoked token stops the account, not the bubble.
pub async fn a_bad_token_is_told(messenger: &dyn Messenger) {
    assert_eq!(failure(messenger, Breakdown::BadToken).await, SendError::Unauthorised);
}

/// Typing and previews may fail; the answer still goes out.
pub async fn a_failed_sign_of_life_breaks_nothing(messenger: &dyn Messenger) {
    let (channel, peer) = (messenger.channel(), messenger.peer(1));
    messenger.break_down(Breakdown::Trouble).await;
    let preview = voronka_core::ports::Preview { draft: 1, text: "Здравст".into() };
    // Either result is legal: only what follows matters.
    let _signs = (channel.typing(&peer).await, channel.preview(&peer, &preview).await);
    messenger.mend().await;
    send(messenger, 1, &bubble("Здравствуйте!"), 1).await.expect("the server was mended");
    assert_eq!(messenger.shown().await, [(peer, "Здравствуйте!".to_owned())]);
}

/// An error may be logged: it must not hold a token.
pub async fn no_error_shows_a_secret(messenger: &dyn Messenger) {
    use Breakdown as B;
    for how in [B::TooFast, B::Trouble, B::Silence, B::NoConnection, B::Blocked, B::BadToken, B::Refusal] {
        let error = failure(messenger, how).await;
        let printed = format!("{error} {error:?}");
        for secret in messenger.secrets() {
            assert!(!printed.contains(&secret), "{how:?} shows a secret");
        }
        messenger.mend().await;
    }
}
