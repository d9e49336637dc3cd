"""Secrets out of text: what looks like one, and values that are known to be one."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

MASK = "«redacted»"
_WORD = (
    r"(?:api[ _-]?keys?|(?:access|account|master|signing|encryption|storage)[_-]?key|secret(?:[_-]?key)?|private[_-]?key"
    r"|auth[_-]?token|token|passw(?:or)?d|passphrase|pwd|credentials?|authorization|cookie|signature|hf[_-]?key"
    r"|dockerconfigjson|dockercfg|tls\.key|ssh-privatekey|(?-i:_(?:KEY|PASS|AUTH|PAT)|(?<![A-Z])(?:AUTH|PASS)))"
)
_NAME = rf"[\w.-]*{_WORD}"
SECRET_NAME = re.compile(rf"{_WORD}\w*$|(?:^|_)(?:key|auth|pass|pat)s?$|sas", re.IGNORECASE)
# Words that stand where a value could, and say nothing.
_HARMLESS = (
    r"(?:none|null|nil|true|false|undefined|missing|is|was|not|and|or|the|in|of|for|required|invalid"
    r"|expired|unexpected|rejected|denied|failed|auth|based|authentication|\*+|«redacted»|<[^<>\s]{0,24}>|\$\{?\w+\}?)(?![\w.+/=-])"
)
_SHAPES = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
    r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?",  # JSON web tokens
    r"\b(?:hf|api_org)_(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{8,}",  # hf_transfer and hf_overrides are words
    r"\b(?:sk|pk|rk)-[\w-]{8,}",
    r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Za-z0-9]{12,}",
    r"\b(?:gh[pousr]_|github_pat_|gl(?:pat|rt|dt|cbt|ptt|ft|imt|agent|soat|ffct)-|npm_|pypi-|dckr_pat_|xox[abceoprs][-.]|nvapi-|gsk_|r8_|dop_v1_|shpat_)[\w.-]{8,}",
    # Words begin like these, so their rest has to look like none.
    r"\b(?:[spr]k_(?:live|test)_|xapp-|xai-|tvly-|pplx-|glsa_|hvs\.|jina_|fw_|lsv2_(?:pt|sk)_|tskey-|ATATT|wandb_v1_|SG\.)(?=[\w.-]{0,40}\d)[\w.-]{16,}",
    r"\bdapi[0-9a-f]{32}(?:-\d+)?",
    r"\bAIza[\w-]{20,}|\bya29\.[\w-]{10,}|\bLTAI[A-Za-z0-9]{10,}|\bAKID[A-Za-z0-9]{10,}",
    r"https://(?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks)/\S+",
)
# A line that is the rest of a word: what a terminal's width cut off.
_REST = r"(?:\n(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{8,}(?=[\"']?(?:\s|\Z)))?"
_SHAPE = re.compile(rf"(?:{'|'.join(_SHAPES)}){_REST}")
_SCHEME = re.compile(
    r"(?i)\b(bearer|basic)(\s+|%20)(?!(?:auth\w*|token|http|realm)\b)([\w.~+/=-]{6,})"
)
_URL = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@]*):([^\s/]+)@")
_USER_URL = re.compile(r"(?i)(\bhttps?://)([\w-]{20,})@")
_QUERY = re.compile(
    r"(?i)([?&][\w.-]*(?:token|sig|signature|key|secret|credential|password|code)=)[^&\s\"'<>]+"
)
_HEADER = re.compile(
    r"(?im)\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token)(\s*[:=]\s*)(?![\[\"'])[^\r\n]+"
)
_ASSIGNED = re.compile(
    rf"(?i)(?<![\w.-])({_NAME})(\\*[\"']?\]?\s*(?:=>|[:=]|%3[AaDd]|&#61;)\s*)(?![\[(]?[\"']?{_HARMLESS})"
    r"(\[[^\]\r\n]*\]|\([^)\r\n]*\)|\\*\"(?:[^\"\\\r\n]|\\+[^\"\\])*\\*\"|\\*'(?:[^'\\\r\n]|\\+[^'\\])*\\*'"
    r"|\"[^\"\r\n]{1,99}\n[^\"\s:]{1,99}\"|'[^'\r\n]{1,99}\n[^'\s:]{1,99}'|\\*[\"'][^\s\"']+"
    rf"|[^\s\"'\]\)}}]+{_REST})"
)
# argparse takes several values: a second word counts where it looks like no prose.
_FLAG = re.compile(
    r"(?i)((?<![\w-])--(?:[\w-]*-)?(?:key|token|secret|password|passwd)[\"']?,?(?:=|\s*\\\s*\n\s*|\s+))"
    rf"(?!-|{_HARMLESS})(\S+(?:\s+(?=\S*\d)(?!-)\S{{8,}})*)"
)
_NAMED = re.compile(
    rf"(?i)(name[\"']?:\s*[\"']?{_NAME}[\"']?[,\s]*(?:\\n\s*)?[\"']?value[\"']?:\s*)(\S+)"
)
_NAMED_AFTER = re.compile(
    rf"(?i)(value[\"']?:\s*[\"']?)([^\s\"',]+)(?=[\"']?,?\s*[\"']?name[\"']?:\s*[\"']?{_NAME})"
)
# What follows a name without a sign between: a word that is no word, or one in quotes.
_TOLD = re.compile(
    r"(?i)((?<![\w.-])[\w.-]*(?:token|api[ _-]?key|passw(?:or)?d|passphrase|secret|\bkey)(?: (?:is|was|provided|given))?:?\s+)"
    r"(\"[^\"\s]{8,}\"|'[^'\s]{8,}'|(?!(?-i:[a-z_-]*(?:based|auth)[a-z_-]*)(?![\w+=-]))(?=[\w+=-]*[\d_-])(?=[\w+=-]*[A-Za-z])[\w+=-]{12,}(?![\w/(]))"
)
_BLOCK = re.compile(
    rf"(?i)(?<![\w.-])({_NAME}[\"']?:\s*[|>][+-]?[ \t]*\n)((?:[ \t]+\S[^\n]*(?:\n|\Z))+)"
)
_SECRET_DATA = re.compile(
    r"(?<![\w.-])([\"']?(?:stringData|data)[\"']?:\s*\{?[ \t]*\n?)((?:[ \t]*[\"']?[\w.-]+[\"']?:[ \t]*\S+,?[ \t]*\n?)+)"
)
_ENTRY = re.compile(r"(?<![\w.-])([\"']?[\w.-]+[\"']?:[ \t]*)([^\s,}]+)")
_BASE64 = re.compile(
    r"[\"']?(?:[A-Za-z0-9+/]{4}){2,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?[\"']?"
)
_AUTH = re.compile(r"([\"']auth[\"']\s*:\s*[\"'])([^\"']+)")
_ELEMENT = re.compile(r"(?i)(<(?:token|password|secret|api_?key|key)>)([^<]+)")
_TOOL = re.compile(
    r"((?:\bcurl\b[^\n]{0,500}?\s(?:-u|--user|--proxy-user)|\b(?:sshpass|(?:docker|podman|registry) login)\b[^\n]{0,500}?\s-p)[ =]?"
    r"|\b(?:mysql\w*|mariadb)\b[^\n]{0,500}?\s-p)(\S+)"
)
_NETRC = re.compile(r"(\bmachine\s+\S+\s+login\s+\S+\s+password\s+)(\S+)")
# Weights & Biases' keys look like a commit's hash: where it is named, and a key or a login or nothing
# else stands between, it is one.
_WANDB = re.compile(
    r"(?i)(\bwandb(?::\s+(?:\(\d\)\s+)?|[^\n]{0,80}?(?:\blogin\b|api key\b)[^\n]{0,80}?(?<![\w/-])))(?:local-)?[0-9a-f]{40}(?![\w/])"
)
_MIXED = re.compile(r"(?<![\w/.+-])(?=[\w+-]*\d)(?=[\w+-]*[A-Za-z])[\w+-]{24,}={0,2}(?![\w/.])")


def redact(text: str, values: Iterable[str] = ()) -> str:
    """``text`` with secrets masked.

    Args:
        values: known secrets; masked wherever they stand, URL-quoted and base64 forms too.

    It has as many lines as before, so that one of them can be told.
    """
    for value in sorted({v for v in values if len(v) >= 4}, key=len, reverse=True):
        raw = value.encode()
        for form in (
            value,
            quote(value, safe=""),
            base64.b64encode(raw).decode(),
            repr(value)[1:-1],
        ):
            text = text.replace(form, MASK)
        if "\n" in text:
            text = _sub(re.compile("\n?".join(map(re.escape, value))), MASK, text)  # wrapped
    text = _sub(_SHAPE, MASK, text)
    text = _sub(_SCHEME, rf"\1\2{MASK}", text)
    text = _sub(_URL, rf"\1:{MASK}@", text)
    text = _sub(_USER_URL, rf"\1{MASK}@", text)
    text = _sub(_QUERY, rf"\1{MASK}", text)
    text = _sub(_HEADER, rf"\1\2{MASK}", text)
    for pattern in (_NAMED, _NAMED_AFTER, _AUTH, _ELEMENT, _TOOL, _FLAG, _NETRC, _WANDB):
        text = _sub(pattern, rf"\1{MASK}", text)
    text = _sub(_BLOCK, rf"\1  {MASK}\n", text)
    text = _sub(_SECRET_DATA, _secret_data, text)
    text = _sub(_ASSIGNED, _assigned, text)
    return _sub(_TOLD, rf"\1{MASK}", text)


def _sub(pattern: re.Pattern[str], mask: str | Callable[[re.Match[str]], str], text: str) -> str:
    def put(found: re.Match[str]) -> str:
        made = mask(found) if callable(mask) else found.expand(mask)
        return made + "\n" * (found[0].count("\n") - made.count("\n"))

    return pattern.sub(put, text)


def _assigned(found: re.Match[str]) -> str:
    name, between, value = found.groups()
    closing = value[-1] if value[-1:] in ('"', "'") else ""
    return f"{name}{between}{closing}{MASK}{closing}"


def _secret_data(found: re.Match[str]) -> str:
    """A Secret's values; of ``data`` those in base64, for a ConfigMap has that word too."""
    head, body = found.groups()
    string = "stringData" in head
    return head + _ENTRY.sub(
        lambda e: e[1] + MASK if string or _BASE64.fullmatch(e[2]) else e[0], body
    )


def is_secret(name: str, value: str) -> bool:
    """Whether a variable's name or value looks like a secret."""
    if not value:
        return False
    named = SECRET_NAME.search(name) and not re.fullmatch(r"(?i)true|false|none|\d{1,5}", value)
    return bool(named) or redact(value) != value or bool(_MIXED.search(value))


def redact_env(env: Mapping[str, str]) -> dict[str, str]:
    """Variables with every value masked that looks like a secret."""
    return {k: MASK if is_secret(k, v) else v for k, v in env.items()}
