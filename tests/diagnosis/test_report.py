"""Planted secrets never appear in a report; what a reader needs does."""

from __future__ import annotations

import base64
import string
from urllib.parse import quote

import pytest
from hypothesis import given, settings, strategies as st

from jupyter_crater.diagnosis import redact, report
from jupyter_crater.diagnosis.redact import MASK
from jupyter_crater.spec import (
    EngineSettings,
    JobSpec,
    JobStatus,
    Observation,
    Provenance,
    Service,
    Task,
)

ALNUM = string.ascii_letters + string.digits
SECRET = st.text(ALNUM, min_size=16, max_size=40).map(lambda s: "q" + s + "7Z")
PLACES = [
    "--api-key {}",
    "--api-key={}",
    "vllm serve m --api-key '{}' --port 8000",
    "INFO 11-23 [utils.py:233] non-default args: {{'model': 'm', 'api_key': ['{}'], 'port': 8000}}",
    "args: Namespace(host=None, api_key='{}', port=8000)",
    "Authorization: Bearer {}",
    "authorization: Basic {}",
    'curl -H "Authorization: Bearer {}" http://x/v1/models',
    "{{'authorization': 'Bearer {}'}}",
    '{{"api_key": "{}"}}',
    '"{{\\"token\\": \\"{}\\"}}"',
    "export HF_TOKEN={}",
    "VLLM_API_KEY={} vllm serve",
    "AWS_SECRET_ACCESS_KEY: {}",
    "- name: HF_TOKEN\n  value: {}",
    "password = {}",
    "git clone https://user:{}@example.org/r.git",
    "https://bucket.example.org/w.safetensors?X-Amz-Signature={}&x=1",
    "GET /api/kernels?token={} HTTP/1.1",
    "Cookie: session={}; other=1",
    "X-API-Key: {}",
    "Unauthorized: key hf_{} is not allowed",
    "model sk-{}",
    "ghp_{}",
    "AKIA{}",
    "key eyJhbGciOiJIUzI1NiJ9.{}.{}",
    "RAY_AUTH_TOKEN={}",
    "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
    "(Worker pid=1) -----BEGIN PRIVATE KEY-----\n(Worker pid=1) {}\n(Worker pid=1) -----END PRIVATE KEY-----",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n{}",
    "api_keys: [{}]",
    "api_key=['{}', 'other']",
    "HF_TOKEN: |\n  {}",
    "HF_TOKEN: >-\n  {}",
    "  value: {}\n  name: HF_TOKEN",
    '{{"value":"{}","name":"HF_TOKEN"}}',
    "stringData:\n  anything: {}",
    ".dockerconfigjson: {}",
    '{{"auths":{{"r.example.org":{{"auth":"{}"}}}}}}',
    "os.environ['HF_TOKEN'] = '{}'",
    "environ({{'HF_TOKEN': '{}', 'HOME': '/root'}})",
    'declare -x HF_TOKEN="{}"',
    "ENCRYPTION_KEY={}",
    "DB_PASS={}",
    "HF_TOKEN\t{}",
    "token {}",
    "the API key is {}",
    "Incorrect API key provided: {}.",
    "login with password {}",
    "invalid token '{}'",
    "<password>{}</password>",
    "api_key%3D{}",
    "token&#61;{}",
    'refresh_token":"{}',
    "--api-key \\\n  {}",
    "--api-key\n{}",
    "HF_TOKEN=hf_abcdefghijk\n{}",
    "curl -u user:{} http://x",
    "sshpass -p {} ssh node",
    "docker login -u me -p {} r.example.org",
    "mysql -uroot -p{} -e x",
    "redis://:{}@h:6379/0",
    "https://hooks.slack.com/services/T0/B0/{}",
    "https://example.org/#token={}",
]


def job(**env: str) -> JobSpec:
    return JobSpec(
        kind="engine",
        title="Test",
        tasks=(Task(name="main", command=("vllm", "serve", "/models/m"), env=env),),
        service=Service(task="main", served_model_name="m"),
        engine=EngineSettings(model="/models/m"),
        provenance=Provenance(template="t", version="1"),
    )


def status(message: str = "") -> JobStatus:
    return JobStatus(
        name="j", template="t", backend="local", phase="failed", message=message, created=1.0
    )


