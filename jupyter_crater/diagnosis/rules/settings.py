"""Settings, model and engine that don't go together: refused before or while the engine starts."""

from __future__ import annotations

from ..model import CONSEQUENCE, SYMPTOM, Fixes, Hit, Rule, Sign, fix, signs

# Flag → what came instead. Read in vLLM's release notes and argument parsers from 0.6 to 0.33.
_REMOVED = {
    "--worker-use-ray": "--distributed-executor-backend ray",
    "--engine-use-ray": None,
    "--use-v2-block-manager": None,
    "--disable-log-requests": "it is the default now; --enable-log-requests turns them on",
    "--enable-reasoning": "--reasoning-parser alone",
    "--num-scheduler-steps": None,
    "--multi-step-stream-outputs": None,
    "--preemption-mode": None,
    "--swap-space": None,
    "--num-lookahead-slots": None,
    "--scheduler-delay-factor": None,
    "--device": None,
    "--task": "--runner and --convert",
    "--guided-decoding-backend": "--structured-outputs-config",
    "--max-seq-len-to-capture": "--max-cudagraph-capture-size",
    "--speculative-model": "--speculative-config",
    "--num-speculative-tokens": "--speculative-config",
    "--rope-scaling": "--hf-overrides",
    "--rope-theta": "--hf-overrides",
    "--override-neuron-config": None,
    "--enable-prompt-adapter": None,
    "--long-lora-scaling-factors": None,
    "--ray-workers-use-nsight": None,
    "--use-tqdm-on-load": None,
}
_ARGPARSE = r"error: unrecognized arguments?: (?P<flags>[^\n]*)"


def _flags(hit: Hit) -> list[str]:
    return [w.split("=")[0] for w in (hit["flags"] or "").split() if w.startswith("--")]


def _is_removed(hit: Hit) -> bool:
    return any(flag in _REMOVED for flag in _flags(hit))


def _removed(hit: Hit) -> Fixes:
    gone = [f for f in _flags(hit) if f in _REMOVED]
    return tuple(
        fix(f"leave {f} out" + (f" (instead: {_REMOVED[f]})" if _REMOVED[f] else "")) for f in gone
    )


def _unknown(hit: Hit) -> Fixes:
    which = ", ".join(_flags(hit)) or hit["flag"] or "the flag"
    return (
        fix(f"correct or leave out {which} in the start command"),
        fix("`vllm serve --help=all` of the same image lists the flags it knows"),
    )


