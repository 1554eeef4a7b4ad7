use jiff::Timestamp;
use voronka_core::{
    fact::Fact,
    ids::{ConversationId, OrderId},
    message::{ConversationKey, Inbound},
    order::OrderState,
    ports::{
        CommitError, ConversationCard, ConversationFilter, Cursor, Directory, Fault, Figures, Journal, LeadCard,
        LeadFilter, OrderCard, OrderFilter, Page, QuestionCard, Recipient,
    },
    rows::{Author, FactRow, LeadRow, TurnCommit, UNHEARD},
    tally::{Counted, Tally},
};

use super::{Fixture, anna, commit, sample};

/// Writes a conversation of somebody with a name, an owner and last words.
async fn talk(fixture: &impl Fixture, name: &str, owner: &'static str, preview: &str, seconds: i64) -> ConversationKey {
    let inbound = sample::text(&sample::partner("korica"), name, name, preview);
    let key = inbound.conversation();
    let mut turn = sample::turn(&key, &inbound, 0);
    turn.conversation.owner = owner;
    turn.conversation.preview = preview.to_owned();
    turn.conversation.at = sample::moment(seconds);
    turn.customer = Some(sample::customer(key.first_customer(), name));
    commit(fixture, turn).await;
    key
}

async fn again(fixture: &impl Fixture, name: &str, change: impl FnOnce(&mut TurnCommit, &ConversationKey) + Send) {
    let inbound = sample::text(&sample::partner("korica"), name, name, "…");
    let key = inbound.conversation();
    let loaded = fixture.store().load_version(&key).await;
    let mut turn = sample::turn(&key, &inbound, loaded);
    turn.conversation.at = sample::moment(500 + loaded);
    change(&mut turn, &key);
    commit(fixture, turn).await;
}

/// Reads a version alone.
trait Version {
    async fn load_version(&self, key: &ConversationKey) -> i64;
}

impl<J: voronka_core::ports::Journal> Version for J {
    async fn load_version(&self, key: &ConversationKey) -> i64 {
        self.load(key, 0).await.expect("loads").version
    }
}

/// The inbox of a partner.
pub async fn conversations_are_listed_latest_first_and_filtered(fixture: impl Fixture) {
    let anna = talk(&fixture, "Анна Ёлкина", "bot", "Спасибо!", 30).await;
    let boris = talk(&fixture, "Борис", "nobody", "Позовите ЧЕЛОВЕКА", 10).await;
    let clara = talk(&fixture, "Clara", "person", "100% торт_ов", 20).await;
    let partner = anna.partner.clone();
    let store = fixture.store();
    let list = async |owner: Option<&str>, text: Option<&str>, page: Page| {
        let filter = ConversationFilter { owner: owner.map(str::to_owned), text: text.map(str::to_owned) };
        let cards = store.conversations(&partner, &filter, page).await.expect("lists");
        cards.into_iter().map(|card| card.id).collect::<Vec<_>>()
    };
    let (a, b, c) = (anna.conversation, boris.conversation, clara.conversation);
    let ten = Page::first(10);
    assert_eq!(list(None, None, ten).await, [a, c, b]);
    let of = ConversationFilter::default();
    let behind: Vec<Cursor> =
        store.conversations(&partner, &of, ten).await.expect("lists").iter().map(ConversationCard::cursor).collect();
    assert_eq!(list(None, None, Page { after: Some(behind[0]), limit: 1 }).await, [c]);
    assert_eq!(list(None, None, Page { after: Some(behind[2]), limit: 10 }).await, []);
    assert_eq!(list(Some("nobody"), None, Page { after: Some(behind[0]), limit: 10 }).await, [b]);
    assert_eq!(list(Some("bot"), Some("анна"), Page { after: Some(behind[0]), limit: 10 }).await, []);
    assert_eq!(
        list(None, Some("о"), Page { after: Some(behind[0]), limit: 10 }).await,
        [c, b],
        "by words and by names"
    );
    assert_eq!(list(Some("bot"), None, ten).await, [a]);
    assert_eq!(list(Some("person"), None, ten).await, [c]);
    assert_eq!(list(Some("nobody"), None, ten).await, [b]);
    assert_eq!(list(Some("somebody"), None, ten).await, []);
    assert_eq!(list(None, Some(" ёлк "), ten).await, [a]);
    assert_eq!(list(None, Some("человек"), ten).await, [b]);
    assert_eq!(list(None, Some("CLARA"), ten).await, [c]);
    assert_eq!(list(None, Some("% "), ten).await, [c], "wildcards are letters");
    assert_eq!(list(None, Some("о_т"), ten).await, []);
    assert_eq!(list(None, Some("  "), ten).await, [a, c, b]);
    assert_eq!(list(Some("bot"), Some("борис"), ten).await, []);
    assert_eq!(list(Some("nobody"), Some("борис"), ten).await, [b]);

    again(&fixture, "Борис", |turn, key| turn.lead = Some(sample::lead(key.first_customer(), "hot", 80))).await;
    assert_eq!(list(None, None, ten).await, [b, a, c]);
    let card =
        store.conversations(&partner, &ConversationFilter::default(), Page::first(1)).await.expect("lists").remove(0);
    assert_eq!((card.temperature.as_str(), card.score, card.unread), ("hot", 80, 1));
    assert_eq!((card.name.as_deref(), card.owner.as_str()), (Some("Борис"), "bot"));
}

