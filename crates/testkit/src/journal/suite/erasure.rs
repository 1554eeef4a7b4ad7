use voronka_core::{
    fact::Fact,
    message::ConversationKey,
    ports::{ConversationFilter, Directory, Journal, Page},
    rows::{Author, CustomerRow, DeadLetter, FactRow, Past, TurnCommit},
};

use super::{ALL, Fixture, anna, commit, load, mail_of, post, sample};

/// What a customer said, in this and in another conversation, is gone with all that quotes it; what is counted stays, and so does
/// what is of others.
pub async fn an_erased_past_leaves_what_is_counted_and_nothing_that_was_said(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let customer = key.first_customer();
    let elsewhere = sample::text(&key.partner, "anna-2", "1", "Сколько стоит торт?");
    let boris = sample::text(&key.partner, "boris", "1", "Сколько стоит торт?");
    post(&fixture, vec![elsewhere.clone(), boris.clone(), sample::text(&key.partner, "anna", "2", "секрет")]).await;
    for (inbound, of) in [(&inbound, customer), (&elsewhere, customer), (&boris, boris.conversation().first_customer())]
    {
        let mut turn = sample::full_turn(&inbound.conversation(), inbound, 0);
        turn.conversation.customer = of;
        turn.conversation.preview = "секрет".into();
        turn.conversation.state = r#"{"v":"1","summary":"секрет"}"#.into();
        turn.messages[0] = sample::message(1, Author::Customer, "секрет");
        turn.orders.clear();
        if let Some(row) = &mut turn.customer {
            row.id = of;
        }
        if let Some(row) = &mut turn.lead {
            row.customer = of;
        }
        if inbound.conversation() == elsewhere.conversation() {
            (turn.customer, turn.lead) = (None, None);
        }
        let question = Fact::Unanswered { question: "секрет".into() };
        let data = serde_json::to_string(&question).expect("a fact is JSON");
        turn.facts = vec![FactRow { customer: of, name: question.name(), at: sample::moment(1), data }];
        turn.notices[0].conversation = Some(inbound.conversation().conversation);
        commit(&fixture, turn).await;
    }
    let mail = mail_of(&fixture, &key).await.last().expect("it waits").seq;
    let aside = DeadLetter { mail: vec![mail], key: key.clone(), cause: "x".into(), at: sample::moment(9), told: None };
    fixture.store().set_aside(aside).await.expect("is set aside");
    let version = load(&fixture, &key).await.version;
    let nobody = CustomerRow { name: None, phone: None, email: None, ..sample::customer(customer, "") };
    let turn = TurnCommit {
        past: Past::Erased,
        customer: Some(nobody),
        messages: vec![sample::message(9, Author::Bot, "Удалили")],
        ..sample::turn(&key, &inbound, version)
    };
    commit(&fixture, turn).await;
    let fixture = fixture.reopened().await;
    let said = |key: ConversationKey| {
        let store = fixture.store();
        async move {
            let messages = store.messages(&key, 0, ALL).await.expect("messages are read");
            messages.into_iter().map(|row| row.text).collect::<Vec<_>>()
        }
    };
    assert_eq!(said(key.clone()).await, ["Удалили"]);
    assert_eq!(said(elsewhere.conversation()).await, Vec::<String>::new());
    assert_eq!(said(boris.conversation()).await.len(), 2);
    let store = fixture.store();
    let page = Page::first(50);
    let listed = store.conversations(&key.partner, &ConversationFilter::default(), page).await.expect("lists");
    let told = format!("{listed:?}");
    assert_eq!(told.matches("секрет").count(), 1, "Boris's alone: {told}");
    assert!(!load(&fixture, &elsewhere.conversation()).await.conversation.expect("is there").state.contains("секрет"));
    let unsent = store.unsent(0, 50).await.expect("lists");
    assert!(unsent.iter().all(|(_, row)| row.conversation == boris.conversation()), "{unsent:?}");
    assert_eq!(store.notices(&key.partner, page).await.expect("lists").len(), 1);
    assert!(store.dead_letters(&key.partner, page).await.expect("lists").is_empty());
    let seen = store.conversation(&key, 50).await.expect("is read").expect("is there");
    let facts = seen.facts;
    assert_eq!(facts.len(), 2, "they are counted still");
    assert!(facts.iter().all(|fact| !fact.data.contains("секрет")), "{facts:?}");
    assert!(load(&fixture, &key).await.customer.expect("is known").name.is_none());
}
