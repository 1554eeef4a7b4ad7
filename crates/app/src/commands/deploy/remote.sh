# What `voronka deploy` does on the server, a step a call: sh -c THIS voronka STEP [ARGUMENT…], as root.
# Nothing is taken away before what replaces it is there and was tried; a return finds what was before in $home/.deploy.
set -eu
umask 022
# Another root than /, where nobody else's files are touched: no user is made, nothing is given to one.
root=${DESTDIR:-}
home=$root/srv/voronka
shelf=$root/usr/local/lib/voronka
link=$root/usr/local/bin/voronka
unit=$root/etc/systemd/system/voronka.service
log=$home/.deploy
step=$1
shift

fail() {
    echo "$1" >&2
    exit "${2:-1}"
}

# Files of partners and data are the service's, not root's.
as_service() {
    if [ -z "$root" ]; then setpriv --reuid=voronka --regid=voronka --clear-groups -- "$@"; else "$@"; fi
}

# The settings that the unit starts the program with, a line each as systemd reads them.
settings() {
    [ -r "$root/etc/voronka/voronka.env" ] || return 0
    while IFS= read -r line || [ -n "$line" ]; do
        name=${line%%=*}
        value=${line#*=}
        case $name in "$line" | '' | [0-9]* | *[!A-Za-z0-9_]*) continue ;; esac
        case $value in
        \"*\") value=${value#\"} value=${value%\"} ;;
        \'*\') value=${value#\'} value=${value%\'} ;;
        esac
        export "$name=$value"
    done <"$root/etc/voronka/voronka.env"
}

# What seals backups: a setting, or the file that is root's and that the nightly backup is handed.
passphrase() {
    [ -z "${VORONKA_BACKUP_PASSPHRASE:-}${VORONKA_BACKUP_PASSPHRASE_FILE:-}" ] || return 0
    [ -r "$root/etc/voronka/backup-passphrase" ] || return 0
    VORONKA_BACKUP_PASSPHRASE=$(cat "$root/etc/voronka/backup-passphrase")
    export VORONKA_BACKUP_PASSPHRASE
}

# A program of ours as the unit runs it: as its user, with its settings.
as_unit() {
    (settings && passphrase && as_service "$@")
}

# A command about one partner, or about all of them.
partner() {
    as_unit "$link" partner "$@" --partners "$home/partners" --data "$home/data"
}

own() {
    if [ -z "$root" ]; then chown -R voronka:voronka "$@"; fi
}

# Names of listed partners whose state begins so. Several processes share the partners of one database: one that another
# process serves is served as well, and that process is named then.
listed() {
    partner list --json 2>/dev/null | sed -nE "s/^\{\"partner\":\"([^\"]*)\",\"state\":($1).*/\1/p" | LC_ALL=C sort
}
served='"serving"|"elsewhere","by":'

# Whoever was served before the switch, and is neither served nor stopped now.
unserved() {
    [ -e "$log/served" ] || return 0
    listed "$served|\"stopped\"" | LC_ALL=C comm -23 "$log/served" -
}

answers() {
    as_unit "$link" doctor --probe --data "$home/data" >/dev/null 2>&1
}

is_stopped() {
    listed '"stopped"' | grep -qxF "$1"
}

is_new() {
    grep -qxF "$1" "$log/new-ones" 2>/dev/null
}

# Whether a partner that was brought is served by what was brought, or is to be served by nobody.
is_taken_up() {
    told=$(partner status "$1" --json 2>/dev/null) || return 1
    # Of members who were never reached it says why, too.
    case ${told%%,\"never_reached\":*} in
    *'"why":'*) return 1 ;;
    *'"state":"serving"'* | *'"state":"elsewhere","by":"'*) ;;
    *'"state":"stopped"'*) ! is_new "$1" ;;
    *) return 1 ;;
    esac
}

is_well() {
    answers || return 1
    for name in "$@"; do is_taken_up "$name" || return 1; done
    [ -z "$(unserved)" ]
}

