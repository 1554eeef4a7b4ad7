//! Commands that end by themselves: what they print, and the code they end with.

use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use super::{PATIENCE, binary, shop};
use crate::workspace::root;

/// Runs to the end: exit code, standard output, standard error.
pub(crate) async fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output();
    let done = tokio::time::timeout(PATIENCE, output).await.expect("it ends by itself").expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (done.status.code(), text(done.stdout), text(done.stderr))
}

fn at_home(args: &[&str]) -> Command {
    let mut command = binary::command();
    command.args(args).current_dir(root());
    command
}

#[tokio::test]
async fn help_speaks_the_readers_language() {
    for (lang, part) in [("en_US.UTF-8", "pastry shop"), ("ru_RU.UTF-8", "кондитерская")] {
        let (code, out, _) = run(at_home(&["--help"]).env("LANG", lang)).await;
        assert_eq!(code, Some(0));
        assert!(out.contains(part), "{lang}: {out}");
        for command in ["demo", "run", "check", "chat", "ask", "eval"] {
            assert!(out.contains(command), "{lang}: {out}");
        }
    }
    let (code, _, told) = run(&mut at_home(&["chatt"])).await;
    assert_eq!(code, Some(2));
    assert!(told.contains("'chat'"), "{told}");
}

#[tokio::test]
async fn ask_prints_an_object_that_programs_read() {
    let (code, out, _) = run(&mut at_home(&["ask", "korica", "сколько стоит доставка по городу?", "--json"])).await;
    assert_eq!(code, Some(0));
    let told: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(told["answered"], true);
    assert!(told["answer"].as_str().is_some_and(|answer| !answer.is_empty()));
    let best = &told["passages"][0];
    assert_eq!(best["page"], "dostavka.md");
    assert!(best["heading"].is_string() && best["score"].is_number(), "{best}");

    let (code, out, _) = run(&mut at_home(&["ask", "korica", "как приручить дракона?", "--json"])).await;
    let told: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(told["answered"], false, "nothing found is no guess");
    assert_ne!(code, Some(0));
}

#[tokio::test]
async fn eval_tells_what_is_wrong_and_what_changed_since_the_last_run() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = home.path().join("lavka").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("config.yaml", "name: Лавка\naccounts:\n  web: {}\n");
    write("knowledge/dostavka.md", "# Доставка\nДоставляем по городу за 350 рублей, за город за 800 рублей.\n");
    write("knowledge/oplata.md", "# Оплата\nПлатить можно картой и наличными при получении.\n");
    let questions = "dostavka.md\tсколько стоит доставка\t350 рублей\noplata.md\tможно оплатить картой?\n-\tкакой пароль от вайфая\n";
    write("tests/questions.txt", questions);
    let eval = |more: &'static [&'static str]| {
        let mut command = at_home(&["eval", "./lavka", "--data", "data"]);
        command.args(more).current_dir(home.path());
        command
    };
    let (code, out, told) = run(&mut eval(&["--json"])).await;
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{told}"));
    assert_eq!(
        (code, report["passed"].as_bool(), report["compared"].as_bool()),
        (Some(0), Some(true), Some(false)),
        "{out}"
    );
    assert!(!home.path().join("lavka/eval").exists());

    std::fs::remove_file(home.path().join("lavka/knowledge/oplata.md")).unwrap();
    let (code, out, _) = run(&mut eval(&["--json"])).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, Some(1), "{out}");
    assert_eq!(report["failed"][0]["expected"], "oplata.md");
    assert_eq!(report["changes"][0]["turn"], "worse");
    let (code, out, _) = run(&mut eval(&["--totals"])).await;
    assert_eq!(code, Some(1));
    assert!(!out.contains("картой"), "single questions are not shown: {out}");

    write("tests/questions.txt", "oplata.md можно?\n");
    let (code, _, told) = run(&mut eval(&[])).await;
    assert_ne!(code, Some(0));
    assert!(told.contains('1'), "{told}");
}

#[tokio::test]
async fn ask_takes_a_folder_of_pages_and_a_file_of_questions() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("pages");
    std::fs::create_dir(&pages).unwrap();
    std::fs::write(pages.join("raboty.md"), "# Часы работы\n\nМастерская открыта с девяти до шести.\n").unwrap();
    std::fs::write(pages.join("remont.md"), "# Ремонт\n\nВелосипед чиним за два дня.\n").unwrap();
    let questions = folder.path().join("questions.txt");
    std::fs::write(&questions, "Когда открыта мастерская?\nЗа сколько почините велосипед?\n").unwrap();
    let mut command = binary::command();
    command.arg("ask").arg("--knowledge").arg(&pages).arg("--questions").arg(&questions).args(["--top", "1", "--json"]);
    let (_, out, told) = run(command.current_dir(folder.path())).await;
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    assert_eq!(answers.len(), 2, "{out}{told}");
    for (answer, page) in answers.iter().zip(["raboty.md", "remont.md"]) {
        assert_eq!(answer["passages"].as_array().map(Vec::len), Some(1));
        assert_eq!(answer["passages"][0]["page"], page);
    }
}

#[tokio::test]
async fn check_finds_nothing_in_the_partners_that_we_give_away_but_their_keys() {
    let (code, out, told) = run(&mut at_home(&["check", "partners", "--json"])).await;
    let findings: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    assert!(findings.iter().all(|found| found["code"] == "C601"), "{out}{told}");
    assert_eq!(code, Some(1));
    let folder = tempfile::tempdir().unwrap();
    shop::korica(folder.path(), None, "");
    let (code, out, told) = run(binary::command().arg("check").arg(folder.path().join("partners"))).await;
    assert_eq!(code, Some(0), "{out}{told}");
}

#[tokio::test]
async fn a_partner_that_is_not_there_is_told_with_a_way_out() {
    for args in [&["chat", "nobody"][..], &["ask", "nobody", "Когда?"]] {
        let (code, out, told) = run(&mut at_home(args)).await;
        assert_eq!((code, out.as_str()), (Some(1), ""), "{told}");
        assert!(told.contains("nobody") && told.contains("partners/korica"), "{told}");
    }
}
