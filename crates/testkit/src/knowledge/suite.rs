//! What every adapter of [`Knowledge`] must do. An adapter adds one line to its tests:
//! `voronka_testkit::knowledge_conformance!(KnowledgeIndex::in_memory().unwrap());`

#![expect(clippy::missing_panics_doc, reason = "a case panics when the adapter fails it: that is what it is for")]

use std::sync::Arc;

use voronka_core::{
    ids::PartnerId,
    ports::{Indexed, Knowledge, Passage},
    spec::knowledge::{Audience, Page},
};

/// A page for customers.
pub fn page(path: &str, title: &str, body: &str) -> Page {
    Page {
        path: path.into(),
        title: title.into(),
        also: Vec::new(),
        valid_until: None,
        audience: Audience::Customers,
        products: Vec::new(),
        lang: None,
        body: Arc::from(body),
    }
}

/// Three pages of a small shop.
pub fn pages() -> Vec<Page> {
    vec![
        page(
            "dostavka.md",
            "Доставка",
            "## Цены\nДоставка курьером по городу стоит 350 ₽, за город 800 ₽.\n\n## Время\nКурьер приезжает с 10 до 19 часов.",
        ),
        page("vozvrat.md", "Возврат", "Вернём деньги за обувь без следов носки в течение 14 дней после покупки."),
        page("uhod.md", "Уход за кожей", "Замшу чистят щёткой, гладкую кожу смазывают кремом раз в месяц."),
    ]
}

fn partner(id: &str) -> PartnerId {
    PartnerId::parse(id).expect("a valid id")
}

async fn index(port: &dyn Knowledge, of: &str, pages: &[Page]) -> Indexed {
    port.index(&partner(of), pages).await.expect("pages are indexed")
}

async fn search(port: &dyn Knowledge, of: &str, question: &str) -> Vec<Passage> {
    port.search(&partner(of), question, 5).await.expect("a search answers")
}

async fn first(port: &dyn Knowledge, of: &str, question: &str) -> Option<String> {
    search(port, of, question).await.first().map(|passage| passage.page.clone())
}

/// A page is found by other forms of its words, and the passage says where it stands.
pub async fn a_page_is_found_by_other_forms_of_its_words(port: &dyn Knowledge) {
    let indexed = index(port, "shop", &pages()).await;
    assert_eq!((indexed.changed, indexed.unchanged, indexed.removed), (3, 0, 0));
    assert!(indexed.passages >= 3);
    let found = search(port, "shop", "доставка курьером").await;
    let best = found.first().expect("a passage");
    assert_eq!((best.page.as_str(), best.title.as_str()), ("dostavka.md", "Доставка"));
    assert!(best.text.contains("350"), "{}", best.text);
    assert!(best.score >= Passage::SURE, "{}", best.score);
    assert_eq!(first(port, "shop", "деньги вернёте?").await.as_deref(), Some("vozvrat.md"));
    assert_eq!(first(port, "shop", "ЩЁТКА ДЛЯ ЗАМШИ").await.as_deref(), Some("uhod.md"));
    assert_eq!(first(port, "shop", "щетка для замши").await.as_deref(), Some("uhod.md"), "ё and е are one letter");
}

/// Words of `also` lead to the page.
pub async fn a_page_is_found_by_its_other_words(port: &dyn Knowledge) {
    let mut pages = pages();
    pages[1].also = vec!["манибэк".into()];
    index(port, "shop", &pages).await;
    assert_eq!(first(port, "shop", "манибэк").await.as_deref(), Some("vozvrat.md"));
}

/// One partner's pages are never seen by another, not even by one whose id begins alike.
pub async fn a_partner_sees_its_own_pages_alone(port: &dyn Knowledge) {
    index(port, "shop", &pages()).await;
    index(port, "shop-2", &[page("svoe.md", "Подарки", "Дарим брелок из янтаря каждому покупателю обуви.")]).await;
    for stranger in ["sho", "shop2", "shop-", "other"] {
        assert_eq!(search(port, stranger, "доставка курьером по городу").await, [], "{stranger}");
    }
    for (of, question) in [("shop", "брелок из янтаря"), ("shop-2", "доставка курьером по городу"), ("shop-2", "замша")]
    {
        let own: Vec<String> = if of == "shop" {
            pages().iter().map(|page| page.path.to_string()).collect()
        } else {
            vec!["svoe.md".into()]
        };
        for passage in search(port, of, question).await {
            assert!(own.contains(&passage.page), "{of} was shown {}", passage.page);
            assert!(passage.score < Passage::SURE, "{question} is not answered by {}", passage.page);
        }
    }
    // Removing one partner's pages leaves the other's.
    index(port, "shop", &[]).await;
    assert_eq!(first(port, "shop-2", "брелок янтарь").await.as_deref(), Some("svoe.md"));
}

