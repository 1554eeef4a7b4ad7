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

own() {
    if [ -z "$root" ]; then chown -R voronka:voronka "$@"; fi
}

is_well() {
    "$link" doctor --probe --data "$home/data" >/dev/null 2>&1 || return 1
    for partner in "$@"; do
        told=$("$link" partner status "$partner" --partners "$home/partners" --data "$home/data" --json 2>/dev/null) || return 1
        case $told in
        # Several processes share the partners of one database: another one may serve it, which is named then.
        *'"state":"serving"'* | *'"state":"elsewhere","by":"'* | *'"state":"stopped"'*) ;;
        *) return 1 ;;
        esac
    done
}

wait_until_well() {
    seconds=$1
    shift
    while ! is_well "$@"; do
        [ "$seconds" -gt 0 ] || return 1
        seconds=$((seconds - 1))
        sleep 1
    done
}

case $step in
look)
    echo "machine=$(uname -m)"
    command -v systemctl >/dev/null && echo "systemd=yes" || echo "systemd=no"
    [ -L "$link" ] && echo "version=$(basename "$(readlink "$link")")" || true
    [ -e "$link" ] && [ ! -L "$link" ] && echo "version=by-hand" || true
    [ -d "$log" ] && echo "busy=yes" || true
    for partner in "$@"; do [ -d "$home/partners/$partner" ] && echo "has=$partner" || true; done
    ;;
begin)
    [ -n "$root" ] || id voronka >/dev/null 2>&1 || useradd --system --home-dir "$home" --shell /usr/sbin/nologin voronka
    mkdir -p "$home/partners" "$home/data" "$shelf" "$(dirname "$link")" "$(dirname "$unit")"
    chmod 750 "$home" "$home/partners" "$home/data"
    own "$home"
    mkdir "$log" 2>/dev/null || fail "another deploy is under way, or was broken off: $log" 4
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
    (settings && as_service "$shelf/$2" check "$new" --data "$home/data") >"$log/checked" 2>&1 || {
        cat "$log/checked" >&2
        fail "the partner $1 has mistakes"
    }
    ;;
switch) # VERSION PARTNER…
    version=$1
    shift
    : >"$log/switched"
    [ -L "$link" ] && readlink "$link" >"$log/version" || true
    [ -e "$link" ] && [ ! -L "$link" ] && cp -p "$link" "$log/program" || true
    if [ -e "$home/data/voronka.db" ] && [ -e "$link" ]; then
        as_service "$link" backup --data "$home/data" --to "$home/backups" --keep 14 --json >"$log/backup"
    fi
    restart=no
    if ! cmp -s "$log/unit" "$unit"; then
        [ -e "$unit" ] && cp -p "$unit" "$log/unit.before" || true
        cp "$log/unit" "$unit.new"
        mv "$unit.new" "$unit"
        systemctl daemon-reload
        restart=yes
    fi
    if [ "$(readlink "$link" 2>/dev/null || true)" != "$shelf/$version" ]; then
        ln -sfn "$shelf/$version" "$link.new"
        mv -T "$link.new" "$link"
        restart=yes
    fi
    for partner in "$@"; do
        [ -d "$home/partners/$partner" ] && mv -T "$home/partners/$partner" "$log/partner-$partner" || true
        mv -T "$log/new/$partner" "$home/partners/$partner"
        echo "$partner" >>"$log/partners"
    done
    systemctl enable voronka >/dev/null 2>&1 || true
    systemctl is-active --quiet voronka || restart=yes
    if [ "$restart" = yes ]; then systemctl restart voronka; fi
    echo "restarted=$restart"
    ;;
check) # SECONDS PARTNER…
    wait_until_well "$@" || {
        journalctl -u voronka -n 20 --no-pager -o cat >&2 2>/dev/null || true
        fail "it is not well"
    }
    ;;
return) # SECONDS
    if [ ! -e "$log/switched" ]; then
        rm -rf "$log"
        echo "returned=$(basename "$(readlink "$link" || true)")"
        exit 0
    fi
    if [ -e "$log/partners" ]; then
        while read -r partner; do
            rm -rf "$home/partners/$partner"
            [ -d "$log/partner-$partner" ] && mv -T "$log/partner-$partner" "$home/partners/$partner" || true
        done <"$log/partners"
        rm "$log/partners"
    fi
    if [ -e "$log/unit.before" ]; then
        mv "$log/unit.before" "$unit"
        systemctl daemon-reload
    fi
    if [ -e "$log/version" ]; then
        ln -sfn "$(cat "$log/version")" "$link.new"
        mv -T "$link.new" "$link"
    elif [ -e "$log/program" ]; then
        mv -T "$log/program" "$link"
    else
        # There was none: nothing is better than a program that is not well.
        systemctl stop voronka || true
        systemctl disable voronka >/dev/null 2>&1 || true
        rm -rf "$log"
        echo "returned=nothing"
        exit 0
    fi
    systemctl restart voronka || true
    if ! wait_until_well "$1"; then
        # The newer version may have brought the database up to date, and the older one does not open that.
        kept=$(sed -n 's/.*"file":"\([^"]*\)".*/\1/p' "$log/backup" 2>/dev/null || true)
        [ -n "$kept" ] || fail "the last version is not well, and there was no backup"
        systemctl stop voronka || true
        # Whoever was erased since it was made does not come back.
        [ -e "$home/data/erasures.log" ] && journal=--erasures=$home/data/erasures.log || journal=
        as_service "$link" restore "$kept" --data "$home/data.restored" ${journal:+"$journal"} >&2
        # What no backup has, and is of no version.
        for folder in certificates removed exported; do
            [ -d "$home/data/$folder" ] && cp -pR "$home/data/$folder" "$home/data.restored/$folder" || true
        done
        rm -rf "$home/data.failed"
        mv -T "$home/data" "$home/data.failed"
        mv -T "$home/data.restored" "$home/data"
        systemctl restart voronka || true
        wait_until_well "$1" || fail "the last version is not well over its backup either"
        echo "restored=$kept"
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
