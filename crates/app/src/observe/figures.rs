//! What a process tells the others of how well it serves.

use serde::{Deserialize, Serialize};

/// How often something was done since the process started, and how often it went wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Figure {
    all: u64,
    bad: u64,
}

/// All that is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Figures {
    /// Messages to customers; bad: an answer took more than five seconds.
    answers: Figure,
    /// Bad: a messenger refused it, or did not answer.
    sends: Figure,
    model_calls: Figure,
    commits: Figure,
    /// Bad: the events could not be processed.
    turns: Figure,
}

/// What a process tells of itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Report {
    #[serde(flatten)]
    pub(crate) figures: Figures,
    /// Names the key of its installation without telling it.
    pub(crate) key: Option<String>,
}

impl Figure {
    fn count(&mut self, times: u64, is_bad: bool) {
        self.all += times;
        self.bad += if is_bad { times } else { 0 };
    }

    /// How much it grew; a process that was started anew counts from nothing.
    fn since(self, before: Self) -> Self {
        if self.all < before.all || self.bad < before.bad {
            return self;
        }
        Self { all: self.all - before.all, bad: self.bad - before.bad }
    }

    fn and(self, other: Self) -> Self {
        Self { all: self.all + other.all, bad: self.bad + other.bad }
    }

    /// Whether more went wrong than chance explains where as much goes wrong as usual: three times the spread of rare events
    /// beyond what is expected, and more than a single case of many.
    fn is_worse_than(self, usual: Self) -> bool {
        let rate = if usual.all == 0 { 0.0 } else { number(usual.bad) / number(usual.all) };
        let expected = rate * number(self.all);
        let is_single = self.bad == 1 && self.all > 1;
        !is_single && number(self.bad) > expected + 3.0 * expected.sqrt()
    }
}

/// Counts of a process are far below what this holds.
fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

impl Figures {
    /// From all numbers, as Prometheus reads them.
    pub(crate) fn read(numbers: &str) -> Self {
        let mut figures = Self::default();
        for line in numbers.lines() {
            if let Some((name, value)) = line.rsplit_once(' ') {
                figures.count(name, value.parse().unwrap_or_default());
            }
        }
        figures
    }

    fn count(&mut self, name: &str, times: u64) {
        let has = |label: &str| name.contains(label);
        match name.split('{').next().unwrap_or_default() {
            "voronka_slow_answers_total" => self.answers.bad += times,
            "voronka_sends_total" => {
                self.sends.count(times, has("\"refused\"") || has("\"unclear\"") || has("\"retried\""));
                self.answers.all += if has("\"sent\"") { times } else { 0 };
            }
            "voronka_model_calls_total" => self.model_calls.count(times, !has("ended=\"answered\"")),
            "voronka_store_commits_total" => self.commits.count(times, false),
            "voronka_store_commit_failures_total" => self.commits.count(times, true),
            "voronka_turns_total" => self.turns.count(times, has("\"set_aside\"")),
            _ => {}
        }
    }

    fn each(&self) -> [Figure; 5] {
        [self.answers, self.sends, self.model_calls, self.commits, self.turns]
    }

    /// Those of two processes together.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self {
            answers: self.answers.and(other.answers),
            sends: self.sends.and(other.sends),
            model_calls: self.model_calls.and(other.model_calls),
            commits: self.commits.and(other.commits),
            turns: self.turns.and(other.turns),
        }
    }

    /// What has gone worse since then than it usually does, by the key of its words.
    pub(crate) fn worse_than(&self, before: &Self, usual: &Self) -> Option<&'static str> {
        const WORDS: [&str; 5] = [
            "move-slow-answers",
            "move-failed-sends",
            "move-failed-model-calls",
            "move-failed-commits",
            "move-dead-letters",
        ];
        let figures = self.each().into_iter().zip(before.each()).zip(usual.each());
        let worse = figures.zip(WORDS).find(|(((now, before), usual), _)| now.since(*before).is_worse_than(*usual));
        worse.map(|(_, words)| words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(all: u64, bad: u64) -> Figure {
        Figure { all, bad }
    }

    #[test]
    fn figures_are_summed_over_labels_and_what_went_wrong_is_told_from_what_was_done() {
        let figures = Figures::read(
            "# TYPE voronka_sends_total counter\nvoronka_sends_total{fate=\"sent\"} 100\nvoronka_sends_total{fate=\"refused\"} 1\n\
             voronka_sends_total{fate=\"unclear\"} 2\nvoronka_sends_total{fate=\"blocked\"} 50\nvoronka_slow_answers_total 4\n\
             voronka_model_calls_total{partner=\"a\",model=\"m\",ended=\"answered\"} 9\n\
             voronka_model_calls_total{partner=\"a\",model=\"m\",ended=\"timed_out\"} 5\n\
             voronka_turns_total{outcome=\"set_aside\"} 6\nvoronka_turns_total{outcome=\"committed\"} 70\n\
             voronka_store_commits_total 30\n",
        );
        let expected = Figures {
            answers: figure(100, 4),
            sends: figure(153, 3),
            model_calls: figure(14, 5),
            commits: figure(30, 0),
            turns: figure(76, 6),
        };
        assert_eq!(figures, expected);
    }

    #[test]
    fn worse_is_more_than_chance_explains_where_as_much_goes_wrong_as_usual() {
        for (now, usual, is_worse) in [
            (figure(0, 0), figure(0, 0), false),
            // Nobody knows better, and nothing has gone well.
            (figure(1, 1), figure(0, 0), true),
            (figure(3, 3), figure(1_000, 10), true),
            // One of many is no sign of anything.
            (figure(40, 1), figure(1_000, 0), false),
            (figure(40, 2), figure(1_000, 0), true),
            // As much as usual, and a little more.
            (figure(1_000, 10), figure(10_000, 100), false),
            (figure(1_000, 18), figure(10_000, 100), false),
            (figure(1_000, 25), figure(10_000, 100), true),
        ] {
            assert_eq!(now.is_worse_than(usual), is_worse, "{now:?} {usual:?}");
        }
    }

    #[test]
    fn only_what_came_since_counts_and_a_process_that_was_started_anew_counts_from_nothing() {
        let model_calls = |all, bad| Figures { model_calls: figure(all, bad), ..Figures::default() };
        let (before, usual) = (model_calls(500, 40), model_calls(1_000, 1));
        assert_eq!(before.worse_than(&before, &usual), None);
        assert_eq!(model_calls(600, 40).worse_than(&before, &usual), None);
        assert_eq!(model_calls(600, 60).worse_than(&before, &usual), Some("move-failed-model-calls"));
        assert_eq!(model_calls(20, 0).worse_than(&before, &usual), None);
        assert_eq!(model_calls(20, 20).worse_than(&before, &usual), Some("move-failed-model-calls"));
    }
}
