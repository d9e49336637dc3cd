"""What the views' calls keep, and when they let it go."""

from __future__ import annotations

import asyncio

import pytest

from jupyter_crater import calls

from .waiting import until

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("by", ["this page", "another process"])
async def test_a_deleted_job_leaves_no_open_client(launch, by):
    job = await asyncio.to_thread(launch, name="goes")
    other = await asyncio.to_thread(launch, name="stays")
    goes, stays = [await calls.engine_of(name) for name in ("goes", "stays")]
    assert await calls.engine_of("goes", "local") is goes, "kept, by whatever words it is asked for"
    if by == "this page":
        await calls.call("job.delete", {"name": "goes"})
    else:
        await asyncio.to_thread(job.delete)
        await calls.call("jobs.list", {"backend": "local"})
    await asyncio.to_thread(until, goes.client.is_closed, what="its client is closed")
    assert [each.name for each in calls.kept()] == ["stays"]
    assert not stays.client.is_closed()
    await calls.call("job.delete", {"name": other.name})
    await asyncio.to_thread(until, stays.client.is_closed, what="its client is closed")
