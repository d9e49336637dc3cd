from __future__ import annotations

import pytest

from jupyter_crater.backends import kubernetes as k8s
from jupyter_crater.spec import Resources

SHAPE = {"rule", "severity", "message", "because", "fixes"}


def rules(spec, carrier=None, **options):
    found = k8s.findings(spec, k8s.Options(**options), carrier=carrier)
    for finding in found:
        assert set(finding) == SHAPE
        assert finding["severity"] in {"error", "warning", "info"}
        assert all(set(fix) == {"label", "set"} for fix in finding["fixes"])
    return {finding["rule"]: finding for finding in found}


def with_version(spec, version, image=None):
    engine = spec.engine.model_copy(update={"version": version})
    tasks = tuple(t.model_copy(update={"image": image}) for t in spec.tasks)
    return spec.model_copy(update={"engine": engine, "tasks": tasks})


def resources(spec, **values):
    tasks = tuple(t.model_copy(update={"resources": Resources(**values)}) for t in spec.tasks)
    return spec.model_copy(update={"tasks": tasks})


def test_image_without_ray(distributed):
    found = rules(with_version(distributed, "0.19.1"))["image-without-ray"]
    assert found["severity"] == "error" and "vllm-openai:v0.19.1" in found["message"]
    (version,) = [
        f["set"]["engine_version"] for f in found["fixes"] if "engine_version" in f["set"]
    ]
    assert "image-without-ray" not in rules(with_version(distributed, version))
    assert "image-without-ray" not in rules(distributed)
    assert "image-without-ray" not in rules(with_version(distributed, "0.19.1"), ray_version="2.54")
    own = with_version(distributed, "0.19.1", image="registry.example.org/vllm-ray:1")
    assert set(rules(own)) == {"image-unknown", "ray-unauthenticated"}
    single = distributed.model_copy(update={"ray": None})
    assert "image-without-ray" not in rules(with_version(single, "0.19.1"))


@pytest.mark.parametrize(("ray", "warns"), [("2.51.0", True), ("2.52.0", False), (None, True)])
def test_ray_unauthenticated(distributed, ray, warns):
    assert ("ray-unauthenticated" in rules(distributed, ray_version=ray)) is warns


def test_restricted_pod_security(distributed):
    assert "pod-security-restricted" in rules(distributed, pod_security="restricted")
    assert "pod-security-restricted" not in rules(distributed, pod_security="baseline")
    assert "pod-security-restricted" not in rules(
        distributed, pod_security="restricted", run_as_user=1000
    )


def test_rdma_without_ipc_lock(distributed):
    spec = resources(distributed, gpus=4, rdma={"rdma/hca": 1})
    assert "rdma-without-ipc-lock" in rules(spec, pod_security="baseline")
    assert "rdma-without-ipc-lock" not in rules(spec)
    assert "rdma-without-ipc-lock" not in rules(distributed, pod_security="baseline")


def test_head_without_gpu(distributed):
    spec = resources(distributed)
    assert "head-without-gpu" in rules(spec)
    assert "head-without-gpu" not in rules(with_version(spec, "0.26.0"), ray_version="2.54.0")
    assert "head-without-gpu" not in rules(distributed)


def test_no_gang(distributed):
    assert "no-gang" in rules(distributed, "kubernetes") and "no-gang" in rules(
        distributed, "kuberay"
    )
    assert "no-gang" not in rules(distributed, "volcano")


def test_ingress_without_tls(distributed):
    assert "ingress-without-tls" in rules(distributed, ingress=k8s.Ingress(host="a"))
    assert "ingress-without-tls" not in rules(
        distributed, ingress=k8s.Ingress(host="a", tls_secret="t")
    )