/// The page of one conversation.
pub async fn an_open_conversation_shows_all_that_belongs_to_it(fixture: impl Fixture) {
    let inbound: Inbound = sample::text(&sample::partner("korica"), "anna", "1", "Торт");
    let key = inbound.conversation();
    let mut turns: Vec<TurnCommit> = (0..3).map(|expected| sample::full_turn(&key, &inbound, expected)).collect();
    turns[2].orders[0].state = OrderState::Paid;
    for turn in &turns {
        commit(&fixture, turn.clone()).await;
    }
    let view = fixture.store().conversation(&key, 4).await.expect("finds").expect("is there");
    assert_eq!(view.card.name.as_deref(), Some("Анна"));
    assert_eq!((view.phone.as_deref(), view.email), (Some("+79991234567"), None));
    assert_eq!(view.lead, turns[2].lead.clone().map(|row| LeadRow { version: 3, ..row }));
    assert_eq!(view.messages, [turns[1].messages.clone(), turns[2].messages.clone()].concat());
    assert_eq!(view.facts, [turns[2].facts.clone(), turns[1].facts.clone(), turns[0].facts.clone()].concat());
    assert_eq!(view.orders, turns[2].orders, "one order, changed twice");
}

/// A page that is open asks for what came since.
pub async fn messages_are_read_after_a_position(fixture: impl Fixture) {
    let inbound = sample::text(&sample::partner("korica"), "anna", "1", "Торт");
    let key = inbound.conversation();
    for expected in 0..3 {
        commit(&fixture, sample::full_turn(&key, &inbound, expected)).await;
    }
    let read = async |after, limit| {
        let messages = fixture.store().messages(&key, after, limit).await.expect("reads");
        messages.iter().map(|message| message.seq).collect::<Vec<_>>()
    };
    assert_eq!(read(0, 100).await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(read(2, 3).await, [3, 4, 5]);
    assert!(read(6, 3).await.is_empty());
    assert_eq!(read(-1, 1).await, [1]);
}

/// Somebody whose browser opened a chat, and who has said nothing, is in no list.
pub async fn who_has_said_nothing_is_in_no_list(fixture: impl Fixture) {
    let unheard = async |expected| {
        let inbound = sample::text(&sample::partner("korica"), "Анна", "Анна", "…");
        let key = inbound.conversation();
        let mut turn = sample::turn(&key, &inbound, expected);
        turn.conversation.at = UNHEARD;
        turn.lead = Some(LeadRow { at: UNHEARD, ..sample::lead(key.first_customer(), "cold", 0) });
        commit(&fixture, turn).await;
    };
    unheard(0).await;
    let (store, partner) = (fixture.store(), sample::partner("korica"));
    let listed = async |text: Option<&str>| {
        let text = text.map(str::to_owned);
        let (talks, leads) = (
            ConversationFilter { text: text.clone(), ..Default::default() },
            LeadFilter { text, ..Default::default() },
        );
        let talks = store.conversations(&partner, &talks, Page::first(10)).await.expect("lists").len();
        (talks, store.leads(&partner, &leads, Page::first(10)).await.expect("lists").len())
    };
    assert_eq!((listed(None).await, listed(Some("…")).await), ((0, 0), (0, 0)));
    again(&fixture, "Анна", |turn, key| turn.lead = Some(sample::lead(key.first_customer(), "cold", 0))).await;
    assert_eq!(listed(None).await, (1, 1));
}

/// What is sent to many goes to each of them once, and to nobody of another partner.
pub async fn everyone_who_has_spoken_is_met_once_page_by_page(fixture: impl Fixture) {
    let (store, partner, another) = (fixture.store(), sample::partner("korica"), sample::partner("zhiva"));
    let mut expected = Vec::new();
    for (of, name, at) in [
        (&partner, "Анна", None),
        (&partner, "Борис", None),
        (&partner, "Вера", None),
        (&partner, "гость", Some(UNHEARD)),
        (&another, "Анна", None),
    ] {
        let inbound = sample::text(of, name, name, "…");
        let mut turn = sample::turn(&inbound.conversation(), &inbound, 0);
        turn.conversation.at = at.unwrap_or(turn.conversation.at);
        if *of == partner && at.is_none() {
            let conversation = turn.key.conversation;
            expected.push(Recipient { conversation, account: inbound.account.clone(), peer: inbound.peer.clone() });
        }
        commit(&fixture, turn).await;
    }
    expected.sort_by_key(|one| one.conversation.0);
    let (mut met, mut after) = (Vec::new(), None);
    loop {
        let page = store.everyone(&partner, after, 2).await.expect("lists");
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2);
        after = Some(last.conversation);
        // Whoever talks meanwhile is met no second time.
        again(&fixture, "Анна", |turn, _| turn.conversation.at = sample::moment(99)).await;
        met.extend(page);
        assert!(met.len() <= expected.len(), "{met:?}");
    }
    assert_eq!(met, expected);
}

