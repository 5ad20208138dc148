# Sourced by .ci/run and .ci/nightly: each step is a function, and `steps` names them in order with what they show.
#
#     steps=("NAME    what it shows" ...)
#     run_steps "$@"        --list; the named steps; without arguments all of them
#
# Stops at the first failure. Behind the steps come a table of minutes and, as the very last line, the count of all tests.
set -euo pipefail
export CARGO_TERM_COLOR=never INSTA_UPDATE=no
# Everything is built once and from nothing.
export CARGO_INCREMENTAL=0

log=$(mktemp)
table=()

finish() {
    local status=$?
    printf '\nminutes  step\n'
    ((${#table[@]} == 0)) || printf '%s\n' "${table[@]}"
    [ -z "${running:-}" ] || printf '!!!\n!!! The step %s failed\n!!!\n' "$running"
    awk '/^test result:/ { passed += $4; failed += $6 } END { printf "%d passed, %d failed\n", passed, failed }' "$log"
    rm -f "$log"
    exit "$status"
}

run_step() {
    local start=$SECONDS
    running=$1
    printf '\n=== %s\n' "$1"
    "$1" 2>&1 | tee -a "$log"
    running=
    table+=("$(awk -v s=$((SECONDS - start)) -v name="$1" 'BEGIN { printf "%7.1f  %s", s / 60, name }')")
}

run_steps() {
    local names=("${steps[@]%% *}") name
    if [ "${1:-}" = --list ]; then
        printf '%s\n' "${steps[@]}"
        return
    fi
    for name in "$@"; do
        case " ${names[*]} " in
            *" $name "*) ;;
            *) echo "There is no step $name; --list names them." >&2; exit 2 ;;
        esac
    done
    (($# > 0)) || set -- "${names[@]}"
    trap finish EXIT
    for name in "$@"; do run_step "$name"; done
}
