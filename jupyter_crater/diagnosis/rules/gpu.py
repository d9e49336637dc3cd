"""GPUs, drivers, shared memory, disks, and NCCL between ranks."""

from __future__ import annotations

from ..model import SYMPTOM, Fixes, Hit, Rule, fix, signs

_NCCL = "https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/troubleshooting.html"
_VLLM = "https://docs.vllm.ai/en/latest/usage/troubleshooting/"
_INTERFACE = fix(
    "name the interface of the pod network: NCCL_SOCKET_IFNAME=eth0, GLOO_SOCKET_IFNAME=eth0"
)
_DEBUG = fix("NCCL_DEBUG=INFO in the tasks' env tells which step failed")


def _old_gpu(hit: Hit) -> Fixes:
    now = hit["have"] or hit["arch"]
    old = now and float(now) / (1 if "." in now else 10) < 7.5
    found = [fix("a GPU type that the image was built for")]
    if old or not now:
        found.insert(
            0, fix("on V100 and older: the last engine made for them", version="0.8.5.post1")
        )
    return tuple(found)


def _shm(hit: Hit) -> Fixes:
    now = (hit.spec and hit.spec.main.resources.shm_gib) or 0
    return fix("a larger /dev/shm", shm_gib=max(8.0, now * 2)), fix(
        "NCCL_SHM_DISABLE=1 in the tasks' env (slower)"
    )


