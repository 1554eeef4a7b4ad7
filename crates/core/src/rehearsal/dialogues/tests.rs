use super::*;

const HEAD: &str = "{\"about\":\"made up\"}\n";

fn line(id: &str, at: &str, until: &str) -> String {
    format!(
        "{{\"id\":\"{id}\",\"account\":\"web\",\"lines\":[{{\"at\":\"{at}\",\"says\":\"привет\"}}],\
         \"until\":\"{until}\",\"bought\":true}}\n"
    )
}

#[test]
fn a_recording_is_read_as_it_was_written() {
    let at: Timestamp = "2026-10-05T10:00:00Z".parse().unwrap();
    let dids = [
        Did::Says("сколько стоит?".into()),
        Did::Presses("Да".into()),
        Did::Follows("shop".into()),
        Did::Shares("+79991234567".into()),
        Did::Team(TeamDid::Says("Добрый день".into())),
        Did::Team(TeamDid::GivesBack),
    ];
    let dialogue = Dialogue {
        id: "0001".into(),
        part: Part::HeldOut,
        account: AccountId::parse("web").unwrap(),
        name: Some("Анна".into()),
        lines: dids.into_iter().map(|did| Line { at, did }).collect(),
        until: at,
        bought: false,
    };
    let recording = Recording { about: "made up".into(), dialogues: vec![dialogue] };
    let text = recording.write();
    assert!(text.contains(r#"{"at":"2026-10-05T10:00:00Z","team":"gives_back"}"#), "{text}");
    assert_eq!(Recording::parse(&text).unwrap(), recording);
}

#[test]
fn what_is_wrong_with_a_recording_is_told_with_its_line() {
    let (early, late) = ("2026-10-05T10:00:00Z", "2026-10-06T10:00:00Z");
    let sound = line("a", early, late);
    let told = |text: String| Recording::parse(&text).unwrap_err().to_string();
    assert!(told(format!("{HEAD}{sound}{}", sound.replace("says", "sings"))).starts_with("line 3: "));
    assert_eq!(told(format!("{HEAD}{sound}\n{}", line("b", late, early))), "line 4: the moments go back in time");
    assert_eq!(told(format!("{HEAD}{sound}{sound}")), "line 3: the id a is taken");
    assert_eq!(told(HEAD.to_owned()), "there are no dialogues");
    assert!(told(sound).starts_with("line 1: "), "a file without a head");
}
