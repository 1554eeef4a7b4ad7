-- Twenty partners of two hundred conversations each.
INSERT INTO voronka.conversations SELECT 'p' || n % 20, gen_random_uuid(), 1, 'a', 'x', gen_random_uuid(), 'bot', '', n, 0, '{}', 1 FROM generate_series(1, 4000) n;
INSERT INTO voronka.mailbox (partner, conversation, account, peer, key, at, event) SELECT partner, conversation, 'a', 'x', 'k', 1, '{}' FROM voronka.conversations;
INSERT INTO voronka.keys SELECT partner, 'a', conversation::text, 1 FROM voronka.conversations;
INSERT INTO voronka.customers SELECT partner, customer, NULL, NULL, NULL, '{}', '' FROM voronka.conversations;
INSERT INTO voronka.leads SELECT partner, customer, 0, 0, '', '', NULL, 1, '{}', 1 FROM voronka.conversations;
INSERT INTO voronka.messages SELECT partner, conversation, n, 'bot', 1, NULL, NULL, '', '{}', NULL FROM voronka.conversations, generate_series(1, 3) n;
INSERT INTO voronka.facts (partner, customer, name, at, data) SELECT partner, customer, 'message', 1, '{}' FROM voronka.conversations;
INSERT INTO voronka.orders SELECT partner, gen_random_uuid(), customer, conversation, '1', 'placed', true, 1, 'RUB', NULL, 1, 1, '{}' FROM voronka.conversations;
INSERT INTO voronka.timers SELECT partner, conversation, 't', 1, '{}' FROM voronka.conversations;
INSERT INTO voronka.outbox (partner, id, conversation, account, peer, seq, bubble, lane, expires, attempts) SELECT partner, gen_random_uuid(), conversation, 'a', 'x', 1, '{}', 0, NULL, 0 FROM voronka.conversations;
INSERT INTO voronka.notices SELECT partner, gen_random_uuid(), '', '', at, NULL FROM voronka.conversations;
INSERT INTO voronka.letters (partner, account, conversation, mail, cause, at) SELECT partner, 'a', conversation, '[]', '', at FROM voronka.conversations;
