//! One person: merged and split, exported and erased, over a running house and over a stopped one.

use std::{fs, path::Path};

use serde_json::Value;

use super::{
    binary::{self, Server},
    cli::run,
    customer::Customer,
    dialogue::{self, order},
    shop,
    telegram::Telegram,
    until,
    web::WebCustomer,
};

/// Exit code, standard output, standard error.
type Output = (Option<i32>, String, String);

/// Beside `partners/`, as the operator stands.
async fn customer(data: &Path, args: &[&str]) -> Output {
    let mut command = binary::command();
    command.current_dir(data.parent().expect("a folder beside it"));
    command.arg("customer").args(args).arg("--data").arg(data).env("LANG", "en_US.UTF-8");
    run(command.stdin(std::process::Stdio::null())).await
}

fn receipts(data: &Path) -> Vec<String> {
    let folder = fs::read_dir(data.join("receipts")).expect("receipts are kept");
    folder.map(|file| fs::read_to_string(file.expect("a file").path()).expect("a receipt")).collect()
}

/// What a file of the database holds of the words, wherever.
fn holds(data: &Path, words: &str) -> bool {
    ["voronka.db", "voronka.db-wal"]
        .into_iter()
        .filter_map(|name| fs::read(data.join(name)).ok())
        .any(|bytes| bytes.windows(words.len()).any(|window| window == words.as_bytes()))
}

/// What a question to the database of a data folder in use gives.
fn asked<T: rusqlite::types::FromSql>(data: &Path, sql: &str) -> Vec<T> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let books = rusqlite::Connection::open_with_flags(data.join("voronka.db"), flags).expect("a database");
    let mut asked = books.prepare(sql).expect("SQL");
    let rows = asked.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("a row")).collect()
}

