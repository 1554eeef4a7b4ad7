//! What is old leaves.

statements! {
    /// The last key of a page.
    KEYS_PAGE = "SELECT account, key FROM voronka.keys WHERE partner = $1 AND (account, key) > ($2, $3) \
        ORDER BY account, key OFFSET $4 LIMIT 1";
    KEYS_DROP = "DELETE FROM voronka.keys WHERE partner = $1 AND (account, key) > ($2, $3) \
        AND ($4::text IS NULL OR (account, key) <= ($4, $5::text)) AND at < $6";
    /// Held, so that no turn of theirs is written meanwhile.
    CONVERSATIONS_HOLD = "SELECT conversation, customer, at FROM voronka.conversations WHERE partner = $1 AND conversation > $2 \
        ORDER BY conversation LIMIT $3 FOR UPDATE";
    /// Customers of whom nothing is under way, and who never were more than talk. Who has said nothing yet was there when they
    /// were greeted.
    CUSTOMERS_COLD = "SELECT w.customer FROM unnest($2::uuid[]) AS w (customer) WHERE NOT EXISTS (SELECT FROM voronka.conversations c \
        WHERE c.partner = $1 AND c.customer = w.customer AND (c.at >= $3 OR c.owner <> 'bot' \
        OR (c.slot = 0 AND EXISTS (SELECT FROM voronka.messages m WHERE m.partner = $1 AND m.conversation = c.conversation \
            AND m.at >= $3 OFFSET 0)) \
        OR EXISTS (SELECT FROM voronka.mailbox b WHERE b.partner = $1 AND b.conversation = c.conversation OFFSET 0) \
        OR EXISTS (SELECT FROM voronka.timers t WHERE t.partner = $1 AND t.conversation = c.conversation OFFSET 0)) OFFSET 0) \
        AND NOT EXISTS (SELECT FROM voronka.leads l WHERE l.partner = $1 AND l.customer = w.customer AND l.heat > 0 OFFSET 0) \
        AND NOT EXISTS (SELECT FROM voronka.orders o WHERE o.partner = $1 AND o.customer = w.customer OFFSET 0) \
        AND NOT EXISTS (SELECT FROM voronka.facts f WHERE f.partner = $1 AND f.customer = w.customer AND f.name = ANY ($4) OFFSET 0)";
    /// What waits to be sent has its words there.
    MESSAGES_DROP = "DELETE FROM voronka.messages d WHERE d.partner = $1 AND (d.conversation, d.seq) IN (\
        SELECT m.conversation, m.seq FROM unnest($2::uuid[]) AS t (conversation) CROSS JOIN LATERAL (SELECT k.conversation, k.seq, \
        k.bubble FROM voronka.messages k WHERE k.partner = $1 AND k.conversation = t.conversation \
        AND (k.at < $3 OR k.conversation = ANY ($4)) OFFSET 0) m \
        WHERE NOT EXISTS (SELECT FROM voronka.outbox o WHERE o.partner = $1 AND o.id = m.bubble OFFSET 0) LIMIT $5)";
    FACTS_DROP = "DELETE FROM voronka.facts d WHERE d.partner = $1 AND (d.customer, d.id) IN (\
        SELECT f.customer, f.id FROM unnest($2::uuid[]) AS t (customer) CROSS JOIN LATERAL (SELECT k.customer, k.id \
        FROM voronka.facts k WHERE k.partner = $1 AND k.customer = t.customer \
        AND ((k.at < $3 AND k.name = ANY ($4)) OR k.customer = ANY ($5)) OFFSET 0) f LIMIT $6)";
    SILENT = "SELECT c.conversation, c.state FROM unnest($2::uuid[]) AS t (conversation) CROSS JOIN LATERAL (SELECT k.conversation, \
        k.state FROM voronka.conversations k WHERE k.partner = $1 AND k.conversation = t.conversation AND k.at < $3 \
        AND k.preview <> '' LIMIT 1) c WHERE NOT EXISTS (SELECT FROM voronka.messages m WHERE m.partner = $1 \
        AND m.conversation = c.conversation OFFSET 0)";
    /// The version moves on, so that no turn computed from what was there before writes the words back.
    WORDS_DROP = "UPDATE voronka.conversations c SET version = c.version + 1, preview = '', state = t.state \
        FROM unnest($2::uuid[], $3::text[]) AS t (conversation, state) WHERE c.partner = $1 AND c.conversation = t.conversation";
    CONVERSATIONS_DROP = "DELETE FROM voronka.conversations c USING unnest($2::uuid[]) AS t (conversation) WHERE c.partner = $1 \
        AND c.conversation = t.conversation AND NOT EXISTS (SELECT FROM voronka.messages m WHERE m.partner = $1 \
        AND m.conversation = c.conversation OFFSET 0)";
    LEADS_DROP = "DELETE FROM voronka.leads l USING unnest($2::uuid[]) AS t (customer) WHERE l.partner = $1 \
        AND l.customer = t.customer AND NOT EXISTS (SELECT FROM voronka.conversations c WHERE c.partner = $1 \
        AND c.customer = l.customer OFFSET 0)";
    CUSTOMERS_DROP = "DELETE FROM voronka.customers u USING unnest($2::uuid[]) AS t (id) WHERE u.partner = $1 \
        AND u.id = t.id AND NOT EXISTS (SELECT FROM voronka.conversations c WHERE c.partner = $1 \
        AND c.customer = u.id OFFSET 0)";
    NOTICES_DROP = "DELETE FROM voronka.notices WHERE partner = $1 AND id IN (SELECT n.id FROM voronka.notices n \
        WHERE n.partner = $1 AND n.at < $2 ORDER BY n.at LIMIT $3)";
    LETTERS_DROP = "DELETE FROM voronka.letters WHERE partner = $1 AND id IN (SELECT l.id FROM voronka.letters l \
        WHERE l.partner = $1 AND l.at < $2 ORDER BY l.at, l.id LIMIT $3)";
}
