//! The index as the app uses it.

use std::{fs, path::Path, sync::Arc};

use voronka_core::{
    ids::PartnerId,
    ports::{EmbedError, Knowledge, Passage},
    spec::{
        knowledge::Page,
        partner::{PartnerFiles, PartnerSpec},
    },
};
use voronka_knowledge::KnowledgeIndex;
use voronka_testkit::{
    knowledge::suite::{page, pages},
    model::FakeEmbedder,
};

mod conformance {
    voronka_testkit::knowledge_conformance!(super::KnowledgeIndex::in_memory().unwrap());
}

mod conformance_with_vectors {
    voronka_testkit::knowledge_conformance!(
        super::KnowledgeIndex::in_memory().unwrap().with_embedder(super::Arc::new(super::FakeEmbedder::new()))
    );
}

fn shop() -> PartnerId {
    PartnerId::parse("shop").expect("a valid id")
}

async fn filled(pages: &[Page]) -> KnowledgeIndex {
    let index = KnowledgeIndex::in_memory().expect("an index");
    index.index(&shop(), pages).await.expect("pages are indexed");
    index
}

async fn best(index: &KnowledgeIndex, question: &str) -> Option<Passage> {
    index.search(&shop(), question, 1).await.expect("a search answers").into_iter().next()
}

#[tokio::test]
async fn typing_errors_wrong_layout_and_kindred_words_are_understood() {
    let index = filled(&pages()).await;
    for question in ["дотсавка курером", "ljcnfdrf", "dostavka", "доставочка", "курьерская доставка"]
    {
        let passage = best(&index, question).await.unwrap_or_else(|| panic!("{question}"));
        assert_eq!(passage.page, "dostavka.md", "{question}");
        assert!(passage.score >= Passage::SURE, "{question}: {}", passage.score);
    }
}

#[tokio::test]
async fn words_that_were_asked_with_before_find_the_same() {
    let questions = [
        "сколько стоит доставка курьером?",
        "дотсавка курером, зокас и нодпись, упковка, свчеи, откртыка, падарок",
        "а доставочка 12 декабря? заказ 700000001",
        "как оплатить заказ 12",
    ];
    let used = filled(&pages()).await;
    for _ in 0..2 {
        for question in questions {
            let fresh = filled(&pages()).await.search(&shop(), question, 6).await.expect("a search answers");
            assert_eq!(used.search(&shop(), question, 6).await.expect("a search answers"), fresh, "{question}");
        }
    }
    // Other pages, other words.
    let fewer = &pages()[..1];
    used.index(&shop(), fewer).await.expect("pages are indexed");
    for question in questions {
        let fresh = filled(fewer).await.search(&shop(), question, 6).await.expect("a search answers");
        assert_eq!(used.search(&shop(), question, 6).await.expect("a search answers"), fresh, "{question}");
    }
}

#[tokio::test]
async fn names_and_numbers_are_words() {
    let mut pages = pages();
    pages.push(page("x.md", "Кроссовки", "Runner X200 весит 240 граммов, Runner X300 легче."));
    pages.push(page("y.md", "Ботинки", "Mountain Pro 500 держат до минус 30 градусов."));
    let index = filled(&pages).await;
    assert_eq!(best(&index, "сколько весит runner x200").await.unwrap().page, "x.md");
    assert_eq!(best(&index, "mountain 500").await.unwrap().page, "y.md");
    assert_eq!(best(&index, "how heavy are runners").await.unwrap().page, "x.md");
}