/// Nobody chases a cold lead before a hot one.
pub async fn leads_are_listed_hottest_first(fixture: impl Fixture) {
    let leads =
        [("Анна", "cold", 5), ("Борис", "hot", 70), ("Вера", "warm", 40), ("Глеб", "hot", 90), ("Дина", "warm", 75)];
    for (name, temperature, score) in leads {
        talk(&fixture, name, "bot", name, i64::from(score)).await;
        again(&fixture, name, |turn, key| turn.lead = Some(sample::lead(key.first_customer(), temperature, score)))
            .await;
    }
    let partner = sample::partner("korica");
    let store = fixture.store();
    let list = async |temperature: Option<&str>, page: Page| {
        let filter = LeadFilter { temperature: temperature.map(str::to_owned), text: None, ..LeadFilter::default() };
        let cards = store.leads(&partner, &filter, page).await.expect("lists");
        cards.into_iter().map(|card| card.name.expect("all have names")).collect::<Vec<_>>()
    };
    assert_eq!(list(None, Page::first(10)).await, ["Глеб", "Борис", "Дина", "Вера", "Анна"]);
    let behind: Vec<Cursor> = store
        .leads(&partner, &LeadFilter::default(), Page::first(10))
        .await
        .expect("lists")
        .iter()
        .map(LeadCard::cursor)
        .collect();
    assert_eq!(list(None, Page { after: Some(behind[0]), limit: 2 }).await, ["Борис", "Дина"]);
    assert_eq!(list(Some("warm"), Page { after: Some(behind[2]), limit: 2 }).await, ["Вера"]);
    assert_eq!(list(Some("hot"), Page::first(10)).await, ["Глеб", "Борис"]);
    assert_eq!(list(Some("cold"), Page::first(10)).await, ["Анна"]);
    assert!(list(Some("boiling"), Page::first(10)).await.is_empty());
    let card = store.leads(&partner, &LeadFilter::default(), Page::first(1)).await.expect("lists").remove(0);
    assert_eq!((card.lead.score, card.phone.as_deref()), (90, Some("+79991234567")));
    assert_eq!(card.preview, "Здравствуйте!");

    let find = async |temperature: Option<&str>, text: &str| {
        let filter = LeadFilter {
            temperature: temperature.map(str::to_owned),
            text: Some(text.to_owned()),
            ..LeadFilter::default()
        };
        let cards = store.leads(&partner, &filter, Page::first(10)).await.expect("lists");
        cards.into_iter().map(|card| card.name.expect("all have names")).collect::<Vec<_>>()
    };
    assert_eq!(find(None, " ГЛЕБ").await, ["Глеб"]);
    assert_eq!(find(Some("cold"), "глеб").await, [""; 0]);
    assert_eq!(find(Some("warm"), "Спросил цену").await, ["Дина", "Вера"], "by the reasons of their scores");
    assert_eq!(find(Some("hot"), "8 999 123-45-67").await, ["Глеб", "Борис"], "by a phone, and each once");
}

