#!/bin/bash
# Twelve minutes of one GPU: speed of training, five natural and five robust pretrainings of ResNet-18 at 64 pixels, their
# tickets under the standard AutoAttack, and a training shared by two processes.
#
#   benchmarks/gpu.sh pack CARRIED              here: the project, the images and the wheels that the machine lacks; 64 MiB at most
#   benchmarks/gpu.sh run CARRIED OUT           there: within 12 minutes; OUT gets rows, figures and the store in pieces
#   benchmarks/gpu.sh run CARRIED OUT --cpu     anywhere: every step on toy sizes, in about a minute; CARRIED may be empty
#   benchmarks/gpu.sh run CARRIED OUT --dry     every step's command and limit, run by nobody
#
# The study goes pretraining by pretraining; how many of five fit into one call is not known yet. Put OUT's
# store-*.tar.gz into CARRIED and run again: what was finished is not run a second time. The same pieces unpacked into a
# store here give the rows: tombola run results/evidence/autoattacked.yaml --store STORE --out results/evidence
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
usage() { sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2; }

case "${1:-}" in
pack)
    [ $# -ge 2 ] || usage
    PYTHONPATH="$here/src" exec "$python" "$here/benchmarks/gpu_pack.py" "${@:2}"
    ;;
run)
    [ $# -ge 3 ] || usage
    carried=$(cd "$2" && pwd)
    mkdir -p "$3"
    if compgen -G "$carried/wheels/*.whl" >/dev/null && [ "${4:-}" != --dry ]; then
        site=$(mktemp -d)
        "$python" -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --upgrade --target "$site" "$carried"/wheels/*.whl
        export PYTHONPATH="$here/src:$site"
    else
        export PYTHONPATH="$here/src"
    fi
    export PYTHONUNBUFFERED=1
    exec "$python" "$here/benchmarks/gpu_steps.py" "$carried" "$3" "${@:4}"
    ;;
*) usage ;;
esac
