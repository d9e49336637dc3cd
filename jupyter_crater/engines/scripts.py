"""The start scripts of a job's containers: POSIX sh, the same text under every carrier.

They read only their environment:

POD_IP                  this pod's address
CRATER_HEAD             where the head's Ray answers (host name), for workers
CRATER_LEASE_FILE       file with the lease's end (epoch seconds); empty or missing: not set
CRATER_LEASE_SECONDS    the lease from the start on, while that file says nothing
RAY_AUTH_MODE, RAY_AUTH_TOKEN, VLLM_API_KEY, VLLM_HOST_IP: read by Ray and vLLM themselves
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ..spec import JobSpec, Resources, Task

# Of /dev/shm where nothing is asked. vLLM's charts give 10-15 GiB; the runtime's own 64 MiB end NCCL.
SHM_GIB = 10
NODE_RESOURCE = "jupyter-crater-node/"

# A shell runs no trap while it waits for a foreground command, so all long ones run behind it.
_HEADER = """\
say() { printf 'jupyter-crater: %s\\n' "$*" >&2; }
asked= main=
stop() {
  asked=1
  [ -z "$main" ] || kill -TERM "$main" 2>/dev/null
}
trap stop TERM INT
finish() {
  while :; do
    wait "$main"
    code=$?
    kill -0 "$main" 2>/dev/null || break
  done
  if [ -n "$asked" ]; then
    say "stopped as asked"
    exit 0
  fi
}
"""

# The name travels as a custom resource: the one word about a node that every Ray version keeps.
_START_RAY = """\
export RAY_ADDRESS="$POD_IP:{port}"
node=$(uname -n)
ray start --head --port={port} --node-ip-address="$POD_IP" --disable-usage-stats \\
  {flags} \\
  --resources="{{\\"{resource}$node\\": 1}}" &
main=$!
finish
if [ "$code" -ne 0 ]; then
  say "Ray did not start on port {port} (exit code $code)"
  exit 1
fi
"""

# python, since the CLI's state API needs a dashboard; from stdin, so that it is quoted once only.
_NODES = """\
python3 - {bound} {gpus} {nodes} <<'END' &
import logging, sys, time
import ray

bound, gpus, names = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
deadline = time.monotonic() + bound
told = None


def say(text):
    print("jupyter-crater: " + text, file=sys.stderr, flush=True)


ray.init(address="auto", log_to_driver=False, logging_level=logging.ERROR)
while True:
    alive = [node for node in ray.nodes() if node["Alive"]]
    here = [key.split("/", 1)[1] for node in alive for key in node["Resources"]
            if key.startswith("{resource}")]
    missing = [name for name in names if name not in here] if here else []
    have = sum(node["Resources"].get("GPU", 0) for node in alive)
    state = f"{{len(alive)}} of {{len(names)}} nodes, {{have:g}} of {{gpus:g}} GPUs"
    if missing:
        state += "; missing: " + ", ".join(missing)
    if len(alive) >= len(names) and not missing and have >= gpus:
        say("all nodes have joined: " + state)
        break
    if time.monotonic() >= deadline:
        say(f"not all nodes joined within {{bound}} s: {{state}}")
        sys.exit(1)
    if told != state:
        say(f"waiting for nodes: {{state}}")
        told = state
    time.sleep(1)
ray.shutdown()
END
main=$!
finish
[ "$code" -eq 0 ] || exit 1
"""

_JOIN = """\
node=$(uname -n)
python3 - "$node" "$CRATER_HEAD" {port} {bound} <<'END' &
import socket, sys, time

node, head, port, bound = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
deadline = time.monotonic() + bound
while True:
    try:
        socket.create_connection((head, port), timeout=5).close()
        break
    except OSError as error:
        if time.monotonic() >= deadline:
            print(f"jupyter-crater: {{node}}: no Ray head at {{head}}:{{port}} within {{bound}} s: "
                  f"{{error}}", file=sys.stderr)
            sys.exit(1)
        time.sleep(1)
END
main=$!
finish
[ "$code" -eq 0 ] || exit 1
ray start --address="$CRATER_HEAD:{port}" --node-ip-address="$POD_IP" \\
  {flags} \\
  --resources="{{\\"{resource}$node\\": 1}}" --block &