@settings(max_examples=80, deadline=None)
@given(secret=SECRET, where=st.sampled_from(PLACES))
def test_planted_in_logs_events_and_status(secret, where):
    line = where.replace("{}", secret).replace("{{", "{").replace("}}", "}")
    seen = [
        Observation(1.0, "event", "Note", line, "main", data={"line": line}),
        *(Observation(2.0, "log", "", part, "main") for part in line.split("\n")),
        Observation(3.0, "log", "", f"RuntimeError: {line}", "main"),
    ]
    assert secret not in report(job(), status(line), seen)


@settings(max_examples=30, deadline=None)
@given(
    secret=SECRET,
    name=st.sampled_from(["HF_TOKEN", "VLLM_API_KEY", "MY_PASS", "DB_PASSWORD", "PLAIN"]),
)
def test_values_of_the_environment_are_masked_wherever_they_show(secret, name):
    value = secret + "aB3dE5fG7hJ9"
    lines = [
        f"connecting with {value}",
        quote(value + "/+", safe=""),
        base64.b64encode(value.encode()).decode(),
    ]
    text = report(
        job(**{name: value}), status(), [], [Observation(1.0, "log", "", x, "main") for x in lines]
    )
    assert value not in text
    assert lines[2] not in text


@pytest.mark.parametrize("where", PLACES)
def test_every_place(where):
    secret = "qWm4T8zKp2LxV9nR7bYc3DfG7Z"
    line = where.replace("{}", secret).replace("{{", "{").replace("}}", "}")
    logs = [Observation(3.0, "log", "", part, "main") for part in line.split("\n")]
    assert secret not in report(job(), status(line), [Observation(1.0, "event", "N", line)], logs)


HEX = "0123456789abcdef" * 2 + "01234567"
"""As long as a key of Weights & Biases, and as a commit's hash."""


@pytest.mark.parametrize(
    "line",
    [
        "wandb: {}",
        "(RayWorker pid=7) wandb: (2) {}",
        "wandb: Paste an API key from your profile and hit enter: {}",
        "$ wandb login --relogin {}",
        "wandb login local-{}",
        "wandb.login(key='{}')",
        "machine api.wandb.ai\n  login user\n  password {}",
    ],
)
def test_a_key_that_looks_like_a_commit_is_told_by_what_stands_before(line):
    masked = redact(line.replace("{}", HEX))
    assert HEX not in masked
    assert masked.startswith(line[:5])


@pytest.mark.parametrize(
    "token",
    [
        "hf_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh",
        "sk-proj-AbCd1234EfGh5678",
        "sk_live_AbCd1234EfGh5678IjKl",
        "ghp_AbCd1234EfGh5678IjKl9012MnOp3456QrSt",
        "github_pat_11ABCDEFG0_AbCd1234EfGh5678",
        "glpat-AbCd1234-EfGh5678",
        "glcbt-64_AbCd1234EfGh5678",
        "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-1234567890123-AbCdEfGh",
        "xoxe.xoxp-1-AbCd1234EfGh5678",
        "xapp-1-A012BC3D-456789-abcdef",
        "nvapi-AbCd1234_EfGh5678-IjKl",
        "glsa_AbCd1234EfGh5678IjKl_0a1b2c3d",
        "dapi0123456789abcdef0123456789abcdef",
        "hvs.CAESIAbCd1234EfGh5678",
        "wandb_v1_AbCd1234EfGh5678IjKl",
    ],
)
@pytest.mark.parametrize(
    "line", ["{}", "got {}.", "[env] ('{}',)", "(head pid=1) INFO: {} is used"]
)
def test_a_bare_token_is_masked_whole(token, line):
    assert redact(line.format(token)).rstrip(".") == line.format(MASK).rstrip(".")