RULES = (
    Rule(
        "bfloat16-unsupported",
        "This GPU can't compute in bfloat16",
        "bfloat16 needs compute capability 8.0 (A100 and newer); V100 and T4 compute in float16.",
        signs(
            r"[Bb]float16 is only supported on GPUs with compute capability(?: of at least \d\.\d[\s\S]{0,120}?compute capability (?P<have>\d\.\d))?",
            r"'?(?:bf16|bfloat16)'? is not supported (?:on|by) (?:this|your|the current) (?:GPU|device|hardware)",
        ),
        (fix("compute in float16", dtype="half"),),
        hides=("invalid-setting",),
    ),
    Rule(
        "quantization-unsupported",
        "This GPU can't run the model's quantization",
        "Each method's kernels need a minimum compute capability.",
        signs(
            r"quantization method (?P<method>[\w.-]+) is not supported for the current GPU\."
            r"(?: Minimum capability: (?P<need>\d+)\. Current capability: (?P<have>\d+))?",
            r"Quantization scheme is not supported for the current GPU",
            r"[Qq]uantization method [\w.-]+ (?:is not|isn't) supported (?:on|by|in) [^\n]{0,40}(?:CUDA|platform|vLLM|cuda|cpu)",
        ),
        (
            fix(
                "the model without quantization, or as GPTQ (compute capability 6.0 is enough)",
                quantization=None,
            ),
        ),
        hides=("invalid-setting",),
    ),
    Rule(
        "gpu-arch-unsupported",
        "The engine in this image was not built for this GPU",
        "Its compiled kernels hold no code for the GPU's compute capability.",
        signs(
            r"no kernel image is available for execution on the device",
            r"with CUDA capability sm_(?P<arch>\d+) is not compatible with the current PyTorch",
            r"(?:CUTLASS|FlashInfer|FlashAttention|SGLang|xFormers)[^\n]{0,60}only supports? (?:sm\d+|Ampere|[Hh]opper|compute)",
            r"FlashAttention only supports Ampere GPUs or newer",
            r"Compute Capability < 8\.0 is not supported by the V1 Engine",
            r"ptxas fatal +: Value 'sm_\w+' is not defined for option",
            r"Feature '[^'\n]+' requires \.target sm_\d+ or higher",
            r"GPUs? with compute capability (?:less|lower) than \d\.\d (?:is|are) not supported",
            r"cudaErrorNoKernelImageForDevice|CUDA_ERROR_NO_BINARY_FOR_GPU",
        ),
        _old_gpu,
        hides=("invalid-setting", "cuda-fault"),
    ),
    Rule(
        "driver-too-old",
        "The node's NVIDIA driver is older than the image needs",
        "The CUDA in the image needs a newer driver; drivers are the node's, not the image's.",
        signs(
            r"NVIDIA driver on your system is too old(?: \(found version (?P<found>\d+)\))?",
            r"CUDA driver version is insufficient for CUDA runtime version|cudaErrorInsufficientDriver",
            r"PTX was compiled with an unsupported toolchain|CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
            r"unsatisfied condition: cuda ?>= ?(?P<need>[\d.]+)",
            r"forward compatibility was attempted on non supported HW",
            r"system has unsupported display driver / cuda driver combination",
            r"requires a newer (?:NVIDIA )?(?:GPU )?driver",
        ),
        (
            fix("an image with an older CUDA (vLLM 0.19.1 and before: CUDA 12)"),
            fix("ask the administrators for a newer driver"),
        ),
        hides=("no-gpu", "engine-error"),
    ),
    Rule(
        "no-gpu",
        "The container sees no GPU",
        "The task asked for none, or the node's container runtime does not hand it over.",
        signs(
            r"No CUDA GPUs are available|no CUDA-capable device is detected",
            r"Found no NVIDIA driver on your system|NVIDIA-SMI has failed",
            r"Failed to infer device type|No supported device detected|Device string must not be empty",
            r"libcuda\.so\.1: cannot open shared object file",
            r"could not select device driver \"\" with capabilities",
            r"nvidia-container-cli: (?:initialization|mount|device) error",
            r"Current node has no GPU available",
            r"NVMLError_\w+|NVML: (?:Driver/library version mismatch|Unknown Error)|Failed to initialize NVML",
        ),
        (
            fix("ask for a GPU in every task that runs a rank", gpus_per_node=1),
            fix("another node: tell the administrators the node's name"),
        ),
    ),
    Rule(
        "cuda-fault",
        "A GPU or a kernel failed",
        "The card reports an error of its own, or a kernel touched memory it should not; the trace may point elsewhere.",
        signs(
            r"uncorrectable ECC error|NVRM: Xid|GPU has fallen off the bus|GPU is lost|CUDA error: hardware",
            r"CUDA error: (?:an illegal memory access|unspecified launch failure|misaligned address|device-side assert)",
            r"cudaErrorIllegalAddress|CUDA_ERROR_ILLEGAL_ADDRESS",
        ),
        (fix("start again on another node"), fix("no CUDA graphs (slower)", enforce_eager=True)),
    ),
    Rule(
        "shm-too-small",
        "The shared memory (/dev/shm) is too small",
        "Ranks of one node exchange data through /dev/shm; containers get 64 MiB of it unless told.",
        signs(
            r"creating shared memory segment [^\n]{0,90}(?:No space left|[Ff]ailed|error)",
            r"posix_fallocate failed ?: No space left on device",
            r"shared memory segment nccl-shm",
            r"No space left on device: '/?(?:dev/shm/|psm_|sem\.)",
            r"insufficient shared memory \(shm\)",
            r"No space left on device[^\n]{0,60}/dev/shm|/dev/shm[^\n]{0,120}No space left on device",
            r"Usage of EmptyDir volume \"?(?:dshm|shm|dev-shm)\"? exceeds the limit",
            r"Bus error [^\n]{0,80}(?:shared memory|shm)",
        )
        + signs(r"(?:Unexpected )?[Bb]us error(?: \(core dumped\))?", confidence="medium"),
        _shm,
        hides=("disk-full", "nccl-error", "evicted", "nccl-rdma"),
        links=("https://github.com/vllm-project/production-stack/issues/276",),
    ),
    Rule(
        "disk-full",
        "A disk or quota is full",
        "Images, model files or caches filled the node's or the volume's space.",
        signs(
            r"No space left on device|\[Errno 28\]|\bENOSPC\b",
            r"[Dd]isk quota exceeded|\[Errno 122\]|\bEDQUOT\b",
            r"[Nn]ot enough (?:free )?disk space",
        ),
        (
            fix("free space on the volume, or put HF_HOME and VLLM_CACHE_ROOT on a larger one"),
            fix("more ephemeral storage for the task"),
        ),
    ),
    Rule(
        "too-many-files",
        "The limit of open files is too low",
        "Every connection and every worker needs some.",
        signs(
            r"\[Errno 24\] Too many open files|accept\w*: Too many open files|failed to create fsnotify watcher: too many open files"
        ),
        (fix("ulimit -n 65536 before the start command"),),
    ),
    Rule(
        "nccl-interface",
        "NCCL or Gloo finds no usable network interface",
        "NCCL_SOCKET_IFNAME or GLOO_SOCKET_IFNAME names an interface that the pod does not have, or none fits.",
        signs(
            r"no socket interface found",
            r"Unable to find (?:address|interface) for: ?\S*",
            r"No interface found in the same subnet",
            r"Unable to resolve hostname to a \(local\) address",
            r"(?:Could|could) not find any? ?interface[^\n]{0,40}(?:NCCL|GLOO|SOCKET_IFNAME)",
        ),
        (_INTERFACE, fix("drop NCCL_SOCKET_IFNAME and GLOO_SOCKET_IFNAME from the env")),
        hides=("nccl-error", "peers-unreachable", "nccl-rdma"),
        links=(_NCCL,),
    ),
    Rule(
        "nccl-peer-access",
        "GPUs can't reach each other's memory directly",
        "Peer access is switched off or impossible here (virtual machines with ACS or IOMMU, mixed cards).",
        signs(
            r"peer access is not supported between these two devices|peer mapping resources exhausted",
            r"cudaErrorPeerAccess\w+|P2P (?:is|not) (?:not )?(?:supported|enabled) between",
            r"[Cc]uda failure (?:217|711) ?",
            r"custom_all_reduce\.cuh?:\d+ '?[^\n]{0,40}(?:invalid argument|invalid resource handle|peer access)",
        ),
        (
            fix("no direct access", disable_custom_all_reduce=True),
            fix("NCCL_P2P_DISABLE=1 in the tasks' env"),
        ),
        hides=("nccl-error",),
        links=(_NCCL,),
    ),
    Rule(
        "nccl-version",
        "The ranks run different NCCL versions",
        "All nodes must start from the same image.",
        signs(
            r"Mismatched NCCL version detected|NCCL version mismatch",
            r"undefined symbol: nccl\w+|Failed to load NCCL library",
            r"NCCL[^\n]{0,40}version [\d.]+ [^\n]{0,30}(?:does not match|incompatible|differs)",
        ),
        (
            fix("the same image for head and workers"),
            fix("drop VLLM_NCCL_SO_PATH and LD_LIBRARY_PATH from the env"),
        ),
        hides=("nccl-error", "engine-broken"),
    ),
    Rule(
        "nccl-duplicate-gpu",
        "Two ranks got the same GPU",
        "NCCL needs one GPU per rank.",
        signs(r"Duplicate GPU detected"),
        (
            fix(
                "as many GPUs as ranks in every task; leave CUDA_VISIBLE_DEVICES to Ray and Kubernetes"
            ),
        ),
        hides=("nccl-error",),
    ),
    Rule(
        "nccl-rdma",
        "NCCL can't use the InfiniBand or RoCE devices",
        "The pod lacks the RDMA device, the right to lock memory, or the ports are wrong.",
        signs(
            r"Call to ibv_\w+ failed|ibv_(?:reg_mr|create_qp|create_cq|modify_qp|open_device|alloc_pd)\w* failed",
            r"NCCL WARN NET/IB ?: [^\n]{0,60}(?:Got (?:completion|async event)|failed|error|timed? ?out)",
            r"NET/IB ?: No device found(?=[\s\S]{0,4000}NCCL error)",
        ),
        (
            fix("NCCL_IB_DISABLE=1 in the tasks' env (sockets instead, slower)"),
            fix("the RDMA resource and the capability IPC_LOCK for the tasks"),
        ),
        hides=("nccl-error",),
        links=(_NCCL,),
    ),
    Rule(
        "peers-unreachable",
        "The ranks can't reach each other over the network",
        "They meet at the head's address first; it was wrong, closed, or on another interface.",
        signs(
            r"DistNetworkError|DistStoreError: Timed out|client socket has timed out after \d+\s?ms while trying to connect",
            r"[Gg]loo connectFullMesh failed|socketStartConnect: Connect to \S+ failed|socketPollConnect",
            r"NCCL WARN (?:socket\w*|connect\w*|Connect)[^\n]{0,80}(?:[Rr]efused|unreachable|[Tt]imed out|No route to host)",
            r"ncclSocket\w+: [^\n]{0,80}(?:refused|unreachable|timed out)",
            r"Every node should have a unique IP address",
        ),
        (_INTERFACE, fix("set VLLM_HOST_IP to each pod's own IP"), _DEBUG),
        hides=("nccl-error",),
        links=(_VLLM,),
    ),
    Rule(
        "nccl-timeout",
        "A collective operation timed out",
        "One rank never came to a step that all do together: it hangs, died, or the network lost it.",
        signs(
            r"Watchdog caught collective operation timeout",
            r"Timed out after \d+\s?ms waiting for (?:send|recv|all ranks)",
            r"Some NCCL operations have failed or timed out",
            r"Timed out waiting \d+\s?ms for (?:recv|send) operation",
        ),
        (_INTERFACE, fix("see the logs of the other ranks first"), _DEBUG),
        level=SYMPTOM,
        hides=("nccl-error", "engine-step-timeout", "engine-error"),
        links=(_NCCL,),
    ),
    Rule(
        "nccl-error",
        "NCCL failed between the GPUs",
        "NCCL's own lines (NCCL_DEBUG=INFO) name the reason; often /dev/shm, the interface or peer access.",
        signs(
            r"NCCL [Ee]rror(?: \d)?: |ncclUnhandledCudaError|ncclSystemError|ncclInternalError|ncclInvalidUsage|ncclRemoteError",
            r"unhandled (?:system|cuda) error|NCCL error in: ",
        ),
        (
            _DEBUG,
            _INTERFACE,
            fix("a larger /dev/shm", shm_gib=10.0),
            fix("no direct access", disable_custom_all_reduce=True),
        ),
        level=SYMPTOM,
        hides=("engine-error", "nccl-timeout"),
        links=(_NCCL, _VLLM),
    ),
    Rule(
        "cuda-fork",
        "CUDA was started before the workers were forked",
        "Something in the process used the GPU before vLLM made its workers.",
        signs(r"Cannot re-initialize CUDA in forked subprocess"),
        (fix("VLLM_WORKER_MULTIPROC_METHOD=spawn in the tasks' env"),),
    ),
)