# Has the house that runs serve partners by the folders that are there now. Whoever was stopped stays so.
take_up() {
    for name in "$@"; do
        if is_new "$name"; then
            partner start "$name" || return 1
        elif [ ! -e "$log/restarted" ] && ! is_stopped "$name"; then
            partner restart "$name" || return 1
        fi
    done
}

# Waits for at most $seconds until a command ends well.
wait_until() {
    while ! "$@"; do
        [ "$seconds" -gt 0 ] || return 1
        seconds=$((seconds - 1))
        sleep 1
    done
}

# Data of the version before the switch; the newer one may bring the database up to date, and the older one does not open that.
# What is in a database on a server is kept by other means.
back_up() {
    [ -e "$home/data/voronka.db" ] && [ -e "$link" ] && [ -z "$(settings && echo "${DATABASE_URL:-}")" ] || return 0
    # In a folder of its own: it takes no place among the nightly ones.
    as_unit "$link" backup --data "$home/data" --partners "$home/partners" \
        --to "$home/backups/before-deploy" --keep 2 --json >"$log/backup"
}

put_folders_back() {
    touch "$log/new-ones"
    while read -r name; do
        # The house lets go of one whose folder goes away.
        if [ ! -e "$log/restarted" ]; then partner stop "$name" </dev/null >&2 || true; fi
        rm -rf "$home/partners/$name"
    done <"$log/new-ones"
    for before in "$log"/partner-*; do
        [ -d "$before" ] || continue
        name=${before##*/partner-}
        rm -rf "$home/partners/$name"
        mv -T "$before" "$home/partners/$name"
        if [ ! -e "$log/restarted" ]; then take_up "$name" >&2 || true; fi
    done
}

put_program_back() {
    if [ -e "$log/unit.before" ]; then
        cp "$log/unit.before" "$unit.new"
        mv -T "$unit.new" "$unit"
        systemctl daemon-reload
    fi
    if [ -e "$log/version" ]; then
        ln -sfn "$(cat "$log/version")" "$link.new"
    else
        cp -p "$log/program" "$link.new"
    fi
    mv -T "$link.new" "$link"
    systemctl restart voronka || true
}

put_data_back() {
    [ -e "$log/restarted" ] || fail "the server does not answer, and its program is the one from before"
    # A return that was broken off had put it there.
    [ -d "$home/data" ] || mv -T "$home/data.failed" "$home/data"
    kept=$(sed -n 's/.*"file":"\([^"]*\)".*/\1/p' "$log/backup" 2>/dev/null || true)
    [ -n "$kept" ] || fail "the last version is not well, and there was no backup"
    systemctl stop voronka || true
    # Whoever was erased since it was made does not come back.
    [ -e "$home/data/erasures.log" ] && journal=--erasures=$home/data/erasures.log || journal=
    rm -rf "$home/data.restored"
    as_unit "$link" restore "$kept" --data "$home/data.restored" ${journal:+"$journal"} >&2
    # What no backup has, and is of no version.
    for folder in certificates removed exported; do
        [ -d "$home/data/$folder" ] && cp -pR "$home/data/$folder" "$home/data.restored/$folder" || true
    done
    rm -rf "$home/data.failed"
    mv -T "$home/data" "$home/data.failed"
    mv -T "$home/data.restored" "$home/data"
    systemctl restart voronka || true
}

case $step in
look)
    echo "machine=$(uname -m)"
    command -v systemctl >/dev/null && echo "systemd=yes" || echo "systemd=no"
    [ -L "$link" ] && echo "version=$(basename "$(readlink "$link")")" || true
    [ -e "$link" ] && [ ! -L "$link" ] && echo "version=by-hand" || true
    [ -d "$log" ] && echo "begun=yes" || true
    ;;
begin)
    [ -n "$root" ] || id voronka >/dev/null 2>&1 || useradd --system --home-dir "$home" --shell /usr/sbin/nologin voronka
    mkdir -p "$home/partners" "$home/data" "$shelf" "$(dirname "$link")" "$(dirname "$unit")"
    chmod 750 "$home" "$home/partners" "$home/data"
    own "$home"
    mkdir "$log" 2>/dev/null || fail "another deploy has begun just now: $log"
    chmod 750 "$log"
    own "$log"
    ;;