/// Anybody can type anybody's number, and one that a messenger vouches for may have had another owner: people say who is one person.
#[tokio::test]
async fn who_types_anothers_number_in_the_web_chat_gets_nothing_of_theirs_and_erases_nothing_of_theirs() {
    let (folder, telegram, day) = (tempfile::tempdir().unwrap(), Telegram::start().await, dialogue::day());
    shop::korica(folder.path(), Some(&telegram.url), "");
    let (partners, data) = (folder.path().join("partners"), folder.path().join("data"));
    let server = Server::run(&partners, &data).await;
    let (mut anna, mut anna_too) = (telegram.customer(42), telegram.customer(43));
    for (one, words) in [(&mut anna, "Здравствуйте, пеликан"), (&mut anna_too, "Здравствуйте, фламинго")]
    {
        one.say(words).await;
        one.hear(&[]).await;
        order(one, &day).await;
    }
    let merged = "SELECT peer FROM conversations c JOIN customers u ON u.id = c.customer \
        WHERE u.merged_into IS NOT NULL ORDER BY peer";
    // One messenger vouches for the number twice: it may have gone to somebody else, so the team says who is one person.
    let vouched = "SELECT text FROM notices WHERE text LIKE '%мог перейти к другому%'";
    let asks = || async { (!asked::<String>(&data, vouched).is_empty()).then_some(()) };
    until(|| "a question to the team".into(), asks).await;
    assert_eq!(asked::<String>(&data, merged), [""; 0], "nobody is merged by a number that two have");
    let (code, _, told) = customer(&data, &["merge", "korica", "telegram:43", "telegram:42"]).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(asked::<String>(&data, merged), ["42", "43"]);

    let mut stranger = WebCustomer::new(&server.url("/chat/korica")).await;
    order(&mut stranger, &day).await;
    let told = || async { (asked::<String>(&data, vouched).len() > 1).then_some(()) };
    until(|| "a suggestion to the team".into(), told).await;
    assert_eq!(asked::<String>(&data, merged), ["42", "43"], "who typed a number is merged with nobody");
    let address = asked::<String>(&data, "SELECT account || ':' || peer FROM conversations WHERE account = 'web'");
    let file = folder.path().join("stranger.json");
    let export = ["export", "korica", &address[0], "--to", file.to_str().unwrap()];
    let (code, _, told) = customer(&data, &export).await;
    assert_eq!(code, Some(0), "{told}");
    let given = fs::read_to_string(&file).unwrap().replace('-', "");
    let ids = asked::<String>(&data, "SELECT lower(hex(id)) FROM customers WHERE merged_into IS NOT NULL");
    assert!(given.contains("+79991234567") && !given.contains("same_as"), "{given}");
    assert!(ids.len() == 2 && !ids.iter().any(|id| given.contains(id)), "who the team suggests is not theirs to know");
    stranger.say("/forget_me").await;
    stranger.hear(&["удал"]).await;
    let phones = "SELECT phone FROM customers WHERE phone IS NOT NULL";
    assert_eq!(asked::<String>(&data, phones), ["+79991234567"; 2], "the two who own it still have it");
    assert!(holds(&data, "пеликан") && holds(&data, "фламинго"));
    let said = stranger.answers().join("\n");
    assert!(!["Анна", "пеликан", "фламинго"].iter().any(|word| said.contains(word)), "{said}");

    // Whose it is may have both forgotten; where nobody has asked for it, nothing is said.
    let heard = anna_too.texts().len();
    anna.say("/forget_me").await;
    anna.hear(&["удал"]).await;
    let gone = || async { (!holds(&data, "пеликан") && !holds(&data, "фламинго")).then_some(()) };
    until(|| "erased words".into(), gone).await;
    assert_eq!(asked::<String>(&data, phones), [""; 0]);
    assert_eq!(anna_too.texts().len(), heard, "{:?}", anna_too.texts());
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_person_is_exported_and_erased_in_all_conversations_beside_a_running_house() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let (partners, data) = (folder.path().join("partners"), folder.path().join("data"));
    let server = Server::run(&partners, &data).await;
    let mut people: Vec<_> = [4242, 4343, 4444].into_iter().map(|chat| telegram.customer(chat)).collect();
    for (one, words) in people.iter_mut().zip(["Здравствуйте, пеликан", "Здравствуйте, фламинго", "Здравствуйте, сова"])
    {
        one.say(words).await;
        one.hear(&[]).await;
    }
    let (code, _, told) = customer(&data, &["merge", "korica", "telegram:4343", "telegram:4242"]).await;
    assert_eq!(code, Some(0), "{told}");
    let (code, _, told) = customer(&data, &["merge", "korica", "telegram:4242", "telegram:4343"]).await;
    assert!(code == Some(1) && told.contains("one person already"), "{told}");

    let file = folder.path().join("all.json");
    let path = file.to_str().unwrap();
    let (code, _, told) = customer(&data, &["export", "korica", "telegram:4242", "--to", path]).await;
    assert_eq!(code, Some(0), "{told}");
    let all = fs::read_to_string(&file).unwrap();
    let about: Value = serde_json::from_str(&all).unwrap();
    assert_eq!(about["about"]["conversations"].as_array().map(Vec::len), Some(2), "of both accounts");
    assert!(all.contains("пеликан") && all.contains("фламинго") && !all.contains("сова"));
    let (code, _, told) = customer(&data, &["export", "korica", "telegram:4242", "--to", path]).await;
    assert_eq!(code, Some(1), "a file that is there stays: {told}");

    // Nobody can be asked, so nothing is erased.
    let (code, _, told) = customer(&data, &["erase", "korica", "telegram:4343"]).await;
    assert!(code == Some(1) && told.contains("--yes"), "{told}");
    let (code, out, told) = customer(&data, &["erase", "korica", "telegram:4343", "--yes", "--json"]).await;
    assert_eq!(code, Some(0), "{told}");
    let receipt: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(receipt["marks"].as_array().map(Vec::len), Some(2), "{receipt}");
    assert!(receipt["counts"]["messages"].as_u64() > Some(1), "{receipt}");
    let journal = fs::read_to_string(data.join("erasures.log")).unwrap();
    for mark in receipt["marks"].as_array().unwrap() {
        assert!(journal.contains(mark.as_str().unwrap()), "the journal of erasures has it");
    }
    for one in receipts(&data) {
        assert!(!["telegram:", "пеликан", "фламинго", "Анна"].iter().any(|word| one.contains(word)), "{one}");
    }
    until(|| "erased words".into(), || async { (!holds(&data, "пеликан") && !holds(&data, "фламинго")).then_some(()) })
        .await;
    assert!(holds(&data, "сова"), "of others nothing is erased");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_person_is_erased_and_exported_without_a_running_house_and_who_is_meant_must_be_clear() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let (partners, data) = (folder.path().join("partners"), folder.path().join("data"));
    let server = Server::run(&partners, &data).await;
    let mut people: Vec<_> = [4242, 4343].into_iter().map(|chat| telegram.customer(chat)).collect();
    for (one, words) in people.iter_mut().zip(["Здравствуйте, пеликан", "Здравствуйте, фламинго"])
    {
        one.say(words).await;
        one.hear(&[]).await;
    }
    assert!(server.stop().await.success());
    // Two who have typed one phone are two until somebody knows better.
    let books = rusqlite::Connection::open(data.join("voronka.db")).unwrap();
    books.execute("UPDATE customers SET phone = '+79991234567'", []).unwrap();
    drop(books);
    let file = folder.path().join("all.json");
    let path = file.to_str().unwrap();
    for (who, why) in [("8 999 123-45-67", "several"), ("anna@example.ru", "no customer"), ("Анна", "no id")] {
        let (code, _, told) = customer(&data, &["export", "korica", who, "--to", path]).await;
        assert!(code == Some(1) && told.contains(why) && !file.exists(), "{told}");
    }
    let (code, _, told) = customer(&data, &["export", "korica", "telegram:4242", "--to", path]).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(fs::read_to_string(&file).unwrap().contains("пеликан"));
    let (code, out, told) = customer(&data, &["erase", "korica", "telegram:4242", "--yes", "--json"]).await;
    assert_eq!(code, Some(0), "{told}");
    let receipt: Value = serde_json::from_str(&out).unwrap();
    assert!(receipt["counts"]["messages"].as_u64() > Some(1), "{receipt}");
    assert!(!holds(&data, "пеликан") && holds(&data, "фламинго"));
    assert_eq!(receipts(&data).len(), 2);

    // What conversations are told without a house they hear from the next one.
    let (code, _, told) = customer(&data, &["merge", "korica", "telegram:4242", "telegram:4343"]).await;
    assert!(code == Some(0) && told.contains("served again"), "{told}");
    let server = Server::run(&partners, &data).await;
    let split = || async {
        let (code, ..) = customer(&data, &["split", "korica", "telegram:4242"]).await;
        (code == Some(0)).then_some(())
    };
    until(|| "merged person".into(), split).await;
    let (code, _, told) = customer(&data, &["split", "korica", "telegram:4242"]).await;
    assert!(code == Some(1) && told.contains("nobody"), "{told}");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn an_erasure_that_fails_in_one_conversation_is_done_in_the_others_and_says_what_is_left() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let (partners, data) = (folder.path().join("partners"), folder.path().join("data"));
    let server = Server::run(&partners, &data).await;
    for (chat, words) in [(4242, "Здравствуйте, пеликан"), (4343, "Здравствуйте, фламинго")]
    {
        let mut one = telegram.customer(chat);
        one.say(words).await;
        one.hear(&[]).await;
    }
    let (code, _, told) = customer(&data, &["merge", "korica", "telegram:4343", "telegram:4242"]).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(server.stop().await.success());
    let change = |sql: &str| {
        rusqlite::Connection::open(data.join("voronka.db")).unwrap().execute_batch(sql).unwrap();
    };
    let erase = ["erase", "korica", "telegram:4343", "--yes"];

    // Rows that do not go.
    change(
        "CREATE TRIGGER kept BEFORE DELETE ON messages \
         WHEN OLD.conversation = (SELECT conversation FROM conversations WHERE peer = '4242') \
         BEGIN SELECT RAISE(ABORT, 'kept'); END",
    );
    let (code, _, told) = customer(&data, &erase).await;
    assert!(code == Some(1) && told.contains("NOT ERASED"), "{told}");
    assert!(holds(&data, "пеликан") && !holds(&data, "фламинго"));

    // A conversation whose turn cannot be computed: its mail is gone, its words are not.
    change("DROP TRIGGER kept; UPDATE conversations SET state = '{\"v\":\"99\"}' WHERE peer = '4242'");
    let server = Server::run(&partners, &data).await;
    let (code, _, told) = customer(&data, &erase).await;
    assert_eq!(code, Some(0), "{told}");
    until(|| "erased words".into(), || async { (!holds(&data, "пеликан")).then_some(()) }).await;
    assert!(server.stop().await.success());
}