/// What no page knows is not answered.
pub async fn what_no_page_knows_is_not_answered(port: &dyn Knowledge) {
    assert_eq!(search(port, "shop", "доставка").await, [], "nothing was indexed");
    index(port, "shop", &pages()).await;
    for question in ["пароль вайфая", "пицца пепперони", "", "?!", "👍"] {
        for passage in search(port, "shop", question).await {
            assert!(passage.score < Passage::SURE, "{question}: {} {}", passage.page, passage.score);
        }
    }
}

/// Unchanged pages are not read again; changed ones are; gone ones go.
pub async fn only_what_changed_is_indexed(port: &dyn Knowledge) {
    let mut pages = pages();
    let before = index(port, "shop", &pages).await;
    let again = index(port, "shop", &pages).await;
    assert_eq!(again, Indexed { changed: 0, unchanged: 3, removed: 0, passages: before.passages });
    pages[1].body = Arc::from("Обмен обуви на другую пару возможен через кассу.");
    pages.remove(2);
    let after = index(port, "shop", &pages).await;
    assert_eq!((after.changed, after.unchanged, after.removed), (1, 1, 1));
    assert_eq!(first(port, "shop", "обмен через кассу").await.as_deref(), Some("vozvrat.md"));
    for question in ["щётка для замши", "вернём деньги"] {
        let found = search(port, "shop", question).await;
        assert!(
            found.iter().all(|passage| !passage.text.contains("щёткой") && !passage.text.contains("деньги")),
            "{found:?}"
        );
    }
    pages[0].also = vec!["самокат".into()];
    assert_eq!(index(port, "shop", &pages).await.changed, 1, "front matter is part of a page");
    let none = index(port, "shop", &[]).await;
    assert_eq!(none, Indexed { changed: 0, unchanged: 0, removed: 2, passages: 0 });
    assert_eq!(search(port, "shop", "доставка").await, []);
}

/// What is for the team never reaches a customer.
pub async fn pages_for_the_team_are_not_found(port: &dyn Knowledge) {
    let mut pages = pages();
    pages[1].audience = Audience::Team;
    index(port, "shop", &pages).await;
    let found = search(port, "shop", "вернём деньги за обувь без следов носки").await;
    assert!(found.iter().all(|passage| passage.page != "vozvrat.md"), "{found:?}");
    // A page that was for customers and is for the team now goes too.
    pages[0].audience = Audience::Team;
    index(port, "shop", &pages).await;
    assert!(search(port, "shop", "доставка курьером").await.iter().all(|passage| passage.page != "dostavka.md"));
}

/// The best come first, no more than asked for, with scores from 0 to 1.
pub async fn the_best_come_first_and_no_more_than_asked_for(port: &dyn Knowledge) {
    let mut pages = pages();
    for n in 0..20 {
        pages.push(page(&format!("{n}.md"), "Доставка", &format!("Доставка курьером в город номер {n} бесплатна.")));
    }
    index(port, "shop", &pages).await;
    let shop = partner("shop");
    for top in [0, 1, 3] {
        let found = port.search(&shop, "доставка курьером", top).await.expect("a search answers");
        assert_eq!(found.len(), top);
    }
    let found = search(port, "shop", "доставка курьером").await;
    assert!(found.windows(2).all(|two| two[0].score >= two[1].score));
    assert!(found.iter().all(|passage| (0.0..=1.0).contains(&passage.score)));
}

/// Tests of an adapter: one for each case of the suite, each over a fresh adapter made by the expression.
#[macro_export]
macro_rules! knowledge_conformance {
    ($fresh:expr) => {
        $crate::knowledge_conformance!($fresh;
            a_page_is_found_by_other_forms_of_its_words,
            a_page_is_found_by_its_other_words,
            a_partner_sees_its_own_pages_alone,
            what_no_page_knows_is_not_answered,
            only_what_changed_is_indexed,
            pages_for_the_team_are_not_found,
            the_best_come_first_and_no_more_than_asked_for);
    };
    ($fresh:expr; $($case:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $case() {
            $crate::knowledge::suite::$case(&$fresh).await;
        }
    )+};
}
