//! Training: its shape is checked here; it is shown by later parts.

use crate::spec::{diagnostic::Code, partner::PartnerFiles, pictures, read::Reader, tree::Node};

/// Keys of a file of training.
pub(crate) const KEYS: &[&str] = &["title", "for", "lessons", "reels"];
/// Keys of a lesson.
pub(crate) const LESSON: &[&str] = &["id", "title", "text", "video", "photo", "quiz"];
/// Keys of a question.
pub(crate) const QUIZ: &[&str] = &["question", "answers", "right", "why"];
/// Keys of a reel.
pub(crate) const REEL: &[&str] = &["id", "title", "text", "video", "photo"];

pub(super) fn training(reader: &mut Reader<'_>, root: &Node, files: &PartnerFiles) {
    let Some(fields) = reader.fields(root, KEYS) else { return };
    for item in fields.get("for").map_or(&[][..], |node| reader.list(node)) {
        reader.one_of(item, "role", &[("owner", ()), ("operator", ())]);
    }
    for lesson in fields.get("lessons").map_or(&[][..], |node| reader.list(node)) {
        let Some(fields) = reader.fields(lesson, LESSON) else { continue };
        for key in ["id", "title", "text"] {
            if let Some(node) = reader.need(fields, key) {
                reader.title(node);
            }
        }
        if let Some(node) = fields.get("photo") {
            pictures::named(reader, node, files);
        }
        for question in fields.get("quiz").map_or(&[][..], |node| reader.list(node)) {
            quiz(reader, question);
        }
    }
    for reel in fields.get("reels").map_or(&[][..], |node| reader.list(node)) {
        let Some(fields) = reader.fields(reel, REEL) else { continue };
        for key in ["id", "title", "text"] {
            reader.need(fields, key);
        }
        if let Some(node) = fields.get("photo") {
            pictures::named(reader, node, files);
        }
    }
}

/// K706.
fn quiz(reader: &mut Reader<'_>, node: &Node) {
    let Some(fields) = reader.fields(node, QUIZ) else { return };
    reader.need(fields, "question");
    let answers = reader.need(fields, "answers").and_then(|node| reader.map(node));
    let right = reader.need(fields, "right").and_then(|node| Some((node, reader.title(node)?)));
    if let (Some(answers), Some((node, right))) = (answers, right)
        && answers.get(&right).is_none()
    {
        reader.report(Code::K706, &node.bytes, vec![("id", right)]);
    }
}
