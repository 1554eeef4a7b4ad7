//! A model that fails degrades the answer, never the conversation.

use super::{
    binary::Server,
    customer::{Customer, seen as shown},
    model::{BAD_MOODS, GOOD, Model, Mood},
    shop::{self, count},
    web::WebCustomer,
};

#[tokio::test]
async fn whatever_a_model_returns_the_customer_gets_a_sane_answer() {
    let (folder, model) = (tempfile::tempdir().unwrap(), Model::start().await);
    let models = format!("models:\n  - {{openai: fake, key: $OPENAI_KEY, base_url: \"{}\", timeout: 3s}}", model.url);
    shop::korica(folder.path(), None, &models);
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;

    let mut customer = WebCustomer::new(&server.url("/chat/korica")).await;
    customer.say("Сколько стоит доставка по городу?").await;
    customer.hear(&[GOOD]).await;
    assert!(model.asked() > 0, "the model words the answer");
    for mood in BAD_MOODS {
        model.set(mood);
        let mut customer = WebCustomer::new(&server.url("/chat/korica")).await;
        customer.say("Сколько стоит доставка по городу?").await;
        let answer = customer.hear(&[]).await;
        assert!(model.asked() > 0, "{mood:?}: the model was asked");
        assert!(shown(&answer).contains("350 ₽"), "{mood:?}: from the shop's own page: {answer}");
        for nonsense in ["7 777", "13 ₽", "launch_rocket", "{\"", "<html", "oops"] {
            assert!(!answer.contains(nonsense), "{mood:?}: {answer}");
        }
    }
    model.set(Mood::Good);
    customer.say("А самовывоз есть?").await;
    customer.hear(&[GOOD]).await;
    assert!(!server.log().contains("panicked"), "{}", server.log());
    assert!(server.stop().await.success());
    assert_eq!(count(&data, "SELECT 1 FROM letters"), 0, "no turn was set aside");
}
