//! Lessons for the team, a question at a time, and texts for short videos with the partner's own data in them.

use super::{
    super::{token::hash, work::Work},
    token::{DeskToken, Own},
    wording::Say,
};
use crate::{
    lang::print,
    message::{Button, Press},
    spec::{
        partner::training::{Course, Lesson},
        rich::Rich,
    },
};

/// Most of a name on a button, in characters.
const LABEL_CHARS_MAX: usize = 60;

/// What names a lesson, a question or an answer: stable when others come and go.
fn name(parts: &[&str]) -> u32 {
    hash(&parts.join("\u{1f}"))
}

fn of_lesson(course: &Course, lesson: &Lesson) -> String {
    format!("{}/{}", course.id, lesson.id)
}

impl Work {
    /// Topics for this member.
    fn courses(&self) -> Vec<&Course> {
        let member = self.setting.writer.as_ref().map(|writer| &writer.member);
        let role = self.book.spec.config.team.iter().find(|one| Some(&one.name) == member).map(|one| one.role);
        let is_for =
            |course: &&Course| course.roles.is_empty() || role.is_some_and(|role| course.roles.contains(&role));
        self.book.spec.training.iter().filter(is_for).collect()
    }

    /// `/training`: which topics there are, and how far the member is.
    pub(super) fn show_courses(&mut self) {
        let learnt = self.desk().learnt.clone();
        let book = std::sync::Arc::clone(&self.book);
        let mut buttons = Vec::new();
        for course in self.courses() {
            let done = course.lessons.iter().filter(|lesson| learnt.contains(&of_lesson(course, lesson))).count();
            let label = format!("{} ({done}/{})", course.title, course.lessons.len());
            buttons.push(choice(&label, Own::Course, name(&[&course.id])));
        }
        drop(book);
        if buttons.is_empty() {
            return self.tell(Say::NoTraining);
        }
        self.tell(Say::ChooseCourse);
        self.reply.buttons(buttons);
    }

    /// A press in the training.
    pub(super) fn learn(&mut self, own: Own, of: u32) {
        let book = std::sync::Arc::clone(&self.book);
        let ids: Vec<_> = self.courses().into_iter().map(|course| course.id.clone()).collect();
        let courses = book.spec.training.iter().filter(|course| ids.contains(&course.id));
        for course in courses {
            if own == Own::Course && name(&[&course.id]) == of {
                return self.show_course(course);
            }
            for lesson in course.lessons.iter().chain(&course.reels) {
                if own == Own::Lesson && name(&[&course.id, &lesson.id]) == of {
                    return self.show_lesson(course, lesson);
                }
                for (nth, quiz) in lesson.quiz.iter().enumerate() {
                    let here = [&*course.id, &lesson.id, &nth.to_string()];
                    if own == Own::Quiz && name(&here) == of {
                        return self.ask_quiz(course, lesson, nth);
                    }
                    let said = |(id, _): &&(String, String)| name(&[here[0], here[1], here[2], id]) == of;
                    if own == Own::Answer
                        && let Some((id, _)) = quiz.answers.iter().find(said)
                    {
                        return self.check_answer(course, lesson, nth, id);
                    }
                }
            }
        }
        self.tell(Say::OldButton);
    }

    fn show_course(&mut self, course: &Course) {
        self.reply.close();
        self.reply.say(&Rich::plain(course.title.clone()));
        let learnt = self.desk().learnt.clone();
        let lesson = |lesson: &Lesson| {
            let mark = if learnt.contains(&of_lesson(course, lesson)) { "✓ " } else { "" };
            choice(&format!("{mark}{}", lesson.title), Own::Lesson, name(&[&course.id, &lesson.id]))
        };
        let buttons: Vec<Button> = course.lessons.iter().chain(&course.reels).map(lesson).collect();
        self.reply.buttons(buttons);
    }

    fn show_lesson(&mut self, course: &Course, lesson: &Lesson) {
        let text = self.filled(&lesson.text);
        let mut parts = vec![lesson.title.clone(), text];
        parts.extend(lesson.video.clone());
        self.reply.close();
        self.reply.say(&Rich::plain(parts.join("\n\n")));
        let mut buttons = Vec::new();
        if lesson.quiz.is_empty() {
            self.desk().learnt.insert(of_lesson(course, lesson));
        } else {
            buttons.push(self.own_button_of(Say::BeginQuiz, Own::Quiz, name(&[&course.id, &lesson.id, "0"])));
        }
        buttons.push(self.own_button_of(Say::BackToCourse, Own::Course, name(&[&course.id])));
        self.reply.buttons(buttons);
    }

    fn ask_quiz(&mut self, course: &Course, lesson: &Lesson, nth: usize) {
        let Some(quiz) = lesson.quiz.get(nth) else { return };
        self.reply.close();
        self.reply.say(&Rich::plain(quiz.question.clone()));
        let at = nth.to_string();
        let answer =
            |(id, label): &(String, String)| choice(label, Own::Answer, name(&[&course.id, &lesson.id, &at, id]));
        let buttons: Vec<Button> = quiz.answers.iter().map(answer).collect();
        self.reply.buttons(buttons);
    }

    fn check_answer(&mut self, course: &Course, lesson: &Lesson, nth: usize, said: &str) {
        let Some(quiz) = lesson.quiz.get(nth) else { return };
        let why = quiz.why.as_deref().unwrap_or_default();
        if said != quiz.right {
            self.tell(Say::Wrong { why });
            let again = self.own_button_of(Say::Again, Own::Quiz, name(&[&course.id, &lesson.id, &nth.to_string()]));
            return self.reply.buttons([again]);
        }
        self.tell(Say::Right { why });
        if nth + 1 < lesson.quiz.len() {
            return self.ask_quiz(course, lesson, nth + 1);
        }
        self.desk().learnt.insert(of_lesson(course, lesson));
        self.show_course(course);
    }

    /// A text with the partner's own in the places of `{link.shop}`, `{partner.name}` and `{product.name}`.
    fn filled(&self, text: &str) -> String {
        let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((hole, behind)) = after.split_once('}') else {
                filled.push('{');
                rest = after;
                continue;
            };
            filled.push_str(&self.own_value(hole.trim()).unwrap_or_else(|| format!("{{{hole}}}")));
            rest = behind;
        }
        filled.push_str(rest);
        filled
    }

    fn own_value(&self, hole: &str) -> Option<String> {
        let spec = &self.book.spec;
        match hole.split_once('.') {
            _ if matches!(hole, "partner.name" | "partner") => Some(spec.config.name.clone()),
            Some(("link", link)) => spec.config.links.get(link).map(ToString::to_string),
            Some(("product", field)) => {
                let product = spec.catalogue.products.iter().find(|product| product.available)?;
                product.value(field).map(|value| print::value(&value, self.lang, self.today()))
            }
            _ => None,
        }
    }
}

fn choice(label: &str, own: Own, of: u32) -> Button {
    let label = label.chars().take(LABEL_CHARS_MAX).collect();
    Button { label, press: Press::Token { token: DeskToken::Own(own, of).to_string() } }
}
