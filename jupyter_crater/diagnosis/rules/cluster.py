"""Kubernetes, Volcano, Kueue and Crater: placing, pulling, mounting, ending."""

from __future__ import annotations

import re

from ..model import CONSEQUENCE, SYMPTOM, Fixes, Hit, Rule, Sign, fix, signs

_K8S = "https://kubernetes.io/docs/"
_DEBUG = _K8S + "tasks/debug/debug-application/debug-pods/"
_IMAGES = _K8S + "concepts/containers/images/"

# One scheduler sentence counts every node once, by the first filter that refused it.
_NONE_FIT = r"(?P<none>0/(?P<nodes>\d+) nodes are (?:available|unavailable)[^\n]*(?:\n(?!\S*\d+/\d+ nodes)[^\n]*){0,3})"
_REASONS = (
    (
        "volume",
        r"unbound (?:immediate )?PersistentVolumeClaim|persistentvolumeclaim \S+ not found|volume node affinity conflict",
    ),
    (
        "gpu",
        r"[Ii]nsufficient\s+[\w.-]*(?:gpu|nvidia\.com|amd\.com|dcu|npu|huawei\.com|mig-)[\w./-]*",
    ),
    (
        "resources",
        r"[Ii]nsufficient\s+(?:cpu|memory|ephemeral-storage|pods|hugepages\S*|rdma\S*)|[Tt]oo\s+many\s+pods",
    ),
    (
        "affinity",
        r"didn't\s+match\s+(?:Pod's\s+)?(?:node\s+)?(?:affinity|selector|pod\s+(?:anti-)?affinity)",
    ),
    ("taint", r"(?:untolerated\s+)?taint|were\s+unschedulable"),
    ("ports", r"didn't have free ports"),
)
_CONTROL_PLANE = re.compile(r"taint\S*\s+\{?node-role\.kubernetes\.io/(?:control-plane|master)")


def why(hit: Hit) -> str:
    """Which of the scheduler's reasons decides: one that money can't move first, then the GPUs."""
    text = hit["none"] or ""
    names = {name for name, pattern in _REASONS if re.search(pattern, text)}
    if names == {"taint", "affinity"} and _CONTROL_PLANE.search(text):
        return "affinity"  # a control plane is always tainted
    return next((name for name, _ in _REASONS if name in names), "")


def _unschedulable(reason: str) -> tuple[Sign, ...]:
    return (Sign(_NONE_FIT, where=lambda hit: why(hit) == reason),)


def _pending(id_: str, title: str, explanation: str, more: tuple[Sign, ...], fixes: Fixes) -> Rule:
    return Rule(
        id_,
        title,
        explanation,
        (*_unschedulable(id_.removeprefix("unschedulable-")), *more),
        fixes,
        transient=True,
        hides=("gang-pending", "unschedulable"),
        links=(_DEBUG,),
    )


