"""Ray: missing, too few nodes, tokens and versions; processes of the engine that died."""

from __future__ import annotations

from ..model import CONSEQUENCE, SYMPTOM, Fixes, Hit, Rule, Sign, fix, signs

_SAME_IMAGE = fix("the same image for head and workers")


def _missing_gpus(hit: Hit) -> Fixes:
    asked = hit.number("asked") or (
        hit.settings and hit.settings.tensor_parallel * hit.settings.pipeline_parallel
    )
    want = f" ({asked:g} GPUs)" if asked else ""
    return (
        fix(f"see whether every worker runs and has joined{want}: `ray status` in the head"),
        fix("make tensor × pipeline parallel size the number of GPUs that Ray has"),
    )


def _port(hit: Hit) -> Fixes:
    taken = hit.number("port")
    found = [fix("end what listens there (an earlier attempt?)")]
    if taken and taken < 65535:
        found.insert(0, fix(f"another port than {taken:g}", port=int(taken) + 1))
    else:
        found.insert(0, fix("another port", port=8001))
    return tuple(found)


RULES = (
    Rule(
        "ray-missing",
        "There is no Ray in the image",
        "vLLM's own images carry none since 0.18; a job over several nodes needs it in every task's image.",
        signs(
            r"(?:\bray: (?:command )?not found|ray: No such file or directory|ray: applet not found)",
            r"No module named '?ray'?(?![\w.])|Ray is not installed",
            r"exec: \"ray\": executable file not found",
            r"Failed to import Ray|[Uu]nable to load Ray: |Unable to import Ray",
            r"[Pp]lease install Ray with|Ray is required|import error[^\n]{0,40}\bray\b",
            r"Cannot use Ray backend|(?:unrecognized|Unknown) (?:distributed )?executor backend:? '?ray",
        ),
        (fix("an image with Ray (vLLM 0.17 and before, or one made with `pip install ray`)"),),
        hides=(
            "unknown-flag",
            "command-not-found",
            "engine-broken",
            "engine-error",
            "head-unreachable",
        ),
        links=("https://github.com/vllm-project/vllm/issues/36170",),
    ),
    Rule(
        "workers-missing",
        "Not all workers joined the head",
        "The head waited for every node and gave up; the missing ones are pending, failed, or can't reach it.",
        signs(
            r"not all nodes joined within (?P<bound>\d+) s: [^\n]*",
            r"(?:Ray )?worker starts timeout|Timed? ?out waiting for (?:ray )?(?:workers|nodes|cluster)",
            r"Waited [\d.]+ s for (?:the )?(?:workers|nodes|all nodes)[^\n]*in vain",
            r"Only \d+ of \d+ (?:workers|nodes) (?:joined|are alive)",
        )
        + signs(
            r"(?P<have>\d+)/(?P<want>\d+) nodes (?:are )?alive|\d+/\d+ is active|waiting for nodes: \d+ of \d+",
            r"Waiting for all ray workers to be active\.",
            confidence="medium",
            quiet=True,
        ),
        (fix("see the worker's events and log first"), fix("wait longer for the workers")),
        hides=("placement-group-pending",),
        links=("https://github.com/vllm-project/production-stack/issues/653",),
    ),
    Rule(
        "head-unreachable",
        "The worker can't reach the Ray head",
        "The head is not up, its address is wrong, or the network between the pods is closed.",
        signs(
            r"no Ray head at (?P<head>\S+) within (?P<bound>\d+) s: (?![^\n]*timed out)",
            r"Failed to connect to (?:GCS|ray cluster|Ray cluster) (?:at|with) (?:address[ =:]*)?\S+?(?:,| within| after)[^\n]*(?:attempts|retries)",
            r"Unable to connect to GCS|Can't connect to GCS|unable to connect to the GCS",
        )
        + signs(
            r"Failed to connect to Ray cluster|Could not find any running Ray instance|Ray cluster could not be found at",
            r"Failed to get cluster ID from GCS server: TimedOut|Timed out while waiting for GCS",
            r"Failed to connect to GCS at address (?P<head>\S+) within",
            r"The Ray head (?:at|node) [^\n]{0,60}(?:not reachable|unreachable|cannot be reached)",
            confidence="medium",
            quiet=True,
        ),
        (
            fix("see whether the head runs, and why not"),
            fix(
                "give head and workers the same address and port (RAY_ADDRESS, `ray start --address`)"
            ),
        ),
        level=SYMPTOM,
        transient=True,
        hides=("engine-error",),
    ),
    Rule(
        "placement-group-pending",
        "Ray has fewer GPUs than the engine asks for",
        "vLLM asks Ray for all GPUs at once and waits up to 30 minutes: a node has not joined, or the sizes are too large.",
        signs(
            r"Cannot provide a placement group (?:requiring |of )?(?:(?P<asked>[\d.]+) GPUs)?",
            r"cannot be scheduled[^\n]{0,80}placement group|placement group [^\n]{0,60}(?:infeasible|timed out)",
            r"No available node types can fulfill resource request",
            r"The following resource request cannot be scheduled right now",
        )
        + signs(
            r"Waiting for creating a placement group of specs for \d+ seconds",
            r"number of required \w+ exceeds the total number of available \w+",
            r"Tip: .{0,40}placement group",
            quiet=True,
        ),
        _missing_gpus,
        transient=True,
        hides=("head-unreachable", "engine-error"),
        links=("https://github.com/vllm-project/vllm/issues/13909",),
    ),
    Rule(
        "driver-without-gpu",
        "The head has no GPU",
        "Before vLLM's RayExecutorV2 the process that runs `vllm serve` needs a GPU on its own node.",
        signs(
            r"Ray does not allocate any (?:GPUs|\w+) on the driver node",
            r"Current node has no (?:GPU|\w+) available\. current_node_resource",
        ),
        (fix("give the head GPUs like the workers", gpus_per_node=1),),
        hides=("no-gpu", "placement-group-pending"),
        links=("https://github.com/vllm-project/vllm/issues/12670",),
    ),
    Rule(
        "ray-version-mismatch",
        "Head and worker run different Ray or Python versions",
        "Ray nodes of one cluster need the same Ray and the same Python.",
        signs(
            r"Version mismatch: The cluster was started with(?::[^\n]*\n[\s\S]{0,300}?This process[^\n]*(?:\n[^\n]*){0,2})?",
            r"Changing the Ray version is not supported|ray version mismatch",
            quiet=True,
        ),
        (_SAME_IMAGE,),
        hides=("head-unreachable",),
    ),
    Rule(
        "ray-token",
        "Head and worker don't share the same Ray token",
        "With RAY_AUTH_MODE=token every process needs the head's token.",
        signs(
            r"InvalidAuthToken|Authentication token is missing or incorrect|Token authentication is enabled but",
            r"RAY_AUTH_TOKEN[^\n]{0,80}(?:not set|missing|invalid|empty|not found)|AuthenticationError: [^\n]{0,60}[Rr]ay",
            quiet=True,
        ),
        (fix("set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN from the same secret in every task"),),
        hides=("head-unreachable", "wrong-key", "engine-error"),
    ),
    Rule(
        "ray-local-nodes",
        "Ray refuses several nodes on the loopback address",
        "On 127.0.0.1 Ray takes the machine for Windows or macOS.",
        signs(r"Multi-node Ray clusters are not supported"),
        (fix("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=1 in the tasks' env"),),
    ),
    Rule(
        "port-in-use",
        "A port is taken",
        "Another process (often an earlier attempt, or another job on a host network) listens on it.",
        (
            *signs(
                r"(?:address|ADDRESS) \(?'?[\d.a-z]+'?, ?(?P<port>\d+)\)?: (?:\[errno \d+\] )?[Aa]ddress already in use",
                r"Ray is trying to start at [\d.]+:(?P<port>\d+), but is already running at",
                r"[Pp]ort (?P<port>\d+) is (?:already )?(?:in use|taken|occupied)",
                r"[Aa]ddress already in use|\bEADDRINUSE\b|\[Errno 98\]|error while attempting to bind on address",
                r"Failed to (?:bind|listen)[^\n]{0,60}(?:port|address)",
            ),
            Sign(r"didn't have free ports for the requested pod ports", "high"),
        ),
        _port,
        hides=("engine-error", "peers-unreachable"),
    ),
    Rule(
        "ray-process-died",
        "A Ray process of the cluster was killed",
        "The raylet of a node or the head's GCS ended; everything that ran there went with it.",
        signs(
            r"Raylet is terminated\. Termination is unexpected",
            r"has been marked dead because the detector has missed too many heartbeats",
            r"Some Ray subprocesses exited unexpectedly|mistakenly been marked as dead by the GCS",
            r"END (?:gcs_server|raylet)\.out tail \(exit code\(s\)=-?\d+",
            r"(?m:^)(?:gcs_server|raylet) \[exit code=-?\d+\]",
            r"Failed to connect to GCS within \d+ seconds\. GCS may have been killed",
            r"(?:NODE_DIED|The node (?:with|that) [^\n]{0,160}(?:died|is dead|has failed))",
            quiet=True,
        ),
        (
            fix("see why that node's process ended (memory? node lost?), then start again"),
            fix("more memory per pod"),
        ),
        hides=("worker-died", "head-unreachable"),
    ),
    Rule(
        "worker-died",
        "A worker process of the engine died",
        "One rank ended without saying why; the engine can't go on without it. Killed for memory is the usual reason.",
        signs(
            r"RayWorkerProc rank=\[\d+\] died unexpectedly",
            r"A worker died or was killed while executing (?:a )?task",
            r"ActorDiedError|The actor (?:is dead|died)(?: unexpectedly)?|ActorUnavailableError|RayActorError",
            r"[Ww]orker (?:proc|process|VllmWorker)\S* [^\n]{0,60}died(?: unexpectedly)?|VllmWorkerProcess pid \d+ died",
            r"WorkerCrashedError|LocalRayletDiedError",
            r"leaked shared_memory objects[\s\S]{0,200}Killed",
        )
        + signs(r"\((?:signal 9|signal -9|exit code -9)\)|(?m:^)Killed$", confidence="medium"),
        (fix("see the log of that worker, and the memory of its pod"), fix("more memory per pod")),
        level=SYMPTOM,
        hides=("engine-step-timeout", "engine-died", "engine-error"),
    ),
    Rule(
        "engine-step-timeout",
        "The engine waited for a rank in vain",
        "A step did not come back within VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS (300): a rank hangs or is gone.",
        signs(
            r"RPC call to \w+ timed out",
            r"Engine (?:iteration )?timed out\. This should never happen",
            r"AsyncEngineDeadError: [^\n]{0,40}timed? ?out",
        ),
        (fix("see the logs of the workers"), fix("NCCL_DEBUG=INFO in the tasks' env")),
        level=SYMPTOM,
        hides=("engine-error",),
    ),
    Rule(
        "engine-died",
        "The engine died; why stands in no line that was seen",
        "These lines only report the end; the cause is earlier, or in another task's log.",
        signs(
            r"Engine core initialization failed|EngineCore (?:failed to start|encountered)|EngineDeadError|Engine core proc \S+ died",
            r"Engine process failed to start|WorkerProc initialization failed|MQEngineDeadError|AsyncEngineDeadError",
            confidence="low",
        ),
        (fix("fetch the logs of all tasks, those of previous containers too"),),
        level=CONSEQUENCE,
        hides=("engine-error",),
    ),
)
