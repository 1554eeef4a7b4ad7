//! A customer at the terminal: `voronka chat`, with pipes for a keyboard and a screen.

use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin},
};

use super::{
    binary,
    customer::{Customer, seen},
    until,
};

pub(crate) struct TerminalCustomer {
    child: Child,
    keyboard: Option<ChildStdin>,
    screen: Arc<Mutex<String>>,
    heard: usize,
}

impl TerminalCustomer {
    /// Starts a chat with the partner in this folder.
    pub(crate) fn new(partner: &Path, data: &Path) -> Self {
        let mut command = binary::command();
        command.arg("chat").arg(partner).arg("--data").arg(data);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary starts");
        let keyboard = child.stdin.take();
        let mut output = child.stdout.take().expect("the screen is a pipe");
        let screen = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&screen);
        tokio::spawn(async move {
            let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
            while let Ok(read @ 1..) = output.read(&mut chunk).await {
                bytes.extend_from_slice(&chunk[..read]);
                // A letter may come in two pieces: the screen shows what is whole.
                *shown.lock().expect("no test panics while it holds this") = seen(&String::from_utf8_lossy(&bytes));
            }
        });
        Self { child, keyboard, screen, heard: 0 }
    }

    /// Ctrl+D: whether it ends well.
    pub(crate) async fn leave(mut self) -> bool {
        drop(self.keyboard.take());
        let ended = tokio::time::timeout(super::PATIENCE, self.child.wait()).await;
        ended.expect("it ends with its input").expect("its end is seen").success()
    }
}

impl Customer for TerminalCustomer {
    async fn say(&mut self, text: &str) {
        let keyboard = self.keyboard.as_mut().expect("nobody has left");
        keyboard.write_all(format!("{text}\n").as_bytes()).await.expect("it reads what is typed");
    }

    /// Choices are typed.
    async fn press(&mut self, label: &str) {
        self.say(label).await;
    }

    async fn give_phone(&mut self, phone: &str) {
        self.say(phone).await;
    }

    async fn hear(&mut self, words: &[&str]) -> String {
        let heard = self.heard;
        let look = || async {
            let screen = self.screen.lock().expect("no test panics while it holds this");
            let new = screen.get(heard..)?;
            let end = words
                .iter()
                .map(|word| new.find(word).map(|at| at + word.len()))
                .try_fold(0, |end, at| Some(end.max(at?)))?;
            // To the end of the line: what follows is not heard yet.
            let end = end + new[end..].find('\n')?;
            Some((new[..end].to_owned(), heard + end))
        };
        let (text, heard) =
            until(|| format!("{words:?} in {:?}", self.screen.lock().map(|screen| screen[heard..].to_owned())), look)
                .await;
        self.heard = heard;
        text
    }
}