main=$!
finish
say "$node left Ray (exit code $code)"
exit 1
"""

_RUN = """\
{command} &
main=$!
{lease}finish
[ -z "${{watch:-}}" ] || kill "$watch" 2>/dev/null
"""

# vLLM ends with 0 even after its engine died (vLLM 0.32): a service that ends by itself has failed.
_SERVICE_END = """\
say "the service ended by itself (exit code $code)"
[ "$code" -ne 0 ] || code=1
exit "$code"
"""

_LEASE = """\
(
  until=$(( $(date +%s) + ${CRATER_LEASE_SECONDS:?} ))
  while :; do
    end=$(cat "${CRATER_LEASE_FILE:-/dev/null}" 2>/dev/null)
    case $end in
      '' | *[!0-9]*) end=$until ;;
    esac
    left=$(( end - $(date +%s) ))
    [ "$left" -gt 0 ] || break
    [ "$left" -lt 15 ] || left=15
    sleep "$left"
  done
  say "the lease has passed"
  kill -TERM $$ 2>/dev/null
  sleep 60
  kill -KILL "$main" 2>/dev/null
) &
watch=$!
"""


# Ray keeps a job's output in a file of the head; process 1 writes to the container's log.
_LOG = """\
if [ -w /proc/1/fd/1 ]; then
  log=$(mktemp -u) && mkfifo "$log"
  (trap '' TERM; exec tee -a /proc/1/fd/1 <"$log") &
  exec >"$log" 2>&1
  rm "$log"
fi
"""


def ray_flags(resources: Resources) -> dict[str, str]:
    """What a node tells Ray of itself. Always said: Ray finds no GPU where a device plugin hides
    NVML, all CPUs of the host, and takes 30 % of the memory for objects, more than /dev/shm has."""
    flags = {
        "num-gpus": str(resources.gpus),
        "object-store-memory": str(int((resources.shm_gib or SHM_GIB) * 2**30 / 4)),
    }
    if resources.cpu:
        flags["num-cpus"] = str(max(1, int(resources.cpu)))
    return flags


def _flags(resources: Resources) -> str:
    return " ".join(f"--{name}={value}" for name, value in ray_flags(resources).items())


def head_script(spec: JobSpec, command: Sequence[str], *, names: Sequence[str]) -> str:
    """Start Ray's head, wait for all nodes, run the command.

    Args:
        names: host names of all nodes, the head's first; who is missing is told by them.
    """
    assert spec.ray is not None
    head = spec.main
    flags = _flags(head.resources)
    ray = _START_RAY.format(port=spec.ray.port, flags=flags, resource=NODE_RESOURCE)
    return _HEADER + ray + _wait(spec, names, spec.ray.wait_seconds) + _run(spec, head, command)


def job_script(spec: JobSpec, command: Sequence[str], *, names: Sequence[str]) -> str:
    """The same on a head where someone else started Ray, and runs this as a job of Ray."""
    assert spec.ray is not None
    # Who starts a job has seen the nodes; this is for nodes that were seen too early.
    bound = min(spec.ray.wait_seconds, 300)
    return _HEADER + _LOG + _wait(spec, names, bound) + _run(spec, spec.main, command)


def worker_script(spec: JobSpec, task: Task) -> str:
    """Join the head as a worker once it answers; end if it doesn't in time, or leaves."""
    assert spec.ray is not None
    flags, bound = _flags(task.resources), spec.ray.wait_seconds
    text = _JOIN.format(port=spec.ray.port, flags=flags, bound=bound, resource=NODE_RESOURCE)
    return _HEADER + text


def task_script(spec: JobSpec, task: Task, command: Sequence[str]) -> str:
    """Run the command of a task without Ray until it ends, SIGTERM comes or the lease has passed."""
    return _HEADER + _run(spec, task, command)


def by_index(head: str, worker: str) -> str:
    """One script for all pods of an Indexed Job: index 0 is the head."""
    return f'if [ "${{JOB_COMPLETION_INDEX:?}}" = 0 ]; then\n{head}else\n{worker}fi\n'


def leased(spec: JobSpec, task: Task) -> bool:
    """Whether this task's script watches the lease: the main one does, for all."""
    return spec.lease_seconds is not None and task.name == spec.main.name


def _wait(spec: JobSpec, names: Sequence[str], bound: int) -> str:
    gpus = sum(task.replicas * task.resources.gpus for task in spec.tasks)
    nodes = shlex.join(names)
    return _NODES.format(bound=bound, gpus=gpus, nodes=nodes, resource=NODE_RESOURCE)


def _run(spec: JobSpec, task: Task, command: Sequence[str]) -> str:
    lease = _LEASE if leased(spec, task) else ""
    service = spec.service is not None and spec.service.task == task.name
    text = _RUN.format(command=shlex.join(command), lease=lease)
    return text + (_SERVICE_END if service else 'exit "$code"\n')
