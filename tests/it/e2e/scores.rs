//! Scores that are judged: by recorded dialogues, and by what other rules would change.

use std::{fs, path::Path};

use serde_json::Value;

use super::{
    binary::{Server, command},
    cli::run,
    customer::Customer,
    telegram::Telegram,
};
use crate::workspace::root;

async fn json(args: &[&str], data: Option<&Path>) -> (Option<i32>, Value) {
    let mut command = command();
    command.current_dir(root()).arg("score").args(args).arg("--json");
    if let Some(data) = data {
        command.arg("--data").arg(data);
    }
    let (code, said, told) = run(&mut command).await;
    (code, serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said} {told}")))
}

#[tokio::test]
async fn the_dialogues_of_a_partner_judge_its_scores_and_too_little_is_a_failure() {
    let (code, report) = json(&["eval", "zhiva", "--at-least", "0.85"], None).await;
    assert_eq!((code, &report["passed"]), (Some(0), &true.into()), "{report}");
    assert!(report["held_out"]["auc"].as_f64().unwrap() >= 0.85, "{report}");
    assert!(report["all"]["dialogues"].as_u64().unwrap() >= 300 && !report["worst"].as_array().unwrap().is_empty());
    let (code, report) = json(&["eval", "zhiva", "--at-least", "0.999"], None).await;
    assert_eq!((code, &report["passed"]), (Some(1), &false.into()));
    let (code, _, told) = run(command().current_dir(root()).args(["score", "eval", "minimal"])).await;
    assert!(code == Some(1) && told.contains("tests/dialogues.jsonl"), "{told}");
}

const RULES: &str =
    "warm: {from: 20}\nhot: {from: 60}\nrules:\n  - {id: цена, fact: price.asked, points: 30, why: спросил цену}\n";

#[tokio::test]
async fn a_running_house_is_asked_what_other_rules_would_change_and_goes_on() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let home = folder.path().join("partners/korica");
    fs::create_dir_all(&home).unwrap();
    let write = |name: &str, text: &str| fs::write(home.join(name), text).expect("a file can be written");
    let url = &telegram.url;
    write(
        "config.yaml",
        &format!("name: Корица\naccounts:\n  telegram: {{token: $TELEGRAM_TOKEN, api: \"{url}\", updates: webhook}}\n"),
    );
    write(".env", "TELEGRAM_TOKEN=1000:TEST\n");
    write("scoring.yaml", RULES);
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    telegram.webhook().await;
    for (chat, words) in [(1, "Сколько стоит торт?"), (2, "Здравствуйте"), (3, "Какая цена?")]
    {
        let mut one = telegram.customer(chat);
        one.say(words).await;
        one.hear(&[]).await;
    }
    let partner = home.to_str().unwrap();
    let (code, same) = json(&["replay", partner], Some(&data)).await;
    assert_eq!((code, &same["leads"], &same["moved"]), (Some(0), &3.into(), &Value::Array(Vec::new())), "{same}");
    let tried = folder.path().join("tried.yaml");
    fs::write(&tried, RULES.replace("points: 30", "points: 70")).unwrap();
    let (code, hotter) = json(&["replay", partner, "--rules", tried.to_str().unwrap()], Some(&data)).await;
    assert_eq!((code, &hotter["moved"].as_array().map(Vec::len)), (Some(0), &Some(2)), "{hotter}");
    assert_eq!((&hotter["moved"][0]["from"], &hotter["moved"][0]["to"]), (&"warm".into(), &"hot".into()), "{hotter}");
    let (code, unchanged) = json(&["replay", partner], Some(&data)).await;
    assert_eq!((code, &unchanged["moved"]), (Some(0), &Value::Array(Vec::new())), "nothing was written");
    fs::write(&tried, RULES.replace("points: 30", "points: many")).unwrap();
    let mut broken = command();
    broken.args(["score", "replay", partner, "--rules"]).arg(&tried).arg("--data").arg(&data);
    let (code, _, told) = run(&mut broken).await;
    assert!(code == Some(1) && told.contains("many"), "{told}");
    let mut goes_on = telegram.customer(2);
    goes_on.say("А сколько стоит торт?").await;
    goes_on.hear(&[]).await;
    assert!(server.stop().await.success());
}
