use voronka_core::{
    ids::{ConversationId, CustomerId, OrderId, PartnerId},
    message::{ConversationKey, Inbound},
    order::OrderState,
    person::Kinship,
    ports::{CommitError, ConversationView, Directory, Journal, KnownBy, LeadCard, LeadFilter, Loaded, Page},
    rows::{CustomerRow, LeadRow, TurnCommit},
};

use super::{ALL, Fixture, commit, load, sample};

/// A customer with one of everything, who wrote.
async fn customer(fixture: &impl Fixture, partner: &PartnerId, peer: &str, score: i32) -> Inbound {
    let inbound = sample::text(partner, peer, peer, "Сколько стоит торт?");
    let key = inbound.conversation();
    let mut turn = sample::full_turn(&key, &inbound, 0);
    let phone = Some(format!("+7999000{score:04}"));
    turn.customer = Some(CustomerRow { phone, ..sample::customer(key.first_customer(), peer) });
    turn.conversation.state = format!(r#"{{"v":"1","page":"{}"}}"#, page_of(peer));
    turn.lead = Some(sample::lead(key.first_customer(), "hot", score));
    turn.orders = vec![sample::order(OrderId::of(&[peer]), key.first_customer(), OrderState::Placed, score.into())];
    commit(fixture, turn).await;
    inbound
}

/// Where the team can write to them in the messenger.
fn page_of(peer: &str) -> String {
    format!("https://t.me/{peer}")
}

async fn says(fixture: &impl Fixture, of: &Inbound, kinship: Kinship) {
    let key = of.conversation();
    let version = load(fixture, &key).await.version;
    commit(fixture, TurnCommit { kinship: Some(kinship), ..sample::turn(&key, of, version) }).await;
}

fn id(of: &Inbound) -> CustomerId {
    of.conversation().first_customer()
}

/// The same person's other conversations.
async fn kin(fixture: &impl Fixture, of: &Inbound) -> Vec<CustomerId> {
    load(fixture, &of.conversation()).await.kin.into_iter().map(|row| row.customer).collect()
}

async fn view(fixture: &impl Fixture, of: &Inbound) -> ConversationView {
    fixture.store().conversation(&of.conversation(), ALL).await.expect("is read").expect("is there")
}

/// What is stored of a customer, but for the marks and the versions that they change, and the conversation, which has a turn more.
async fn all_of(fixture: &impl Fixture, of: &Inbound) -> (Loaded, ConversationView) {
    let (mut loaded, mut view) = (load(fixture, &of.conversation()).await, view(fixture, of).await);
    (loaded.version, loaded.conversation) = (0, None);
    if let Some(customer) = &mut loaded.customer {
        customer.version = 0;
    }
    view.card.at = sample::moment(0);
    (loaded, view)
}

/// One person on three accounts, of whom one leaves again: nothing of anybody's was moved.
pub async fn merged_customers_are_read_together_and_split_ones_have_what_was_theirs(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let anna = customer(&fixture, &korica, "anna", 90).await;
    let anna_too = customer(&fixture, &korica, "anna-2", 50).await;
    let boris = customer(&fixture, &korica, "boris", 70).await;
    let before = (all_of(&fixture, &anna).await, all_of(&fixture, &anna_too).await);
    says(&fixture, &anna_too, Kinship::Joins(id(&anna))).await;
    let fixture = fixture.reopened().await;
    assert_eq!(kin(&fixture, &anna).await, [id(&anna_too)]);
    assert_eq!(kin(&fixture, &anna_too).await, [id(&anna)]);
    let pages = load(&fixture, &anna_too.conversation()).await.kin.into_iter().map(|row| row.page);
    assert_eq!(pages.collect::<Vec<_>>(), [Some(page_of("anna"))]);
    assert_eq!(kin(&fixture, &boris).await, Vec::<CustomerId>::new());
    for of in [&anna, &anna_too] {
        let seen = view(&fixture, of).await;
        assert_eq!((seen.kin.len(), seen.facts.len(), seen.orders.len()), (1, 2, 2), "facts and orders of both");
        assert_eq!(seen.orders[0].customer, id(&anna), "the latest first");
        assert_eq!(load(&fixture, &of.conversation()).await.orders.len(), 1, "a turn has its own customer's alone");
    }
    says(&fixture, &anna_too, Kinship::Leaves).await;
    assert_eq!((all_of(&fixture, &anna).await, all_of(&fixture, &anna_too).await), before);

    says(&fixture, &boris, Kinship::Joins(id(&anna))).await;
    says(&fixture, &anna_too, Kinship::Joins(id(&boris))).await;
    assert_eq!(kin(&fixture, &anna).await.len(), 2);
    says(&fixture, &anna, Kinship::Leaves).await;
    assert_eq!((kin(&fixture, &anna).await.len(), kin(&fixture, &boris).await), (0, vec![id(&anna_too)]));
}

/// Who the team is asked about is shown with the conversation.
pub async fn who_may_be_the_same_person_is_read_with_a_conversation(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let anna = customer(&fixture, &korica, "anna", 60).await;
    let key = anna.conversation();
    assert_eq!(view(&fixture, &anna).await.same_as, []);
    let (boris, vera) = (CustomerId::of(&["boris"]), CustomerId::of(&["vera"]));
    let mut turn = sample::turn(&key, &anna, 1);
    turn.conversation.state = format!(r#"{{"v":"1","same_as":["{boris}","{vera}"]}}"#);
    commit(&fixture, turn).await;
    assert_eq!(view(&fixture, &anna).await.same_as, [boris, vera]);
    let mut turn = sample::turn(&key, &anna, 2);
    turn.conversation.state = "of another version".into();
    commit(&fixture, turn).await;
    assert_eq!(view(&fixture, &anna).await.same_as, []);
}

/// A person is one lead, by the hottest of theirs, and one customer in figures.
pub async fn a_merged_person_is_counted_and_listed_once(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let anna = customer(&fixture, &korica, "anna", 60).await;
    let anna_too = customer(&fixture, &korica, "anna-2", 90).await;
    let boris = customer(&fixture, &korica, "boris", 70).await;
    let store = fixture.store();
    let leads = async |temperature: Option<&str>| {
        let filter = LeadFilter { temperature: temperature.map(str::to_owned), ..LeadFilter::default() };
        let found = store.leads(&korica, &filter, Page::first(ALL)).await.expect("lists");
        found.into_iter().map(|card| card.lead.customer).collect::<Vec<_>>()
    };
    let counted = async || {
        let figures = store.figures(&korica, sample::moment(-9), sample::moment(900)).await.expect("counts");
        (figures.customers, figures.hot, figures.orders)
    };
    assert_eq!(counted().await, (3, 3, 3));
    says(&fixture, &anna_too, Kinship::Joins(id(&anna))).await;
    assert_eq!(leads(None).await, [id(&anna_too), id(&boris)]);
    assert_eq!(leads(Some("hot")).await, [id(&anna_too), id(&boris)]);
    assert_eq!(counted().await, (2, 2, 3), "orders are orders");
    let key = anna_too.conversation();
    let mut colder =
        TurnCommit { lead: Some(sample::lead(id(&anna_too), "cold", 5)), ..sample::turn(&key, &anna_too, 2) };
    colder.lead = colder.lead.map(|row| LeadRow { at: sample::moment(99), ..row });
    commit(&fixture, colder).await;
    assert_eq!(leads(None).await, [id(&boris), id(&anna)]);
    assert_eq!(leads(Some("cold")).await, Vec::<CustomerId>::new());
    assert_eq!(counted().await, (2, 2, 3));
    says(&fixture, &anna, Kinship::Leaves).await;
    assert_eq!((leads(None).await.len(), counted().await), (3, (3, 2, 3)));
}

/// A filter looks at all that a person is, and lists them where the hottest of their leads stands.
pub async fn a_person_is_found_by_any_lead_of_theirs(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let anna = customer(&fixture, &korica, "anna", 90).await;
    let anna_too = customer(&fixture, &korica, "anna-2", 50).await;
    let boris = customer(&fixture, &korica, "boris", 70).await;
    let stands = async |of: &Inbound, heat, score, stage: &str, source: &str, segment: &str, at| {
        let key = of.conversation();
        let version = load(&fixture, &key).await.version;
        let lead = LeadRow {
            version: 1,
            stage: stage.into(),
            source: Some(source.into()),
            data: format!(r#"{{"v":"1","segment":"{segment}"}}"#),
            at: sample::moment(at),
            ..sample::lead(id(of), heat, score)
        };
        commit(&fixture, TurnCommit { lead: Some(lead), ..sample::turn(&key, of, version) }).await;
    };
    stands(&anna, "hot", 90, "order", "vk", "опт", 100).await;
    stands(&anna_too, "cold", 5, "interest", "flyer", "Розница", 500).await;
    stands(&boris, "warm", 40, "talk", "flyer", "опт", 100).await;
    let found = async |filter: LeadFilter| {
        let found = fixture.store().leads(&korica, &filter, Page::first(ALL)).await.expect("lists");
        found.into_iter().map(|card| card.lead.customer).collect::<Vec<_>>()
    };
    let word = |text: &str| Some(text.to_owned());
    let none = LeadFilter::default;
    let of_retail = || LeadFilter { segment: word("розница"), ..none() };
    assert_eq!(found(of_retail()).await, [id(&anna_too)]);
    says(&fixture, &anna_too, Kinship::Joins(id(&anna))).await;
    for (filter, who) in [
        (of_retail(), vec![id(&anna)]),
        (LeadFilter { stage: word("interest"), ..none() }, vec![id(&anna)]),
        (LeadFilter { stage: word("order"), ..none() }, vec![id(&anna)]),
        (LeadFilter { source: word("flyer"), ..none() }, vec![id(&anna), id(&boris)]),
        (LeadFilter { segment: word("опт"), ..none() }, vec![id(&anna), id(&boris)]),
        // One lead stands there and came from there.
        (LeadFilter { source: word("flyer"), stage: word("order"), ..none() }, vec![]),
        // How warm a person is the hottest says, and nobody is silent who writes elsewhere.
        (LeadFilter { source: word("flyer"), temperature: word("hot"), ..none() }, vec![id(&anna)]),
        (LeadFilter { source: word("flyer"), temperature: word("cold"), ..none() }, vec![]),
        (LeadFilter { source: word("flyer"), score_min: Some(80), ..none() }, vec![id(&anna)]),
        (LeadFilter { idle_since: Some(sample::moment(300)), ..none() }, vec![id(&boris)]),
        (LeadFilter { idle_since: Some(sample::moment(500)), ..none() }, vec![id(&anna), id(&boris)]),
    ] {
        assert_eq!(found(filter.clone()).await, who, "{filter:?}");
    }
    let first = Page::first(1);
    let flyer = LeadFilter { source: word("flyer"), ..none() };
    let page = fixture.store().leads(&korica, &flyer, first).await.expect("lists");
    let rest = Page { after: page.last().map(LeadCard::cursor), ..first };
    let page = fixture.store().leads(&korica, &flyer, rest).await.expect("lists");
    assert_eq!(page.into_iter().map(|card| card.lead.customer).collect::<Vec<_>>(), [id(&boris)], "each once");
    says(&fixture, &anna, Kinship::Leaves).await;
    assert_eq!(found(of_retail()).await, [id(&anna_too)]);
}

/// A turn that was computed before somebody joined does not write over what it has not seen.
pub async fn whoever_joins_or_leaves_makes_turns_of_the_others_a_conflict(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let anna = customer(&fixture, &korica, "anna", 60).await;
    let anna_too = customer(&fixture, &korica, "anna-2", 90).await;
    let opts_out = |version| {
        let key = anna.conversation();
        let customer = CustomerRow { version, data: r#"{"v":2}"#.into(), ..sample::customer(id(&anna), "anna") };
        TurnCommit { customer: Some(customer), ..sample::turn(&key, &anna, 1) }
    };
    says(&fixture, &anna_too, Kinship::Joins(id(&anna))).await;
    let store = fixture.store();
    assert_eq!(store.commit(opts_out(1).into()).await, Err(CommitError::Conflict));
    assert_eq!(store.commit(opts_out(2).into()).await, Ok(()));
    let loaded = load(&fixture, &anna_too.conversation()).await;
    assert_eq!(loaded.kin.into_iter().map(|row| row.data).collect::<Vec<_>>(), [r#"{"v":2}"#]);
    // Who is named and unknown is nobody's kin.
    says(&fixture, &anna_too, Kinship::Leaves).await;
    says(&fixture, &anna_too, Kinship::Joins(CustomerId::of(&["nobody"]))).await;
    says(&fixture, &anna_too, Kinship::Joins(id(&anna_too))).await;
    assert_eq!(kin(&fixture, &anna_too).await, Vec::<CustomerId>::new());
}

/// Two turns that each rest on what they have read of the other's customer are not both written.
pub async fn a_turn_that_rests_on_another_customer_is_a_conflict_once_that_one_has_changed(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let anna = customer(&fixture, &korica, "anna", 60).await;
    let anna_too = customer(&fixture, &korica, "anna-2", 90).await;
    says(&fixture, &anna_too, Kinship::Joins(id(&anna))).await;
    let kin = async |of: &Inbound| {
        let rows = load(&fixture, &of.conversation()).await.kin;
        rows.into_iter().map(|row| (row.customer, row.version)).collect::<Vec<_>>()
    };
    let writes = async |of: &Inbound, name: &str, rests_on: Vec<(CustomerId, i64)>| {
        let loaded = load(&fixture, &of.conversation()).await;
        let turn = sample::turn(&of.conversation(), of, loaded.version);
        let customer = sample::customer(id(of), name);
        sample::upon(TurnCommit { customer: Some(customer), rests_on, ..turn }, &loaded)
    };
    let (read_by_one, read_by_other) = (kin(&anna).await, kin(&anna_too).await);
    assert_eq!((read_by_one[0].0, read_by_other[0].0), (id(&anna_too), id(&anna)));
    let (one, other) =
        (writes(&anna, "anna", read_by_one).await, writes(&anna_too, "anna-2", read_by_other.clone()).await);
    // At once: a store that writes several turns in one transaction has both in it.
    let store = fixture.store();
    let (one, other) = futures::join!(store.commit(one.into()), store.commit(other.into()));
    let written = [&one, &other].into_iter().filter(|done| done.is_ok()).count();
    assert_eq!(written, 1, "{one:?}, {other:?}");
    assert!([one, other].contains(&Err(CommitError::Conflict)));
    // Whoever reads again goes on, and what is read and not written stays as it was.
    let fixture = fixture.reopened().await;
    let kin = load(&fixture, &anna.conversation()).await.kin[0].version;
    let rests_on = vec![(id(&anna_too), kin)];
    let version = load(&fixture, &anna.conversation()).await.version;
    commit(&fixture, TurnCommit { rests_on, ..sample::turn(&anna.conversation(), &anna, version) }).await;
    assert_eq!(load(&fixture, &anna.conversation()).await.kin[0].version, kin);
    // Of whom nothing is known there is no version; another partner's customer is unknown.
    let rests_on = vec![(CustomerId::of(&["nobody"]), 0)];
    commit(&fixture, TurnCommit { rests_on, ..sample::turn(&anna.conversation(), &anna, version + 1) }).await;
    let foreign = sample::text(&sample::partner("nega"), "anna", "anna", "Здравствуйте");
    let rests_on = vec![(id(&anna_too), kin)];
    let turn = TurnCommit { rests_on, ..sample::turn(&foreign.conversation(), &foreign, 0) };
    assert_eq!(fixture.store().commit(turn.into()).await, Err(CommitError::Conflict));
}

/// By a whole contact, and of this partner alone.
pub async fn customers_are_known_by_what_is_theirs(fixture: impl Fixture) {
    let (korica, nega) = (sample::partner("korica"), sample::partner("nega"));
    let anna = customer(&fixture, &korica, "anna", 60).await;
    customer(&fixture, &nega, "anna", 60).await;
    let boris = customer(&fixture, &korica, "boris", 70).await;
    let found = async |by: KnownBy| {
        let found = fixture.store().identities(&korica, &by, ALL).await.expect("are found");
        found.into_iter().map(|row| (row.customer, row.peer.as_str().to_owned())).collect::<Vec<_>>()
    };
    let is_anna = vec![(id(&anna), "anna".to_owned())];
    assert_eq!(found(KnownBy::Id(id(&anna))).await, is_anna);
    let rows = fixture.store().identities(&korica, &KnownBy::Id(id(&anna)), ALL).await.expect("are found");
    assert_eq!(rows.into_iter().map(|row| row.page).collect::<Vec<_>>(), [Some(page_of("anna"))]);
    assert_eq!(found(KnownBy::Phone("+79990000060".into())).await, is_anna);
    assert_eq!(found(KnownBy::Conversation(anna.conversation().conversation)).await, is_anna);
    for none in [
        KnownBy::Phone("+7999000006".into()),
        KnownBy::Email("+79990000060".into()),
        KnownBy::Person(id(&anna)),
        KnownBy::Conversation(ConversationId::of(&["nobody"])),
    ] {
        assert_eq!(found(none).await, vec![]);
    }
    says(&fixture, &boris, Kinship::Joins(id(&anna))).await;
    let mut both = found(KnownBy::Person(id(&anna))).await;
    both.sort();
    let mut expected = vec![(id(&boris), "boris".to_owned()), (id(&anna), "anna".to_owned())];
    expected.sort();
    assert_eq!(both, expected);
    let foreign = ConversationKey { partner: nega.clone(), ..anna.conversation() };
    assert_eq!(load(&fixture, &foreign).await.kin, vec![]);
}