/// Orders keep the conversation that they were made in.
pub async fn orders_and_notices_are_listed_latest_first(fixture: impl Fixture) {
    let anna = talk(&fixture, "Анна", "bot", "…", 1).await;
    let id = |n: &str| OrderId::of(&[n]);
    again(&fixture, "Анна", |turn, key| {
        let order = |n, at| sample::order(id(n), key.first_customer(), OrderState::Placed, at);
        turn.orders = vec![order("1", 10), order("2", 30), order("3", 20)];
        turn.notices = vec![sample::notice("a", 1), sample::notice("b", 3), sample::notice("c", 2)];
    })
    .await;
    talk(&fixture, "Борис", "bot", "…", 2).await;
    again(&fixture, "Борис", |turn, _| {
        // The customer wrote from another identity, which has been merged since.
        let mut order = sample::order(id("1"), anna.first_customer(), OrderState::Paid, 40);
        order.due = None;
        turn.orders = vec![order];
        turn.notices = vec![sample::notice("a", 99)];
    })
    .await;
    let store = fixture.store();
    let orders = store.orders(&anna.partner, &OrderFilter::default(), Page::first(10)).await.expect("lists");
    assert_eq!(orders.iter().map(|card| card.order.id).collect::<Vec<_>>(), [id("1"), id("2"), id("3")]);
    let first = store.order(&anna.partner, id("1")).await.expect("finds").expect("is there");
    assert_eq!(first, orders[0]);
    assert_eq!((first.order.state, first.conversation), (OrderState::Paid, anna.conversation));
    assert_eq!((first.name.as_deref(), first.order.due), (Some("Анна"), None));
    assert_eq!(store.order(&anna.partner, id("4")).await, Ok(None));
    let find = async |states: &[OrderState], text: Option<&str>, page: Page| {
        let filter = OrderFilter { states: states.to_vec(), text: text.map(str::to_owned) };
        let cards = store.orders(&anna.partner, &filter, page).await.expect("lists");
        cards.into_iter().map(|card| card.order.id).collect::<Vec<_>>()
    };
    let (paid, placed) = (OrderState::Paid, OrderState::Placed);
    assert_eq!(find(&[placed], None, Page::first(9)).await, [id("2"), id("3")]);
    let behind: Vec<Cursor> = orders.iter().map(OrderCard::cursor).collect();
    assert_eq!(find(&[placed, paid], None, Page { after: Some(behind[0]), limit: 1 }).await, [id("2")]);
    assert_eq!(find(&[], None, Page { after: Some(behind[1]), limit: 9 }).await, [id("3")]);
    assert_eq!(find(&[placed], Some("1201"), Page { after: Some(behind[1]), limit: 9 }).await, [id("3")]);
    assert_eq!(find(&[OrderState::Draft], None, Page::first(9)).await, []);
    assert_eq!(find(&[paid], Some("анна"), Page::first(9)).await, [id("1")]);
    assert_eq!(find(&[], Some("1201-48"), Page::first(2)).await, [id("1"), id("2")]);
    assert_eq!(find(&[placed], Some("глеб"), Page::first(9)).await, []);
    let b = sample::notice("b", 3);
    let behind = Some(Cursor::by_time(b.at, b.id.0.as_u128()));
    let notices = store.notices(&anna.partner, Page { after: behind, limit: 5 }).await.expect("lists");
    assert_eq!(notices, [sample::notice("c", 2), sample::notice("a", 1)], "a notice is told once");
}