def _divisors(hit: Hit) -> Fixes:
    heads, parts = hit.number("heads"), hit.number("parts")
    if not heads or not parts:
        return (fix("a tensor parallel size that divides it", tensor_parallel=1),)
    best = max(n for n in range(1, int(parts)) if heads % n == 0) if parts > 1 else 1
    found = [fix(f"{best} divides {heads:g}", tensor_parallel=best)]
    if hit.settings and best > 1:
        whole = hit.settings.tensor_parallel * hit.settings.pipeline_parallel
        if whole % best == 0:
            found.append(
                fix("keep all GPUs", tensor_parallel=best, pipeline_parallel=whole // best)
            )
    return tuple(found)


def _stages(hit: Hit) -> Fixes:
    layers, stages = hit.number("layers"), hit.number("stages")
    if not layers or not stages:
        return (fix("fewer pipeline stages", pipeline_parallel=1),)
    best = max(n for n in range(1, int(stages) + 1) if layers % n == 0 and n <= layers)
    return (fix(f"{best} stages divide {layers:g} layers", pipeline_parallel=best),)


def _gpus(hit: Hit) -> Fixes:
    have, wanted = hit.number("have"), hit.number("wanted")
    found = [fix("over several nodes: Ray as the executor", distributed_executor_backend="ray")]
    if have and wanted:
        found.insert(0, fix(f"use the {have:g} GPUs that are there", tensor_parallel=int(have)))
        found.append(fix(f"ask for {wanted:g} GPUs"))
    return tuple(found)


def _length(hit: Hit) -> Fixes:
    derived = hit.number("derived")
    return (
        fix(f"the model's own {derived:g} tokens", max_model_len=int(derived))
        if derived
        else fix("a max_model_len the model knows"),
        fix("longer than trained, at your own risk: VLLM_ALLOW_LONG_MAX_MODEL_LEN=1"),
    )


RULES = (
    Rule(
        "heads-not-divisible",
        "The attention heads can't be divided among the tensor-parallel ranks",
        "Tensor parallelism gives each rank the same number of heads.",
        signs(
            r"attention heads \((?P<heads>\d+)\) must be divisible by tensor parallel size \((?P<parts>\d+)\)",
            r"attention heads \((?P<heads>\d+)\) must be divisible by[^\n]{0,40}\((?P<parts>\d+)\)",
            r"[Tt]otal number of (?:attention|query|kv) heads[^\n]{0,30}(?:must be|is not) divisible",
        ),
        _divisors,
        hides=("invalid-setting", "dimension-not-divisible"),
    ),
    Rule(
        "dimension-not-divisible",
        "A dimension of the model can't be divided among the tensor-parallel ranks",
        "Vocabulary, MLP or quantization groups must split into equal parts; this size leaves a rest.",
        signs(
            r"(?P<heads>\d+) is not divisible by (?P<parts>\d+)\b",
            r"The (?:in|out)put size is not aligned with the quantized weight shape",
            r"AssertionError: [^\n]{0,80}must be divisible by",
            r"output_partition_size = \d+ is not divisible by weight quantization block_n",
            r"input_size_per_partition = \d+ is not divisible by (?:weight quantization block_k|min_thread_k)",
            r"output_size_per_partition = \d+ is not divisible by min_thread_n",
            r"vocab(?:ulary)?[_ ]size[^\n]{0,60}(?:must be|is not) divisible",
        ),
        _divisors,
        hides=("invalid-setting",),
    ),
    Rule(
        "layers-fewer-than-stages",
        "The model's layers can't be divided among the pipeline stages",
        "Every pipeline stage needs at least one layer (before vLLM 0.6, the same number of them).",
        signs(
            r"hidden layers \((?P<layers>\d+)\) must be divisible by pipeline parallel size \((?P<stages>\d+)\)",
            r"len\(partitions\)=\d+ does not match pp_size=(?P<stages>\d+)",
            r"sum\(partitions\)=\d+ does not match num_hidden_layers=(?P<layers>\d+)",
            r"(?:pipeline[_ -]parallel[_ -]size|pipeline stages|pp_size)[^\n]{0,60}(?:larger|greater|more|exceeds?) than"
            r"[^\n]{0,40}(?:hidden )?layers",
            r"(?:num_hidden_layers|(?:number of |hidden )layers)[^\n]{0,40}(?:less|fewer|smaller) than"
            r"[^\n]{0,40}(?:pipeline|pp_size)",
        ),
        _stages,
        hides=("invalid-setting",),
    ),
    Rule(
        "pipeline-unsupported",
        "This model (or its draft model) can't run in pipeline stages",
        "Its implementation in this vLLM lacks the SupportsPP interface.",
        signs(
            r"Pipeline parallelism is (?:only supported|not supported) for (?:this|the following)"
        ),
        lambda hit: (
            fix(
                "tensor parallelism only",
                pipeline_parallel=1,
                tensor_parallel=(hit.settings.tensor_parallel * hit.settings.pipeline_parallel)
                if hit.settings
                else 2,
            ),
        ),
        hides=("invalid-setting",),
    ),
    Rule(
        "too-few-gpus",
        "More GPUs are asked for than this node has",
        "Tensor × pipeline parallel size is the number of GPUs; without Ray all must be in one node.",
        (
            Sign(
                r"[Ww]orld size \((?P<wanted>\d+)\) is (?:larger|greater) than the number of available GPUs \((?P<have>\d+)\)"
            ),
            *signs(
                r"Tensor parallel size \((?P<wanted>\d+)\) cannot be larger than the number of available GPUs \((?P<have>\d+)\)",
                r"please set (?:tensor_parallel_size|world_size) \((?P<wanted>\d+)\) to less than max local gpu count \((?P<have>\d+)\)",
                r"DP adjusted local rank \d+ is out of bounds",
                r"CUDA error: invalid device ordinal",
            ),
        ),
        _gpus,
        hides=("invalid-setting",),
    ),
    Rule(
        "context-too-long",
        "max_model_len is longer than the model knows",
        "The model's config.json says for how many positions it was made.",
        signs(
            r"User-specified max_model_len \((?P<asked>\d+)\) is greater than the derived max_model_len"
            r" \((?:[^)\n]*?=(?P<derived>\d+))?",
            r"max_model_len \(\d+\) is greater than the derived",
        ),
        _length,
        hides=("invalid-setting",),
    ),
    Rule(
        "batched-tokens-too-few",
        "max_num_batched_tokens is smaller than one request",
        "Without chunked prefill a whole prompt must fit into one batch.",
        signs(
            r"max_num_batched_tokens \((?P<now>\d+)\) is smaller than max_model_len \((?P<need>\d+)\)",
            r"max_num_batched_tokens \((?P<now>\d+)\) must be greater than or equal to max_num_seqs \((?P<need>\d+)\)",
        ),
        lambda hit: (
            fix("as many as one request has", max_num_batched_tokens=int(hit["need"] or 8192)),
        ),
        hides=("invalid-setting",),
    ),
    Rule(
        "unknown-architecture",
        "This engine does not know the model's architecture",
        "The model is newer than the vLLM (or Transformers) in the image, or no text model at all.",
        signs(
            r"Model architectures? \[[^\]]*\] (?:are|is) not supported",
            r"model type `?[\w.-]+`? but Transformers does not recognize this architecture",
            r"has no vLLM implementation and the Transformers implementation is not compatible",
            r"There is no module or parameter named ['\"][^'\"]+['\"] in \w+",
            r"Unrecognized configuration class|Unrecognized model in",
            r"Cannot find model module\. ",
        )
        + signs(
            r"Model architectures \[[^\]]*\] failed to be inspected",
            r"KeyError: '(?:qwen|llama|gemma|mistral|deepseek|phi|glm|internlm|gpt)[\w.-]*'",
            confidence="medium",
        ),
        (
            fix("a newer engine image (not on V100: 0.8.5.post1 is the one to use there)"),
            fix("another model"),
        ),
        hides=("invalid-setting", "model-not-found"),
        links=("https://docs.vllm.ai/en/latest/models/supported_models/",),
    ),
    Rule(
        "removed-flag",
        "A flag of the start command no longer exists in this vLLM",
        "It was valid in older releases.",
        (Sign(_ARGPARSE, where=_is_removed),),
        _removed,
        hides=("unknown-flag",),
    ),
    Rule(
        "unknown-flag",
        "The start command has a flag or value this engine does not know",
        "The command line was refused before anything was loaded.",
        signs(
            _ARGPARSE,
            r"error: argument (?P<flag>-[\w/, -]+): (?:invalid|expected|not allowed|ignored|Invalid|Value)",
            r"error: the following arguments are required: (?P<flag>[^\n]*)",
            r"TypeError: \w*(?:EngineArgs|EngineClient|LLM)\.__init__\(\) got an unexpected keyword argument '(?P<flag>\w+)'",
            r"Error: No such option: (?P<flag>--[\w-]+)",
        ),
        _unknown,
        hides=("invalid-setting",),
    ),
    Rule(
        "invalid-setting",
        "A setting is out of range or contradicts another",
        "vLLM checked its configuration and refused it; the line says why.",
        (
            *signs(
                r"\d+ validation errors? for \w+(?:Config|Args)\n[\s\S]{0,400}?(?:Value error|Input should|Assertion failed)[^\n]*",
                r"\d+ validation errors? for \w+(?:Config|Args)",
                r"gpu_memory_utilization[^\n]{0,40}must be|GPU memory utilization must be less than 1\.0",
            ),
        ),
        (fix("change the setting that the line names"),),
        hides=("engine-error",),
    ),
    Rule(
        "remote-code-needed",
        "The model brings its own code, which is not allowed to run",
        "trust_remote_code lets the model's repository run Python in the engine: read it first.",
        signs(
            r"contains custom code which must be executed to correctly load",
            r"[Pp]lease (?:pass the argument|set the option|specify|set) `?-?-?trust[_-]remote[_-]code(?:=True)?`?",
            r"requires you to execute the (?:configuration|tokenizer|modeling|model)?\w*\s?file",
            r"[Cc]onsider setting `?trust_remote_code=True`?",
        ),
        (fix("allow it, after reading it", trust_remote_code=True),),
        hides=("invalid-setting", "unknown-architecture", "model-not-found"),
    ),
    Rule(
        "model-gated",
        "The model must be asked for on Hugging Face",
        "Its owner grants access by name: accept the terms there and give the job a token.",
        signs(
            r"GatedRepoError|[Cc]annot access gated repo|trying to access a gated repo",
            r"Access to model \S+ is restricted",
            r"awaiting a review from the repo authors|Your request to access model \S+ (?:is|has been)",
        ),
        (
            fix("accept the model's terms on its page and set the secret HF_TOKEN"),
            fix("a copy of the model on a volume"),
        ),
        hides=("model-not-found", "invalid-setting", "hub-unreachable"),
        links=("https://huggingface.co/docs/hub/models-gated",),
    ),
    Rule(
        "model-not-found",
        "The model is not where the start command looks for it",
        "A path that does not exist in the container is taken for a name on Hugging Face, hence the misleading words.",
        signs(
            r"HFValidationError: Repo id must be",
            r"LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder",
            r"RepositoryNotFoundError|Repository Not Found for url",
            r"is not a local folder and is not a valid model identifier",
            r"does not appear to have a file named (?:config\.json|\S*(?:safetensors|bin))",
            r"Invalid repository ID or local directory specified",
            r"No such file or directory: '[^'\n]*(?:config\.json|tokenizer\w*\.json|\.safetensors)'",
            r"Cannot find any model weights with|no file named (?:config\.json|model\.safetensors|pytorch_model\.bin)",
            r"RevisionNotFoundError|Revision Not Found for url|EntryNotFoundError: 404",
            r"model_path[^\n]{0,40}does not exist|(?:Model|model) (?:path|folder|directory) \S+ (?:does not exist|not found)",
        ),
        (
            fix("mount the volume that holds the model in every task, and give its path there"),
            fix("correct the model's name"),
        ),
        hides=("invalid-setting", "hub-unreachable"),
    ),
    Rule(
        "weights-broken",
        "A weight file is damaged or only half there",
        "An interrupted download, or a git-lfs pointer in place of the file.",
        signs(
            r"SafetensorError: Error while deserializing|MetadataIncompleteBuffer|HeaderTooLarge|InvalidHeaderDeserialization"
            r"|header too (?:large|small)",
            r"(?:PytorchStreamReader failed reading zip archive|invalid load key, '[^\n]{1,3}')",
            r"ConsistencyError|Consistency check failed: file should be of size",
        ),
        (fix("download the model again (`git lfs pull` in a git checkout)"),),
    ),
    Rule(
        "hub-unreachable",
        "Hugging Face could not be reached",
        "The node has no way to the internet, or a proxy is missing.",
        signs(
            r"We couldn't connect to '?https://huggingface\.co",
            r"(?:MaxRetryError|ConnectionError|ConnectTimeout|ProxyError|NameResolutionError)[^\n]{0,120}(?:huggingface\.co|hf-mirror)",
            r"(?:Cannot reach|Can't reach|Can't load the configuration of)[^\n]{0,80}https://huggingface\.co",
            r"OfflineModeIsEnabled",
        )
        + signs(
            r"LocalEntryNotFoundError|huggingface\.co[^\n]{0,200}(?:timed out|Network is unreachable)",
            confidence="medium",
        ),
        (
            fix("put the model on a volume and give its path"),
            fix("set HF_ENDPOINT or HTTPS_PROXY in the tasks' env"),
        ),
    ),
    Rule(
        "dtype-quantization",
        "The quantization does not work with this dtype",
        "AWQ and GPTQ kernels compute in float16 only (newer ones in bfloat16 too).",
        signs(r"torch\.(?P<dtype>\w+) is not supported for quantization method (?P<method>[\w-]+)"),
        (fix("compute in float16", dtype="half"),),
        hides=("invalid-setting",),
    ),
    Rule(
        "reasoning-parser",
        "The reasoning or tool parser does not fit the model",
        "The parser looks for tokens that this model's tokenizer does not have, or its name is unknown.",
        signs(
            r"could not locate think start/end tokens",
            r"[Ii]nvalid (?:reasoning|tool call) parser|(?:Reasoning|Tool) parser '[^'\n]*' not found",
            r"(?:reasoning|tool)[ _](?:call )?parser:?\s\S+\s\(?(?:is\s)?(?:not|chose from|choose from)",
            r"tool parser could not locate|chat template [^\n]{0,60}is not a valid",
        ),
        (fix("no reasoning parser", reasoning_parser=None),),
        hides=("invalid-setting",),
    ),
    Rule(
        "toolchain-missing",
        "Something needed to compile kernels is missing in the image",
        "Triton, torch.compile and FlashInfer build kernels at the start with the image's compiler.",
        signs(
            r"Failed to find C compiler|fatal error: Python\.h: No such file",
            r"Could not find nvcc|nvcc: (?:command )?not found|CUDA_HOME environment variable is not set",
            r"fatal error: (?:cuda|cuda_runtime|math)\.h: No such file|ninja: (?:command )?not found",
            r"No such file or directory: '(?:[^'\n]*/)?(?:nvcc|ninja|gcc|cc)'",
        ),
        (
            fix("an image with compiler and headers (vLLM's own images have them)"),
            fix("no compilation (slower)", enforce_eager=True),
        ),
    ),
    Rule(
        "engine-broken",
        "The engine's installation is broken",
        "Its compiled parts and torch (or another package) are of different builds.",
        signs(
            r"(?:vllm/_\w*C\w*|flash_attn\w*|torchvision|xformers)[^\s:]*\.so: undefined symbol",
            r"No module named 'vllm\._\w*C'|'_(?:Op|C)\w*' object has no attribute '[\w.]+'",
            r"operator torchvision::nms does not exist|No module named 'vllm'",
            r"numpy\.dtype size changed, may indicate binary incompatibility",
        )
        + signs(
            r"ImportError: cannot import name|ImportError: [^\n]*\.so[^\n]*", confidence="medium"
        ),
        (fix("an unchanged image of one release; install nothing into it"),),
        level=SYMPTOM,
    ),
    Rule(
        "engine-error",
        "The engine ended with an error that no rule knows",
        "The last error line of the log stands below; what came before it may tell more.",
        (
            Sign(
                r"(?m:^)(?:[\w]+\.)*\w*(?:Error|Exception)\b: (?!Engine (?:core|process)|EngineCore|cancelled)[^\n]+",
                "low",
            ),
        ),
        (fix("search vLLM's issues for the line"),),
        level=CONSEQUENCE,
        links=("https://github.com/vllm-project/vllm/issues",),
    ),
)
