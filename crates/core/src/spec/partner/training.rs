//! Training: lessons with questions for the partner's team, and texts for short videos.

use std::sync::Arc;

use crate::spec::{config::Role, diagnostic::Code, partner::PartnerFiles, pictures, read::Reader, tree::Node};

/// Keys of a file of training.
pub(crate) const KEYS: &[&str] = &["title", "for", "lessons", "reels"];
/// Keys of a lesson.
pub(crate) const LESSON: &[&str] = &["id", "title", "text", "video", "photo", "quiz"];
/// Keys of a question.
pub(crate) const QUIZ: &[&str] = &["question", "answers", "right", "why"];
/// Keys of a reel.
pub(crate) const REEL: &[&str] = &["id", "title", "text", "video", "photo"];

/// A topic that the team can learn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// The name of its file.
    pub id: Arc<str>,
    /// What it is called.
    pub title: String,
    /// Whom it is for; empty: everybody.
    pub roles: Vec<Role>,
    /// Lessons, in order.
    pub lessons: Vec<Lesson>,
    /// Texts for short videos: `{link.shop}`, `{partner.name}` and `{product.name}` stand for the partner's own.
    pub reels: Vec<Lesson>,
}

/// Something to read and to watch, with questions about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// Its id within the file.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What it says.
    pub text: String,
    /// What there is to watch.
    pub video: Option<String>,
    /// What is asked afterwards.
    pub quiz: Vec<Quiz>,
}

/// A question about a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiz {
    /// The question.
    pub question: String,
    /// Answers: id and words.
    pub answers: Vec<(String, String)>,
    /// The id of the right one.
    pub right: String,
    /// Why it is right.
    pub why: Option<String>,
}

/// Reads a file of training.
pub(super) fn training(reader: &mut Reader<'_>, id: &str, root: &Node, files: &PartnerFiles) -> Option<Course> {
    let fields = reader.fields(root, KEYS)?;
    let roles = [("owner", Role::Owner), ("operator", Role::Operator)];
    let for_ = fields.get("for").map_or(&[][..], |node| reader.list(node));
    let roles = for_.iter().filter_map(|item| reader.one_of(item, "role", &roles)).collect();
    let of = |reader: &mut Reader<'_>, key: &str, keys: &[&str]| {
        let items = fields.get(key).map_or(&[][..], |node| reader.list(node));
        items.iter().filter_map(|item| lesson(reader, item, keys, files)).collect::<Vec<_>>()
    };
    let (lessons, reels) = (of(reader, "lessons", LESSON), of(reader, "reels", REEL));
    let title = fields.get("title").and_then(|node| reader.title(node)).unwrap_or_else(|| id.to_owned());
    Some(Course { id: id.into(), title, roles, lessons, reels })
}

fn lesson(reader: &mut Reader<'_>, node: &Node, keys: &[&str], files: &PartnerFiles) -> Option<Lesson> {
    let fields = reader.fields(node, keys)?;
    let [id, title, text] =
        ["id", "title", "text"].map(|key| reader.need(fields, key).and_then(|node| reader.title(node)));
    if let Some(node) = fields.get("photo") {
        pictures::named(reader, node, files);
    }
    let video = fields.get("video").and_then(|node| reader.title(node));
    let questions = fields.get("quiz").map_or(&[][..], |node| reader.list(node));
    let quiz = questions.iter().filter_map(|question| quiz(reader, question)).collect();
    Some(Lesson { id: id?, title: title?, text: text?, video, quiz })
}

/// K706.
fn quiz(reader: &mut Reader<'_>, node: &Node) -> Option<Quiz> {
    let fields = reader.fields(node, QUIZ)?;
    let question = reader.need(fields, "question").and_then(|node| reader.title(node));
    let answers = reader.need(fields, "answers").and_then(|node| reader.map(node));
    let right = reader.need(fields, "right").and_then(|node| Some((node, reader.title(node)?)));
    if let (Some(answers), Some((node, right))) = (answers, &right)
        && answers.get(right).is_none()
    {
        reader.report(Code::K706, &node.bytes, vec![("id", right.clone())]);
    }
    let why = fields.get("why").and_then(|node| reader.title(node));
    let entries = answers?.entries;
    let answers = entries.iter().filter_map(|(key, node)| Some((key.text.clone(), reader.title(node)?))).collect();
    Some(Quiz { question: question?, answers, right: right?.1, why })
}