/// The owner's morning figures.
pub async fn figures_count_since_a_moment(fixture: impl Fixture) {
    for (name, owner) in [("Анна", "bot"), ("Борис", "nobody"), ("Вера", "person")] {
        talk(&fixture, name, owner, "…", 1).await;
        again(&fixture, name, |turn, key| {
            let customer = key.first_customer();
            let fact = |name: &str, at| -> FactRow { sample::fact(customer, name, at) };
            turn.conversation.owner = owner;
            turn.facts = vec![fact("message", 5), fact("message", 50), fact("message", 60), fact("button", 60)];
            turn.facts.extend([fact("question.unanswered", 10), fact("answer.blocked", 70), fact("model.used", 70)]);
            turn.lead = Some(sample::lead(customer, if owner == "bot" { "hot" } else { "warm" }, 50));
        })
        .await;
    }
    let order = |turn: &mut TurnCommit, key: &ConversationKey, n: &str, state, at| {
        turn.orders.push(sample::order(OrderId::of(&[n]), key.first_customer(), state, at));
    };
    again(&fixture, "Анна", |turn, key| {
        order(turn, key, "early", OrderState::Placed, 10);
        order(turn, key, "now", OrderState::Draft, 20);
        order(turn, key, "gone", OrderState::Placed, 50);
        order(turn, key, "never", OrderState::Draft, 50);
    })
    .await;
    again(&fixture, "Анна", |turn, key| {
        order(turn, key, "early", OrderState::Paid, 60);
        order(turn, key, "now", OrderState::Placed, 55);
        order(turn, key, "gone", OrderState::Cancelled, 60);
        order(turn, key, "never", OrderState::Cancelled, 60);
    })
    .await;
    let span = async |since, until| {
        fixture.store().figures(&sample::partner("korica"), sample::moment(since), sample::moment(until)).await
    };
    let figures = async |since| span(since, 1_000).await;
    let all =
        Figures { customers: 3, hot: 1, orders: 3, revenue_minor: 480_000, waiting: 1, unanswered: 3, blocked: 3 };
    assert_eq!(figures(0).await, Ok(all));
    let since = Figures { orders: 2, revenue_minor: 240_000, unanswered: 0, ..all };
    assert_eq!(figures(50).await, Ok(since));
    let early = Figures { orders: 2, revenue_minor: 240_000, blocked: 0, ..all };
    assert_eq!(span(0, 55).await, Ok(early));
    assert_eq!(span(0, 5).await.map(|figures| (figures.customers, figures.orders)), Ok((0, 0)), "the end is outside");
    assert_eq!(figures(100).await.map(|figures| (figures.customers, figures.orders, figures.hot)), Ok((0, 0, 1)));
}

