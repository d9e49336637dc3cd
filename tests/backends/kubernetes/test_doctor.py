"""What doctor says of a cluster: rights that are missing, and a way that is closed."""

from __future__ import annotations

import socket

from jupyter_crater.backends.kubernetes import doctor

from ...waiting import until
from .playing import api, backend, play

__all__ = ["api", "backend", "play"]


def test_all_is_well(api, backend):
    found, missing = doctor.look()
    assert missing == []
    assert "namespace team, volcano, kuberay, kubernetes; no running job" in found


def test_rights_that_are_missing_say_what_that_means(api):
    api.denied = {("create", "pods/portforward"), ("get", "secrets"), ("create", "jobs")}
    _, missing = doctor.look()
    text = "\n".join(missing)
    assert "no right to create pods/portforward: needed from Kubernetes 1.35 on" in text
    assert "no right to get secrets: keys are kept in your state folder" in text
    assert "no right to create jobs.batch.volcano.sh" in text


def test_a_running_job_is_tried(api, backend, play, distributed):
    backend.submit(distributed, "r1", asked=distributed, changes=[])
    play.serve()
    until(lambda: backend.status("r1").phase == "serving", what="serving")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api.targets["r1-head-0"] = listener.getsockname()
        found, missing = doctor.look()
    assert found.endswith("r1 can be reached")
    assert missing == []
    api.upgrade = lambda handler: handler.send_error(502, "no websockets here")
    _, missing = doctor.look()
    assert "a proxy that closes websockets" in missing[0]