#[tokio::test]
async fn a_question_that_was_asked_before_is_answered_alike_until_the_pages_change() {
    let mut pages = pages();
    let index = filled(&pages).await;
    let asked = |number: &str| format!("доставка курером, заказ {number}");
    let first = index.search(&shop(), &asked("1001"), 3).await.unwrap();
    assert_eq!(
        index.search(&shop(), &asked("2002"), 3).await.unwrap(),
        first,
        "a number that nobody knows tells nothing"
    );
    assert_eq!(index.search(&shop(), &asked("2002"), 1).await.unwrap(), first[..1]);
    assert_ne!(index.search(&shop(), "оплата курером, заказ 1001", 3).await.unwrap(), first);
    pages.push(page("2002.md", "Заказ 2002", "Доставка курьером заказа 2002 задерживается."));
    index.index(&shop(), &pages).await.unwrap();
    assert_eq!(best(&index, &asked("2002")).await.unwrap().page, "2002.md");
}

#[tokio::test]
async fn the_index_outlives_the_process_and_unchanged_pages_are_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = KnowledgeIndex::open(folder.path()).unwrap();
    let before = first.index(&shop(), &pages()).await.unwrap();
    drop(first);
    let second = KnowledgeIndex::open(folder.path()).unwrap();
    assert_eq!(best(&second, "доставка курьером").await.unwrap().page, "dostavka.md");
    let after = second.index(&shop(), &pages()).await.unwrap();
    assert_eq!((after.changed, after.unchanged, after.passages), (0, 3, before.passages));
}

#[tokio::test]
async fn a_damaged_index_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    KnowledgeIndex::open(folder.path()).unwrap().index(&shop(), &pages()).await.unwrap();
    let inside = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    for file in fs::read_dir(&inside).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(bytes.len() / 2);
        fs::write(&path, bytes).unwrap();
    }
    let index = KnowledgeIndex::open(folder.path()).unwrap();
    assert_eq!(best(&index, "доставка").await, None);
    assert_eq!(index.index(&shop(), &pages()).await.unwrap().changed, 3);
    assert_eq!(best(&index, "доставка курьером").await.unwrap().page, "dostavka.md");
}

#[tokio::test]
async fn vectors_find_what_words_do_not_but_never_make_it_sure() {
    // The fake embedder sees letters in threes: it knows a word again without its first letter, the index does not.
    let embedder = Arc::new(FakeEmbedder::new());
    let index = KnowledgeIndex::in_memory().unwrap().with_embedder(embedder.clone());
    let mut pages = pages();
    pages.push(page("z.md", "Гиперлегкость", "Гиперлегкость"));
    for n in 0..12 {
        pages.push(page(&format!("{n}.md"), "Разное", &format!("Совсем иное дело под номером {n}.")));
    }
    index.index(&shop(), &pages).await.unwrap();
    let passage = best(&index, "иперлегкост").await.unwrap();
    assert_eq!(passage.page, "z.md");
    assert!(passage.score < Passage::SURE);
}

#[tokio::test]
async fn when_the_embedding_model_fails_words_alone_go_on() {
    let embedder = Arc::new(FakeEmbedder::new());
    let index = KnowledgeIndex::in_memory().unwrap().with_embedder(embedder.clone());
    embedder.fail_next(EmbedError::Unavailable("down".into()));
    index.index(&shop(), &pages()).await.unwrap();
    assert_eq!(best(&index, "доставка курьером").await.unwrap().page, "dostavka.md");
    // What was not embedded is made up for at the next indexing, once.
    assert_eq!(index.index(&shop(), &pages()).await.unwrap().changed, 3);
    assert_eq!(index.index(&shop(), &pages()).await.unwrap().changed, 0);
    embedder.fail_next(EmbedError::Unavailable("down".into()));
    assert_eq!(best(&index, "доставка курьером").await.unwrap().page, "dostavka.md");
}