/// What the owner should write a page about.
pub async fn questions_without_an_answer_are_listed_with_the_words_of_then(fixture: impl Fixture) {
    let anna = talk(&fixture, "Анна", "bot", "…", 1).await;
    let asks = |n: i64, text: &str| {
        let (text, n) = (text.to_owned(), n);
        move |turn: &mut TurnCommit, key: &ConversationKey| {
            turn.messages =
                vec![sample::message(n, Author::Customer, &text), sample::message(n + 1, Author::Bot, "Не знаю")];
            turn.facts = vec![sample::fact(key.first_customer(), "question.unanswered", n + 1)];
        }
    };
    again(&fixture, "Анна", asks(1, "Есть ли парковка?")).await;
    again(&fixture, "Анна", asks(3, "А у метро?")).await;
    talk(&fixture, "Борис", "bot", "…", 1).await;
    again(&fixture, "Борис", asks(5, "Вы пекарня?")).await;
    let store = fixture.store();
    let (long_ago, all) = (Timestamp::MIN, Page::first(9));
    let since =
        async |since, page: Page| store.questions(&anna.partner, Fault::Unanswered, since, page).await.expect("lists");
    let list = async |page: Page| since(long_ago, page).await;
    let told = |cards: &[QuestionCard]| -> Vec<(String, String)> {
        cards.iter().map(|card| (card.name.clone().expect("a name"), card.words.clone())).collect()
    };
    let pair = |name: &str, words: &str| (name.to_owned(), words.to_owned());
    let all_asked = list(all).await;
    let expected = [pair("Борис", "Вы пекарня?"), pair("Анна", "А у метро?"), pair("Анна", "Есть ли парковка?")];
    assert_eq!(told(&all_asked), expected);
    assert_eq!(told(&since(sample::moment(4), all).await), expected[..2], "that moment is within");
    let second = list(Page { after: Some(all_asked[0].cursor()), limit: 1 }).await;
    assert_eq!(told(&second), expected[1..2]);
    assert_eq!((second[0].conversation, second[0].fact.at), (anna.conversation, sample::moment(4)));
    let wrong = store.questions(&anna.partner, Fault::Wrong, long_ago, all).await;
    assert_eq!(wrong, Ok(Vec::new()), "nobody marked any");
    let sosed = sample::partner("sosed");
    assert_eq!(store.questions(&sosed, Fault::Unanswered, long_ago, all).await, Ok(Vec::new()));
}

/// What the bot should not say again: each with the answer that it was, in the conversation where it was given.
pub async fn wrong_answers_are_listed_with_what_was_answered(fixture: impl Fixture) {
    let anna = talk(&fixture, "Анна", "bot", "…", 1).await;
    let marks = |n: i64, conversation: Option<ConversationId>| {
        move |turn: &mut TurnCommit, key: &ConversationKey| {
            turn.messages = vec![sample::message(n, Author::Customer, "Когда вы открыты?")];
            turn.messages.push(sample::message(n + 1, Author::Bot, &format!("Круглосуточно, {n}")));
            let question = "Когда вы открыты?".to_owned();
            let fact = Fact::AnswerWrong { conversation, seq: n + 1, question, who: "Ольга".into() };
            let data = serde_json::to_string(&fact).expect("a fact is JSON");
            turn.facts = vec![FactRow { data, ..sample::fact(key.first_customer(), "answer.wrong", 9 + n) }];
        }
    };
    again(&fixture, "Анна", marks(1, Some(anna.conversation))).await;
    // As an earlier version wrote it.
    again(&fixture, "Анна", marks(3, None)).await;
    // The customer's latest conversation is not the one of the answer.
    talk(&fixture, "Борис", "bot", "…", 1).await;
    again(&fixture, "Борис", |turn, key| {
        marks(5, Some(anna.conversation))(turn, key);
        turn.messages = vec![sample::message(6, Author::Bot, "Другое")];
    })
    .await;
    let list = async |page: Page| {
        fixture.store().questions(&anna.partner, Fault::Wrong, Timestamp::MIN, page).await.expect("lists")
    };
    let all = list(Page::first(9)).await;
    let told = |cards: &[QuestionCard]| cards.iter().map(|card| card.words.clone()).collect::<Vec<_>>();
    assert_eq!(told(&all), ["", "Круглосуточно, 3", "Круглосуточно, 1"], "of the conversation that the fact names");
    assert!(all.iter().all(|card| card.conversation == anna.conversation));
    assert_eq!(told(&list(Page { after: Some(all[1].cursor()), limit: 9 }).await), ["Круглосуточно, 1"]);
}