RULES = (
    _pending(
        "unschedulable-gpu",
        "No node has enough free GPUs",
        "The scheduler found no node with as many free GPUs of that type as one task asks for.",
        signs(
            r"[Ii]nsufficient (?:nvidia|amd)\.com/[\w.-]+",
            r"OutOf[\w.-]*(?:gpu|nvidia\.com)[\w/.-]*|didn't have enough resource: [\w.-]*(?:gpu|nvidia)",
            r"UnexpectedAdmissionError[^\n]{0,160}(?:gpu|nvidia)",
        ),
        (
            fix("fewer GPUs per node, over more nodes", gpus_per_node=1),
            fix("another GPU type, or wait: the job starts when some are free"),
        ),
    ),
    _pending(
        "unschedulable-taint",
        "The nodes that would fit are closed to this job",
        "They carry a taint that the job does not tolerate, or are being drained.",
        (),
        (
            fix("a queue or account that those nodes belong to"),
            fix("a toleration for the taint that the line names"),
        ),
    ),
    _pending(
        "unschedulable-affinity",
        "No node has the labels the job asks for",
        "Its node selector or affinity (the GPU type, often) matches none.",
        signs(r"MatchNodeSelector|NodeAffinity: (?:Failed|node)"),
        (fix("a GPU type that the cluster has"), fix("no node selector")),
    ),
    _pending(
        "unschedulable-resources",
        "No node has enough free CPU or memory",
        "GPUs would be there, but not the CPU cores or memory that one task asks for beside them.",
        signs(r"(?m:^)(?:FailedScheduling|Unschedulable): [^\n]*[Ii]nsufficient (?:cpu|memory)"),
        (fix("fewer CPU cores per task", cpu=4.0), fix("less memory per task", memory_gib=32.0)),
    ),
    _pending(
        "unschedulable-ports",
        "No node has the job's host port free",
        "Pods on the host's network can't share a port.",
        (),
        (fix("another port", port=8001),),
    ),
    Rule(
        "queue-full",
        "The queue has no room for the job",
        "Its share is in use, or the job is larger than the queue may ever be.",
        signs(
            r"queue resource quota insufficient|[Qq]ueue \S* ?(?:is )?overused|overused queue",
            r"couldn't assign flavors to pod set|insufficient (?:unused )?quota (?:for|in)|ClusterQueue \S+ is inactive",
            r"exceeds? (?:the )?(?:queue|ClusterQueue)'?s? (?:capability|capacity|quota)|queue [^\n]{0,40}capability exceeded",
        ),
        (fix("fewer GPUs"), fix("another queue"), fix("wait for the queue's other jobs")),
        transient=True,
        hides=("gang-pending", "unschedulable"),
        links=("https://volcano.sh/en/docs/queue/",),
    ),
    Rule(
        "queue-closed",
        "The queue does not take jobs",
        "It does not exist, is closed, or has queues below it.",
        signs(
            r"queue `?'?\"?[\w.-]+'?\"?`? (?:does not exist|not found|is not open|is (?:in )?\w* ?(?:Closed|Closing))",
            r"can only submit job to queue with state `?Open|unable to find (?:job )?queue|[Ff]ailed to get queue",
            r"(?:LocalQueue|ClusterQueue|queue)[^\n]{0,40}(?:doesn't exist|isn't active|StopPolicy)",
        ),
        (fix("a queue that exists and is open (`kubectl get queue`)"),),
        hides=("permission-denied",),
    ),
    Rule(
        "quota-exceeded",
        "A quota refuses the job",
        "The namespace's or account's limit would be passed by what the job asks for.",
        signs(
            r"exceeded quota: (?P<quota>[\w.-]+), requested: [^\n]*",
            r"exceeded quota|requested resources exceed user queue quota|ResourceQuota[^\n]{0,60}(?:exceeded|insufficient)",
            r"must specify (?:limits|requests)\.\w+[^\n]{0,60}|maximum (?:cpu|memory|nvidia\.com/gpu) usage per \w+ is",
        ),
        (
            fix("fewer GPUs, cores or memory"),
            fix("end other jobs of the same account"),
            fix("ask for a larger quota"),
        ),
        hides=("permission-denied", "gang-pending"),
        links=(_K8S + "concepts/policy/resource-quotas/",),
    ),
    Rule(
        "billing-blocked",
        "Crater refuses the job for lack of points",
        "The account's balance does not cover it.",
        signs(r"billing precheck blocked"),
        (
            fix("another account (`jupyter crater switch`)"),
            fix("wait for the next period, or ask for points"),
        ),
    ),
    Rule(
        "gang-pending",
        "The job waits until all its pods can start together",
        "Volcano starts all or none; another line usually says what the pods lack.",
        signs(r"\d+/\d+ tasks in gang unschedulable|pod group is not ready", confidence="medium"),
        (fix("see the events of the pending pods"), fix("fewer nodes or GPUs")),
        level=SYMPTOM,
        transient=True,
    ),
    Rule(
        "unschedulable",
        "The scheduler finds no node for a pod",
        "Its message stands below.",
        signs(r"FailedScheduling|(?m:^)Unschedulable: ", confidence="medium"),
        (fix("see the pod's events"),),
        level=SYMPTOM,
        transient=True,
        links=(_DEBUG,),
    ),
    Rule(
        "volume-unbound",
        "A volume claim is not there or not bound",
        "The claim's name is wrong in this namespace, or no storage was found for it.",
        (
            *_unschedulable("volume"),
            *signs(
                r"unbound (?:immediate )?PersistentVolumeClaims?|persistentvolumeclaim \"?[\w.-]+\"? not found",
                r"ProvisioningFailed|storageclass[\w.]* \"?[\w.-]+\"? not found|no persistent volumes available for this claim",
                r"volume node affinity conflict|FailedBinding",
            ),
        ),
        (fix("the name of a claim that exists in this namespace (`kubectl get pvc`)"),),
        transient=True,
        hides=("gang-pending", "unschedulable", "mount-failed"),
        links=(_K8S + "concepts/storage/persistent-volumes/",),
    ),
    Rule(
        "mount-failed",
        "A volume could not be mounted",
        "The node can't attach or reach the storage, or the path does not exist there.",
        signs(
            r"FailedMount|FailedAttachVolume|MountVolume\.\w+ failed|Unable to attach or mount volumes|Multi-Attach error",
            r"hostPath type check failed|failed to prepare subPath|mount\.nfs: ",
        ),
        (fix("see that the claim is free and its access mode allows several nodes"),),
        transient=True,
        links=(_K8S + "concepts/storage/volumes/",),
    ),
    Rule(
        "secret-missing",
        "A secret or config map that the pod needs is missing",
        "The container can't be made without it.",
        signs(
            r"(?:secret|configmap)s? \"?[\w.-]+\"? not found|couldn't find key \S+ in (?:Secret|ConfigMap)",
            r"references non-existent (?:secret|config) key",
        ),
        (fix("start a new attempt: it makes its secret again"),),
        transient=True,
        hides=("mount-failed",),
    ),
    Rule(
        "image-not-found",
        "The image does not exist under that name",
        "Repository or tag is wrong, or was never pushed.",
        signs(
            r"manifest unknown|manifest for \S+ not found|name unknown|NAME_UNKNOWN|MANIFEST_UNKNOWN",
            r"InvalidImageName|couldn't parse image (?:reference|name)|invalid reference format",
            r"failed to resolve (?:reference|image) [^\n]{0,200}: not found|reading manifest \S+ in \S+: (?:manifest unknown|not found)",
            r"no match(?:ing manifest)? for platform|no matching manifest for",
        ),
        (fix("correct the image's name and tag", image=None),),
        hides=("image-pull", "image-auth"),
        links=(_IMAGES,),
    ),
    Rule(
        "image-auth",
        "The registry does not let the node pull the image",
        "It is private and the pull secret is missing or wrong (registries say the same of names that don't exist).",
        signs(
            r"no basic auth credentials|unauthorized: authentication required|unauthorized to access repository",
            r"pull access denied|insufficient_scope: authorization failed|denied: requested access to the resource is denied",
            r"(?:failed to (?:authorize|fetch (?:oauth|anonymous) token)|[Ff]ailed to pull image|pulling image)[^\n]{0,300}"
            r"(?:401 Unauthorized|403 Forbidden|unauthorized|denied)",
            r"FailedToRetrieveImagePullSecret[^\n]*",
        ),
        (fix("a pull secret for that registry"), fix("correct the image's name", image=None)),
        hides=("image-pull",),
        links=(_IMAGES,),
    ),
    Rule(
        "image-rate-limit",
        "The registry's pull limit is reached",
        "Too many pulls from this address or account.",
        signs(
            r"toomanyrequests|pull rate limit|429 Too Many Requests(?=[\s\S]{0,400}(?:pull|image|manifest|registry))"
        ),
        (
            fix("the same image from a mirror or your own registry", image=None),
            fix("wait some hours"),
        ),
        hides=("image-pull", "image-auth", "image-not-found"),
        links=("https://docs.docker.com/docker-hub/usage/",),
    ),
    Rule(
        "image-registry-unreachable",
        "The node can't reach the image's registry",
        "Name resolution, a proxy, a certificate or a firewall is in the way.",
        signs(
            r"(?:[Ff]ailed to pull|pull and unpack|failed to resolve (?:reference|image)|failed to do request|ErrImagePull)[^\n]{0,400}"
            r"(?:i/o timeout|no such host|connection refused|x509|TLS handshake timeout|deadline exceeded|network is unreachable)",
        ),
        (fix("the same image from a registry inside the cluster", image=None),),
        hides=("image-pull",),
    ),
    Rule(
        "image-pull",
        "The image could not be pulled",
        "The event before it says why.",
        signs(
            r"ErrImagePull|ImagePullBackOff|[Ff]ailed to pull image|Back-off pulling image",
            confidence="medium",
        ),
        (fix("see the pod's events"),),
        level=SYMPTOM,
        transient=True,
        links=(_IMAGES,),
    ),
    Rule(
        "command-not-found",
        "The container can't start its command",
        "The program is not in the image, or the image is made for another CPU.",
        signs(
            r"executable file not found in \$PATH|exec format error|RunContainerError|CreateContainerError",
            r"(?m:^)(?:\S*sh: )?(?:line \d+: |\d+: )?(?:vllm|python3?|bash)(?:: command)?: not found",
            r"exec: \"[^\"\n]+\": stat [^\n]*no such file or directory",
        ),
        (fix("an image that holds the program; see the start command"),),
        hides=("crash-loop",),
    ),
    Rule(
        "evicted",
        "A pod was evicted from its node",
        "The node ran short of memory or disk, or the pod used more ephemeral storage than it may.",
        signs(
            r"\bEvicted\b(?! by)|The node was low on resource|The node had condition: \[?(?:DiskPressure|MemoryPressure)",
            r"[Pp]od ephemeral local storage usage exceeds|exceeded (?:its )?local ephemeral storage limit",
            r"Usage of EmptyDir volume \S+ exceeds the limit",
        ),
        (
            fix("caches and models on a volume, not in the container"),
            fix("more ephemeral storage or memory for the task"),
        ),
        hides=("disk-full", "worker-died", "crash-loop"),
        links=(_K8S + "concepts/scheduling-eviction/node-pressure-eviction/",),
    ),
    Rule(
        "preempted",
        "A more important job took the node",
        "The scheduler ended the pod to make room.",
        signs(
            r"\bPreempted\b|[Pp]reempted (?:by|in order)|Preempting|PreemptionByScheduler|evicted (?:by|because of) preempt"
        ),
        (fix("start again when the queue has room"), fix("a higher priority, if you may")),
        hides=("evicted", "worker-died"),
    ),
    Rule(
        "node-lost",
        "The node was lost",
        "It stopped answering, was drained or shut down; what ran there is gone.",
        signs(
            r"\bNodeLost\b|(?m:^)NodeNotReady: |Node is not ready|[Nn]ode \S+ (?:is|became|status is now:?) (?:NotReady|NodeNotReady|unreachable)",
            r"TaintManagerEviction|[Tt]aint manager deleting pod|DeletionByTaintManager|node\.kubernetes\.io/unreachable: deleting",
            r"imminent node shutdown|NodeShutdown|was running on a node that|[Nn]ode (?:was )?(?:deleted|removed) (?:while|from)",
            r"node which (?:has failed|is unresponsive)|Kubelet stopped posting node status",
        ),
        (
            fix("start again: another node is chosen"),
            fix("tell the administrators the node's name"),
        ),
        hides=("evicted", "ray-process-died", "worker-died"),
        links=(_K8S + "concepts/architecture/nodes/",),
    ),
    Rule(
        "liveness-kill",
        "Kubernetes killed the container while it was starting",
        "The liveness probe gave up before the weights were loaded; large models take many minutes.",
        signs(
            r"failed (?:liveness|startup) probe, will be (?:restarted|killed)",
            r"(?m:^)Killing: [^\n]*(?:liveness|startup) probe",
            r"(?:Liveness|Startup) probe failed: (?=[\s\S]{0,2000}(?:Killing|Back-off|will be restarted))",
        )
        + signs(r"(?:Liveness|Startup) probe failed", confidence="medium"),
        (
            fix(
                "a startup probe with a long failureThreshold on /health, and no early liveness probe"
            ),
        ),
        hides=("crash-loop", "host-out-of-memory", "worker-died"),
        links=("https://github.com/kserve/kserve/issues/5062",),
    ),
    Rule(
        "crash-loop",
        "A container ends again and again",
        "The log of its previous run says why.",
        signs(
            r"CrashLoopBackOff|[Bb]ack-off \S* ?restarting failed container", confidence="medium"
        ),
        (fix("`jupyter crater logs NAME --previous`"),),
        level=CONSEQUENCE,
        hides=("engine-died",),
    ),
    Rule(
        "permission-denied",
        "You (or the job's account) may not do that",
        "Kubernetes knows the caller and refuses.",
        signs(
            r"User \"[^\"\n]+\" cannot \w+ resource|is forbidden: User |is forbidden: violates PodSecurity|violates PodSecurity",
            r"admission webhook \S+ denied the request|unable to validate against any (?:security|pod security)",
            r"attempting to grant RBAC permissions not currently held",
        ),
        (
            fix("ask the administrators for the right that the line names"),
            fix("another namespace or account"),
        ),
        hides=("secret-missing",),
        links=(_K8S + "reference/access-authn-authz/rbac/",),
    ),
    Rule(
        "file-permission",
        "A file or folder may not be read or written",
        "The container's user is not its owner, or the volume is mounted read-only.",
        signs(
            r"PermissionError: \[Errno 13\]|[Pp]ermission denied: '?/|[Rr]ead-only file system|\[Errno 30\]",
            r"(?:cannot|can't|failed to) (?:open|create|write|mkdir|access)[^\n]{0,160}: Permission denied",
        ),
        (
            fix(
                "HOME, HF_HOME and VLLM_CACHE_ROOT on a folder that the container's user may write"
            ),
            fix("mount the model's volume readable for that user"),
        ),
        hides=("engine-error",),
    ),
    Rule(
        "network-policy",
        "A network policy or firewall drops the connection",
        "Nothing refuses, nothing answers: Volcano's svc plugin, for one, admits only pods of the same job.",
        signs(
            r"(?:denied|blocked|dropped|forbidden) by (?:a )?[Nn]etwork ?[Pp]olic(?:y|ies)|NetworkPolicy [^\n]{0,60}(?:denied|blocks?|drops?)|Policy denied"
        )
        + signs(
            r"no Ray head at \S+ within \d+ s: [^\n]*timed out",
            r"(?:[Cc]onnect(?:ion|TimeoutError|Timeout)?(?: to \S+)?[^\n]{0,60}(?:timed? ?out|ETIMEDOUT)|\[Errno 110\])[^\n]{0,80}:(?:8000|6379|6667|8265)\b",
            r"(?::(?:8000|6379|6667|8265)\b|port=(?:8000|6379|6667))[^\n]{0,160}(?:[Cc]onnection timed out|Connect(?:ion)? ?[Tt]imeout|ETIMEDOUT|i/o timeout|\[Errno 110\])",
            confidence="medium",
        ),
        (
            fix("launch the client with `connect=`: it opens the port for that job"),
            fix("--disable-network-policy=true for Volcano's svc plugin"),
        ),
    ),
    Rule(
        "wrong-key",
        "The API key is wrong or missing",
        "The engine answers 401 to every request under /v1.",
        (
            *signs(
                r"Error code: 401|Incorrect API key provided|[Ii]nvalid API key|\"error\": ?\"Unauthorized\"",
                r"AuthenticationError: [^\n]{0,80}(?:401|[Kk]ey|[Uu]nauthorized)",
            ),
            Sign(
                r"\"(?:GET|POST) /v1/\S* HTTP/[\d.]+\" 401(?![\s\S]*\"(?:GET|POST) /v1/\S* HTTP/[\d.]+\" 200)",
                "medium",
                quiet=True,
            ),
        ),
        (fix("the job's own key: `jupyter crater key NAME`, or `job.client()`"),),
    ),
    Rule(
        "lease-ended",
        "The job's time was over",
        "Its lease or deadline ended it as agreed.",
        signs(
            r"(?m:^)lease-ended: |[Tt]he lease (?:is over|has ended|ended)|lease (?:is )?over|DeadlineExceeded: |reason\W+DeadlineExceeded",
            r"was active (?:on the node )?longer than (?:the )?specified deadline|activeDeadlineSeconds[^\n]{0,40}exceeded",
            r"PreRunningDeadlineExceeded",
        ),
        (
            fix("start again with a longer lease", lease="24h"),
            fix("`jupyter crater extend NAME 8h` while it runs"),
        ),
        hides=("worker-died", "engine-died", "crash-loop", "host-out-of-memory"),
    ),
    Rule(
        "idle-reaped",
        "The platform ended the job because its GPUs were idle",
        "Crater frees jobs whose GPUs do nothing for hours (or that run for days) unless they are locked.",
        signs(
            r"(?m:^)(?:idle-reaped|Freed)\b|[Ii]dle (?:job|GPU|timeout|reap)[^\n]{0,80}(?:delet|releas|stopp|ended|cull|clean|free|reclaim)",
            r"(?:low|no|zero|idle) GPU (?:utili[sz]ation|usage)[^\n]{0,80}(?:delet|releas|stopp|terminat|clean|free|reclaim)",
            r"(?:delet|releas|stopp|terminat|clean|free|reclaim|cull)\w* [^\n]{0,60}(?:idle|low GPU|GPU utili[sz]ation)",
            r"long[- ](?:time|running) (?:job)?[^\n]{0,60}(?:delet|releas|clean|free)",
        ),
        (fix("ask for a lock in Crater before a long run"), fix("start again when it is needed")),
        hides=("worker-died", "engine-died"),
    ),
    Rule(
        "supervisor-lost",
        "The process that ran the job is gone",
        "It was killed or the machine restarted; what it started may be left.",
        signs(r"(?m:^)supervisor-lost\b"),
        (fix("`jupyter crater delete NAME` cleans up; launch again"),),
        hides=("worker-died", "engine-died"),
    ),
)