@pytest.mark.timeout(60)  # linear: two seconds; square: minutes
@pytest.mark.parametrize(
    "piece",
    ["SG.", "xai-", "curl ", "wandb login ", "machine a login ", "token ", "a://b", "Secret: "],
)
def test_a_hostile_line_is_masked_in_linear_time(piece):
    assert redact(piece * (200_000 // len(piece)) + f" HF_TOKEN={HEX}").endswith(f"={MASK}")


def test_a_secret_that_a_terminal_wrapped():
    lines = ["api_key='correct-ho", "rse-battery'", "said correct-horse-", "battery aloud"]
    logs = [Observation(1.0, "log", "", x, "main") for x in lines]
    text = report(job(), status(), [], logs, secrets=["correct-horse-battery"])
    assert "rse-battery" not in text
    assert "correct-ho" not in text
    assert "aloud" in text


def test_a_kubernetes_secret_keeps_its_names_only():
    coded = base64.b64encode(b"correct horse battery").decode()
    text = f"kind: Secret\ndata:\n  mine: {coded}\n  tls.key: {coded}\ntype: Opaque"
    logs = [Observation(1.0, "log", "", x, "main") for x in text.split("\n")]
    said = report(job(), status(), [], logs)
    assert coded not in said
    assert "mine:" in said
    assert "type: Opaque" in said


@given(secret=SECRET)
def test_known_secrets_are_masked_in_any_text(secret):
    text = report(job(), status(f"saw {secret} there"), [], secrets=[secret])
    assert secret not in text


def test_secrets_of_the_command_are_masked_in_the_logs_too():
    spec = job().model_copy(
        update={
            "tasks": (
                Task(name="main", command=("vllm", "serve", "m", "--api-key", "plain-words")),
            )
        }
    )
    text = report(spec, status(), [], [Observation(1.0, "log", "", "got plain-words", "main")])
    assert "plain-words" not in text


def test_a_report_holds_what_a_reader_needs():
    lines = [
        "INFO 11-23 22:00:00 [api_server.py:1] vLLM API server version 0.26.0",
        "ValueError: No available memory for the cache blocks. Try increasing it",
    ]
    text = report(
        job(NCCL_DEBUG="INFO", VLLM_API_KEY="x" * 20),
        status("engine died"),
        [Observation(0.0, "phase", "queued")],
        [Observation(1.0, "log", "", x, "main") for x in lines],
    )
    for part in ("kv-cache-too-small", "NCCL_DEBUG", "INFO", "engine died", *lines):
        assert part in text
    assert "x" * 20 not in text


@pytest.mark.parametrize(
    "line",
    [
        "INFO 11-23 [gpu_worker.py:400] Available KV cache memory: 4.92 GiB",
        "max_num_batched_tokens=2048, tokenizer='m', skip_tokenizer_init=False, trust_remote_code=False",
        "ValueError: No available memory for the cache blocks.",
        "node with node id: 80e94368e92607bc389804f4040b57acbc2516b3ad650f71a4edb88f was marked dead",
        "KeyError: 'chatcmpl-ad515295430dd2bb-ae88cd9a'",
        "api_key=None, hf_token=None",
        "could not locate think start/end tokens in the tokenizer!",
        "RPC error: InvalidAuthToken: Authentication token is missing or incorrect",
        'User "u" cannot create resource "secrets" in API group ""',
        "GPU KV cache size: 150,745 tokens, Maximum concurrency for 124,000 tokens",
        "failed to fetch oauth token: unexpected status: 401 Unauthorized",
        "stopped at token 50256 of prompt_token_ids_len=84914",
        "  data: config.json\n  mode: fast",
        "hf_overrides={} and hf_transfer is on",
        f"wandb: git commit {HEX}",
        f"wandb: Saved snapshots/{HEX}/config.json",
        f"commit {HEX}",
        HEX,
        "wandb: Currently logged in as: ana. Use `wandb login --relogin` to force relogin",
        "xai-models and tvly-search-engine-results are names",
        "jina_embeddings_with_a_long_name",
    ],
)
def test_ordinary_lines_stay_as_they_are(line):
    assert redact(line) == line


def test_a_log_cannot_break_out_of_its_block():
    text = report(job(), status(), [], [Observation(1.0, "log", "", "```", "main")])
    assert "\n````\n```\n````" in text


@pytest.mark.parametrize("place", [place for place in PLACES if "\n" in place])
def test_a_secrets_own_line_that_reads_like_a_cause_is_no_evidence_in_clear(place):
    secret = "qObjectStoreFullError7Z"
    lines = place.format(secret, secret).split("\n")
    logs = [Observation(float(at), "log", message=line) for at, line in enumerate(lines)]
    assert secret not in report(job(), status(), [], logs)
    assert "shm-too-small" in report(job(), status(), [], logs), "it is taken for one"
