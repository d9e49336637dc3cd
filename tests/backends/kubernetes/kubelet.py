"""What the kubelet does with a container's command before the process sees it."""

from __future__ import annotations

from collections.abc import Mapping


def expand(text: str, variables: Mapping[str, str]) -> str:
    """``$(NAME)`` replaced, ``$$`` as ``$`` (k8s.io/kubernetes third_party/…/expansion/expand.go)."""
    found, at = [], 0
    while at < len(text):
        if text[at] != "$" or at + 1 == len(text):
            found.append(text[at])
            at += 1
        elif text[at + 1] == "$":
            found.append("$")
            at += 2
        elif text[at + 1] == "(" and ")" in text[at + 2 :]:
            end = text.index(")", at + 2)
            name = text[at + 2 : end]
            found.append(variables.get(name, text[at : end + 1]))
            at = end + 1
        else:
            found.append("$")
            at += 1
    return "".join(found)