binary) # NAME SUM, the file on standard input
    new=$shelf/.$1.new
    cat >"$new"
    [ "$(sha256sum <"$new" | cut -c1-64)" = "$2" ] || fail "the program came damaged"
    chmod 755 "$new"
    "$new" --version || fail "the program does not run on this machine"
    mv "$new" "$shelf/$1"
    ;;
unit) # the file on standard input
    cat >"$log/unit"
    ;;
partner) # NAME VERSION, a tar on standard input
    new=$log/new/$1
    mkdir -p "$new"
    tar -x -C "$new" --no-same-owner --no-same-permissions
    chmod -R u+rwX,g-w,o-rwx "$new"
    own "$log/new"
    # With what the unit has: keys that are sealed in its database are not missing, and its own host names are taken.
    as_unit "$shelf/$2" check "$new" --data "$home/data" >"$log/checked" 2>&1 || {
        cat "$log/checked" >&2
        fail "the partner $1 has mistakes"
    }
    ;;
switch) # VERSION PARTNER…
    version=$1
    shift
    if [ -e "$link" ]; then listed "$served" >"$log/served"; fi
    back_up
    [ -L "$link" ] && readlink "$link" >"$log/version" || true
    [ -e "$link" ] && [ ! -L "$link" ] && cp -p "$link" "$log/program" || true
    : >"$log/switched"
    # What is noted is what a return goes by: it comes before what is done.
    systemctl is-active --quiet voronka || : >"$log/restarted"
    if ! cmp -s "$log/unit" "$unit"; then
        : >"$log/restarted"
        [ -e "$unit" ] && cp -p "$unit" "$log/unit.before" || true
        cp "$log/unit" "$unit.new"
        mv "$unit.new" "$unit"
        systemctl daemon-reload
    fi
    if [ "$(readlink "$link" 2>/dev/null || true)" != "$shelf/$version" ]; then
        : >"$log/restarted"
        ln -sfn "$shelf/$version" "$link.new"
        mv -T "$link.new" "$link"
    fi
    for name in "$@"; do
        if [ -d "$home/partners/$name" ]; then
            mv -T "$home/partners/$name" "$log/partner-$name"
        else
            echo "$name" >>"$log/new-ones"
        fi
        mv -T "$log/new/$name" "$home/partners/$name"
    done
    systemctl enable voronka >/dev/null 2>&1 || true
    if [ -e "$log/restarted" ]; then systemctl restart voronka; fi
    ;;
check) # SECONDS PARTNER…
    seconds=$1
    shift
    wait_until answers && take_up "$@" && wait_until is_well "$@" || {
        journalctl -u voronka -n 20 --no-pager -o cat >&2 2>/dev/null || true
        unserved | sed 's/^/not served any more: /' >&2
        fail "it is not well"
    }
    ;;
return) # SECONDS
    seconds=$1
    if [ -e "$log/switched" ]; then
        put_folders_back
        if [ ! -e "$log/version" ] && [ ! -e "$log/program" ]; then
            # There was none: nothing is better than a program that is not well.
            systemctl stop voronka || true
            systemctl disable voronka >/dev/null 2>&1 || true
            rm -rf "$log"
            echo "returned=nothing"
            exit 0
        fi
        if [ -e "$log/restarted" ]; then put_program_back; fi
        if ! wait_until answers; then
            put_data_back
            seconds=$1
            wait_until answers || fail "the last version is not well over its backup either"
        fi
    fi
    rm -rf "$log"
    echo "returned=$(basename "$(readlink "$link" || echo by-hand)")"
    ;;
end)
    rm -rf "$log"
    # Two versions before this one are kept.
    ls -t "$shelf" | tail -n +4 | while read -r old; do
        [ "$shelf/$old" = "$(readlink "$link")" ] || rm -f "$shelf/$old"
    done
    ;;
*) fail "no such step: $step" ;;
esac
