//! Every statement of the access file; a test prepares them all.

macro_rules! statements {
    ($($name:ident = $text:literal;)*) => {
        $(pub(super) const $name: &str = $text;)*

        /// All of them, by name.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

statements! {
    ADD_USER = "INSERT INTO users (name, operator, made) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    GRANT = "INSERT INTO grants (user, partner, role) VALUES (?1, ?2, ?3)";
    FORGET_GRANTS = "DELETE FROM grants WHERE partner = ?1";
    FOLLOW_REMOVAL = "INSERT INTO removals (partner, times) VALUES (?1, ?2) \
        ON CONFLICT (partner) DO UPDATE SET times = excluded.times WHERE excluded.times > times";
    USER_NAMED = "SELECT id, name, operator, password, totp FROM users WHERE name = ?1";
    USER = "SELECT id, name, operator, password, totp FROM users WHERE id = ?1";
    USERS = "SELECT id, name, operator, password, totp FROM users ORDER BY name";
    GRANTS = "SELECT partner, role FROM grants WHERE user = ?1 ORDER BY partner";
    REMOVE_USER = "DELETE FROM users WHERE name = ?1";
    SET_KEYS = "UPDATE users SET password = ?2, totp = ?3, totp_step = ?4 WHERE id = ?1";
    USE_STEP = "UPDATE users SET totp_step = ?2 WHERE id = ?1 AND totp_step < ?2";
    FORGET_CODES = "DELETE FROM codes WHERE user = ?1";
    ADD_CODE = "INSERT INTO codes (user, hash) VALUES (?1, ?2)";
    USE_CODE = "DELETE FROM codes WHERE user = ?1 AND hash = ?2";
    COUNT_CODES = "SELECT count(*) FROM codes WHERE user = ?1";
    MAKE_LINK = "INSERT OR REPLACE INTO links (hash, user, totp, until) VALUES (?1, ?2, ?3, ?4)";
    LINK = "SELECT user, totp FROM links WHERE hash = ?1 AND until > ?2";
    USE_LINK = "DELETE FROM links WHERE hash = ?1 AND until > ?2";
    FORGET_LINKS = "DELETE FROM links WHERE until <= ?1";
    OPEN_SESSION = "INSERT INTO sessions (hash, user, made, seen, proved) VALUES (?1, ?2, ?3, ?3, ?3)";
    SESSION = "SELECT user, made, seen, proved FROM sessions WHERE hash = ?1";
    SEEN = "UPDATE sessions SET seen = ?2 WHERE hash = ?1 AND seen < ?2";
    PROVED = "UPDATE sessions SET proved = ?2 WHERE hash = ?1";
    CLOSE_SESSION = "DELETE FROM sessions WHERE hash = ?1";
    CLOSE_SESSIONS = "DELETE FROM sessions WHERE user = ?1";
    FORGET_SESSIONS = "DELETE FROM sessions WHERE seen < ?1";
    AUDIT_END = "SELECT seq, mark FROM audit_end WHERE one = 1";
    SET_AUDIT_END = "INSERT OR REPLACE INTO audit_end (one, seq, mark) VALUES (1, ?1, ?2)";
    LAST_MARK = "SELECT seq, mark FROM audit ORDER BY seq DESC LIMIT 1";
    AUDIT = "INSERT INTO audit (seq, at, who, partner, what, about, mark) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    AUDITED = "SELECT seq, at, who, partner, what, about, mark FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2";
}
