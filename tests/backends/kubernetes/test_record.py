"""A job is read back in full from what stands on the cluster, and from nothing else."""

from __future__ import annotations

import copy
import random

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from jupyter_crater.backends import kubernetes as k8s
from jupyter_crater.errors import InputError, JobNotFound, NewerSchema
from jupyter_crater.spec import (
    EngineSettings,
    Forward,
    JobSpec,
    Provenance,
    Ray,
    Resources,
    Service,
    Task,
    Volume,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
WORD = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
ENV = st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True), TEXT, max_size=3)
OPTION = st.builds(
    k8s.Options,
    owner=TEXT,
    attempt=st.integers(1, 99),
    queue=st.none() | WORD.filter(lambda name: name != "root"),
    ray_version=st.sampled_from([None, "2.43.0", "2.60.0"]),
    lease_until=st.none() | st.integers(0, 2**33),
)


@st.composite
def specs(draw) -> JobSpec:
    workers = draw(st.integers(0, 3))
    resources = draw(
        st.builds(
            Resources,
            gpu=st.sampled_from([None, "V100-32GB", "A100-80GB"]),
            gpus=st.integers(0, 8),
            cpu=st.none() | st.integers(1, 64).map(float),
            memory_gib=st.none() | st.integers(1, 900).map(float),
            shm_gib=st.none() | st.integers(1, 64).map(float),
        )
    )
    volume = st.builds(
        Volume, name=st.just("m"), mount_path=st.just("/m"), source=WORD, read_only=st.booleans()
    )
    common = {
        "image": "example.org/vllm:1",
        "env": draw(ENV),
        "resources": resources,
        "volumes": tuple(draw(st.lists(volume, max_size=1))),
    }
    words = draw(st.lists(TEXT, min_size=1, max_size=4))
    tasks = [Task(name="head", command=("vllm", "serve", *words), **common)]
    if workers:
        tasks.append(Task(name="worker", replicas=workers, **common))
    port = draw(st.integers(1024, 65000).filter(lambda p: p not in (6667, 8265)))
    return JobSpec(
        kind="engine",
        title=draw(TEXT),
        tasks=tuple(tasks),
        ray=Ray(),
        service=Service(task="head", port=port, served_model_name=draw(TEXT)),
        forwards=draw(st.sampled_from([(), (Forward(name="api", task="head", port=port),)])),
        engine=draw(st.none() | st.builds(EngineSettings, model=TEXT, version=st.just("0.8.5"))),
        lease_seconds=draw(st.none() | st.integers(60, 10**6)),
        provenance=Provenance(
            template=draw(WORD),
            version=draw(TEXT),
            values=draw(st.dictionaries(WORD, TEXT | st.integers() | st.booleans(), max_size=3)),
        ),
    )


@settings(max_examples=150, deadline=None)
@given(spec=specs(), options=OPTION, carrier=st.sampled_from(["volcano", "kuberay", "kubernetes"]))
def test_what_was_written_is_read_back(spec, options, carrier):
    documents = k8s.manifests(spec, "r1", carrier=carrier, namespace="team", options=options)
    documents = list(yaml.load_all(k8s.to_yaml(documents), yaml.CSafeLoader))
    random.Random(0).shuffle(documents)
    record = k8s.read(documents)
    assert record.spec == spec
    assert (record.name, record.namespace, record.carrier) == ("r1", "team", carrier)
    assert (record.owner, record.attempt) == (options.owner, options.attempt)
    assert record.lease_until == options.lease_until
    assert (record.created, record.uid) == (None, None)


def live(documents):
    """The workload as the API server gives it back."""
    found = copy.deepcopy(documents[-1])
    found["metadata"] |= {
        "uid": "8f1c",
        "resourceVersion": "12",
        "creationTimestamp": "2026-11-24T00:00:00Z",
        "managedFields": [],
    }
    return found | {"status": {"state": {"phase": "Running"}}}


def test_a_live_object_tells_when_it_was_made(distributed):
    record = k8s.read(live(k8s.manifests(distributed, "r1", carrier="volcano", namespace="team")))
    assert (record.uid, record.created) == ("8f1c", 1795478400.0)
    assert record.spec == distributed


def test_same_values_same_hash_other_values_another(distributed):
    def hash_of(spec):
        return k8s.read(k8s.manifests(spec, "r1", carrier="volcano")).values_hash

    other = distributed.provenance.model_copy(update={"values": {"max_num_seqs": 16}})
    assert hash_of(distributed) == hash_of(distributed.model_copy(update={"title": "x"}))
    assert hash_of(distributed) != hash_of(distributed.model_copy(update={"provenance": other}))


def test_objects_of_others_are_no_job(distributed):
    documents = k8s.manifests(distributed, "r1", carrier="volcano")
    with pytest.raises(JobNotFound):
        k8s.read(documents[:-1])
    with pytest.raises(JobNotFound):
        k8s.read({"kind": "List", "items": []})
    assert k8s.read({"kind": "List", "items": documents}).name == "r1"


@pytest.mark.parametrize("text", ["{", "[]", '{"schema":1}', '{"schema":1,"kind":"x","tasks":[]}'])
def test_an_edited_description_is_said_to_be(distributed, text):
    documents = k8s.manifests(distributed, "r1", carrier="volcano")
    documents[-1]["metadata"]["annotations"]["jupyter-crater/spec"] = text
    with pytest.raises(InputError, match="no job description any more"):
        k8s.read(documents)


def test_a_newer_description_is_told_apart(distributed):
    documents = k8s.manifests(distributed, "r1", carrier="volcano")
    documents[-1]["metadata"]["annotations"]["jupyter-crater/spec"] = '{"schema":99}'
    with pytest.raises(NewerSchema):
        k8s.read(documents)


def test_a_description_too_large_for_annotations_is_refused(distributed):
    spec = distributed.model_copy(update={"title": "x" * 300_000})
    with pytest.raises(InputError, match="annotations"):
        k8s.manifests(spec, "r1", carrier="volcano")