/// A list may be as long as it likes: page behind page shows each row once, and all of them, whatever comes meanwhile.
pub async fn a_list_is_read_to_its_end_page_by_page(fixture: impl Fixture) {
    const PEOPLE: i64 = 23;
    let partner = sample::partner("korica");
    for n in 0..PEOPLE {
        // Several at one moment, with the same points.
        talk(&fixture, &n.to_string(), "bot", "…", n / 5 * 600).await;
        again(&fixture, &n.to_string(), |turn, key| {
            turn.conversation.at = sample::moment(n / 5 * 600);
            turn.lead = Some(sample::lead(key.first_customer(), ["warm", "hot"][usize::from(n % 2 == 0)], 70));
            let id = OrderId::of(&[&n.to_string()]);
            turn.orders = vec![sample::order(id, key.first_customer(), OrderState::Placed, n / 5)];
        })
        .await;
    }
    let store = fixture.store();
    let (mut chats, mut leads, mut orders) = (Vec::new(), Vec::new(), Vec::new());
    let page = |after: Option<Cursor>| Page { after, limit: 4 };
    for n in 0.. {
        let after = page(chats.last().map(ConversationCard::cursor));
        let more = store.conversations(&partner, &ConversationFilter::default(), after).await.expect("lists");
        let end = more.is_empty();
        chats.extend(more);
        let after = page(leads.last().map(LeadCard::cursor));
        leads.extend(store.leads(&partner, &LeadFilter::default(), after).await.expect("lists"));
        let after = page(orders.last().map(OrderCard::cursor));
        orders.extend(store.orders(&partner, &OrderFilter::default(), after).await.expect("lists"));
        // One that is new stands before all of them.
        talk(&fixture, &format!("new {n}"), "bot", "…", 100_000 + n).await;
        if end {
            break;
        }
    }
    let ids = |cursors: Vec<Cursor>| {
        assert!(cursors.is_sorted_by(|a, b| a > b), "{cursors:?}");
        i64::try_from(cursors.len()).expect("few")
    };
    assert_eq!(ids(chats.iter().map(ConversationCard::cursor).collect()), PEOPLE);
    assert_eq!(ids(leads.iter().map(LeadCard::cursor).collect()), PEOPLE);
    assert_eq!(ids(orders.iter().map(OrderCard::cursor).collect()), PEOPLE);
}

/// Who has a conversation is seen in the list, as long as a person has it.
pub async fn a_conversation_tells_which_person_has_it(fixture: impl Fixture) {
    let key = talk(&fixture, "Анна", "bot", "…", 1).await;
    let store = fixture.store();
    for (owner, holder) in [("person", Some("Ольга")), ("nobody", None), ("bot", None)] {
        again(&fixture, "Анна", |turn, _| {
            turn.conversation.owner = owner;
            r#"{"v":"1","holder":"Ольга"}"#.clone_into(&mut turn.conversation.state);
        })
        .await;
        let page = Page::first(1);
        let card =
            store.conversations(&key.partner, &ConversationFilter::default(), page).await.expect("lists").remove(0);
        assert_eq!(card.holder.as_deref(), holder, "{owner}");
    }
}

/// What turns count adds up, by day; a report tells of the days and kinds that are asked for.
pub async fn what_turns_count_adds_up_by_day(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let day = |day| jiff::civil::date(2026, 12, day);
    let on = |on, what, key: &str, n| Tally { day: day(on), ..sample::tally(what, key, n) };
    let turn = |expected, tallies| TurnCommit { tallies, ..sample::turn(&key, &inbound, expected) };
    commit(&fixture, turn(0, vec![on(1, Counted::Stage, "интерес", 1), on(1, Counted::Came, "", 1)])).await;
    commit(&fixture, turn(1, vec![on(1, Counted::Stage, "интерес", 2), on(2, Counted::Stage, "заказ\0", 5)])).await;
    commit(&fixture, turn(2, vec![on(2, Counted::Order, "placed", 1), on(3, Counted::Stage, "интерес", 7)])).await;
    commit(&fixture, turn(3, vec![on(2, Counted::Order, "placed", -1)])).await;
    let stale = turn(1, vec![on(1, Counted::Stage, "интерес", 100)]);
    assert_eq!(fixture.store().commit(stale.into()).await, Err(CommitError::Conflict));
    let fixture = fixture.reopened().await;
    let store = fixture.store();
    let found = store.report(&key.partner, &[Counted::Stage, Counted::Order], day(1), day(2)).await.expect("reports");
    assert_eq!(
        found,
        [on(1, Counted::Stage, "интерес", 3), on(2, Counted::Stage, "заказ\0", 5)],
        "what is undone is none"
    );
    let all = store.report(&key.partner, Counted::ALL, day(1), day(31)).await.expect("reports");
    assert_eq!(all.iter().map(|one| one.what.name()).collect::<Vec<_>>(), ["came", "stage", "stage", "stage"]);
    assert_eq!(store.report(&sample::partner("nega"), Counted::ALL, day(1), day(31)).await, Ok(Vec::new()));
}

