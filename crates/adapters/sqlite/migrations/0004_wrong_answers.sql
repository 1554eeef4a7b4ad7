-- Answers that a person marked as wrong, latest first: few among all facts.
CREATE INDEX facts_wrong ON facts (partner, at, id) WHERE name = 'answer.wrong';
