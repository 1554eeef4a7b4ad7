-- Of whom anything of a kind is kept: whose secrets are to be sealed anew.
GRANT SELECT (kind) ON voronka.key_values TO voronka_dispatch;