/// Turns that are written together count each for itself.
pub async fn turns_that_are_written_together_count_each_for_itself(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let turns = (0..30).map(|n| {
        let from = sample::text(&korica, &format!("peer-{n}"), "", "");
        let tallies =
            vec![sample::tally(Counted::Active, "", 1), sample::tally(Counted::Stage, &(n % 2).to_string(), 2)];
        // Of every third one nothing is written.
        let expected = if n % 3 == 0 { 5 } else { 0 };
        let turn = sample::turn(&from.conversation(), &from, expected);
        fixture.store().commit(TurnCommit { tallies, ..turn }.into())
    });
    futures::future::join_all(turns).await;
    let day = sample::tally(Counted::Active, "", 0).day;
    let found = fixture.store().report(&korica, Counted::ALL, day, day).await.expect("reports");
    let told: Vec<_> = found.iter().map(|one| (one.what.name(), &*one.key, one.n)).collect();
    assert_eq!(told, [("active", "", 20), ("stage", "0", 20), ("stage", "1", 20)]);
}

/// Leads are picked by stage, source, segment, points and how long they have been silent, however far down the list they stand.
pub async fn leads_are_picked_by_what_is_asked_for(fixture: impl Fixture) {
    for n in 0..40_u8 {
        let key = talk(&fixture, &format!("guest-{n}"), "bot", "слова", i64::from(n)).await;
        let inbound = sample::text(&key.partner, &format!("guest-{n}"), "", "");
        let lead = LeadRow {
            stage: if n % 10 == 3 { "заказ" } else { "интерес" }.into(),
            source: (n % 2 == 1).then(|| "vk".to_owned()),
            data: if n % 20 == 3 { r#"{"v":"1","segment":"Энергия"}"# } else { r#"{"v":"1"}"# }.to_owned(),
            at: sample::moment(i64::from(n)),
            ..sample::lead(key.first_customer(), "cold", 100 - i32::from(n))
        };
        commit(&fixture, TurnCommit { lead: Some(lead), ..sample::turn(&key, &inbound, 1) }).await;
    }
    let partner = sample::partner("korica");
    let store = fixture.store();
    let points = async |filter: LeadFilter, page: Page| {
        let cards = store.leads(&partner, &filter, page).await.expect("lists");
        cards.into_iter().map(|card| card.lead.score).collect::<Vec<_>>()
    };
    let all = Page::first(50);
    let stage = LeadFilter { stage: Some("заказ".into()), ..LeadFilter::default() };
    assert_eq!(points(stage.clone(), all).await, [97, 87, 77, 67]);
    assert_eq!(points(stage.clone(), Page::first(3)).await, [97, 87, 77]);
    let third = store.leads(&partner, &stage, Page::first(3)).await.expect("lists").pop().expect("a third").cursor();
    assert_eq!(points(stage.clone(), Page { after: Some(third), limit: 3 }).await, [67], "read on behind it");
    let vk = LeadFilter { source: Some("vk".into()), score_min: Some(90), ..LeadFilter::default() };
    assert_eq!(points(vk, all).await, [99, 97, 95, 93, 91]);
    let silent = LeadFilter { idle_since: Some(sample::moment(4)), ..stage.clone() };
    assert_eq!(points(silent, all).await, [97]);
    let energy = LeadFilter { segment: Some("энергия".into()), ..LeadFilter::default() };
    assert_eq!(points(energy, all).await, [97, 77], "however it was typed");
    // One is in their reasons, one in their names.
    for text in ["цену", "guest"] {
        let named = LeadFilter { text: Some(text.into()), ..stage.clone() };
        assert_eq!(points(named, Page::first(3)).await, [97, 87, 77], "{text}");
    }
    let warm = LeadFilter { temperature: Some("warm".into()), ..stage };
    assert_eq!(points(warm, all).await, Vec::<i32>::new());
}
