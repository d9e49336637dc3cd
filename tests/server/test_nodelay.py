"""Small messages don't wait for the acknowledgement of those before; a real server is asked."""

import httpx
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from tests.waiting import until

from .serving import TOKEN, serving

# The server says of each kernel's websocket what its socket is set to once it is open.
SAYING = """
import socket

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class Saying(ZMQChannelsWebsocketConnection):
    def connect(self):
        there = self.websocket_handler.ws_connection.stream.socket
        self.log.warning("nodelay %r", there.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return super().connect()


c.ServerApp.kernel_websocket_connection_class = Saying
"""


@pytest.mark.asyncio
async def test_a_kernels_websocket_sends_at_once(tmp_path):
    known = {"Authorization": f"token {TOKEN}"}
    with serving(tmp_path, SAYING) as (url, _):
        async with httpx.AsyncClient(base_url=f"{url}api/", headers=known) as api:
            kernel = (await api.post("kernels", timeout=60)).json()["id"]
            channels = f"{url}api/kernels/{kernel}/channels?session_id=1".replace("http", "ws", 1)
            socket = await websocket_connect(HTTPRequest(channels, headers=known))
            log = tmp_path / "server.log"
            until(lambda: "nodelay " in log.read_text(), seconds=60, what="an open websocket")
            assert "nodelay 1" in log.read_text()
            socket.close()
            await api.delete(f"kernels/{kernel}", timeout=60)
