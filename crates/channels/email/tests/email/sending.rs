use proptest::prelude::*;
use voronka_core::{
    message::{Bubble, Peer},
    ports::{Channel, Fate, SendError},
    spec::rich::{Rich, Span, Style},
};
use voronka_email::{BadMailServer, MailError, MailServer, MailServerConfig, Tls};
use voronka_testkit::{
    channel::sending::{bubble, bubble_id},
    mail::{FakeMailServer, Letter, Stage, Trouble},
};

use crate::{PASSWORD, USER, channel, config};

async fn server() -> FakeMailServer {
    FakeMailServer::start().await.expect("a free port").with_login(USER, PASSWORD)
}

async fn sent(sender: &str, bubble: &Bubble) -> Letter {
    let server = server().await;
    let to = Peer::new("olga@korica.ru");
    channel(config(server.port()), sender).send(&to, bubble, bubble_id(1)).await.expect("a healthy server takes it");
    server.letters().pop().expect("a letter")
}

#[tokio::test]
async fn a_card_is_a_letter_whose_subject_is_its_head() {
    let letter = sent("Корица", &bubble("Горячий лид · Контакт\nАнна, +7 999\n.\n→ Позвоните")).await;
    assert_eq!((letter.from.as_str(), letter.to.as_str()), ("bot@korica.ru", "olga@korica.ru"));
    assert_eq!(letter.header("Subject"), "Горячий лид · Контакт");
    assert_eq!(letter.words(), "Горячий лид · Контакт\nАнна, +7 999\n.\n→ Позвоните");
    assert!(letter.header("From").starts_with("Корица"), "{letter:?}");
    assert!(letter.header("From").contains("bot@korica.ru"));
    assert_eq!(letter.header("To"), "olga@korica.ru");
    assert_eq!(letter.header("Auto-Submitted"), "auto-generated");
    assert!(letter.header("Content-Type").starts_with("text/plain"), "{letter:?}");
}

#[tokio::test]
async fn the_same_bubble_is_the_same_letter_and_another_is_another() {
    let server = server().await;
    let channel = channel(config(server.port()), "Корица");
    let to = Peer::new("olga@korica.ru");
    for number in [1, 1, 2] {
        channel.send(&to, &bubble("Новый заказ"), bubble_id(number)).await.unwrap();
    }
    let ids: Vec<String> = server.letters().iter().map(|letter| letter.header("Message-ID")).collect();
    assert_eq!(ids[0], format!("<{}@korica.ru>", bubble_id(1)));
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
}

#[tokio::test]
async fn signs_mean_themselves_and_an_address_stands_behind_its_line() {
    let text = "<b>Анна</b> & *Ко*\nОткрыть чат\nhttps://korica.ru";
    let chat = text.find("Открыть").unwrap();
    let site = text.find("https").unwrap();
    let link = |from: usize, to: usize, url: &str| Span { bytes: from..to, style: Style::Link(url.to_owned()) };
    let spans = vec![
        Span { bytes: 0..5, style: Style::Bold },
        link(chat, site - 1, "https://team.korica.ru/chats/1"),
        link(site, text.len(), "https://korica.ru"),
    ];
    let letter = sent("Корица", &Bubble { text: Rich { text: text.to_owned(), spans }, ..bubble("") }).await;
    let words = "<b>Анна</b> & *Ко*\nОткрыть чат: https://team.korica.ru/chats/1\nhttps://korica.ru";
    assert_eq!(letter.words(), words);
}

#[tokio::test]
async fn a_domain_of_other_letters_is_written_as_the_wire_wants_it() {
    let server = server().await;
    let channel = channel(config(server.port()), "Корица");
    channel.send(&Peer::new("olga@корица.рф"), &bubble("Новый заказ"), bubble_id(1)).await.unwrap();
    assert_eq!(server.letters()[0].to, "olga@xn--80apfqk1b.xn--p1ai");
    let nobody = channel.send(&Peer::new("not an address"), &bubble("Новый заказ"), bubble_id(1)).await;
    assert_eq!(nobody.unwrap_err().fate(), Fate::Final);
}