#[tokio::test]
async fn partners_that_are_indexed_at_once_do_not_disturb_each_other() {
    let index = Arc::new(KnowledgeIndex::in_memory().unwrap());
    let one = |id: &'static str| {
        let index = Arc::clone(&index);
        async move { index.index(&PartnerId::parse(id).unwrap(), &pages()).await.unwrap() }
    };
    let all = tokio::join!(one("a"), one("b"), one("c"));
    assert_eq!((all.0.changed, all.1.changed, all.2.changed), (3, 3, 3));
    for id in ["a", "b", "c"] {
        assert_eq!(index.search(&PartnerId::parse(id).unwrap(), "доставка курьером", 9).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn one_to_three_pages_are_enough_to_be_sure_and_to_be_unsure() {
    let small = [
        page("dostavka.md", "dostavka", "Доставляем по Туле за 300 рублей, от 3000 рублей бесплатно."),
        page("oplata.md", "Оплата", "Оплатить можно картой, наличными или по СБП."),
        page("vozvrat.md", "Возврат", "Вернём деньги за обувь без следов носки в течение 14 дней."),
    ];
    let unrelated =
        ["есть ли у вас парковка", "какой пароль от вайфая", "сколько стоит маникюр", "кто президент франции"];
    for count in 1..=small.len() {
        let index = filled(&small[..count]).await;
        let answerable =
            ["сколько стоит доставка", "доставляете по Туле?", "как оплатить картой", "как вернуть деньги"];
        for question in &answerable[..=count] {
            let passage = best(&index, question).await.unwrap_or_else(|| panic!("{count}: {question}"));
            assert!(passage.score >= Passage::SURE, "{count}: {question}: {}", passage.score);
        }
        for question in unrelated {
            let score = best(&index, question).await.map_or(0.0, |passage| passage.score);
            assert!(score < Passage::SURE, "{count}: {question}: {score}");
        }
    }
}

/// The pages of a partner of the repository.
fn pages_of(partner: &str) -> Vec<Page> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../partners").join(partner);
    let mut files = PartnerFiles::new();
    read(&folder, &folder, &mut files);
    PartnerSpec::parse(shop(), &files).spec.expect("a sound partner").pages
}

fn read(folder: &Path, at: &Path, files: &mut PartnerFiles) {
    for entry in fs::read_dir(at).expect("a folder of the partner") {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() {
            read(folder, &path, files);
        } else {
            let name = path.strip_prefix(folder).expect("a file of the partner");
            let name = name.to_str().expect("a name in UTF-8").replace('\\', "/");
            files.insert(Arc::from(name), fs::read(&path).expect("a file that can be read"));
        }
    }
}

#[tokio::test]
async fn of_a_page_that_was_found_by_other_words_the_part_that_answers_is_said() {
    for (partner, questions) in [
        (
            "korica",
            &[
                ("до скольки вы работаете?", "с 9:00 до 20:00"),
                ("во сколько закрываетесь", "с 9:00 до 20:00"),
                ("где вас найти", "улица Пекарская, 12"),
                ("а безглютеновые бывают?", "на миндальной муке"),
                ("сколько стоит доставка", "350 ₽"),
                ("до скольки вы работаете?\nа где вы находитесь?", "улица Пекарская, 12"),
                ("сколько стоит доставка?\nа за город?", "800 ₽"),
            ][..],
        ),
        (
            "en-bakery",
            &[
                ("how much is delivery", "£4.50"),
                ("what time do you close?", "5.30 pm"),
                ("can I pick it up myself", "order number"),
                ("my money back please", "Refunds go back"),
            ],
        ),
    ] {
        let index = filled(&pages_of(partner)).await;
        for (question, expected) in questions {
            let passage = best(&index, question).await.unwrap_or_else(|| panic!("{question}"));
            assert!(passage.score >= Passage::SURE, "{question}: {}", passage.score);
            let said = passage.answer().replace('\u{a0}', " ");
            assert!(said.contains(expected), "{question}: {said}");
        }
    }
}

#[tokio::test]
async fn a_thing_that_a_page_mentions_in_passing_is_not_what_it_answers() {
    let index = filled(&pages_of("korica")).await;
    for question in ["фотографа посоветуете?", "рецептик дадите", "столик забронировать", "рецептуру пришлите"]
    {
        let score = best(&index, question).await.map_or(0.0, |passage| passage.score);
        assert!(score < Passage::SURE, "{question}: {score}");
    }
}