#[tokio::test]
async fn before_the_letter_is_handed_over_every_failure_may_be_tried_again_or_is_final() {
    let server = server().await;
    let channel = channel(config(server.port()), "Корица");
    let to = Peer::new("olga@korica.ru");
    for stage in [Stage::Greeting, Stage::Hello, Stage::SignIn, Stage::Sender, Stage::Recipient, Stage::Data] {
        for trouble in [Trouble::Hangs, Trouble::Closes, Trouble::Says("421 4.3.2 Closing".to_owned())] {
            server.trouble(stage, trouble.clone());
            let error = channel.send(&to, &bubble("Новый заказ"), bubble_id(1)).await.unwrap_err();
            assert!(matches!(error, SendError::Unavailable(_)), "{stage:?} {trouble:?}: {error:?}");
        }
    }
    for stage in [Stage::Recipient, Stage::Data, Stage::Letter] {
        server.trouble(stage, Trouble::Says("550 5.7.1 No".to_owned()));
        let error = channel.send(&to, &bubble("Новый заказ"), bubble_id(1)).await.unwrap_err();
        assert_eq!(error, SendError::Refused("the mail server refuses: 550 5.7.1".to_owned()), "{stage:?}");
    }
    // Whoever is not let in at all can be, as can a sender who is not taken: nothing is said of the letter.
    for stage in [Stage::Greeting, Stage::Hello, Stage::Sender] {
        server.trouble(stage, Trouble::Says("554 5.3.2 Not you".to_owned()));
        let error = channel.send(&to, &bubble("Новый заказ"), bubble_id(1)).await.unwrap_err();
        assert!(matches!(error, SendError::Unavailable(_)), "{stage:?}: {error:?}");
    }
    server.trouble(Stage::Letter, Trouble::Closes);
    let error = channel.send(&to, &bubble("Новый заказ"), bubble_id(1)).await.unwrap_err();
    assert_eq!(error.fate(), Fate::Unclear, "it may have been taken");
    assert_eq!(server.letters(), []);
}

#[tokio::test]
async fn a_server_that_wants_a_sign_in_gets_one_or_nothing() {
    let server = server().await;
    let to = Peer::new("olga@korica.ru");
    let unsigned = MailServerConfig { login: None, ..config(server.port()) };
    let error = channel(unsigned, "Корица").send(&to, &bubble("Новый заказ"), bubble_id(1)).await;
    assert_eq!(error, Err(SendError::Unauthorised));
    let deaf = FakeMailServer::start().await.unwrap();
    deaf.trouble(Stage::Hello, Trouble::Says("250 fake".to_owned()));
    let error = channel(config(deaf.port()), "Корица").send(&to, &bubble("Новый заказ"), bubble_id(1)).await;
    assert_eq!(error, Err(SendError::Unauthorised), "it does not know sign-ins at all");
}

#[tokio::test]
async fn a_probe_signs_in_and_sends_no_letter() {
    let server = server().await;
    let probe = async |config| MailServer::new(config).unwrap().probe().await;
    assert_eq!(probe(config(server.port())).await, Ok(()));
    server.trouble(Stage::SignIn, Trouble::Says("535 5.7.8 No".to_owned()));
    assert_eq!(probe(config(server.port())).await, Err(MailError::Unauthorised));
    let port = {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        closed.local_addr().unwrap().port()
    };
    assert!(matches!(probe(config(port)).await, Err(MailError::Unreachable(_))));
    assert_eq!((server.letters(), server.connections()), (vec![], 2));
}

#[test]
fn without_tls_letters_go_to_this_machine_alone() {
    let of = |host: &str, tls| MailServerConfig { host: host.to_owned(), tls, ..config(25) };
    for host in ["localhost", "127.0.0.1", "::1", "[::1]"] {
        assert!(MailServer::new(of(host, Tls::None)).is_ok(), "{host}");
    }
    for host in ["mail.korica.ru", "10.0.0.1", "localhost.korica.ru"] {
        let refused = MailServer::new(of(host, Tls::None)).unwrap_err();
        assert_eq!(refused, BadMailServer::Unguarded(host.to_owned()));
        assert!(MailServer::new(of(host, Tls::Upgraded)).is_ok(), "{host}");
    }
    let debug = format!("{:?} {:?}", config(25), MailServer::new(config(25)).unwrap());
    assert!(!debug.contains(PASSWORD), "{debug}");
}

/// Names of headers that a letter has, and no others.
const HEADERS: [&str; 9] = [
    "From",
    "To",
    "Subject",
    "Message-ID",
    "Auto-Submitted",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Date",
    "MIME-Version",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a customer, a partner or a flow is called, a letter has the headers that it has, one addressee, and its words.
    #[test]
    fn no_name_and_no_words_add_a_header(
        sender in "[\\PC\\r\\n\\t\u{2028}\u{85}]{0,60}|(.|\\r\\nBcc: a@b.ru\\r\\n){0,8}",
        head in "[\\PC\\r\\n\\t\u{2028}\u{85}:<>\"]{0,200}|(.|\\r\\nBcc: a@b.ru\\r\\n\\r\\n){0,8}",
        rest in "(.|\\r\\n|\\n\\.\\n|\\nBcc: a@b.ru\\n){0,20}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let letter = runtime.block_on(sent(&sender, &bubble(&format!("{head}\n{rest}"))));
        let mut names: Vec<String> = letter.headers().into_iter().map(|(name, _)| name).collect();
        names.sort_by_key(|name| HEADERS.iter().position(|known| known == name));
        prop_assert_eq!(names, HEADERS);
        prop_assert!(letter.raw.is_ascii());
        prop_assert_eq!(letter.header("To"), "olga@korica.ru");
        prop_assert!(letter.header("Subject").chars().count() <= 100);
    }
}
